//! Instances as their owner sees them: made, started, stopped, deleted; their disks, and that none escapes the account's default.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use serde_json::Value;
use support::{REGION, World, ZONE, root, text};

const IMAGE: &str = "ubuntu_24_04_x64_20G_alibase_20250113.vhd";
const ARM_IMAGE: &str = "aliyun_3_arm64_20G_alibase_20250117.vhd";
const WINDOWS_IMAGE: &str = "win2022_21H2_x64_dtc_en-us_40G_alibase_20250115.vhd";
const NOWHERE: &str = "i-bp1aaaaaaaaaaaaaaaaa";
const STATUS: &str = "The current status of the resource does not support this operation.";

/// What every request for an instance here has, and what this one has besides.
fn asking<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = vec![("RegionId", REGION), ("ImageId", IMAGE), ("InstanceType", "ecs.g7.large")];
    for (name, value) in more {
        all.retain(|(known, _)| known != name);
        all.push((name, value));
    }
    all
}

/// Makes instances; their ids.
fn run(world: &World, more: &[(&str, &str)]) -> Vec<String> {
    let made = world.ecs("RunInstances", &asking(more));
    let ids = made["InstanceIdSets"]["InstanceIdSet"].as_array().unwrap();
    ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

/// Makes an instance that is running.
fn running(world: &World, more: &[(&str, &str)]) -> String {
    let id = run(world, more).pop().unwrap();
    world.settle();
    id
}

/// Makes an instance that is stopped.
fn stopped(world: &World, more: &[(&str, &str)]) -> String {
    let id = text(&world.ecs("CreateInstance", &asking(more)), "InstanceId");
    world.settle();
    id
}

/// The instances that these filters let through.
fn listed(world: &World, filters: &[(&str, &str)]) -> Vec<Value> {
    let filters: Vec<_> = [("RegionId", REGION)].iter().chain(filters).copied().collect();
    world.ecs("DescribeInstances", &filters)["Instances"]["Instance"].as_array().unwrap().clone()
}

/// An instance; `Null` when there is none.
fn instance(world: &World, id: &str) -> Value {
    listed(world, &[("InstanceIds", &format!(r#"["{id}"]"#))]).pop().unwrap_or(Value::Null)
}

fn status(world: &World, id: &str) -> String {
    text(&instance(world, id), "Status")
}

/// The disks that these filters let through, by device.
fn disks(world: &World, filters: &[(&str, &str)]) -> Vec<Value> {
    let filters: Vec<_> = [("RegionId", REGION), ("PageSize", "100")].iter().chain(filters).copied().collect();
    let mut found = world.ecs("DescribeDisks", &filters)["Disks"]["Disk"].as_array().unwrap().clone();
    found.sort_by_key(|disk| text(disk, "Device"));
    found
}

fn disks_of(world: &World, id: &str) -> Vec<Value> {
    disks(world, &[("InstanceId", id)])
}

fn is_refused(world: &World, action: &str, parameters: &[(&str, &str)], status: u16, code: &str, message: &str) {
    let refused = world.refused(action, parameters);
    assert_eq!(refused, (status, code.to_owned(), message.to_owned()), "{action} {parameters:?}");
}

/// Turns the default on, with a key of the account where one is given.
fn encrypt_by_default(world: &World, key: Option<&str>) {
    world.ecs("EnableDiskEncryptionByDefault", &[("RegionId", REGION)]);
    if let Some(key) = key {
        world.disk_encryption_role();
        world.ecs("ModifyDiskDefaultKMSKeyId", &[("RegionId", REGION), ("KMSKeyId", key)]);
    }
}

// ---- Making ----

#[test]
fn an_instance_that_is_run_is_pending_and_then_running() {
    let world = World::new();
    let ids = run(&world, &[("Amount", "3"), ("InstanceName", "web"), ("ZoneId", ZONE)]);
    assert_eq!(ids.len(), 3);
    assert!(ids.iter().all(|id| id.starts_with("i-bp1") && id.len() == 22));
    assert!(ids.iter().all(|id| status(&world, id) == "Pending"));
    world.settle();
    for id in &ids {
        let shown = instance(&world, id);
        assert_eq!(shown["Status"], "Running");
        assert_eq!((&shown["InstanceName"], &shown["ZoneId"]), (&"web".into(), &ZONE.into()));
        assert_ne!(shown["StartTime"], "");
    }
}

#[test]
fn an_instance_that_is_created_is_pending_and_then_stopped() {
    let world = World::new();
    let id = text(&world.ecs("CreateInstance", &asking(&[])), "InstanceId");
    assert_eq!(status(&world, &id), "Pending");
    world.settle();
    assert_eq!(status(&world, &id), "Stopped");
}

#[test]
fn an_instance_shows_what_it_was_made_with_and_the_vendors_defaults_for_the_rest() {
    let world = World::new();
    let plain = instance(&world, &running(&world, &[]));
    let id = text(&plain, "InstanceId");
    let bare = id.trim_start_matches("i-");
    let expected: [(&str, Value); 19] = [
        ("InstanceName", id.clone().into()),
        ("HostName", format!("iZ{bare}Z").into()),
        ("Cpu", 2.into()),
        ("Memory", 8192.into()),
        ("InstanceTypeFamily", "ecs.g7".into()),
        ("InstanceChargeType", "PostPaid".into()),
        ("InstanceNetworkType", "vpc".into()),
        ("InternetChargeType", "PayByTraffic".into()),
        ("InternetMaxBandwidthIn", 10.into()),
        ("InternetMaxBandwidthOut", 0.into()),
        ("SpotStrategy", "NoSpot".into()),
        ("SpotPriceLimit", 0.0.into()),
        ("ExpiredTime", "2999-09-08T16:00Z".into()),
        ("AutoReleaseTime", "".into()),
        ("StoppedMode", "Not-applicable".into()),
        ("OSType", "linux".into()),
        ("DeletionProtection", false.into()),
        ("IoOptimized", true.into()),
        ("KeyPairName", "".into()),
    ];
    for (name, value) in expected {
        assert_eq!(plain[name], value, "{name}");
    }
    for (list, item) in [
        ("PublicIpAddress", "IpAddress"),
        ("InnerIpAddress", "IpAddress"),
        ("OperationLocks", "LockReason"),
        ("NetworkInterfaces", "NetworkInterface"),
        ("SecurityGroupIds", "SecurityGroupId"),
        ("Tags", "Tag"),
    ] {
        assert_eq!(plain[list][item], Value::Array(Vec::new()), "{list}");
    }
    let address = plain["VpcAttributes"]["PrivateIpAddress"]["IpAddress"][0].as_str().unwrap();
    assert!(address.starts_with("172."), "{address}");
}

#[test]
fn states_pass_in_order_and_everything_else_is_refused() {
    let world = World::new();
    let id = stopped(&world, &[]);
    let this = [("InstanceId", id.as_str())];
    let incorrect = |action| assert_eq!(world.refused(action, &this), refusal(403, "IncorrectInstanceStatus", STATUS));
    assert_eq!(status(&world, &id), "Stopped");
    world.ecs("StartInstance", &this);
    assert_eq!(status(&world, &id), "Starting");
    incorrect("StartInstance");
    world.settle();
    assert_eq!(status(&world, &id), "Running");
    incorrect("StartInstance");
    incorrect("DeleteInstance");
    world.ecs("StopInstance", &this);
    assert_eq!(status(&world, &id), "Stopping");
    world.settle();
    assert_eq!(status(&world, &id), "Stopped");
    world.ecs("DeleteInstance", &this);
    assert_eq!(instance(&world, &id), Value::Null);
    let absent = refusal(404, "InvalidInstanceId.NotFound", "The specified InstanceId does not exist.");
    for action in ["StartInstance", "StopInstance", "DeleteInstance"] {
        assert_eq!(world.refused(action, &[("InstanceId", NOWHERE)]), absent, "{action}");
    }
}

#[test]
fn an_instance_that_uses_a_key_starts_only_while_the_key_can_be_used() {
    let world = World::new();
    world.disk_encryption_role();
    let key = world.customer_key();
    let data = [
        ("DataDisk.1.Category", "cloud_essd"),
        ("DataDisk.1.Size", "20"),
        ("DataDisk.1.Encrypted", "true"),
        ("DataDisk.1.KMSKeyId", key.as_str()),
    ];
    let id = stopped(&world, &data);
    let this = [("InstanceId", id.as_str())];
    world.root(Product::Kms, "DisableKey", &[("KeyId", &key)]);
    let disabled = refusal(403, "InvalidParameter.KMSKeyId.CMKNotEnabled", "The CMK needs to be enabled.");
    assert_eq!(world.refused("StartInstance", &this), disabled);
    assert_eq!(status(&world, &id), "Stopped");
    world.root(Product::Kms, "EnableKey", &[("KeyId", &key)]);
    world.ecs("StartInstance", &this);
    world.settle();
    assert_eq!(status(&world, &id), "Running");
}

#[test]
fn disks_that_go_with_their_instance_go_and_the_others_stay() {
    let world = World::new();
    let data = [("DataDisk.1.Size", "20"), ("DataDisk.1.DeleteWithInstance", "false"), ("DataDisk.2.Size", "30")];
    let id = stopped(&world, &data);
    let disks = world.ecs("DescribeDisks", &[("RegionId", REGION), ("InstanceId", &id)]);
    assert_eq!(disks["Disks"]["Disk"].as_array().unwrap().len(), 3);
    world.ecs("DeleteInstance", &[("InstanceId", &id)]);
    let left = world.ecs("DescribeDisks", &[("RegionId", REGION)])["Disks"]["Disk"].as_array().unwrap().clone();
    assert_eq!(left.len(), 1);
    assert_eq!((&left[0]["Size"], &left[0]["Status"]), (&20.into(), &"Available".into()));
}

#[test]
fn an_image_of_another_architecture_does_not_run_on_a_type() {
    let world = World::new();
    let (status, ..) = world.refused("RunInstances", &asking(&[("ImageId", ARM_IMAGE)]));
    assert_eq!(status, 403);
    assert_eq!(text(&instance(&world, &running(&world, &[("ImageId", WINDOWS_IMAGE)])), "OSType"), "windows");
}

fn refusal(status: u16, code: &str, message: &str) -> (u16, String, String) {
    (status, code.to_owned(), message.to_owned())
}
