//! The bytes behind disks: what the operations on disks, instances and snapshots do to them.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use std::io::Read as _;
use std::os::unix::net::UnixStream;

use coffer_block::host::{DataKey, Freeze, NewVolume};
use coffer_cloud::{Product, Settings};
use coffer_crypto::PlainKey;
use coffer_store::disks::Disk;
use coffer_store::snapshots::Snapshot;
use coffer_store::volumes::{self, Manifest, Reencryption, Sample, Volume};
use serde_json::{Value, json};
use support::files::Files;
use support::{REGION, World, ZONE, root, text};

const IMAGE: &str = "ubuntu_24_04_x64_20G_alibase_20250113.vhd";

fn volume_id(world: &World, disk_id: &str) -> String {
    volumes::id_of(&world.row::<Disk>(disk_id))
}

fn is_open(world: &World, disk_id: &str) -> bool {
    world.host.device(&volume_id(world, disk_id)).is_some()
}

#[track_caller]
fn write(world: &World, disk_id: &str, offset: u64, byte: u8) {
    world.host.device(&volume_id(world, disk_id)).unwrap().write(offset, &mut [byte; 4096]).unwrap();
}

#[track_caller]
fn read(world: &World, disk_id: &str, offset: u64) -> u8 {
    let mut buffer = [0; 4096];
    world.host.device(&volume_id(world, disk_id)).unwrap().read(offset, &mut buffer).unwrap();
    assert!(buffer.iter().all(|byte| *byte == buffer[0]), "a page that was written in part");
    buffer[0]
}

/// An encrypted disk on a running instance: both.
fn served(world: &World) -> (String, String) {
    let (instance_id, disk_id) = (world.instance("Running"), world.disk(&[("Encrypted", "true")]));
    attach(world, &disk_id, &instance_id);
    (disk_id, instance_id)
}

fn attach(world: &World, disk_id: &str, instance_id: &str) {
    world.ecs("AttachDisk", &[("DiskId", disk_id), ("InstanceId", instance_id)]);
}

fn detach(world: &World, disk_id: &str, instance_id: &str) {
    world.ecs("DetachDisk", &[("DiskId", disk_id), ("InstanceId", instance_id)]);
}

fn has<T: coffer_store::Record>(world: &World, id: &str) -> bool {
    world.db.read(|tx| T::get(tx, id)).unwrap().is_some()
}

fn under_customer_key(world: &World) -> (String, String, String) {
    world.disk_encryption_role();
    let key = world.customer_key();
    let (instance_id, disk_id) = (world.instance("Running"), world.disk(&[("Encrypted", "true"), ("KMSKeyId", &key)]));
    attach(world, &disk_id, &instance_id);
    (disk_id, instance_id, key)
}

fn disable(world: &World, key: &str) {
    world.root(Product::Kms, "DisableKey", &[("KeyId", key)]);
}

fn enable(world: &World, key: &str) {
    world.root(Product::Kms, "EnableKey", &[("KeyId", key)]);
}

