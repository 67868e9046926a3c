//! Disks made and deleted: what CreateDisk refuses, by input and by state, and what a disk leaves behind.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use coffer_store::disks::Disk;
use coffer_store::images::{self, ImageDisk};
use coffer_store::snapshots::Snapshot;
use coffer_store::{Record as _, disks, instances};
use support::disks::*;
use support::{REGION, World, ZONE, text};

const PLACE: [(&str, &str); 2] = [("RegionId", REGION), ("ZoneId", ZONE)];

#[track_caller]
fn no(world: &World, parameters: &[(&str, &str)], status: u16, code: &str, message: &str) {
    refused(world, "CreateDisk", &[&PLACE, parameters].concat(), status, code, message);
}

#[test]
fn create_disk_refuses_sizes_and_performance_that_a_category_has_not() {
    let world = World::new();
    let (size, essd, auto) = (("Size", "40"), ("DiskCategory", "cloud_essd"), ("DiskCategory", "cloud_auto"));
    let beyond = "The specified disk size is beyond the permitted range, or the snapshot capacity exceeds the size limit for the specified disk category.";
    for (parameters, status, code, message) in [
        (
            &[][..],
            400,
            "MissingParameter",
            "The input parameter either \"SnapshotId\" or \"Size\" should be specified.",
        ),
        (&[("Size", "0")], 400, "InvalidSize.ValueNotSupported", "The specified parameter Size is not valid."),
        (&[("Size", "4")], 403, "InvalidDataDiskSize.ValueNotSupported", beyond),
        (&[("Size", "2001")], 403, "InvalidDataDiskSize.ValueNotSupported", beyond),
        (&[essd, ("Size", "65537")], 403, "InvalidDataDiskSize.ValueNotSupported", beyond),
        (
            &[size, ("DiskCategory", "floppy")],
            400,
            "InvalidDiskCategory.ValueNotSupported",
            "The specified parameter \"DiskCategory\" is not valid.",
        ),
        (
            &[size, essd, ("PerformanceLevel", "PL4")],
            400,
            "InvalidPerformanceLevel.Malformed",
            "The specified parameter PerformanceLevel is not valid.",
        ),
        (
            &[size, auto, ("PerformanceLevel", "PL1")],
            400,
            "InvalidPerformanceLevel.Malformed",
            "The specified parameter PerformanceLevel is not valid.",
        ),
        (
            &[size, essd, ("PerformanceLevel", "PL3")],
            403,
            "OperationDenied.PerformanceLevelNotMatch",
            "The specified PerformanceLevel and Size do not match.",
        ),
        (
            &[size, essd, ("ProvisionedIops", "1")],
            400,
            "ProvisionedIopsForDiskCategoryUnsupported",
            "The specified disk category does not support provisioned iops.",
        ),
        (
            &[size, auto, ("ProvisionedIops", "50001")],
            400,
            "InvalidProvisionedIops.LimitExceed",
            "The provisioned iops exceeds the limit.",
        ),
        (
            &[size, essd, ("BurstingEnabled", "true")],
            400,
            "BurstingEnabledForDiskCategoryUnsupported",
            "The specified disk category does not support bursting enabled.",
        ),
        (
            &[("Size", "3"), auto, ("BurstingEnabled", "true")],
            400,
            "InvalidBurstingEnabled.DiskSizeTooSmall",
            "The disk size must be greater than 3 GiB to enable burst.",
        ),
        (
            &[size, auto, ("BurstingEnabled", "true"), ("MultiAttach", "Enabled")],
            400,
            "BurstingEnabledForMultiAttachDiskUnsupported",
            "The multi attach disk does not support bursting enabled.",
        ),
        (
            &[size, ("MultiAttach", "Maybe")],
            403,
            "InvalidParameter.MultiAttach",
            "The specified param MultiAttach is not valid.",
        ),
        (
            &[size, ("MultiAttach", "Enabled")],
            403,
            "InvalidParameter.DiskCategoryAndMultiAttachNotMatch",
            "The specified disk category does not support multi attach enabled.",
        ),
    ] {
        no(&world, parameters, status, code, message);
    }
    assert_eq!(listed(&world, &[]), 0);
}

