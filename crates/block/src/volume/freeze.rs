//! Snapshots as the volume sees them: an instant at which it stands still, and what is written while the snapshot is read off.
//!
//! From the freeze on, writes to frozen chunks go to the overlay, at the same offsets. A sector of zeros there hides nothing; what is
//! there wins over what is below, also after a crash. After the thaw the overlay is copied back chunk by chunk.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{PoisonError, RwLockWriteGuard};

use super::atomic::AtomicBitmap;
use super::cipher::Cipher;
use super::error::Doing as _;
use super::meta::Kind;
use super::superblock::FrozenRecord;
use super::{Frozen, State, Volume, VolumeError};
use crate::bitmap::Bitmap;
use crate::geometry::{CHUNK_BYTES, CHUNK_UNITS, SECTOR_BYTES, chunks, is_zero};
use crate::storage::Buffer;

/// Chunks that are copied back from the overlay under one sync.
const BATCH: usize = 64;
/// How often a chunk may be written to while it is copied back before it is held still for it.
const MOST_ROUNDS: u32 = 3;

/// A volume to be frozen.
pub struct Freezing<'a> {
    /// The volume.
    pub volume: &'a Volume,
    /// The snapshot's sequence in the volume's chain; never 0.
    pub sequence: u64,
    /// The sequence of the snapshot that it may build upon. If that is not the last one that was completed, all chunks are frozen.
    pub parent: Option<u64>,
}

