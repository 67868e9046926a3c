//! Snapshots: chunks as sealed objects under a Merkle manifest, on any object store. `docs/format.md` draws what is stored.
//!
//! A snapshot is made by [`Upload`], read by [`SnapshotReader`], copied by [`copy`], checked by [`verify`] and deleted by [`delete`].
//! Objects are shared with the chain's previous snapshot and no other, so that whoever refers to an object is an unbroken run of the
//! chain's live snapshots. Two rules are the caller's: a parent is not deleted while a snapshot is being uploaded on top of it, and an
//! upload that is given up is [`abandon`]ed before its number is used again.

use std::io;

use crate::bitmap::Bitmap;

mod copy;
mod delete;
mod error;
mod fields;
mod keys;
mod manifest;
mod names;
mod object;
mod objects;
mod page;
mod reader;
mod upload;
mod verify;

pub use copy::copy;
pub use delete::{abandon, delete};
pub use error::{Flaw, SnapshotError};
pub use keys::Kind;
pub use manifest::{Manifest, Structure};
pub use names::{Chain, ManifestRef};
pub use object::{HEADER_BYTES, Header, OBJECT_BYTES};
pub use objects::{Objects, Put};
pub use page::{PAGE_BYTES, PAGE_CHUNKS, Page};
pub use reader::SnapshotReader;
pub use upload::{Progress, Upload, Uploaded, Watch};
pub use verify::{Verified, missing, verify};

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
