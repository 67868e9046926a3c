//! The server is killed with SIGKILL while clients write to encrypted disks: what was flushed is there when the disks are open again,
//! and nothing is there that nobody wrote. Meanwhile snapshots are made, the disk is encrypted anew, grown, and cloned.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use serde_json::Value;

use crate::client::{Answer, Client};
use crate::harness::ECS;
use crate::model::{Area, Dice, Moment, Ticks};
use crate::nbd::Nbd;
use crate::site::{COFFER, HERE, REGION, Site, text};
use crate::writer;

const KILLS: usize = 50;
/// How many at most, until everything was cut off often enough to tell.
const MOST_KILLS: usize = 200;
const SIZE_GIB: u64 = 20;
const GROWN_GIB: u64 = 32;
const AREA_BYTES: usize = 2 << 20;
const READ_BYTES: usize = 1 << 20;
/// Where a disk is written to: from its first byte to the last one that it has at first, and across the bounds of chunks.
const AREAS: [u64; 3] = [0, (7 << 30) + (1 << 19) - 512, (SIZE_GIB << 30) - AREA_BYTES as u64];
const WAIT: Duration = Duration::from_millis(5);

/// What is done to a disk while it is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Nothing,
    Snapshots,
    Reencryption,
    Growth,
    Clone,
}

/// One after the other; a change of key goes on through the rounds that follow it.
const DEEDS: [Deed; 8] = [
    Deed::Snapshots,
    Deed::Clone,
    Deed::Reencryption,
    Deed::Snapshots,
    Deed::Growth,
    Deed::Snapshots,
    Deed::Clone,
    Deed::Nothing,
];

/// A disk, and what it may hold.
struct Disk {
    disk_id: String,
    areas: Vec<Mutex<Area>>,
}

impl Disk {
    fn connections(&self, site: &mut Site) -> Vec<Nbd> {
        self.areas.iter().map(|_| site.connect(&self.disk_id)).collect()
    }

    /// Compares what is there after a crash. How many sectors lost what was not flushed.
    fn recovered(&mut self, site: &mut Site, ticks: &Ticks) -> usize {
        let mut nbd = site.connect(&self.disk_id);
        let mut lost = 0;
        for area in &mut self.areas {
            let area = area.get_mut().unwrap_or_else(PoisonError::into_inner);
            let content = content(&mut nbd, area);
            match area.recovered(&content, ticks.next()) {
                Ok(sectors) => lost += sectors,
                Err(error) => panic!("disk {}: {error}; the log:\n{}", self.disk_id, site.log()),
            }
        }
        nbd.flush().unwrap();
        lost
    }
}

fn content(nbd: &mut Nbd, area: &Area) -> Vec<u8> {
    let parts = (0..area.length()).step_by(READ_BYTES);
    parts.flat_map(|at| nbd.read(area.offset + at as u64, READ_BYTES).unwrap()).collect()
}

/// What was acknowledged of what was done to the disk.
#[derive(Default)]
struct Notes {
    snapshots: Vec<(String, Moment)>,
    /// The largest size that was acknowledged, and that was asked for.
    acknowledged_gib: u64,
    asked_gib: u64,
    reencryptions: u32,
    /// How many kills were survived by what goes on by itself.
    snapshots_cut_off: u32,
    reencryptions_cut_off: u32,
    clones: u32,
}

impl Notes {
    /// Whether each of it was done, and cut off, more than once or twice.
    fn are_enough(&self) -> bool {
        self.snapshots.len() > 3
            && self.snapshots_cut_off > 1
            && self.clones > 3
            && self.reencryptions > 1
            && self.reencryptions_cut_off > 3
            && self.acknowledged_gib > SIZE_GIB
    }
}

/// Who does something to a disk by the API until the server is gone.
struct Doer<'a> {
    client: Client,
    disk_id: &'a str,
    ticks: &'a Ticks,
    notes: &'a Mutex<Notes>,
}

impl Doer<'_> {
    fn call(&mut self, version: &str, action: &str, parameters: &[(&str, &str)]) -> io::Result<Answer> {
        self.client.call(version, action, &[&[("DiskId", self.disk_id)], parameters].concat())
    }

    /// Asks until it is not refused because something else is under way.
    fn ask(&mut self, version: &str, action: &str, parameters: &[(&str, &str)]) -> io::Result<Value> {
        loop {
            let answer = self.call(version, action, parameters)?;
            if answer.status == 200 {
                return Ok(answer.body);
            }
            let busy =
                ["IncorrectDiskStatus.CreatingSnapshot", "IncorrectDiskStatus.Reencrypting", "DiskCreatingSnapshot"];
            let code = text(&answer.body["Code"]);
            assert!(busy.contains(&code.as_str()), "{action}: {}", answer.body);
            std::thread::sleep(WAIT);
        }
    }

    fn notes(&self) -> std::sync::MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&mut self, deed: Deed) -> io::Result<()> {
        if deed == Deed::Reencryption {
            self.ask(COFFER, "ReencryptDisk", &[])?;
            self.notes().reencryptions += 1;
        }
        if deed == Deed::Growth {
            let size_gib = self.notes().acknowledged_gib + 1;
            self.notes().asked_gib = size_gib;
            self.ask(ECS, "ResizeDisk", &[("NewSize", &size_gib.to_string()), ("Type", "online")])?;
            self.notes().acknowledged_gib = size_gib;
        }
        if deed != Deed::Snapshots {
            return Ok(());
        }
        loop {
            let asked = self.ticks.next();
            let snapshot_id = text(&self.ask(ECS, "CreateSnapshot", &[])?["SnapshotId"]);
            let moment = Moment { asked, answered: self.ticks.next() };
            self.notes().snapshots.push((snapshot_id, moment));
        }
    }
}