/// Waits until a clone holds everything itself, which it does on a thread of its own.
fn hydrated(world: &World, disk_id: &str) {
    let volume_id = volume_id(world, disk_id);
    while !world.host.status(&volume_id).unwrap().is_hydrated {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    world.cloud.watch_volumes().unwrap();
}

/// What DescribeDiskExport says.
fn export(world: &World, disk_id: &str) -> Value {
    world.root(Product::Coffer, "DescribeDiskExport", &[("DiskId", disk_id)])
}

#[test]
fn a_disk_is_open_when_attach_disk_answers_and_closed_when_detach_disk_does() {
    let world = World::new();
    let (disk_id, instance_id) = served(&world);
    assert!(is_open(&world, &disk_id));
    write(&world, &disk_id, 0, 7);
    detach(&world, &disk_id, &instance_id);
    assert!(!is_open(&world, &disk_id));
    attach(&world, &disk_id, &instance_id);
    assert_eq!(read(&world, &disk_id, 0), 7);
}

#[test]
fn a_new_disk_has_a_volume_soon_and_a_deleted_one_has_none() {
    let world = World::new();
    let disk_id = world.disk(&[]);
    let volume_id = volume_id(&world, &disk_id);
    assert!(!world.row::<Volume>(&volume_id).is_made);
    world.settle();
    assert!(world.row::<Volume>(&volume_id).is_made);
    world.ecs("DeleteDisk", &[("DiskId", &disk_id)]);
    world.settle();
    assert!(!has::<Volume>(&world, &volume_id));
    assert!(world.host.resize(&volume_id, 1 << 30).is_err(), "its files are there");
    assert!(world.state()["jobs"].is_empty());
}

#[test]
fn a_disk_of_before_there_were_volumes_gets_an_empty_one_when_it_is_attached() {
    let world = World::new();
    let (instance_id, disk_id) = (world.instance("Running"), world.disk(&[("Encrypted", "true")]));
    let volume_id = volume_id(&world, &disk_id);
    world.store(move |tx| {
        <Volume as coffer_store::Record>::delete(tx, &volume_id)?;
        coffer_store::jobs::cancel(tx, "ecs.sync-disk", volume_id.strip_suffix(".1").unwrap())
    });
    attach(&world, &disk_id, &instance_id);
    assert_eq!(read(&world, &disk_id, 0), 0);
}

#[test]
fn the_disks_of_an_instance_are_open_from_start_to_stop() {
    let world = World::new();
    let asked = [
        ("RegionId", REGION),
        ("ZoneId", ZONE),
        ("ImageId", IMAGE),
        ("InstanceType", "ecs.g7.large"),
        ("DataDisk.1.Size", "20"),
        ("DataDisk.1.Encrypted", "true"),
    ];
    let made = world.ecs("RunInstances", &asked);
    let instance_id = made["InstanceIdSets"]["InstanceIdSet"][0].as_str().unwrap().to_owned();
    let disk_ids = || {
        let answer = world.ecs("DescribeDisks", &[("RegionId", REGION), ("InstanceId", &instance_id)]);
        let disks = answer["Disks"]["Disk"].as_array().unwrap();
        disks.iter().map(|disk| text(disk, "DiskId")).collect::<Vec<_>>()
    };
    let all = |open: bool| disk_ids().iter().all(|disk_id| is_open(&world, disk_id) == open);
    assert!(all(false) && disk_ids().len() == 2);
    world.settle();
    assert!(all(true));
    world.ecs("StopInstance", &[("InstanceId", &instance_id)]);
    assert!(all(false), "while it stops");
    world.settle();
    world.ecs("StartInstance", &[("InstanceId", &instance_id)]);
    assert!(all(true), "when StartInstance answers");
    world.settle();
    assert!(all(true));
    let volume_ids: Vec<_> = disk_ids().iter().map(|disk_id| volume_id(&world, disk_id)).collect();
    let force = [("InstanceId", &*instance_id), ("Force", "true"), ("ForceStop", "true")];
    world.ecs("DeleteInstance", &force);
    assert!(volume_ids.iter().all(|volume_id| world.host.device(volume_id).is_none()));
    world.settle();
    assert!(volume_ids.iter().all(|volume_id| !has::<Volume>(&world, volume_id)));
}

#[test]
fn a_snapshot_holds_what_was_there_when_create_snapshot_answered() {
    let world = World::new();
    let (disk_id, instance_id) = served(&world);
    write(&world, &disk_id, 0, 1);
    let snapshot_id = world.snapshot(&disk_id, &[]);
    assert_eq!(world.row::<Manifest>(&snapshot_id).state, "frozen");
    write(&world, &disk_id, 0, 2);
    world.settle();
    assert_eq!(world.row::<Snapshot>(&snapshot_id).status, "accomplished");
    let usage = world.ecs("DescribeSnapshotsUsage", &[("RegionId", REGION)]);
    let stored = usage["SnapshotSize"].as_u64().unwrap();
    assert!((1 << 20..1 << 21).contains(&stored), "one chunk and what describes it: {stored}");
    let clone_id = world.disk(&[("SnapshotId", &snapshot_id)]);
    attach(&world, &clone_id, &instance_id);
    assert_eq!((read(&world, &disk_id, 0), read(&world, &clone_id, 0)), (2, 1));
}

#[test]
fn a_group_of_snapshots_is_of_one_moment() {
    let world = World::new();
    let (first, instance_id) = served(&world);
    let second = world.disk(&[]);
    attach(&world, &second, &instance_id);
    for disk_id in [&first, &second] {
        write(&world, disk_id, 0, 1);
    }
    let asked = [("RegionId", REGION), ("InstanceId", &*instance_id)];
    let group_id = text(&world.ecs("CreateSnapshotGroup", &asked), "SnapshotGroupId");
    for disk_id in [&first, &second] {
        write(&world, disk_id, 0, 2);
    }
    world.settle();
    let listed = world.ecs("DescribeSnapshots", &[("RegionId", REGION)]);
    let snapshots = listed["Snapshots"]["Snapshot"].as_array().unwrap().clone();
    assert_eq!(snapshots.len(), 2, "{group_id}");
    for snapshot in snapshots {
        assert_eq!(snapshot["Status"], "accomplished");
        let clone_id = world.disk(&[("SnapshotId", &text(&snapshot, "SnapshotId"))]);
        attach(&world, &clone_id, &instance_id);
        assert_eq!(read(&world, &clone_id, 0), 1);
    }
}

#[test]
fn a_disk_that_is_reset_holds_its_snapshot_and_its_old_volume_is_removed() {
    let world = World::new();
    let (disk_id, instance_id) = served(&world);
    write(&world, &disk_id, 0, 1);
    let snapshot_id = world.done_snapshot(&disk_id, &[]);
    write(&world, &disk_id, 0, 2);
    let old = volume_id(&world, &disk_id);
    detach(&world, &disk_id, &instance_id);
    world.ecs("ResetDisk", &[("DiskId", &disk_id), ("SnapshotId", &snapshot_id)]);
    world.settle();
    assert_eq!(world.row::<Disk>(&disk_id).status, "Available");
    assert!(!has::<Volume>(&world, &old) && volume_id(&world, &disk_id) != old);
    attach(&world, &disk_id, &instance_id);
    assert_eq!(read(&world, &disk_id, 0), 1);
}

#[test]
fn a_disk_that_is_initialised_again_is_empty_or_what_it_was_made_from() {
    let world = World::new();
    let (disk_id, instance_id) = served(&world);
    write(&world, &disk_id, 0, 1);
    let snapshot_id = world.done_snapshot(&disk_id, &[]);
    let clone_id = world.disk(&[("SnapshotId", &snapshot_id)]);
    attach(&world, &clone_id, &instance_id);
    write(&world, &clone_id, 0, 2);
    world.ecs("StopInstance", &[("InstanceId", &instance_id)]);
    world.settle();
    for disk_id in [&disk_id, &clone_id] {
        world.ecs("ReInitDisk", &[("DiskId", disk_id)]);
    }
    world.settle();
    world.instance_is(&instance_id, "Running");
    world.cloud.reconcile_volumes().unwrap();
    world.settle();
    assert_eq!((read(&world, &disk_id, 0), read(&world, &clone_id, 0)), (0, 1));
}

#[test]
fn a_copy_is_readable_when_its_source_is_gone_and_under_its_own_key() {
    let world = World::new();
    world.disk_encryption_role();
    let key = world.customer_key();
    let (disk_id, instance_id) = served(&world);
    write(&world, &disk_id, 0, 5);
    let snapshot_id = world.done_snapshot(&disk_id, &[]);
    let asked = [
        ("RegionId", REGION),
        ("SnapshotId", &*snapshot_id),
        ("DestinationRegionId", REGION),
        ("DestinationSnapshotName", "copy"),
        ("DestinationSnapshotDescription", "copy"),
        ("Encrypted", "true"),
        ("KMSKeyId", &key),
    ];
    let copy_id = text(&world.ecs("CopySnapshot", &asked), "SnapshotId");
    world.settle();
    world.ecs("DeleteSnapshot", &[("SnapshotId", &snapshot_id)]);
    world.settle();
    assert!(!has::<Manifest>(&world, &snapshot_id) && has::<Manifest>(&world, &copy_id));
    let clone_id = world.disk(&[("SnapshotId", &copy_id)]);
    attach(&world, &clone_id, &instance_id);
    assert_eq!(read(&world, &clone_id, 0), 5);
}

#[test]
fn the_objects_of_a_deleted_snapshot_stay_while_a_clone_needs_them() {
    let world = World::new();
    let (disk_id, instance_id) = served(&world);
    write(&world, &disk_id, 0, 3);
    let snapshot_id = world.done_snapshot(&disk_id, &[]);
    let clone_id = world.disk(&[("SnapshotId", &snapshot_id)]);
    world.ecs("DeleteSnapshot", &[("SnapshotId", &snapshot_id), ("Force", "true")]);
    world.settle();
    assert!(has::<Manifest>(&world, &snapshot_id), "a clone that was never opened needs them");
    attach(&world, &clone_id, &instance_id);
    assert_eq!(read(&world, &clone_id, 0), 3);
    hydrated(&world, &clone_id);
    world.settle();
    assert!(!has::<Manifest>(&world, &snapshot_id), "it holds everything itself");
    assert_eq!(read(&world, &clone_id, 0), 3);
}

#[test]
fn the_objects_of_a_deleted_snapshot_go_with_the_last_clone_that_needs_them() {
    let world = World::new();
    let (disk_id, _) = served(&world);
    let snapshot_id = world.done_snapshot(&disk_id, &[]);
    let clones = [(); 2].map(|()| world.disk(&[("SnapshotId", &snapshot_id)]));
    world.ecs("DeleteSnapshot", &[("SnapshotId", &snapshot_id), ("Force", "true")]);
    for clone_id in &clones {
        world.settle();
        assert!(has::<Manifest>(&world, &snapshot_id) && world.state()["jobs"].is_empty());
        world.ecs("DeleteDisk", &[("DiskId", clone_id)]);
    }
    world.settle();
    assert!(!has::<Manifest>(&world, &snapshot_id));
}

#[test]
fn an_image_holds_the_disks_of_its_instance_and_instances_made_from_it_too() {
    let world = World::new();
    let run = |image_id: &str| {
        let asked = [("RegionId", REGION), ("ZoneId", ZONE), ("ImageId", image_id), ("InstanceType", "ecs.g7.large")];
        let made = world.ecs(
            "RunInstances",
            &[&asked[..], &[("SystemDisk.Encrypted", "true"), ("SystemDisk.Category", "cloud_essd")]].concat(),
        );
        world.settle();
        let instance_id = made["InstanceIdSets"]["InstanceIdSet"][0].as_str().unwrap().to_owned();
        let listed = world.ecs("DescribeDisks", &[("RegionId", REGION), ("InstanceId", &instance_id)]);
        (instance_id, text(&listed["Disks"]["Disk"][0], "DiskId"))
    };
    let (instance_id, disk_id) = run(IMAGE);
    assert_eq!(read(&world, &disk_id, 0), 0, "a public image holds no bytes");
    write(&world, &disk_id, 8192, 4);
    let asked = [("RegionId", REGION), ("InstanceId", &*instance_id)];
    let image_id = text(&world.ecs("CreateImage", &asked), "ImageId");
    write(&world, &disk_id, 8192, 5);
    world.settle();
    let (_, clone_id) = run(&image_id);
    assert_eq!(read(&world, &clone_id, 8192), 4);
}

#[test]
fn a_disk_made_from_another_accounts_snapshot_is_read_without_that_accounts_key() {
    let world = World::new();
    world.disk_encryption_role();
    let (snapshot_id, key) = world.shared_snapshot();
    let (instance_id, disk_id) = (world.instance("Running"), world.disk(&[("SnapshotId", &snapshot_id)]));
    let owner =
        |product, action, name, value: &str| world.succeed(&support::other(), product, action, &[(name, value)]);
    owner(Product::Kms, "DisableKey", "KeyId", &key);
    let force = [("SnapshotId", &*snapshot_id), ("Force", "true")];
    world.succeed(&support::other(), Product::Ecs, "DeleteSnapshot", &force);
    attach(&world, &disk_id, &instance_id);
    assert_eq!(read(&world, &disk_id, 0), 0);
    detach(&world, &disk_id, &instance_id);
    // What it has of the snapshot is wrapped again with its own.
    let own = world.customer_key();
    world.root(Product::Coffer, "RewrapDiskDataKey", &[("DiskId", &disk_id), ("KMSKeyId", &own)]);
    let volume: Volume = world.row(&volume_id(&world, &disk_id));
    assert_eq!((volume.base_snapshot_id, volume.base_kms_key_id), (snapshot_id, Some(own)));
    attach(&world, &disk_id, &instance_id);
    assert_eq!(read(&world, &disk_id, 0), 0);
}

#[test]
fn a_snapshot_whose_key_is_gone_before_it_is_complete_fails_and_leaves_the_disk_as_it_was() {
    let world = World::new();
    let (disk_id, _, key) = under_customer_key(&world);
    write(&world, &disk_id, 0, 1);
    let snapshot_id = world.snapshot(&disk_id, &[]);
    disable(&world, &key);
    world.settle();
    assert_eq!(world.row::<Snapshot>(&snapshot_id).status, "failed");
    assert!(!has::<Manifest>(&world, &snapshot_id));
    enable(&world, &key);
    let again = world.done_snapshot(&disk_id, &[]);
    assert_eq!(world.row::<Snapshot>(&again).status, "accomplished");
}

#[test]
fn a_snapshot_that_is_deleted_while_it_is_made_leaves_nothing() {
    let world = World::new();
    let (disk_id, _) = served(&world);
    let snapshot_id = world.snapshot(&disk_id, &[]);
    world.ecs("DeleteSnapshot", &[("SnapshotId", &snapshot_id)]);
    world.settle();
    assert!(!has::<Manifest>(&world, &snapshot_id) && world.state()["jobs"].is_empty());
    assert_eq!(world.row::<Snapshot>(&world.done_snapshot(&disk_id, &[])).status, "accomplished");
}

/// Freezes a disk for the snapshot of that sequence, as after a crash between the record of a snapshot and its thaw.
fn freeze(world: &World, disk_id: &str, sequence: u64) {
    world.host.freeze(&[Freeze { volume_id: volume_id(world, disk_id), sequence, parent: None }]).unwrap();
}

/// Makes a snapshot between two writes; it must hold the first.
#[track_caller]
fn of_its_own_moment(world: &World, disk_id: &str, instance_id: &str) {
    write(world, disk_id, 0, 2);
    let snapshot_id = world.snapshot(disk_id, &[]);
    write(world, disk_id, 0, 3);
    world.settle();
    assert_eq!(world.row::<Snapshot>(&snapshot_id).status, "accomplished");
    let clone_id = world.disk(&[("SnapshotId", &snapshot_id)]);
    attach(world, &clone_id, instance_id);
    assert_eq!((read(world, disk_id, 0), read(world, &clone_id, 0)), (3, 2));
}

#[test]
fn a_snapshot_after_one_that_is_complete_and_not_yet_thawed_is_of_its_own_moment() {
    let world = World::new();
    let (disk_id, instance_id) = served(&world);
    write(&world, &disk_id, 0, 1);
    let before = world.done_snapshot(&disk_id, &[]);
    freeze(&world, &disk_id, u64::try_from(world.row::<Manifest>(&before).sequence).unwrap());
    of_its_own_moment(&world, &disk_id, &instance_id);
}

#[test]
fn a_snapshot_after_one_that_was_deleted_while_it_was_made_is_of_its_own_moment() {
    let world = World::new();
    let (disk_id, instance_id) = served(&world);
    write(&world, &disk_id, 0, 1);
    let before = world.snapshot(&disk_id, &[]);
    world.ecs("DeleteSnapshot", &[("SnapshotId", &before)]);
    of_its_own_moment(&world, &disk_id, &instance_id);
    assert!(!has::<Manifest>(&world, &before));
}

#[test]
fn a_snapshot_whose_disk_can_not_be_frozen_has_failed_when_create_snapshot_answers() {
    let world = World::new();
    let (disk_id, _) = served(&world);
    world.host.remove(&volume_id(&world, &disk_id)).unwrap();
    let snapshot_id = world.snapshot(&disk_id, &[]);
    assert_eq!(world.row::<Snapshot>(&snapshot_id).status, "failed");
}

#[test]
fn a_disk_that_is_frozen_for_a_snapshot_on_no_record_is_thawed_by_the_next_one() {
    let world = World::new();
    let (disk_id, instance_id) = served(&world);
    write(&world, &disk_id, 0, 1);
    freeze(&world, &disk_id, 99);
    // To the overlay.
    write(&world, &disk_id, 1 << 20, 4);
    of_its_own_moment(&world, &disk_id, &instance_id);
    let volume_id = volume_id(&world, &disk_id);
    assert_eq!(world.host.frozen_sequence(&volume_id).unwrap(), None);
    // It needs an overlay that was merged.
    let key = DataKey {
        plain: PlainKey::new(&std::array::from_fn::<_, 64, _>(|at| u8::try_from(at).unwrap())).unwrap(),
        wrapped: vec![1],
    };
    world.host.rekey(&volume_id, &key).unwrap();
    while world.host.status(&volume_id).unwrap().rekey.is_some() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    assert_eq!((read(&world, &disk_id, 0), read(&world, &disk_id, 1 << 20)), (3, 4));
}

/// Deletes an instance and the disk on it while its snapshot is being made; the snapshot is complete all the same, and nothing else is left.
#[track_caller]
fn goes_before_its_snapshot(world: &World, disk_id: &str, instance_id: &str) {
    world.change_disk(disk_id, |disk| disk.delete_with_instance = true);
    write(world, disk_id, 0, 9);
    let snapshot_id = world.snapshot(disk_id, &[]);
    let volume_id = volume_id(world, disk_id);
    world.ecs("DeleteInstance", &[("InstanceId", instance_id), ("Force", "true"), ("ForceStop", "true")]);
    assert!(!has::<Disk>(world, disk_id) && has::<Volume>(world, &volume_id));
    world.advance(2000);
    assert_eq!(world.row::<Snapshot>(&snapshot_id).status, "accomplished");
    assert!(!has::<Volume>(world, &volume_id) && !has::<Reencryption>(world, disk_id));
    let (other, clone_id) = (world.instance("Running"), world.disk(&[("SnapshotId", &snapshot_id)]));
    attach(world, &clone_id, &other);
    assert_eq!(read(world, &clone_id, 0), 9);
}

#[test]
fn the_files_of_a_disk_stay_until_its_snapshot_is_complete() {
    let world = World::new();
    let (disk_id, instance_id) = served(&world);
    goes_before_its_snapshot(&world, &disk_id, &instance_id);
}

#[test]
fn the_key_that_a_deleted_disk_was_being_brought_under_stays_until_its_snapshot_is_complete() {
    for encrypted in ["true", "false"] {
        let world = World::new();
        let (instance_id, disk_id) = (world.instance("Running"), world.disk(&[("Encrypted", encrypted)]));
        attach(&world, &disk_id, &instance_id);
        write(&world, &disk_id, 1 << 20, 1);
        let slowly = [("DiskId", &*disk_id), ("MebibytesPerSecond", "1")];
        world.root(Product::Coffer, "ReencryptDisk", &slowly);
        world.root(Product::Coffer, "ModifyDiskReencryption", &[("DiskId", &disk_id), ("Paused", "true")]);
        assert!(world.host.status(&volume_id(&world, &disk_id)).unwrap().rekey.is_some());
        goes_before_its_snapshot(&world, &disk_id, &instance_id);
    }
}

#[test]
fn a_disk_grows_while_it_is_open() {
    let world = World::new();
    let (disk_id, _) = served(&world);
    write(&world, &disk_id, 0, 1);
    world.ecs("ResizeDisk", &[("DiskId", &disk_id), ("NewSize", "40"), ("Type", "online")]);
    assert_eq!(world.host.device(&volume_id(&world, &disk_id)).unwrap().size_bytes(), 40 << 30);
    write(&world, &disk_id, 39 << 30, 2);
    assert_eq!((read(&world, &disk_id, 0), read(&world, &disk_id, 39 << 30)), (1, 2));
}

#[test]
fn the_disks_of_running_instances_are_open_again_after_a_restart() {
    let world = World::new();
    let (disk_id, instance_id) = served(&world);
    let stopped = world.instance("Stopped");
    let resting = world.disk(&[]);
    attach(&world, &resting, &stopped);
    world.cloud.close_volumes();
    assert!(!is_open(&world, &disk_id));
    world.cloud.reconcile_volumes().unwrap();
    world.settle();
    assert!(is_open(&world, &disk_id) && !is_open(&world, &resting), "{instance_id}");
}

#[test]
fn a_disk_whose_key_is_out_of_reach_at_a_restart_is_opened_when_it_is_back() {
    let world = World::new();
    let (disk_id, _, key) = under_customer_key(&world);
    disable(&world, &key);
    world.cloud.close_volumes();
    world.cloud.reconcile_volumes().unwrap();
    world.settle();
    assert_eq!((is_open(&world, &disk_id), world.row::<Disk>(&disk_id).status.as_str()), (false, "In_use"));
    enable(&world, &key);
    world.advance(1000);
    assert!(is_open(&world, &disk_id));
}

#[test]
fn a_disk_that_can_not_be_opened_stays_attached_and_is_opened_when_it_can() {
    let world = World::new();
    let (instance_id, disk_id) = (world.instance("Running"), world.disk(&[]));
    world.settle();
    let volume_id = volume_id(&world, &disk_id);
    world.host.remove(&volume_id).unwrap();
    attach(&world, &disk_id, &instance_id);
    assert_eq!((world.row::<Disk>(&disk_id).status.as_str(), is_open(&world, &disk_id)), ("In_use", false));
    assert_eq!(export(&world, &disk_id)["Status"], "Closed");
    world.advance(1000);
    assert!(!is_open(&world, &disk_id) && world.row::<Volume>(&volume_id).is_made, "what is lost is not made up for");
    world.host.make(NewVolume { volume_id, size_bytes: 20 << 30, key: None, base: None }).unwrap();
    world.advance(60_000);
    assert!(is_open(&world, &disk_id) && world.state()["jobs"].is_empty());
}

#[test]
fn an_encrypted_disk_whose_volume_says_that_it_is_plain_is_not_served() {
    let world = World::new();
    let (disk_id, instance_id) = served(&world);
    detach(&world, &disk_id, &instance_id);
    let volume_id = volume_id(&world, &disk_id);
    world.host.remove(&volume_id).unwrap();
    world.host.make(NewVolume { volume_id, size_bytes: 20 << 30, key: None, base: None }).unwrap();
    attach(&world, &disk_id, &instance_id);
    world.advance(60_000);
    assert!(!is_open(&world, &disk_id));
    let snapshot = text(&world.ecs("CreateSnapshot", &[("DiskId", &disk_id)]), "SnapshotId");
    (0..10).for_each(|_| world.advance(60_000));
    assert_eq!((is_open(&world, &disk_id), &*world.row::<Snapshot>(&snapshot).status), (false, "failed"));
}

#[test]
fn a_process_that_dies_after_the_commit_leaves_the_disk_to_its_job() {
    let mut world = Files::new("volumes-death");
    let (instance_id, disk_id) = (world.instance("Running"), world.disk(&[("Encrypted", "true")]));
    world.cloud.stop_work_on_volumes();
    attach(&world, &disk_id, &instance_id);
    assert!(!is_open(&world, &disk_id));
    world.restart();
    world.advance(1999);
    assert!(world.row::<Volume>(&volume_id(&world, &disk_id)).is_made, "by the job of the disk's making");
    world.advance(1);
    assert!(is_open(&world, &disk_id));
}

#[test]
fn who_shares_a_disk_is_disconnected_and_needs_new_certificates_when_another_has_lost_it() {
    let world = Files::served("shared");
    world.disk_encryption_role();
    let key = world.customer_key();
    let shared =
        [("MultiAttach", "Enabled"), ("DiskCategory", "cloud_essd"), ("Encrypted", "true"), ("KMSKeyId", &key)];
    let (disk_id, instances) = (world.disk(&shared), [(); 3].map(|()| world.instance("Running")));
    attach(&world, &disk_id, &instances[0]);
    let first = export(&world, &disk_id);
    let mut client = UnixStream::connect(first["Socket"].as_str().unwrap()).unwrap();
    client.read_exact(&mut [0; 18]).unwrap();
    attach(&world, &disk_id, &instances[1]);
    attach(&world, &disk_id, &instances[2]);
    assert_eq!(export(&world, &disk_id)["Tls"], first["Tls"], "another instance more is no reason");
    write(&world, &disk_id, 0, 7);

    // A key that is out of reach takes it from nobody who keeps it.
    disable(&world, &key);
    detach(&world, &disk_id, &instances[0]);
    assert_eq!(client.read(&mut [0]).unwrap(), 0, "the connection goes on");
    let second = export(&world, &disk_id);
    for what in ["ClientCertificate", "ClientKey", "CaCertificate"] {
        assert_ne!(second["Tls"][what], first["Tls"][what]);
    }
    let mut client = UnixStream::connect(second["Socket"].as_str().unwrap()).unwrap();
    client.read_exact(&mut [0; 18]).unwrap();
    assert_eq!(read(&world, &disk_id, 0), 7);

    world.ecs("StopInstance", &[("InstanceId", &instances[1])]);
    world.settle();
    assert_eq!(client.read(&mut [0]).unwrap(), 0, "a stopped instance has it no more");
    assert!(is_open(&world, &disk_id));
    detach(&world, &disk_id, &instances[2]);
    assert!(!is_open(&world, &disk_id));
}

#[test]
fn what_was_written_stays_when_the_process_dies_before_the_first_opening_of_a_disk_is_on_record() {
    let world = Files::served("first-opening");
    let (instance_id, disk_id) = (world.instance("Running"), world.disk(&[]));
    // Its volume is made, and what follows does not come to be put on record.
    let socket = world.folder().join(format!("nbd/{disk_id}.sock"));
    std::fs::create_dir(&socket).unwrap();
    attach(&world, &disk_id, &instance_id);
    let volume_id = volume_id(&world, &disk_id);
    assert!(!is_open(&world, &disk_id) && world.row::<Volume>(&volume_id).is_made);
    let data = world.folder().join("volumes").join(&volume_id).join("data");
    let data = std::fs::OpenOptions::new().write(true).open(data).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&data, &[7; 4096], 0).unwrap();
    std::fs::remove_dir(&socket).unwrap();
    world.advance(60_000);
    assert_eq!(read(&world, &disk_id, 0), 7);
}

