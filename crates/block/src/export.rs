//! What the NBD server serves: a device, as its clients see it.

use std::io;

/// A stretch of a device, as `base:allocation` describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// How long it is.
    pub length_bytes: u64,
    /// Whether nothing is stored for it.
    pub is_hole: bool,
    /// Whether it reads as zeros.
    pub is_zero: bool,
}

/// How a stretch is to be zeroed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Zeroing {
    /// The space must stay allocated.
    pub no_hole: bool,
    /// Refuse with [`io::ErrorKind::Unsupported`] unless it takes less time than writing zeros.
    pub fast: bool,
}

/// A device. Every call may come from any thread, several at a time. A stretch is within [`Export::size_bytes`]: the server has
/// checked it; an implementation asserts it. Any offset and any length is allowed; multiples of 4096 are fast.
///
/// A call that returns without error is done as far as later reads go; it is durable once a later [`Export::flush`] has returned.
/// Errors: `StorageFull` for no space, `Unsupported`, `PermissionDenied` for a fence, anything else is an I/O error.
pub trait Export: Send + Sync {
    /// How long the device is; it may grow while it is served.
    fn size_bytes(&self) -> u64;
    /// Whether writes are refused.
    fn is_read_only(&self) -> bool {
        false
    }
    /// Reads into `buffer`.
    fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
    /// Writes `data`, whose bytes are ciphertext afterwards or whatever else: the buffer is the implementation's to work in.
    fn write(&self, offset: u64, data: &mut [u8]) -> io::Result<()>;
    /// Makes everything that was written before durable.
    fn flush(&self) -> io::Result<()>;
    /// A hint that a stretch is not needed any more. It reads as before or as zeros.
    fn trim(&self, offset: u64, length_bytes: u64) -> io::Result<()>;
    /// Zeros a stretch.
    fn write_zeroes(&self, offset: u64, length_bytes: u64, how: Zeroing) -> io::Result<()>;
    /// A hint that a stretch will be read.
    fn cache(&self, offset: u64, length_bytes: u64) -> io::Result<()>;
    /// What is allocated of a stretch, in order and without gaps: at least one extent, at most `limit`, which may end before the
    /// stretch does and never reach beyond it.
    fn extents(&self, offset: u64, length_bytes: u64, limit: usize) -> io::Result<Vec<Extent>>;
}