/// Writes to the disks while the deed is done; ends with the kill.
fn round(site: &mut Site, disks: &[&Disk], deed: Deed, notes: &Mutex<Notes>, ticks: &Ticks, dice: &mut Dice) {
    let connections: Vec<_> = disks.iter().map(|disk| disk.connections(site)).collect();
    let client = site.server.as_ref().unwrap().client();
    std::thread::scope(|scope| {
        for (disk, connections) in disks.iter().zip(connections) {
            for (area, mut nbd) in disk.areas.iter().zip(connections) {
                let mut dice = Dice(dice.next());
                let work = move || {
                    let error = writer::write(&mut nbd, area, ticks, &mut dice);
                    assert!(is_hung_up(&error), "{error}");
                };
                Builder::new().name("writer".to_owned()).spawn_scoped(scope, work).unwrap();
            }
        }
        let mut doer = Doer { client, disk_id: &disks[0].disk_id, ticks, notes };
        let work = move || match doer.run(deed) {
            Ok(()) => {}
            Err(error) => assert!(is_hung_up(&error), "{error}"),
        };
        Builder::new().name("doer".to_owned()).spawn_scoped(scope, work).unwrap();
        std::thread::sleep(Duration::from_millis(20 + dice.next() % 500));
        site.kill();
    });
}

fn is_hung_up(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof)
}

/// Starts the server; some of the time that is cut off, too.
fn restart(site: &mut Site, dice: &mut Dice) -> u32 {
    let mut kills = 0;
    site.start();
    while dice.below(6) == 0 {
        std::thread::sleep(Duration::from_millis(dice.next() % 200));
        site.kill();
        kills += 1;
        site.start();
    }
    kills
}

/// Waits for what the deed would be refused for. For a clone, a disk made from the newest snapshot, attached.
fn prepared(site: &mut Site, disk: &Disk, deed: Deed, notes: &Mutex<Notes>, instance_id: &str) -> Option<Disk> {
    if matches!(deed, Deed::Reencryption | Deed::Growth) {
        until_encrypted_anew(site, disk);
    }
    if deed == Deed::Growth {
        // Among them one that was cut off before it was answered.
        site.until("no snapshot is being made", |site| {
            let listed = site.ecs("DescribeSnapshots", &[REGION, ("Status", "progressing")]);
            listed["TotalCount"] == 0
        });
    }
    let (snapshot_id, moment) = notes.lock().unwrap().snapshots.last().cloned()?;
    if deed != Deed::Clone {
        return None;
    }
    site.until_accomplished(HERE, &snapshot_id);
    let disk_id = site.disk(&[("SnapshotId", &snapshot_id), ("Size", &GROWN_GIB.to_string())]);
    site.attach(&disk_id, instance_id);
    let areas = disk.areas.iter().map(|area| Mutex::new(area.lock().unwrap().clone_of(moment)));
    Some(Disk { disk_id, areas: areas.collect() })
}

fn is_being_encrypted_anew(site: &mut Site, disk: &Disk) -> bool {
    !site.must(COFFER, "DescribeDiskEncryption", &[("DiskId", &disk.disk_id)])["ReencryptionStatus"].is_null()
}

fn until_encrypted_anew(site: &mut Site, disk: &Disk) {
    site.until("the disk is encrypted anew", |site| !is_being_encrypted_anew(site, disk));
}

/// Counts what the kill has cut off.
fn count(site: &mut Site, disk: &Disk, notes: &mut Notes) {
    notes.reencryptions_cut_off += u32::from(is_being_encrypted_anew(site, disk));
    if let Some((snapshot_id, _)) = notes.snapshots.last() {
        notes.snapshots_cut_off += u32::from(site.snapshot(HERE, snapshot_id)["Status"] == "progressing");
    }
}

fn removed(site: &mut Site, disk_id: &str, instance_id: &str) {
    site.detach(disk_id, instance_id);
    site.ecs("DeleteDisk", &[("DiskId", disk_id)]);
}

