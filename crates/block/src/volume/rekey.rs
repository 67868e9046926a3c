//! Changing the data key of a volume in use, and enciphering a plain one, window by window.
//!
//! A window's new content is written to the journal and made durable, then to its place and made durable, then the watermark moves past it.
//! A journal that begins at the watermark is therefore played again after a crash; any other is old. While a window is on its way, its
//! chunks are locked, so that nothing is written between.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLockWriteGuard};

use coffer_base::Rng;
use coffer_crypto::digest;

use super::cipher::Cipher;
use super::codec::{Reader, Writer};
use super::error::Doing as _;
use super::meta::Meta;
use super::superblock::{RekeyRecord, is_sealed, seal};
use super::{DataKey, Files, Rekey, State, Volume, VolumeError, superblock_field};
use crate::geometry::{CHUNK_BYTES, CHUNK_UNITS, UNIT_BYTES, chunks, is_zero};
use crate::storage::{Buffer, Storage};

/// Chunks of a window: 16 MiB.
const WINDOW_CHUNKS: u64 = (WINDOW_BYTES / CHUNK_BYTES) as u64;
const WINDOW_BYTES: usize = 16 * CHUNK_BYTES;
const HEADER_BYTES: usize = 4096;
const MAGIC: [u8; 8] = *b"CFRVOLJN";
const VERSION: u32 = 1;

/// How far a change of key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RekeyStatus {
    /// Chunks under the new key.
    pub done_chunks: u64,
    /// All of them.
    pub total_chunks: u64,
}

/// What one step of a change of key did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It went on; how many bytes were enciphered anew.
    Moved(u64),
    /// A snapshot is being read off, or copied back from: later.
    Waiting,
    /// Everything is under the new key.
    Done,
    /// No change of key is on its way.
    Idle,
}

impl Rekey {
    /// One whose window before the watermark is done for good.
    pub(super) const fn at(watermark: u64, id: [u8; 16], to: Arc<Cipher>) -> Self {
        Self { id, to, watermark: AtomicU64::new(watermark), unsure_end: AtomicU64::new(0) }
    }
}

impl Volume {
    /// Begins to bring the volume under another data key. It is no error if that is under way or done.
    pub fn begin_rekey(&self, rng: &dyn Rng, to: &DataKey) -> Result<(), VolumeError> {
        let _one = self.rekeying.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.alone();
        let record = to.record();
        superblock_field(&record.wrapped)?;
        let mut meta = self.meta();
        let is_that = |known: Option<&super::KeyRecord>| known.is_some_and(|known| known.check == record.check);
        match &meta.superblock().rekey {
            Some(rekey) if is_that(Some(&rekey.to)) => return Ok(()),
            Some(_) => return Err(VolumeError::Busy("another change of key")),
            None if is_that(meta.superblock().key.as_ref()) => return Ok(()),
            None => {}
        }
        let cipher = Arc::new(Cipher::of(Some(&record), std::slice::from_ref(to))?);
        // Its space is taken now, so that no window fails for want of it.
        let journal = &self.files.journal;
        let empty = Buffer::new(HEADER_BYTES + WINDOW_BYTES);
        let made = journal.set_length(empty.len() as u64).and_then(|()| journal.write_at(0, &empty));
        made.and_then(|()| journal.sync()).doing("making the journal")?;
        let mut id = [0; 16];
        rng.fill(&mut id);
        let begun = meta.commit(|superblock| superblock.rekey = Some(RekeyRecord { id, watermark: 0, to: record }));
        drop(meta);
        self.or_poison(begun)?;
        state.rekey = Some(Rekey::at(0, id, cipher));
        Ok(())
    }

    /// How far the change of key is; `None` when none is on its way.
    pub fn rekey_status(&self) -> Option<RekeyStatus> {
        let state = self.shared();
        let done_chunks = state.rekey.as_ref()?.watermark.load(Ordering::Acquire);
        Some(RekeyStatus { done_chunks, total_chunks: chunks(self.size_bytes()) })
    }

