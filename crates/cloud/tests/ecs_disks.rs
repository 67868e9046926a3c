//! Attaching, detaching, resizing and changing disks: the story, the states and their illegal transitions, every refusal.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_base::AccountId;
use coffer_cloud::Product;
use coffer_store::Record as _;
use coffer_store::instances::Instance;
use serde_json::Value;
use support::disks::*;
use support::{REGION, World};

#[test]
fn a_disk_goes_to_an_instance_and_back_and_says_when() {
    let world = World::new();
    let (instance_id, disk_id) = (world.instance("Running"), disk(&world, OPEN));
    let before = shown(&world, &disk_id);
    assert_eq!(
        (&before["Status"], &before["AttachedTime"], &before["Device"]),
        (&"Available".into(), &"".into(), &"".into())
    );
    world.advance(60_000);
    let with = [("InstanceId", &*instance_id), ("DiskId", &*disk_id), ("DeleteWithInstance", "true")];
    world.ecs("AttachDisk", &with);
    let at = world.clock.now().to_iso8601();
    let during = shown(&world, &disk_id);
    assert_eq!(during["Status"], "In_use");
    assert_eq!((&during["InstanceId"], &during["Device"]), (&(*instance_id).into(), &"/dev/xvdb".into()));
    assert_eq!((&during["AttachedTime"], &during["DetachedTime"]), (&(*at).into(), &"".into()));
    assert_eq!(during["DeleteWithInstance"], true);
    let attachment = &during["Attachments"]["Attachment"][0];
    assert_eq!((&attachment["InstanceId"], &attachment["AttachedTime"]), (&(*instance_id).into(), &(*at).into()));
    world.advance(60_000);
    world.ecs("DetachDisk", &with[..2]);
    let after = shown(&world, &disk_id);
    assert_eq!(
        (&after["Status"], &after["InstanceId"], &after["Device"]),
        (&"Available".into(), &"".into(), &"".into())
    );
    assert_eq!(after["AttachedTime"], at);
    assert_eq!(after["DetachedTime"], world.clock.now().to_iso8601());
    assert_eq!(
        (&after["DeleteWithInstance"], after["Attachments"]["Attachment"].as_array().unwrap().len()),
        (&false.into(), 0)
    );
}

#[test]
fn describe_disks_finds_disks_by_what_attaching_changes() {
    let world = World::new();
    let instance_id = world.instance("Running");
    let (used, _free) = (disk(&world, OPEN), disk(&world, OPEN));
    attach(&world, &instance_id, &used);
    for (filter, count) in [
        (&[("InstanceId", &*instance_id)][..], 1),
        (&[("InstanceId", "i-bp1nobody")], 0),
        (&[("Status", "In_use")], 1),
        (&[("Status", "Available")], 1),
        (&[("Status", "ReIniting")], 0),
        (&[("Status", "All")], 2),
        (&[("DiskType", "data")], 2),
        (&[("DiskType", "system")], 0),
        (&[("DeleteWithInstance", "false"), ("Status", "In_use")], 1),
        (&[("DeleteWithInstance", "true")], 0),
        (&[("Portable", "true"), ("InstanceId", &*instance_id), ("Status", "Available")], 0),
    ] {
        assert_eq!(listed(&world, filter), count, "{filter:?}");
    }
}

#[test]
fn devices_are_the_one_asked_for_or_the_first_free_one() {
    let world = World::new();
    let instance_id = world.instance("Stopped");
    let ids: Vec<String> = (0..4).map(|_| disk(&world, OPEN)).collect();
    attach(&world, &instance_id, &ids[0]);
    let at = |disk_id: &str, device: &str| {
        world.ecs("AttachDisk", &[("InstanceId", &instance_id), ("DiskId", disk_id), ("Device", device)]);
    };
    at(&ids[1], "/dev/xvdd");
    attach(&world, &instance_id, &ids[2]);
    let devices: Vec<Value> = ids.iter().map(|id| shown(&world, id)["Device"].clone()).collect();
    assert_eq!(devices, ["/dev/xvdb", "/dev/xvdd", "/dev/xvdc", ""]);
    for (device, status, code, message) in [
        ("/dev/xvdd", 403, "InvalidDevice.InUse", "The specified device has been occupied."),
        ("/dev/xvda", 403, "InvalidDevice.InUse", "The specified device has been occupied."),
        ("/dev/sda", 400, "InvalidParameter", "The specified parameter \"Device\" is not valid."),
    ] {
        let parameters = [("InstanceId", &*instance_id), ("DiskId", &*ids[3]), ("Device", device)];
        refused(&world, "AttachDisk", &parameters, status, code, message);
    }
    world.ecs("DetachDisk", &[("InstanceId", &instance_id), ("DiskId", &ids[0])]);
    attach(&world, &instance_id, &ids[3]);
    assert_eq!(shown(&world, &ids[3])["Device"], "/dev/xvdb");
}

