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

/// The attributes that the provider asks of an instance besides: by its old client, and by its new one.
const ATTRIBUTES: [[&str; 4]; 2] = [
    ["META_OPTIONS", "NETWORK_PRIMARY_ENI_IP", "LOGIN_AS_NON_ROOT", "DISK_HIGH_DENSITY_MODE"],
    ["META_OPTIONS", "NETWORK_PRIMARY_ENI_IP", "LOGIN_AS_NON_ROOT", "CPU_OPTIONS_TOPOLOGY_TYPE"],
];

/// The provider's listing of an instance; `None` when it takes it for gone.
fn list_instance(world: &World, id: &str, attributes: [&str; 4]) -> Option<Value> {
    let ids = format!(r#"["{id}"]"#);
    let mut asked = vec![HERE, ("InstanceIds", &*ids)];
    let names =
        ["AdditionalAttributes.1", "AdditionalAttributes.2", "AdditionalAttributes.3", "AdditionalAttributes.4"];
    asked.extend(names.into_iter().zip(attributes));
    world.ecs("DescribeInstances", &asked)["Instances"]["Instance"].as_array().unwrap().first().cloned()
}

/// All that the provider calls to read an instance. Each must succeed and find it, or the resource can't be read.
fn read_instance(world: &World, id: &str) -> Option<Value> {
    let instance = list_instance(world, id, ATTRIBUTES[0])?;
    let (on_instance, ids) = (("InstanceId", id), format!(r#"["{id}"]"#));
    let system = world.ecs("DescribeDisks", &[HERE, on_instance, ("DiskType", "system")]);
    assert_eq!(system["Disks"]["Disk"][0]["InstanceId"], id);
    assert!(world.ecs("DescribeUserData", &[HERE, on_instance])["UserData"].is_string());
    let roles = world.ecs("DescribeInstanceRamRole", &[HERE, ("InstanceIds", &ids)]);
    assert!(roles["InstanceRamRoleSets"]["InstanceRamRoleSet"].is_array());
    for interface in instance["NetworkInterfaces"]["NetworkInterface"].as_array().unwrap() {
        let interface_id = text(interface, "NetworkInterfaceId");
        let found = world.ecs("DescribeNetworkInterfaces", &[HERE, ("NetworkInterfaceId.1", &interface_id)]);
        let found = &found["NetworkInterfaceSets"]["NetworkInterfaceSet"][0];
        assert_eq!(found["NetworkInterfaceId"], interface_id.as_str());
        are(found, &["NetworkInterfaceTrafficMode", "VSwitchId"], &[], &["SourceDestCheck"]);
        assert!(found["Attachment"]["NetworkCardIndex"].is_i64());
        let addresses = found["PrivateIpSets"]["PrivateIpSet"].as_array().unwrap();
        assert!(addresses.iter().all(|address| address["Primary"].is_boolean()));
        assert_eq!(found["Ipv6Sets"]["Ipv6Set"], json!([]));
    }
    let maintained = world.ecs("DescribeInstanceMaintenanceAttributes", &[HERE, ("InstanceId.1", id)]);
    let maintained = &maintained["MaintenanceAttributes"]["MaintenanceAttribute"][0];
    assert_eq!(maintained["InstanceId"], id);
    assert!(maintained["MaintenanceWindows"]["MaintenanceWindow"].is_array());
    assert!(maintained["ActionOnMaintenance"]["Value"].is_string() && maintained["NotifyOnMaintenance"].is_boolean());
    assert_eq!(world.ecs("DescribeInstanceAttribute", &[HERE, on_instance])["InstanceId"], id);
    let attached = world.ecs("DescribeInstanceAttachmentAttributes", &[HERE, ("InstanceIds", &ids)]);
    are(&attached["Instances"]["Instance"][0], &["PrivatePoolOptionsMatchCriteria", "PrivatePoolOptionsId"], &[], &[]);
    let again = list_instance(world, id, ATTRIBUTES[1]).unwrap();
    assert!(again["CpuOptions"]["CoreCount"].is_i64() && again["CpuOptions"]["ThreadsPerCore"].is_i64());
    assert!(again["SpotInterruptionBehavior"].is_string());
    Some(instance)
}

/// What RunInstances is sent for a resource with a data disk.
const NEW_INSTANCE: [(&str, &str); 20] = [
    ("ClientToken", "TF-RunInstances-1"),
    ("ZoneId", ZONE),
    ("SystemDisk.Category", "cloud_essd"),
    ("SystemDisk.Size", "40"),
    ("SystemDisk.PerformanceLevel", "PL0"),
    ("InstanceName", "tf"),
    ("InternetChargeType", "PayByTraffic"),
    ("InternetMaxBandwidthOut", "10"),
    ("InstanceChargeType", "PostPaid"),
    ("SpotStrategy", "NoSpot"),
    ("DryRun", "false"),
    ("DeletionProtection", "false"),
    ("VSwitchId", "vsw-bp1aaaaaaaaaaaaaaaaa"),
    ("SecurityGroupIds.1", "sg-bp1aaaaaaaaaaaaaaaaa"),
    ("UserData", "ZWNobyBoZWxsbw=="),
    ("Tag.1.Key", "Created"),
    ("Tag.1.Value", "TF"),
    ("DataDisk.1.DeleteWithInstance", "true"),
    ("DataDisk.1.Encrypted", "false"),
    ("DataDisk.1.Size", "20"),
];

#[test]
fn an_instance_is_made_waited_for_and_read_in_full() {
    let world = World::new();
    let made = run(&world, &NEW_INSTANCE).pop().unwrap();
    assert_eq!(run(&world, &NEW_INSTANCE), [&*made], "a retry of a call whose answer was lost");
    let status = |id: &str| text(&list_instance(&world, id, ATTRIBUTES[0]).unwrap(), "Status");
    assert!(["Pending", "Starting"].contains(&&*status(&made)));
    world.settle();
    assert_eq!(status(&made), "Running");
    let instance = read_instance(&world, &made).unwrap();
    are(
        &instance,
        &[
            "AutoReleaseTime",
            "CreationTime",
            "CreditSpecification",
            "DeploymentSetId",
            "Description",
            "ExpiredTime",
            "HostName",
            "HpcClusterId",
            "KeyPairName",
            "OSName",
            "OSType",
            "ResourceGroupId",
            "StartTime",
            "StoppedMode",
            "Status",
        ],
        &["Cpu", "InternetMaxBandwidthIn", "InternetMaxBandwidthOut", "Memory"],
        &["DeletionProtection"],
    );
    for (name, value) in [
        ("InstanceName", json!("tf")),
        ("InstanceChargeType", json!("PostPaid")),
        ("InternetChargeType", json!("PayByTraffic")),
        ("InternetMaxBandwidthOut", json!(10)),
        ("SpotStrategy", json!("NoSpot")),
        ("DeletionProtection", json!(false)),
        ("SecurityGroupIds", json!({"SecurityGroupId": ["sg-bp1aaaaaaaaaaaaaaaaa"]})),
        ("Tags", json!({"Tag": [{"TagKey": "Created", "TagValue": "TF"}]})),
        ("ZoneId", json!(ZONE)),
        ("PublicIpAddress", json!({"IpAddress": []})),
    ] {
        assert_eq!(instance[name], value, "{name}");
    }
    assert!(instance["SpotPriceLimit"].is_f64());
    are(&instance["MetadataOptions"], &["HttpTokens", "HttpEndpoint"], &["HttpPutResponseHopLimit"], &[]);
    assert_eq!(world.ecs("DescribeUserData", &[HERE, ("InstanceId", &made)])["UserData"], "ZWNobyBoZWxsbw==");
}

#[test]
fn the_primary_interface_of_an_instance_has_its_address_and_is_found_by_it() {
    let world = World::new();
    let (first, second) = (running(&world, &NEW_INSTANCE), running(&world, &[]));
    let instance = list_instance(&world, &first, ATTRIBUTES[0]).unwrap();
    let address = &instance["VpcAttributes"]["PrivateIpAddress"]["IpAddress"][0];
    let interfaces = instance["NetworkInterfaces"]["NetworkInterface"].as_array().unwrap();
    assert_eq!(interfaces.len(), 1);
    let shown = &interfaces[0];
    assert_eq!((&shown["Type"], &shown["PrimaryIpAddress"]), (&json!("Primary"), address));
    assert_eq!(shown["PrivateIpSets"]["PrivateIpSet"], json!([{"Primary": true, "PrivateIpAddress": address}]));
    let id = text(shown, "NetworkInterfaceId");
    let list = |filter: &[(&str, &str)]| {
        let answer = world.ecs("DescribeNetworkInterfaces", &[&[HERE], filter].concat());
        let found = answer["NetworkInterfaceSets"]["NetworkInterfaceSet"].as_array().unwrap().clone();
        found.iter().map(|interface| text(interface, "InstanceId")).collect::<Vec<_>>()
    };
    let full = world.ecs("DescribeNetworkInterfaces", &[HERE, ("NetworkInterfaceId.1", &id)]);
    assert_eq!(full["TotalCount"], 1);
    let full = &full["NetworkInterfaceSets"]["NetworkInterfaceSet"][0];
    for name in ["MacAddress", "NetworkInterfaceId", "Type"] {
        assert_eq!(full[name], shown[name], "{name}");
    }
    assert_eq!((&full["PrivateIpAddress"], &full["OwnerId"]), (address, &json!(world.account.as_str())));
    assert_eq!(list(&[]).len(), 2);
    for (filter, found) in [
        (vec![("InstanceId", &*first)], true),
        (vec![("InstanceId", &first), ("NetworkInterfaceId.1", &id)], true),
        (vec![("PrimaryIpAddress", address.as_str().unwrap())], true),
        (vec![("VSwitchId", "vsw-bp1aaaaaaaaaaaaaaaaa")], true),
        (vec![("SecurityGroupId", "sg-bp1aaaaaaaaaaaaaaaaa")], true),
        (vec![("InstanceId", &first), ("Status", "InUse"), ("Type", "Primary"), ("ServiceManaged", "false")], true),
        (vec![("InstanceId", &second), ("NetworkInterfaceId.1", &id)], false),
        (vec![("NetworkInterfaceId.1", &first)], false),
        (vec![("Type", "Secondary")], false),
        (vec![("Status", "Available")], false),
        (vec![("ServiceManaged", "true")], false),
        (vec![("NetworkInterfaceName", "eni")], false),
        (vec![("ResourceGroupId", "rg-1")], false),
        (vec![("VpcId", "vpc-1")], false),
        (vec![("Tag.1.Key", "Created")], false),
        (vec![("Ipv6Address.1", "::1")], false),
        (vec![("PrivateIpAddress.1", "10.0.0.1")], false),
    ] {
        let expected: &[&str] = if found { &[&first] } else { &[] };
        assert_eq!(list(&filter), expected, "{filter:?}");
    }
    let page = world.ecs("DescribeNetworkInterfaces", &[HERE, ("MaxResults", "10")]);
    assert_eq!((&page["NextToken"], &page["TotalCount"]), (&json!(""), &json!(0)));
    for wrong in [("Status", "Broken"), ("Type", "Tertiary"), ("PageSize", "1001")] {
        let (status, code, message) = world.refused("DescribeNetworkInterfaces", &[HERE, wrong]);
        assert_eq!((status, &*code), (400, "InvalidParameter"), "{message}");
        assert!(message.contains(wrong.0), "{message}");
    }
}

#[test]
fn the_roles_of_instances_are_listed_by_instance_and_by_role() {
    let world = World::new();
    let trust = r#"{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow",
        "Principal":{"Service":["ecs.aliyuncs.com"]}}]}"#;
    world.root(Product::Ram, "CreateRole", &[("RoleName", "worker"), ("AssumeRolePolicyDocument", trust)]);
    let (with, without) = (running(&world, &[("RamRoleName", "worker")]), running(&world, &[]));
    let list = |filter: &[(&str, &str)]| {
        let answer = world.ecs("DescribeInstanceRamRole", &[&[HERE], filter].concat());
        (answer["TotalCount"].clone(), answer["InstanceRamRoleSets"]["InstanceRamRoleSet"].clone())
    };
    let both = format!(r#"["{with}","{without}"]"#);
    let one = (json!(1), json!([{"InstanceId": with, "RamRoleName": "worker"}]));
    let none = (json!(0), json!([]));
    assert_eq!(list(&[]), one);
    let named = list(&[("InstanceIds", &both)]);
    assert_eq!(named.0, 2, "an instance without a role, where it is named: {}", named.1);
    assert!(named.1.as_array().unwrap().contains(&json!({"InstanceId": without, "RamRoleName": ""})));
    assert_eq!(list(&[("RamRoleName", "worker")]), one);
    assert_eq!(list(&[("RamRoleName", "manager")]), none);
    assert_eq!(list(&[("InstanceIds", &format!(r#"["{without}"]"#)), ("RamRoleName", "worker")]), none);
}

#[test]
fn an_instance_is_deleted_while_it_runs_and_then_gone() {
    const RETRIED: [&str; 5] = [
        "IncorrectInstanceStatus",
        "DependencyViolation.RouteEntry",
        "IncorrectInstanceStatus.Initializing",
        "Throttling",
        "LastTokenProcessing",
    ];
    const GONE: [&str; 2] = ["InvalidInstanceId.NotFound", "Forbidden.InstanceNotFound"];
    let world = World::new();
    let id = run(&world, &NEW_INSTANCE).pop().unwrap();
    let delete = [("InstanceId", &*id), ("Force", "true")];
    assert_eq!(meaning(&world, "DeleteInstance", &delete, &RETRIED, &GONE), Meaning::Retry, "it is being made");
    world.settle();
    let disks = world.ecs("DescribeDisks", &[HERE, ("InstanceId", &id)])["TotalCount"].clone();
    assert_eq!(disks, 2);
    world.ecs("DeleteInstance", &delete);
    assert_eq!(read_instance(&world, &id), None);
    assert_eq!(world.ecs("DescribeDisks", &[HERE])["TotalCount"], 0);
    assert_eq!(meaning(&world, "DeleteInstance", &delete, &RETRIED, &GONE), Meaning::Gone);
    let user_data = world.refused("DescribeUserData", &[HERE, ("InstanceId", &id)]);
    assert_eq!((user_data.0, &*user_data.1), (404, "InvalidInstanceId.NotFound"));
}

#[test]
fn an_instance_is_updated_while_it_runs_and_stopped_for_another_image() {
    let world = World::new();
    let id = running(&world, &NEW_INSTANCE);
    let on_instance = ("InstanceId", &*id);
    let changes = [
        ("InstanceName", "renamed"),
        ("Description", "tf"),
        ("HostName", "renamed"),
        ("UserData", "ZWNobyBieWU="),
        ("DeletionProtection", "true"),
    ];
    let always = [HERE, ("ClientToken", "TF-ModifyInstanceAttribute-1"), on_instance];
    world.ecs("ModifyInstanceAttribute", &[&always[..], &changes].concat());
    // The tags of its disks: each disk is tagged by itself.
    let disks = world.ecs("DescribeDisks", &[HERE, on_instance]);
    for disk in disks["Disks"]["Disk"].as_array().unwrap() {
        let tag = [("ResourceId.1", &*text(disk, "DiskId")), ("Tag.1.Key", "volume"), ("Tag.1.Value", "1")]
            .map(|(name, value)| (name, value.to_owned()));
        let tag: Vec<_> = tag.iter().map(|(name, value)| (*name, value.as_str())).collect();
        world.ecs("TagResources", &[&[HERE, ("ResourceType", "disk")], &tag[..]].concat());
    }
    let stop = [on_instance, ("ForceStop", "false"), ("StoppedMode", "KeepCharging")];
    world.ecs("StopInstance", &stop);
    let retried = ["IncorrectInstanceStatus"];
    assert_eq!(meaning(&world, "StopInstance", &stop, &retried, &[]), Meaning::Retry);
    world.settle();
    let image = ("ImageId", "aliyun_3_x64_20G_alibase_20250117.vhd");
    let replaced = [on_instance, image, ("SystemDisk.Size", "60"), ("ClientToken", "TF-ReplaceSystemDisk-1")];
    let disk = text(&world.ecs("ReplaceSystemDisk", &replaced), "DiskId");
    world.ecs("StartInstance", &[on_instance]);
    world.settle();
    let instance = read_instance(&world, &id).unwrap();
    for (name, value) in [
        ("InstanceName", json!("renamed")),
        ("Description", json!("tf")),
        ("HostName", json!("renamed")),
        ("DeletionProtection", json!(true)),
        ("ImageId", json!(image.1)),
        ("Status", json!("Running")),
    ] {
        assert_eq!(instance[name], value, "{name}");
    }
    let system = read_disk(&world, &disk).unwrap();
    assert_eq!((&system["Size"], &system["Type"]), (&json!(60), &json!("system")));
    // RunInstances tags the disks too; the new disk has what the old one had.
    let tags = json!([{"TagKey": "Created", "TagValue": "TF"}, {"TagKey": "volume", "TagValue": "1"}]);
    assert_eq!(system["Tags"]["Tag"], tags);
    let user_data = world.ecs("DescribeUserData", &[HERE, on_instance]);
    assert_eq!(user_data["UserData"], "ZWNobyBieWU=");
    let delete = [on_instance, ("Force", "true")];
    assert_eq!(meaning(&world, "DeleteInstance", &delete, &retried, &[]), Meaning::Fatal, "it is protected");
}

#[test]
fn a_snapshot_is_made_waited_for_read_changed_and_deleted() {
    let world = World::new();
    let disk = world.used_disk(&[]);
    let asked = [
        ("ClientToken", "TF-CreateSnapshot-1"),
        ("DiskId", &*disk),
        ("Category", "standard"),
        ("SnapshotName", "tf"),
        ("Description", "tf"),
        ("RetentionDays", "20"),
        ("Tag.1.Key", "Created"),
        ("Tag.1.Value", "TF"),
    ];
    let id = text(&world.ecs("CreateSnapshot", &asked), "SnapshotId");
    let read = || {
        let answer = world.ecs("DescribeSnapshots", &[HERE, ("SnapshotIds", &format!(r#"["{id}"]"#))]);
        answer["Snapshots"]["Snapshot"].as_array().unwrap().first().cloned()
    };
    let progressing = read().unwrap();
    assert_eq!((&progressing["Status"], &progressing["Progress"]), (&json!("progressing"), &json!("0%")));
    world.settle();
    let done = read().unwrap();
    are(&done, &["CreationTime", "RegionId", "ResourceGroupId"], &["RetentionDays"], &["Encrypted"]);
    for (name, value) in [
        ("Status", json!("accomplished")),
        ("Category", json!("standard")),
        ("SourceDiskId", json!(disk)),
        ("SnapshotName", json!("tf")),
        ("Description", json!("tf")),
        ("RetentionDays", json!(20)),
        ("Tags", json!({"Tag": [{"TagKey": "Created", "TagValue": "TF"}]})),
    ] {
        assert_eq!(done[name], value, "{name}");
    }
    let on_snapshot = ("SnapshotId", &*id);
    let changes = [on_snapshot, ("SnapshotName", "renamed"), ("Description", "renamed"), ("RetentionDays", "30")];
    world.ecs("ModifySnapshotAttribute", &changes);
    let after = read().unwrap();
    assert_eq!((&after["SnapshotName"], &after["RetentionDays"]), (&json!("renamed"), &json!(30)));
    let delete = [on_snapshot, ("Force", "true")];
    world.ecs("DeleteSnapshot", &delete);
    assert_eq!(read(), None);
    let gone = ["InvalidResource.NotFound", "InvalidParameter"];
    assert_eq!(meaning(&world, "DeleteSnapshot", &delete, &[], &gone), Meaning::Gone);
}
