//! The server is killed with SIGKILL while clients write, again and again on the same data: what was acknowledged is there
//! afterwards, and nothing is half there.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

#[path = "../../src/client.rs"]
#[allow(dead_code, reason = "no test here looks at warnings")]
mod client;
mod harness;
mod jobs;
mod root_key;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use client::Client;
use coffer_base::{Rng as _, SeededRng};
use harness::{ECS, KMS, Server};

const KILLS: u32 = 200;
const WRITERS: usize = 4;
impl Server {
    pub(crate) fn start(data: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
        command.stderr(Stdio::null());
        Self::launch(command, data)
    }
}

/// Lives for some time between 20 ms and `most_ms`, then is killed.
pub(crate) fn live_a_while(server: Server, rng: &SeededRng, most_ms: u64) {
    let mut delay = [0u8; 1];
    rng.fill(&mut delay);
    std::thread::sleep(Duration::from_millis(20 + (most_ms - 20) * u64::from(delay[0]) / 255));
    server.kill();
}

/// What clients were told is done.
#[derive(Default)]
struct Acknowledged {
    disks: Vec<String>,
    keys: Vec<String>,
}

/// Creates disks and keys until the server dies.
fn write(mut client: Client, acknowledged: &Mutex<Acknowledged>) -> io::Result<()> {
    loop {
        let parameters = [
            ("RegionId", "cn-hangzhou"),
            ("ZoneId", "cn-hangzhou-b"),
            ("Size", "20"),
            ("Encrypted", "true"),
            ("Tag.1.Key", "kept"),
            ("Tag.1.Value", "whole"),
        ];
        let answer = client.call(ECS, "CreateDisk", &parameters)?;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        acknowledged.lock().unwrap().disks.push(answer.body["DiskId"].as_str().unwrap().to_owned());
        let answer = client.call(KMS, "CreateKey", &[])?;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        acknowledged.lock().unwrap().keys.push(answer.body["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned());
    }
}

/// Every acknowledged disk is listed with all that belongs to it; every acknowledged key can be used.
fn check(client: &mut Client, acknowledged: &Acknowledged) {
    for ids in acknowledged.disks.chunks(100) {
        let ids_json = serde_json::to_string(ids).unwrap();
        let parameters = [("RegionId", "cn-hangzhou"), ("DiskIds", ids_json.as_str()), ("PageSize", "100")];
        let answer = client.call(ECS, "DescribeDisks", &parameters).unwrap();
        let disks = answer.body["Disks"]["Disk"].as_array().unwrap();
        assert_eq!(disks.len(), ids.len(), "acknowledged disks are missing");
        for disk in disks {
            assert_eq!(disk["Encrypted"], true);
            assert_eq!(disk["Tags"]["Tag"][0]["TagValue"], "whole");
        }
    }
    for key_id in &acknowledged.keys {
        let answer = client.call(KMS, "Encrypt", &[("KeyId", key_id), ("Plaintext", "x")]).unwrap();
        assert_eq!(answer.status, 200, "{:?}", answer.body);
    }
}

#[test]
fn what_was_acknowledged_survives_two_hundred_kills_and_nothing_is_half_there() {
    let data = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("kill-{}", std::process::id()));
    let rng = SeededRng::new(200);
    let (mut disks, mut keys) = (BTreeSet::new(), BTreeSet::new());
    let mut cut_off = 0;
    for _ in 0..KILLS {
        let server = Server::start(&data);
        let acknowledged = Arc::new(Mutex::new(Acknowledged::default()));
        let writers: Vec<_> = (0..WRITERS)
            .map(|n| {
                let (client, acknowledged) = (server.client(), Arc::clone(&acknowledged));
                let writer = std::thread::Builder::new().name(format!("writer-{n}"));
                writer.spawn(move || write(client, &acknowledged)).unwrap()
            })
            .collect();
        live_a_while(server, &rng, 84);
        for writer in writers {
            cut_off += usize::from(writer.join().unwrap().is_err());
        }
        let acknowledged = Arc::into_inner(acknowledged).unwrap().into_inner().unwrap();
        let server = Server::start(&data);
        check(&mut server.client(), &acknowledged);
        server.kill();
        disks.extend(acknowledged.disks);
        keys.extend(acknowledged.keys);
    }
    assert_eq!(cut_off, WRITERS * KILLS as usize, "every writer was cut off by the kill");
    whole(&data, &disks, &keys);
    eprintln!("{KILLS} kills: {} disks and {} keys acknowledged, all there", disks.len(), keys.len());
    std::fs::remove_dir_all(data).unwrap();
}

/// In the database itself: the audit is unbroken, and holds exactly one row for each disk there is, acknowledged or not.
fn whole(data: &Path, disks: &BTreeSet<String>, keys: &BTreeSet<String>) {
    let db = coffer_store::Db::open(data, coffer_store::Options::default()).unwrap();
    let rows = db.read(coffer_cloud::audit::verify).unwrap().expect("the chain is whole");
    let mut made = BTreeSet::new();
    let mut made_keys = BTreeSet::new();
    let mut last = 0;
    while last < rows {
        for row in db.read(|tx| coffer_store::audit::after(tx, last, 1000)).unwrap() {
            last = row.sequence;
            let detail: serde_json::Value = serde_json::from_str(&row.detail).unwrap();
            match (row.action.as_str(), row.outcome.as_str()) {
                ("ecs:CreateDisk", "OK") => assert!(made.insert(detail["diskId"].as_str().unwrap().to_owned())),
                ("kms:CreateKey", "OK") => assert!(made_keys.insert(detail["keyId"].as_str().unwrap().to_owned())),
                _ => {}
            }
        }
    }
    assert!(disks.is_subset(&made) && keys.is_subset(&made_keys));
    let region = coffer_base::Region::parse("cn-hangzhou").unwrap();
    let account = db.read(coffer_store::accounts::all).unwrap().remove(0);
    let filter = coffer_store::disks::Filter::default();
    let there = db.read(|tx| coffer_store::disks::count(tx, &account, region, &filter)).unwrap();
    assert_eq!(usize::try_from(there).unwrap(), made.len(), "each disk and its audit row came together");
    let tagged = coffer_store::disks::Filter { tags: vec![("kept".to_owned(), None)], ..filter };
    let tagged = db.read(|tx| coffer_store::disks::count(tx, &account, region, &tagged)).unwrap();
    assert_eq!(tagged, there, "no disk without its tag");
}
