//! Keys and snapshots of other accounts: a key is only ever used by the account that has it; a snapshot that is shared is read
//! through its owner's role, and what is made of it is under keys of those who made it.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use coffer_cloud::bootstrap::{self, KmsService};
use coffer_store::disks::Disk;
use coffer_store::snapshots;
use serde_json::{Value, json};
use support::compute::{DAY_MS, copy_of, refusal};
use support::disks::shown;
use support::instances::{ESSD, HERE, asking, disks_of, is_refused, own_image, running, stopped};
use support::{REGION, World, ZONE, other, text};

const PLACE: [(&str, &str); 4] = [HERE, ("ZoneId", ZONE), ("DiskCategory", "cloud_essd"), ("Size", "20")];

fn with<'a>(parameters: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [parameters, more].concat()
}

#[test]
fn a_key_of_another_account_is_not_found_whoever_allows_it_and_neither_are_arns() {
    let world = World::new();
    world.disk_encryption_role();
    world.let_ecs_use_keys(&other());
    world.ecs("EnableDiskEncryptionByDefault", &[HERE]);
    let foreign = text(&world.succeed(&other(), Product::Kms, "CreateKey", &[])["KeyMetadata"], "KeyId");
    let foreign_arn = format!("acs:kms:{REGION}:{}:key/{foreign}", world.other);
    // The parameter is an id: an ARN is none, not even that of an own key.
    let own_arn = format!("acs:kms:{REGION}:{}:key/{}", world.account, world.customer_key());
    let snapshot = world.done_snapshot(&world.used_disk(&[]), &[]);
    let (image, instance) = (own_image(&world, &[]), stopped(&world, &[ESSD]));
    for key in [&*foreign, &foreign_arn, &own_arn] {
        let encrypted = [("Encrypted", "true"), ("KMSKeyId", key)];
        let system = [ESSD, ("SystemDisk.Encrypted", "true"), ("SystemDisk.KMSKeyId", key)];
        let replaced = [("InstanceId", &*instance), ("ImageId", &*image)];
        let data = [ESSD, ("DataDisk.1.Size", "20"), ("DataDisk.1.Encrypted", "true"), ("DataDisk.1.KMSKeyId", key)];
        for (action, parameters, status, code) in [
            ("CreateDisk", with(&PLACE, &encrypted), 404, "InvalidParameter.KMSKeyId.NotFound"),
            ("RunInstances", asking(&system), 404, "InvalidParameter.KMSKeyId.NotFound"),
            ("CreateInstance", asking(&data), 404, "InvalidParameter.KMSKeyId.NotFound"),
            ("ReplaceSystemDisk", with(&replaced, &encrypted), 404, "InvalidParameter.KMSKeyId.NotFound"),
            ("CopySnapshot", copy_of(&snapshot, REGION, &encrypted), 403, "InvalidParameter.KMSKeyId.NotFound"),
            ("CopyImage", with(&[HERE, ("ImageId", &image)], &encrypted), 404, "InvalidParameter.KMSKeyId.NotFound"),
            ("ModifyDiskDefaultKMSKeyId", vec![HERE, encrypted[1]], 403, "InvalidOperation.KMSKeyIdNotFound"),
        ] {
            is_refused(&world, action, &parameters, status, code);
        }
    }
}

#[test]
fn nobody_is_invited_to_name_keys_of_other_accounts_by_arn() {
    let world = World::new();
    let snapshot = world.done_snapshot(&world.used_disk(&[]), &[]);
    let instance = stopped(&world, &[ESSD]);
    let role = format!("acs:ram::{}:role/shares", world.other);
    let arns =
        [("Arn.1.RoleType", "service"), ("Arn.1.Rolearn", &*role), ("Arn.1.AssumeRoleFor", world.other.as_str())];
    for (action, parameters) in [
        ("CreateDisk", with(&PLACE, &arns)),
        ("RunInstances", asking(&arns)),
        ("CreateInstance", asking(&arns)),
        ("CopySnapshot", copy_of(&snapshot, support::compute::OTHER, &arns)),
        ("ReplaceSystemDisk", with(&[("InstanceId", &*instance), ("ImageId", "x")], &arns)),
    ] {
        let before = world.state();
        let expected = refusal(403, "UserNotInTheWhiteList", "The user is not in Arns white list.");
        assert_eq!(world.refused(action, &parameters), expected, "{action}");
        assert!(world.state() == before, "{action}");
    }
}