    /// Goes on with the change of key by one window, or past all that is not stored.
    pub fn rekey_step(&self) -> Result<Step, VolumeError> {
        let _one = self.rekeying.lock().unwrap_or_else(PoisonError::into_inner);
        self.require_sound().doing("changing the key")?;
        if let Some(step) = self.pass_holes()? {
            return Ok(step);
        }
        let state = self.shared();
        let Some(rekey) = &state.rekey else { return Ok(Step::Idle) };
        if state.frozen.is_some() || !state.overlaid.is_empty() {
            return Ok(Step::Waiting);
        }
        let first = rekey.watermark.load(Ordering::Acquire);
        let count = (chunks(self.size_bytes()) - first).min(WINDOW_CHUNKS);
        let _locks = self.lock_window(first, count);
        // In doubt, the volume is poisoned before anybody else writes there.
        self.or_poison(self.convert_window(&state, rekey, first, count)).map(Step::Moved)
    }

    /// Moves the watermark to the next chunk that is stored, and ends the change behind the last one.
    fn pass_holes(&self) -> Result<Option<Step>, VolumeError> {
        let mut state = self.alone();
        let Some(rekey) = &state.rekey else { return Ok(Some(Step::Idle)) };
        if state.frozen.is_some() || !state.overlaid.is_empty() {
            return Ok(Some(Step::Waiting));
        }
        let (watermark, total) = (rekey.watermark.load(Ordering::Acquire), chunks(self.size_bytes()));
        let at = watermark * CHUNK_BYTES as u64;
        let next = if watermark < total { self.files.data.next_data(at).doing("looking for data")? } else { None };
        let next = next.map_or(total, |range| (range.start / CHUNK_BYTES as u64).min(total));
        if next > watermark || next == total {
            // What was trimmed is a hole for good before it counts as one: else old ciphertext could come back behind the watermark.
            self.make_durable()?;
        }
        if next == total {
            let ended = self.meta().commit(|superblock| {
                // Snapshots of a plain volume are plain: none after this may build upon them.
                if superblock.key.is_none() {
                    superblock.last_sequence = 0;
                }
                superblock.key = superblock.rekey.take().map(|rekey| rekey.to);
            });
            self.or_poison(ended)?;
            let to = Arc::clone(&rekey.to);
            (state.cipher, state.overlay_cipher, state.rekey) = (Arc::clone(&to), to, None);
            self.files.journal.set_length(0).doing("emptying the journal")?;
            return Ok(Some(Step::Done));
        }
        if next > watermark {
            let passed = self.meta().commit(|superblock| move_watermark(superblock, next));
            self.or_poison(passed)?;
            rekey.watermark.store(next, Ordering::Release);
        }
        Ok(None)
    }

    /// Enciphers a window anew, with its locks held.
    fn convert_window(&self, state: &State, rekey: &Rekey, first: u64, count: u64) -> Result<u64, VolumeError> {
        let (offset, _) = self.place_of(first);
        let end = ((first + count) * CHUNK_BYTES as u64).min(self.size_bytes());
        let length = usize::try_from(end - offset).expect("a window");
        let mut buffer = Buffer::new(HEADER_BYTES + length);
        let (header, content) = buffer.split_at_mut(HEADER_BYTES);
        self.files.data.read_at(offset, content).doing("reading a window")?;
        state.cipher.convert(&rekey.to, first * CHUNK_UNITS, content).doing("enciphering a window anew")?;
        write_header(header, &rekey.id, first, length as u64, &digest::sha256(content));
        self.write_journal(&buffer)?;
        let content = &buffer[HEADER_BYTES..];
        // From here until the watermark has passed, only the journal has all of the window. If this fails, nobody reads or writes it before
        // the journal was played.
        rekey.unsure_end.store(first + count, Ordering::Release);
        put_window(&*self.files.data, offset, content).settling("writing a window")?;
        self.sync_data()?;
        self.meta().commit(|superblock| move_watermark(superblock, first + count))?;
        rekey.watermark.store(first + count, Ordering::Release);
        Ok(length as u64)
    }

    fn write_journal(&self, bytes: &[u8]) -> Result<(), VolumeError> {
        let journal = &self.files.journal;
        let Err(error) = journal.write_at(0, bytes).and_then(|()| journal.sync()) else { return Ok(()) };
        // All of the window may be there. Before it is struck, nobody may write to the window: after a crash it would be played over that.
        let none = Buffer::new(HEADER_BYTES);
        journal.write_at(0, &none).and_then(|()| journal.sync()).settling("striking the journal")?;
        Err(error).doing("writing the journal")
    }

