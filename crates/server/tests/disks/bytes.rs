//! What operations on disks and snapshots do to bytes, seen over NBD.

use coffer_base::Timestamp;

use crate::harness::now;
use crate::model::Dice;
use crate::nbd::Nbd;
use crate::site::{COFFER, HERE, IMAGE, REGION, Site, text};

const THERE: &str = "cn-beijing";
const MIB: usize = 1 << 20;
const GIB: u64 = 1 << 30;
const MINUTE_MS: i64 = 60_000;

/// Fills some of a disk with what is made of `seed`: at its beginning, and in its last GiB of 20.
fn fill(nbd: &mut Nbd, seed: u64) {
    for offset in [4096, 19 * GIB + 512] {
        nbd.write(offset, &noise(seed, MIB + 512)).unwrap();
    }
    nbd.flush().unwrap();
}

#[track_caller]
fn holds(nbd: &mut Nbd, seed: u64) {
    for offset in [4096, 19 * GIB + 512] {
        assert!(nbd.read(offset, MIB + 512).unwrap() == noise(seed, MIB + 512), "at {offset}");
    }
    assert!(nbd.read(0, 4096).unwrap() == [0; 4096], "what was never written");
}

#[track_caller]
fn is_empty(nbd: &mut Nbd) {
    for offset in [0, 19 * GIB] {
        assert!(nbd.read(offset, 2 * MIB).unwrap().iter().all(|byte| *byte == 0), "at {offset}");
    }
}

fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut dice = Dice(seed);
    (0..length / 8).flat_map(|_| dice.next().to_le_bytes()).collect()
}

fn system_disk(site: &mut Site, instance_id: &str) -> String {
    let listed = site.ecs("DescribeDisks", &[REGION, ("InstanceId", instance_id), ("DiskType", "system")]);
    text(&listed["Disks"]["Disk"][0]["DiskId"])
}

fn copy(site: &mut Site, snapshot_id: &str, more: &[(&str, &str)]) -> String {
    let asked = [
        REGION,
        ("SnapshotId", snapshot_id),
        ("DestinationRegionId", THERE),
        ("DestinationSnapshotName", "copy"),
        ("DestinationSnapshotDescription", "copy"),
    ];
    text(&site.ecs("CopySnapshot", &[&asked[..], more].concat())["SnapshotId"])
}

#[test]
fn a_disk_from_a_snapshot_and_a_reset_disk_hold_the_snapshot_and_an_initialised_one_nothing() {
    let mut site = Site::new("disks-semantics");
    let instance_id = site.instance();
    let (disk_id, mut nbd) = site.attached(&instance_id, &[]);
    fill(&mut nbd, 1);
    let snapshot_id = site.begin_snapshot(&disk_id);
    // After the answer, and so not in the snapshot.
    fill(&mut nbd, 2);
    site.until_accomplished(HERE, &snapshot_id);
    let (clone_id, mut clone) = site.attached(&instance_id, &[("SnapshotId", &snapshot_id)]);
    holds(&mut clone, 1);
    fill(&mut clone, 3);
    holds(&mut nbd, 2);

    site.detach(&disk_id, &instance_id);
    site.ecs("ResetDisk", &[("DiskId", &disk_id), ("SnapshotId", &snapshot_id)]);
    site.until("the disk is reset", |site| site.described(&disk_id)["Status"] == "Available");
    site.attach(&disk_id, &instance_id);
    holds(&mut site.connect(&disk_id), 1);
    site.until("its old volume is gone", |site| !site.volumes().contains(&format!("{disk_id}.1")));

    // What is initialised anew is as it was made: empty, or the snapshot.
    let (blank_id, mut blank) = site.attached(&instance_id, &[]);
    fill(&mut blank, 4);
    site.ecs("StopInstance", &[("InstanceId", &instance_id)]);
    let ids = format!("[\"{instance_id}\"]");
    let status = |site: &mut Site| {
        let listed = site.ecs("DescribeInstances", &[REGION, ("InstanceIds", &ids)]);
        text(&listed["Instances"]["Instance"][0]["Status"])
    };
    site.until("the instance is stopped", |site| status(site) == "Stopped");
    assert!(blank.read(0, 512).is_err(), "a stopped instance has no disk open");
    for disk_id in [&blank_id, &clone_id] {
        site.ecs("ReInitDisk", &[("DiskId", disk_id)]);
        site.until("the disk is initialised", |site| site.described(disk_id)["Status"] == "In_use");
    }
    site.ecs("StartInstance", &[("InstanceId", &instance_id)]);
    is_empty(&mut site.connect(&blank_id));
    holds(&mut site.connect(&clone_id), 1);
}