#[test]
fn create_disk_refuses_texts_and_facilities_that_are_not_there() {
    let world = World::new();
    let size = ("Size", "40");
    for (parameter, status, code, message) in [
        (("DiskName", "1st"), 400, "InvalidDiskName.Malformed", "The specified disk name is wrongly formed."),
        (("Description", "x"), 400, "InvalidDescription.Malformed", "The specified description is wrongly formed."),
        (
            ("ResourceGroupId", "rg-x"),
            404,
            "InvalidResourceGroup.NotFound",
            "The ResourceGroup provided does not exist in our records.",
        ),
        (("StorageSetId", "ss-x"), 400, "InvalidStorageSetId.NotFound", "The specified storage set does not exist."),
        (
            ("StorageSetPartitionNumber", "2"),
            403,
            "InvalidParameter.StorageSetPartitionNumber",
            "Specified parameter StorageSetPartitionNumber is not valid.",
        ),
        (
            ("StorageClusterId", "dbsc-x"),
            400,
            "InvalidParameter",
            "The specified parameter \"StorageClusterId\" is not valid.",
        ),
        (
            ("AdvancedFeatures", "x"),
            403,
            "InvalidParameter.AdvancedFeatures",
            "The specified parameter AdvancedFeatures is not valid.",
        ),
        (("Arn.1.Rolearn", "acs:ram::1:role/x"), 403, "UserNotInTheWhiteList", "The user is not in Arns white list."),
        (
            ("EncryptAlgorithm", "sm4-128"),
            400,
            "InvalidEncrypted.NotMatchEncryptAlgorithm",
            "The specified parameter Encrypted must be true when EncryptAlgorithm is not empty.",
        ),
        (
            ("KMSKeyId", "k"),
            400,
            "InvalidParameter.EncryptedIllegal",
            "The specified parameter Encrypted must be true when kmsKeyId is not empty.",
        ),
        (("Tag.1.Key", "acs:x"), 400, "InvalidTagKey.Malformed", "The specified Tag.n.Key is not valid."),
        (("SnapshotId", "s-bp1x"), 404, "InvalidSnapshotId.NotFound", "The specified SnapshotId does not exist."),
    ] {
        no(&world, &[size, parameter], status, code, message);
    }
    let encrypted = [size, ("Encrypted", "true"), ("EncryptAlgorithm", "sm4-128")];
    no(&world, &encrypted, 400, "InvalidEncryptAlgorithm", "The specified parameter EncryptAlgorithm is not valid.");
    let key = [size, ("Encrypted", "true"), ("KMSKeyId", "k")];
    no(&world, &key, 404, "InvalidParameter.KMSKeyId.NotFound", "The specified KMSKeyId does not exist.");
    let ephemeral = [("Size", "64"), EPHEMERAL[0], ("Encrypted", "true")];
    let message = "The current disk category does not support encryption. If encryption is required, please switch to a different disk category.";
    no(&world, &ephemeral, 403, "InvalidParameter.EncryptedNotSupported", message);
    let twice = [size, ("Tag.1.Key", "k"), ("Tag.2.Key", "k")];
    no(&world, &twice, 400, "Duplicate.TagKey", "The Tag.N.Key contain duplicate key.");
}

