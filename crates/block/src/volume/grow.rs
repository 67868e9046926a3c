//! Making a volume longer while it is used.

use std::sync::atomic::Ordering;

use super::atomic::AtomicBitmap;
use super::error::Doing as _;
use super::superblock::is_size;
use super::{State, Volume, VolumeError};
use crate::bitmap::Bitmap;
use crate::geometry::{REGION_CHUNKS, chunks};

impl Volume {
    /// Makes the volume longer; what is new reads as zeros. It is no error if it has that size. Durable on return.
    pub fn grow(&self, size_bytes: u64) -> Result<(), VolumeError> {
        let mut state = self.alone();
        let old_bytes = self.size_bytes();
        if size_bytes == old_bytes {
            return Ok(());
        }
        if size_bytes < old_bytes || !is_size(size_bytes) {
            return Err(VolumeError::Size(size_bytes));
        }
        self.require_sound().doing("growing")?;
        for file in [&self.files.data, &self.files.overlay] {
            file.set_length(size_bytes).doing("making a file longer")?;
        }
        self.data_changed.store(true, Ordering::Release);
        self.overlay_changed.store(true, Ordering::Release);
        self.make_durable()?;
        let mut meta = self.meta();
        let grown = meta.add_groups(size_bytes);
        let grown = grown.and_then(|()| meta.commit(|superblock| superblock.size_bytes = size_bytes));
        drop(meta);
        self.or_poison(grown)?;
        state.grow(chunks(size_bytes));
        self.size_bytes.store(size_bytes, Ordering::Release);
        Ok(())
    }
}

impl State {
    fn grow(&mut self, chunks: u64) {
        let longer = |set: &AtomicBitmap, length: u64| {
            let mut bitmap: Bitmap = set.to_bitmap();
            bitmap.grow(length);
            AtomicBitmap::new(&bitmap)
        };
        for set in [&mut self.base, &mut self.changed, &mut self.overlaid, &mut self.touched] {
            *set = longer(set, chunks);
        }
        self.intents = longer(&self.intents, chunks.div_ceil(REGION_CHUNKS));
    }
}
