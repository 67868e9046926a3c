//! One chunk, sealed: `docs/format.md`, "Chunk".

use coffer_base::Rng;
use coffer_crypto::{Aead, NONCE_BYTES, TAG_BYTES};

use super::SnapshotError;
use super::error::Flaw;
use super::fields::{array, check_magic, put, put_magic, u32_at, u64_at};
use super::keys::Kind;
use super::names::Chain;
use crate::geometry::CHUNK_BYTES;

const MAGIC: [u8; 8] = *b"cofferCK";
/// What is authenticated of the header: all but the nonce, which is in its own way, and the zeros after it.
const BOUND_BYTES: usize = 64;
const NONCE_END: usize = BOUND_BYTES + NONCE_BYTES;
/// A header; then comes the ciphertext.
pub const HEADER_BYTES: usize = 80;
/// Where a chunk's bytes are in its object.
pub(crate) const BODY: std::ops::Range<usize> = HEADER_BYTES..HEADER_BYTES + CHUNK_BYTES;
/// A sealed chunk.
pub const OBJECT_BYTES: usize = HEADER_BYTES + CHUNK_BYTES + TAG_BYTES;
#[expect(clippy::cast_possible_truncation, reason = "1 MiB")]
const LENGTH: u32 = CHUNK_BYTES as u32;

/// A GCM tag: what a manifest knows a chunk's content by.
pub(crate) type Tag = [u8; TAG_BYTES];

/// Which chunk of which snapshot of which chain an object holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// The chain.
    pub(crate) chain: &'a Chain,
    /// The snapshot that has stored it.
    pub(crate) sequence: u64,
    /// The chunk.
    pub(crate) index: u64,
}

impl Place<'_> {
    /// The object's name.
    pub(crate) fn name(&self) -> String {
        self.chain.chunk(self.sequence, self.index)
    }
}

/// What an object says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    kind: Kind,
    sequence: u64,
    index: u64,
    chain: [u8; 32],
    nonce: [u8; NONCE_BYTES],
}

impl Header {
    fn new(kind: Kind, place: Place<'_>) -> Self {
        let Place { chain, sequence, index } = place;
        Self { kind, sequence, index, chain: *chain.digest(), nonce: [0; NONCE_BYTES] }
    }

    /// From the bytes that an object begins with.
    pub fn parse(bytes: &[u8; HEADER_BYTES]) -> Result<Self, Flaw> {
        check_magic(bytes, MAGIC)?;
        let kind = Kind::from_byte(bytes[10]).ok_or(Flaw::Damaged("it is neither plain nor sealed"))?;
        if bytes[11] != 0 || bytes[NONCE_END..].iter().any(|byte| *byte != 0) {
            return Err(Flaw::Damaged("its header has bytes where there are none"));
        }
        if u32_at(bytes, 12) != LENGTH {
            return Err(Flaw::Damaged("its chunk is not of 1 MiB"));
        }
        let (sequence, index) = (u64_at(bytes, 16), u64_at(bytes, 24));
        Ok(Self { kind, sequence, index, chain: array(bytes, 32), nonce: array(bytes, BOUND_BYTES) })
    }

    /// The bytes that an object begins with.
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        put_magic(&mut bytes, MAGIC);
        bytes[10] = self.kind.byte();
        put(&mut bytes, 12, &LENGTH.to_le_bytes());
        put(&mut bytes, 16, &self.sequence.to_le_bytes());
        put(&mut bytes, 24, &self.index.to_le_bytes());
        put(&mut bytes, 32, &self.chain);
        put(&mut bytes, BOUND_BYTES, &self.nonce);
        bytes
    }

    /// Whether the object is that of a place.
    pub(crate) fn is_of(&self, place: Place<'_>) -> bool {
        let Place { chain, sequence, index } = place;
        (self.sequence, self.index, &self.chain) == (sequence, index, chain.digest())
    }
}

/// Makes an object of [`OBJECT_BYTES`] of the chunk that is in its [`BODY`].
pub(crate) fn seal(key: &Aead, rng: &dyn Rng, kind: Kind, place: Place<'_>, object: &mut [u8]) -> Tag {
    assert_eq!(object.len(), OBJECT_BYTES, "a chunk's object");
    let mut header = Header::new(kind, place);
    let (nonce, tag) = key.seal_in_place(rng, &header.encode()[..BOUND_BYTES], &mut object[BODY]);
    header.nonce = nonce;
    put(object, 0, &header.encode());
    put(object, BODY.end, &tag);
    tag
}

/// An object as it was read: its header and its tag; its ciphertext is where the chunk is wanted.
pub(crate) struct Sealed {
    header: Header,
    /// Its tag.
    pub(crate) tag: Tag,
}

impl Sealed {
    /// From what was read of a place.
    pub(crate) fn new(place: Place<'_>, header: &[u8; HEADER_BYTES], tag: Tag) -> Result<Self, SnapshotError> {
        let header = Header::parse(header).map_err(|flaw| flaw.of(&place.name()))?;
        if !header.is_of(place) {
            return Err(SnapshotError::Misplaced { object: place.name() });
        }
        Ok(Self { header, tag })
    }

    /// Opens its ciphertext. What does not open is wiped.
    pub(crate) fn open(&self, key: &Aead, place: Place<'_>, body: &mut [u8]) -> Result<(), SnapshotError> {
        let header = self.header.encode();
        key.open_in_place(&self.header.nonce, &self.tag, &header[..BOUND_BYTES], body).map_err(|_| {
            body.fill(0);
            Flaw::Damaged("it does not open").of(&place.name())
        })
    }
}
