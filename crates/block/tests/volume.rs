//! A volume against a vector of bytes: any operation, at any offset, then reading it all.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::io;
use std::sync::Arc;

use coffer_base::{Rng as _, SeededRng};
use coffer_block::bitmap::Bitmap;
use coffer_block::export::{Export as _, Zeroing};
use coffer_block::geometry::{CHUNK_BYTES, chunks};
use coffer_block::snapshot::{Base, ChunkSource as _};
use coffer_block::storage::{Directory as _, MemoryDirectory};
use coffer_block::volume::{self, DataKey, Freezing, NewVolume, Step, Volume, VolumeError};
use coffer_crypto::PlainKey;
use proptest::prelude::*;

const ID: &str = "d-bp1test.1";

fn key(seed: u64) -> DataKey {
    let mut plain = [0; 64];
    SeededRng::new(seed).fill(&mut plain);
    DataKey { plain: PlainKey::new(&plain).unwrap(), wrapped: vec![7; 200] }
}

/// A base in memory.
struct Bytes(Vec<u8>);

impl Base for Bytes {
    fn present(&self) -> io::Result<Bitmap> {
        let mut set = Bitmap::new(chunks(self.0.len() as u64));
        set.extend((0u64..).zip(self.0.chunks(CHUNK_BYTES)).filter(|(_, c)| c.iter().any(|b| *b != 0)).map(|(i, _)| i));
        Ok(set)
    }

    fn read_chunk(&self, index: u64, buffer: &mut [u8]) -> io::Result<()> {
        let from = usize::try_from(index).unwrap() * CHUNK_BYTES;
        let here = &self.0[from..self.0.len().min(from + CHUNK_BYTES)];
        buffer.fill(0);
        buffer[..here.len()].copy_from_slice(here);
        Ok(())
    }
}

fn make(size_bytes: u64, key: Option<&DataKey>, base: Option<&Bytes>) -> MemoryDirectory {
    let directory = MemoryDirectory::default();
    let base = base.map(|base| (b"base".to_vec(), base.present().unwrap()));
    volume::create(&directory, &SeededRng::new(1), &NewVolume { volume_id: ID, size_bytes, key, base }).unwrap();
    directory
}

fn open(directory: &MemoryDirectory, keys: &[DataKey], base: Option<Arc<dyn Base>>) -> Arc<Volume> {
    Arc::new(Volume::open(directory, ID, keys, base).unwrap())
}

fn contents(volume: &Volume) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(volume.size_bytes()).unwrap()];
    volume.read(0, &mut bytes).unwrap();
    bytes
}

#[derive(Clone, Debug)]
enum Deed {
    Write(usize, usize, u8),
    Zero(usize, usize, bool),
    Flush,
    Freeze,
    Thaw(bool),
    Merge,
    Grow(u64),
    Rekey,
    RekeyStep,
    Reopen,
    Hydrate,
    Checkpoint,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let offset = prop_oneof![0usize..4 << 20, (0usize..1024).prop_map(|unit| unit * 4096)];
    let length = prop_oneof![1usize..10_000, (1usize..20).prop_map(|units| units * 4096), Just(1 << 20)];
    let deed = prop_oneof![
        8 => (offset.clone(), length.clone(), 1u8..).prop_map(|(o, l, b)| Deed::Write(o, l, b)),
        3 => (offset, length, any::<bool>()).prop_map(|(o, l, hole)| Deed::Zero(o, l, hole)),
        1 => Just(Deed::Flush),
        2 => Just(Deed::Freeze),
        2 => any::<bool>().prop_map(Deed::Thaw),
        1 => Just(Deed::Merge),
        1 => (1u64..300).prop_map(Deed::Grow),
        1 => Just(Deed::Rekey),
        2 => Just(Deed::RekeyStep),
        2 => Just(Deed::Reopen),
        1 => Just(Deed::Hydrate),
        1 => Just(Deed::Checkpoint),
    ];
    prop::collection::vec(deed, 1..40)
}

