//! Disks that become something else: another category or level, what they were made from, what a snapshot holds. And what is told of
//! their work.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_base::{AccountId, Timestamp};
use coffer_cloud::Product;
use coffer_store::Record as _;
use coffer_store::disks::Disk;
use coffer_store::instances::Instance;
use coffer_store::snapshots::{self, Snapshot};
use serde_json::Value;
use support::disks::*;
use support::{REGION, World, text};

fn of_category(world: &World, category: &str, size: &str) -> String {
    disk(world, &[("DiskCategory", category), ("Size", size)])
}

/// Asks for another specification; the answer.
fn spec(world: &World, disk_id: &str, parameters: &[(&str, &str)]) -> Value {
    world.ecs("ModifyDiskSpec", &[&[("DiskId", disk_id)], parameters].concat())
}

/// Waits for what was begun.
fn status_of_task(world: &World, task_id: &str) -> Value {
    let answer = world.ecs("DescribeTasks", &[("RegionId", REGION), ("TaskIds", task_id)]);
    answer["TaskSet"]["Task"][0]["TaskStatus"].clone()
}

#[test]
fn a_change_of_category_is_a_task_and_shows_at_once() {
    let world = World::new();
    let disk_id = of_category(&world, "cloud_ssd", "40");
    let answer = spec(&world, &disk_id, &[("DiskCategory", "cloud_essd")]);
    let task_id = text(&answer, "TaskId");
    assert!(task_id.starts_with("t-bp1"), "{task_id}");
    let seen = shown(&world, &disk_id);
    assert_eq!(
        (&seen["Category"], &seen["PerformanceLevel"], &seen["Status"]),
        (&"cloud_essd".into(), &"PL1".into(), &"Available".into())
    );
    assert_eq!(status_of_task(&world, &task_id), "Processing");
    let parameters = [("DiskId", &*disk_id), ("DiskCategory", "cloud_auto")];
    refused(&world, "ModifyDiskSpec", &parameters, 403, "IncorrectDiskStatus", DISK_STATUS);
    world.settle();
    assert_eq!(status_of_task(&world, &task_id), "Finished");
    spec(&world, &disk_id, &parameters[1..]);
}

#[test]
fn a_change_of_level_or_iops_is_done_when_it_is_answered() {
    let world = World::new();
    let (essd, auto) = (of_category(&world, "cloud_essd", "500"), of_category(&world, "cloud_auto", "100"));
    for level in ["PL2", "PL1"] {
        let answer = spec(&world, &essd, &[("PerformanceLevel", level)]);
        assert!(answer.get("TaskId").is_none());
        assert_eq!(shown(&world, &essd)["PerformanceLevel"], level);
    }
    // A level that is not given stays.
    spec(&world, &essd, &[("PerformanceLevel", "PL2")]);
    let parameters = [("DiskId", &*essd), ("DiskCategory", "cloud_essd")];
    refused(&world, "ModifyDiskSpec", &parameters, 403, "NoChangeInDiskCategoryAndPerformanceLevel", UNCHANGED);
    let baseline = shown(&world, &auto)["IOPS"].as_i64().unwrap();
    spec(&world, &auto, &[("ProvisionedIops", "1000")]);
    let seen = shown(&world, &auto);
    assert_eq!((&seen["ProvisionedIops"], &seen["IOPS"]), (&1000.into(), &(baseline + 1000).into()));
}

const UNCHANGED: &str = "There is no change between the parameters transmitted and the current.";
const NO_CATEGORY: &str = "The specified disk category is not supported.";

#[test]
fn what_only_one_category_has_is_left_behind() {
    let world = World::new();
    let disk_id = disk(
        &world,
        &[("DiskCategory", "cloud_auto"), ("Size", "100"), ("ProvisionedIops", "1000"), ("BurstingEnabled", "true")],
    );
    spec(&world, &disk_id, &[("DiskCategory", "cloud_essd"), ("PerformanceLevel", "PL0")]);
    let seen = shown(&world, &disk_id);
    assert_eq!(
        (&seen["PerformanceLevel"], &seen["BurstingEnabled"], seen.get("ProvisionedIops")),
        (&"PL0".into(), &false.into(), None)
    );
    world.settle();
    spec(&world, &disk_id, &[("DiskCategory", "cloud_efficiency")]);
    world.settle();
    let seen = shown(&world, &disk_id);
    assert_eq!((&seen["Category"], &seen["PerformanceLevel"]), (&"cloud_efficiency".into(), &"".into()));
    spec(&world, &disk_id, &[("DiskCategory", "cloud_auto"), ("ProvisionedIops", "500")]);
    assert_eq!(shown(&world, &disk_id)["ProvisionedIops"], 500);
    let parameters = [("DiskId", &*disk_id), ("BurstingEnabled", "true")];
    let message = "The modifying disk does not support bursting enabled.";
    refused(&world, "ModifyDiskAttribute", &parameters, 400, "BurstingEnabledForModifyingDiskUnsupported", message);
}

