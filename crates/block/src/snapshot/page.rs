//! A page of a manifest: where 1024 chunks are. `docs/format.md`, "Page".

use coffer_crypto::{TAG_BYTES, digest};

use super::error::Flaw;
use super::fields::{array, check_magic, put, put_magic, u64_at};
use super::object::Tag;

const MAGIC: [u8; 8] = *b"cofferPG";
/// Chunks of a page.
pub const PAGE_CHUNKS: u64 = 1024;
const ENTRIES: usize = 1024;
const HEADER_BYTES: usize = 32;
const ENTRY_BYTES: usize = 8 + TAG_BYTES;
/// A page as it is stored.
pub const PAGE_BYTES: usize = HEADER_BYTES + ENTRIES * ENTRY_BYTES;

/// Where a chunk is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The snapshot that has stored it; 0 for a chunk of zeros, which nothing is stored for.
    pub(crate) sequence: u64,
    /// The tag of its object.
    pub(crate) tag: Tag,
}

impl Entry {
    /// Whether something is stored for the chunk.
    pub(crate) const fn is_some(&self) -> bool {
        self.sequence != 0
    }
}

/// Where the chunks of a page are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    sequence: u64,
    index: u64,
    entries: Box<[Entry]>,
}

impl Page {
    /// The page of a snapshot, nothing stored for any of its chunks.
    pub(crate) fn empty(sequence: u64, index: u64) -> Self {
        Self { sequence, index, entries: vec![Entry::default(); ENTRIES].into() }
    }

    /// Where chunks are, the first of which is `1024 * index`.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The same, to be written to.
    pub(crate) fn entries_mut(&mut self) -> &mut [Entry] {
        &mut self.entries
    }

    /// The snapshot that has stored the page, and which of its pages it is.
    pub(crate) const fn place(&self) -> (u64, u64) {
        (self.sequence, self.index)
    }

    /// From the bytes of an object.
    pub fn parse(bytes: &[u8]) -> Result<Self, Flaw> {
        if bytes.len() != PAGE_BYTES {
            return Err(Flaw::Damaged("its length is wrong"));
        }
        check_magic(bytes, MAGIC)?;
        if bytes[10..16].iter().any(|byte| *byte != 0) {
            return Err(Flaw::Damaged("its header has bytes where there are none"));
        }
        let mut page = Self::empty(u64_at(bytes, 16), u64_at(bytes, 24));
        for (entry, bytes) in page.entries.iter_mut().zip(bytes[HEADER_BYTES..].chunks_exact(ENTRY_BYTES)) {
            *entry = Entry { sequence: u64_at(bytes, 0), tag: array(bytes, 8) };
            if entry.sequence > page.sequence || (entry.sequence == 0 && *entry != Entry::default()) {
                return Err(Flaw::Damaged("it refers to what can't have been there"));
            }
        }
        Ok(page)
    }

    /// The bytes of its object.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![0; PAGE_BYTES];
        put_magic(&mut bytes, MAGIC);
        put(&mut bytes, 16, &self.sequence.to_le_bytes());
        put(&mut bytes, 24, &self.index.to_le_bytes());
        for (entry, bytes) in self.entries.iter().zip(bytes[HEADER_BYTES..].chunks_exact_mut(ENTRY_BYTES)) {
            put(bytes, 0, &entry.sequence.to_le_bytes());
            put(bytes, 8, &entry.tag);
        }
        bytes
    }
}

/// How a manifest refers to a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PageRef {
    /// The snapshot that has stored it; 0 for a page of nothing but zeros, which nothing is stored for.
    pub(crate) sequence: u64,
    /// SHA-256 of its object.
    pub(crate) hash: [u8; 32],
}

impl PageRef {
    /// To a page that is stored as `bytes`.
    pub(crate) fn to(sequence: u64, bytes: &[u8]) -> Self {
        Self { sequence, hash: digest::sha256(bytes) }
    }
}
