//! Where bytes are kept: files, as the engine needs them. The seam at which faults and power cuts are tried.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use crate::geometry::SECTOR_BYTES;

#[expect(unsafe_code, reason = "an allocation of an alignment that `Vec` does not have")]
mod buffer;
mod crashy;
mod dice;
mod faulty;
#[expect(unsafe_code, reason = "system calls that std does not have: holes and hints")]
mod file;
mod local;
mod memory;
mod slow;
mod sparse;
#[cfg(test)]
mod tests;
#[expect(unsafe_code, reason = "the kernel works on memory that is lent to it")]
mod uring;

pub use buffer::Buffer;
pub use crashy::Crashy;
pub use faulty::{Fault, Faulty};
pub use file::File;
pub use local::{Driver, LocalDirectory, Options};
pub use memory::{Memory, MemoryDirectory};
pub use slow::Slow;

/// What buffers, offsets and lengths of large transfers are multiples of.
pub const ALIGNMENT: usize = 4096;

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
    /// Makes durable what earlier handles left, also those of a process that is gone, and has what is read from now on be what is durable.
    /// Comes before everything else that is done with a handle to a file that others may have written.
    fn settle(&self) -> io::Result<()> {
        self.sync()
    }
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

/// Whether a stretch can be read: within the length.
fn check_read(offset: u64, length: u64, of: u64) -> io::Result<()> {
    if is_within(offset, length, of) { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Whether a stretch can be written or punched: within the length.
fn check_write(offset: u64, length: u64, of: u64) -> io::Result<()> {
    if is_within(offset, length, of) {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("{length} bytes at {offset} are not within a file of {of}"),
    ))
}

fn is_within(offset: u64, length: u64, of: u64) -> bool {
    let is_sectors = |bytes: u64| bytes.is_multiple_of(SECTOR_BYTES as u64);
    assert!(is_sectors(offset) && is_sectors(length), "{length} bytes at {offset} are not whole sectors");
    offset.checked_add(length).is_some_and(|end| end <= of)
}

/// Whether a file may be called so.
fn check_name(name: &str) -> io::Result<()> {
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    if name.is_empty() || name.len() > 255 || name.starts_with('.') || !name.chars().all(is_allowed) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("no name for a file: {name:?}")));
    }
    Ok(())
}

fn already_exists(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, format!("there is a file {name}"))
}

fn not_found(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("there is no file {name}"))
}