/// A volume, what it must hold, and what is frozen of it.
struct Pair {
    directory: MemoryDirectory,
    keys: Vec<DataKey>,
    base: Option<Arc<dyn Base>>,
    volume: Arc<Volume>,
    model: Vec<u8>,
    frozen: Option<(u64, Vec<u8>)>,
    last_complete: u64,
    sequence: u64,
}

impl Pair {
    fn stretch(&self, offset: usize, length: usize) -> std::ops::Range<usize> {
        let from = offset.min(self.model.len() - 1);
        from..(from + length).min(self.model.len())
    }

    fn act(&mut self, deed: Deed) {
        match deed {
            Deed::Write(offset, length, byte) => {
                let range = self.stretch(offset, length);
                self.model[range.clone()].fill(byte);
                self.volume.write(range.start as u64, &mut vec![byte; range.len()]).unwrap();
            }
            Deed::Zero(offset, length, no_hole) => {
                let range = self.stretch(offset, length);
                self.model[range.clone()].fill(0);
                let how = Zeroing { no_hole, fast: false };
                self.volume.write_zeroes(range.start as u64, range.len() as u64, how).unwrap();
            }
            Deed::Flush => self.volume.flush().unwrap(),
            Deed::Freeze if self.frozen.is_none() => {
                self.sequence += 1;
                let (sequence, parent) = (self.sequence, Some(self.last_complete));
                volume::freeze(&[Freezing { volume: &self.volume, sequence, parent }]).unwrap();
                self.frozen = Some((sequence, self.model.clone()));
            }
            Deed::Thaw(is_complete) => self.thaw(is_complete),
            Deed::Merge => self.volume.merge_overlay(&|| true).unwrap(),
            Deed::Grow(units) if self.model.len() < 6 << 20 => {
                self.model.resize(self.model.len() + usize::try_from(units).unwrap() * 4096, 0);
                self.volume.grow(self.model.len() as u64).unwrap();
            }
            Deed::Rekey if self.volume.rekey_status().is_none() => {
                let key = key(100 + self.keys.len() as u64);
                self.volume.begin_rekey(&SeededRng::new(5), &key).unwrap();
                self.keys.push(key);
            }
            Deed::RekeyStep => drop(self.volume.rekey_step().unwrap()),
            Deed::Reopen => {
                self.volume.close().unwrap();
                self.volume = open(&self.directory, &self.keys, self.base.clone());
            }
            Deed::Hydrate => {
                self.volume.hydrate(0, 2).unwrap();
                self.volume.flush().unwrap();
                self.volume.settle_base().unwrap();
            }
            Deed::Checkpoint => self.volume.checkpoint().unwrap(),
            Deed::Freeze | Deed::Grow(_) | Deed::Rekey => {}
        }
    }