#[test]
fn an_instance_made_from_an_image_has_the_bytes_of_the_first_one_at_that_moment() {
    let mut site = Site::new("disks-images");
    let instance_id = site.instance();
    let disk_id = system_disk(&mut site, &instance_id);
    let mut nbd = site.connect(&disk_id);
    fill(&mut nbd, 1);
    let image_id = text(&site.ecs("CreateImage", &[REGION, ("InstanceId", &instance_id)])["ImageId"]);
    fill(&mut nbd, 2);
    site.until("the image is available", |site| {
        let listed = site.ecs("DescribeImages", &[REGION, ("ImageId", &image_id), ("Status", "Creating,Available")]);
        listed["Images"]["Image"][0]["Status"] == "Available"
    });
    let other_id = site.instance_of(&image_id, &[("SystemDisk.Encrypted", "true")]);
    let other_disk_id = system_disk(&mut site, &other_id);
    assert_eq!(site.described(&other_disk_id)["Encrypted"], true);
    holds(&mut site.connect(&other_disk_id), 1);
}

#[test]
fn a_copy_in_another_region_makes_disks_there_when_its_source_is_gone() {
    let mut site = Site::new("disks-copies");
    let instance_id = site.instance();
    let (disk_id, mut nbd) = site.attached(&instance_id, &[]);
    fill(&mut nbd, 1);
    let snapshot_id = site.done_snapshot(&disk_id);
    let copy_id = copy(&mut site, &snapshot_id, &[]);
    site.until_accomplished(THERE, &copy_id);
    // The copy needs its source no more.
    site.ecs("DeleteSnapshot", &[("SnapshotId", &snapshot_id)]);
    let there = [("RegionId", THERE), ("ZoneId", "cn-beijing-h")];
    let asked = [("ImageId", IMAGE), ("InstanceType", "ecs.g7.large"), ("SystemDisk.Category", "cloud_essd")];
    let made = site.ecs("RunInstances", &[&there[..], &asked].concat());
    let instance_id = text(&made["InstanceIdSets"]["InstanceIdSet"][0]);
    let from = [("SnapshotId", copy_id.as_str()), ("Size", "20"), ("DiskCategory", "cloud_essd")];
    let disk_id = text(&site.ecs("CreateDisk", &[&there[..], &from].concat())["DiskId"]);
    let running = |site: &mut Site| {
        let listed = site.listed(THERE, "DescribeInstances", ("InstanceIds", &instance_id), "/Instances/Instance/0");
        listed["Status"] == "Running"
    };
    site.until("the instance there runs", running);
    site.attach(&disk_id, &instance_id);
    holds(&mut site.connect(&disk_id), 1);
}

#[test]
fn an_attached_disk_grows_for_who_connects_again_and_what_is_deleted_leaves_nothing() {
    let mut site = Site::new("disks-growth");
    let instance_id = site.instance();
    let (disk_id, mut nbd) = site.attached(&instance_id, &[]);
    fill(&mut nbd, 1);
    site.ecs("ResizeDisk", &[("DiskId", &disk_id), ("NewSize", "30"), ("Type", "online")]);
    assert_eq!(nbd.size_bytes, 20 * GIB);
    holds(&mut nbd, 1);
    let mut nbd = site.connect(&disk_id);
    assert_eq!(nbd.size_bytes, 30 * GIB);
    nbd.write(30 * GIB - 4096, &[7; 4096]).unwrap();
    assert!(nbd.read(30 * GIB - 4096, 4096).unwrap() == [7; 4096] && nbd.write(30 * GIB, &[7; 512]).is_err());
    holds(&mut nbd, 1);

    let snapshots = [(); 3].map(|()| {
        nbd.write(20 * GIB, &noise(9, MIB)).unwrap();
        site.done_snapshot(&disk_id)
    });
    nbd.trim(20 * GIB, MIB).unwrap();
    site.detach(&disk_id, &instance_id);
    site.ecs("DeleteDisk", &[("DiskId", &disk_id)]);
    site.until("the volume is gone", |site| !site.volumes().iter().any(|volume| volume.starts_with(&disk_id)));
    // From the middle, so that others keep what they share.
    for place in [1, 0, 2] {
        assert!(!site.objects().is_empty());
        if place == 2 {
            let (clone_id, mut clone) = site.attached(&instance_id, &[("SnapshotId", &snapshots[2]), ("Size", "30")]);
            holds(&mut clone, 1);
            assert!(clone.read(20 * GIB, MIB).unwrap() == noise(9, MIB));
            site.detach(&clone_id, &instance_id);
            site.ecs("DeleteDisk", &[("DiskId", &clone_id)]);
        }
        let snapshot_id = snapshots[place].clone();
        site.ecs("DeleteSnapshot", &[("SnapshotId", &snapshot_id)]);
    }
    site.until("the objects are gone", |site| site.objects().is_empty() && site.volumes().len() == 1);
}

