//! Making durable what was written, and writing down what is known of it.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::atomic::AtomicBitmap;
use super::error::Doing as _;
use super::meta::Kind;
use super::{Volume, VolumeError};
use crate::bitmap::Bitmap;

impl Volume {
    /// Makes everything durable that was written before, fenced or not.
    pub fn make_durable(&self) -> Result<(), VolumeError> {
        let _one = self.flushing.lock().unwrap_or_else(PoisonError::into_inner);
        self.require_sound().doing("flushing")?;
        // In this order: what left the base before this moment is in the data file, and the sync below covers it.
        let left_base = self.take_copied_up();
        let outcome = self.sync_files().and_then(|()| self.strike_off(&left_base));
        if outcome.is_err() {
            // The next flush owes it still: as long as the metadata has them in the base, what was written to them is not durable.
            self.put_back_copied_up(left_base);
        }
        self.or_poison(outcome)
    }

    fn sync_files(&self) -> Result<(), VolumeError> {
        if self.data_changed.swap(false, Ordering::AcqRel) {
            self.files.data.sync().settling("making data durable")?;
        }
        if self.overlay_changed.swap(false, Ordering::AcqRel) {
            self.files.overlay.sync().settling("making the overlay durable")?;
        }
        Ok(())
    }

    /// Makes the data file durable. One at a time with flushes: of those who sync a file at once the kernel tells only one of a failure,
    /// and the others must find the volume poisoned.
    pub(super) fn sync_data(&self) -> Result<(), VolumeError> {
        let _one = self.flushing.lock().unwrap_or_else(PoisonError::into_inner);
        self.require_sound().doing("making data durable")?;
        self.or_poison(self.files.data.sync().settling("making data durable"))
    }

    /// Writes what is known of changed chunks to the metadata and clears the intents, so that less has to be looked at after a crash.
    pub fn checkpoint(&self) -> Result<(), VolumeError> {
        let mut state = self.alone();
        if self.is_poisoned() || state.intents.is_empty() {
            return Ok(());
        }
        let changed = state.changed.to_bitmap();
        let mut meta = self.meta();
        let none = Bitmap::new(meta.bitmap(Kind::Intent).length());
        let slot = Kind::of(meta.superblock().changes);
        // The changes first: at no moment is a changed chunk named by neither.
        self.or_poison(meta.write(&[(slot, &changed)]))?;
        // Even if they are then not cleared on disk, they may be: none counts as durable any more.
        state.intents = AtomicBitmap::new(&none);
        self.or_poison(meta.write(&[(Kind::Intent, &none)]))
    }

    /// Makes everything durable and puts the metadata in order, for a volume that is about to be dropped.
    pub fn close(&self) -> Result<(), VolumeError> {
        self.make_durable()?;
        self.checkpoint()
    }
}
