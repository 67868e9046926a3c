//! Snapshots: chunks as sealed objects under a Merkle manifest, on any object store.

use std::io;

use crate::bitmap::Bitmap;

/// What a snapshot is made of: a device that stands still. Chunks are whole; the last one is padded with zeros.
pub trait ChunkSource: Send + Sync {
    /// How long the device is.
    fn size_bytes(&self) -> u64;
    /// The chunks that may differ from the parent's; all others are the parent's, or zeros where there is no parent.
    fn changed(&self) -> io::Result<Bitmap>;
    /// The content of a chunk, in clear.
    fn read_chunk(&self, index: u64, buffer: &mut [u8]) -> io::Result<()>;
}

/// What a clone reads that it does not hold itself yet.
pub trait Base: Send + Sync {
    /// The chunks that are not all zeros.
    fn present(&self) -> io::Result<Bitmap>;
    /// The content of a chunk, in clear. Fails with `InvalidData`, naming the object, if it is not what the manifest says.
    fn read_chunk(&self, index: u64, buffer: &mut [u8]) -> io::Result<()>;
}
