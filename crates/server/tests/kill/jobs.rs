//! Work that outlives its request: begun, cut off by a kill, and finished once after the restart, without a hand.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use coffer_base::SeededRng;
use coffer_cloud::job::Kind;
use coffer_store::jobs;
use serde_json::Value;

use crate::client::Client;
use crate::harness::{ECS, Server, now};
use crate::live_a_while;

const KILLS: u32 = 60;
const WRITERS: usize = 3;
const HERE: &str = "cn-hangzhou";
const THERE: &str = "cn-beijing";
const SIZE_GIB: u64 = 20;
const GROWN_GIB: u64 = 40;
/// How often work in progress is looked at before the test gives up.
const LOOKS: usize = 10_000;

/// What clients were told has begun: what it is, and where.
type Begun = BTreeMap<String, (What, &'static str)>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Instance,
    Disk,
    GrownDisk,
    Snapshot,
    Image,
}

impl What {
    /// The one thing of that id as it is listed, or nothing.
    fn shown(self, client: &mut Client, region: &str, id: &str) -> io::Result<Option<Value>> {
        let one = format!("[\"{id}\"]");
        let (action, parameter, path) = match self {
            Self::Instance => ("DescribeInstances", ("InstanceIds", one.as_str()), "/Instances/Instance/0"),
            Self::Disk | Self::GrownDisk => ("DescribeDisks", ("DiskIds", one.as_str()), "/Disks/Disk/0"),
            Self::Snapshot => ("DescribeSnapshots", ("SnapshotIds", one.as_str()), "/Snapshots/Snapshot/0"),
            Self::Image => ("DescribeImages", ("ImageId", id), "/Images/Image/0"),
        };
        // Other listings have statuses to choose from, images must be asked for all.
        let all = ("Status", if self == Self::Image { "Creating,Available" } else { "" });
        let answer = client.call(ECS, action, &[("RegionId", region), parameter, all])?;
        assert_eq!(answer.status, 200, "{action} {id}: {:?}", answer.body);
        Ok(answer.body.pointer(path).cloned())
    }

    /// Whether the work on it is over, and came out as it was asked.
    fn is_done(self, shown: &Value) -> bool {
        match self {
            Self::Instance => shown["Status"] == "Running",
            Self::Disk => shown["Status"] == "In_use",
            Self::GrownDisk => shown["Status"] == "In_use" && shown["Size"] == GROWN_GIB,
            Self::Snapshot => shown["Status"] == "accomplished" && shown["Progress"] == "100%",
            Self::Image => shown["Status"] == "Available" && shown["Progress"] == "100%",
        }
    }
}

/// A client that begins work and says what was acknowledged.
struct Writer<'a> {
    client: Client,
    begun: &'a Mutex<Begun>,
}

impl Writer<'_> {
    fn call(&mut self, action: &str, parameters: &[(&str, &str)]) -> io::Result<Value> {
        let answer = self.client.call(ECS, action, parameters)?;
        assert_eq!(answer.status, 200, "{action}: {:?}", answer.body);
        Ok(answer.body)
    }

    fn began(&self, id: &str, what: What, region: &'static str) {
        self.begun.lock().unwrap().insert(id.to_owned(), (what, region));
    }

    /// Waits for the end of work, as every client does before it goes on.
    fn finished(&mut self, id: &str, what: What, region: &'static str) -> io::Result<()> {
        self.began(id, what, region);
        for _ in 0..LOOKS {
            if what.shown(&mut self.client, region, id)?.is_some_and(|shown| what.is_done(&shown)) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        panic!("{what:?} {id} is never done");
    }

    /// Runs an instance, then leads disks on it through their lives until the server dies.
    fn write(&mut self) -> io::Result<()> {
        let region = ("RegionId", HERE);
        let essd = ("SystemDisk.Category", "cloud_essd");
        let zone = ("ZoneId", "cn-hangzhou-b");
        let image = ("ImageId", "ubuntu_24_04_x64_20G_alibase_20250113.vhd");
        let made = self.call("RunInstances", &[region, zone, essd, image, ("InstanceType", "ecs.g7.large")])?;
        let instance_id = text(&made["InstanceIdSets"]["InstanceIdSet"][0]);
        self.finished(&instance_id, What::Instance, HERE)?;
        for _ in 0..10 {
            let size_gib = SIZE_GIB.to_string();
            let asked = [region, zone, ("Size", &size_gib), ("DiskCategory", "cloud_essd"), ("Encrypted", "true")];
            let disk_id = text(&self.call("CreateDisk", &asked)?["DiskId"]);
            self.call("AttachDisk", &[("InstanceId", &instance_id), ("DiskId", &disk_id)])?;
            self.finished(&disk_id, What::Disk, HERE)?;
            let snapshot_id = text(&self.call("CreateSnapshot", &[("DiskId", &disk_id)])?["SnapshotId"]);
            self.finished(&snapshot_id, What::Snapshot, HERE)?;
            let copy = [
                region,
                ("SnapshotId", &snapshot_id),
                ("DestinationRegionId", THERE),
                ("DestinationSnapshotName", "copy"),
                ("DestinationSnapshotDescription", "copy"),
            ];
            let copy_id = text(&self.call("CopySnapshot", &copy)?["SnapshotId"]);
            self.began(&copy_id, What::Snapshot, THERE);
            let grown_gib = GROWN_GIB.to_string();
            self.call("ResizeDisk", &[("DiskId", &disk_id), ("NewSize", &grown_gib), ("Type", "online")])?;
            self.began(&disk_id, What::GrownDisk, HERE);
            let image_id = text(&self.call("CreateImage", &[region, ("InstanceId", &instance_id)])?["ImageId"]);
            self.finished(&image_id, What::Image, HERE)?;
        }
        Ok(())
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn work_that_was_acknowledged_is_finished_after_a_kill_and_only_once() {
    let data = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("kill-jobs-{}", std::process::id()));
    let (rng, mut all) = (SeededRng::new(60), Begun::new());
    for _ in 0..KILLS {
        let server = Server::start(&data);
        let begun = Arc::new(Mutex::new(Begun::new()));
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                let (client, begun) = (server.client(), Arc::clone(&begun));
                let writer = std::thread::Builder::new().name("writer".to_owned());
                writer.spawn(move || Writer { client, begun: &begun }.write()).unwrap()
            })
            .collect();
        live_a_while(server, &rng, 500);
        for writer in writers {
            assert!(writer.join().unwrap().is_err(), "every writer was cut off by the kill");
        }
        all.extend(Arc::into_inner(begun).unwrap().into_inner().unwrap());
    }
    let waiting = in_progress(&data);
    let server = Server::start(&data);
    let nobody = Mutex::new(Begun::new());
    let mut reader = Writer { client: server.client(), begun: &nobody };
    for (id, (what, region)) in &all {
        reader.finished(id, *what, region).unwrap();
    }
    for _ in 0..LOOKS {
        if in_progress(&data) == 0 {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    server.kill();
    assert_eq!(in_progress(&data), 0, "no job is left over");
    assert!(all.len() > KILLS as usize, "{} pieces of work are too few to tell", all.len());
    eprintln!(
        "{KILLS} kills: {} pieces of work acknowledged, {waiting} cut off by the last kill, all finished",
        all.len()
    );
    std::fs::remove_dir_all(data).unwrap();
}

/// How many jobs wait that are due.
fn in_progress(data: &Path) -> usize {
    let kinds = Kind::ALL.map(|kind| kind.as_str().to_owned());
    coffer_store::Db::peek(data, |tx| jobs::due(tx, &kinds, now(), 1000)).unwrap().len()
}
