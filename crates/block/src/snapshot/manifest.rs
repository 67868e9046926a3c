//! What a snapshot consists of: `docs/format.md`, "Manifest".

use std::sync::{Arc, Mutex};

use coffer_crypto::{PlainKey, digest};

use super::error::Flaw;
use super::fields::{array, check_magic, put, put_magic, u32_at, u64_at};
use super::keys::{self, BatchKey, KeyTable, Kind, RECORD_BYTES, TABLE_OVERHEAD_BYTES};
use super::names::ManifestRef;
use super::object::{HEADER_BYTES as OBJECT_HEADER_BYTES, Place, Sealed};
use super::page::{Entry, PAGE_BYTES, PAGE_CHUNKS, Page, PageRef};
use super::{Objects, SnapshotError};
use crate::bitmap::Bitmap;
use crate::geometry::{CHUNK_BYTES, MOST_BYTES, chunks};

const MAGIC: [u8; 8] = *b"cofferMF";
const HEADER_BYTES: usize = 96;
const REF_BYTES: usize = 40;
#[expect(clippy::cast_possible_truncation, reason = "1 MiB")]
const CHUNK_LENGTH: u32 = CHUNK_BYTES as u32;
#[expect(clippy::cast_possible_truncation, reason = "65536")]
const MOST_PAGES: usize = (MOST_BYTES / (CHUNK_BYTES as u64 * PAGE_CHUNKS)) as usize;
/// To how many snapshots' objects one snapshot may refer.
pub(crate) const MOST_KEYS: usize = 65536;
/// The longest manifest: about 5 MiB.
pub(crate) const MOST_MANIFEST_BYTES: usize =
    HEADER_BYTES + MOST_PAGES * REF_BYTES + TABLE_OVERHEAD_BYTES + MOST_KEYS * RECORD_BYTES;
/// Pages that an open manifest keeps in memory, of 24 KiB each.
const KEPT_PAGES: usize = 64;

/// What a manifest says to everyone: all but the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Structure {
    pub(crate) kind: Kind,
    pub(crate) chain: [u8; 32],
    pub(crate) sequence: u64,
    pub(crate) size_bytes: u64,
    /// How many chunks are not all zeros.
    pub(crate) present: u64,
    pub(crate) keys: u32,
    pub(crate) pages: Vec<PageRef>,
}

impl Structure {
    /// How many pages a snapshot of that size has.
    pub(crate) const fn pages_of(size_bytes: u64) -> u64 {
        chunks(size_bytes).div_ceil(PAGE_CHUNKS)
    }

    /// From the bytes of an object; also what is left of them, the sealed key table.
    pub fn parse(bytes: &[u8]) -> Result<(Self, &[u8]), Flaw> {
        if bytes.len() < HEADER_BYTES {
            return Err(Flaw::Damaged("it is too short"));
        }
        check_magic(bytes, MAGIC)?;
        let kind = Kind::from_byte(bytes[10]).ok_or(Flaw::Damaged("it is neither plain nor sealed"))?;
        if bytes[11] != 0 || bytes[44..48].iter().chain(&bytes[80..HEADER_BYTES]).any(|byte| *byte != 0) {
            return Err(Flaw::Damaged("its header has bytes where there are none"));
        }
        let (size_bytes, keys) = (u64_at(bytes, 24), u32_at(bytes, 40));
        if u32_at(bytes, 12) != CHUNK_LENGTH || size_bytes > MOST_BYTES || keys as usize > MOST_KEYS {
            return Err(Flaw::Damaged("its sizes are not possible"));
        }
        let pages = usize::try_from(Self::pages_of(size_bytes)).expect("at most 65536");
        let (head, table) = (HEADER_BYTES + pages * REF_BYTES, TABLE_OVERHEAD_BYTES + keys as usize * RECORD_BYTES);
        if bytes.len() != head + table {
            return Err(Flaw::Damaged("its length is wrong"));
        }
        let (head, table) = bytes.split_at(head);
        let sequence = u64_at(bytes, 16);
        let pages = head[HEADER_BYTES..].chunks_exact(REF_BYTES).map(|bytes| page_ref(bytes, sequence));
        let (pages, present) = (pages.collect::<Result<_, _>>()?, u64_at(bytes, 32));
        let structure = Self { kind, chain: array(bytes, 48), sequence, size_bytes, present, keys, pages };
        Ok((structure, table))
    }

