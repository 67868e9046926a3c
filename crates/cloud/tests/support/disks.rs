//! Disks, instances and snapshots as tests of operations on disks need them.

use coffer_base::ids;
use coffer_store::Record as _;
use coffer_store::disks::{self, Attachment, Disk};
use coffer_store::instances::Instance;
use coffer_store::snapshots::Snapshot;
use serde_json::Value;

use super::{REGION, World, ZONE, text};

pub(crate) const OPEN: &[(&str, &str)] = &[("DiskCategory", "cloud_essd"), ("Size", "40")];
pub(crate) const SHARED: &[(&str, &str)] =
    &[("DiskCategory", "cloud_essd"), ("Size", "40"), ("MultiAttach", "Enabled")];
pub(crate) const EPHEMERAL: &[(&str, &str)] = &[("DiskCategory", "elastic_ephemeral_disk_standard"), ("Size", "64")];

/// A disk in the world's zone.
pub(crate) fn disk(world: &World, parameters: &[(&str, &str)]) -> String {
    let place = [("RegionId", REGION), ("ZoneId", ZONE)];
    text(&world.ecs("CreateDisk", &[&place, parameters].concat()), "DiskId")
}

/// A disk of the category that is in no zone.
pub(crate) fn regional_disk(world: &World) -> String {
    let parameters = [("RegionId", REGION), ("DiskCategory", "cloud_regional_disk_auto"), ("Size", "40")];
    text(&world.ecs("CreateDisk", &parameters), "DiskId")
}

/// What DescribeDisks says of it.
pub(crate) fn shown(world: &World, disk_id: &str) -> Value {
    let answer = world.ecs("DescribeDisks", &[("RegionId", REGION), ("DiskIds", &format!("[\"{disk_id}\"]"))]);
    answer["Disks"]["Disk"][0].clone()
}

/// How many disks a filter of DescribeDisks lets through.
pub(crate) fn listed(world: &World, filter: &[(&str, &str)]) -> usize {
    let answer = world.ecs("DescribeDisks", &[&[("RegionId", REGION)], filter].concat());
    answer["Disks"]["Disk"].as_array().unwrap().len()
}

pub(crate) fn attach(world: &World, instance_id: &str, disk_id: &str) {
    world.ecs("AttachDisk", &[("InstanceId", instance_id), ("DiskId", disk_id)]);
}

/// Changes a disk's row as operations of other kinds would.
pub(crate) fn change(world: &World, disk_id: &str, change: impl FnOnce(&mut Disk) + Send + 'static) {
    let mut disk: Disk = world.row(disk_id);
    change(&mut disk);
    world.store(move |tx| disk.update(tx));
}

pub(crate) fn set_status(world: &World, instance_id: &str, status: &str) {
    let mut instance: Instance = world.row(instance_id);
    status.clone_into(&mut instance.status);
    world.store(move |tx| instance.update(tx));
}

/// A system disk with the instance it was taken from.
pub(crate) fn detached_system_disk(world: &World) -> (String, String) {
    let (instance_id, disk_id) = (world.instance("Stopped"), disk(world, OPEN));
    let attached = Attachment {
        disk_id: disk_id.clone(),
        instance_id: instance_id.clone(),
        device: "/dev/xvda".to_owned(),
        attached_at: world.clock.now(),
    };
    world.store(move |tx| disks::attach(tx, &attached));
    change(world, &disk_id, |disk| {
        "system".clone_into(&mut disk.disk_type);
        "In_use".clone_into(&mut disk.status);
    });
    world.ecs("DetachDisk", &[("InstanceId", &instance_id), ("DiskId", &disk_id)]);
    (instance_id, disk_id)
}

/// The row of a snapshot of a disk.
pub(crate) fn snapshot(world: &World, disk_id: &str, status: &str, change: impl FnOnce(&mut Snapshot)) -> String {
    let disk: Disk = world.row(disk_id);
    let snapshot_id = ids::ecs_id("s", disk.region, &*world.rng);
    let mut snapshot = Snapshot {
        snapshot_id: snapshot_id.clone(),
        account: disk.account,
        region: disk.region,
        snapshot_name: String::new(),
        description: String::new(),
        status: status.to_owned(),
        progress: 100,
        snapshot_type: "user".to_owned(),
        category: "standard".to_owned(),
        snapshot_link_id: "sl-bp1".to_owned(),
        group_id: String::new(),
        source_disk_id: disk.disk_id,
        source_disk_type: disk.disk_type,
        source_disk_size_gib: disk.size_gib,
        source_snapshot_id: String::new(),
        source_region: disk.region,
        kms_key_id: None,
        wrapped_data_key: None,
        retention_days: None,
        modified_at: world.clock.now(),
        created_at: world.clock.now(),
    };
    change(&mut snapshot);
    world.store(move |tx| snapshot.insert(tx));
    snapshot_id
}

#[track_caller]
pub(crate) fn refused(
    world: &World,
    action: &str,
    parameters: &[(&str, &str)],
    status: u16,
    code: &str,
    message: &str,
) {
    let expected = (status, code.to_owned(), message.to_owned());
    assert_eq!(world.refused(action, parameters), expected, "{action} {parameters:?}");
}

pub(crate) const NOT_AVAILABLE: &str =
    "The current status of the disk does not support this operation. The expected disk status is Available.";
pub(crate) const RESOURCE_STATUS: &str = "The current status of the resource does not support this operation.";
pub(crate) const DISK_STATUS: &str = "The current disk status does not support this operation.";
pub(crate) const NO_DISK: &str = "The specified disk does not exist.";
pub(crate) const NO_INSTANCE: &str = "The specified InstanceId does not exist.";
pub(crate) const SNAPSHOT_IN_PROGRESS: &str =
    "The operation is denied due to a snapshot of the specified disk is not completed yet.";