#[test]
fn attach_disk_refuses_what_is_not_there_or_not_free() {
    let world = World::new();
    let (instance_id, other_id) = (world.instance("Running"), world.instance("Running"));
    let (disk_id, free_id) = (disk(&world, OPEN), disk(&world, OPEN));
    attach(&world, &instance_id, &disk_id);
    let with = |instance_id: &'static str, disk_id: &'static str| [("InstanceId", instance_id), ("DiskId", disk_id)];
    refused(&world, "AttachDisk", &with("i-bp1x", "d-bp1x"), 404, "InvalidInstanceId.NotFound", NO_INSTANCE);
    let parameters = [("InstanceId", &*instance_id), ("DiskId", "d-bp1x")];
    refused(&world, "AttachDisk", &parameters, 404, "InvalidDiskId.NotFound", NO_DISK);
    for instance_id in [&instance_id, &other_id] {
        let parameters = [("InstanceId", &**instance_id), ("DiskId", &*disk_id)];
        refused(&world, "AttachDisk", &parameters, 403, "IncorrectDiskStatus", NOT_AVAILABLE);
    }
    change(&world, &free_id, |disk| "ReIniting".clone_into(&mut disk.status));
    let parameters = [("InstanceId", &*instance_id), ("DiskId", &*free_id)];
    refused(&world, "AttachDisk", &parameters, 403, "IncorrectDiskStatus", NOT_AVAILABLE);
    refused(
        &world,
        "AttachDisk",
        &[("DiskId", "d")],
        400,
        "MissingInstanceId",
        "InstanceId is mandatory for this action.",
    );
}

#[test]
fn a_disk_and_its_instance_are_in_one_zone() {
    let world = World::new();
    let mut instance = world.instance_row("Running");
    "cn-hangzhou-g".clone_into(&mut instance.zone_id);
    let elsewhere = instance.instance_id.clone();
    world.store(move |tx| instance.insert(tx));
    let disk_id = disk(&world, OPEN);
    let parameters = [("InstanceId", &*elsewhere), ("DiskId", &*disk_id)];
    let message = "The specified instance and disk are not in the same zone.";
    refused(&world, "AttachDisk", &parameters, 403, "ResourcesNotInSameZone", message);
    // A regional disk is at home in every zone.
    attach(&world, &elsewhere, &regional_disk(&world));
    change(&world, &disk_id, |disk| disk.region = coffer_base::Region::parse("cn-beijing").unwrap());
    refused(&world, "AttachDisk", &parameters, 403, "ResourcesNotInSameZone", message);
}

#[test]
fn an_instance_must_run_or_be_stopped() {
    let world = World::new();
    for status in ["Pending", "Starting", "Stopping"] {
        let (instance_id, disk_id) = (world.instance("Running"), disk(&world, OPEN));
        let parameters = [("InstanceId", &*instance_id), ("DiskId", &*disk_id)];
        set_status(&world, &instance_id, status);
        refused(&world, "AttachDisk", &parameters, 400, "IncorrectInstanceStatus", RESOURCE_STATUS);
        set_status(&world, &instance_id, "Stopped");
        attach(&world, &instance_id, &disk_id);
        set_status(&world, &instance_id, status);
        refused(&world, "DetachDisk", &parameters, 403, "IncorrectInstanceStatus", RESOURCE_STATUS);
    }
}

#[test]
fn an_instance_takes_sixteen_data_disks() {
    let world = World::new();
    let instance_id = world.instance("Running");
    for _ in 0..16 {
        attach(&world, &instance_id, &disk(&world, OPEN));
    }
    let parameters = [("InstanceId", &*instance_id), ("DiskId", &*disk(&world, OPEN))];
    let message = "The amount of the disk on instance in question reach its limits.";
    refused(&world, "AttachDisk", &parameters, 403, "InstanceDiskLimitExceeded", message);
    assert_eq!(listed(&world, &[("InstanceId", &instance_id), ("PageSize", "100")]), 16);
}

