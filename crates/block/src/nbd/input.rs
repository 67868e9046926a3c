//! What a client sends, read in large pieces and taken in small ones.

use std::io::{self, IoSliceMut};

use super::protocol::{REQUEST_BYTES, Request};
use super::transport::Transport;

/// As much as a Unix socket holds by default.
const CAPACITY_BYTES: usize = 256 << 10;

/// What is read beyond a large payload: what lands here of the next one must be copied.
const BEYOND_BYTES: usize = 4096;

/// Bytes that were received and not used yet.
pub(super) struct Input {
    bytes: Box<[u8]>,
    start: usize,
    end: usize,
    /// Whether the last payload was large, so that the next one probably is.
    large: bool,
}

impl Input {
    /// There is always room for so much: for an option, and for a request that is executed from here.
    pub(super) const ROOM_BYTES: usize = CAPACITY_BYTES / 2;

    pub(super) fn new() -> Self {
        Self { bytes: vec![0; CAPACITY_BYTES].into(), start: 0, end: 0, large: false }
    }

    /// What there is.
    pub(super) fn available(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Takes what was looked at.
    pub(super) fn consume(&mut self, length: usize) {
        assert!(length <= self.available().len(), "only what is there can be taken");
        self.start += length;
    }

    /// The header of the next request, if there is all of it; it stays. The error: what is there is no request.
    pub(super) fn request(&self) -> io::Result<Option<Request>> {
        let Some((header, _)) = self.available().split_first_chunk::<REQUEST_BYTES>() else { return Ok(None) };
        Request::parse(header).map(Some).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not a request"))
    }

    /// Waits for more; whether there is more.
    pub(super) fn fill(&mut self, transport: &impl Transport) -> io::Result<bool> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if CAPACITY_BYTES - self.end < Self::ROOM_BYTES {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let room = &mut self.bytes[self.end..];
        assert!(!room.is_empty(), "requests that do not fit are read elsewhere");
        let most = if self.large { BEYOND_BYTES.min(room.len()) } else { room.len() };
        self.large = false;
        let read = transport.read(&mut [IoSliceMut::new(&mut room[..most])])?;
        self.end += read;
        Ok(read > 0)
    }

    /// Takes bytes, those that are there and as many more as are needed, which go to `target` directly.
    pub(super) fn take(&mut self, transport: &impl Transport, target: &mut [u8]) -> io::Result<()> {
        let there = self.available().len().min(target.len());
        let (head, mut rest) = target.split_at_mut(there);
        head.copy_from_slice(&self.available()[..there]);
        self.consume(there);
        self.large = !rest.is_empty();
        while !rest.is_empty() {
            let beyond = &mut self.bytes[..BEYOND_BYTES];
            let read = transport.read(&mut [IoSliceMut::new(rest), IoSliceMut::new(beyond)])?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let direct = read.min(rest.len());
            (self.start, self.end) = (0, read - direct);
            rest = &mut rest[direct..];
        }
        Ok(())
    }

    /// Takes bytes that nobody needs.
    pub(super) fn skip(&mut self, transport: &impl Transport, mut length: usize) -> io::Result<()> {
        loop {
            let there = self.available().len().min(length);
            self.consume(there);
            length -= there;
            if length == 0 {
                return Ok(());
            }
            if !self.fill(transport)? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}