#[test]
fn each_category_changes_to_those_that_the_vendor_offers() {
    let world = World::new();
    let offered = ["cloud_efficiency", "cloud_ssd", "cloud_essd", "cloud_auto"];
    for (from, refusal) in [
        ("cloud_efficiency", None),
        ("cloud_ssd", None),
        ("cloud_essd", None),
        ("cloud_auto", None),
        ("cloud_essd_entry", Some("InvalidDiskCategory.NotSupported")),
        ("cloud", Some("InvalidDiskCategory.ValueNotSupported")),
        ("elastic_ephemeral_disk_standard", Some("InvalidDiskCategory.ValueNotSupported")),
    ] {
        for to in offered.into_iter().filter(|to| *to != from) {
            let disk_id = of_category(&world, from, "64");
            let (status, body) = world.call(
                &support::root(),
                Product::Ecs,
                "ModifyDiskSpec",
                &[("DiskId", &disk_id), ("DiskCategory", to)],
            );
            let is_offered =
                refusal.is_none() || (from == "cloud_essd_entry" && ["cloud_essd", "cloud_auto"].contains(&to));
            if is_offered {
                assert_eq!(status, 200, "{from} {to} {body}");
            } else {
                assert_eq!((status, &body["Code"]), (403, &refusal.unwrap().into()), "{from} {to}");
            }
        }
    }
    for to in ["cloud", "cloud_essd_entry", "cloud_regional_disk_auto", "elastic_ephemeral_disk_premium", "floppy"] {
        let parameters = [("DiskId", "d-bp1x"), ("DiskCategory", to)];
        let message = "The specified parameter \"DiskCategory\" is not valid.";
        refused(&world, "ModifyDiskSpec", &parameters, 400, "InvalidDiskCategory.ValueNotSupported", message);
    }
}

#[test]
fn modify_disk_spec_refuses_what_a_disk_cannot_become() {
    let world = World::new();
    let (essd, small) = (of_category(&world, "cloud_essd", "40"), of_category(&world, "cloud_auto", "5"));
    let (ssd, shared) = (of_category(&world, "cloud_ssd", "40"), disk(&world, SHARED));
    let iops = ("ProvisionedIops", "1");
    for (disk_id, rest, status, code, message) in [
        ("d-bp1x", &[("PerformanceLevel", "PL2")][..], 404, "InvalidDiskId.NotFound", NO_DISK),
        (
            &*essd,
            &[("PerformanceLevel", "PL9")],
            400,
            "InvalidPerformanceLevel.Malformed",
            "The specified parameter PerformanceLevel is not valid.",
        ),
        (
            &essd,
            &[("PerformanceLevel", "PL2")],
            403,
            "OperationDenied.PerformanceLevelNotMatch",
            "The specified PerformanceLevel and disk size do not match.",
        ),
        (
            &essd,
            &[("PerformanceLevel", "PL0")],
            403,
            "InvalidPerformanceLevel.TooLow",
            "Specified new performance level is lower than the original performance level.",
        ),
        (&essd, &[("PerformanceLevel", "PL1")], 403, "NoChangeInDiskCategoryAndPerformanceLevel", UNCHANGED),
        (&essd, &[], 403, "NoChangeInDiskCategoryAndPerformanceLevel", UNCHANGED),
        (
            &ssd,
            &[("PerformanceLevel", "PL1")],
            400,
            "InvalidPerformanceLevelParam.Mismatch",
            "The specified parameter PerformanceLevel should be null when DiskCategory is not cloud_essd.",
        ),
        (
            &essd,
            &[iops],
            400,
            "ProvisionedIopsForDiskCategoryUnsupported",
            "The specified disk category does not support provisioned iops.",
        ),
        (
            &small,
            &[("ProvisionedIops", "50001")],
            400,
            "InvalidProvisionedIops.LimitExceed",
            "The provisioned iops exceeds the limit.",
        ),
        (
            &small,
            &[("ProvisionedIops", "-1")],
            400,
            "InvalidProvisionedIops.LimitExceed",
            "The provisioned iops exceeds the limit.",
        ),
        (&small, &[("DiskCategory", "cloud_ssd")], 403, "InvalidDiskCategory.NotSupported", NO_CATEGORY),
        (
            &small,
            &[("DiskCategory", "cloud_essd")],
            403,
            "OperationDenied.PerformanceLevelNotMatch",
            "The specified PerformanceLevel and disk size do not match.",
        ),
        (
            &shared,
            &[("PerformanceLevel", "PL2")],
            403,
            "InvalidOperation.MultiAttachDisk",
            "Multi attach disk does not support this operation.",
        ),
        (
            &essd,
            &[("DestinationZoneId", "cn-hangzhou-g")],
            400,
            "InvalidDestinationZoneId.DiskCategoryUnsupported",
            "The specified disk category does not allow the DestinationZoneId parameter for this operation.",
        ),
        (
            &essd,
            &[("PerformanceControlOptions.IOPS", "900")],
            403,
            "InvalidPerformanceParameter.DiskNotInDedicatedStorageCluster",
            "The specified disk not in dedicated storage cluster, can not modify performance control options.",
        ),
        (
            &ssd,
            &[("DiskCategory", "cloud_essd"), ("DryRun", "true")],
            400,
            "DryRunOperation",
            "Request validation has been passed with DryRun flag set.",
        ),
    ] {
        refused(&world, "ModifyDiskSpec", &[&[("DiskId", disk_id)], rest].concat(), status, code, message);
    }
    assert_eq!(shown(&world, &ssd)["Category"], "cloud_ssd");
}

