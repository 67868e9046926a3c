//! What was done to objects is noticed, and the error says to which.

use std::io;
use std::sync::Arc;

use coffer_block::geometry::CHUNK_BYTES;
use coffer_block::snapshot::{Base as _, Chain, Manifest, ManifestRef, SnapshotError, SnapshotReader};

use crate::support::{Device, MIB, Place, assert_reads_as, chain, key};

const CHUNK: &str = "d-2ze.1/2/1";

/// Two snapshots of two chunks each, both of which have changed in between.
fn two() -> (Place, Manifest, Device) {
    let place = Place::new();
    let mut device = Device::new(2 * MIB).with(&[(0, 1), (1, 2)]);
    let first = place.snapshot(1, Some(&key(1)), &device, None);
    for (index, what) in [(0, 3), (1, 4)] {
        device.write(index, what);
    }
    let second = place.snapshot(2, Some(&key(2)), &device, Some(&first));
    assert_reads_as(&second, &device);
    (place, second, device)
}

fn read(manifest: &Manifest) -> SnapshotError {
    manifest.read_chunk(1, &mut vec![0; CHUNK_BYTES]).unwrap_err()
}

fn open(place: &Place, at: &ManifestRef) -> SnapshotError {
    Manifest::open(&place.objects, at, Some(&key(2))).err().expect("what was tampered with does not open")
}

#[test]
fn a_flipped_bit_anywhere_in_a_chunk_is_noticed_and_nothing_of_the_chunk_is_handed_out() {
    let (place, manifest, device) = two();
    let sound = place.objects.get(CHUNK, 2 << 20).unwrap();
    let places = (0..80).chain([80, 81, CHUNK_BYTES / 2, CHUNK_BYTES + 79]).chain(CHUNK_BYTES + 80..CHUNK_BYTES + 96);
    for at in places {
        let mut bytes = sound.clone();
        bytes[at] ^= 0x10;
        place.replace(CHUNK, bytes);
        let mut buffer = vec![0; CHUNK_BYTES];
        let error = manifest.read_chunk(1, &mut buffer).unwrap_err();
        assert!(error.to_string().starts_with("d-2ze.1/2/1 "), "byte {at}: {error}");
        assert!(!buffer.starts_with(&[4, 0, 0, 0, 0, 0, 0, 0, 4, 4]), "byte {at}");
    }
    place.replace(CHUNK, sound);
    assert_reads_as(&manifest, &device);
}

#[test]
fn a_chunk_that_is_missing_cut_short_or_too_long_is_named() {
    let (place, manifest, _) = two();
    let sound = place.objects.get(CHUNK, 2 << 20).unwrap();
    for bytes in [sound[..sound.len() - 1].to_vec(), [&sound[..], &[0]].concat(), Vec::new()] {
        place.replace(CHUNK, bytes);
        assert!(matches!(read(&manifest), SnapshotError::Damaged { object, .. } if object == CHUNK));
    }
    place.objects.delete([CHUNK.to_owned()]).unwrap();
    assert!(matches!(read(&manifest), SnapshotError::Missing { object } if object == CHUNK));
}

#[test]
fn a_chunk_in_the_place_of_another_is_noticed() {
    let (place, manifest, device) = two();
    let other = Chain::new("d-2ze.2").unwrap();
    place.upload(&other, 2, Some(&key(2)), &device, None).unwrap();
    for from in ["d-2ze.1/2/0", "d-2ze.1/1/1", "d-2ze.2/2/1"] {
        place.replace(CHUNK, place.objects.get(from, 2 << 20).unwrap());
        assert!(matches!(read(&manifest), SnapshotError::Misplaced { object } if object == CHUNK), "{from}");
    }
}

