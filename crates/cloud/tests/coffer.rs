//! The product Coffer: what the vendor's interface has no words for.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use coffer_store::disks::Disk;
use serde_json::{Value, json};
use support::World;

const NEW_DISABLED: (u16, &str, &str) =
    (403, "InvalidParameter.KMSKeyId.CMKNotEnabled", "The CMK (Customer Master Key) must be in an active state.");
const OLD_DISABLED: (u16, &str, &str) =
    (403, "InvalidParameter.KMSKeyId.CMKNotEnabled", "The CMK needs to be enabled.");

fn coffer(world: &World, action: &str, parameters: &[(&str, &str)]) -> Value {
    world.root(Product::Coffer, action, parameters)
}

fn encryption(world: &World, disk_id: &str) -> Value {
    coffer(world, "DescribeDiskEncryption", &[("DiskId", disk_id)])
}

#[test]
fn an_export_is_shown_while_the_disk_is_served() {
    let world = World::new();
    let (instance_id, disk_id) = (world.instance("Running"), world.disk(&[]));
    let shown = || coffer(&world, "DescribeDiskExport", &[("DiskId", &disk_id)]);
    assert_eq!((&shown()["Status"], shown().get("Uri")), (&json!("Closed"), None));
    world.ecs("AttachDisk", &[("DiskId", &disk_id), ("InstanceId", &instance_id)]);
    let open = shown();
    assert_eq!((&open["Status"], &open["Serial"]), (&json!("Open"), &json!(disk_id[2..])));
    // In memory there are no sockets.
    assert_eq!((open.get("Uri"), open.get("Socket")), (None, None));
    assert_eq!(open["HydrationProgress"], 100);
}

#[test]
fn a_plain_disk_has_no_algorithm_and_can_not_be_wrapped_again() {
    let world = World::new();
    let disk_id = world.disk(&[]);
    let shown = encryption(&world, &disk_id);
    assert_eq!((&shown["Encrypted"], shown.get("Algorithm")), (&json!(false), None));
    let (status, body) = world.call(&support::root(), Product::Coffer, "RewrapDiskDataKey", &[("DiskId", &disk_id)]);
    assert_eq!((status, &body["Code"]), (400, &json!("InvalidOperation.DiskNotEncrypted")));
}

#[test]
fn a_data_key_that_is_wrapped_again_is_the_same_under_another_key() {
    let world = World::new();
    world.disk_encryption_role();
    let (first, second) = (world.customer_key(), world.customer_key());
    let disk_id = world.disk(&[("Encrypted", "true"), ("KMSKeyId", &first)]);
    let instance_id = world.instance("Running");
    let before = encryption(&world, &disk_id);
    assert_eq!((&before["Algorithm"], before.get("LastRewrapTime")), (&json!("AES-256-XTS"), None));
    world.ecs("AttachDisk", &[("DiskId", &disk_id), ("InstanceId", &instance_id)]);
    world.ecs("DetachDisk", &[("DiskId", &disk_id), ("InstanceId", &instance_id)]);
    world.advance(60_000);
    let now = world.clock.now().to_iso8601();
    let answer = coffer(&world, "RewrapDiskDataKey", &[("DiskId", &disk_id), ("KMSKeyId", &second)]);
    let after = encryption(&world, &disk_id);
    assert_eq!((&after["KMSKeyId"], &after["LastRewrapTime"]), (&json!(second), &json!(now)));
    assert_eq!((&after["KeyVersionId"], after.get("LastReencryptionTime")), (&answer["KeyVersionId"], None));
    assert_ne!(after["KeyVersionId"], before["KeyVersionId"]);
    // The volume opens with that data key alone.
    world.root(Product::Kms, "DisableKey", &[("KeyId", &first)]);
    world.ecs("AttachDisk", &[("DiskId", &disk_id), ("InstanceId", &instance_id)]);
    assert!(world.host.device(&coffer_store::volumes::id_of(&world.row::<Disk>(&disk_id))).is_some());
}

#[test]
fn wrapping_again_needs_both_keys_and_a_no_changes_nothing() {
    let world = World::new();
    world.disk_encryption_role();
    let (first, second) = (world.customer_key(), world.customer_key());
    let disk_id = world.disk(&[("Encrypted", "true"), ("KMSKeyId", &first)]);
    world.root(Product::Kms, "DisableKey", &[("KeyId", &second)]);
    let asked = [("DiskId", &*disk_id), ("KMSKeyId", &*second)];
    let key = support::root();
    let refused = |expected| world.refuses(&key, Product::Coffer, "RewrapDiskDataKey", &asked, expected);
    refused(NEW_DISABLED);
    world.root(Product::Kms, "EnableKey", &[("KeyId", &second)]);
    world.root(Product::Kms, "DisableKey", &[("KeyId", &first)]);
    refused(OLD_DISABLED);
}

#[test]
fn policies_allow_the_actions_one_by_one() {
    let world = World::new();
    let disk_id = world.disk(&[("Encrypted", "true")]);
    let policy =
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"coffer:DescribeDiskExport","Resource":"*"}]}"#;
    let user = world.user("reader", Some(policy));
    world.succeed(&user, Product::Coffer, "DescribeDiskExport", &[("DiskId", &disk_id)]);
    let (status, body) = world.call(&user, Product::Coffer, "DescribeDiskEncryption", &[("DiskId", &disk_id)]);
    assert_eq!((status, &body["Code"]), (403, &json!("Forbidden.RAM")));
}
