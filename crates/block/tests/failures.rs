//! A volume whose file system is full, fails, or is slow: what fails can be tried again, and everything else goes on.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use coffer_base::{Rng as _, SeededRng};
use coffer_block::bitmap::Bitmap;
use coffer_block::export::{Export as _, Zeroing};
use coffer_block::geometry::{CHUNK_BYTES, chunks};
use coffer_block::snapshot::{Base, ChunkSource as _};
use coffer_block::storage::{Crashy, Directory, Fault, Faulty, MemoryDirectory, Storage};
use coffer_block::volume::{self, DataKey, Freezing, NewVolume, Step, Volume, VolumeError};
use coffer_crypto::PlainKey;

const ID: &str = "d-bp1test.1";
const MIB: u64 = 1 << 20;

/// Everything works.
const SOUND: u8 = 0;
/// There is no space: what is not allocated can't be written.
const FULL: u8 = 1;
/// A write to the metadata fails although it was done.
const META_FAILS: u8 = 2;

/// A sync fails.
const SYNC_FAILS: u8 = 3;

/// Holes take a millisecond.
const SLOW: u8 = 4;

/// A directory of files that fail as they are told.
#[derive(Default)]
struct Failing {
    inner: MemoryDirectory,
    how: Arc<AtomicU8>,
    /// How many holes were made.
    holes: Arc<AtomicU64>,
}

struct FailingFile {
    inner: Arc<dyn Storage>,
    how: Arc<AtomicU8>,
    holes: Arc<AtomicU64>,
    name: String,
}

impl Failing {
    fn set(&self, how: u8) {
        self.how.store(how, Ordering::SeqCst);
    }

    fn file(&self, name: &str, inner: Arc<dyn Storage>) -> Arc<dyn Storage> {
        let (how, holes) = (Arc::clone(&self.how), Arc::clone(&self.holes));
        Arc::new(FailingFile { inner, how, holes, name: name.to_owned() })
    }

    /// Bytes of a file that take space.
    fn stored_bytes(&self, name: &str) -> u64 {
        let (file, mut at, mut stored) = (self.inner.open(name).unwrap(), 0, 0);
        while let Some(range) = file.next_data(at).unwrap() {
            stored += range.end - range.start;
            at = range.end;
        }
        stored
    }
}

impl Directory for Failing {
    fn create(&self, name: &str) -> io::Result<Arc<dyn Storage>> {
        Ok(self.file(name, self.inner.create(name)?))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn Storage>> {
        Ok(self.file(name, self.inner.open(name)?))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.inner.remove(name)
    }

    fn contains(&self, name: &str) -> io::Result<bool> {
        self.inner.contains(name)
    }
}

impl Storage for FailingFile {
    fn length_bytes(&self) -> io::Result<u64> {
        self.inner.length_bytes()
    }

    fn set_length(&self, length_bytes: u64) -> io::Result<()> {
        self.inner.set_length(length_bytes)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.inner.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let end = offset + data.len() as u64;
        let is_allocated = |range: Range<u64>| range.start <= offset && end <= range.end;
        match self.how.load(Ordering::SeqCst) {
            FULL if !self.inner.next_data(offset)?.is_some_and(is_allocated) => {
                return Err(io::ErrorKind::StorageFull.into());
            }
            META_FAILS if self.name == "meta" => {
                self.inner.write_at(offset, data)?;
                return Err(io::Error::other("it was done, though"));
            }
            _ => {}
        }
        self.inner.write_at(offset, data)
    }

    fn punch(&self, offset: u64, length_bytes: u64) -> io::Result<()> {
        if self.how.load(Ordering::SeqCst) == SLOW {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.holes.fetch_add(1, Ordering::SeqCst);
        self.inner.punch(offset, length_bytes)
    }

    fn sync(&self) -> io::Result<()> {
        if self.how.load(Ordering::SeqCst) == SYNC_FAILS {
            return Err(io::Error::other("nothing is known of what was not durable"));
        }
        self.inner.sync()
    }

    fn next_data(&self, offset: u64) -> io::Result<Option<Range<u64>>> {
        self.inner.next_data(offset)
    }

    fn prefetch(&self, offset: u64, length_bytes: u64) -> io::Result<()> {
        self.inner.prefetch(offset, length_bytes)
    }
}

/// A base of fives.
struct Fives(u64);

impl Base for Fives {
    fn present(&self) -> io::Result<Bitmap> {
        Ok(Bitmap::full(chunks(self.0)))
    }