#[test]
fn modify_disk_spec_wants_a_disk_and_an_instance_at_rest() {
    let world = World::new();
    let (instance_id, disk_id) = (world.instance("Running"), of_category(&world, "cloud_essd", "500"));
    attach(&world, &instance_id, &disk_id);
    let parameters = [("DiskId", &*disk_id), ("PerformanceLevel", "PL2")];
    set_status(&world, &instance_id, "Starting");
    let message =
        "The specified instance status is not supported for this operation, expect status is Running or Stopped.";
    refused(&world, "ModifyDiskSpec", &parameters, 400, "InvalidOperation.InstanceStatusUnsupported", message);
    set_status(&world, &instance_id, "Running");
    let snapshot_id = snapshot(&world, &disk_id, "progressing", |_| {});
    refused(&world, "ModifyDiskSpec", &parameters, 403, "DiskCreatingSnapshot", SNAPSHOT_IN_PROGRESS);
    world.store(move |tx| snapshots::delete(tx, &snapshot_id));
    // A copy that is under way does not touch the disk.
    snapshot(&world, &disk_id, "progressing", |copy| "s-bp1x".clone_into(&mut copy.source_snapshot_id));
    change(&world, &disk_id, |disk| "ReIniting".clone_into(&mut disk.status));
    let message = "This specified disk is not ready, status needs to be either In_use or Available.";
    refused(&world, "ModifyDiskSpec", &parameters, 403, "InvalidStatus.DiskNotReady", message);
    change(&world, &disk_id, |disk| "In_use".clone_into(&mut disk.status));
    spec(&world, &disk_id, &parameters[1..]);
}

#[test]
fn an_encrypted_disk_changes_only_while_its_key_opens_and_one_from_a_snapshot_stays_in_its_series() {
    let world = World::new();
    world.disk_encryption_role();
    let key_id = world.customer_key();
    let encrypted = [("DiskCategory", "cloud_essd"), ("Size", "500"), ("Encrypted", "true"), ("KMSKeyId", &*key_id)];
    let disk_id = disk(&world, &encrypted);
    let parameters = [("DiskId", &*disk_id), ("PerformanceLevel", "PL2")];
    world.root(Product::Kms, "DisableKey", &[("KeyId", &key_id)]);
    let message = "The CMK (Customer Master Key) must be in an active state.";
    refused(&world, "ModifyDiskSpec", &parameters, 403, "InvalidOperation.CMKNotEnabled", message);
    world.root(Product::Kms, "EnableKey", &[("KeyId", &key_id)]);
    let role = ("RoleName", "AliyunECSDiskEncryptDefaultRole");
    let policy = [("PolicyType", "System"), ("PolicyName", "AliyunECSDiskEncryptRolePolicy"), role];
    world.root(Product::Ram, "DetachPolicyFromRole", &policy);
    let message = "The CMK(Customer Master Key) lacks authorization to add tags to the ECS service.";
    refused(&world, "ModifyDiskSpec", &parameters, 403, "InvalidOperation.CMKUnauthorized", message);
    world.root(Product::Ram, "AttachPolicyToRole", &policy);
    change(&world, &disk_id, |disk| "s-bp1x".clone_into(&mut disk.source_snapshot_id));
    let to_ssd = [("DiskId", &*disk_id), ("DiskCategory", "cloud_ssd")];
    refused(&world, "ModifyDiskSpec", &to_ssd, 403, "InvalidDiskCategory.NotSupported", NO_CATEGORY);
    change(&world, &disk_id, |disk| disk.source_snapshot_id.clear());
    spec(&world, &disk_id, &to_ssd[1..]);
}

