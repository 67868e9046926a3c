//! What Terraform's provider `alicloud` sends for its resources, in its order and with its parameters, and what it reads of the
//! answers: the fields it would stumble over if they were missing or of another type, and the codes it retries on or takes for "gone".

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use serde_json::{Value, json};
use support::instances::{run, running};
use support::{REGION, World, ZONE, text};

const HERE: (&str, &str) = ("RegionId", REGION);

/// What the provider makes of an error.
#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    /// It tries again.
    Retry,
    /// What was to be deleted is not there any more, which is as good.
    Gone,
    /// It gives up.
    Fatal,
}

/// Whether a code is one of `expected`: equal to one or the beginning of one.
fn is_one_of(code: &str, expected: &[&str]) -> bool {
    expected.iter().any(|one| one.starts_with(code))
}

/// Sorts an error by the lists of codes of one of the provider's functions.
fn meaning(world: &World, action: &str, parameters: &[(&str, &str)], retried: &[&str], gone: &[&str]) -> Meaning {
    let (status, code, message) = world.refused(action, parameters);
    if is_one_of(&code, retried) {
        Meaning::Retry
    } else if is_one_of(&code, gone) || status == 404 || message.contains("NotFound") {
        Meaning::Gone
    } else {
        Meaning::Fatal
    }
}

