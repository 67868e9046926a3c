//! A snapshot, read as what a clone falls back to.

use std::io;
use std::sync::Arc;

use super::{Base, Manifest};
use crate::bitmap::Bitmap;

/// Reads a snapshot's chunks and checks each.
pub struct SnapshotReader(Arc<Manifest>);

impl SnapshotReader {
    /// Of a manifest that was opened with its key.
    pub const fn new(manifest: Arc<Manifest>) -> Self {
        Self(manifest)
    }
}

impl Base for SnapshotReader {
    fn present(&self) -> io::Result<Bitmap> {
        Ok(self.0.present()?)
    }

    fn read_chunk(&self, index: u64, buffer: &mut [u8]) -> io::Result<()> {
        Ok(self.0.read_chunk(index, buffer)?)
    }
}