#[test]
fn create_disk_wants_a_place_or_a_subscription_instance() {
    let world = World::new();
    let (region, size, instance_id) = (("RegionId", REGION), ("Size", "40"), world.instance("Running"));
    let instance = ("InstanceId", &*instance_id);
    let shared = ("MultiAttach", "Enabled");
    for (parameters, status, code, message) in [
        (
            &[region, size][..],
            400,
            "MissingParameter",
            "The input parameter ZoneId that is mandatory for processing this request is not supplied.",
        ),
        (&[("RegionId", "mars"), size], 404, "InvalidRegionId.NotFound", "The specified RegionId does not exist."),
        (
            &[region, size, ("ZoneId", "cn-beijing-a")],
            404,
            "InvalidZoneId.NotFound",
            "The specified zone does not exist.",
        ),
        (
            &[region, size, ("ZoneId", ZONE), ("DiskCategory", "cloud_regional_disk_auto")],
            400,
            "InvalidZoneId.DiskCategoryUnsupported",
            "The specified disk category does not support setting the ZoneId.",
        ),
        (
            &[region, size, ("ZoneId", ZONE), instance],
            403,
            "InvalidParam.ZoneIdAndInstanceId.Conflict",
            "The specified parameter 'ZoneId' and 'InstanceId' are not blank at the same time.",
        ),
        (
            &[region, size, instance],
            403,
            "InvalidInstanceChargeType.ValueNotSupported",
            "The InstanceChargeType does not support this action.",
        ),
        (
            &[region, size, instance, shared],
            403,
            "InvalidParameter.MultiAttachAndInstanceIdConflict",
            "The parameter MultiAttach and InstanceId are conflict.",
        ),
        (
            &[region, size, ("InstanceId", "i-bp1x")],
            404,
            "InvalidInstanceId.NotFound",
            "The specified InstanceId does not exist.",
        ),
        (
            &[("RegionId", "cn-beijing"), size, instance],
            404,
            "InvalidInstanceId.NotFound",
            "The specified InstanceId does not exist.",
        ),
    ] {
        refused(&world, "CreateDisk", parameters, status, code, message);
    }
}

#[test]
fn create_disk_takes_complete_snapshots_of_data_disks_that_fit() {
    let world = World::new();
    let source = disk(&world, OPEN);
    let good = snapshot(&world, &source, "accomplished", |_| {});
    let unfinished = snapshot(&world, &source, "progressing", |_| {});
    let of_system =
        snapshot(&world, &source, "accomplished", |snapshot| "system".clone_into(&mut snapshot.source_disk_type));
    let essd = OPEN[0];
    let small = [essd, ("SnapshotId", &*good), ("Size", "39")];
    no(&world, &small, 403, "InvalidDiskSize.TooSmall", "Specified disk size is less than the size of snapshot.");
    let early = [essd, ("SnapshotId", &*unfinished)];
    no(&world, &early, 403, "InvalidSnapshotId.NotReady", "The specified snapshot has not completed yet.");
    let system = [essd, ("SnapshotId", &*of_system)];
    no(
        &world,
        &system,
        403,
        "InvalidSnapshotId.NotDataDiskSnapshot",
        "The specified snapshot is system disk snapshot.",
    );
    let ephemeral = [EPHEMERAL[0], EPHEMERAL[1], ("SnapshotId", &*good)];
    let message = "The elastic ephemeral disk cannot be created from snapshot.";
    no(&world, &ephemeral, 403, "InvalidOperation.CreateFromSnapshotUnsupported", message);
    let made = disk(&world, &[essd, ("SnapshotId", &good)]);
    let seen = shown(&world, &made);
    assert_eq!((&seen["Size"], &seen["SourceSnapshotId"]), (&40.into(), &(*good).into()));
    assert_eq!(listed(&world, &[("SnapshotId", &good)]), 1);
}

#[test]
fn a_client_token_makes_one_disk() {
    let world = World::new();
    let parameters = [&PLACE[..], &[("Size", "40"), ("ClientToken", "once")]].concat();
    let first = text(&world.ecs("CreateDisk", &parameters), "DiskId");
    assert_eq!(text(&world.ecs("CreateDisk", &parameters), "DiskId"), first);
    let other = [&PLACE[..], &[("Size", "41"), ("ClientToken", "once")]].concat();
    let message = "The request is retried with updated parameters.";
    refused(&world, "CreateDisk", &other, 400, "IdempotentParameterMismatch", message);
    assert_eq!(listed(&world, &[]), 1);
}

