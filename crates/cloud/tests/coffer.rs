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

/// Looks at the volumes until a disk is encrypted anew.
fn until_reencrypted(world: &World, disk_id: &str) -> Value {
    for _ in 0..500 {
        world.cloud.watch_volumes().unwrap();
        let shown = encryption(world, disk_id);
        if shown.get("ReencryptionStatus").is_none() {
            return shown;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("after ten seconds: {}", encryption(world, disk_id));
}

fn device(world: &World, disk_id: &str) -> std::sync::Arc<dyn coffer_block::export::Export> {
    world.host.device(&coffer_store::volumes::id_of(&world.row::<Disk>(disk_id))).unwrap()
}

#[test]
fn a_served_disk_is_encrypted_anew_and_needs_its_old_key_no_more() {
    let world = World::new();
    world.disk_encryption_role();
    let (first, second) = (world.customer_key(), world.customer_key());
    let disk_id = world.disk(&[("Encrypted", "true"), ("KMSKeyId", &first)]);
    let instance_id = world.instance("Running");
    let attached = [("DiskId", &*disk_id), ("InstanceId", &*instance_id)];
    world.ecs("AttachDisk", &attached);
    device(&world, &disk_id).write(5 << 20, &mut [7; 8192]).unwrap();
    let answer = coffer(&world, "ReencryptDisk", &[("DiskId", &disk_id), ("KMSKeyId", &second)]);
    assert_eq!(answer["KMSKeyId"], json!(second));
    let before = encryption(&world, &disk_id);
    assert_eq!((&before["KMSKeyId"], &before["ReencryptionKMSKeyId"]), (&json!(first), &json!(second)));
    let refused = (403, "IncorrectDiskStatus.Reencrypting", "The specified disk is being encrypted anew.");
    for action in ["ReencryptDisk", "RewrapDiskDataKey"] {
        world.refuses(&support::root(), Product::Coffer, action, &[("DiskId", &disk_id)], refused);
    }
    let after = until_reencrypted(&world, &disk_id);
    assert_eq!((&after["KMSKeyId"], after.get("LastRewrapTime")), (&json!(second), None));
    assert!(after["LastReencryptionTime"].is_string() && after["KeyVersionId"] != before["KeyVersionId"]);
    world.root(Product::Kms, "DisableKey", &[("KeyId", &first)]);
    world.ecs("DetachDisk", &attached);
    world.ecs("AttachDisk", &attached);
    let mut bytes = [0; 8192];
    device(&world, &disk_id).read(5 << 20, &mut bytes).unwrap();
    assert_eq!(bytes, [7; 8192]);
}

#[test]
fn a_plain_disk_is_encrypted_in_place_under_the_accounts_default() {
    let world = World::new();
    let disk_id = world.disk(&[]);
    let attached = [("DiskId", &*disk_id), ("InstanceId", &*world.instance("Running"))];
    world.ecs("AttachDisk", &attached);
    device(&world, &disk_id).write(0, &mut [7; 4096]).unwrap();
    let key_id = coffer(&world, "ReencryptDisk", &[("DiskId", &disk_id)])["KMSKeyId"].clone();
    let after = until_reencrypted(&world, &disk_id);
    assert_eq!((&after["Encrypted"], &after["KMSKeyId"]), (&json!(true), &key_id));
    let ids = json!([disk_id]).to_string();
    let shown = world.ecs("DescribeDisks", &[("RegionId", support::REGION), ("DiskIds", &ids)]);
    assert_eq!(shown["Disks"]["Disk"][0]["Encrypted"], true);
    world.ecs("DetachDisk", &attached);
    world.ecs("AttachDisk", &attached);
    let mut bytes = [0; 4096];
    device(&world, &disk_id).read(0, &mut bytes).unwrap();
    assert_eq!(bytes, [7; 4096]);
}

#[test]
fn a_plain_disk_that_is_encrypted_in_place_is_served_again_before_that_is_over_and_before_it_is_on_record() {
    let world = World::new();
    let disk_id = world.disk(&[]);
    let attached = [("DiskId", &*disk_id), ("InstanceId", &*world.instance("Running"))];
    coffer(&world, "ReencryptDisk", &[("DiskId", &disk_id)]);
    coffer(&world, "ModifyDiskReencryption", &[("DiskId", &disk_id), ("Paused", "true")]);
    world.ecs("AttachDisk", &attached);
    device(&world, &disk_id).write(0, &mut [7; 4096]).unwrap();
    let again = || {
        world.ecs("DetachDisk", &attached);
        world.ecs("AttachDisk", &attached);
        let mut bytes = [0; 4096];
        device(&world, &disk_id).read(0, &mut bytes).unwrap();
        assert_eq!(bytes, [7; 4096]);
    };
    again();
    coffer(&world, "ModifyDiskReencryption", &[("DiskId", &disk_id), ("Paused", "false")]);
    let volume_id = coffer_store::volumes::id_of(&world.row::<Disk>(&disk_id));
    while world.host.status(&volume_id).unwrap().rekey.is_some() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    again();
    until_reencrypted(&world, &disk_id);
    again();
}

#[test]
fn a_disk_that_is_not_served_waits_to_be_encrypted_anew_and_goes_on_with_both_keys() {
    let world = World::new();
    let disk_id = world.disk(&[("Encrypted", "true")]);
    coffer(&world, "ReencryptDisk", &[("DiskId", &disk_id), ("MebibytesPerSecond", "1")]);
    assert_eq!(encryption(&world, &disk_id)["ReencryptionStatus"], "Waiting");
    coffer(&world, "ModifyDiskReencryption", &[("DiskId", &disk_id), ("Paused", "true")]);
    let attached = [("DiskId", &*disk_id), ("InstanceId", &*world.instance("Running"))];
    world.ecs("AttachDisk", &attached);
    device(&world, &disk_id).write(0, &mut [7; 4096]).unwrap();
    world.cloud.watch_volumes().unwrap();
    assert_eq!(encryption(&world, &disk_id)["ReencryptionStatus"], "Paused");
    world.ecs("DetachDisk", &attached);
    world.ecs("AttachDisk", &attached);
    let go_on = [("DiskId", &*disk_id), ("Paused", "false"), ("MebibytesPerSecond", "1000")];
    coffer(&world, "ModifyDiskReencryption", &go_on);
    until_reencrypted(&world, &disk_id);
    let over = (403, "IncorrectDiskStatus.NotReencrypting", "The specified disk is not being encrypted anew.");
    world.refuses(&support::root(), Product::Coffer, "ModifyDiskReencryption", &go_on, over);
}

#[test]
fn a_disk_that_is_encrypted_anew_can_be_reset_and_deleted() {
    let world = World::new();
    let disk_id = world.disk(&[("Encrypted", "true")]);
    coffer(&world, "ReencryptDisk", &[("DiskId", &disk_id)]);
    world.ecs("DeleteDisk", &[("DiskId", &disk_id)]);
    let again = (404, "InvalidDiskId.NotFound", "The specified disk does not exist.");
    world.refuses(&support::root(), Product::Coffer, "ModifyDiskReencryption", &[("DiskId", &disk_id)], again);
}

#[test]
fn a_disk_whose_bytes_are_not_in_the_backup_says_so_until_it_is_initialised_anew() {
    let world = World::new();
    let (instance_id, disk_id) = (world.instance("Running"), world.disk(&[]));
    let pair = [("DiskId", &*disk_id), ("InstanceId", &*instance_id)];
    world.ecs("AttachDisk", &pair);
    assert_eq!(encryption(&world, &disk_id).get("DataStatus"), None);
    let volume_id = coffer_store::volumes::id_of(&world.row::<Disk>(&disk_id));
    world.store(move |tx| coffer_store::volumes::mark_lost(tx, &volume_id));
    assert_eq!(encryption(&world, &disk_id)["DataStatus"], "NotInBackup");
    let message = "The bytes of the specified disk are not in the backup that this store was restored from. Reset or \
                   re-initialize the disk.";
    let error = (403, "IncorrectDiskStatus.NotInBackup", message);
    let refuses = |action: &str, parameters: &[(&str, &str)]| {
        world.refuses(&support::root(), Product::Ecs, action, parameters, error);
    };
    refuses("CreateSnapshot", &[("DiskId", &disk_id)]);
    world.ecs("DetachDisk", &pair);
    refuses("AttachDisk", &pair);
    world.ecs("StopInstance", &[("InstanceId", &instance_id)]);
    world.advance(60_000);
    world.ecs("AttachDisk", &pair);
    world.ecs("ReInitDisk", &[("DiskId", &disk_id)]);
    world.advance(60_000);
    assert_eq!(encryption(&world, &disk_id).get("DataStatus"), None);
    world.ecs("DetachDisk", &pair);
    world.ecs("AttachDisk", &[("DiskId", &disk_id), ("InstanceId", &world.instance("Running"))]);
    assert!(world.host.device(&coffer_store::volumes::id_of(&world.row::<Disk>(&disk_id))).is_some());
}

#[test]
fn a_disk_is_made_a_clone_of_its_snapshot_in_the_backup_unless_that_is_gone() {
    let world = World::new();
    let instance_id = world.instance("Running");
    let mut shown = Vec::new();
    for is_deleted in [false, true] {
        let disk_id = world.disk(&[("Encrypted", "true")]);
        world.ecs("AttachDisk", &[("DiskId", &disk_id), ("InstanceId", &instance_id)]);
        let snapshot_id = world.done_snapshot(&disk_id, &[]);
        let volume_id = coffer_store::volumes::id_of(&world.row::<Disk>(&disk_id));
        let named = snapshot_id.clone();
        world.store(move |tx| coffer_store::volumes::mark_to_be_cloned(tx, &volume_id, &named));
        assert_eq!(encryption(&world, &disk_id)["DataStatus"], "NotInBackup");
        if is_deleted {
            world.ecs("DeleteSnapshot", &[("SnapshotId", &snapshot_id)]);
        }
        world.cloud.watch_volumes().unwrap();
        world.advance(60_000);
        shown
            .push((encryption(&world, &disk_id).get("DataStatus").cloned(), world.row::<Disk>(&disk_id).volume_number));
    }
    assert_eq!(shown, [(None, 2), (Some(json!("NotInBackup")), 1)], "an empty disk is not in the place of a full one");
}