#[test]
fn many_at_once_leave_each_disk_as_the_database_says() {
    let world = Files::new("volumes-race");
    let instances = [(); 2].map(|()| world.instance("Running"));
    let disks = [(); 3].map(|()| world.disk(&[]));
    std::thread::scope(|scope| {
        for nth in 0..6 {
            let (world, disk_id, instances) = (&*world, &disks[nth % 3], &instances);
            std::thread::Builder::new()
                .spawn_scoped(scope, move || {
                    for round in 0..20 {
                        let action = if (round + nth).is_multiple_of(2) { "AttachDisk" } else { "DetachDisk" };
                        let on = &instances[round / 2 % 2];
                        // Whether it is possible at that moment is the others' doing.
                        world.call(&root(), Product::Ecs, action, &[("DiskId", disk_id), ("InstanceId", on)]);
                    }
                })
                .unwrap();
        }
    });
    for disk_id in &disks {
        let attached = world.row::<Disk>(disk_id).status == "In_use";
        assert_eq!(is_open(&world, disk_id), attached, "{disk_id}");
    }
}

#[test]
fn without_a_fence_a_disk_goes_on_without_its_key_and_the_next_attach_is_refused() {
    let world = World::new();
    let (disk_id, instance_id, key) = under_customer_key(&world);
    disable(&world, &key);
    for _ in 0..3 {
        world.advance(3_600_000);
        world.cloud.watch_volumes().unwrap();
    }
    write(&world, &disk_id, 0, 1);
    assert_eq!(export(&world, &disk_id)["Status"], "Open");
    detach(&world, &disk_id, &instance_id);
    let (status, code, _) = world.refused("AttachDisk", &[("DiskId", &disk_id), ("InstanceId", &instance_id)]);
    assert_eq!((status, code.as_str()), (403, "InvalidParameter.KMSKeyId.CMKNotEnabled"));
    assert_eq!((is_open(&world, &disk_id), export(&world, &disk_id)["Status"].clone()), (false, json!("Closed")));
}