#[test]
fn a_shared_disk_goes_to_sixteen_instances_and_is_free_after_the_last() {
    let world = World::new();
    let disk_id = disk(&world, SHARED);
    let instances: Vec<String> = (0..17).map(|_| world.instance("Running")).collect();
    for instance_id in &instances[..16] {
        attach(&world, instance_id, &disk_id);
    }
    let with = |instance: &'static str| ("InstanceId", instance);
    let parameters = [("InstanceId", &*instances[16]), ("DiskId", &*disk_id)];
    let message = "The attaching times of the specified disk exceeded.";
    refused(&world, "AttachDisk", &parameters, 403, "DiskAttachedNumberExceeded", message);
    let parameters = [("InstanceId", &*instances[0]), ("DiskId", &*disk_id)];
    refused(&world, "AttachDisk", &parameters, 404, "InvalidDisk.InUse", "The specified disk has been occupied.");
    let seen = shown(&world, &disk_id);
    assert_eq!((&seen["InstanceId"], seen["Attachments"]["Attachment"].as_array().unwrap().len()), (&"".into(), 16));
    let message = "Multi attach disk cannot be set to DeleteWithInstance attribute.";
    for action in ["AttachDisk", "DetachDisk"] {
        let instance_id = if action == "AttachDisk" { &instances[16] } else { &instances[0] };
        let parameters = [("InstanceId", &**instance_id), ("DiskId", &*disk_id), ("DeleteWithInstance", "true")];
        if action == "DetachDisk" {
            refused(&world, action, &parameters, 403, "DeleteWithInstance.Conflict", message);
        }
    }
    for instance_id in &instances[..16] {
        assert_eq!(shown(&world, &disk_id)["Status"], "In_use");
        world.ecs("DetachDisk", &[("InstanceId", instance_id), ("DiskId", &disk_id)]);
    }
    assert_eq!(shown(&world, &disk_id)["Status"], "Available");
    let parameters = [with("i-bp1x"), ("DiskId", &*disk_id)];
    refused(&world, "DetachDisk", &parameters, 404, "InvalidInstanceId.NotFound", NO_INSTANCE);
    let parameters = [("InstanceId", &*instances[0]), ("DiskId", &*disk_id), ("DeleteWithInstance", "false")];
    refused(&world, "AttachDisk", &parameters, 403, "DeleteWithInstance.Conflict", message);
}

#[test]
fn force_takes_a_regional_disk_to_another_zone() {
    let world = World::new();
    let (here, beside) = (world.instance("Running"), world.instance("Running"));
    let mut there = world.instance_row("Running");
    "cn-hangzhou-g".clone_into(&mut there.zone_id);
    let there_id = there.instance_id.clone();
    world.store(move |tx| there.insert(tx));
    let disk_id = regional_disk(&world);
    let forced = |instance_id: &str, disk_id: &str| {
        [("InstanceId", instance_id.to_owned()), ("DiskId", disk_id.to_owned()), ("Force", "true".to_owned())]
    };
    attach(&world, &here, &disk_id);
    let no = |instance_id: &str, disk_id: &str, status, code, message| {
        let parameters = forced(instance_id, disk_id);
        let parameters: Vec<_> = parameters.iter().map(|(name, value)| (*name, &**value)).collect();
        refused(&world, "AttachDisk", &parameters, status, code, message);
    };
    let message =
        "The force attach operation is not supported when both the current and target instances are in the same zone.";
    no(&beside, &disk_id, 403, "InvalidInstance.ZoneConflict", message);
    no(&here, &disk_id, 404, "InvalidDisk.InUse", "The specified disk has been occupied.");
    let message = "The specified disk category does not support force attach operation.";
    no(&here, &disk(&world, OPEN), 400, "InvalidParameterForce.DiskCategoryNotSupported", message);
    let message = "The multi attach disk does not support force attach operation.";
    no(&here, &disk(&world, SHARED), 400, "InvalidParameterForce.MultiAttachDiskNotSupported", message);
    world.ecs("AttachDisk", &[("InstanceId", &there_id), ("DiskId", &disk_id), ("Force", "true")]);
    let seen = shown(&world, &disk_id);
    assert_eq!((&seen["Status"], &seen["InstanceId"]), (&"In_use".into(), &(*there_id).into()));
    assert_eq!(seen["DetachedTime"], world.clock.now().to_iso8601());
}

