//! What KMS refuses because of a key's or an alias's state, and that nothing changes then.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::bootstrap::{self, KmsService};
use coffer_cloud::{Product, operations};
use support::{Pairs, REGION, World, root, text};

type Refusal = (u16, &'static str, &'static str);

const NO_ALIAS: Refusal = (404, "Forbidden.AliasNotFound", "The specified Alias is not found.");
const NO_KEY: Refusal = (404, "Forbidden.KeyNotFound", "The specified Key is not found.");
const CONFLICT: Refusal = (409, "Rejected.StateModifiedFailed", "Keystate modified failed.");
const CLOSED: Refusal = (
    403,
    "Forbidden.KmsServiceNotEnabled",
    "Kms service is not Enabled for current user. Please get access permission first.",
);
const ON: (&str, &str) = ("EnableDeletionProtection", "true");
const WEEK: (&str, &str) = ("PendingWindowInDays", "7");

fn kms(world: &World, action: &str, parameters: &[(&str, &str)]) -> serde_json::Value {
    world.root(Product::Kms, action, parameters)
}

#[track_caller]
fn refuses(world: &World, action: &str, parameters: &[(&str, &str)], expected: Refusal) {
    world.refuses(&root(), Product::Kms, action, parameters, expected);
}

/// Encrypting, making a data key and decrypting with a key are refused.
#[track_caller]
fn no_use(world: &World, key_id: &str, ciphertext: &str, expected: Refusal) {
    refuses(world, "Encrypt", &[("KeyId", key_id), ("Plaintext", "text")], expected);
    refuses(world, "GenerateDataKey", &[("KeyId", key_id)], expected);
    refuses(world, "Decrypt", &[("CiphertextBlob", ciphertext)], expected);
}

/// A new key and something encrypted with it.
fn used_key(world: &World) -> (String, String) {
    let key_id = world.customer_key();
    let made = kms(world, "Encrypt", &[("KeyId", &key_id), ("Plaintext", "text")]);
    (key_id, text(&made, "CiphertextBlob"))
}

/// Where nothing of what the sample names is there, and where an alias or what can't be a key stands in its place, the answer is the same.
#[track_caller]
fn closed_whatever_is_named(service: KmsService, action: &str, sample: &Pairs) {
    let world = World::new();
    bootstrap::set_kms_service(&world.db, &world.account, service).unwrap();
    for instead in [None, Some("alias/none"), Some("acs:kms:nowhere:1:key/x"), Some("AAAA")] {
        // Some take base64 alone for a ciphertext.
        let blob = instead == Some("AAAA");
        let names = |name: &str| name.ends_with("KeyId") || name == "SecretName" || blob && name == "CiphertextBlob";
        let value = |name: &str, value: &String| instead.filter(|_| names(name)).unwrap_or(value).to_owned();
        let changed: Pairs = sample.iter().map(|(name, sent)| (name.clone(), value(name, sent))).collect();
        let request = world.request(&root(), Product::Kms, action, &changed);
        // A new secret can't have every name.
        if action == "CreateSecret" && instead.is_some_and(|name| name.contains(':')) {
            continue;
        }
        world.refuses_request(request, CLOSED);
    }
}

#[test]
fn a_kms_that_is_not_open_does_nothing_but_open() {
    for service in [KmsService::Unopened, KmsService::Suspended] {
        for entry in operations(Product::Kms) {
            let (world, action) = (World::new(), entry.operation.name);
            let sample = world.sample(Product::Kms, action);
            bootstrap::set_kms_service(&world.db, &world.account, service).unwrap();
            let request = world.request(&root(), Product::Kms, action, &sample);
            if matches!(action, "OpenKmsService" | "DescribeAccountKmsStatus" | "DescribeRegions") {
                assert_eq!(world.send(request).0, 200, "{action}");
            } else {
                world.refuses_request(request, CLOSED);
                closed_whatever_is_named(service, action, &sample);
            }
        }
    }
    let world = World::new();
    refuses(&world, "OpenKmsService", &[], (400, "Forbidden.Opened", "Your kms service has been opened."));
}