    /// The locks of neighbouring chunks, taken in the order of their stripes.
    fn lock_window(&self, first: u64, count: u64) -> Vec<RwLockWriteGuard<'_, ()>> {
        assert!(count <= WINDOW_CHUNKS, "neighbours have stripes of their own");
        let mut stripes: Vec<usize> = (first..first + count).map(Self::stripe_of).collect();
        stripes.sort_unstable();
        stripes.into_iter().map(|at| self.stripes[at].write().unwrap_or_else(PoisonError::into_inner)).collect()
    }
}

fn move_watermark(superblock: &mut super::superblock::Superblock, to: u64) {
    let rekey = superblock.rekey.as_mut().expect("a change of key is on its way");
    rekey.watermark = to;
}

/// Plays the journal of a window that was cut off by a crash. Where the watermark is then. Needs no key.
pub(super) fn recover(files: &Files, meta: &mut Meta, record: &RekeyRecord) -> Result<u64, VolumeError> {
    let Some((first, content)) = read_journal(&*files.journal, &record.id)? else { return Ok(record.watermark) };
    let size_bytes = meta.superblock().size_bytes;
    let (offset, end) = (first.saturating_mul(CHUNK_BYTES as u64), chunks(size_bytes));
    let fits = offset.checked_add(content.len() as u64).is_some_and(|end| end <= size_bytes);
    if first != record.watermark || !fits {
        return Ok(record.watermark);
    }
    put_window(&*files.data, offset, &content).and_then(|()| files.data.sync()).doing("playing the journal")?;
    let watermark = (first + chunks(content.len() as u64)).min(end);
    meta.commit(|superblock| move_watermark(superblock, watermark))?;
    Ok(watermark)
}

/// Puts a window into its place. Units of zeros become holes: the volume takes no more space than before, and old ciphertext that was
/// trimmed, and that a power cut brought back, is gone.
fn put_window(data: &dyn Storage, offset: u64, content: &[u8]) -> io::Result<()> {
    let units: Vec<&[u8]> = content.chunks_exact(UNIT_BYTES).collect();
    let mut at = 0;
    for run in units.chunk_by(|a, b| is_zero(a) == is_zero(b)) {
        let bytes = at..at + run.len() * UNIT_BYTES;
        let place = offset + bytes.start as u64;
        if is_zero(run[0]) {
            data.punch(place, bytes.len() as u64)?;
        } else {
            data.write_at(place, &content[bytes.clone()])?;
        }
        at = bytes.end;
    }
    assert_eq!(at, content.len(), "a volume's size is a multiple of a unit");
    Ok(())
}

fn write_header(header: &mut [u8], id: &[u8; 16], first: u64, length: u64, checksum: &[u8; 32]) {
    let mut writer = Writer::new(header);
    writer.bytes(&MAGIC);
    writer.u32(VERSION);
    writer.u32(0);
    writer.bytes(id);
    writer.u64(first);
    writer.u64(length);
    writer.bytes(checksum);
    seal(header);
}

/// The first chunk and the content of the window in the journal, if there is a whole one of this change of key.
fn read_journal(journal: &dyn Storage, id: &[u8; 16]) -> Result<Option<(u64, Buffer)>, VolumeError> {
    let available = journal.length_bytes().doing("reading the journal's length")?;
    if available < HEADER_BYTES as u64 {
        return Ok(None);
    }
    let mut header = Buffer::new(HEADER_BYTES);
    journal.read_at(0, &mut header).doing("reading the journal")?;
    if header[..8] != MAGIC || !is_sealed(&header) {
        return Ok(None);
    }
    let mut reader = Reader::new(&header[8..]);
    let (version, _) = (reader.u32(), reader.u32());
    if version != VERSION {
        return Err(VolumeError::Newer { found: version, known: VERSION });
    }
    let found_id = reader.array::<16>();
    let (first, length, checksum) = (reader.u64(), reader.u64(), reader.array::<32>());
    if found_id != *id || length == 0 || length > WINDOW_BYTES as u64 || length > available - HEADER_BYTES as u64 {
        return Ok(None);
    }
    let mut content = Buffer::new(usize::try_from(length).expect("at most a window"));
    journal.read_at(HEADER_BYTES as u64, &mut content).doing("reading the journal")?;
    Ok((digest::sha256(&content) == checksum).then_some((first, content)))
}