/// Restores every snapshot and compares it with what was there at its moment.
fn restored(site: &mut Site, disk: &Disk, notes: &Notes, instance_id: &str) {
    for (snapshot_id, moment) in &notes.snapshots {
        site.until_accomplished(HERE, snapshot_id);
        let size_gib = GROWN_GIB.to_string();
        let (disk_id, mut nbd) = site.attached(instance_id, &[("SnapshotId", snapshot_id), ("Size", &size_gib)]);
        let areas: Vec<_> = disk.areas.iter().map(|area| area.lock().unwrap()).collect();
        let seen: Vec<_> = areas
            .iter()
            .map(|area| area.look(&content(&mut nbd, area), *moment))
            .collect::<Result<_, _>>()
            .unwrap_or_else(|error| panic!("snapshot {snapshot_id}: {error}"));
        let newest = seen.iter().map(crate::model::Seen::newest).max().unwrap();
        for (area, seen) in areas.iter().zip(&seen) {
            assert!(area.is_of_one_moment(seen, newest), "snapshot {snapshot_id} is not of one moment");
        }
        drop(nbd);
        removed(site, &disk_id, instance_id);
    }
}

#[test]
fn what_was_flushed_to_encrypted_disks_survives_fifty_kills_and_so_do_their_snapshots() {
    let mut site = Site::new("disks-kills");
    let (ticks, mut dice) = (Ticks::default(), Dice(50));
    let instance_id = site.instance();
    let disk_id = site.disk(&[("Size", &SIZE_GIB.to_string())]);
    site.attach(&disk_id, &instance_id);
    let areas = AREAS.map(|offset| Mutex::new(Area::new(offset, AREA_BYTES)));
    let mut disk = Disk { disk_id, areas: areas.into() };
    let notes = Mutex::new(Notes { acknowledged_gib: SIZE_GIB, asked_gib: SIZE_GIB, ..Notes::default() });
    let (mut lost, mut kills, mut rounds) = (0, 0, 0);
    while rounds < KILLS || !notes.lock().unwrap().are_enough() {
        assert!(rounds < MOST_KILLS, "too little to tell");
        let deed = DEEDS[rounds % DEEDS.len()];
        rounds += 1;
        let mut clone = prepared(&mut site, &disk, deed, &notes, &instance_id);
        let disks: Vec<&Disk> = [&disk].into_iter().chain(&clone).collect();
        round(&mut site, &disks, deed, &notes, &ticks, &mut dice);
        kills += restart(&mut site, &mut dice);
        count(&mut site, &disk, &mut notes.lock().unwrap());
        lost += disk.recovered(&mut site, &ticks);
        sizes_agree(&mut site, &disk, &mut notes.lock().unwrap());
        if let Some(clone) = &mut clone {
            lost += clone.recovered(&mut site, &ticks);
            removed(&mut site, &clone.disk_id, &instance_id);
            notes.lock().unwrap().clones += 1;
        }
    }
    let notes = notes.into_inner().unwrap();
    restored(&mut site, &disk, &notes, &instance_id);
    until_encrypted_anew(&mut site, &disk);
    lost += disk.recovered(&mut site, &ticks);
    let writes = ticks.next();
    eprintln!(
        "{rounds} kills under load and {kills} at the start, {writes} requests, {} snapshots ({} times cut off), {} re-encryptions ({} times cut off), {} clones, \
         grown to {} GiB: {lost} sectors lost what was not flushed, none what was",
        notes.snapshots.len(),
        notes.snapshots_cut_off,
        notes.reencryptions,
        notes.reencryptions_cut_off,
        notes.clones,
        notes.acknowledged_gib,
    );
    // Among them those whose making was cut off before it was answered.
    let listed = site.ecs("DescribeSnapshots", &[REGION, ("PageSize", "100")]);
    for snapshot in listed["Snapshots"]["Snapshot"].as_array().unwrap() {
        let snapshot_id = text(&snapshot["SnapshotId"]);
        site.until_accomplished(HERE, &snapshot_id);
        site.ecs("DeleteSnapshot", &[("SnapshotId", &snapshot_id), ("Force", "true")]);
    }
    removed(&mut site, &disk.disk_id, &instance_id);
    nothing_is_left(&mut site);
}

/// The disk is as large as was acknowledged, or as what was under way.
fn sizes_agree(site: &mut Site, disk: &Disk, notes: &mut Notes) {
    let size_gib = site.described(&disk.disk_id)["Size"].as_u64().unwrap();
    assert!([notes.acknowledged_gib, notes.asked_gib].contains(&size_gib) && size_gib >= notes.acknowledged_gib);
    notes.acknowledged_gib = size_gib;
    let disk_id = disk.disk_id.clone();
    let socket = PathBuf::from(text(&site.export(&disk_id)["Socket"]));
    site.until("the disk is as large as it is said to be", |_| size_of(&socket) == size_gib << 30);
}

fn size_of(socket: &Path) -> u64 {
    Nbd::connect(socket).unwrap().size_bytes
}

/// Neither volumes of disks nor objects of snapshots, but for the system disk of the instance.
fn nothing_is_left(site: &mut Site) {
    let system_disks = site.ecs("DescribeDisks", &[REGION, ("DiskType", "system")])["TotalCount"].as_u64().unwrap();
    site.until("what was deleted is gone", |site| {
        site.volumes().len() as u64 == system_disks && site.objects().is_empty()
    });
}