/// A disk in use by an instance that is stopped.
fn stopped_with_disk(world: &World, parameters: &[(&str, &str)]) -> (String, String) {
    let (instance_id, disk_id) = (world.instance("Stopped"), disk(world, parameters));
    attach(world, &instance_id, &disk_id);
    (instance_id, disk_id)
}

#[test]
fn a_disk_is_initialised_again_while_nothing_else_can_be_done_to_it() {
    let world = World::new();
    let (instance_id, disk_id) = stopped_with_disk(&world, OPEN);
    let disk_only = [("DiskId", &*disk_id)];
    world.ecs("ReInitDisk", &[("DiskId", &disk_id), ("SecurityEnhancementStrategy", "Deactive")]);
    assert_eq!(
        (shown(&world, &disk_id)["Status"].clone(), listed(&world, &[("Status", "ReIniting")])),
        ("ReIniting".into(), 1)
    );
    let snapshot_id = snapshot(&world, &disk_id, "accomplished", |_| {});
    for (action, rest, code) in [
        ("ReInitDisk", &[][..], "IncorrectDiskStatus"),
        ("ResetDisk", &[("SnapshotId", &*snapshot_id)], "InvalidOperation.DiskResetInProgress"),
        ("ResizeDisk", &[("NewSize", "60")], "IncorrectDiskStatus"),
        ("DetachDisk", &[("InstanceId", &*instance_id)], "IncorrectDiskStatus"),
        ("AttachDisk", &[("InstanceId", &*instance_id)], "IncorrectDiskStatus"),
        ("ModifyDiskSpec", &[("PerformanceLevel", "PL2")], "InvalidStatus.DiskNotReady"),
    ] {
        let (status, got, _) = world.refused(action, &[&disk_only, rest].concat());
        assert_eq!((status, &*got), (403, code), "{action}");
    }
    world.settle();
    assert_eq!(shown(&world, &disk_id)["Status"], "In_use");
    assert_eq!(world.row::<Instance>(&instance_id).status, "Stopped");
}

#[test]
fn an_instance_can_be_started_after_its_disk() {
    let world = World::new();
    let (instance_id, disk_id) = stopped_with_disk(&world, OPEN);
    world.ecs("ReInitDisk", &[("DiskId", &disk_id), ("AutoStartInstance", "true")]);
    assert_eq!(world.row::<Instance>(&instance_id).status, "Starting");
    world.advance(1000);
    let instance: Instance = world.row(&instance_id);
    assert_eq!((&*instance.status, instance.started_at), ("Running", Some(world.clock.now())));
    assert_eq!(shown(&world, &disk_id)["Status"], "In_use");
}

#[test]
fn an_instance_is_not_started_after_its_disk_while_another_key_does_not_open() {
    let world = World::new();
    world.disk_encryption_role();
    let key_id = world.customer_key();
    let (instance_id, disk_id) = stopped_with_disk(&world, OPEN);
    attach(&world, &instance_id, &disk(&world, &[("Size", "20"), ("Encrypted", "true"), ("KMSKeyId", &key_id)]));
    world.root(Product::Kms, "DisableKey", &[("KeyId", &key_id)]);
    let parameters = [("DiskId", &*disk_id), ("AutoStartInstance", "true")];
    let message = "The CMK needs to be enabled.";
    refused(&world, "ReInitDisk", &parameters, 403, "InvalidParameter.KMSKeyId.CMKNotEnabled", message);
    assert_eq!(
        (shown(&world, &disk_id)["Status"].clone(), &*world.row::<Instance>(&instance_id).status),
        ("In_use".into(), "Stopped")
    );
    world.ecs("ReInitDisk", &parameters[..1]);
}

