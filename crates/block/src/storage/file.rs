//! Files of the file system, by `pread` and `pwrite` (or io_uring), through the page cache or past it.

use std::fs::{self, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::{ALIGNMENT, Buffer, Storage, check_read, check_write, uring};

/// Most bytes that one system call moves through a bounce buffer, or of zeros.
const STEP_BYTES: usize = 1 << 20;

/// Most bytes that one system call writes into the page cache. Linux caches what is written at once as one folio, and ext4 looks at every
/// block of a folio at each later write to any of them: after writes of 1 MiB, a random write of 4 KiB was measured to take five times
/// as long as after writes of 128 KiB.
const CACHED_BYTES: usize = 64 << 10;

/// How a file's bytes are moved.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    /// By the calling thread's ring in place of `pread`, `pwrite` and `fdatasync`.
    pub(super) uring: bool,
    /// Past the page cache.
    pub(super) direct: bool,
    /// Not written at all.
    pub(super) read_only: bool,
}

/// A file of the file system. One process at a time has it open.
pub struct File {
    /// Through the page cache.
    cached: fs::File,
    /// Past it, if so set. What is not aligned goes through `cached`; the kernel keeps the two coherent as long as they do not write
    /// the same page at once, which `unaligned` rules out.
    direct: Option<fs::File>,
    unaligned: RwLock<()>,
    uring: bool,
    length: AtomicU64,
    punches: AtomicBool,
}