    /// The bytes that a manifest begins with: all but the key table.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![0; HEADER_BYTES + self.pages.len() * REF_BYTES];
        put_magic(&mut bytes, MAGIC);
        bytes[10] = self.kind.byte();
        put(&mut bytes, 12, &CHUNK_LENGTH.to_le_bytes());
        put(&mut bytes, 16, &self.sequence.to_le_bytes());
        put(&mut bytes, 24, &self.size_bytes.to_le_bytes());
        put(&mut bytes, 32, &self.present.to_le_bytes());
        put(&mut bytes, 40, &self.keys.to_le_bytes());
        put(&mut bytes, 48, &self.chain);
        for (page, bytes) in self.pages.iter().zip(bytes[HEADER_BYTES..].chunks_exact_mut(REF_BYTES)) {
            put(bytes, 0, &page.sequence.to_le_bytes());
            put(bytes, 8, &page.hash);
        }
        bytes
    }

    /// What the manifest is held to be: SHA-256 over all but the key table.
    pub fn root(&self) -> [u8; 32] {
        digest::sha256(&self.encode())
    }
}

fn page_ref(bytes: &[u8], sequence: u64) -> Result<PageRef, Flaw> {
    let page = PageRef { sequence: u64_at(bytes, 0), hash: array(bytes, 8) };
    if page.sequence > sequence || (page.sequence == 0 && page != PageRef::default()) {
        return Err(Flaw::Damaged("it refers to what can't have been there"));
    }
    Ok(page)
}

/// An open manifest. What is read of it, and of the chunks, is checked against the root. Pages are read when they are needed; a few
/// are kept.
pub struct Manifest {
    objects: Arc<Objects>,
    at: ManifestRef,
    structure: Structure,
    /// There if the snapshot is plain or was opened with its key.
    keys: Option<KeyTable>,
    /// The pages that were read last, the last one at the end.
    kept: Mutex<Vec<(u64, Arc<Page>)>>,
}

impl Manifest {
    /// Opens a manifest; without a key, a sealed one for its structure alone, which is enough to delete it.
    pub fn open(objects: &Arc<Objects>, at: &ManifestRef, key: Option<&PlainKey>) -> Result<Self, SnapshotError> {
        let object = at.chain.manifest(at.sequence);
        let bytes = objects.get(&object, MOST_MANIFEST_BYTES)?;
        let (structure, table) = Structure::parse(&bytes).map_err(|flaw| flaw.of(&object))?;
        if (&structure.chain, structure.sequence) != (at.chain.digest(), at.sequence) {
            return Err(SnapshotError::Misplaced { object });
        }
        if structure.root() != at.root {
            return Err(SnapshotError::Replaced { object });
        }
        let keys = open_keys(&structure, at, key, table)?;
        let objects = Arc::clone(objects);
        Ok(Self { objects, at: at.clone(), structure, keys, kept: Mutex::default() })
    }

    /// What it was opened as.
    pub const fn at(&self) -> &ManifestRef {
        &self.at
    }

    /// How long the device was.
    pub const fn size_bytes(&self) -> u64 {
        self.structure.size_bytes
    }

    /// Whether it is sealed under a data key.
    pub const fn kind(&self) -> Kind {
        self.structure.kind
    }

    /// How many chunks are not all zeros.
    pub const fn present_chunks(&self) -> u64 {
        self.structure.present
    }

    /// Its object's name.
    pub(crate) fn name(&self) -> String {
        self.at.chain.manifest(self.at.sequence)
    }

    pub(crate) const fn objects(&self) -> &Arc<Objects> {
        &self.objects
    }

    pub(crate) const fn structure(&self) -> &Structure {
        &self.structure
    }

    /// Whether chunks can be read.
    pub(crate) const fn has_keys(&self) -> bool {
        self.keys.is_some()
    }

    /// How it refers to a page; one that is past its end is all zeros.
    pub(crate) fn page_ref(&self, index: u64) -> PageRef {
        usize::try_from(index).ok().and_then(|index| self.structure.pages.get(index)).copied().unwrap_or_default()
    }

    /// A page, from memory if it was read of late.
    pub(crate) fn page(&self, index: u64) -> Result<Arc<Page>, SnapshotError> {
        if let Some(page) = self.kept_page(index) {
            return Ok(page);
        }
        let page = Arc::new(self.read_page(index)?);
        let mut kept = self.kept();
        if kept.len() == KEPT_PAGES {
            kept.remove(0);
        }
        kept.push((index, Arc::clone(&page)));
        Ok(page)
    }