#[test]
fn an_older_object_of_the_same_place_is_noticed_even_if_it_opens() {
    let (place, manifest, device) = two();
    // The same content under the same key, sealed once more: only the manifest knows which of the two it refers to.
    let again = Place { rng: coffer_base::SeededRng::new(9), ..Place::new() };
    again.upload(&chain(), 2, Some(&key(2)), &device, None).unwrap();
    place.replace(CHUNK, again.objects.get(CHUNK, 2 << 20).unwrap());
    assert!(matches!(read(&manifest), SnapshotError::Replaced { object } if object == CHUNK));
}

#[test]
fn a_reader_says_invalid_data_and_the_objects_name() {
    let (place, manifest, _) = two();
    place.objects.delete([CHUNK.to_owned()]).unwrap();
    let error = SnapshotReader::new(Arc::new(manifest)).read_chunk(1, &mut vec![0; CHUNK_BYTES]).unwrap_err();
    assert_eq!((error.kind(), error.to_string()), (io::ErrorKind::InvalidData, "d-2ze.1/2/1 is missing".to_owned()));
}

#[test]
fn any_flipped_bit_of_a_manifest_is_noticed() {
    let (place, manifest, _) = two();
    let name = "d-2ze.1/2/manifest";
    let sound = place.objects.get(name, 1 << 20).unwrap();
    for at in 0..sound.len() {
        let mut bytes = sound.clone();
        bytes[at] ^= 1;
        place.replace(name, bytes);
        let error = open(&place, manifest.at());
        assert!(error.to_string().starts_with("d-2ze.1/2/manifest "), "byte {at}: {error}");
    }
}

#[test]
fn a_manifest_of_another_snapshot_or_of_an_earlier_day_is_noticed() {
    let (place, manifest, device) = two();
    let name = "d-2ze.1/2/manifest";
    place.replace(name, place.objects.get("d-2ze.1/1/manifest", 1 << 20).unwrap());
    assert!(matches!(open(&place, manifest.at()), SnapshotError::Misplaced { object } if object == name));
    let again = Place { rng: coffer_base::SeededRng::new(9), ..Place::new() };
    again.upload(&chain(), 2, Some(&key(2)), &device, None).unwrap();
    place.replace(name, again.objects.get(name, 1 << 20).unwrap());
    assert!(matches!(open(&place, manifest.at()), SnapshotError::Replaced { object } if object == name));
}

#[test]
fn a_page_that_is_changed_exchanged_or_missing_is_named() {
    let (place, manifest, _) = two();
    let name = "d-2ze.1/2/page-0";
    let at = manifest.at().clone();
    let fails = || read(&Manifest::open(&place.objects, &at, Some(&key(2))).unwrap());
    let sound = place.objects.get(name, 1 << 20).unwrap();
    for at in (0..64).chain([sound.len() - 1]) {
        let mut bytes = sound.clone();
        bytes[at] ^= 1;
        place.replace(name, bytes);
        let error = fails();
        assert!(error.to_string().starts_with("d-2ze.1/2/page-0 "), "byte {at}: {error}");
    }
    place.replace(name, place.objects.get("d-2ze.1/1/page-0", 1 << 20).unwrap());
    assert!(matches!(fails(), SnapshotError::Misplaced { object } if object == name));
    place.objects.delete([name.to_owned()]).unwrap();
    assert!(matches!(fails(), SnapshotError::Missing { object } if object == name));
}

#[test]
fn what_a_later_version_has_written_is_refused_as_that() {
    let (place, manifest, _) = two();
    for name in [CHUNK, "d-2ze.1/2/page-0", "d-2ze.1/2/manifest"] {
        let sound = place.objects.get(name, 2 << 20).unwrap();
        let mut bytes = sound.clone();
        bytes[8] = 2;
        place.replace(name, bytes);
        let opened = Manifest::open(&place.objects, manifest.at(), Some(&key(2)));
        let error = opened.and_then(|manifest| manifest.read_chunk(1, &mut vec![0; CHUNK_BYTES])).unwrap_err();
        assert!(matches!(&error, SnapshotError::Newer { object, version: 2 } if object == name), "{error}");
        place.replace(name, sound);
    }
}