#[test]
fn re_init_disk_refuses_what_is_not_at_rest() {
    let world = World::new();
    let (instance_id, disk_id) = stopped_with_disk(&world, OPEN);
    let parameters = [("DiskId", &*disk_id)];
    refused(&world, "ReInitDisk", &[("DiskId", "d-bp1x")], 404, "InvalidDiskId.NotFound", NO_DISK);
    refused(&world, "ReInitDisk", &[("DiskId", &disk(&world, OPEN))], 403, "IncorrectDiskStatus", DISK_STATUS);
    set_status(&world, &instance_id, "Running");
    refused(&world, "ReInitDisk", &parameters, 403, "IncorrectInstanceStatus", RESOURCE_STATUS);
    set_status(&world, &instance_id, "Stopped");
    let mut never_started: Instance = world.row(&instance_id);
    let started_at = never_started.started_at.take();
    world.store(move |tx| never_started.update(tx));
    refused(&world, "ReInitDisk", &parameters, 403, "IncorrectInstanceStatus", RESOURCE_STATUS);
    let mut instance: Instance = world.row(&instance_id);
    instance.started_at = started_at;
    world.store(move |tx| instance.update(tx));
    let snapshot_id = snapshot(&world, &disk_id, "progressing", |_| {});
    refused(&world, "ReInitDisk", &parameters, 403, "DiskCreatingSnapshot", SNAPSHOT_IN_PROGRESS);
    world.store(move |tx| snapshots::delete(tx, &snapshot_id));
    for (name, value) in [("Password", "Secret-123"), ("KeyPairName", "ops"), ("SecurityEnhancementStrategy", "Active")]
    {
        let message = format!("The specified parameter \"{name}\" is not valid.");
        refused(&world, "ReInitDisk", &[parameters[0], (name, value)], 400, "InvalidParameter", &message);
    }
    let shared = disk(&world, SHARED);
    attach(&world, &instance_id, &shared);
    let message = "Multi attach disk does not support this operation.";
    refused(&world, "ReInitDisk", &[("DiskId", &shared)], 403, "InvalidOperation.MultiAttachDisk", message);
    world.ecs("ReInitDisk", &parameters);
}

#[test]
fn a_disk_is_initialised_again_only_while_its_source_is_there() {
    let world = World::new();
    let source = snapshot(&world, &disk(&world, OPEN), "accomplished", |_| {});
    let (_, disk_id) = stopped_with_disk(&world, &[("DiskCategory", "cloud_essd"), ("SnapshotId", &source)]);
    world.ecs("ReInitDisk", &[("DiskId", &disk_id)]);
    world.settle();
    world.store(move |tx| snapshots::delete(tx, &source));
    let message = "The source snapshot of the disk has been deleted and cannot support the current operation.";
    refused(&world, "ReInitDisk", &[("DiskId", &disk_id)], 403, "InvalidSourceSnapshot", message);
    change(&world, &disk_id, |disk| {
        disk.source_snapshot_id.clear();
        "m-bp1gone".clone_into(&mut disk.image_id);
    });
    let message = "The specified ImageId does not exist.";
    refused(&world, "ReInitDisk", &[("DiskId", &disk_id)], 404, "InvalidImageId.NotFound", message);
}

#[test]
fn a_system_disk_is_initialised_again_with_new_credentials() {
    let world = World::new();
    let (instance_id, disk_id) = detached_system_disk(&world);
    let attachment =
        [("InstanceId", &*instance_id), ("DiskId", &*disk_id), ("Bootable", "true"), ("KeyPairName", "first")];
    world.ecs("AttachDisk", &attachment);
    world.ecs("ReInitDisk", &[("DiskId", &disk_id), ("KeyPairName", "second")]);
    assert_eq!(world.row::<Instance>(&instance_id).key_pair_name, "second");
    world.settle();
    let mut instance: Instance = world.row(&instance_id);
    "windows".clone_into(&mut instance.os_type);
    world.store(move |tx| instance.update(tx));
    let message = "The instance creating is windows, cannot use ssh key pair to login.";
    let parameters = [("DiskId", &*disk_id), ("KeyPairName", "third")];
    refused(&world, "ReInitDisk", &parameters, 403, "DependencyViolation.WindowsInstance", message);
}