#[test]
fn an_ephemeral_disk_stays_with_its_instance() {
    let world = World::new();
    let (instance_id, other_id, disk_id) =
        (world.instance("Running"), world.instance("Running"), disk(&world, EPHEMERAL));
    let parameters = [("InstanceId", &*instance_id), ("DiskId", &*disk_id), ("DeleteWithInstance", "true")];
    let message = "The DeleteWithInstance for the elastic ephemeral disk must be set to true.";
    refused(&world, "AttachDisk", &parameters[..2], 403, "InvalidParameter.DeleteWithInstance", message);
    world.ecs("AttachDisk", &parameters);
    refused(&world, "DetachDisk", &parameters[..2], 403, "InvalidParameter.DeleteWithInstance", message);
    let unset = [("DiskId", &*disk_id), ("DeleteWithInstance", "false")];
    refused(&world, "ModifyDiskAttribute", &unset, 403, "InvalidParameter.DeleteWithInstance", message);
    world.ecs("DetachDisk", &parameters);
    let elsewhere = [("InstanceId", &*other_id), ("DiskId", &*disk_id), ("DeleteWithInstance", "true")];
    let message = "The elastic ephemeral disk can only be attached to the instance it was last mounted on, please check the disk's system tag to get the last associated instance.";
    refused(&world, "AttachDisk", &elsewhere, 403, "InvalidOperation.OtherInstanceUnsupported", message);
    world.ecs("AttachDisk", &parameters);
}

#[test]
fn a_system_disk_returns_only_to_the_stopped_instance_it_came_from_and_with_credentials() {
    let world = World::new();
    let (instance_id, disk_id) = detached_system_disk(&world);
    let seen = shown(&world, &disk_id);
    // It goes with its instance unless told otherwise.
    assert_eq!((&seen["Status"], &seen["DeleteWithInstance"]), (&"Available".into(), &true.into()));
    let base = [("InstanceId", &*instance_id), ("DiskId", &*disk_id), ("Bootable", "true")];
    let message = "The current operation requires either a password or a keyPairName to must be provided. Please ensure that at least one of them is not empty.";
    refused(&world, "AttachDisk", &base, 403, "InvalidParameter.AllEmpty", message);
    for (password, valid) in [
        ("Aa1aaaa", false),
        ("aaaaaaaa", false),
        ("Aa1aaaaa", true),
        ("aa1-----", true),
        ("Aa1 aaaa", false),
        ("Aa1aäaaa", false),
    ] {
        let parameters = [&base[..], &[("Password", password)]].concat();
        if !valid {
            let message = "The specified parameter \"Password\" is not valid.";
            refused(&world, "AttachDisk", &parameters, 400, "InvalidParameter", message);
        }
    }
    let with_password = [&base[..], &[("Password", "Secret-123")]].concat();
    set_status(&world, &instance_id, "Running");
    refused(&world, "AttachDisk", &with_password, 400, "IncorrectInstanceStatus", RESOURCE_STATUS);
    set_status(&world, &instance_id, "Stopped");
    let other_id = world.instance("Stopped");
    let elsewhere =
        [("InstanceId", &*other_id), ("DiskId", &*disk_id), ("Bootable", "true"), ("Password", "Secret-123")];
    let message = "The specified disk can not attached to other instance as system disk.";
    refused(&world, "AttachDisk", &elsewhere, 400, "InvalidInstance.NotOriginInstance", message);
    let data_id = disk(&world, OPEN);
    let data = [("InstanceId", &*instance_id), ("DiskId", &*data_id), ("Bootable", "true"), ("Password", "Secret-123")];
    let message = "The specified disk is not a bootable disk, can not be attached as system disk.";
    refused(&world, "AttachDisk", &data, 400, "InvalidDisk.DiskNotBootable", message);
    world.ecs("AttachDisk", &[&base[..], &[("KeyPairName", "ops")]].concat());
    assert_eq!(shown(&world, &disk_id)["Device"], "/dev/xvda");
    assert_eq!(world.row::<Instance>(&instance_id).key_pair_name, "ops");
    set_status(&world, &instance_id, "Running");
    refused(&world, "DetachDisk", &base[..2], 403, "IncorrectInstanceStatus", RESOURCE_STATUS);
}

#[test]
fn there_is_room_for_one_system_disk_and_a_former_one_can_serve_as_a_data_disk() {
    let world = World::new();
    let (instance_id, first) = detached_system_disk(&world);
    let second = disk(&world, OPEN);
    let owner = instance_id.clone();
    change(&world, &second, move |disk| {
        "system".clone_into(&mut disk.disk_type);
        disk.last_instance_id = owner;
    });
    let boot = |disk_id: &str| {
        let parameters =
            [("InstanceId", &*instance_id), ("DiskId", disk_id), ("Bootable", "true"), ("KeyPairName", "ops")];
        world.call(&support::root(), Product::Ecs, "AttachDisk", &parameters)
    };
    assert_eq!(boot(&second).0, 200);
    let (status, body) = boot(&first);
    assert_eq!((status, &body["Code"]), (403, &"InvalidDevice.InUse".into()));
    let other_id = world.instance("Running");
    let parameters = [("InstanceId", &*other_id), ("DiskId", &*first), ("KeyPairName", "ops")];
    let message = "The specified parameter \"KeyPairName\" is not valid.";
    refused(&world, "AttachDisk", &parameters, 400, "InvalidParameter", message);
    attach(&world, &other_id, &first);
    assert_eq!(shown(&world, &first)["Device"], "/dev/xvdb");
}

