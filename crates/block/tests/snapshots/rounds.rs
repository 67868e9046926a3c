//! What was stored is what is read.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

use coffer_block::geometry::CHUNK_BYTES;
use coffer_block::snapshot::{
    Chain, Kind, Manifest, ManifestRef, OBJECT_BYTES, PAGE_BYTES, SnapshotError, Upload, abandon, copy,
};
use coffer_crypto::PlainKey;

use crate::support::{Device, MIB, Place, assert_reads_as, chain, go_on, key};

const SIZE: u64 = 2500 * MIB + 512;

fn three_pages() -> Device {
    Device::new(SIZE).with(&[(0, 1), (5, 0), (1023, 2), (1024, 3), (2500, 4)])
}

#[test]
fn a_snapshot_reads_as_the_device_did_and_holds_no_zeros() {
    let (place, device) = (Place::new(), three_pages());
    for (sequence, key) in [(1, Some(key(1))), (2, None)] {
        let manifest = place.snapshot(sequence, key.as_ref(), &device, None);
        assert_reads_as(&manifest, &device);
        assert_eq!(manifest.kind(), if key.is_some() { Kind::Sealed } else { Kind::Plain });
    }
    let of = |sequence: u64| {
        ["0", "1023", "1024", "2500", "manifest", "page-0", "page-1", "page-2"]
            .map(|name| format!("d-2ze.1/{sequence}/{name}"))
    };
    assert_eq!(place.names(), [of(1), of(2)].concat());
}

#[test]
fn what_is_stored_of_a_sealed_snapshot_shows_nothing_of_its_content() {
    let (place, key) = (Place::new(), key(1));
    place.snapshot(1, Some(&key), &three_pages(), None);
    for (name, bytes) in place.everything() {
        assert!(!bytes.windows(16).any(|run| run == [2; 16] || run == [3; 16]), "{name}");
    }
}

#[test]
fn a_later_snapshot_stores_what_has_changed_and_keeps_the_pages_that_have_not() {
    let (place, mut device) = (Place::new(), three_pages());
    let (first_key, second_key) = (key(1), key(2));
    let first = place.snapshot(1, Some(&first_key), &device, None);
    let before = device.clone();
    device.changed.clear();
    device.size_bytes = 5000 * MIB;
    for (index, what) in [(1023, 0), (7, 9), (4000, 10)] {
        device.write(index, what);
    }
    let uploaded = place.upload(&chain(), 2, Some(&second_key), &device, Some(&first)).unwrap();
    assert_eq!(uploaded.stored_chunks, 2);
    let at = ManifestRef { chain: chain(), sequence: 2, root: uploaded.root };
    assert_reads_as(&Manifest::open(&place.objects, &at, Some(&second_key)).unwrap(), &device);
    assert_reads_as(&first, &before);
    let stored: Vec<_> = place.everything().into_iter().filter(|(name, _)| name.starts_with("d-2ze.1/2/")).collect();
    let names = ["4000", "7", "manifest", "page-0", "page-3"].map(|name| format!("d-2ze.1/2/{name}"));
    assert!(stored.iter().map(|(name, _)| name).eq(&names), "{names:?}");
    assert_eq!(stored.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>(), uploaded.stored_bytes);
    assert_eq!((stored[0].1.len(), stored[3].1.len()), (OBJECT_BYTES, PAGE_BYTES));
}

#[test]
fn an_empty_device_and_one_without_a_byte_have_snapshots() {
    let place = Place::new();
    let manifest = place.snapshot(1, Some(&key(1)), &Device::new(3 * MIB), None);
    assert_reads_as(&manifest, &Device::new(3 * MIB));
    let manifest = place.snapshot(2, None, &Device::new(0), None);
    assert_eq!((manifest.size_bytes(), manifest.present().unwrap().length()), (0, 0));
}

#[test]
fn a_sealed_snapshot_shows_its_structure_without_a_key_and_its_chunks_with_its_own_alone() {
    let (place, device, own) = (Place::new(), three_pages(), key(1));
    let at = place.snapshot(1, Some(&own), &device, None).at().clone();
    let open = |key: Option<&PlainKey>| Manifest::open(&place.objects, &at, key);
    let blind = open(None).unwrap();
    assert_eq!(blind.present().unwrap().count(), 4);
    let mut buffer = vec![0; CHUNK_BYTES];
    assert!(matches!(blind.read_chunk(0, &mut buffer), Err(SnapshotError::NeedsKey { .. })));
    assert!(matches!(open(Some(&key(2))), Err(SnapshotError::WrongKey { .. })));
    let child = place.upload(&chain(), 2, Some(&own), &device, Some(&blind));
    assert!(matches!(child, Err(SnapshotError::NeedsKey { .. })));
}