#[test]
fn an_arn_of_another_region_or_of_none_that_there_is_names_no_key() {
    let world = World::new();
    let key_id = world.customer_key();
    let arn = |region: &str| format!("acs:kms:{region}:{}:key/{key_id}", world.account);
    kms(&world, "Encrypt", &[("KeyId", &arn(REGION)), ("Plaintext", "text")]);
    for region in ["cn-beijing", "nowhere", "*", ""] {
        let key = ("KeyId", &*arn(region));
        for sent in [&[][..], &[("RegionId", REGION)], &[("RegionId", "cn-beijing")]] {
            refuses(&world, "Encrypt", &[&[key, ("Plaintext", "text")], sent].concat(), NO_KEY);
            refuses(&world, "DisableKey", &[&[key], sent].concat(), NO_KEY);
            refuses(&world, "SetDeletionProtection", &[&[("ProtectedResourceArn", key.1), ON], sent].concat(), NO_KEY);
        }
        let secret = [("SecretName", "s"), ("VersionId", "v1"), ("SecretData", "x"), ("EncryptionKeyId", key.1)];
        refuses(&world, "CreateSecret", &secret, NO_KEY);
    }
}

#[test]
fn a_disabled_key_is_of_no_use_until_it_is_enabled() {
    let world = World::new();
    let (key_id, ciphertext) = used_key(&world);
    kms(&world, "DisableKey", &[("KeyId", &key_id)]);
    let message = "The request was rejected because the key state is Disabled.";
    no_use(&world, &key_id, &ciphertext, (409, "Rejected.Disabled", message));
    kms(&world, "EnableKey", &[("KeyId", &key_id)]);
    assert_eq!(kms(&world, "Decrypt", &[("CiphertextBlob", &ciphertext)])["Plaintext"], "text");
}

#[test]
fn a_key_that_waits_for_its_deletion_is_of_no_use_and_a_deleted_one_is_gone_with_its_alias() {
    let world = World::new();
    let (key_id, ciphertext) = used_key(&world);
    let (key, alias) = (("KeyId", &*key_id), ("AliasName", "alias/mine"));
    kms(&world, "CreateAlias", &[key, alias]);
    refuses(&world, "CancelKeyDeletion", &[key], CONFLICT);
    kms(&world, "ScheduleKeyDeletion", &[key, WEEK]);
    let message = "The request was rejected because the key state is PendingDeletion.";
    no_use(&world, &key_id, &ciphertext, (409, "Rejected.PendingDeletion", message));
    for (action, parameters) in [
        ("ScheduleKeyDeletion", &[key, WEEK][..]),
        ("EnableKey", &[key]),
        ("DisableKey", &[key]),
        ("CreateAlias", &[key, ("AliasName", "alias/another")]),
    ] {
        refuses(&world, action, parameters, CONFLICT);
    }
    world.advance(7 * 24 * 3_600_000);
    no_use(&world, &key_id, &ciphertext, NO_KEY);
    refuses(&world, "DescribeKey", &[("KeyId", "alias/mine")], NO_ALIAS);
    refuses(&world, "CancelKeyDeletion", &[key], NO_KEY);
}

#[test]
fn an_alias_stands_for_one_key_and_not_where_an_id_is_wanted() {
    let world = World::new();
    let (first, second) = (world.customer_key(), world.customer_key());
    let alias = ("KeyId", "alias/mine");
    refuses(&world, "DescribeKey", &[alias], NO_ALIAS);
    refuses(&world, "Encrypt", &[alias, ("Plaintext", "text")], NO_ALIAS);
    kms(&world, "CreateAlias", &[("KeyId", &first), ("AliasName", "alias/mine")]);
    let taken = (400, "AliasAlreadyExists", "AliasName Already Exists.");
    for key_id in [&first, &second] {
        refuses(&world, "CreateAlias", &[("KeyId", key_id), ("AliasName", "alias/mine")], taken);
    }
    assert_eq!(kms(&world, "DescribeKey", &[alias])["KeyMetadata"]["KeyId"], *first);
    let not_allowed = (400, "Unsupported.Alias", "Alias is not valid for this api.");
    for action in ["EnableKey", "DisableKey", "CancelKeyDeletion"] {
        refuses(&world, action, &[alias], not_allowed);
    }
    refuses(&world, "ScheduleKeyDeletion", &[alias, WEEK], not_allowed);
    refuses(&world, "CreateAlias", &[alias, ("AliasName", "alias/another")], not_allowed);
}