/// The provider's reading of a disk; `None` when it takes it for gone.
fn read_disk(world: &World, id: &str) -> Option<Value> {
    let answer = world.ecs("DescribeDisks", &[HERE, ("DiskIds", &format!(r#"["{id}"]"#))]);
    let disk = answer["Disks"]["Disk"].as_array().unwrap().first().cloned()?;
    assert_eq!(disk["DiskId"], id);
    assert!(disk["Status"].is_string());
    Some(disk)
}

/// Members of an answer that are read, by type.
fn are(of: &Value, texts: &[&str], numbers: &[&str], flags: &[&str]) {
    for name in texts {
        assert!(of[name].is_string(), "{name} in {of}");
    }
    for name in numbers {
        assert!(of[name].is_i64(), "{name} in {of}");
    }
    for name in flags {
        assert!(of[name].is_boolean(), "{name} in {of}");
    }
}

/// What CreateDisk is sent for a resource that says no more than it must.
fn new_disk<'a>(token: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let always = [HERE, ("ClientToken", token), ("DiskCategory", "cloud_efficiency"), ("Size", "20"), ("ZoneId", ZONE)];
    [&always, more].concat()
}

fn create_disk(world: &World, token: &str, more: &[(&str, &str)]) -> String {
    let id = text(&world.ecs("CreateDisk", &new_disk(token, more)), "DiskId");
    assert!(matches!(&*text(&read_disk(world, &id).unwrap(), "Status"), "Available" | "In_use"));
    id
}

#[test]
fn a_disk_is_made_read_and_found_as_its_resource_says_at_once() {
    let world = World::new();
    let named = [("DiskName", "tf"), ("Description", "tf"), ("Tag.1.Key", "Created"), ("Tag.1.Value", "TF")];
    let id = create_disk(&world, "TF-CreateDisk-1", &named);
    // A retry of a call whose answer was lost.
    assert_eq!(create_disk(&world, "TF-CreateDisk-1", &named), id);
    let disk = read_disk(&world, &id).unwrap();
    are(
        &disk,
        &[
            "Category",
            "CreationTime",
            "Description",
            "DiskChargeType",
            "DiskName",
            "InstanceId",
            "KMSKeyId",
            "MultiAttach",
            "PerformanceLevel",
            "RegionId",
            "ResourceGroupId",
            "SourceSnapshotId",
            "StorageSetId",
            "ZoneId",
        ],
        &["Size"],
        &["BurstingEnabled", "DeleteAutoSnapshot", "DeleteWithInstance", "EnableAutoSnapshot", "Encrypted"],
    );
    // What the resource has by default must be there without another call, or every plan shows a difference.
    for (name, value) in [
        ("DeleteAutoSnapshot", json!(false)),
        ("DeleteWithInstance", json!(false)),
        ("DiskChargeType", json!("PostPaid")),
        ("Category", json!("cloud_efficiency")),
        ("Size", json!(20)),
        ("DiskName", json!("tf")),
        ("Description", json!("tf")),
        ("SourceSnapshotId", json!("")),
        ("ZoneId", json!(ZONE)),
        ("Tags", json!({"Tag": [{"TagKey": "Created", "TagValue": "TF"}]})),
    ] {
        assert_eq!(disk[name], value, "{name}");
    }
    assert!(disk.get("ProvisionedIops").is_none_or(Value::is_i64), "null would set it to nothing");
}

#[test]
fn a_disk_is_updated_by_as_many_calls_as_it_has_kinds_of_changes() {
    let world = World::new();
    let id = create_disk(&world, "TF-CreateDisk-1", &[("Tag.1.Key", "old"), ("Tag.1.Value", "1")]);
    let on_disk = ("DiskId", &*id);
    let attributes =
        [("DiskName", "renamed"), ("Description", ""), ("DeleteAutoSnapshot", "true"), ("EnableAutoSnapshot", "false")];
    world.ecs("ModifyDiskAttribute", &[&[on_disk, HERE, ("DeleteWithInstance", "true")], &attributes[..]].concat());
    let grown = [on_disk, ("ClientToken", "TF-ResizeDisk-1"), ("NewSize", "70"), ("Type", "offline")];
    world.ecs("ResizeDisk", &grown);
    world.ecs("ResizeDisk", &grown);
    world.ecs(
        "ModifyDiskSpec",
        &[on_disk, ("PerformanceLevel", "PL1"), ("DiskCategory", "cloud_essd"), ("DryRun", "false")],
    );
    // It waits for one of these; the job of the change may not have run.
    assert_eq!(read_disk(&world, &id).unwrap()["Status"], "Available");
    let resource = [HERE, ("ResourceType", "disk"), ("ResourceId.1", &*id)];
    world.ecs("UntagResources", &[&resource[..], &[("TagKey.1", "old")]].concat());
    world.ecs("TagResources", &[&resource[..], &[("Tag.1.Key", "new"), ("Tag.1.Value", "2")]].concat());
    world.settle();
    let disk = read_disk(&world, &id).unwrap();
    for (name, value) in [
        ("DiskName", json!("renamed")),
        ("Description", json!("")),
        ("DeleteAutoSnapshot", json!(true)),
        ("DeleteWithInstance", json!(true)),
        ("EnableAutoSnapshot", json!(false)),
        ("Size", json!(70)),
        ("Category", json!("cloud_essd")),
        ("PerformanceLevel", json!("PL1")),
        ("Tags", json!({"Tag": [{"TagKey": "new", "TagValue": "2"}]})),
    ] {
        assert_eq!(disk[name], value, "{name}");
    }
    // To cloud_auto, with what only that has: IOPS with the change, bursting once it is done.
    world.ecs("ModifyDiskSpec", &[on_disk, ("DiskCategory", "cloud_auto"), ("ProvisionedIops", "100")]);
    world.settle();
    world.ecs("ModifyDiskAttribute", &[on_disk, HERE, ("BurstingEnabled", "true")]);
    let disk = read_disk(&world, &id).unwrap();
    assert_eq!((&disk["ProvisionedIops"], &disk["BurstingEnabled"]), (&json!(100), &json!(true)));
}

#[test]
fn an_encrypted_disk_shows_what_was_asked_for_and_a_forced_one_what_was_not() {
    let world = World::new();
    world.disk_encryption_role();
    let key = world.customer_key();
    let asked = [("Encrypted", "true"), ("KMSKeyId", &*key)];
    let disk = read_disk(&world, &create_disk(&world, "1", &asked)).unwrap();
    assert_eq!((&disk["Encrypted"], &disk["KMSKeyId"]), (&json!(true), &json!(key)));
    // alicloud_ecs_disk_encryption_by_default and alicloud_ecs_disk_default_kms_key.
    world.ecs("EnableDiskEncryptionByDefault", &[HERE]);
    assert_eq!(world.ecs("DescribeDiskEncryptionByDefaultStatus", &[HERE])["Encrypted"], true);
    world.ecs("ModifyDiskDefaultKMSKeyId", &[HERE, ("KMSKeyId", &key)]);
    assert_eq!(world.ecs("DescribeDiskDefaultKMSKeyId", &[HERE])["KMSKeyId"], key.as_str());
    let disk = read_disk(&world, &create_disk(&world, "2", &[])).unwrap();
    assert_eq!((&disk["Encrypted"], &disk["KMSKeyId"]), (&json!(true), &json!(key)));
    // `encrypted = false` is sent, and can't be had: that is no error to try again on, nor one that means "gone".
    let refused = meaning(&world, "CreateDisk", &new_disk("3", &[("Encrypted", "false")]), &DISK_RETRIED, &[]);
    assert_eq!(refused, Meaning::Fatal);
    world.ecs("ResetDiskDefaultKMSKeyId", &[HERE]);
    let filters = r#"[{"Key":"AliasName", "Values":["acs/ecs"]}]"#;
    let keys = world.root(Product::Kms, "ListKeys", &[("Filters", filters), ("PageSize", "50"), ("PageNumber", "1")]);
    let default = world.ecs("DescribeDiskDefaultKMSKeyId", &[HERE]);
    assert_eq!(keys["Keys"]["Key"][0]["KeyId"], default["KMSKeyId"]);
    assert!(default["KMSKeyId"].is_string());
    world.ecs("DisableDiskEncryptionByDefault", &[HERE]);
    for action in ["DisableDiskEncryptionByDefault", "ResetDiskDefaultKMSKeyId"] {
        assert_eq!(meaning(&world, action, &[HERE], &[], &[]), Meaning::Fatal, "{action}, as with the vendor");
    }
}

const DISK_RETRIED: [&str; 4] = ["ServiceUnavailable", "UnknownError", "LastTokenProcessing", "Throttling"];
const DELETE_RETRIED: [&str; 1] = ["IncorrectDiskStatus.Initializing"];
const ATTACH_RETRIED: [&str; 6] = [
    "IncorrectDiskStatus",
    "IncorrectInstanceStatus",
    "OperationConflict",
    "InternalError",
    "InvalidOperation.Conflict",
    "IncorrectDiskStatus.Initializing",
];
const DETACH_GONE: [&str; 4] = [
    "InvalidDisk.AlreadyDetached",
    "InvalidDiskId.NotFound",
    "InvalidDiskId.OperationNotSupported",
    "InvalidInstanceId.NotFound",
];

#[test]
fn a_disk_is_deleted_once_and_a_second_deletion_finds_it_gone() {
    let world = World::new();
    let id = create_disk(&world, "1", &[]);
    let disk = read_disk(&world, &id).unwrap();
    assert_eq!((&disk["DiskChargeType"], &disk["DeleteWithInstance"]), (&json!("PostPaid"), &json!(false)));
    world.ecs("DeleteDisk", &[("DiskId", &id)]);
    assert_eq!(read_disk(&world, &id), None);
    assert_eq!(meaning(&world, "DeleteDisk", &[("DiskId", &id)], &DELETE_RETRIED, &[]), Meaning::Gone);
    // One that something is done to is tried again until it can be deleted.
    let busy = world.used_disk(&[]);
    let snapshot = world.done_snapshot(&busy, &[]);
    world.ecs("ResetDisk", &[("DiskId", &busy), ("SnapshotId", &snapshot)]);
    assert_eq!(meaning(&world, "DeleteDisk", &[("DiskId", &busy)], &DELETE_RETRIED, &[]), Meaning::Retry);
    world.settle();
    world.ecs("DeleteDisk", &[("DiskId", &busy)]);
    // One that is attached is not.
    let (used, instance) = (create_disk(&world, "2", &[]), running(&world, &[]));
    world.ecs("AttachDisk", &[("InstanceId", &instance), ("DiskId", &used)]);
    assert_eq!(meaning(&world, "DeleteDisk", &[("DiskId", &used)], &DELETE_RETRIED, &[]), Meaning::Fatal);
}

#[test]
fn a_disk_is_attached_read_by_its_disk_and_detached() {
    let world = World::new();
    let (disk, instance) = (create_disk(&world, "1", &[]), run(&world, &[]).pop().unwrap());
    let old = read_disk(&world, &disk).unwrap();
    let asked =
        [("Bootable", "false"), ("DeleteWithInstance", "false"), ("DiskId", &*disk), ("InstanceId", &*instance)];
    assert_eq!(meaning(&world, "AttachDisk", &asked, &ATTACH_RETRIED, &[]), Meaning::Retry, "it is starting");
    world.settle();
    world.ecs("AttachDisk", &asked);
    let new = read_disk(&world, &disk).unwrap();
    assert_eq!((&new["Status"], &new["InstanceId"]), (&json!("In_use"), &json!(instance)));
    assert_eq!(new["Device"], "/dev/xvdb");
    assert_eq!(new["DeleteAutoSnapshot"], old["DeleteAutoSnapshot"], "it would be set back");
    assert!(new["DeleteAutoSnapshot"].is_boolean());
    let detach = [("DiskId", &*disk), ("InstanceId", &*instance), ("DeleteWithInstance", "false")];
    world.ecs("DetachDisk", &detach);
    let free = read_disk(&world, &disk).unwrap();
    assert_eq!((&free["Status"], &free["InstanceId"]), (&json!("Available"), &json!("")));
    for step in ["detached", "deleted", "without its instance"] {
        match step {
            "deleted" => drop(world.ecs("DeleteDisk", &[("DiskId", &disk)])),
            "without its instance" => {
                drop(world.ecs("DeleteInstance", &[("InstanceId", &instance), ("Force", "true")]));
            }
            _ => {}
        }
        assert_eq!(meaning(&world, "DetachDisk", &detach, &ATTACH_RETRIED, &DETACH_GONE), Meaning::Gone, "{step}");
    }
    assert_eq!(read_disk(&world, &disk), None);
}

#[test]
fn the_data_source_of_disks_finds_every_field_that_it_converts() {
    let world = World::new();
    create_disk(&world, "1", &[]);
    create_disk(&world, "2", &[("Encrypted", "true")]);
    let mut seen = 0;
    for (page, disks) in [("1", 2), ("2", 0)] {
        let answer = world.ecs("DescribeDisks", &[HERE, ("PageSize", "100"), ("PageNumber", page)]);
        assert_eq!(answer["TotalCount"], 2);
        let found = answer["Disks"]["Disk"].as_array().unwrap();
        assert_eq!(found.len(), disks);
        for disk in found {
            are(
                disk,
                &["DiskChargeType", "AttachedTime", "DetachedTime", "ExpiredTime", "Device", "AutoSnapshotPolicyId"],
                &["IOPS", "IOPSRead", "IOPSWrite", "MountInstanceNum", "Size"],
                &["Encrypted", "EnableAutomatedSnapshotPolicy", "Portable"],
            );
            assert!(disk["OperationLocks"]["OperationLock"].is_array());
            assert!(disk["MountInstances"]["MountInstance"].is_array());
            assert!(disk["Tags"]["Tag"].is_array());
            seen += 1;
        }
    }
    assert_eq!(seen, 2);
    for (filter, expected) in [
        (("Encrypted", "true"), 1),
        (("Encrypted", "false"), 1),
        (("DeleteAutoSnapshot", "true"), 0),
        (("EnableAutoSnapshot", "false"), 0),
        (("Category", "cloud"), 0),
    ] {
        let answer = world.ecs("DescribeDisks", &[HERE, ("PageSize", "100"), ("PageNumber", "1"), filter]);
        assert_eq!(answer["Disks"]["Disk"].as_array().unwrap().len(), expected, "{filter:?}");
    }
}