    /// Reads the frozen chunks off and compares them, then thaws.
    fn thaw(&mut self, is_complete: bool) {
        let Some((sequence, content)) = self.frozen.take() else { return };
        let source = self.volume.frozen(sequence).unwrap();
        let mut buffer = vec![0; CHUNK_BYTES];
        for index in source.changed().unwrap().iter() {
            source.read_chunk(index, &mut buffer).unwrap();
            let from = usize::try_from(index).unwrap() * CHUNK_BYTES;
            let here = &content[from..content.len().min(from + CHUNK_BYTES)];
            assert!(buffer[..here.len()] == *here, "frozen chunk {index}");
            assert!(buffer[here.len()..].iter().all(|byte| *byte == 0));
        }
        self.volume.thaw(sequence, is_complete).unwrap();
        if is_complete {
            self.last_complete = sequence;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_volume_holds_what_was_written_to_it(
        encrypted in any::<bool>(),
        cloned in any::<bool>(),
        tail in 0u64..3,
        deeds in deeds(),
    ) {
        let keys: Vec<DataKey> = encrypted.then(|| key(1)).into_iter().collect();
        let size_bytes = (3 << 20) + tail * 40_960;
        let mut model = vec![0; usize::try_from(size_bytes).unwrap()];
        let mut base: Option<Arc<dyn Base>> = None;
        let mut bytes = None;
        if cloned {
            model[..2_500_000].fill(0x5a);
            let content = model[..2_600_960].to_vec();
            bytes = Some(Bytes(content.clone()));
            base = Some(Arc::new(Bytes(content)));
        }
        let directory = make(size_bytes, keys.first(), bytes.as_ref());
        let volume = open(&directory, &keys, base.clone());
        let mut pair = Pair { directory, keys, base, volume, model, frozen: None, last_complete: 0, sequence: 0 };
        for deed in deeds {
            let said = format!("{deed:?}");
            pair.act(deed);
            prop_assert!(contents(&pair.volume) == pair.model, "after {said}");
        }
        let covered: u64 = pair.volume.extents(0, pair.model.len() as u64, usize::MAX).unwrap().iter().map(|e| e.length_bytes).sum();
        prop_assert_eq!(covered, pair.model.len() as u64);
    }
}

#[test]
fn nothing_of_what_is_written_is_stored_in_clear() {
    let directory = make(4 << 20, Some(&key(1)), None);
    let volume = open(&directory, &[key(1)], None);
    let pattern = b"This text must not be found on any disk.".repeat(200);
    volume.write(12_345, &mut pattern.clone()).unwrap();
    volume::freeze(&[Freezing { volume: &volume, sequence: 1, parent: None }]).unwrap();
    volume.write(2 << 20, &mut pattern.clone()).unwrap();
    volume.begin_rekey(&SeededRng::new(3), &key(2)).unwrap();
    volume.thaw(1, true).unwrap();
    volume.merge_overlay(&|| true).unwrap();
    while volume.rekey_step().unwrap() != Step::Done {}
    for name in ["data", "overlay", "journal", "meta"] {
        let file = directory.open(name).unwrap();
        let mut bytes = vec![0; usize::try_from(file.length_bytes().unwrap()).unwrap()];
        file.read_at(0, &mut bytes).unwrap();
        assert!(!bytes.windows(16).any(|window| window == &pattern[..16]), "{name}");
    }
}

#[test]
fn a_volume_opens_with_its_own_key_only_and_is_no_other() {
    let directory = make(1 << 20, Some(&key(1)), None);
    assert!(matches!(Volume::open(&directory, ID, &[key(2)], None), Err(VolumeError::WrongKey)));
    assert!(matches!(Volume::open(&directory, "d-other.1", &[key(1)], None), Err(VolumeError::OtherVolume(_))));
    let keyless = Volume::open(&directory, ID, &[], None).unwrap();
    assert_eq!(keyless.read(0, &mut [0; 512]).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    assert_eq!(keyless.write(0, &mut [0; 4096]).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
}

#[test]
fn a_volume_can_be_frozen_thawed_and_grown_without_its_key() {
    let directory = make(2 << 20, Some(&key(1)), None);
    let volume = open(&directory, &[key(1)], None);
    volume.write(0, &mut vec![1; 8192]).unwrap();
    volume.close().unwrap();
    drop(volume);
    let keyless = open(&directory, &[], None);
    volume::freeze(&[Freezing { volume: &keyless, sequence: 1, parent: None }]).unwrap();
    keyless.grow(3 << 20).unwrap();
    drop(keyless);
    let volume = open(&directory, &[key(1)], None);
    volume.write(0, &mut vec![2; 4096]).unwrap();
    volume.flush().unwrap();
    drop(volume);
    let keyless = open(&directory, &[], None);
    keyless.thaw(1, true).unwrap();
    keyless.merge_overlay(&|| true).unwrap();
    drop(keyless);
    let volume = open(&directory, &[key(1)], None);
    let bytes = contents(&volume);
    assert!(
        bytes.len() == 3 << 20 && bytes[..4096].iter().all(|b| *b == 2) && bytes[4096..8192].iter().all(|b| *b == 1)
    );
}

#[test]
fn a_fence_stops_reads_and_writes_until_it_is_lifted() {
    let directory = make(1 << 20, None, None);
    let volume = open(&directory, &[], None);
    volume.set_fence(true);
    assert_eq!(volume.read(0, &mut [0; 512]).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    assert_eq!(volume.write(0, &mut [0; 512]).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    assert_eq!(volume.flush().unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    volume.set_fence(false);
    volume.write(0, &mut [1; 512]).unwrap();
}

#[test]
fn a_fast_zeroing_that_would_be_slow_is_refused() {
    let directory = make(4 << 20, Some(&key(1)), None);
    let volume = open(&directory, &[key(1)], None);
    let fast = Zeroing { no_hole: false, fast: true };
    volume.write_zeroes(0, 1 << 20, fast).unwrap();
    assert_eq!(volume.write_zeroes(100, 1 << 20, fast).unwrap_err().kind(), io::ErrorKind::Unsupported);
    volume::freeze(&[Freezing { volume: &volume, sequence: 1, parent: None }]).unwrap();
    assert_eq!(volume.write_zeroes(0, 1 << 20, fast).unwrap_err().kind(), io::ErrorKind::Unsupported);
}

#[test]
fn what_is_not_written_takes_no_space_and_is_told_as_a_hole() {
    let directory = make(8 << 20, Some(&key(1)), None);
    let volume = open(&directory, &[key(1)], None);
    volume.write(3 << 20, &mut vec![1; 8192]).unwrap();
    let extents = volume.extents(0, 8 << 20, 16).unwrap();
    let shape: Vec<bool> = extents.iter().map(|extent| extent.is_hole).collect();
    assert_eq!(shape, [true, false, true]);
    volume.trim(3 << 20, 1 << 20).unwrap();
    assert_eq!(volume.extents(0, 8 << 20, 16).unwrap().len(), 1);
    assert_eq!(volume.extents(0, 8 << 20, 1).unwrap().len(), 1);
}

#[test]
fn damage_and_foreign_files_are_refused_by_name() {
    let directory = make(1 << 20, None, None);
    let meta = directory.open("meta").unwrap();
    let other = make(1 << 20, None, None);
    for offset in [0, 4096, 8192, 12288] {
        let mut page = vec![0; 4096];
        meta.read_at(offset, &mut page).unwrap();
        page[100] ^= 1;
        meta.write_at(offset, &page).unwrap();
    }
    let Err(error) = Volume::open(&directory, ID, &[], None) else { panic!("it opened") };
    assert!(error.to_string().contains("superblock is damaged"), "{error}");
    other.open("data").unwrap().set_length(4096).unwrap();
    let Err(error) = Volume::open(&other, ID, &[], None) else { panic!("it opened") };
    assert!(error.to_string().contains("cut short"), "{error}");
}

#[test]
fn a_check_says_what_a_volume_is_and_what_is_wrong_with_it() {
    let directory = make(2 << 20, Some(&key(1)), None);
    let volume = open(&directory, &[key(1)], None);
    volume.write(0, &mut vec![1; 4096]).unwrap();
    volume.close().unwrap();
    let report = volume::check(&directory, &[key(1)]).unwrap();
    assert!(report.findings.is_empty() && report.is_encrypted && report.changed_chunks == 1, "{report:?}");
    assert_eq!(volume::check(&directory, &[key(2)]).unwrap().findings.len(), 1);
    directory.open("overlay").unwrap().set_length(4096).unwrap();
    assert_eq!(volume::check(&directory, &[]).unwrap().findings[0].file, "overlay");
}
