//! Objects as files.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use coffer_base::SeededRng;
use coffer_block::snapshot::{Manifest, ManifestRef, Objects, Put, SnapshotError, Upload, delete};

use crate::support::{Device, MIB, assert_reads_as, chain, go_on, key};

/// A directory that is gone after the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("coffer-snapshots-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn files(path: &Path) -> usize {
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

#[test]
fn objects_are_made_once_read_listed_and_deleted() {
    let folder = Folder::new("objects");
    let local = Objects::local(&folder.0.join("new")).unwrap();
    assert_eq!(fs::metadata(folder.0.join("new")).unwrap().permissions().mode() & 0o777, 0o700);
    for objects in [local, Objects::memory().unwrap()] {
        assert_eq!(objects.put("c.1/1/7", "first".into()).unwrap(), Put::Stored);
        assert_eq!(objects.put("c.1/1/7", "second".into()).unwrap(), Put::AlreadyThere);
        assert_eq!(objects.get("c.1/1/7", 5).unwrap(), b"first");
        assert!(matches!(objects.get("c.1/1/7", 4), Err(SnapshotError::Damaged { .. })));
        let (mut a, mut b) = ([0; 2], [0; 3]);
        objects.get_into("c.1/1/7", &mut [&mut a, &mut b]).unwrap();
        assert_eq!((&a, &b), (b"fi", b"rst"));
        assert!(matches!(objects.get_into("c.1/1/7", &mut [&mut a]), Err(SnapshotError::Damaged { .. })));
        assert_eq!((objects.size_bytes("c.1/1/7").unwrap(), objects.size_bytes("c.1/1/8").unwrap()), (Some(5), None));
        let mut listed = Vec::new();
        let gather = |name: &str, size| {
            listed.push((name.to_owned(), size));
            std::ops::ControlFlow::Continue(())
        };
        objects.list("c.1", gather).unwrap();
        assert_eq!(listed, [("c.1/1/7".to_owned(), 5)]);
        objects.list("c.2", |_, _| panic!("nothing is there")).unwrap();
        objects.delete(["c.1/1/7", "c.1/1/8"].map(str::to_owned)).unwrap();
        objects.settle("c.1/1").unwrap();
        assert!(matches!(objects.get("c.1/1/7", 5), Err(SnapshotError::Missing { .. })));
    }
}

#[test]
fn a_snapshot_in_files_reads_back_and_leaves_nothing_when_it_is_deleted() {
    let folder = Folder::new("rounds");
    let objects = Arc::new(Objects::local(&folder.0).unwrap());
    let (chain, rng, first_key, second_key) = (chain(), SeededRng::new(1), key(1), key(2));
    let upload =
        |sequence, data_key| Upload { objects: &objects, chain: &chain, sequence, data_key, threads: 3, rng: &rng };
    let mut device = Device::new(20 * MIB).with(&[(0, 1), (1, 2), (19, 3)]);
    let root = upload(1, Some(&first_key)).run(&device, None, &go_on).unwrap().root;
    let first = ManifestRef { chain: chain.clone(), sequence: 1, root };
    let parent = Manifest::open(&objects, &first, Some(&first_key)).unwrap();
    device.changed.clear();
    device.write(1, 9);
    let root = upload(2, Some(&second_key)).run(&device, Some(&parent), &go_on).unwrap().root;
    let second = ManifestRef { chain: chain.clone(), sequence: 2, root };
    delete(&objects, &first, None, Some(&second)).unwrap();
    assert_reads_as(&Manifest::open(&objects, &second, Some(&second_key)).unwrap(), &device);
    assert_eq!(files(&folder.0), 3 + 1 + 1);
    delete(&objects, &second, None, None).unwrap();
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0, "no empty directories either");
    delete(&objects, &second, None, None).unwrap();
}

#[test]
fn what_a_killed_process_has_left_unfinished_is_no_object_and_is_swept_away() {
    let folder = Folder::new("unfinished");
    let objects = Objects::local(&folder.0).unwrap();
    let (chain, rng) = (chain(), SeededRng::new(1));
    let directory = folder.0.join("d-2ze.1/1");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("0#1"), "half an object").unwrap();
    objects.list("d-2ze.1", |_, _| panic!("nothing is there")).unwrap();
    let upload = Upload { objects: &objects, chain: &chain, sequence: 1, data_key: None, threads: 1, rng: &rng };
    upload.run(&Device::new(MIB).with(&[(0, 1)]), None, &go_on).unwrap();
    let mut names: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["0", "manifest", "page-0"]);
}
