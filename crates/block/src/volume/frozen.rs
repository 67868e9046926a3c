//! A frozen volume, as whoever makes the snapshot reads it off.

use std::io;
use std::sync::{Arc, PoisonError};

use super::superblock::FrozenRecord;
use super::{Volume, stored_chunks};
use crate::bitmap::Bitmap;
use crate::geometry::{CHUNK_BYTES, CHUNK_UNITS, UNIT_BYTES};
use crate::snapshot::ChunkSource;

impl Volume {
    /// The frozen volume, to be read off; `None` unless it is frozen for that snapshot.
    pub fn frozen(self: &Arc<Self>, sequence: u64) -> Option<FrozenSource> {
        let state = self.shared();
        let record = state.frozen.as_ref().map(|frozen| frozen.record).filter(|record| record.sequence == sequence)?;
        Some(FrozenSource { volume: Arc::clone(self), record })
    }
}

/// A frozen volume as it was at its freeze. Reading fails once it is thawed.
pub struct FrozenSource {
    volume: Arc<Volume>,
    record: FrozenRecord,
}

impl FrozenSource {
    /// Whether all chunks are frozen: the snapshot builds upon none.
    pub const fn is_full(&self) -> bool {
        self.record.is_full
    }

    fn thawed() -> io::Error {
        io::Error::other("the volume is not frozen any more")
    }
}

impl ChunkSource for FrozenSource {
    fn size_bytes(&self) -> u64 {
        self.record.size_bytes
    }

    /// Of a full snapshot, the chunks that hold anything: all others are zeros.
    fn changed(&self) -> io::Result<Bitmap> {
        let state = self.volume.shared();
        let frozen = state.frozen.as_ref().filter(|frozen| frozen.record == self.record).ok_or_else(Self::thawed)?;
        if !self.record.is_full {
            return Ok(frozen.set.clone());
        }
        let mut set = Bitmap::new(frozen.set.length());
        let mut from_base = state.base.next(0);
        while let Some(chunk) = from_base.filter(|chunk| *chunk < set.length()) {
            set.insert(chunk);
            from_base = state.base.next(chunk + 1);
        }
        // After those of the base: one that leaves it meanwhile is in the data file before.
        set.extend(stored_chunks(&*self.volume.files.data, self.record.size_bytes)?.iter());
        Ok(set)
    }

    fn read_chunk(&self, index: u64, buffer: &mut [u8]) -> io::Result<()> {
        let volume = &*self.volume;
        let state = volume.shared();
        let is_frozen = state.frozen.as_ref().is_some_and(|frozen| frozen.record == self.record);
        if !is_frozen || !state.is_frozen(index) {
            return Err(Self::thawed());
        }
        let _chunk = volume.stripe(index).read().unwrap_or_else(PoisonError::into_inner);
        if let Some(read) = Volume::read_from_base(&state, index, buffer) {
            return read;
        }
        let offset = index * CHUNK_BYTES as u64;
        let here = (self.record.size_bytes - offset).min(CHUNK_BYTES as u64);
        let here = usize::try_from(here).expect("at most a chunk");
        assert!(here.is_multiple_of(UNIT_BYTES) && buffer.len() == CHUNK_BYTES);
        buffer[here..].fill(0);
        volume.files.data.read_at(offset, &mut buffer[..here])?;
        state.cipher_of(index)?.decrypt(index * CHUNK_UNITS, &mut buffer[..here])
    }
}
