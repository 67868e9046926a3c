//! What is written to an encrypted disk, and the keys that it is under, are found in no file that the server leaves: neither in its data
//! directory, nor in its log, nor in a core dump. The keys are not in what a debugger would dump of its memory either.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_block::storage::{Directory as _, LocalDirectory, Options};
use coffer_store::disks::Disk;
use coffer_store::volumes::{Manifest, Reencryption};
use coffer_store::{Db, Record as _, StoreError};
use serde_json::json;

use crate::harness::KMS;
use crate::model::Dice;
use crate::nbd::Nbd;
use crate::site::{COFFER, HERE, Site, files, text};

const RUN: usize = 16;
const PART: usize = 1 << 20;
const PATTERN: &[u8; RUN] = b"Coffer-leak-scan";
const ROOT_KEY: &str = "root.key";
const THERE: &str = "cn-beijing";
/// Bits of the filter in front of the runs.
const FILTER_BITS: u32 = 24;

/// Runs of 16 bytes that must be found nowhere.
struct Secrets {
    runs: HashMap<[u8; RUN], String>,
    filter: Vec<bool>,
}

impl Secrets {
    fn new() -> Self {
        Self { runs: HashMap::new(), filter: vec![false; 1 << FILTER_BITS] }
    }

    /// Every run of a text.
    fn add(&mut self, what: &str, bytes: &[u8]) {
        for run in runs(bytes) {
            self.filter[place(run)] = true;
            self.runs.insert(*run, what.to_owned());
        }
    }

    /// A key, as bytes and as text.
    fn add_key(&mut self, what: &str, text: &str) {
        let bytes = STANDARD.decode(text).unwrap();
        assert_eq!(bytes.len(), 64);
        self.add(what, &bytes);
        self.add(what, text.as_bytes());
    }

    /// What of it is in there.
    fn found_in(&self, bytes: &[u8]) -> Option<&str> {
        let mut suspects = runs(bytes).filter(|run| self.filter[place(run)]);
        suspects.find_map(|run| self.runs.get(run)).map(String::as_str)
    }

    /// What of it is in a volume's file, which may be far longer than what it holds.
    fn found_in_volume(&self, path: &Path) -> io::Result<Option<&str>> {
        let directory = LocalDirectory::new(path.parent().unwrap(), Options::default())?;
        let stretches = directory.open(path.file_name().unwrap().to_str().unwrap())?;
        let file = File::open(path)?;
        let mut at = 0;
        while let Some(stretch) = stretches.next_data(at)? {
            let end = stretch.end.min(stretch.start + PART as u64);
            // Together with what might begin before.
            let begin = stretch.start.saturating_sub(RUN as u64);
            let mut bytes = vec![0; usize::try_from(end - begin).unwrap()];
            file.read_exact_at(&mut bytes, begin)?;
            if let Some(what) = self.found_in(&bytes) {
                return Ok(Some(what));
            }
            at = end;
        }
        Ok(None)
    }

    fn found_in_file(&self, path: &Path) -> io::Result<Option<&str>> {
        Ok(self.found_in(&fs::read(path)?))
    }

    /// Looks through all that a server that is not running has left. How many files that were.
    fn scan(&self, site: &Site) -> usize {
        let mut places: Vec<PathBuf> = files(&site.data);
        places.push(site.log_file());
        // Where the root key belongs.
        places.retain(|path| !path.ends_with(ROOT_KEY) && fs::metadata(path).is_ok_and(|metadata| metadata.is_file()));
        for path in &places {
            let is_of_volume = path.starts_with(site.data.join("volumes"));
            let found = if is_of_volume { self.found_in_volume(path) } else { self.found_in_file(path) }.unwrap();
            assert_eq!(found, None, "in {}", path.display());
        }
        places.len()
    }
}

fn runs(bytes: &[u8]) -> impl Iterator<Item = &[u8; RUN]> {
    bytes.windows(RUN).map(|run| run.try_into().unwrap())
}

fn place(run: &[u8; RUN]) -> usize {
    let first = u64::from_le_bytes(run[..8].try_into().unwrap());
    usize::try_from(first.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - FILTER_BITS)).unwrap()
}

/// Text and bytes that nobody else has.
fn content() -> Vec<u8> {
    let mut dice = Dice(16);
    let mut bytes = PATTERN.repeat(4096);
    bytes.extend((0..8192).flat_map(|_| dice.next().to_le_bytes()));
    bytes
}

