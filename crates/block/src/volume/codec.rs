//! Fixed-size structures in bytes, little-endian. Each is read whole from a buffer of its full size, so that no field can lie beyond it.

/// Writes one field after the other.
pub(crate) struct Writer<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl<'a> Writer<'a> {
    pub(crate) const fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes[self.at..self.at + bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }

    pub(crate) fn u32(&mut self, number: u32) {
        self.bytes(&number.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    /// At most `most` bytes, after their number (2 bytes); the field takes `2 + most` bytes always.
    pub(crate) fn short(&mut self, bytes: &[u8], most: usize) {
        assert!(bytes.len() <= most, "checked where it came in");
        let length = u16::try_from(bytes.len()).expect("at most `most`");
        let end = self.at + 2 + most;
        self.bytes(&length.to_le_bytes());
        self.bytes(bytes);
        self.at = end;
    }
}

/// Reads one field after the other. Panics past the end: the caller hands in the full size of the structure.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        array.copy_from_slice(&self.bytes[self.at..self.at + N]);
        self.at += N;
        array
    }

    pub(crate) fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    pub(crate) fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    /// What [`Writer::short`] wrote; `None` if it claims to be longer than it can be.
    pub(crate) fn short(&mut self, most: usize) -> Option<&'a [u8]> {
        let length = usize::from(u16::from_le_bytes(self.array()));
        let bytes = self.bytes.get(self.at..self.at + length).filter(|_| length <= most);
        self.at += most;
        bytes
    }
}