#[test]
fn windows_takes_a_password_and_no_key_pair() {
    let world = World::new();
    let (instance_id, disk_id) = detached_system_disk(&world);
    let mut instance: Instance = world.row(&instance_id);
    "windows".clone_into(&mut instance.os_type);
    world.store(move |tx| instance.update(tx));
    let base = [("InstanceId", &*instance_id), ("DiskId", &*disk_id), ("Bootable", "true")];
    let message = "The instance image is windows, cannot use ssh key pair to login.";
    let key_pair = [&base[..], &[("KeyPairName", "ops")]].concat();
    refused(&world, "AttachDisk", &key_pair, 403, "DependencyViolation.WindowsInstance", message);
    let slash = [&base[..], &[("Password", "/Secret-123")]].concat();
    let message = "The specified parameter \"Password\" is not valid.";
    refused(&world, "AttachDisk", &slash, 400, "InvalidParameter", message);
    world.ecs("AttachDisk", &[&key_pair[..], &[("Password", "Secret-123")]].concat());
    assert_eq!(world.row::<Instance>(&instance_id).key_pair_name, "");
}

#[test]
fn detach_disk_refuses_what_is_not_attached() {
    let world = World::new();
    let (instance_id, other_id, disk_id) = (world.instance("Running"), world.instance("Running"), disk(&world, OPEN));
    let parameters = [("InstanceId", &*instance_id), ("DiskId", &*disk_id)];
    let already = "The specified disk has been detached.";
    refused(&world, "DetachDisk", &parameters, 404, "InvalidDisk.AlreadyDetached", already);
    attach(&world, &instance_id, &disk_id);
    let elsewhere = [("InstanceId", &*other_id), ("DiskId", &*disk_id)];
    let message = "The specified disk has not been attached on the specified instance.";
    refused(&world, "DetachDisk", &elsewhere, 403, "DependencyViolation", message);
    let unknown = [("InstanceId", &*instance_id), ("DiskId", "d-bp1x")];
    refused(&world, "DetachDisk", &unknown, 404, "InvalidDiskId.NotFound", NO_DISK);
    change(&world, &disk_id, |disk| "ReIniting".clone_into(&mut disk.status));
    refused(&world, "DetachDisk", &parameters, 403, "IncorrectDiskStatus", DISK_STATUS);
    change(&world, &disk_id, |disk| "In_use".clone_into(&mut disk.status));
    world.ecs("DetachDisk", &parameters);
    refused(&world, "DetachDisk", &parameters, 404, "InvalidDisk.AlreadyDetached", already);
}

#[test]
fn a_disk_grows_offline_and_online_once_a_token() {
    let world = World::new();
    let (instance_id, disk_id) = (world.instance("Running"), disk(&world, OPEN));
    let token = [("DiskId", &*disk_id), ("NewSize", "60"), ("ClientToken", "grow")];
    world.ecs("ResizeDisk", &token);
    world.ecs("ResizeDisk", &token);
    assert_eq!(shown(&world, &disk_id)["Size"], 60);
    let other = [("DiskId", &*disk_id), ("NewSize", "61"), ("ClientToken", "grow")];
    let message = "The request is retried with updated parameters.";
    refused(&world, "ResizeDisk", &other, 400, "IdempotentParameterMismatch", message);
    attach(&world, &instance_id, &disk_id);
    world.ecs("ResizeDisk", &[("DiskId", &disk_id), ("NewSize", "80"), ("Type", "online")]);
    world.ecs("ResizeDisk", &[("DiskId", &disk_id), ("NewSize", "65536"), ("Type", "offline")]);
    let seen = shown(&world, &disk_id);
    assert_eq!((&seen["Size"], &seen["Status"]), (&65_536.into(), &"In_use".into()));
}