#[test]
fn a_disk_is_reset_to_its_own_snapshot_attached_or_not() {
    let world = World::new();
    let (_, used) = stopped_with_disk(&world, OPEN);
    for (disk_id, before) in [(used, "In_use"), (disk(&world, OPEN), "Available")] {
        let snapshot_id = snapshot(&world, &disk_id, "accomplished", |_| {});
        world.ecs("ResizeDisk", &[("DiskId", &disk_id), ("NewSize", "60")]);
        let parameters = [("DiskId", &*disk_id), ("SnapshotId", &*snapshot_id), ("DryRun", "true")];
        let message = "Request validation has been passed with DryRun flag set.";
        refused(&world, "ResetDisk", &parameters, 400, "DryRunOperation", message);
        assert_eq!(shown(&world, &disk_id)["Status"], before);
        world.ecs("ResetDisk", &parameters[..2]);
        assert_eq!(shown(&world, &disk_id)["Status"], "ReIniting");
        let message =
            "The operation cannot be performed because the disk has an ongoing reset task, please try again later.";
        refused(&world, "ResetDisk", &parameters[..2], 403, "InvalidOperation.DiskResetInProgress", message);
        world.settle();
        let seen = shown(&world, &disk_id);
        assert_eq!((&seen["Status"], &seen["Size"]), (&before.into(), &60.into()));
    }
}

#[test]
fn reset_disk_refuses_what_is_not_the_disks_or_not_at_rest() {
    let world = World::new();
    let (instance_id, disk_id) = stopped_with_disk(&world, OPEN);
    let own = snapshot(&world, &disk_id, "accomplished", |_| {});
    let of_another = snapshot(&world, &disk(&world, OPEN), "accomplished", |_| {});
    let copy = snapshot(&world, &disk_id, "accomplished", |copy| "s-bp1x".clone_into(&mut copy.source_snapshot_id));
    let theirs = snapshot(&world, &disk_id, "accomplished", |theirs| {
        theirs.account = AccountId::parse("1999999999999999").unwrap();
    });
    let another = "The specified snapshot is not created from the specified disk.";
    let no_snapshot = "The specified SnapshotId does not exist.";
    for (disk_id, snapshot_id, status, code, message) in [
        ("d-bp1x", &own, 404, "InvalidDiskId.NotFound", NO_DISK),
        (&*disk_id, &"s-bp1x".to_owned(), 404, "InvalidSnapshotId.NotFound", no_snapshot),
        (&disk_id, &theirs, 404, "InvalidSnapshotId.NotFound", no_snapshot),
        (&disk_id, &of_another, 403, "InvalidParameter.Mismatch", another),
        (&disk_id, &copy, 403, "InvalidParameter.Mismatch", another),
    ] {
        refused(&world, "ResetDisk", &[("DiskId", disk_id), ("SnapshotId", snapshot_id)], status, code, message);
    }
    let parameters = [("DiskId", &*disk_id), ("SnapshotId", &*own)];
    set_status(&world, &instance_id, "Running");
    refused(&world, "ResetDisk", &parameters, 403, "IncorrectInstanceStatus", RESOURCE_STATUS);
    set_status(&world, &instance_id, "Stopped");
    change(&world, &disk_id, |disk| "Creating".clone_into(&mut disk.status));
    refused(&world, "ResetDisk", &parameters, 403, "IncorrectDiskStatus", DISK_STATUS);
    change(&world, &disk_id, |disk| "In_use".clone_into(&mut disk.status));
    let unfinished = snapshot(&world, &disk_id, "progressing", |_| {});
    let message = "The current disk has unfinished snapshot.";
    refused(&world, "ResetDisk", &parameters, 403, "IncorrectDiskStatus.HasUnfinishedSnapshot", message);
    let to_unfinished = [("DiskId", &*disk_id), ("SnapshotId", &*unfinished)];
    let message = "The specified snapshot has not completed yet.";
    refused(&world, "ResetDisk", &to_unfinished, 403, "InvalidSnapshotId.NotReady", message);
}

