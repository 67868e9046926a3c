//! What an operator may set about KMS: quotas, and whether a key in use may be deleted.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_base::Region;
use coffer_cloud::settings::{DeletionInUse, Quotas};
use coffer_cloud::{Product, Settings};
use support::{REGION, World, root, text};

type Refusal = (u16, &'static str, &'static str);

const LIMIT: Refusal =
    (400, "Rejected.LimitExceeded", "The request was rejected because user create resource limit was exceeded.");
const CONFLICT: Refusal = (409, "Rejected.StateModifiedFailed", "Keystate modified failed.");

fn settings() -> Settings {
    Settings::new(Region::parse(REGION).unwrap())
}

#[track_caller]
fn refuses(world: &World, action: &str, parameters: &[(&str, &str)], expected: Refusal) {
    world.refuses(&root(), Product::Kms, action, parameters, expected);
}

#[test]
fn an_account_has_no_more_keys_aliases_and_secrets_than_it_may() {
    let quotas = Quotas { keys: Some(2), aliases: Some(1), secrets: Some(1), ..Quotas::default() };
    let world = World::with(Settings { quotas, ..settings() });
    // The service's key and its alias do not count.
    world.ecs("EnableDiskEncryptionByDefault", &[("RegionId", REGION)]);
    let (first, second) = (world.customer_key(), world.customer_key());
    refuses(&world, "CreateKey", &[], LIMIT);
    world.kms("CreateAlias", &[("KeyId", &first), ("AliasName", "alias/one")]);
    refuses(&world, "CreateAlias", &[("KeyId", &second), ("AliasName", "alias/two")], LIMIT);
    let secret = [("VersionId", "v1"), ("SecretData", "x")];
    world.kms("CreateSecret", &[&secret[..], &[("SecretName", "one")]].concat());
    refuses(&world, "CreateSecret", &[&secret[..], &[("SecretName", "two")]].concat(), LIMIT);
    let elsewhere = world.kms("CreateKey", &[("RegionId", "cn-beijing")]);
    assert!(text(&elsewhere["KeyMetadata"], "Arn").contains(":cn-beijing:"), "in each region");
}

#[test]
fn a_key_in_use_is_kept_where_the_operator_says_so() {
    let world = World::with(Settings { deletion_in_use: DeletionInUse::Refuse, ..settings() });
    let week = ("PendingWindowInDays", "7");
    world.disk_encryption_role();
    let (of_disk, of_secret, unused) = (world.customer_key(), world.customer_key(), world.customer_key());
    let disk = [("RegionId", REGION), ("ZoneId", "cn-hangzhou-b"), ("Size", "20"), ("Encrypted", "true")];
    let disk_id = text(&world.ecs("CreateDisk", &[&disk[..], &[("KMSKeyId", &*of_disk)]].concat()), "DiskId");
    let secret = [("SecretName", "s"), ("VersionId", "v1"), ("SecretData", "x"), ("EncryptionKeyId", &*of_secret)];
    world.kms("CreateSecret", &secret);
    for key_id in [&of_disk, &of_secret] {
        refuses(&world, "ScheduleKeyDeletion", &[("KeyId", key_id), week], CONFLICT);
    }
    world.kms("ScheduleKeyDeletion", &[("KeyId", &unused), week]);
    world.ecs("DeleteDisk", &[("DiskId", &disk_id)]);
    world.kms("ScheduleKeyDeletion", &[("KeyId", &of_disk), week]);
}