/// Freezes volumes at one moment. Those that were frozen for the same snapshot before are left as they are. When one can't be frozen,
/// those before it stay frozen: the caller thaws them.
pub fn freeze(volumes: &[Freezing<'_>]) -> Result<(), VolumeError> {
    for freezing in volumes {
        // What can take long is done before anything waits.
        freezing.volume.prepare_freeze()?;
    }
    let mut order: Vec<&Freezing<'_>> = volumes.iter().collect();
    order.sort_by_key(|freezing| freezing.volume.id());
    let mut held = Vec::new();
    for freezing in order {
        held.push((freezing, freezing.volume.alone_and_merged()?));
    }
    for (freezing, state) in &mut held {
        let Freezing { volume, sequence, parent } = **freezing;
        volume.or_poison(volume.flip(state, sequence, parent))?;
    }
    Ok(())
}

impl Volume {
    fn prepare_freeze(&self) -> Result<(), VolumeError> {
        if self.shared().frozen.is_some() {
            return Ok(());
        }
        self.merge_overlay(&|| true)?;
        self.make_durable()?;
        let mut meta = self.meta();
        let empty = Bitmap::new(meta.bitmap(Kind::ChangesA).length());
        let idle = Kind::of(meta.superblock().changes.other());
        let written = if meta.superblock().frozen.is_none() { meta.write(&[(idle, &empty)]) } else { Ok(()) };
        drop(meta);
        self.or_poison(written)
    }

    /// Holds everything still, with nothing in the overlay unless the volume is frozen.
    fn alone_and_merged(&self) -> Result<RwLockWriteGuard<'_, State>, VolumeError> {
        loop {
            let state = self.alone();
            if state.frozen.is_some() || state.overlaid.is_empty() {
                return Ok(state);
            }
            drop(state);
            self.merge_overlay(&|| true)?;
        }
    }

    fn flip(&self, state: &mut State, sequence: u64, parent: Option<u64>) -> Result<(), VolumeError> {
        assert_ne!(sequence, 0, "sequences begin with 1");
        match &state.frozen {
            Some(frozen) if frozen.record.sequence == sequence => return Ok(()),
            Some(_) => return Err(VolumeError::Busy("another snapshot")),
            None => {}
        }
        self.make_durable()?;
        let size_bytes = self.size_bytes();
        let changed = state.changed.to_bitmap();
        let mut meta = self.meta();
        let is_full = parent.is_none_or(|parent| parent == 0 || parent != meta.superblock().last_sequence);
        let record = FrozenRecord { sequence, size_bytes, is_full };
        let (slot, none) = (meta.superblock().changes, Bitmap::new(changed.length()));
        meta.write(&[(Kind::of(slot), &changed), (Kind::of(slot.other()), &none)])?;
        // The one moment: before it nothing is frozen, after it everything is, whatever happens to the machine.
        meta.commit(|superblock| {
            superblock.frozen = Some(record);
            superblock.changes = superblock.changes.other();
        })?;
        let set = if is_full { Bitmap::full(chunks(size_bytes)) } else { changed };
        state.frozen = Some(Frozen { record, set });
        state.changed = AtomicBitmap::new(&Bitmap::new(chunks(size_bytes)));
        Ok(())
    }

    /// Ends the freeze for a snapshot: it is complete, or is given up; then its changes count for the next one. It is no error if there is no
    /// such freeze. What was written meanwhile is copied back by [`Volume::merge_overlay`].
    pub fn thaw(&self, sequence: u64, is_complete: bool) -> Result<(), VolumeError> {
        let mut state = self.alone();
        let Some(frozen) = state.frozen.take_if(|frozen| frozen.record.sequence == sequence) else { return Ok(()) };
        let outcome = self.record_thaw(&state, &frozen, is_complete);
        if outcome.is_err() {
            state.frozen = Some(frozen);
        } else if !is_complete {
            frozen.set.iter().for_each(|chunk| state.changed.insert(chunk));
        }
        drop(state);
        self.or_poison(outcome)
    }

    fn record_thaw(&self, state: &State, frozen: &Frozen, is_complete: bool) -> Result<(), VolumeError> {
        let mut meta = self.meta();
        if !is_complete {
            let mut changed = state.changed.to_bitmap();
            changed.extend(frozen.set.iter());
            let slot = Kind::of(meta.superblock().changes);
            meta.write(&[(slot, &changed)])?;
        }
        meta.commit(|superblock| {
            superblock.frozen = None;
            if is_complete {
                superblock.last_sequence = frozen.record.sequence;
            }
        })
    }

    /// Copies back what was written to the overlay, unless a snapshot is being read off, or until `go_on` says no: it can take long. What
    /// was copied back is durable on return.
    pub fn merge_overlay(&self, go_on: &dyn Fn() -> bool) -> Result<(), VolumeError> {
        // One at a time: a round relies on nobody else having copied a chunk back that it then clears.
        let _one = self.merging.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rounds = 0;
        loop {
            let set = {
                let state = self.shared();
                if state.frozen.is_some() {
                    return Ok(());
                }
                // While the key is changed, what is in the overlay may have to be enciphered for its place.
                if state.rekey.is_some() && matches!(*state.cipher, Cipher::Absent) && !state.overlaid.is_empty() {
                    return Err(VolumeError::Busy("a change of key"));
                }
                state.overlaid.to_bitmap()
            };
            if set.is_empty() {
                return Ok(());
            }
            let chunks: Vec<u64> = set.iter().collect();
            for batch in chunks.chunks(BATCH) {
                if !go_on() {
                    return Ok(());
                }
                if rounds < MOST_ROUNDS { self.merge_batch(batch) } else { self.merge_held(batch) }?;
            }
            rounds += 1;
        }
    }

    /// Copies chunks back; those that are written to meanwhile stay for another round, so that no write waits for a sync. If that fails,
    /// for want of space perhaps, the overlay still has them.
    fn merge_batch(&self, batch: &[u64]) -> Result<(), VolumeError> {
        let state = self.shared();
        if state.frozen.is_some() {
            return Ok(());
        }
        for chunk in batch {
            let _chunk = self.lock_alone(*chunk);
            state.touched.remove(*chunk);
            self.copy_back(&state, *chunk).doing("copying the overlay back")?;
        }
        self.sync_data()?;
        for chunk in batch {
            let _chunk = self.lock_alone(*chunk);
            if !state.touched.contains(*chunk) {
                self.clear_overlay(&state, *chunk).doing("clearing the overlay")?;
            }
        }
        self.make_durable()
    }

    /// Copies chunks back one by one, each held still until its data is durable.
    fn merge_held(&self, batch: &[u64]) -> Result<(), VolumeError> {
        let state = self.shared();
        if state.frozen.is_some() {
            return Ok(());
        }
        for chunk in batch {
            let _chunk = self.lock_alone(*chunk);
            self.copy_back(&state, *chunk).doing("copying the overlay back")?;
            self.sync_data()?;
            self.clear_overlay(&state, *chunk).doing("clearing the overlay")?;
        }
        self.make_durable()
    }

    /// Puts what the overlay holds of a chunk into its place, with the chunk's lock held alone.
    fn copy_back(&self, state: &State, chunk: u64) -> io::Result<()> {
        let (offset, length) = self.place_of(chunk);
        let mut over = Buffer::new(length);
        self.files.overlay.read_at(offset, &mut over)?;
        let shown: Vec<bool> = over.chunks_exact(SECTOR_BYTES).map(|sector| !is_zero(sector)).collect();
        let cipher = state.cipher_of(chunk)?;
        if !std::ptr::eq(cipher, &raw const *state.overlay_cipher) {
            state.overlay_cipher.convert(cipher, chunk * CHUNK_UNITS, &mut over)?;
        }
        let mut at = 0;
        for run in shown.chunk_by(|a, b| a == b) {
            let bytes = at * SECTOR_BYTES..(at + run.len()) * SECTOR_BYTES;
            if run[0] {
                self.files.data.write_at(offset + bytes.start as u64, &over[bytes])?;
            }
            at += run.len();
        }
        Ok(())
    }

    /// Empties the overlay of a chunk, which is durable in its place. That the overlay is empty is durable with the next flush, and so before
    /// anything that is written over it in its place is.
    fn clear_overlay(&self, state: &State, chunk: u64) -> io::Result<()> {
        let (offset, length) = self.place_of(chunk);
        self.files.overlay.punch(offset, length as u64)?;
        self.overlay_changed.store(true, Ordering::Release);
        state.overlaid.remove(chunk);
        Ok(())
    }

    /// Where a chunk is, and how long.
    pub(super) fn place_of(&self, chunk: u64) -> (u64, usize) {
        let offset = chunk * CHUNK_BYTES as u64;
        let length = (self.size_bytes() - offset).min(CHUNK_BYTES as u64);
        (offset, usize::try_from(length).expect("at most a chunk"))
    }
}