#[test]
fn resize_disk_refuses_what_is_no_growth_or_cannot_be_done_online() {
    let world = World::new();
    let (stopped, disk_id) = (world.instance("Stopped"), disk(&world, OPEN));
    let (basic, shared) = (disk(&world, &[("Size", "40")]), disk(&world, SHARED));
    let online = ("Type", "online");
    for (disk_id, size, kind, status, code, message) in [
        ("d-bp1x", "60", ("Type", ""), 404, "InvalidDiskId.NotFound", NO_DISK),
        (
            &*disk_id,
            "39",
            ("Type", ""),
            403,
            "InvalidDiskSize.TooSmall",
            "Specified new disk size is less than the original disk size.",
        ),
        (
            &disk_id,
            "40",
            ("Type", ""),
            403,
            "InvalidDiskSize",
            "Specified new disk size is less than or equal the original disk size.",
        ),
        (
            &disk_id,
            "65537",
            ("Type", ""),
            403,
            "InvalidDiskSize.TooLarge",
            "Specified new disk size is beyond the permitted range.",
        ),
        (
            &basic,
            "2001",
            ("Type", ""),
            403,
            "InvalidDiskSize.TooLarge",
            "Specified new disk size is beyond the permitted range.",
        ),
        (&disk_id, "60", ("Type", "later"), 400, "InvalidParam.Type", "The specified type is not supported."),
        (
            &basic,
            "60",
            online,
            403,
            "InvalidDiskCategory.NotSupported",
            "The specified disk category does not support resize online.",
        ),
        (
            &shared,
            "60",
            online,
            403,
            "InvalidOperation.MultiAttachDiskNotSupportResizeOnline",
            "Multi attach disk does not support resize online.",
        ),
        (
            &disk_id,
            "60",
            online,
            403,
            "IncorrectDiskStatus",
            "The current status of the resource does not support resize online.",
        ),
        (&disk_id, "many", ("Type", ""), 400, "InvalidParameter", "The specified parameter \"NewSize\" is not valid."),
    ] {
        refused(&world, "ResizeDisk", &[("DiskId", disk_id), ("NewSize", size), kind], status, code, message);
    }
    attach(&world, &stopped, &disk_id);
    let parameters = [("DiskId", &*disk_id), ("NewSize", "60"), online];
    let message = "The status of instance to which the disk attachs must be running when resizing online.";
    refused(&world, "ResizeDisk", &parameters, 403, "InvalidInstanceStatus.NotRunning", message);
    let snapshot_id = snapshot(&world, &disk_id, "progressing", |_| {});
    refused(&world, "ResizeDisk", &parameters[..2], 403, "DiskCreatingSnapshot", SNAPSHOT_IN_PROGRESS);
    world.store(move |tx| coffer_store::snapshots::delete(tx, &snapshot_id));
    change(&world, &disk_id, |disk| "ReIniting".clone_into(&mut disk.status));
    refused(&world, "ResizeDisk", &parameters[..2], 403, "IncorrectDiskStatus", DISK_STATUS);
}

#[test]
fn a_system_disk_grows_to_the_sizes_of_system_disks_only() {
    let world = World::new();
    let (_, disk_id) = detached_system_disk(&world);
    let message = "Specified new disk size is beyond the permitted range.";
    refused(
        &world,
        "ResizeDisk",
        &[("DiskId", &disk_id), ("NewSize", "2049")],
        403,
        "InvalidDiskSize.TooLarge",
        message,
    );
    world.ecs("ResizeDisk", &[("DiskId", &disk_id), ("NewSize", "2048")]);
}

#[test]
fn the_key_of_an_encrypted_disk_must_open_to_attach_and_resize_it_and_not_to_detach_or_delete_it() {
    let world = World::new();
    world.disk_encryption_role();
    let key_id = world.customer_key();
    let encrypted = [("DiskCategory", "cloud_essd"), ("Size", "40"), ("Encrypted", "true"), ("KMSKeyId", &*key_id)];
    let (instance_id, disk_id) = (world.instance("Running"), disk(&world, &encrypted));
    let attachment = [("InstanceId", &*instance_id), ("DiskId", &*disk_id)];
    let resize = [("DiskId", &*disk_id), ("NewSize", "60")];
    let each = |status: u16, code: &str, message: &str| {
        refused(&world, "AttachDisk", &attachment, status, code, message);
        refused(&world, "ResizeDisk", &resize, status, code, message);
        let seen = shown(&world, &disk_id);
        assert_eq!((&seen["Status"], &seen["Size"]), (&"Available".into(), &40.into()));
    };
    let key = [("KeyId", &*key_id)];
    world.root(Product::Kms, "DisableKey", &key);
    each(403, "InvalidParameter.KMSKeyId.CMKNotEnabled", "The CMK needs to be enabled.");
    world.root(Product::Kms, "EnableKey", &key);
    let role = ("RoleName", "AliyunECSDiskEncryptDefaultRole");
    let policy = [("PolicyType", "System"), ("PolicyName", "AliyunECSDiskEncryptRolePolicy"), role];
    world.root(Product::Ram, "DetachPolicyFromRole", &policy);
    each(403, "InvalidParameter.KMSKeyId.KMSUnauthorized", "ECS service have no right to access your KMS.");
    world.root(Product::Ram, "AttachPolicyToRole", &policy);
    world.ecs("AttachDisk", &attachment);
    world.root(Product::Kms, "ScheduleKeyDeletion", &[("KeyId", &key_id), ("PendingWindowInDays", "7")]);
    world.ecs("DetachDisk", &attachment);
    world.advance(8 * 24 * 3_600_000);
    each(404, "InvalidKMSKeyId.NotFound", "The KMS key used by the disk does not exist.");
    world.ecs("DeleteDisk", &[("DiskId", &disk_id)]);
}