#[test]
fn a_plain_disk_with_snapshots_is_encrypted_in_place_and_all_its_snapshots_stay_readable() {
    let mut site = Site::new("disks-in-place");
    let instance_id = site.instance();
    let (disk_id, mut nbd) = site.attached(&instance_id, &[("Encrypted", "false")]);
    fill(&mut nbd, 1);
    let plain_id = site.done_snapshot(&disk_id);
    site.must(COFFER, "ReencryptDisk", &[("DiskId", &disk_id)]);
    // Snapshots are plain until it is on record that the disk is encrypted, which is a little later than it is.
    site.until("the disk is encrypted", |site| {
        fill(&mut nbd, 1);
        site.done_snapshot(&disk_id);
        let shown = site.must(COFFER, "DescribeDiskEncryption", &[("DiskId", &disk_id)]);
        shown["Encrypted"] == true && shown["LastReencryptionTime"].is_string()
    });
    fill(&mut nbd, 2);
    let sealed_id = site.done_snapshot(&disk_id);
    for (snapshot_id, seed, is_encrypted) in [(&plain_id, 1, false), (&sealed_id, 2, true)] {
        assert_eq!(site.snapshot(HERE, snapshot_id)["Encrypted"], is_encrypted);
        let (_, mut clone) = site.attached(&instance_id, &[("SnapshotId", snapshot_id)]);
        holds(&mut clone, seed);
    }
}

#[test]
fn snapshots_and_copies_show_how_far_they_are_and_a_disk_what_was_done_to_it() {
    const WRITTEN_MIB: u32 = 320;
    const MOST_TRIES: u64 = 8;
    let written = WRITTEN_MIB as usize * MIB;
    let mut site = Site::new("disks-progress");
    let instance_id = site.instance();
    let (disk_id, mut nbd) = site.attached(&instance_id, &[]);
    let start = Timestamp::from_unix_ms(now().unix_ms() - MINUTE_MS).to_iso8601();
    let mut was_between = [false; 2];
    let mut tries = 0;
    // A fast machine may be done between two looks: then again, with other content.
    while was_between != [true; 2] {
        tries += 1;
        assert!(tries <= MOST_TRIES, "nothing between 0 and 100 is ever shown: {was_between:?}");
        let noise = noise(tries, 8 * MIB);
        for offset in (0..written).step_by(noise.len()) {
            nbd.write(offset as u64, &noise).unwrap();
        }
        let snapshot_id = site.begin_snapshot(&disk_id);
        let shown = progress(&mut site, HERE, &snapshot_id);
        let copy_id = copy(&mut site, &snapshot_id, &[]);
        let shown_of_copy = progress(&mut site, THERE, &copy_id);
        for (was_between, shown) in was_between.iter_mut().zip([&shown, &shown_of_copy]) {
            assert!(shown.is_sorted() && shown.last() == Some(&100), "{shown:?}");
            *was_between |= shown.iter().any(|percent| (1..100).contains(percent));
        }
    }
    let usage = site.ecs("DescribeSnapshotsUsage", &[REGION]);
    let stored_mib = usage["SnapshotSize"].as_u64().unwrap() >> 20;
    let written_mib = u64::from(WRITTEN_MIB) * tries;
    assert!((written_mib..written_mib + 4).contains(&stored_mib), "{usage}");

    let asked = [("DiskId", disk_id.as_str()), ("StartTime", &start)];
    let wanted = i64::try_from(written_mib << 20).unwrap();
    site.until("what was written is on record", |site| {
        let end = Timestamp::from_unix_ms(now().unix_ms() + MINUTE_MS).to_iso8601();
        let shown = site.ecs("DescribeDiskMonitorData", &[&asked[..], &[("EndTime", &end)]].concat());
        let points = shown["MonitorData"]["DiskMonitorData"].as_array().unwrap();
        let sum = |name: &str| points.iter().map(|point| point[name].as_i64().unwrap() * 60).sum::<i64>();
        // Whole numbers a second: a little is lost to rounding.
        sum("BPSWrite") > wanted - 60 * 60 && sum("BPSWrite") <= wanted && sum("BPSRead") == 0
    });
}

/// What `Progress` says on the way, each number once.
fn progress(site: &mut Site, region: &str, snapshot_id: &str) -> Vec<u32> {
    let mut shown = Vec::new();
    site.until("the snapshot is accomplished", |site| {
        let snapshot = site.snapshot(region, snapshot_id);
        shown.push(text(&snapshot["Progress"]).strip_suffix('%').unwrap().parse().unwrap());
        snapshot["Status"] == "accomplished"
    });
    shown.dedup();
    shown
}