/// The parameters of a disk made of a snapshot.
fn of(snapshot_id: &str) -> Vec<(&str, &str)> {
    with(&PLACE, &[("SnapshotId", snapshot_id)])
}

#[test]
fn what_is_made_of_a_shared_snapshot_is_under_the_service_key_or_a_key_of_the_maker() {
    let world = World::new();
    world.disk_encryption_role();
    let (snapshot, _) = world.shared_snapshot();
    let own = world.customer_key();
    let by = |more: &[(&'static str, &str)]| {
        let disk = text(&world.ecs("CreateDisk", &[&of(&snapshot)[..], more].concat()), "DiskId");
        let shown = shown(&world, &disk);
        assert_eq!((&shown["Encrypted"], &shown["SourceSnapshotId"]), (&json!(true), &json!(snapshot)));
        text(&shown, "KMSKeyId")
    };
    let silent = by(&[]);
    let service = world.service_key_in(REGION);
    assert_eq!(silent, service);
    assert_eq!(by(&[("Encrypted", "true")]), service);
    assert_eq!(by(&[("Encrypted", "true"), ("KMSKeyId", &own)]), own);
    let instance = running(&world, &[("DataDisk.1.SnapshotId", &snapshot), ("DataDisk.1.Category", "cloud_essd")]);
    assert_eq!(text(&disks_of(&world, &instance)[1], "KMSKeyId"), service);
    // The region's default is no reason to leave the service key.
    world.ecs("EnableDiskEncryptionByDefault", &[HERE]);
    world.ecs("ModifyDiskDefaultKMSKeyId", &[HERE, ("KMSKeyId", &own)]);
    assert_eq!(by(&[]), service);
    let plain = with(&of(&snapshot), &[("Encrypted", "false")]);
    is_refused(&world, "CreateDisk", &plain, 403, "InvalidEncrypted.NotMatchDiskDefaultEncryption");
    world.ecs("DisableDiskEncryptionByDefault", &[HERE]);
    is_refused(&world, "CreateDisk", &plain, 403, "InvalidEncrypted.NotMatchSnapshot");
}

/// Calls as the owner of what is shared.
fn owner(world: &World, product: Product, action: &str, parameters: &[(&str, &str)]) -> Value {
    world.succeed(&other(), product, action, parameters)
}

#[test]
fn the_owner_ends_the_reading_of_what_is_shared_by_the_key_the_role_or_the_snapshot() {
    let world = World::new();
    let (snapshot, key) = world.shared_snapshot();
    let made = world.ecs("CreateDisk", &of(&snapshot));
    let disk = text(&made, "DiskId");
    let instance = running(&world, &[]);
    world.ecs("AttachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]);
    world.ecs("StopInstance", &[("InstanceId", &instance)]);
    world.settle();
    let copy = copy_of(&snapshot, REGION, &[]);
    let nobody_reads = |status, code: &str, copy_status, copy_code: &str, again_status, again_code: &str| {
        is_refused(&world, "CreateDisk", &of(&snapshot), status, code);
        is_refused(&world, "CopySnapshot", &copy, copy_status, copy_code);
        is_refused(&world, "ReInitDisk", &[("DiskId", &disk)], again_status, again_code);
    };
    let no_right = "InvalidParameter.KMSKeyId.KMSUnauthorized";
    let on_key = ("KeyId", &*key);
    owner(&world, Product::Kms, "DisableKey", &[on_key]);
    let disabled = "InvalidParameter.KMSKeyId.CMKNotEnabled";
    nobody_reads(403, disabled, 403, disabled, 403, disabled);
    owner(&world, Product::Kms, "EnableKey", &[on_key]);
    bootstrap::set_kms_service(&world.db, &world.other, KmsService::Suspended).unwrap();
    let closed = "InvalidParameter.KmsNotEnabled";
    nobody_reads(400, closed, 403, closed, 403, no_right);
    bootstrap::set_kms_service(&world.db, &world.other, KmsService::Open).unwrap();
    let role = ("RoleName", "AliyunECSShareEncryptSnapshotDefaultRole");
    let policy = [("PolicyType", "System"), ("PolicyName", "AliyunECSDiskEncryptRolePolicy"), role];
    owner(&world, Product::Ram, "DetachPolicyFromRole", &policy);
    nobody_reads(403, no_right, 403, no_right, 403, no_right);
    owner(&world, Product::Ram, "DeleteRole", &[role]);
    // A role that trusts another account, or ECS in general, is none.
    for trusted in ["1234567890123456@ecs.aliyuncs.com", "ecs.aliyuncs.com"] {
        let trust = json!({"Version": "1", "Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow",
            "Principal": {"Service": [trusted]}}]})
        .to_string();
        owner(&world, Product::Ram, "CreateRole", &[role, ("AssumeRolePolicyDocument", &trust)]);
        owner(&world, Product::Ram, "AttachPolicyToRole", &policy);
        nobody_reads(403, no_right, 403, no_right, 403, no_right);
        owner(&world, Product::Ram, "DetachPolicyFromRole", &policy);
        owner(&world, Product::Ram, "DeleteRole", &[role]);
    }
    world.let_ecs_share(&other(), world.account.as_str());
    world.ecs("CopySnapshot", &copy);
    owner(&world, Product::Kms, "ScheduleKeyDeletion", &[on_key, ("PendingWindowInDays", "7")]);
    nobody_reads(403, disabled, 403, disabled, 403, disabled);
    world.advance(8 * DAY_MS);
    let gone = "InvalidParameter.KMSKeyId.NotFound";
    nobody_reads(404, gone, 403, gone, 404, "InvalidKMSKeyId.NotFound");
    owner(&world, Product::Ecs, "DeleteSnapshot", &[("SnapshotId", &snapshot), ("Force", "true")]);
    nobody_reads(404, "InvalidSnapshotId.NotFound", 403, "InvalidSnapshotId.NotFound", 403, "InvalidSourceSnapshot");
    // What was made stays usable: it has a data key of its own, under a key of its own account.
    world.ecs("StartInstance", &[("InstanceId", &instance)]);
    world.settle();
    world.ecs("CreateSnapshot", &[("DiskId", &disk)]);
    let row: Disk = world.row(&disk);
    assert_eq!(row.kms_key_id.as_deref(), Some(&*world.service_key_in(REGION)));
}

