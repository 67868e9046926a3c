//! What an operator may set about KMS: quotas, how often it may be called, and whether a key in use may be deleted.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use std::num::NonZeroU32;

use coffer_base::Region;
use coffer_cloud::settings::{DeletionInUse, Quotas, Throttling};
use coffer_cloud::{Product, Settings};
use support::{ALLOW_ALL, Key, REGION, World, other, root, text};

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
fn keys_have_no_more_versions_than_they_may_together_and_each_asymmetric_one_by_itself() {
    let quotas = Quotas { key_versions: Some(5), asymmetric_key_versions: Some(2), ..Quotas::default() };
    let world = World::with(Settings { quotas, ..settings() });
    // The service's key does not count.
    world.ecs("EnableDiskEncryptionByDefault", &[("RegionId", REGION)]);
    let pair = world.pair("EC_P256", "SIGN/VERIFY").0;
    let rotated = [("EnableAutomaticRotation", "true"), ("RotationInterval", "7d")];
    let key_id = world.key_with(&rotated);
    world.kms("CreateKeyVersion", &[("KeyId", &pair)]);
    refuses(&world, "CreateKeyVersion", &[("KeyId", &pair)], LIMIT);
    for _ in 0..2 {
        world.kms("CreateKeyVersion", &[("KeyId", &key_id)]);
    }
    refuses(&world, "CreateKeyVersion", &[("KeyId", &key_id)], LIMIT);
    refuses(&world, "CreateKey", &[], LIMIT);
    world.advance(7 * 24 * 3_600_000);
    let versions = world.kms("ListKeyVersions", &[("KeyId", &key_id)]);
    assert_eq!(versions["TotalCount"], 4, "it rotates all the same");
    world.kms("CreateKey", &[("RegionId", "cn-beijing")]);
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

const MANY: Refusal = (429, "Rejected.Throttling", "QPS Limit Exceeded");

fn throttled(requests_per_s: Option<u32>, kms: &[(&'static str, u32)]) -> World {
    let kms = kms.iter().map(|(class, requests)| (*class, NonZeroU32::new(*requests).unwrap())).collect();
    let throttling = Throttling { requests_per_s: requests_per_s.and_then(NonZeroU32::new), kms };
    World::with(Settings { throttling, ..settings() })
}

/// The status of each of so many calls at one moment.
fn calls(world: &World, key: &Key, product: Product, action: &str, times: usize) -> Vec<u16> {
    (0..times).map(|_| world.call(key, product, action, &[]).0).collect()
}

#[test]
fn an_account_calls_each_class_of_kms_as_often_as_it_may_and_again_after_a_while() {
    let world = throttled(None, &[("create_key", 2), ("read", 3)]);
    let user = world.user("everything", Some(ALLOW_ALL));
    assert_eq!(calls(&world, &root(), Product::Kms, "CreateKey", 2), [200, 200]);
    refuses(&world, "CreateKey", &[], MANY);
    world.refuses(&user, Product::Kms, "CreateKey", &[], MANY);
    assert_eq!(calls(&world, &other(), Product::Kms, "CreateKey", 3), [200, 200, 429], "each account by itself");
    assert_eq!(calls(&world, &root(), Product::Kms, "ListKeys", 2), [200, 200], "each class by itself");
    assert_eq!(calls(&world, &root(), Product::Kms, "ListAliases", 2), [200, 429], "the operations of one together");
    assert_eq!(calls(&world, &root(), Product::Kms, "GetRandomPassword", 60), [200; 60], "only where it was set");
    world.advance(499);
    refuses(&world, "CreateKey", &[], MANY);
    world.advance(1);
    assert_eq!(calls(&world, &root(), Product::Kms, "CreateKey", 2), [200, 429]);
}

#[test]
fn who_calls_too_often_is_told_in_how_many_milliseconds_the_call_may_succeed() {
    let world = throttled(Some(4), &[("create_key", 2)]);
    let wait = |action, times: usize| {
        let answer = || world.answer(world.request(&root(), Product::Kms, action, &[])).retry_after_ms;
        (0..times).map(|_| answer()).collect::<Vec<_>>()
    };
    assert_eq!(wait("CreateKey", 3), [None, None, Some(500)], "by the class");
    assert_eq!(wait("ListKeys", 2), [None, Some(250)], "by the product");
    world.advance(499);
    assert_eq!(wait("CreateKey", 1), [Some(1)]);
    world.advance(1);
    assert_eq!(wait("CreateKey", 1), [None]);
}

#[test]
fn a_rate_for_all_counts_each_product_and_only_whom_a_signature_proves() {
    let world = throttled(Some(3), &[]);
    let many = (400, "Throttling", "Request was denied due to request throttling.");
    let wrong = (root().0, "another".to_owned());
    assert_eq!(calls(&world, &wrong, Product::Kms, "ListKeys", 5), [400; 5]);
    assert_eq!(calls(&world, &root(), Product::Kms, "ListKeys", 3), [200; 3], "a wrong signature costs nothing");
    refuses(&world, "ListKeys", &[], many);
    assert_eq!(calls(&world, &root(), Product::Ecs, "DescribeRegions", 3), [200; 3]);
    world.refuses(&root(), Product::Ecs, "DescribeRegions", &[], many);
    world.advance(1000);
    assert_eq!(calls(&world, &root(), Product::Kms, "ListKeys", 4), [200, 200, 200, 400]);
}