    fn read_chunk(&self, _index: u64, buffer: &mut [u8]) -> io::Result<()> {
        buffer.fill(5);
        Ok(())
    }
}

fn key(seed: u64) -> DataKey {
    let mut plain = [0; 64];
    SeededRng::new(seed).fill(&mut plain);
    DataKey { plain: PlainKey::new(&plain).unwrap(), wrapped: vec![7; 200] }
}

fn make(size_bytes: u64, base: Option<&Fives>) -> Failing {
    let directory = Failing::default();
    create(&directory, size_bytes, base);
    directory
}

fn create(directory: &dyn Directory, size_bytes: u64, base: Option<&Fives>) {
    let base = base.map(|base| (b"base".to_vec(), base.present().unwrap()));
    let new = NewVolume { volume_id: ID, size_bytes, key: Some(&key(1)), base };
    volume::create(directory, &SeededRng::new(1), &new).unwrap();
}

fn open(directory: &dyn Directory) -> Arc<Volume> {
    Arc::new(Volume::open(directory, ID, &[key(1), key(2)], None).unwrap())
}

fn open_clone(directory: &Failing, size_bytes: u64) -> Arc<Volume> {
    Arc::new(Volume::open(directory, ID, &[key(1)], Some(Arc::new(Fives(size_bytes)))).unwrap())
}

fn write(volume: &Volume, offset: u64, byte: u8) -> io::Result<()> {
    volume.write(offset, &mut [byte; 4096])
}

/// The one byte that a page is full of.
fn read(volume: &Volume, offset: u64) -> u8 {
    let mut bytes = [0; 4096];
    volume.read(offset, &mut bytes).unwrap();
    assert!(bytes.iter().all(|byte| *byte == bytes[0]), "a page that was written in part");
    bytes[0]
}

fn freeze(volume: &Volume, sequence: u64, parent: Option<u64>) {
    volume::freeze(&[Freezing { volume, sequence, parent }]).unwrap();
}

/// Whether it failed for want of space.
fn is_full<T>(outcome: io::Result<T>) -> bool {
    outcome.is_err_and(|error| error.kind() == io::ErrorKind::StorageFull)
}

#[test]
fn the_first_write_to_a_region_that_finds_no_space_fails_alone() {
    let directory = make(256 * MIB, None);
    let volume = open(&directory);
    directory.set(FULL);
    assert!(is_full(write(&volume, 0, 1)) && is_full(write(&volume, 0, 1)));
    assert!(!volume.is_poisoned());
    directory.set(SOUND);
    write(&volume, 0, 2).unwrap();
    volume.flush().unwrap();
    drop(volume);
    let report = volume::check(&directory, &[key(1)]).unwrap();
    assert_eq!((report.intent_regions, report.findings.len()), (1, 0));
    assert_eq!(read(&open(&directory), 0), 2);
}

#[test]
fn an_overlay_that_can_not_be_copied_back_for_want_of_space_stays_until_there_is_some() {
    let directory = make(256 * MIB, None);
    let volume = open(&directory);
    write(&volume, 0, 1).unwrap();
    freeze(&volume, 1, None);
    write(&volume, 0, 2).unwrap();
    write(&volume, MIB, 3).unwrap();
    volume.thaw(1, true).unwrap();
    directory.set(FULL);
    assert!(matches!(volume.merge_overlay(&|| true), Err(VolumeError::Io(..))));
    assert!(!volume.is_poisoned());
    write(&volume, 0, 4).unwrap();
    volume.flush().unwrap();
    assert_eq!((read(&volume, 0), read(&volume, MIB)), (4, 3));
    directory.set(SOUND);
    volume.merge_overlay(&|| true).unwrap();
    assert_eq!(directory.stored_bytes("overlay"), 0);
    drop(volume);
    let volume = open(&directory);
    assert_eq!((read(&volume, 0), read(&volume, MIB)), (4, 3));
}

#[test]
fn a_volume_that_can_not_grow_for_want_of_space_is_as_it_was_and_grows_when_there_is_some() {
    // From one group of bitmaps to three.
    let (small, large) = (20 << 30, 60 << 30);
    let directory = make(small, None);
    let volume = open(&directory);
    write(&volume, 0, 1).unwrap();
    directory.set(FULL);
    for _ in 0..2 {
        assert!(matches!(volume.grow(large), Err(VolumeError::Io(..))));
    }
    assert!(!volume.is_poisoned() && volume.size_bytes() == small);
    write(&volume, 0, 2).unwrap();
    volume.flush().unwrap();
    directory.set(SOUND);
    volume.grow(large).unwrap();
    write(&volume, large - 4096, 3).unwrap();
    volume.close().unwrap();
    drop(volume);
    let volume = open(&directory);
    assert_eq!((read(&volume, 0), read(&volume, large - 4096)), (2, 3));
}

#[test]
fn a_flush_that_could_not_put_on_record_what_left_the_base_is_not_taken_for_done_by_the_next() {
    let size_bytes = 4 * MIB;
    let directory = make(size_bytes, Some(&Fives(size_bytes)));
    let volume = open_clone(&directory, size_bytes);
    write(&volume, MIB, 1).unwrap();
    directory.set(META_FAILS);
    for _ in 0..2 {
        assert!(volume.flush().is_err());
    }
    assert!(!volume.is_poisoned());
    directory.set(SOUND);
    volume.flush().unwrap();
    drop(volume);
    let volume = open_clone(&directory, size_bytes);
    assert_eq!((volume.chunks_in_base(), read(&volume, MIB), read(&volume, 0)), (3, 1, 5));
}

#[test]
fn a_change_after_a_checkpoint_that_failed_is_in_the_next_snapshot_even_if_the_intents_were_cleared() {
    let directory = make(256 * MIB, None);
    let volume = open(&directory);
    freeze(&volume, 1, None);
    volume.thaw(1, true).unwrap();
    // So that the changes are on record already: the write that fails is that of the intents.
    for _ in 0..2 {
        write(&volume, 0, 1).unwrap();
        volume.checkpoint().unwrap();
    }
    write(&volume, 0, 2).unwrap();
    directory.set(META_FAILS);
    assert!(volume.checkpoint().is_err() && !volume.is_poisoned());
    directory.set(SOUND);
    write(&volume, 5 * MIB, 3).unwrap();
    volume.flush().unwrap();
    drop(volume);
    let volume = open(&directory);
    freeze(&volume, 2, Some(1));
    let frozen = volume.frozen(2).unwrap();
    let mut chunk = vec![0; CHUNK_BYTES];
    frozen.read_chunk(5, &mut chunk).unwrap();
    assert!(!frozen.is_full() && frozen.changed().unwrap().contains(5) && chunk[0] == 3);
}

#[test]
fn a_change_of_key_takes_no_space() {
    let directory = make(64 * MIB, None);
    let volume = open(&directory);
    for chunk in 0..64 {
        write(&volume, chunk * MIB + 8192, 1).unwrap();
    }
    volume.flush().unwrap();
    let before = directory.stored_bytes("data");
    volume.begin_rekey(&SeededRng::new(3), &key(2)).unwrap();
    directory.set(FULL);
    while volume.rekey_step().unwrap() != Step::Done {}
    assert_eq!(directory.stored_bytes("data"), before);
    drop(volume);
    let volume = open(&directory);
    assert_eq!((read(&volume, 8192), read(&volume, 0), read(&volume, 63 * MIB + 8192)), (1, 0, 1));
}

#[test]
fn a_trim_that_a_power_cut_undoes_in_a_window_of_a_change_of_key_leaves_no_garbage() {
    // Where the step is cut off: in the writes to the window, which the journal holds by then, or in their sync.
    for (seed, call) in (0..12).flat_map(|seed| (4..8).map(move |call| (seed, call))) {
        let crashy = Arc::new(Crashy::default());
        let faulty = Faulty::new(Arc::clone(&crashy) as Arc<dyn Directory>, seed);
        create(&faulty, 4 * MIB, None);
        let volume = open(&faulty);
        volume.write(0, &mut vec![1; 2 << 20]).unwrap();
        volume.flush().unwrap();
        volume.begin_rekey(&SeededRng::new(3), &key(2)).unwrap();
        volume.trim(MIB / 2, MIB).unwrap();
        faulty.fail(Fault { call: faulty.calls() + call, lasting: true, errno: 5 });
        assert!(volume.rekey_step().is_err(), "call {call}");
        drop(volume);
        crashy.crash(seed);
        let mut bytes = vec![0; 2 << 20];
        open(&*crashy).read(0, &mut bytes).unwrap();
        let (trimmed, whole) = (CHUNK_BYTES / 2..CHUNK_BYTES * 3 / 2, 1);
        for (at, byte) in bytes.into_iter().enumerate() {
            assert!(byte == whole || byte == 0 && trimmed.contains(&at), "seed {seed}, call {call}: {byte} at {at}");
        }
    }
}

#[test]
fn what_is_still_in_the_base_can_be_read_when_it_can_not_be_brought_over() {
    let size_bytes = 4 * MIB;
    let directory = make(size_bytes, Some(&Fives(size_bytes)));
    let volume = open_clone(&directory, size_bytes);
    write(&volume, 4096, 1).unwrap();
    directory.set(FULL);
    assert_eq!((read(&volume, 0), read(&volume, MIB), volume.chunks_in_base()), (5, 5, 3));
    let mut across = vec![0; 1000];
    volume.read(2 * MIB - 500, &mut across).unwrap();
    assert!(across.iter().all(|byte| *byte == 5) && !volume.is_poisoned());
    assert!(is_full(write(&volume, MIB, 2)));
    directory.set(SOUND);
    assert_eq!((read(&volume, MIB), volume.chunks_in_base()), (5, 2));
    directory.set(SYNC_FAILS);
    assert!(volume.flush().is_err() && volume.is_poisoned());
    assert_eq!((read(&volume, 4096), read(&volume, 2 * MIB), read(&volume, size_bytes - 4096)), (1, 5, 5));
    assert!(write(&volume, 2 * MIB, 2).is_err());
}

#[test]
fn what_was_not_flushed_of_a_chunk_of_the_base_does_not_come_and_go_after_a_crash() {
    let size_bytes = 4 * MIB;
    let directory = make(size_bytes, Some(&Fives(size_bytes)));
    let volume = open_clone(&directory, size_bytes);
    freeze(&volume, 1, None);
    // To the overlay. That the chunk left the base would be on record after a flush.
    write(&volume, 2 * MIB, 1).unwrap();
    drop(volume);
    let volume = open_clone(&directory, size_bytes);
    directory.set(FULL);
    assert_eq!((volume.chunks_in_base(), read(&volume, 2 * MIB)), (4, 5));
    directory.set(SOUND);
    volume.thaw(1, true).unwrap();
    volume.merge_overlay(&|| true).unwrap();
    assert_eq!(read(&volume, 2 * MIB), 5);
}

#[test]
fn nobody_waits_for_the_end_of_a_long_request() {
    let zero = |volume: &Volume, length| volume.write_zeroes(0, length, Zeroing { no_hole: false, fast: false });
    let trim = |volume: &Volume, length| volume.trim(0, length);
    for request in [zero, trim] as [fn(&Volume, u64) -> io::Result<()>; 2] {
        let total = 8192;
        let directory = make(total * MIB, None);
        let volume = open(&directory);
        write(&volume, 0, 1).unwrap();
        let holes = || directory.holes.load(Ordering::SeqCst);
        directory.set(SLOW);
        std::thread::scope(|scope| {
            scope.spawn(|| request(&volume, total * MIB).unwrap());
            while holes() == 0 {
                std::thread::yield_now();
            }
            volume.checkpoint().unwrap();
            assert!(holes() < total, "a checkpoint waited for all of a request");
            directory.set(SOUND);
        });
        assert_eq!((holes(), read(&volume, 0)), (total, 0));
    }
}
