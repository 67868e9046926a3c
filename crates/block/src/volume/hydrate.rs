//! Bringing chunks over from the base.

use std::io;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::meta::Kind;
use super::{State, Volume, VolumeError};
use crate::geometry::{CHUNK_BYTES, CHUNK_UNITS};
use crate::storage::Buffer;

impl Volume {
    /// How many chunks are still read from the base.
    pub fn chunks_in_base(&self) -> u64 {
        self.shared().base.count()
    }

    /// Brings over some chunks from `from` on, at most `most`. Where to go on; `None` when none is left there. It is done for good
    /// after a flush.
    pub fn hydrate(&self, from: u64, most: usize) -> io::Result<Option<u64>> {
        let state = self.shared();
        let mut at = from;
        for _ in 0..most {
            let Some(chunk) = state.base.next(at) else { return Ok(None) };
            self.copy_up(&state, chunk)?;
            at = chunk + 1;
        }
        Ok(Some(at))
    }

    /// Has the metadata say that there is no base any more, once no chunk is read from there.
    pub fn settle_base(&self) -> Result<bool, VolumeError> {
        let mut state = self.alone();
        let mut meta = self.meta();
        if !state.base.is_empty() || !meta.bitmap(Kind::Base).is_empty() {
            return Ok(false);
        }
        if meta.superblock().base.is_some() {
            let committed = meta.commit(|superblock| superblock.base = None);
            drop(meta);
            self.or_poison(committed)?;
        }
        state.reader = None;
        Ok(true)
    }

    /// Copies a chunk over from the base, unless it is here already. Nobody holds its lock.
    pub(super) fn copy_up(&self, state: &State, chunk: u64) -> io::Result<()> {
        let _chunk = self.lock_alone(chunk);
        if !state.base.contains(chunk) {
            return Ok(());
        }
        self.require_sound()?;
        let reader = state.reader.as_ref().ok_or_else(|| VolumeError::BaseMissing.into_io())?;
        let mut buffer = Buffer::new(CHUNK_BYTES);
        reader.read_chunk(chunk, &mut buffer)?;
        let offset = chunk * CHUNK_BYTES as u64;
        let here = usize::try_from((self.size_bytes() - offset).min(CHUNK_BYTES as u64)).expect("at most a chunk");
        let bytes = &mut buffer[..here];
        state.cipher_of(chunk)?.encrypt(chunk * CHUNK_UNITS, bytes)?;
        self.files.data.write_at(offset, bytes)?;
        self.data_changed.store(true, Ordering::Release);
        self.leave_base(state, chunk);
        Ok(())
    }

    /// Has a chunk not be read from the base any more: what it is, is in the data file, and `data_changed` says so. With its lock held alone.
    pub(super) fn leave_base(&self, state: &State, chunk: u64) {
        if state.base.remove(chunk) {
            self.copied_up.lock().unwrap_or_else(PoisonError::into_inner).push(chunk);
        }
    }

    /// The chunks that left the base and are durable after the next sync of the data file.
    pub(super) fn take_copied_up(&self) -> Vec<u64> {
        std::mem::take(&mut *self.copied_up.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The opposite of [`Self::take_copied_up`].
    pub(super) fn put_back_copied_up(&self, chunks: Vec<u64>) {
        self.copied_up.lock().unwrap_or_else(PoisonError::into_inner).extend(chunks);
    }

    /// Has the metadata say that these chunks left the base. Their data is durable.
    pub(super) fn strike_off(&self, chunks: &[u64]) -> Result<(), VolumeError> {
        if chunks.is_empty() {
            return Ok(());
        }
        let mut meta = self.meta();
        let mut base = meta.bitmap(Kind::Base).clone();
        for chunk in chunks {
            base.remove(*chunk);
        }
        meta.write(&[(Kind::Base, &base)])
    }

    /// The content of a base chunk, without bringing it over. `None` if it is here.
    pub(super) fn read_from_base(state: &State, chunk: u64, buffer: &mut [u8]) -> Option<io::Result<()>> {
        state.base.contains(chunk).then(|| match &state.reader {
            Some(reader) => reader.read_chunk(chunk, buffer),
            None => Err(VolumeError::BaseMissing.into_io()),
        })
    }

    /// What the base is, as it was told when the volume was made; `None` once nothing is read from there.
    pub fn base_reference(&self) -> Option<Vec<u8>> {
        self.meta().superblock().base.clone()
    }
}
