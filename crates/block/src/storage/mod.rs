//! Where bytes are kept: files, as the engine needs them. The seam at which faults and power cuts are tried.

use std::io;
use std::ops::Range;
use std::sync::Arc;

/// A file. Every call may come from any thread, several at a time. Offsets and lengths are multiples of 512; those of large transfers
/// are multiples of 4096 in buffers aligned to 4096.
///
/// What is written is seen by later reads at once and is durable once a later [`Storage::sync`] has returned without error. Before,
/// a power cut leaves of each sector the old or the new content, in any combination.
pub trait Storage: Send + Sync {
    /// How long it is, in bytes.
    fn length_bytes(&self) -> io::Result<u64>;
    /// Makes it longer (the new bytes are zeros and take no space) or shorter.
    fn set_length(&self, length_bytes: u64) -> io::Result<()>;
    /// Fills `buffer` from `offset` on; it is an error if the file ends before.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
    /// Writes the whole of `data` at `offset`, within the length.
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()>;
    /// Makes a stretch read as zeros and gives its space back.
    fn punch(&self, offset: u64, length_bytes: u64) -> io::Result<()>;
    /// Makes everything that was done before durable, the length too. After an error nothing is known of what was not durable before.
    fn sync(&self) -> io::Result<()>;
    /// The first stretch at or after `offset` that may hold something else than zeros.
    fn next_data(&self, offset: u64) -> io::Result<Option<Range<u64>>>;
    /// Asks for a stretch to be brought nearer. A hint.
    fn prefetch(&self, offset: u64, length_bytes: u64) -> io::Result<()>;
}

/// A flat directory of files with names of `[a-z0-9.-]`. Making and removing a file is durable when the call returns.
pub trait Directory: Send + Sync {
    /// A new, empty file; `AlreadyExists` if there is one of that name.
    fn create(&self, name: &str) -> io::Result<Arc<dyn Storage>>;
    /// The file of that name; `NotFound`.
    fn open(&self, name: &str) -> io::Result<Arc<dyn Storage>>;
    /// Removes a file; it is no error if there is none.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Whether there is a file of that name.
    fn contains(&self, name: &str) -> io::Result<bool>;
}
