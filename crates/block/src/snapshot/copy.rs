//! A snapshot sealed anew, under another key, as the first of a chain of its own.

use std::io;

use super::upload::{Upload, Uploaded, Watch};
use super::{ChunkSource, Manifest, SnapshotError};
use crate::bitmap::Bitmap;

/// Makes `to`, whose source is this snapshot and which has no parent. Beginning again after a crash goes on, like any upload.
pub fn copy(from: &Manifest, to: &Upload<'_>, watch: &Watch<'_>) -> Result<Uploaded, SnapshotError> {
    let source = Whole { manifest: from, present: from.present()? };
    to.run(&source, None, watch)
}

struct Whole<'a> {
    manifest: &'a Manifest,
    present: Bitmap,
}

impl ChunkSource for Whole<'_> {
    fn size_bytes(&self) -> u64 {
        self.manifest.size_bytes()
    }

    fn changed(&self) -> io::Result<Bitmap> {
        Ok(self.present.clone())
    }

    fn read_chunk(&self, index: u64, buffer: &mut [u8]) -> io::Result<()> {
        Ok(self.manifest.read_chunk(index, buffer)?)
    }
}