#[test]
fn a_shared_snapshot_is_read_and_nothing_else() {
    let world = World::new();
    let (snapshot, _) = world.shared_snapshot();
    let on_snapshot = ("SnapshotId", &*snapshot);
    let disk = text(&world.ecs("CreateDisk", &of(&snapshot)), "DiskId");
    let tag = [("ResourceType", "snapshot"), ("ResourceId.1", &*snapshot), ("Tag.1.Key", "k"), ("Tag.1.Value", "v")];
    for (action, parameters, status, code) in [
        ("DeleteSnapshot", vec![on_snapshot, ("Force", "true")], 404, "InvalidSnapshotId.NotFound"),
        ("ModifySnapshotAttribute", vec![on_snapshot, ("SnapshotName", "mine")], 404, "InvalidSnapshotId.NotFound"),
        ("ResetDisk", vec![on_snapshot, ("DiskId", &disk)], 404, "InvalidSnapshotId.NotFound"),
        ("TagResources", with(&[HERE], &tag), 404, "InvalidResourceId.NotFound"),
    ] {
        is_refused(&world, action, &parameters, status, code);
    }
    assert_eq!(world.snapshot_shown(REGION, &snapshot), Value::Null, "listings show the account's own");
    assert!(world.snapshots(&[]).is_empty());
    // The owner sees that a disk was made of it, and nothing of the disk.
    let (status, _) = world.call(&other(), Product::Ecs, "DeleteSnapshot", &[on_snapshot]);
    assert_eq!(status, 403);
    let disks = owner(&world, Product::Ecs, "DescribeDisks", &[HERE, on_snapshot]);
    assert_eq!(disks["Disks"]["Disk"], json!([]));
    // In another region, and for a third account, it is not there.
    let elsewhere = copy_of(&snapshot, REGION, &[]);
    let elsewhere: Vec<_> = elsewhere
        .into_iter()
        .map(|(name, value)| (name, if name == "RegionId" { "cn-beijing" } else { value }))
        .collect();
    is_refused(&world, "CopySnapshot", &elsewhere, 403, "InvalidSnapshotId.NotFound");
    let shared = world.db.read(|tx| snapshots::is_shared_with(tx, &snapshot, &world.other)).unwrap();
    assert!(!shared);
}