/// A snapshot with a data key of its own under a KMS key, as CreateSnapshot wraps it.
fn encrypted_snapshot(world: &World, disk_id: &str, key_id: &str) -> String {
    let snapshot_id = snapshot(world, disk_id, "accomplished", |_| {});
    let context =
        format!(r#"{{"acs:account":"{}","acs:region":"{REGION}","acs:snapshot":"{snapshot_id}"}}"#, world.account);
    let parameters = [("KeyId", key_id), ("Plaintext", "a-data-key"), ("EncryptionContext", &context)];
    let blob = text(&world.root(Product::Kms, "Encrypt", &parameters), "CiphertextBlob");
    let mut snapshot: Snapshot = world.row(&snapshot_id);
    snapshot.kms_key_id = Some(key_id.to_owned());
    snapshot.wrapped_data_key = Some(blob);
    world.store(move |tx| snapshot.update(tx));
    snapshot_id
}

#[test]
fn a_disk_is_reset_only_while_its_key_and_the_snapshots_open() {
    let world = World::new();
    world.disk_encryption_role();
    let (key_of_disk, key_of_snapshot) = (world.customer_key(), world.customer_key());
    let disk_id = disk(
        &world,
        &[("DiskCategory", "cloud_essd"), ("Size", "40"), ("Encrypted", "true"), ("KMSKeyId", &key_of_disk)],
    );
    let snapshot_id = encrypted_snapshot(&world, &disk_id, &key_of_snapshot);
    let parameters = [("DiskId", &*disk_id), ("SnapshotId", &*snapshot_id)];
    for key_id in [&key_of_disk, &key_of_snapshot] {
        world.root(Product::Kms, "DisableKey", &[("KeyId", key_id)]);
        let message = "The CMK needs to be enabled.";
        refused(&world, "ResetDisk", &parameters, 403, "InvalidParameter.KMSKeyId.CMKNotEnabled", message);
        world.root(Product::Kms, "EnableKey", &[("KeyId", key_id)]);
    }
    world.ecs("ResetDisk", &parameters);
    world.settle();
    let plain = disk(&world, OPEN);
    let of_plain = encrypted_snapshot(&world, &plain, &key_of_snapshot);
    let message = "Non-encrypted disk can not be reset by encrypted snapshot.";
    refused(
        &world,
        "ResetDisk",
        &[("DiskId", &plain), ("SnapshotId", &of_plain)],
        403,
        "InvalidParameter.Mismatch",
        message,
    );
    world.root(Product::Kms, "ScheduleKeyDeletion", &[("KeyId", &key_of_snapshot), ("PendingWindowInDays", "7")]);
    world.advance(8 * 24 * 3_600_000);
    let message = "The specified KMSKeyId does not exist.";
    refused(&world, "ResetDisk", &parameters, 404, "InvalidParameter.KMSKeyId.NotFound", message);
}

#[test]
fn several_disks_are_reset_each_by_itself() {
    let world = World::new();
    let (first, second) = (disk(&world, OPEN), disk(&world, OPEN));
    let snapshot_id = snapshot(&world, &first, "accomplished", |_| {});
    let of_second = snapshot(&world, &second, "accomplished", |_| {});
    let region = ("RegionId", REGION);
    let pairs = [
        region,
        ("Disk.1.DiskId", &*first),
        ("Disk.1.SnapshotId", &*snapshot_id),
        ("Disk.2.DiskId", &*second),
        ("Disk.2.SnapshotId", &*snapshot_id),
        ("Disk.3.DiskId", &*first),
        ("Disk.3.SnapshotId", &*snapshot_id),
    ];
    let dry = [&pairs[..], &[("DryRun", "true")]].concat();
    let message = "The specified snapshot is not created from the specified disk.";
    refused(&world, "ResetDisks", &dry, 403, "InvalidParameter.Mismatch", message);
    let dry = [&pairs[..3], &[("DryRun", "true")]].concat();
    let message = "Request validation has been passed with DryRun flag set.";
    refused(&world, "ResetDisks", &dry, 400, "DryRunOperation", message);
    let answer = world.ecs("ResetDisks", &pairs);
    let outcomes = answer["OperationProgressSet"]["OperationProgress"].as_array().unwrap();
    let codes: Vec<(String, String)> =
        outcomes.iter().map(|outcome| (text(outcome, "OperationStatus"), text(outcome, "ErrorCode"))).collect();
    let expected =
        [("Success", ""), ("Failed", "InvalidParameter.Mismatch"), ("Failed", "InvalidOperation.DiskResetInProgress")];
    assert_eq!(codes, expected.map(|(status, code)| (status.to_owned(), code.to_owned())));
    assert_eq!(outcomes[0]["RelatedItemSet"]["RelatedItem"][0], serde_json::json!({"Name":"DiskId","Value":first}));
    assert_eq!(
        (shown(&world, &first)["Status"].clone(), shown(&world, &second)["Status"].clone()),
        ("ReIniting".into(), "Available".into())
    );
    world.settle();
    let elsewhere = [("RegionId", "cn-beijing"), ("Disk.1.DiskId", &*second), ("Disk.1.SnapshotId", &*of_second)];
    let answer = world.ecs("ResetDisks", &elsewhere);
    assert_eq!(answer["OperationProgressSet"]["OperationProgress"][0]["ErrorCode"], "InvalidDiskId.NotFound");
    let many: Vec<(String, &str)> =
        (1..=11).flat_map(|n| [(format!("Disk.{n}.DiskId"), "d"), (format!("Disk.{n}.SnapshotId"), "s")]).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, id)| (&**name, *id)).chain([region]).collect();
    for (parameters, status, code, message) in [
        (&[region][..], 400, "MissingDisk", "Disk is mandatory for this action."),
        (
            &[region, ("Disk.1.DiskId", "d")],
            400,
            "MissingParameter",
            "The input parameter Disk.1.SnapshotId that is mandatory for processing this request is not supplied.",
        ),
        (&many, 400, "InvalidParameter", "The specified parameter \"Disk\" is not valid."),
        (
            &[("RegionId", "mars"), ("Disk.1.DiskId", "d"), ("Disk.1.SnapshotId", "s")],
            404,
            "InvalidRegionId.NotFound",
            "The specified RegionId does not exist.",
        ),
    ] {
        refused(&world, "ResetDisks", parameters, status, code, message);
    }
}