#[test]
fn a_fence_stops_io_after_its_time_and_lifts_when_the_key_is_back() {
    let settings =
        Settings { fence_after_ms: Some(30_000), ..Settings::new(coffer_base::Region::parse(REGION).unwrap()) };
    let world = World::with(settings);
    let (disk_id, _, key) = under_customer_key(&world);
    let device = world.host.device(&volume_id(&world, &disk_id)).unwrap();
    let look = |ms| {
        world.advance(ms);
        world.cloud.watch_volumes().unwrap();
        device.write(0, &mut [1; 4096]).is_ok()
    };
    assert!(look(0));
    disable(&world, &key);
    assert!(look(3000) && look(29_999));
    assert!(!look(1), "the time is over");
    assert_eq!(export(&world, &disk_id)["Status"], "Fenced");
    enable(&world, &key);
    assert!(look(3000));
    disable(&world, &key);
    assert!(look(3000), "the time begins anew");
}

#[test]
fn what_a_disk_did_is_shown_minute_by_minute() {
    let world = World::new();
    let (disk_id, _) = served(&world);
    let start = world.clock.now();
    for (minute, writes) in [(1, 60), (1, 60), (3, 60)] {
        let at = start.plus_ms(minute * 60_000);
        let sample = Sample {
            at,
            reads: 0,
            writes,
            read_bytes: 0,
            written_bytes: writes * 4096,
            read_us: 0,
            write_us: writes * 250,
        };
        let disk_id = disk_id.clone();
        world.store(move |tx| volumes::add_sample(tx, &disk_id, &sample));
    }
    let (start, end) = (start.to_iso8601(), start.plus_ms(600_000).to_iso8601());
    let data = |period| {
        let asked = [("DiskId", &*disk_id), ("StartTime", &*start), ("EndTime", &*end), ("Period", period)];
        world.ecs("DescribeDiskMonitorData", &asked)
    };
    let answer = data("60");
    let points = answer["MonitorData"]["DiskMonitorData"].as_array().unwrap();
    let seen = |name: &str| points.iter().map(|point| point[name].as_i64().unwrap()).collect::<Vec<_>>();
    assert_eq!((seen("IOPSWrite"), seen("BPSWrite")), (vec![2, 1], vec![8192, 4096]));
    assert_eq!((seen("LatencyWrite"), seen("IOPSRead")), (vec![250, 250], vec![0, 0]));
    assert_eq!(data("600")["TotalCount"], 1);
}

#[test]
fn every_use_of_a_data_key_by_the_service_is_on_record() {
    let world = World::new();
    let (disk_id, instance_id, key) = under_customer_key(&world);
    let uses = || {
        let rows = world.db.read(|tx| coffer_store::audit::after(tx, 0, 1000)).unwrap();
        let of_key = rows.iter().filter(|row| row.entry().action == "kms:Decrypt");
        of_key.filter(|row| row.entry().resources.ends_with(&disk_id) && row.entry().detail.contains(&key)).count()
    };
    assert_eq!(uses(), 1, "to make it and to open it");
    detach(&world, &disk_id, &instance_id);
    assert_eq!(uses(), 1);
    attach(&world, &disk_id, &instance_id);
    assert_eq!(uses(), 2);
    assert!(world.db.read(coffer_cloud::audit::verify).unwrap().is_ok());
}