    /// A page, from the store.
    pub(crate) fn read_page(&self, index: u64) -> Result<Page, SnapshotError> {
        let PageRef { sequence, hash } = self.page_ref(index);
        if sequence == 0 {
            return Ok(Page::empty(self.at.sequence, index));
        }
        let object = self.at.chain.page(sequence, index);
        let bytes = self.objects.get(&object, PAGE_BYTES)?;
        let page = Page::parse(&bytes).map_err(|flaw| flaw.of(&object))?;
        if page.place() != (sequence, index) {
            return Err(SnapshotError::Misplaced { object });
        }
        if digest::sha256(&bytes) != hash {
            return Err(SnapshotError::Replaced { object });
        }
        let end = chunks(self.size_bytes()).saturating_sub(index * PAGE_CHUNKS);
        if page.entries().iter().zip(0..).any(|(entry, chunk)| entry.is_some() && chunk >= end) {
            return Err(Flaw::Damaged("it refers to chunks past the end").of(&object));
        }
        Ok(page)
    }

    /// Where a chunk is.
    pub(crate) fn entry(&self, index: u64) -> Result<Entry, SnapshotError> {
        assert!(index < chunks(self.size_bytes()), "chunk {index} is past the end");
        let page = self.page(index / PAGE_CHUNKS)?;
        Ok(page.entries()[usize::try_from(index % PAGE_CHUNKS).expect("below 1024")])
    }

    /// What the objects of a snapshot are sealed under.
    pub(crate) fn batch_key(&self, sequence: u64) -> Result<BatchKey, SnapshotError> {
        let object = self.name();
        let keys = self.keys.as_ref().ok_or_else(|| SnapshotError::NeedsKey { object: object.clone() })?;
        keys.get(sequence).ok_or_else(|| Flaw::Damaged("it lacks a key").of(&object))
    }

    /// The chunks that are not all zeros.
    pub fn present(&self) -> Result<Bitmap, SnapshotError> {
        let mut present = Bitmap::new(chunks(self.size_bytes()));
        for (page, of) in self.structure.pages.iter().zip(0u64..) {
            if page.sequence != 0 {
                let page = self.read_page(of)?;
                for (_, index) in page.entries().iter().zip(of * PAGE_CHUNKS..).filter(|(entry, _)| entry.is_some()) {
                    present.insert(index);
                }
            }
        }
        Ok(present)
    }

    /// The content of a chunk.
    pub fn read_chunk(&self, index: u64, buffer: &mut [u8]) -> Result<(), SnapshotError> {
        assert_eq!(buffer.len(), CHUNK_BYTES, "a chunk's buffer");
        let entry = self.entry(index)?;
        if !entry.is_some() {
            buffer.fill(0);
            return Ok(());
        }
        let key = self.batch_key(entry.sequence)?.aead();
        let place = Place { chain: &self.at.chain, sequence: entry.sequence, index };
        self.read_sealed(place, entry, buffer)?.open(&key, place, buffer)
    }

    /// An object, not opened; its ciphertext is in the buffer.
    pub(crate) fn read_sealed(
        &self,
        place: Place<'_>,
        entry: Entry,
        buffer: &mut [u8],
    ) -> Result<Sealed, SnapshotError> {
        let (mut header, mut tag) = ([0; OBJECT_HEADER_BYTES], [0; coffer_crypto::TAG_BYTES]);
        self.objects.get_into(&place.name(), &mut [&mut header, buffer, &mut tag])?;
        let sealed = Sealed::new(place, &header, tag)?;
        if sealed.tag != entry.tag {
            return Err(SnapshotError::Replaced { object: place.name() });
        }
        Ok(sealed)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Vec<(u64, Arc<Page>)>> {
        self.kept.lock().expect("nothing panics while the lock is held")
    }

    fn kept_page(&self, index: u64) -> Option<Arc<Page>> {
        let mut kept = self.kept();
        let at = kept.iter().position(|(of, _)| *of == index)?;
        kept[at..].rotate_left(1);
        kept.last().map(|(_, page)| Arc::clone(page))
    }
}

fn open_keys(
    structure: &Structure,
    at: &ManifestRef,
    key: Option<&PlainKey>,
    table: &[u8],
) -> Result<Option<KeyTable>, SnapshotError> {
    let object = || at.chain.manifest(at.sequence);
    match (structure.kind, key) {
        (Kind::Sealed, None) => return Ok(None),
        (Kind::Plain, Some(_)) => return Err(SnapshotError::WrongKey { object: object() }),
        (Kind::Sealed, Some(_)) | (Kind::Plain, None) => {}
    }
    let key = keys::table_key(key, &at.chain, at.sequence);
    match KeyTable::open(&key, &at.root, table).map_err(SnapshotError::Memory)? {
        Ok(keys) => Ok(Some(keys)),
        Err(_) if structure.kind == Kind::Plain => Err(Flaw::Damaged("its key table does not open").of(&object())),
        Err(_) => Err(SnapshotError::WrongKey { object: object() }),
    }
}