#[test]
fn a_service_key_is_looked_at_and_not_touched() {
    let world = World::new();
    world.ecs("EnableDiskEncryptionByDefault", &[("RegionId", REGION)]);
    let key_id = world.service_key_in(REGION);
    let key = ("KeyId", &*key_id);
    let unsupported = (400, "Rejected.UnsupportedOperation", "Unsupported operation.");
    for (action, parameters) in [
        ("EnableKey", &[key][..]),
        ("DisableKey", &[key]),
        ("CancelKeyDeletion", &[key]),
        ("ScheduleKeyDeletion", &[key, WEEK]),
        ("CreateAlias", &[key, ("AliasName", "alias/mine")]),
        ("Encrypt", &[key, ("Plaintext", "text")]),
        ("GenerateDataKey", &[key]),
        ("Encrypt", &[("KeyId", "alias/acs/ecs"), ("Plaintext", "text")]),
    ] {
        refuses(&world, action, parameters, unsupported);
    }
    assert_eq!(kms(&world, "DescribeKey", &[key])["KeyMetadata"]["Creator"], *world.account.as_str());
}

#[test]
fn what_a_key_of_a_kind_can_not_be_is_refused() {
    let world = World::new();
    let unsupported = (400, "UnsupportedOperation", "This action is not supported.");
    let week = ("RotationInterval", "7d");
    for parameters in [
        &[("KeySpec", "RSA_2048"), ("Origin", "EXTERNAL")][..],
        &[("KeySpec", "EC_P256"), ("EnableAutomaticRotation", "true"), week],
        &[("Origin", "EXTERNAL"), ("EnableAutomaticRotation", "true"), week],
    ] {
        refuses(&world, "CreateKey", parameters, unsupported);
    }
    let instance = (403, "Forbidden.DKMSInstanceNotFound", "The specified DKMS Instance is not found.");
    refuses(&world, "CreateKey", &[("DKMSInstanceId", "kst-1")], instance);
}

#[test]
fn a_dry_run_says_what_the_request_would_come_to_and_does_nothing() {
    let world = World::new();
    let (key_id, ciphertext) = used_key(&world);
    let (key, dry) = (("KeyId", &*key_id), ("DryRun", "true"));
    let message = "The request would have succeeded, but the DryRun parameter is set.";
    let expected = (400, "DryRunOperationError", message);
    refuses(&world, "Encrypt", &[key, ("Plaintext", "text"), dry], expected);
    refuses(&world, "GenerateDataKey", &[key, dry], expected);
    refuses(&world, "Decrypt", &[("CiphertextBlob", &ciphertext), dry], expected);
    refuses(&world, "Encrypt", &[("KeyId", "no-such-key"), ("Plaintext", "text"), dry], NO_KEY);
}

#[test]
fn a_ciphertext_opens_as_it_was_made_and_with_its_context_alone() {
    let world = World::new();
    let (key_id, ciphertext) = used_key(&world);
    let invalid = (400, "InvalidParameter", "The specified parameter \"CiphertextBlob\" is not valid.");
    for blob in ["x", &ciphertext[..ciphertext.len() - 4]] {
        refuses(&world, "Decrypt", &[("CiphertextBlob", blob)], invalid);
    }
    let context = ("EncryptionContext", r#"{"a":"b"}"#);
    refuses(&world, "Decrypt", &[("CiphertextBlob", &ciphertext), context], invalid);
    let bound = kms(&world, "Encrypt", &[("KeyId", &key_id), ("Plaintext", "text"), context]);
    refuses(&world, "Decrypt", &[("CiphertextBlob", &text(&bound, "CiphertextBlob"))], invalid);
}