#[test]
fn without_the_ecs_tag_and_the_right_to_put_it_a_key_does_not_open() {
    const POLICY: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":["kms:DescribeKey","kms:GenerateDataKey","kms:Decrypt"],"Resource":"*"}]}"#;
    let world = World::new();
    world.disk_encryption_role();
    let key_id = world.customer_key();
    let disk_id = disk(&world, &[("Size", "40"), ("Encrypted", "true"), ("KMSKeyId", &key_id)]);
    let role = ("RoleName", "AliyunECSDiskEncryptDefaultRole");
    world.root(
        Product::Ram,
        "DetachPolicyFromRole",
        &[("PolicyType", "System"), ("PolicyName", "AliyunECSDiskEncryptRolePolicy"), role],
    );
    world.root(Product::Ram, "CreatePolicy", &[("PolicyName", "narrow"), ("PolicyDocument", POLICY)]);
    world.root(Product::Ram, "AttachPolicyToRole", &[("PolicyType", "Custom"), ("PolicyName", "narrow"), role]);
    world.ecs("ResizeDisk", &[("DiskId", &disk_id), ("NewSize", "50")]);
    world.store(move |tx| coffer_store::tags::clear(tx, &key_id));
    let parameters = [("DiskId", &*disk_id), ("NewSize", "60")];
    let message = "The CMK needs to be added ECS tag.";
    refused(&world, "ResizeDisk", &parameters, 403, "InvalidParameter.KMSKeyId.CMKUnauthorized", message);
}

#[test]
fn attributes_change_one_by_one_and_for_many_disks_at_once() {
    let world = World::new();
    let (first, second) = (disk(&world, OPEN), disk(&world, OPEN));
    world.ecs(
        "ModifyDiskAttribute",
        &[("DiskId", &first), ("DiskName", "data-1"), ("Description", "the data"), ("RegionId", REGION)],
    );
    let seen = shown(&world, &first);
    assert_eq!((&seen["DiskName"], &seen["Description"]), (&"data-1".into(), &"the data".into()));
    assert_eq!((&seen["DeleteAutoSnapshot"], &seen["EnableAutoSnapshot"]), (&false.into(), &true.into()));
    let both = [("DiskIds.1", &*first), ("DiskIds.2", &*second)];
    let settings = [("DeleteAutoSnapshot", "true"), ("EnableAutoSnapshot", "False"), ("DeleteWithInstance", "true")];
    world.ecs("ModifyDiskAttribute", &[&both[..], &settings].concat());
    for disk_id in [&first, &second] {
        let seen = shown(&world, disk_id);
        for (name, expected) in
            [("DeleteAutoSnapshot", true), ("EnableAutoSnapshot", false), ("DeleteWithInstance", true)]
        {
            assert_eq!(seen[name], expected, "{name}");
        }
    }
    assert_eq!(shown(&world, &first)["DiskName"], "data-1");
    let auto = disk(&world, &[("DiskCategory", "cloud_auto"), ("Size", "40")]);
    world.ecs("ModifyDiskAttribute", &[("DiskId", &auto), ("BurstingEnabled", "true")]);
    assert_eq!(shown(&world, &auto)["BurstingEnabled"], true);
}

#[test]
fn modify_disk_attribute_changes_all_disks_or_none() {
    let world = World::new();
    let first = disk(&world, OPEN);
    let parameters = [("DiskIds.1", &*first), ("DiskIds.2", "d-bp1x"), ("DiskName", "renamed")];
    refused(&world, "ModifyDiskAttribute", &parameters, 404, "InvalidDiskId.NotFound", NO_DISK);
    assert_eq!(shown(&world, &first)["DiskName"], "");
    let many: Vec<(String, &str)> = (1..=101).map(|n| (format!("DiskIds.{n}"), "d-bp1x")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, id)| (&**name, *id)).collect();
    let message = "The specified parameter \"DiskIds\" is not valid.";
    refused(&world, "ModifyDiskAttribute", &many, 400, "InvalidParameter", message);
}