impl File {
    /// Opens it, or makes a new one that only its owner may read.
    pub(super) fn open(path: &Path, new: bool, how: How) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(!how.read_only).create_new(new).mode(0o600);
        let cached = options.open(path)?;
        let direct = OpenOptions::new().read(true).write(true).custom_flags(libc::O_DIRECT).clone();
        let direct = how.direct.then(|| direct.open(path)).transpose()?;
        let length = AtomicU64::new(cached.metadata()?.len());
        let (unaligned, punches) = (RwLock::default(), AtomicBool::new(true));
        Ok(Self { cached, direct, unaligned, uring: how.uring, length, punches })
    }

    /// The length, for checks: no other process changes it, and another handle only makes it longer.
    fn length_for(&self, end: u64) -> io::Result<u64> {
        let known = self.length.load(Ordering::Relaxed);
        if end <= known { Ok(known) } else { self.length_bytes() }
    }

    fn read_by(&self, file: &fs::File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if self.uring { uring::read_at(file, offset, buffer) } else { file.read_at(buffer, offset) }
    }

    fn read_all_by(&self, file: &fs::File, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut done = 0;
        while done < buffer.len() {
            match self.read_by(file, offset + done as u64, &mut buffer[done..]) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn write_all_by(&self, file: &fs::File, offset: u64, data: &[u8]) -> io::Result<()> {
        let most = if self.direct.is_some() { usize::MAX } else { CACHED_BYTES };
        let mut done = 0;
        while done < data.len() {
            let (rest, at) = (&data[done..data.len().min(done.saturating_add(most))], offset + done as u64);
            match if self.uring { uring::write_at(file, at, rest) } else { file.write_at(rest, at) } {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads what is not aligned past the page cache, by way of a buffer that is.
    fn read_bounced(&self, direct: &fs::File, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut bounce = Buffer::new((buffer.len() + 2 * ALIGNMENT).min(STEP_BYTES).next_multiple_of(ALIGNMENT));
        let mut done = 0;
        while done < buffer.len() {
            let at = offset + done as u64;
            let skip = usize::try_from(at % ALIGNMENT as u64).expect("less than a page");
            let wanted = (buffer.len() - done).min(bounce.len() - skip);
            let window = (skip + wanted).next_multiple_of(ALIGNMENT);
            let count = match self.read_by(direct, at - skip as u64, &mut bounce[..window]) {
                Ok(count) if count > skip => (count - skip).min(wanted),
                Ok(_) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            buffer[done..done + count].copy_from_slice(&bounce[skip..skip + count]);
            done += count;
        }
        Ok(())
    }

    fn write_zeros(&self, offset: u64, length: u64) -> io::Result<()> {
        let zeros = Buffer::new(STEP_BYTES);
        let mut at = offset;
        while at < offset + length {
            let step = usize::try_from(offset + length - at).unwrap_or(usize::MAX).min(STEP_BYTES);
            self.write_all_by(&self.cached, at, &zeros[..step])?;
            at += step as u64;
        }
        Ok(())
    }

    fn seek(&self, offset: u64, whence: i32) -> io::Result<Option<u64>> {
        // SAFETY: takes no pointers. The position that it moves is not used by anything here.
        let found = unsafe { libc::lseek(self.cached.as_raw_fd(), signed(offset), whence) };
        match u64::try_from(found) {
            Ok(found) => Ok(Some(found)),
            Err(_) => match io::Error::last_os_error() {
                error if error.raw_os_error() == Some(libc::ENXIO) => Ok(None),
                error => Err(error),
            },
        }
    }
}

impl Storage for File {
    fn length_bytes(&self) -> io::Result<u64> {
        let length = self.cached.metadata()?.len();
        self.length.store(length, Ordering::Relaxed);
        Ok(length)
    }

    fn set_length(&self, length_bytes: u64) -> io::Result<()> {
        self.cached.set_len(length_bytes)?;
        self.length.store(length_bytes, Ordering::Relaxed);
        Ok(())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let length = buffer.len() as u64;
        check_read(offset, length, self.length_for(offset.saturating_add(length))?)?;
        match &self.direct {
            None => self.read_all_by(&self.cached, offset, buffer),
            Some(direct) if is_aligned(offset, buffer) => self.read_all_by(direct, offset, buffer),
            Some(direct) => self.read_bounced(direct, offset, buffer),
        }
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let length = data.len() as u64;
        check_write(offset, length, self.length_for(offset.saturating_add(length))?)?;
        match &self.direct {
            None => self.write_all_by(&self.cached, offset, data),
            Some(direct) if is_aligned(offset, data) => {
                let _shared = self.unaligned.read().expect("guards nothing that a panic could break");
                self.write_all_by(direct, offset, data)
            }
            Some(_) => {
                let _alone = self.unaligned.write().expect("guards nothing that a panic could break");
                self.write_all_by(&self.cached, offset, data)
            }
        }
    }

    fn punch(&self, offset: u64, length_bytes: u64) -> io::Result<()> {
        check_write(offset, length_bytes, self.length_for(offset.saturating_add(length_bytes))?)?;
        if length_bytes == 0 {
            return Ok(());
        }
        let _alone =
            self.direct.as_ref().map(|_| self.unaligned.write().expect("guards nothing that a panic could break"));
        if !self.punches.load(Ordering::Relaxed) {
            return self.write_zeros(offset, length_bytes);
        }
        let mode = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
        // SAFETY: takes no pointers.
        if unsafe { libc::fallocate(self.cached.as_raw_fd(), mode, signed(offset), signed(length_bytes)) } == 0 {
            return Ok(());
        }
        match io::Error::last_os_error() {
            error if matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::ENOSYS)) => {
                self.punches.store(false, Ordering::Relaxed);
                self.write_zeros(offset, length_bytes)
            }
            error => Err(error),
        }
    }

    fn sync(&self) -> io::Result<()> {
        if self.uring { uring::sync(&self.cached) } else { self.cached.sync_data() }
    }

    fn settle(&self) -> io::Result<()> {
        self.sync()?;
        // Where an earlier sync failed, the page cache still shows what is not on disk, and no later sync writes it.
        let file = self.cached.as_raw_fd();
        // SAFETY: takes no pointers.
        match unsafe { libc::posix_fadvise(file, 0, 0, libc::POSIX_FADV_DONTNEED) } {
            0 => Ok(()),
            error => Err(io::Error::from_raw_os_error(error)),
        }
    }

    fn next_data(&self, offset: u64) -> io::Result<Option<Range<u64>>> {
        let length = self.length_bytes()?;
        let mut from = offset;
        while from < length {
            let Some(start) = self.seek(from, libc::SEEK_DATA)? else { return Ok(None) };
            let end = self.seek(start, libc::SEEK_HOLE)?.unwrap_or(length).min(length);
            if start < end {
                return Ok(Some(start..end));
            }
            // What was data was punched between the two calls.
            from = start;
        }
        Ok(None)
    }

    fn prefetch(&self, offset: u64, length_bytes: u64) -> io::Result<()> {
        if self.direct.is_some() {
            return Ok(());
        }
        let (file, advice) = (self.cached.as_raw_fd(), libc::POSIX_FADV_WILLNEED);
        // SAFETY: takes no pointers.
        match unsafe { libc::posix_fadvise(file, signed(offset), signed(length_bytes), advice) } {
            0 => Ok(()),
            error => Err(io::Error::from_raw_os_error(error)),
        }
    }
}

fn is_aligned(offset: u64, bytes: &[u8]) -> bool {
    offset.is_multiple_of(ALIGNMENT as u64)
        && bytes.len().is_multiple_of(ALIGNMENT)
        && bytes.as_ptr().addr().is_multiple_of(ALIGNMENT)
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).expect("files are shorter than 8 EiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_file_system_makes_no_holes_zeros_are_written() {
        let path = std::env::temp_dir().join(format!("coffer-zeros-{}", std::process::id()));
        let file = File::open(&path, true, How { uring: false, direct: false, read_only: false }).unwrap();
        fs::remove_file(&path).unwrap();
        file.punches.store(false, Ordering::Relaxed);
        let length = 2 * STEP_BYTES + 2 * ALIGNMENT;
        file.set_length(length as u64).unwrap();
        let mut content = vec![1; length];
        file.write_at(0, &content).unwrap();
        file.punch(512, length as u64 - 1024).unwrap();
        file.read_at(0, &mut content).unwrap();
        assert!(content[512..length - 512].iter().all(|byte| *byte == 0));
        assert!(content[..512].iter().chain(&content[length - 512..]).all(|byte| *byte == 1));
        assert_eq!(file.next_data(512).unwrap(), Some(512..length as u64), "no hole was made");
    }
}
