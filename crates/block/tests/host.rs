//! The life of volumes on one machine: in files, over sockets, through snapshots, clones, copies and changes of key.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use coffer_base::{Rng as _, SeededRng};
use coffer_block::host::{
    Chain, DataKey, Freeze, Host, HostError, ManifestRef, NewVolume, Options, SnapshotSource, UploadOf, Uploaded,
    VolumeKeys,
};
use coffer_crypto::{PlainKey, SystemRng};

const SIZE: u64 = 8 << 20;

fn key(seed: u64) -> DataKey {
    let mut plain = [0; 64];
    SeededRng::new(seed).fill(&mut plain);
    DataKey { plain: PlainKey::new(&plain).unwrap(), wrapped: seed.to_le_bytes().to_vec() }
}

fn plain() -> VolumeKeys {
    VolumeKeys::default()
}

fn under(seed: u64) -> VolumeKeys {
    VolumeKeys { own: Some(key(seed)), next: None }
}

fn from_to(own: Option<DataKey>, next: u64) -> VolumeKeys {
    VolumeKeys { own, next: Some(key(next)) }
}

/// A directory that goes with the test.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("coffer-host-{name}-{}", std::process::id()));
        let _absent = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn host(&self) -> Host {
        let [volumes, objects, sockets] = ["volumes", "objects", "nbd"].map(|name| self.0.join(name));
        let options = Options { volumes, objects, sockets, ..Options::default() };
        Host::start(&options, Arc::new(SystemRng), || 0).unwrap()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

fn make(host: &Host, id: &str, key: Option<&DataKey>, base: Option<SnapshotSource>) {
    host.make(NewVolume { volume_id: id.to_owned(), size_bytes: SIZE, key: key.cloned(), base }).unwrap();
}

fn write(host: &Host, id: &str, offset: u64, byte: u8) {
    let device = host.device(id).unwrap();
    device.write(offset, &mut vec![byte; 8192]).unwrap();
    device.flush().unwrap();
}

fn byte(host: &Host, id: &str, offset: u64) -> u8 {
    let mut bytes = [0];
    host.device(id).unwrap().read(offset, &mut bytes).unwrap();
    bytes[0]
}

/// A host with an encrypted volume that has something in it and is closed.
fn with_closed_volume(name: &str) -> (Directory, Host) {
    let directory = Directory::new(name);
    let host = directory.host();
    make(&host, "d-1.1", Some(&key(1)), None);
    host.open("d-1.1", &under(1), None).unwrap();
    write(&host, "d-1.1", 0, 1);
    host.close("d-1.1").unwrap();
    (directory, host)
}

fn freeze(host: &Host, id: &str, sequence: u64, parent: Option<u64>) {
    host.freeze(&[Freeze { volume_id: id.to_owned(), sequence, parent }]).unwrap();
}

/// Freezes, uploads and thaws.
fn snapshot(
    host: &Host,
    id: &str,
    keys: &VolumeKeys,
    sequence: u64,
    parent: Option<&SnapshotSource>,
) -> SnapshotSource {
    freeze(host, id, sequence, parent.map(|parent| parent.manifest.sequence));
    let own = key(1000 + sequence).plain;
    let what = UploadOf {
        volume_id: id,
        sequence,
        volume: Some((keys.clone(), None)),
        snapshot_key: Some(own.clone()),
        parent: parent.cloned(),
    };
    let Uploaded { root, .. } = host.upload(what, &|_, _| true).unwrap();
    host.thaw(id, sequence, true).unwrap();
    SnapshotSource { manifest: ManifestRef { chain: Chain::new(id).unwrap(), sequence, root }, data_key: Some(own) }
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{what}, after ten seconds");
}

fn grep(directory: &Path, pattern: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(grep(&path, pattern));
        } else if path.is_file() && std::fs::read(&path).unwrap().windows(pattern.len()).any(|part| part == pattern) {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_directory_of_sockets_whose_path_leaves_no_room_for_their_names_is_refused_at_the_start() {
    let place = Directory::new("far");
    let [volumes, objects] = ["volumes", "objects"].map(|name| place.0.join(name));
    let start = |sockets: PathBuf| {
        let options = Options { volumes: volumes.clone(), objects: objects.clone(), sockets, ..Options::default() };
        Host::start(&options, Arc::new(SystemRng), || 0)
    };
    let room = 76 - place.0.as_os_str().len() - "/".len();
    let refused = start(place.0.join("s".repeat(room + 1))).err().unwrap();
    assert!(refused.to_string().contains("volumes.sockets a directory whose path has 76 bytes at most"), "{refused}");

    let host = start(place.0.join("s".repeat(room))).unwrap();
    make(&host, "d-bp1q6l24lvok4s7pk6cb.1", None, None);
    host.open("d-bp1q6l24lvok4s7pk6cb.1", &plain(), None).unwrap();
    let socket = host.export("d-bp1q6l24lvok4s7pk6cb.1").unwrap().socket;
    std::os::unix::net::UnixStream::connect(socket).unwrap();
}

#[test]
fn a_volume_lives_through_snapshots_a_clone_and_a_copy() {
    let directory = Directory::new("life");
    let host = directory.host();
    make(&host, "d-1.1", Some(&key(1)), None);
    host.open("d-1.1", &under(1), None).unwrap();
    write(&host, "d-1.1", 0, 1);
    write(&host, "d-1.1", 5 << 20, 1);
    let first = snapshot(&host, "d-1.1", &under(1), 1, None);
    write(&host, "d-1.1", 0, 2);
    let second = snapshot(&host, "d-1.1", &under(1), 2, Some(&first));
    write(&host, "d-1.1", 0, 3);

    make(&host, "d-2.1", Some(&key(2)), Some(first.clone()));
    assert!(matches!(host.open("d-2.1", &under(2), None), Err(HostError::NeedsBase(_))));
    host.open("d-2.1", &under(2), Some(&first)).unwrap();
    assert_eq!([0, 5 << 20].map(|offset| byte(&host, "d-2.1", offset)), [1, 1]);
    eventually("the clone is not hydrated", || host.status("d-2.1").unwrap().is_hydrated);
    host.close("d-2.1").unwrap();
    host.open("d-2.1", &under(2), None).unwrap();
    assert_eq!(byte(&host, "d-2.1", 5 << 20), 1);

    let other = key(9).plain;
    let copied = host.copy_snapshot(second.clone(), "s-copy", Some(other.clone()), &|_, _| true).unwrap();
    let copy = ManifestRef { chain: Chain::new("s-copy").unwrap(), sequence: 1, root: copied.root };
    host.delete_snapshot(&second.manifest, Some(&first.manifest), None).unwrap();
    host.delete_snapshot(&first.manifest, None, None).unwrap();
    let copy = SnapshotSource { manifest: copy, data_key: Some(other) };
    make(&host, "d-3.1", None, Some(copy.clone()));
    host.open("d-3.1", &plain(), Some(&copy)).unwrap();
    assert_eq!([0, 5 << 20].map(|offset| byte(&host, "d-3.1", offset)), [2, 1]);
    assert_eq!(byte(&host, "d-1.1", 0), 3);
    for id in ["d-1.1", "d-2.1", "d-3.1"] {
        host.remove(id).unwrap();
    }
    assert_eq!(std::fs::read_dir(directory.0.join("volumes")).unwrap().count(), 0);
    assert!(matches!(host.open("d-1.1", &under(1), None), Err(HostError::NotFound(_))));
}

#[test]
fn a_closed_volume_is_frozen_grown_and_thawed_without_its_key_and_read_off_with_it() {
    let (_directory, host) = with_closed_volume("closed");
    freeze(&host, "d-1.1", 1, None);
    host.resize("d-1.1", 2 * SIZE).unwrap();
    let what =
        UploadOf { volume_id: "d-1.1", sequence: 1, volume: Some((plain(), None)), snapshot_key: None, parent: None };
    assert!(matches!(host.upload(what.clone(), &|_, _| true), Err(HostError::NeedsKey(_))));
    let untold = UploadOf { volume: None, ..what.clone() };
    assert!(matches!(host.upload(untold, &|_, _| true), Err(HostError::Closed(_))));
    host.upload(UploadOf { volume: Some((under(1), None)), ..what }, &|_, _| true).unwrap();
    assert!(host.status("d-1.1").is_none(), "the key is not kept");
    host.thaw("d-1.1", 1, true).unwrap();
    assert!(matches!(host.open("d-1.1", &under(2), None), Err(HostError::Volume(_))));
    host.open("d-1.1", &under(1), None).unwrap();
    assert_eq!(host.device("d-1.1").unwrap().size_bytes(), 2 * SIZE);
}

#[test]
fn all_volumes_of_a_group_are_frozen_or_none() {
    let host = Host::in_memory(Arc::new(SystemRng)).unwrap();
    for id in ["d-1.1", "d-2.1"] {
        make(&host, id, None, None);
        host.open(id, &plain(), None).unwrap();
    }
    freeze(&host, "d-2.1", 7, None);
    let group = ["d-1.1", "d-2.1"].map(|id| Freeze { volume_id: id.to_owned(), sequence: 1, parent: None });
    assert!(host.freeze(&group).is_err());
    freeze(&host, "d-1.1", 2, None);
}

#[test]
fn a_given_up_snapshot_leaves_nothing_behind_and_the_next_one_is_whole() {
    let directory = Directory::new("given-up");
    let host = directory.host();
    make(&host, "d-1.1", Some(&key(1)), None);
    host.open("d-1.1", &under(1), None).unwrap();
    write(&host, "d-1.1", 0, 1);
    let first = snapshot(&host, "d-1.1", &under(1), 1, None);
    write(&host, "d-1.1", 1 << 20, 2);
    write(&host, "d-1.1", 2 << 20, 2);
    freeze(&host, "d-1.1", 2, Some(1));
    let what = UploadOf {
        volume_id: "d-1.1",
        sequence: 2,
        volume: None,
        snapshot_key: Some(key(1002).plain),
        parent: Some(first.clone()),
    };
    assert!(matches!(host.upload(what, &|done, _| done == 0), Err(HostError::GivenUp)));
    host.thaw("d-1.1", 2, false).unwrap();
    let third = snapshot(&host, "d-1.1", &under(1), 3, Some(&first));
    host.delete_snapshot(&first.manifest, None, Some(&third.manifest)).unwrap();
    make(&host, "d-2.1", None, Some(third.clone()));
    host.open("d-2.1", &plain(), Some(&third)).unwrap();
    assert_eq!([0, 1 << 20, 2 << 20].map(|offset| byte(&host, "d-2.1", offset)), [1, 2, 2]);
}

#[test]
fn a_plain_volume_in_use_is_enciphered_in_place_and_nothing_stays_in_clear() {
    let directory = Directory::new("rekey");
    let host = directory.host();
    make(&host, "d-1.1", None, None);
    host.open("d-1.1", &plain(), None).unwrap();
    let text = b"what nobody is to read on this disk".repeat(300);
    let device = host.device("d-1.1").unwrap();
    for offset in [0, 3 << 20, SIZE - text.len() as u64] {
        device.write(offset, &mut text.clone()).unwrap();
    }
    device.flush().unwrap();
    assert!(!grep(&directory.0.join("volumes"), &text[..32]).is_empty(), "it is plain");
    host.rekey("d-1.1", &key(5)).unwrap();
    eventually("the key is not changed", || host.status("d-1.1").unwrap().rekey.is_none());
    device.flush().unwrap();
    drop(device);
    let found = grep(&directory.0, &text[..32]);
    assert!(found.is_empty(), "{found:?}");
    host.close("d-1.1").unwrap();
    assert!(matches!(host.open("d-1.1", &plain(), None), Err(HostError::NeedsKey(_))));
    host.open("d-1.1", &under(5), None).unwrap();
    let mut bytes = vec![0; text.len()];
    host.device("d-1.1").unwrap().read(3 << 20, &mut bytes).unwrap();
    assert_eq!(bytes, text);
    assert!(host.check("d-1.1", &[]).is_err(), "it is in use");
    host.close_all();
    assert!(host.check("d-1.1", &[key(5)]).unwrap().findings.is_empty());
}

#[test]
fn a_change_of_key_can_be_held_up_and_goes_on_after_the_volume_was_opened_again() {
    let directory = Directory::new("held-up");
    let host = directory.host();
    make(&host, "d-1.1", Some(&key(1)), None);
    host.open("d-1.1", &under(1), None).unwrap();
    write(&host, "d-1.1", 7 << 20, 1);
    host.control_rekey("d-1.1", true, None).unwrap();
    host.rekey("d-1.1", &key(2)).unwrap();
    assert!(host.status("d-1.1").unwrap().rekey.is_some());
    host.close("d-1.1").unwrap();
    assert!(matches!(host.open("d-1.1", &under(1), None), Err(HostError::Volume(_))), "both keys are needed");
    host.open("d-1.1", &from_to(Some(key(1)), 2), None).unwrap();
    eventually("the key is not changed", || host.status("d-1.1").unwrap().rekey.is_none());
    assert_eq!(byte(&host, "d-1.1", 7 << 20), 1);
    host.close("d-1.1").unwrap();
    host.open("d-1.1", &under(2), None).unwrap();
}

/// Changes the flags of both superblocks, checksums too, as who can write the file can.
fn forge(directory: &Directory, id: &str, flags: impl Fn(u32) -> u32) {
    let path = directory.0.join("volumes").join(id).join("meta");
    let mut meta = std::fs::read(&path).unwrap();
    for superblock in meta[..8192].chunks_exact_mut(4096) {
        let old = u32::from_le_bytes(superblock[12..16].try_into().unwrap());
        superblock[12..16].copy_from_slice(&flags(old).to_le_bytes());
        let checksum = coffer_crypto::digest::sha256(&superblock[..4080]);
        superblock[4080..].copy_from_slice(&checksum[..16]);
    }
    std::fs::write(path, meta).unwrap();
}

#[test]
fn a_volume_on_record_as_encrypted_that_says_it_is_plain_is_refused() {
    let (directory, host) = with_closed_volume("downgrade");
    forge(&directory, "d-1.1", |flags| flags & !1);
    for keys in [under(1), from_to(Some(key(1)), 2)] {
        let refused = host.open("d-1.1", &keys, None).unwrap_err();
        assert!(refused.to_string().contains("on record as encrypted"), "{refused}");
        assert!(host.device("d-1.1").is_none());
    }
    forge(&directory, "d-1.1", |flags| flags | 1);
    host.open("d-1.1", &under(1), None).unwrap();
    assert_eq!(byte(&host, "d-1.1", 0), 1);
    host.close("d-1.1").unwrap();

    // What needs no key makes it no better.
    forge(&directory, "d-1.1", |flags| flags & !1);
    host.resize("d-1.1", 2 * SIZE).unwrap();
    freeze(&host, "d-1.1", 1, None);
    let volume = Some((under(1), None));
    let what = UploadOf { volume_id: "d-1.1", sequence: 1, volume, snapshot_key: None, parent: None };
    assert!(matches!(host.upload(what, &|_, _| true), Err(HostError::Downgraded(_))));
    host.thaw("d-1.1", 1, false).unwrap();
    assert!(matches!(host.open("d-1.1", &under(1), None), Err(HostError::Downgraded(_))));
}

#[test]
fn a_plain_volume_is_opened_before_while_and_after_it_is_enciphered_in_place_as_long_as_that_is_on_record() {
    let directory = Directory::new("in-place");
    let host = directory.host();
    make(&host, "d-1.1", None, None);
    host.open("d-1.1", &from_to(None, 5), None).unwrap();
    write(&host, "d-1.1", 7 << 20, 1);
    host.control_rekey("d-1.1", true, None).unwrap();
    host.rekey("d-1.1", &key(5)).unwrap();
    host.close("d-1.1").unwrap();
    assert!(matches!(host.open("d-1.1", &plain(), None), Err(HostError::NeedsKey(_))));
    assert!(matches!(host.open("d-1.1", &under(5), None), Err(HostError::Downgraded(_))), "it is not done");
    host.open("d-1.1", &from_to(None, 5), None).unwrap();
    eventually("it is not enciphered", || host.status("d-1.1").unwrap().rekey.is_none());
    host.close("d-1.1").unwrap();
    for keys in [from_to(None, 5), under(5)] {
        host.open("d-1.1", &keys, None).unwrap();
        assert_eq!(byte(&host, "d-1.1", 7 << 20), 1);
        host.close("d-1.1").unwrap();
    }
}
