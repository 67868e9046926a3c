//! Memory for transfers, aligned as `O_DIRECT` wants it.

use std::alloc::{self, Layout};
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use super::ALIGNMENT;

/// Bytes aligned to [`ALIGNMENT`], zeros at first. Made once and used again and again.
pub struct Buffer {
    bytes: NonNull<u8>,
    length: usize,
}

// SAFETY: the bytes belong to this value alone, like those of a `Vec<u8>`.
unsafe impl Send for Buffer {}
// SAFETY: as above; `&Buffer` only reads.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// `length` zeros.
    pub fn new(length: usize) -> Self {
        assert!(length > 0, "a buffer that holds nothing");
        let layout = Self::layout(length);
        // SAFETY: the layout's size is not zero.
        let allocated = unsafe { alloc::alloc_zeroed(layout) };
        let Some(bytes) = NonNull::new(allocated) else { alloc::handle_alloc_error(layout) };
        Self { bytes, length }
    }

    fn layout(length: usize) -> Layout {
        Layout::from_size_align(length, ALIGNMENT).expect("transfers are far below the address space")
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `length` initialised bytes that live as long as `self`.
        unsafe { std::slice::from_raw_parts(self.bytes.as_ptr(), self.length) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and borrowed once.
        unsafe { std::slice::from_raw_parts_mut(self.bytes.as_ptr(), self.length) }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: allocated by `new` with this layout.
        unsafe { alloc::dealloc(self.bytes.as_ptr(), Self::layout(self.length)) };
    }
}
