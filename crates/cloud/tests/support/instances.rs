//! Instances and their disks as tests make and see them.

use serde_json::Value;

use super::{REGION, World, text};

pub(crate) const IMAGE: &str = "ubuntu_24_04_x64_20G_alibase_20250113.vhd";
pub(crate) const OTHER_IMAGE: &str = "aliyun_3_x64_20G_alibase_20250117.vhd";
pub(crate) const ARM_IMAGE: &str = "aliyun_3_arm64_20G_alibase_20250117.vhd";
pub(crate) const WINDOWS_IMAGE: &str = "win2022_21H2_x64_dtc_en-us_40G_alibase_20250115.vhd";
pub(crate) const NOWHERE: &str = "i-bp1aaaaaaaaaaaaaaaaa";
/// A system disk that can be encrypted.
pub(crate) const ESSD: (&str, &str) = ("SystemDisk.Category", "cloud_essd");
pub(crate) const HERE: (&str, &str) = ("RegionId", REGION);

/// Names and values.
pub(crate) type Parameters<'a> = Vec<(&'a str, &'a str)>;

/// What every request for an instance here has, and what this one has besides or in its place.
pub(crate) fn asking<'a>(more: &[(&'a str, &'a str)]) -> Parameters<'a> {
    let mut all = vec![HERE, ("ImageId", IMAGE), ("InstanceType", "ecs.g7.large")];
    for (name, value) in more {
        all.retain(|(known, _)| known != name);
        all.push((name, value));
    }
    all
}

/// Makes instances; their ids.
pub(crate) fn run(world: &World, more: &[(&str, &str)]) -> Vec<String> {
    let made = world.ecs("RunInstances", &asking(more));
    let ids = made["InstanceIdSets"]["InstanceIdSet"].as_array().unwrap();
    ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

/// Makes an instance that is running.
pub(crate) fn running(world: &World, more: &[(&str, &str)]) -> String {
    let id = run(world, more).pop().unwrap();
    world.settle();
    id
}

/// Makes an instance that is stopped.
pub(crate) fn stopped(world: &World, more: &[(&str, &str)]) -> String {
    let id = text(&world.ecs("CreateInstance", &asking(more)), "InstanceId");
    world.settle();
    id
}

/// The instances that these filters let through.
pub(crate) fn listed(world: &World, filters: &[(&str, &str)]) -> Vec<Value> {
    let answer = world.ecs("DescribeInstances", &[&[HERE], filters].concat());
    answer["Instances"]["Instance"].as_array().unwrap().clone()
}

/// An instance; `Null` when there is none.
pub(crate) fn instance(world: &World, id: &str) -> Value {
    listed(world, &[("InstanceIds", &format!(r#"["{id}"]"#))]).pop().unwrap_or(Value::Null)
}

pub(crate) fn status(world: &World, id: &str) -> String {
    text(&instance(world, id), "Status")
}

/// The disks that these filters let through, by device.
pub(crate) fn disks(world: &World, filters: &[(&str, &str)]) -> Vec<Value> {
    let answer = world.ecs("DescribeDisks", &[&[HERE, ("PageSize", "100")], filters].concat());
    let mut found = answer["Disks"]["Disk"].as_array().unwrap().clone();
    found.sort_by_key(|disk| text(disk, "Device"));
    found
}

/// The disks of an instance: its system disk comes first.
pub(crate) fn disks_of(world: &World, id: &str) -> Vec<Value> {
    disks(world, &[("InstanceId", id)])
}

/// The keys of an instance's disks; empty for plain ones.
pub(crate) fn keys_of(world: &World, id: &str) -> Vec<String> {
    disks_of(world, id).iter().map(|disk| text(disk, "KMSKeyId")).collect()
}

/// The call must be refused, and nothing changed.
#[track_caller]
pub(crate) fn is_refused(world: &World, action: &str, parameters: &[(&str, &str)], status: u16, code: &str) {
    let before = world.state();
    let (ours, our_code, message) = world.refused(action, parameters);
    assert_eq!((ours, &*our_code), (status, code), "{action} {parameters:?}: {message}");
    assert!(before == world.state(), "{action} {parameters:?} changes something");
}

/// Turns the default on, with a key of the account where one is given.
pub(crate) fn encrypt_by_default(world: &World, key: Option<&str>) {
    world.ecs("EnableDiskEncryptionByDefault", &[HERE]);
    if let Some(key) = key {
        world.ecs("ModifyDiskDefaultKMSKeyId", &[HERE, ("KMSKeyId", key)]);
    }
}

/// An image of the account, made from a snapshot of a system disk that was encrypted with `encryption`; its id.
pub(crate) fn own_image(world: &World, encryption: &[(&str, &str)]) -> String {
    let id = running(world, &[&[ESSD], encryption].concat());
    let image = text(&world.ecs("CreateImage", &[HERE, ("InstanceId", &id)]), "ImageId");
    world.settle();
    image
}
