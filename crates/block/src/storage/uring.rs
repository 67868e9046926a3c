//! io_uring for calls that wait for their end: each thread has a ring of its own, with one operation in it at a time.

use std::cell::RefCell;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::fd::AsRawFd as _;
use std::path::Path;

use io_uring::squeue::Entry;
use io_uring::types::{Fd, FsyncFlags};
use io_uring::{IoUring, opcode};

/// The kernel moves at most 2 GiB at a time anyway; callers go on after short transfers.
const MOST_BYTES: usize = 1 << 30;

/// Reads, writes and syncs a file, whose first bytes it changes to what they are: the system has io_uring and lets this process use it.
pub(super) fn probe(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut bytes = [0u8; 512];
    let count = read_at(&file, 0, &mut bytes)?;
    write_at(&file, 0, &bytes[..count])?;
    sync(&file)
}

/// As `pread`.
pub(super) fn read_at(file: &fs::File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let length = transfer(buffer.len());
    let entry = opcode::Read::new(Fd(file.as_raw_fd()), buffer.as_mut_ptr(), length).offset(offset).build();
    // SAFETY: the buffer is borrowed, mutably, until the operation has ended.
    unsafe { run(&entry) }
}

/// As `pwrite`.
pub(super) fn write_at(file: &fs::File, offset: u64, data: &[u8]) -> io::Result<usize> {
    let length = transfer(data.len());
    let entry = opcode::Write::new(Fd(file.as_raw_fd()), data.as_ptr(), length).offset(offset).build();
    // SAFETY: the data is borrowed until the operation has ended.
    unsafe { run(&entry) }
}

/// As `fdatasync`.
pub(super) fn sync(file: &fs::File) -> io::Result<()> {
    let entry = opcode::Fsync::new(Fd(file.as_raw_fd())).flags(FsyncFlags::DATASYNC).build();
    // SAFETY: the operation has no memory.
    unsafe { run(&entry) }.map(|_| ())
}

fn transfer(bytes: usize) -> u32 {
    u32::try_from(bytes.min(MOST_BYTES)).expect("at most 1 GiB")
}

/// Runs an operation to its end, whatever signals arrive; its result.
///
/// # Safety
/// The memory that the entry refers to is valid until this returns.
unsafe fn run(entry: &Entry) -> io::Result<usize> {
    thread_local! {
        static RING: RefCell<Option<IoUring>> = const { RefCell::new(None) };
    }
    RING.with_borrow_mut(|slot| {
        let ring = match slot {
            Some(ring) => ring,
            None => slot.insert(IoUring::new(2)?),
        };
        // SAFETY: the queue is empty, as every earlier operation was waited for; the caller keeps the memory valid until this ends.
        unsafe { ring.submission().push(entry) }.expect("the queue holds two");
        loop {
            match ring.submit_and_wait(1) {
                Ok(_) => {}
                // A signal, or no kernel memory just now: what was not taken from the queue is still in it.
                Err(error) if matches!(error.raw_os_error(), Some(libc::EINTR | libc::EAGAIN | libc::EBUSY)) => {}
                // The kernel may still use memory that the caller would give back: there is no way to go on.
                Err(_) => std::process::abort(),
            }
            if let Some(done) = ring.completion().next() {
                return usize::try_from(done.result()).map_err(|_| io::Error::from_raw_os_error(-done.result()));
            }
        }
    })
}