/// Writes it to several places, also across the bounds of units and chunks.
fn write(nbd: &mut Nbd, content: &[u8]) {
    for offset in [0, (1 << 20) - 777, 5 << 30, (5 << 30) + (3 << 20) + 1] {
        nbd.write(offset, content).unwrap();
    }
}

/// A wrapped data key, and what it is bound to.
struct Wrapped {
    kind: &'static str,
    id: String,
    region: &'static str,
    blob: String,
}

impl Wrapped {
    /// The plain key, by KMS.
    fn open(&self, site: &mut Site, account: &str) -> String {
        let context = json!({ "acs:account": account, self.kind: self.id, "acs:region": self.region }).to_string();
        let asked = [("RegionId", self.region), ("CiphertextBlob", &self.blob), ("EncryptionContext", &context)];
        text(&site.must(KMS, "Decrypt", &asked)["Plaintext"])
    }
}

/// Every wrapped data key of disks and snapshots, of disks also that which they are to have; and the account.
fn wrapped_keys(site: &Site, disks: &[&str], snapshots: &[(&str, &'static str)]) -> (String, Vec<Wrapped>) {
    let read = |tx: &coffer_store::Tx<'_>| -> Result<_, StoreError> {
        let (mut account, mut keys) = (String::new(), Vec::new());
        for disk_id in disks {
            let disk = Disk::get(tx, disk_id)?.unwrap();
            disk.account.as_str().clone_into(&mut account);
            let new = Reencryption::get(tx, disk_id)?.map(|new| new.wrapped_data_key);
            for blob in disk.wrapped_data_key.into_iter().chain(new) {
                keys.push(Wrapped { kind: "acs:disk", id: (*disk_id).to_owned(), region: HERE, blob });
            }
        }
        for (snapshot_id, region) in snapshots {
            let blob = Manifest::get(tx, snapshot_id)?.unwrap().wrapped_data_key.unwrap();
            keys.push(Wrapped { kind: "acs:snapshot", id: (*snapshot_id).to_owned(), region, blob });
        }
        Ok((account, keys))
    };
    Db::peek(&site.data, read).unwrap()
}

/// What another process may read of the server's memory and a debugger would write down; nothing if it may read none.
fn dumpable_memory(pid: u32) -> Option<Vec<u8>> {
    let memory = File::open(format!("/proc/{pid}/mem")).ok()?;
    let (mut all, mut range) = (Vec::new(), 0..0);
    for line in fs::read_to_string(format!("/proc/{pid}/smaps")).unwrap().lines() {
        let first = line.split(' ').next().unwrap();
        let bound = |text| u64::from_str_radix(text, 16);
        if let Some((Ok(start), Ok(end))) = first.split_once('-').map(|(start, end)| (bound(start), bound(end))) {
            range = start..end;
        } else if let Some(flags) = line.strip_prefix("VmFlags:") {
            let is_dumped = flags.split_whitespace().all(|flag| !["dd", "io", "pf"].contains(&flag));
            let is_writable = flags.split_whitespace().any(|flag| flag == "wr");
            let mut bytes = vec![0; usize::try_from(range.end - range.start).unwrap()];
            if is_dumped && is_writable && memory.read_exact_at(&mut bytes, range.start).is_ok() {
                all.extend(bytes);
            }
        }
    }
    Some(all)
}

#[test]
fn neither_content_nor_keys_are_in_any_file_nor_keys_in_a_dump_of_the_memory() {
    let mut site = Site::with("disks-leaks", "", "exec env RUST_LOG=trace");
    let content = content();
    let (instance_id, key_id) = (site.instance(), site.customer_key());
    let (disk_id, mut nbd) = site.attached(&instance_id, &[("KMSKeyId", &key_id)]);
    write(&mut nbd, &content);
    let snapshot_id = site.begin_snapshot(&disk_id);
    write(&mut nbd, &content);
    site.until_accomplished(HERE, &snapshot_id);
    let (clone_id, mut clone) = site.attached(&instance_id, &[("SnapshotId", &snapshot_id)]);
    assert!(clone.read(5 << 30, content.len()).unwrap() == content);
    write(&mut clone, &content);
    let copy_id = copied(&mut site, &snapshot_id);
    site.must(COFFER, "RewrapDiskDataKey", &[("DiskId", &clone_id)]);
    site.must(COFFER, "ReencryptDisk", &[("DiskId", &disk_id), ("MebibytesPerSecond", "1")]);
    site.until("some of the disk is under its new key", |site| {
        let shown = site.must(COFFER, "DescribeDiskEncryption", &[("DiskId", &disk_id)]);
        shown["ReencryptionStatus"] == "Running"
    });
    let pid = site.server.as_ref().unwrap().child.id();
    let second_id = site.begin_snapshot(&clone_id);
    // Before any key is asked for: what is answered has been in the server's memory. First while the snapshot's key is unwrapped and that is
    // put on record.
    let mut memories: Vec<_> = (0..4).map_while(|_| dumpable_memory(pid)).collect();
    write(&mut nbd, &content);
    write(&mut clone, &content);
    nbd.flush().unwrap();
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let limit = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(limit.split_whitespace().filter(|word| *word == "0").count(), 2, "{limit}");
    memories.extend(dumpable_memory(pid));
    site.kill();

    let mut secrets = Secrets::new();
    let (account, keys) =
        wrapped_keys(&site, &[&disk_id, &clone_id], &[(&snapshot_id, HERE), (&copy_id, THERE), (&second_id, HERE)]);
    assert_eq!(keys.len(), 6);
    site.start();
    for key in &keys {
        let plain = key.open(&mut site, &account);
        secrets.add_key(&format!("the data key of {}", key.id), &plain);
    }
    site.kill();
    for memory in memories {
        let holds = |text: &[u8]| memory.windows(text.len()).any(|window| window == text);
        assert!(holds(b"COFFER_ROOT_ACCESS_KEY_ID"), "this is not the server's memory");
        assert_eq!(secrets.found_in(&memory), None, "in {} bytes of memory", memory.len());
    }
    let root_key = fs::read_to_string(site.data.join(ROOT_KEY)).unwrap();
    secrets.add("the root key", root_key.lines().nth(1).unwrap().as_bytes());
    secrets.add("what was written", &content);
    let during = secrets.scan(&site);

    site.start();
    site.must(COFFER, "ModifyDiskReencryption", &[("DiskId", &disk_id), ("MebibytesPerSecond", "100000")]);
    site.until("the disk is encrypted anew", |site| {
        let shown = site.must(COFFER, "DescribeDiskEncryption", &[("DiskId", &disk_id)]);
        shown["LastReencryptionTime"].is_string()
    });
    site.until_accomplished(HERE, &second_id);
    let mut nbd = site.connect(&disk_id);
    assert!(nbd.read(0, content.len()).unwrap() == content);
    write(&mut nbd, &content);
    // The scan finds what there is to be found.
    let (plain_id, mut nbd) = site.attached(&instance_id, &[("Encrypted", "false")]);
    write(&mut nbd, &content);
    let plain = site.data.join(format!("volumes/{plain_id}.1/data"));
    assert_eq!(secrets.found_in_volume(&plain).unwrap(), Some("what was written"));
    site.detach(&plain_id, &instance_id);
    site.ecs("DeleteDisk", &[("DiskId", &plain_id)]);
    site.until("the plain disk is gone", |_| !plain.exists());
    let status = site.signal("-ABRT");
    assert!(status.signal() == Some(6) && !status.core_dumped(), "{status:?}");
    let after = secrets.scan(&site);
    eprintln!(
        "{} runs of 16 bytes, of content and {} data keys, in none of {during} files during and {after} after",
        secrets.runs.len(),
        keys.len()
    );
}

fn copied(site: &mut Site, snapshot_id: &str) -> String {
    let key_id = site.new_key(THERE);
    let asked = [
        ("RegionId", HERE),
        ("SnapshotId", snapshot_id),
        ("DestinationRegionId", THERE),
        ("DestinationSnapshotName", "copy"),
        ("DestinationSnapshotDescription", "copy"),
        ("Encrypted", "true"),
        ("KMSKeyId", &key_id),
    ];
    let copy_id = text(&site.ecs("CopySnapshot", &asked)["SnapshotId"]);
    site.until_accomplished(THERE, &copy_id);
    copy_id
}

#[test]
fn that_keys_can_be_swapped_out_is_said_once_and_the_disks_work() {
    // Root may lock more than the limit, unless it is taken from it.
    let limited =
        r#"ulimit -l 0 && as= && { [ "$(id -u)" != 0 ] || as='setpriv --bounding-set -ipc_lock'; } && exec $as"#;
    for (launcher, times) in [(limited, 1), ("exec", 0)] {
        let mut site = Site::with("disks-swappable", "", launcher);
        let instance_id = site.instance();
        for _ in 0..2 {
            let (_, mut nbd) = site.attached(&instance_id, &[]);
            nbd.write(0, PATTERN).unwrap();
            assert!(nbd.read(0, RUN).unwrap() == PATTERN);
        }
        assert_eq!(site.log().matches("data keys can be swapped out").count(), times, "{}", site.log());
    }
}