#[test]
fn a_parent_is_an_earlier_snapshot_of_the_chain_not_larger_and_plain_or_sealed_alike() {
    let (place, device) = (Place::new(), three_pages());
    let parent = place.snapshot(2, None, &device, None);
    let other = Chain::new("d-other.1").unwrap();
    let small = Device::new(MIB);
    for (chain, sequence, source) in [(&chain(), 2, &device), (&other, 3, &device), (&chain(), 3, &small)] {
        let made = place.upload(chain, sequence, None, source, Some(&parent));
        assert!(matches!(made, Err(SnapshotError::NoParent { .. })));
    }
    let sealed = place.upload(&chain(), 3, Some(&key(1)), &device, Some(&parent));
    assert!(matches!(sealed, Err(SnapshotError::NoParent { .. })));
    let parent = place.snapshot(1, Some(&key(1)), &device, None);
    assert!(matches!(place.upload(&chain(), 3, None, &device, Some(&parent)), Err(SnapshotError::NoParent { .. })));
    assert!(matches!(place.upload(&chain(), 0, None, &device, None), Err(SnapshotError::OutOfRange)));
}

#[test]
fn an_upload_goes_on_wherever_it_was_cut_off_and_ends_the_same() {
    let (device, key) = (three_pages(), key(1));
    let whole = {
        let place = Place::new();
        place.snapshot(1, Some(&key), &device, None);
        place.faults.calls.load(Ordering::Relaxed)
    };
    for calls in 0..whole {
        let place = Place::new();
        place.faults.after(calls);
        place.upload(&chain(), 1, Some(&key), &device, None).unwrap_err();
        place.faults.never();
        assert_reads_as(&place.snapshot(1, Some(&key), &device, None), &device);
        assert_eq!(place.names().len(), 8, "after {calls}");
    }
}

#[test]
fn an_upload_that_has_ended_ends_the_same_when_it_is_run_again() {
    let (place, device, key) = (Place::new(), three_pages(), key(1));
    let first = place.upload(&chain(), 1, Some(&key), &device, None).unwrap();
    assert_eq!(place.upload(&chain(), 1, Some(&key), &device, None).unwrap(), first);
}

#[test]
fn an_upload_does_not_go_on_from_another_until_that_is_abandoned() {
    let (place, device, own) = (Place::new(), three_pages(), key(1));
    place.faults.after(2);
    place.upload(&chain(), 1, Some(&own), &device, None).unwrap_err();
    place.faults.never();
    let other = Device::new(SIZE).with(&[(0, 7), (1023, 8)]);
    for (key, source) in [(&own, &other), (&key(2), &device)] {
        let made = place.upload(&chain(), 1, Some(key), source, None);
        assert!(matches!(made, Err(SnapshotError::Conflict { .. })), "{made:?}");
    }
    abandon(&place.objects, &chain(), 1).unwrap();
    assert!(place.names().is_empty());
    assert_reads_as(&place.snapshot(1, Some(&key(2)), &other, None), &other);
}

#[test]
fn an_upload_stops_when_it_is_told_to_and_goes_on_later() {
    let (place, device) = (Place::new(), three_pages());
    let upload =
        Upload { objects: &place.objects, chain: &chain(), sequence: 1, data_key: None, threads: 1, rng: &place.rng };
    let stop = |progress: coffer_block::snapshot::Progress| {
        assert_eq!(progress.of, 5);
        if progress.done < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    assert!(matches!(upload.run(&device, None, &stop), Err(SnapshotError::Stopped)));
    assert_eq!(place.names(), ["d-2ze.1/1/0", "d-2ze.1/1/1023"]);
    upload.run(&device, None, &go_on).unwrap();
}

#[test]
fn a_copy_reads_the_same_under_another_key_and_needs_nothing_of_its_original() {
    let (place, mut device) = (Place::new(), three_pages());
    let (first_key, second_key, copy_key) = (key(1), key(2), key(3));
    let first = place.snapshot(1, Some(&first_key), &device, None);
    device.changed.clear();
    device.write(3, 77);
    let second = place.snapshot(2, Some(&second_key), &device, Some(&first));
    let to = Chain::new("s-copy.1").unwrap();
    for data_key in [Some(&copy_key), None] {
        let upload = Upload { objects: &place.objects, chain: &to, sequence: 1, data_key, threads: 2, rng: &place.rng };
        let root = copy(&second, &upload, &go_on).unwrap().root;
        let copied =
            Manifest::open(&place.objects, &ManifestRef { chain: to.clone(), sequence: 1, root }, data_key).unwrap();
        assert_reads_as(&copied, &device);
        let names = place.names();
        assert_eq!(names.iter().filter(|name| name.starts_with("s-copy.1/1/")).count(), 5 + 1 + 3);
        abandon(&place.objects, &to, 1).unwrap();
    }
}

#[test]
fn a_copy_of_a_damaged_snapshot_names_the_object() {
    let (place, device) = (Place::new(), three_pages());
    let manifest = place.snapshot(1, None, &device, None);
    place.objects.delete(["d-2ze.1/1/1024".to_owned()]).unwrap();
    let to = Chain::new("s-copy.1").unwrap();
    let upload =
        Upload { objects: &place.objects, chain: &to, sequence: 1, data_key: None, threads: 2, rng: &place.rng };
    let error = copy(&manifest, &upload, &go_on).unwrap_err();
    assert!(matches!(&error, SnapshotError::Missing { object } if object == "d-2ze.1/1/1024"), "{error}");
}
