//! Replies, gathered to be sent together.

use std::io::{self, IoSlice};
use std::ops::Range;

use crate::nbd::protocol::{ALLOCATION_ID, CHUNK_MAGIC, Errno, Request, SIMPLE_REPLY_MAGIC, chunk};
use crate::nbd::transport::Transport;

/// How many replies are gathered at most. A system takes no more than 1024 pieces at once, and a read is two.
const MOST_PARTS: usize = 256;

/// Replies that were not sent yet. The bytes that were read stay where they are until then.
#[derive(Default)]
pub(super) struct Batch {
    heads: Vec<u8>,
    parts: Vec<Part>,
}

enum Part {
    /// The next bytes of `heads`.
    Head(usize),
    /// A stretch of the data.
    Data(Range<usize>),
}

/// A stretch of what a read answers.
pub(super) enum Piece {
    /// Bytes, by their place among the data.
    Data(Range<usize>),
    /// So many zeros.
    Hole(u32),
}

impl Batch {
    pub(super) const fn is_full(&self) -> bool {
        self.parts.len() >= MOST_PARTS
    }

    /// Sends everything. `data` is what the ranges are of.
    pub(super) fn send(&mut self, transport: &impl Transport, data: &[u8]) -> io::Result<()> {
        if self.parts.is_empty() {
            return Ok(());
        }
        let mut heads = &self.heads[..];
        let slice = |part: &Part| match part {
            Part::Head(length) => {
                let (head, rest) = heads.split_at(*length);
                heads = rest;
                IoSlice::new(head)
            }
            Part::Data(range) => IoSlice::new(&data[range.clone()]),
        };
        let mut slices: Vec<_> = self.parts.iter().map(slice).collect();
        let sent = transport.write(&mut slices);
        self.heads.clear();
        self.parts.clear();
        sent
    }

    /// "Simple reply message", without data.
    pub(super) fn simple(&mut self, request: &Request, error: u32) {
        self.head([&SIMPLE_REPLY_MAGIC.to_be_bytes()[..], &error.to_be_bytes(), &request.cookie.to_be_bytes()]);
    }

    /// A simple reply to a read.
    pub(super) fn simple_data(&mut self, request: &Request, data: Range<usize>) {
        self.simple(request, 0);
        self.data(data);
    }

    /// A structured reply to a read. The pieces follow one another from the request's offset on.
    pub(super) fn pieces(&mut self, request: &Request, pieces: &[Piece]) {
        let mut offset = request.offset;
        for (place, piece) in pieces.iter().enumerate() {
            // All has been read: no error can follow, so the last piece is the last chunk.
            let flags = if place + 1 == pieces.len() { chunk::DONE } else { 0 };
            match piece {
                Piece::Data(range) => {
                    self.chunk(request, flags, chunk::OFFSET_DATA, 8 + range.len(), &[&offset.to_be_bytes()]);
                    self.data(range.clone());
                    offset += range.len() as u64;
                }
                Piece::Hole(length) => {
                    let fields = [&offset.to_be_bytes()[..], &length.to_be_bytes()];
                    self.chunk(request, flags, chunk::OFFSET_HOLE, 12, &fields);
                    offset += u64::from(*length);
                }
            }
        }
        if pieces.is_empty() {
            self.chunk(request, chunk::DONE, chunk::NONE, 0, &[]);
        }
    }

    /// The reply to `NBD_CMD_BLOCK_STATUS`: lengths and flags.
    pub(super) fn block_status(&mut self, request: &Request, extents: &[(u32, u32)]) {
        let fields: Vec<u8> =
            extents.iter().flat_map(|(length, flags)| [*length, *flags]).flat_map(u32::to_be_bytes).collect();
        let total = 4 + fields.len();
        self.chunk(request, chunk::DONE, chunk::BLOCK_STATUS, total, &[&ALLOCATION_ID.to_be_bytes(), &fields]);
    }

    /// `NBD_REPLY_TYPE_ERROR`.
    pub(super) fn structured_error(&mut self, request: &Request, error: Errno, message: &str) {
        let length = u16::try_from(message.len()).expect("messages are short").to_be_bytes();
        let fields = [&(error as u32).to_be_bytes()[..], &length, message.as_bytes()];
        self.chunk(request, chunk::DONE, chunk::ERROR, 6 + message.len(), &fields);
    }

    /// "Structured reply chunk message": `length` counts `fields` and what follows them.
    fn chunk(&mut self, request: &Request, flags: u16, kind: u16, length: usize, fields: &[&[u8]]) {
        let length = u32::try_from(length).expect("chunks are limited").to_be_bytes();
        self.head([
            &CHUNK_MAGIC.to_be_bytes()[..],
            &flags.to_be_bytes(),
            &kind.to_be_bytes(),
            &request.cookie.to_be_bytes(),
            &length,
        ]);
        for field in fields {
            self.head([*field]);
        }
    }

    fn head<'a>(&mut self, fields: impl IntoIterator<Item = &'a [u8]>) {
        let before = self.heads.len();
        for field in fields {
            self.heads.extend_from_slice(field);
        }
        let added = self.heads.len() - before;
        match self.parts.last_mut() {
            Some(Part::Head(length)) => *length += added,
            _ => self.parts.push(Part::Head(added)),
        }
    }

    fn data(&mut self, range: Range<usize>) {
        self.parts.push(Part::Data(range));
    }
}