#[test]
fn delete_disk_refuses_what_something_depends_on() {
    let world = World::new();
    let instance_id = world.instance("Running");
    let disk_id = disk(&world, &[("DiskCategory", "cloud_ssd"), ("Size", "40")]);
    let parameters = [("DiskId", &*disk_id)];
    let refused = |status, code, message| refused(&world, "DeleteDisk", &parameters, status, code, message);
    attach(&world, &instance_id, &disk_id);
    refused(403, "DiskStillAttached", "The disk is still attached to the disk.");
    world.ecs("DetachDisk", &[("InstanceId", &instance_id), ("DiskId", &disk_id)]);
    let snapshot_id = snapshot(&world, &disk_id, "progressing", |_| {});
    refused(403, "DiskCreatingSnapshot", SNAPSHOT_IN_PROGRESS);
    let mut complete: Snapshot = world.row(&snapshot_id);
    "accomplished".clone_into(&mut complete.status);
    world.store(move |tx| complete.update(tx));
    world.ecs("ResetDisk", &[("DiskId", &disk_id), ("SnapshotId", &snapshot_id)]);
    refused(403, "IncorrectDiskStatus.Initializing", DISK_STATUS);
    world.settle();
    world.ecs("ModifyDiskSpec", &[("DiskId", &disk_id), ("DiskCategory", "cloud_essd")]);
    refused(403, "IncorrectDiskStatus", DISK_STATUS);
    world.settle();
    world.ecs("DeleteDisk", &parameters);
    refused(404, "InvalidDiskId.NotFound", NO_DISK);
}

#[test]
fn a_system_disk_outlives_its_instance_before_it_can_be_deleted() {
    let world = World::new();
    let (instance_id, disk_id) = detached_system_disk(&world);
    let parameters = [("DiskId", &*disk_id)];
    let message = "The specified disk is under delete protection, can not be deleted.";
    refused(&world, "DeleteDisk", &parameters, 403, "InvalidDiskStatus.DeleteProtection", message);
    let attachment =
        [("InstanceId", &*instance_id), ("DiskId", &*disk_id), ("Bootable", "true"), ("KeyPairName", "ops")];
    world.ecs("AttachDisk", &attachment);
    let message = "The specified disk is a system disk and cannot support the operation.";
    refused(&world, "DeleteDisk", &parameters, 403, "DiskTypeViolation", message);
    world.ecs("DetachDisk", &attachment[..2]);
    world.store(move |tx| instances::delete(tx, &instance_id));
    world.ecs("DeleteDisk", &parameters);
}

#[test]
fn automatic_snapshots_follow_the_setting_and_others_stay() {
    let world = World::new();
    for follow in [true, false] {
        let disk_id = disk(&world, OPEN);
        world.ecs("ModifyDiskAttribute", &[("DiskId", &disk_id), ("DeleteAutoSnapshot", &follow.to_string())]);
        let auto = |snapshot: &mut Snapshot| "auto".clone_into(&mut snapshot.snapshot_type);
        let (automatic, manual) =
            (snapshot(&world, &disk_id, "accomplished", auto), snapshot(&world, &disk_id, "accomplished", |_| {}));
        let used = snapshot(&world, &disk_id, "accomplished", auto);
        let makes = ImageDisk {
            device: "/dev/xvda".to_owned(),
            disk_type: "system".to_owned(),
            snapshot_id: used.clone(),
            size_gib: 40,
        };
        world.store(move |tx| images::set_disks(tx, &format!("m-{follow}"), &[makes]));
        world.ecs("DeleteDisk", &[("DiskId", &disk_id)]);
        let is_there = |id: &str| world.db.read(|tx| Snapshot::get(tx, id)).unwrap().is_some();
        assert_eq!((is_there(&automatic), is_there(&manual), is_there(&used)), (!follow, true, true), "{follow}");
    }
}

#[test]
fn a_deleted_disk_leaves_no_key_and_no_attachment_behind() {
    let world = World::new();
    world.disk_encryption_role();
    let key_id = world.customer_key();
    let disk_id = disk(&world, &[("Size", "40"), ("Encrypted", "true"), ("KMSKeyId", &key_id)]);
    assert!(world.row::<Disk>(&disk_id).wrapped_data_key.is_some());
    // Deleting needs no key.
    world.root(Product::Kms, "DisableKey", &[("KeyId", &key_id)]);
    world.ecs("DeleteDisk", &[("DiskId", &disk_id)]);
    assert!(world.db.read(|tx| Disk::get(tx, &disk_id)).unwrap().is_none());
    assert_eq!(world.db.read(|tx| disks::attachments(tx, std::slice::from_ref(&disk_id))).unwrap(), []);
}
