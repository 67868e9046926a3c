//! Memory that is transferred.

/// A buffer of zeros.
pub struct Buffer(Vec<u8>);

impl Buffer {
    /// One of that length.
    pub fn new(length_bytes: usize) -> Self {
        Self(vec![0; length_bytes])
    }
}

impl std::ops::Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl std::ops::DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}
