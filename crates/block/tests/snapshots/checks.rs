//! What a check of a whole snapshot finds.

use std::ops::ControlFlow;

use coffer_block::snapshot::{Manifest, SnapshotError, verify};

use crate::support::{Device, MIB, Place, go_on, key};

#[test]
fn a_check_counts_what_is_sound_and_names_what_is_not() {
    let (place, own) = (Place::new(), key(1));
    let device = Device::new(1500 * MIB).with(&[(0, 1), (1, 2), (2, 3), (1100, 4), (1101, 5)]);
    let manifest = place.snapshot(1, Some(&own), &device, None);
    let found = verify(&manifest, &go_on).unwrap();
    assert_eq!((found.sound_chunks, found.fault_count, found.opened), (5, 0, true));
    let mut bytes = place.objects.get("d-2ze.1/1/1", 2 << 20).unwrap();
    bytes[5000] ^= 1;
    place.replace("d-2ze.1/1/1", bytes);
    place.objects.delete(["d-2ze.1/1/2", "d-2ze.1/1/page-1"].map(str::to_owned)).unwrap();
    let found = verify(&manifest, &go_on).unwrap();
    let faults: Vec<_> = found.faults.iter().map(ToString::to_string).collect();
    let expected =
        ["d-2ze.1/1/1 is damaged: it does not open", "d-2ze.1/1/2 is missing", "d-2ze.1/1/page-1 is missing"];
    assert_eq!((found.sound_chunks, found.fault_count, faults), (1, 3, expected.map(str::to_owned).to_vec()));
    let blind = Manifest::open(&place.objects, manifest.at(), None).unwrap();
    let found = verify(&blind, &go_on).unwrap();
    assert_eq!((found.sound_chunks, found.fault_count, found.opened), (2, 2, false));
}

#[test]
fn a_check_stops_when_it_is_told_to() {
    let place = Place::new();
    let manifest = place.snapshot(1, None, &Device::new(MIB).with(&[(0, 1)]), None);
    assert!(matches!(verify(&manifest, &|_| ControlFlow::Break(())), Err(SnapshotError::Stopped)));
}