#[test]
fn modify_disk_attribute_refuses_what_a_disk_cannot_be() {
    let world = World::new();
    let (plain, shared) = (disk(&world, OPEN), disk(&world, SHARED));
    let small = disk(&world, &[("DiskCategory", "cloud_auto"), ("Size", "3")]);
    let shared_auto = disk(&world, &[("DiskCategory", "cloud_auto"), ("Size", "40"), ("MultiAttach", "Enabled")]);
    let name = ("DiskName", "ab");
    for (parameters, status, code, message) in [
        (&[name][..], 400, "MissingParameter.DiskIdOrDiskIds", "Specified parameter DiskId or DiskIds is missing."),
        (
            &[("DiskId", &*plain), ("DiskIds.1", &*plain), name],
            400,
            "ParameterConflict.DiskIdAndDiskIds",
            "Specified parameter DiskId and DiskIds conflict, only one can be chosen.",
        ),
        (&[("DiskId", &*plain)], 400, "NoAttributeToModify", "No attribute to be modified in this request."),
        (
            &[("DiskId", &*plain), ("DiskName", "1")],
            400,
            "InvalidDiskName.Malformed",
            "The specified disk name is wrongly formed.",
        ),
        (
            &[("DiskId", &*plain), ("Description", "http://x")],
            404,
            "InvalidDescription.Malformed",
            "The specified description is wrongly formed.",
        ),
        (
            &[("DiskId", &*plain), ("RegionId", "mars"), name],
            400,
            "InvalidRegionId.MalFormed",
            "The specified RegionId is not valid.",
        ),
        (&[("DiskId", &*plain), ("RegionId", "cn-beijing"), name], 404, "InvalidDiskId.NotFound", NO_DISK),
        (
            &[("DiskId", &*shared), ("DeleteWithInstance", "false")],
            403,
            "DeleteWithInstance.Conflict",
            "Multi attach disk cannot be set to DeleteWithInstance attribute.",
        ),
        (
            &[("DiskId", &*plain), ("BurstingEnabled", "false")],
            400,
            "BurstingEnabledForDiskCategoryUnsupported",
            "The specified disk category does not support bursting enabled.",
        ),
        (
            &[("DiskId", &*shared_auto), ("BurstingEnabled", "true")],
            400,
            "BurstingEnabledForMultiAttachDiskUnsupported",
            "The multi attach disk does not support bursting enabled.",
        ),
        (
            &[("DiskId", &*small), ("BurstingEnabled", "true")],
            400,
            "InvalidBurstingEnabled.DiskSizeTooSmall",
            "The disk size must be greater than 3 GiB to enable burst.",
        ),
    ] {
        refused(&world, "ModifyDiskAttribute", parameters, status, code, message);
    }
}

#[test]
fn a_disk_of_another_account_is_not_there() {
    let world = World::new();
    let (instance_id, disk_id) = (world.instance("Running"), disk(&world, OPEN));
    change(&world, &disk_id, |disk| disk.account = AccountId::parse("1999999999999999").unwrap());
    let disk = ("DiskId", &*disk_id);
    for (action, parameters) in [
        ("AttachDisk", &[("InstanceId", &*instance_id), disk][..]),
        ("DetachDisk", &[("InstanceId", &*instance_id), disk]),
        ("ResizeDisk", &[disk, ("NewSize", "60")]),
        ("ModifyDiskAttribute", &[disk, ("DiskName", "mine")]),
        ("DeleteDisk", &[disk]),
    ] {
        refused(&world, action, parameters, 404, "InvalidDiskId.NotFound", NO_DISK);
    }
}

#[test]
fn attaching_and_detaching_need_both_disk_and_instance() {
    let world = World::new();
    let (instance_id, disk_id) = (world.instance("Running"), disk(&world, OPEN));
    let statement = |resource: &str| {
        format!(
            r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"ecs:*","Resource":"acs:ecs:*:*:{resource}"}}]}}"#
        )
    };
    let parameters = [("InstanceId", &*instance_id), ("DiskId", &*disk_id)];
    for (name, resource) in [("disks", "disk/*"), ("instances", "instance/*")] {
        let user = world.user(name, Some(&statement(resource)));
        for action in ["AttachDisk", "DetachDisk"] {
            let (status, body) = world.call(&user, Product::Ecs, action, &parameters);
            assert_eq!((status, &body["Code"]), (403, &"Forbidden.RAM".into()), "{name} {action}");
        }
    }
}
