//! Memory for plaintext keys: its own pages, kept out of swap and of core dumps, wiped before they are given back.

use std::fmt;
use std::io;
use std::ops::{Deref, DerefMut};
use std::ptr::{self, NonNull};
use std::sync::Arc;

use zeroize::Zeroize as _;

use crate::xts::XTS_KEY_BYTES;

/// Bytes in pages of their own: `mlock`ed (never swapped out), `MADV_DONTDUMP` (in no core dump), zeros at first and wiped when dropped.
///
/// `mlock` is refused once the process has reached `RLIMIT_MEMLOCK`. The bytes are usable even so: [`LockedBytes::is_locked`] says
/// what came of it, and whoever made them warns or refuses.
pub struct LockedBytes {
    pages: NonNull<u8>,
    length: usize,
    locked: bool,
}

// SAFETY: the pages belong to this value alone, like those of a `Vec<u8>`.
unsafe impl Send for LockedBytes {}
// SAFETY: `&LockedBytes` gives out `&[u8]` and, inside this crate, a pointer whose users keep Rust's rules themselves.
unsafe impl Sync for LockedBytes {}

impl LockedBytes {
    /// `length` zeros. Fails if the system has no memory, or can't keep it out of core dumps.
    pub fn new(length: usize) -> io::Result<Self> {
        assert!(length > 0, "memory that holds nothing");
        let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new anonymous mapping, where the kernel likes it, touches no existing memory.
        let mapped = unsafe { libc::mmap(ptr::null_mut(), length, protection, flags, -1, 0) };
        if mapped == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let pages = NonNull::new(mapped.cast::<u8>()).expect("mmap gives no null pointer");
        let mut bytes = Self { pages, length, locked: false };
        // SAFETY: the range is the mapping just made.
        if unsafe { libc::madvise(mapped, length, libc::MADV_DONTDUMP) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: as above.
        bytes.locked = unsafe { libc::mlock(mapped, length) } == 0;
        Ok(bytes)
    }

    /// A copy of `bytes`, which the caller wipes.
    pub fn copy_of(bytes: &[u8]) -> io::Result<Self> {
        let mut copy = Self::new(bytes.len())?;
        copy.copy_from_slice(bytes);
        Ok(copy)
    }

    /// Whether the bytes can't be swapped out.
    pub const fn is_locked(&self) -> bool {
        self.locked
    }

    /// Where the bytes are. Who writes through it makes sure that nobody else looks at those bytes meanwhile.
    pub(crate) const fn as_ptr(&self) -> *mut u8 {
        self.pages.as_ptr()
    }
}

impl Deref for LockedBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `length` readable bytes, zeroed by the kernel, that live as long as `self`.
        unsafe { std::slice::from_raw_parts(self.pages.as_ptr(), self.length) }
    }
}

impl DerefMut for LockedBytes {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, writable, and borrowed once.
        unsafe { std::slice::from_raw_parts_mut(self.pages.as_ptr(), self.length) }
    }
}

impl Drop for LockedBytes {
    fn drop(&mut self) {
        self.zeroize();
        // SAFETY: the mapping that `new` made, which nobody can refer to any more. Unmapping unlocks.
        let unmapped = unsafe { libc::munmap(self.pages.as_ptr().cast(), self.length) };
        assert_eq!(unmapped, 0, "a mapping of ours can be unmapped");
    }
}

/// The data key of a disk or a snapshot as it is used: in locked memory from when it is unwrapped until the last clone is dropped. Clones
/// share it.
#[derive(Clone)]
pub struct PlainKey(Arc<LockedBytes>);

impl PlainKey {
    /// A copy of a key of [`XTS_KEY_BYTES`], which the caller wipes. Fails if it has more or fewer, or if there is no memory for it.
    pub fn new(bytes: &[u8]) -> io::Result<Self> {
        if bytes.len() != XTS_KEY_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a data key has 64 bytes"));
        }
        Ok(Self(Arc::new(LockedBytes::copy_of(bytes)?)))
    }

    /// The key itself. Every call is a place an auditor looks at.
    pub fn expose(&self) -> &[u8; XTS_KEY_BYTES] {
        self.0.as_array().expect("`new` has counted them")
    }
}

impl fmt::Debug for PlainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainKey(…)")
    }
}

/// From now on this process leaves no core dump and no other process of its user may read its memory. For the server's start.
pub fn forbid_core_dumps() -> io::Result<()> {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: reads the structure, which is valid.
    if unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const none) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: takes no pointers.
    if unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The flags of the mapping that holds an address, from the kernel.
    fn flags_of(address: *const u8) -> Vec<String> {
        let maps = fs::read_to_string("/proc/self/smaps").unwrap();
        let mut inside = false;
        for line in maps.lines() {
            let range = line.split(' ').next().and_then(|range| range.split_once('-'));
            let bound = |text| usize::from_str_radix(text, 16);
            if let Some((Ok(start), Ok(end))) = range.map(|(start, end)| (bound(start), bound(end))) {
                inside = (start..end).contains(&address.addr());
            }
            if let (true, Some(flags)) = (inside, line.strip_prefix("VmFlags:")) {
                return flags.split_whitespace().map(str::to_owned).collect();
            }
        }
        panic!("the kernel does not know that address");
    }

    #[test]
    fn the_kernel_keeps_the_bytes_in_memory_and_out_of_core_dumps() {
        let bytes = LockedBytes::copy_of(b"key").unwrap();
        assert_eq!(&bytes[..], b"key");
        let flags = flags_of(bytes.as_ptr());
        assert!(flags.contains(&"dd".to_owned()), "not in dumps: {flags:?}");
        assert_eq!(flags.contains(&"lo".to_owned()), bytes.is_locked(), "locked: {flags:?}");
        assert!(bytes.is_locked(), "a page is within any RLIMIT_MEMLOCK");
    }

    #[test]
    fn a_plain_key_has_64_bytes_and_does_not_show_them() {
        let key = PlainKey::new(&[7; 64]).unwrap();
        assert_eq!((key.clone().expose(), format!("{key:?}").as_str()), (&[7; 64], "PlainKey(…)"));
        assert!(PlainKey::new(&[7; 63]).is_err() && PlainKey::new(&[7; 65]).is_err());
    }

    /// Takes this thread's privilege to lock more than the limit, if it has it, and makes the limit 1 MiB.
    fn limit_locking_to_a_mebibyte() {
        // The system call's structures of version 3: version and thread (0: this one), then three sets of 64 bits in halves.
        let (header, none) = ([0x2008_0522u32, 0], [0u32; 6]);
        // SAFETY: both have the layout that the call reads.
        assert_eq!(unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), none.as_ptr()) }, 0);
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: writes, then reads, the structure, which is valid.
        unsafe {
            assert_eq!(libc::getrlimit(libc::RLIMIT_MEMLOCK, &raw mut limit), 0);
            limit.rlim_cur = limit.rlim_max.min(1 << 20);
            assert_eq!(libc::setrlimit(libc::RLIMIT_MEMLOCK, &raw const limit), 0);
        }
    }

    #[test]
    fn what_can_not_be_locked_says_so_and_is_usable() {
        limit_locking_to_a_mebibyte();
        let mut bytes = LockedBytes::new(2 << 20).unwrap();
        assert!(!bytes.is_locked());
        bytes[(2 << 20) - 1] = 1;
    }
}