#[test]
fn there_is_nothing_to_tell_of_a_disk_that_no_volume_serves() {
    let world = World::new();
    let disk_id = disk(&world, OPEN);
    let at = |ms: i64| Timestamp::from_unix_ms(world.clock.now().unix_ms() + ms).to_iso8601();
    let (hour, day) = (3_600_000, 24 * 3_600_000);
    let ask = |start: &str, end: &str, period: &'static str| {
        let parameters = [("DiskId", &*disk_id), ("StartTime", start), ("EndTime", end), ("Period", period)];
        let (status, body) = world.call(&support::root(), Product::Ecs, "DescribeDiskMonitorData", &parameters);
        (status, body["Code"].as_str().unwrap_or_default().to_owned(), body)
    };
    for (start, end, period) in
        [(at(-hour), at(0), ""), (at(-2 * day), at(0), "600"), (at(-16 * day), at(0), "3600"), (at(0), at(0), "60")]
    {
        let (status, _, body) = ask(&start, &end, period);
        assert_eq!((status, &body["TotalCount"]), (200, &0.into()), "{body}");
        assert_eq!(body["MonitorData"]["DiskMonitorData"], serde_json::json!([]));
    }
    // 400 minutes and a second are rounded up to 401.
    let rounded = Timestamp::from_unix_ms(world.clock.now().unix_ms() / 60_000 * 60_000);
    let (from, until) = (rounded.plus_ms(-401 * 60_000).to_iso8601(), rounded.plus_ms(-60_000 + 1000).to_iso8601());
    assert_eq!(ask(&from, &until, "60").1, "InvalidParameter.TooManyDataQueried");
    for (start, end, period, code) in [
        (at(-8 * hour), at(0), "60", "InvalidParameter.TooManyDataQueried"),
        (at(-31 * day), at(-30 * day), "3600", "InvalidStartTime.TooEarly"),
        (at(0), at(-hour), "60", "InvalidParameter.EndTime"),
        (at(-hour), at(0), "300", "InvalidPeriod.ValueNotSupported"),
        ("yesterday".to_owned(), at(0), "60", "InvalidStartTime.Malformed"),
        (at(-hour), "2026-05-28T00:00Z".to_owned(), "60", "InvalidEndTime.Malformed"),
    ] {
        let (status, got, _) = ask(&start, &end, period);
        assert_eq!((status, &*got), (400, code), "{start} {end} {period}");
    }
    let parameters = [("DiskId", "d-bp1x"), ("StartTime", &*at(-hour)), ("EndTime", &*at(0))];
    let message = "The DiskId provided does not exist in our records.";
    refused(&world, "DescribeDiskMonitorData", &parameters, 404, "InvalidDiskId.NotFound", message);
    assert!(world.row::<Disk>(&disk_id).attached_at.is_none());
}

#[test]
fn an_instance_does_not_start_while_one_of_its_disks_is_being_changed() {
    let world = World::new();
    let instance_id = support::instances::running(&world, &[]);
    let disk_id = disk(&world, OPEN);
    attach(&world, &instance_id, &disk_id);
    world.ecs("StopInstance", &[("InstanceId", &instance_id)]);
    world.settle();
    world.ecs("ReInitDisk", &[("DiskId", &disk_id)]);
    let start = [("InstanceId", &*instance_id)];
    refused(&world, "StartInstance", &start, 403, "IncorrectInstanceStatus", RESOURCE_STATUS);
    world.settle();
    world.ecs("StartInstance", &start);
    world.settle();
    assert_eq!(shown(&world, &disk_id)["Status"], "In_use");
    let left = world.db.read(coffer_store::dump::all).unwrap();
    assert!(left["jobs"].is_empty(), "what is done leaves no job behind: {:?}", left["jobs"]);
}
