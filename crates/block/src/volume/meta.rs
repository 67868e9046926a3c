//! The `meta` file: two superblocks, then the bitmaps in pages. Drawn byte by byte in docs/format.md.
//!
//! Every structure has two places and is written to the one that holds its older copy, so that a torn write leaves the newer one. No
//! structure is written twice without a sync in between.

use std::sync::Arc;

use coffer_crypto::digest;

use super::VolumeError;
use super::codec::{Reader, Writer};
use super::error::Doing as _;
use super::superblock::{SUPERBLOCK_BYTES, Slot, Superblock, is_sealed, seal};
use crate::bitmap::Bitmap;
use crate::geometry::{REGION_CHUNKS, chunks};
use crate::storage::Storage;

/// Chunks that one page of a bitmap covers: 28 GiB.
pub(crate) const GROUP_CHUNKS: u64 = 28_672;
const PAGE_BYTES: usize = 4096;
const PAGE_WORDS: usize = 448;
const PAGE_VERSION: u32 = 1;
const MAGIC: [u8; 8] = *b"CFRVOLBP";
const KINDS: usize = 4;
const GROUP_BYTES: u64 = (KINDS * 2 * PAGE_BYTES) as u64;

/// Which bitmap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Chunks that are still in the snapshot the volume was made from.
    Base = 0,
    /// Chunks changed since a freeze, or frozen: the superblock says which of the two.
    ChangesA = 1,
    /// The other one.
    ChangesB = 2,
    /// Regions in which chunks may have changed that no bitmap of changes names yet.
    Intent = 3,
}

impl Kind {
    /// That of the changes which a slot means.
    pub(crate) const fn of(slot: Slot) -> Self {
        match slot {
            Slot::A => Self::ChangesA,
            Slot::B => Self::ChangesB,
        }
    }
}

const ALL: [Kind; KINDS] = [Kind::Base, Kind::ChangesA, Kind::ChangesB, Kind::Intent];

/// Where a page's newest copy is that is durable.
#[derive(Clone, Copy, Debug, Default)]
struct Page {
    copy: u64,
    generation: u64,
    /// Whether the other copy may be newer: it was to be written, and that failed. The next change of the page writes there again.
    is_in_doubt: bool,
}

impl Page {
    /// The copy that replaces it.
    const fn next(self) -> Self {
        Self { copy: 1 - self.copy, generation: self.generation + 1, is_in_doubt: false }
    }
}

/// The metadata of a volume, as it is on disk.
pub(crate) struct Meta {
    storage: Arc<dyn Storage>,
    superblock: Superblock,
    /// Where the superblock is, of the two places.
    place: u64,
    /// By group and kind.
    pages: Vec<[Page; KINDS]>,
    bitmaps: [Bitmap; KINDS],
    tag: [u8; 16],
}

impl Meta {
    /// Writes the metadata of a new volume, durably. The file must be empty.
    pub(crate) fn create(
        storage: Arc<dyn Storage>,
        superblock: Superblock,
        base: &Bitmap,
    ) -> Result<Self, VolumeError> {
        let tag = tag(&superblock.volume_id);
        let bitmaps = ALL.map(|kind| Bitmap::new(length(kind, superblock.size_bytes)));
        let mut meta = Self { storage, superblock, place: 1, pages: Vec::new(), bitmaps, tag };
        meta.add_groups(meta.superblock.size_bytes)?;
        meta.write(&[(Kind::Base, base)])?;
        for _ in 0..2 {
            // Both places, so that their space is taken: no later superblock fails for want of it.
            meta.commit(|_| {})?;
        }
        Ok(meta)
    }

    /// Reads and verifies the metadata.
    pub(crate) fn open(storage: Arc<dyn Storage>) -> Result<Self, VolumeError> {
        let length_bytes = storage.length_bytes().doing("reading the length of meta")?;
        if length_bytes < 2 * SUPERBLOCK_BYTES as u64 {
            return Err(VolumeError::Damaged("meta file (it is cut short)"));
        }
        let (superblock, place) = newest_superblock(&*storage)?;
        let groups = groups(superblock.size_bytes);
        if length_bytes < group_offset(groups) {
            return Err(VolumeError::Damaged("meta file (it is cut short)"));
        }
        let tag = tag(&superblock.volume_id);
        let mut bitmaps = ALL.map(|kind| Bitmap::new(length(kind, superblock.size_bytes)));
        let mut pages = Vec::new();
        for group in 0..groups {
            let mut found = [Page::default(); KINDS];
            for kind in ALL {
                let (page, words) = newest_page(&*storage, &tag, kind, group)?;
                found[kind as usize] = page;
                put(&mut bitmaps[kind as usize], kind, group, &words)?;
            }
            pages.push(found);
        }
        Ok(Self { storage, superblock, place, pages, bitmaps, tag })
    }

    /// What the volume is.
    pub(crate) const fn superblock(&self) -> &Superblock {
        &self.superblock
    }

    /// A bitmap as it is on disk.
    pub(crate) const fn bitmap(&self, kind: Kind) -> &Bitmap {
        &self.bitmaps[kind as usize]
    }

    /// Writes the pages in which these bitmaps differ from those on disk, or may differ after a failure. Durable on return. After a failure,
    /// of each page the old or the new state is on disk.
    pub(crate) fn write(&mut self, changes: &[(Kind, &Bitmap)]) -> Result<(), VolumeError> {
        let mut written = Vec::new();
        for (kind, new) in changes {
            for group in 0..self.pages.len() {
                let range = words(*kind, group as u64, new);
                let page = &mut self.pages[group][*kind as usize];
                let is_known = self.bitmaps[*kind as usize].words()[range.clone()] == new.words()[range.clone()];
                if is_known && !page.is_in_doubt {
                    continue;
                }
                page.is_in_doubt = true;
                let next = page.next();
                self.write_page(*kind, group as u64, next, &new.words()[range])?;
                written.push((group, *kind, next));
            }
        }
        if !written.is_empty() {
            self.storage.sync().settling("making meta durable")?;
        }
        // Only now may what they were before be written over.
        for (group, kind, page) in written {
            self.pages[group][kind as usize] = page;
        }
        for (kind, new) in changes {
            self.bitmaps[*kind as usize].clone_from(new);
        }
        Ok(())
    }

    /// Changes the superblock. Durable on return; else it is in doubt, since one that was written counts, whatever the kernel said.
    pub(crate) fn commit(&mut self, change: impl FnOnce(&mut Superblock)) -> Result<(), VolumeError> {
        let mut next = self.superblock.clone();
        change(&mut next);
        next.generation += 1;
        let place = 1 - self.place;
        self.storage.write_at(place * SUPERBLOCK_BYTES as u64, &next.encode()).settling("writing the superblock")?;
        self.storage.sync().settling("making the superblock durable")?;
        (self.superblock, self.place) = (next, place);
        Ok(())
    }

    /// Makes room for the bitmaps of a longer volume. The superblock, which tells the new size, is not changed yet.
    pub(crate) fn add_groups(&mut self, size_bytes: u64) -> Result<(), VolumeError> {
        let (have, need) = (self.pages.len() as u64, groups(size_bytes));
        if need > have {
            self.storage.set_length(group_offset(need)).doing("making meta longer")?;
        }
        let first = Page { copy: 1, ..Page::default() }.next();
        for group in have..need {
            for kind in ALL {
                self.write_page(kind, group, first, &[])?;
            }
        }
        self.storage.sync().settling("making meta durable")?;
        self.pages.extend((have..need).map(|_| [first; KINDS]));
        for kind in ALL {
            self.bitmaps[kind as usize].grow(length(kind, size_bytes));
        }
        Ok(())
    }

    fn write_page(&self, kind: Kind, group: u64, page: Page, words: &[u64]) -> Result<(), VolumeError> {
        let bytes = encode_page(&self.tag, kind, group, page.generation, words);
        self.storage.write_at(page_offset(group, kind, page.copy), &bytes).doing("writing a page of meta")
    }
}

/// The newer of the two superblocks. One may be torn; a newer version in either is the answer.
fn newest_superblock(storage: &dyn Storage) -> Result<(Superblock, u64), VolumeError> {
    let mut best: Option<(Superblock, u64)> = None;
    for place in 0..2 {
        let mut bytes = [0; SUPERBLOCK_BYTES];
        storage.read_at(place * SUPERBLOCK_BYTES as u64, &mut bytes).doing("reading the superblock")?;
        match Superblock::decode(&bytes) {
            Ok(found) if best.as_ref().is_none_or(|(best, _)| found.generation > best.generation) => {
                best = Some((found, place));
            }
            Ok(_) | Err(VolumeError::Damaged(_)) => {}
            Err(error) => return Err(error),
        }
    }
    best.ok_or(VolumeError::Damaged("superblock"))
}

fn newest_page(
    storage: &dyn Storage,
    tag: &[u8; 16],
    kind: Kind,
    group: u64,
) -> Result<(Page, [u64; PAGE_WORDS]), VolumeError> {
    let mut best: Option<(Page, [u64; PAGE_WORDS])> = None;
    for copy in 0..2 {
        let mut bytes = [0; PAGE_BYTES];
        storage.read_at(page_offset(group, kind, copy), &mut bytes).doing("reading a page of meta")?;
        let Some((generation, words)) = decode_page(tag, kind, group, &bytes)? else { continue };
        if best.as_ref().is_none_or(|(best, _)| generation > best.generation) {
            best = Some((Page { copy, generation, is_in_doubt: false }, words));
        }
    }
    best.ok_or(VolumeError::Damaged(match kind {
        Kind::Base => "bitmap of base chunks",
        Kind::ChangesA | Kind::ChangesB => "bitmap of changed chunks",
        Kind::Intent => "bitmap of write intents",
    }))
}

fn encode_page(tag: &[u8; 16], kind: Kind, group: u64, generation: u64, words: &[u64]) -> [u8; PAGE_BYTES] {
    let mut bytes = [0; PAGE_BYTES];
    let mut writer = Writer::new(&mut bytes);
    writer.bytes(&MAGIC);
    writer.u32(PAGE_VERSION);
    writer.u32(kind as u32);
    writer.u64(group);
    writer.u64(generation);
    writer.bytes(tag);
    for word in words {
        writer.u64(*word);
    }
    seal(&mut bytes);
    bytes
}

/// The generation and the bits of a page; `None` for a copy that is torn, was never written, or belongs elsewhere.
fn decode_page(
    tag: &[u8; 16],
    kind: Kind,
    group: u64,
    bytes: &[u8; PAGE_BYTES],
) -> Result<Option<(u64, [u64; PAGE_WORDS])>, VolumeError> {
    if bytes[..8] != MAGIC || !is_sealed(bytes) {
        return Ok(None);
    }
    let mut reader = Reader::new(&bytes[8..]);
    let version = reader.u32();
    if version != PAGE_VERSION {
        return Err(VolumeError::Newer { found: version, known: PAGE_VERSION });
    }
    let (found_kind, found_group, generation) = (reader.u32(), reader.u64(), reader.u64());
    if found_kind != kind as u32 || found_group != group || reader.array::<16>() != *tag {
        return Ok(None);
    }
    Ok(Some((generation, std::array::from_fn(|_| reader.u64()))))
}

/// By which a page of one volume is told from another's.
fn tag(volume_id: &str) -> [u8; 16] {
    let mut tag = [0; 16];
    tag.copy_from_slice(&digest::sha256(volume_id.as_bytes())[..16]);
    tag
}

const fn groups(size_bytes: u64) -> u64 {
    chunks(size_bytes).div_ceil(GROUP_CHUNKS)
}

const fn group_offset(group: u64) -> u64 {
    2 * SUPERBLOCK_BYTES as u64 + group * GROUP_BYTES
}

const fn page_offset(group: u64, kind: Kind, copy: u64) -> u64 {
    group_offset(group) + (kind as u64 * 2 + copy) * PAGE_BYTES as u64
}

/// How many bits a bitmap of that kind has.
const fn length(kind: Kind, size_bytes: u64) -> u64 {
    match kind {
        Kind::Intent => chunks(size_bytes).div_ceil(REGION_CHUNKS),
        _ => chunks(size_bytes),
    }
}

/// Which words of a bitmap are on the page of a group.
fn words(kind: Kind, group: u64, bitmap: &Bitmap) -> std::ops::Range<usize> {
    let bits = match kind {
        Kind::Intent => GROUP_CHUNKS / REGION_CHUNKS,
        _ => GROUP_CHUNKS,
    };
    let a_page = usize::try_from(bits / 64).expect("a page's words");
    let first = usize::try_from(group).expect("groups are counted in memory") * a_page;
    first.min(bitmap.words().len())..(first + a_page).min(bitmap.words().len())
}

/// Puts a page's words into their bitmap. Bits past its end are damage.
fn put(bitmap: &mut Bitmap, kind: Kind, group: u64, found: &[u64; PAGE_WORDS]) -> Result<(), VolumeError> {
    let range = words(kind, group, bitmap);
    let (own, rest) = found.split_at(range.len());
    let is_last = range.end == bitmap.words().len();
    let past_end = |word: u64| is_last && !bitmap.length().is_multiple_of(64) && word >> (bitmap.length() % 64) != 0;
    if rest.iter().any(|word| *word != 0) || own.last().is_some_and(|word| past_end(*word)) {
        return Err(VolumeError::Damaged("bitmap (it names chunks past the end)"));
    }
    bitmap.words_mut()[range].copy_from_slice(own);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Crashy, Directory, Fault, Faulty};

    const SIZE_BYTES: u64 = 1 << 30;

    fn superblock() -> Superblock {
        Superblock {
            generation: 0,
            volume_id: "d-bp1.1".to_owned(),
            size_bytes: SIZE_BYTES,
            last_sequence: 0,
            frozen: None,
            changes: Slot::A,
            key: None,
            rekey: None,
            overlay_key: [5; 64],
            base: None,
        }
    }

    fn none() -> Bitmap {
        Bitmap::new(chunks(SIZE_BYTES))
    }

    /// New metadata whose calls can fail, over what can lose its power.
    fn on_faulty(seed: u64) -> (Arc<Crashy>, Faulty, Meta) {
        let crashy = Arc::new(Crashy::default());
        let faulty = Faulty::new(Arc::clone(&crashy) as Arc<dyn Directory>, seed);
        let meta = Meta::create(faulty.create("meta").unwrap(), superblock(), &none()).unwrap();
        (crashy, faulty, meta)
    }

    fn with(chunk: u64) -> Bitmap {
        let mut bits = none();
        bits.insert(chunk);
        bits
    }

    #[test]
    fn a_page_whose_neighbour_could_not_be_written_is_not_written_over_before_it_is_durable() {
        for seed in 0..200 {
            let (crashy, faulty, mut meta) = on_faulty(seed);
            meta.write(&[(Kind::ChangesA, &with(1)), (Kind::ChangesB, &with(1))]).unwrap();
            // The first page is written, the second is not.
            faulty.fail(Fault { call: faulty.calls() + 1, lasting: false, errno: libc::ENOSPC });
            assert!(meta.write(&[(Kind::ChangesA, &with(2)), (Kind::ChangesB, &with(2))]).is_err());
            // The first is written again, and the power goes before it is synced.
            faulty.fail(Fault { call: faulty.calls() + 1, lasting: true, errno: libc::EIO });
            assert!(meta.write(&[(Kind::ChangesA, &with(3))]).is_err());
            crashy.crash(seed);
            let meta = Meta::open(crashy.open("meta").unwrap()).unwrap();
            let left: Vec<u64> = meta.bitmap(Kind::ChangesA).iter().collect();
            assert!([1, 2, 3].map(|chunk| vec![chunk]).contains(&left), "seed {seed}: {left:?}");
        }
    }

    #[test]
    fn what_is_as_it_was_before_a_write_that_failed_is_written_again() {
        for seed in 0..20 {
            let (crashy, faulty, mut meta) = on_faulty(seed);
            faulty.fail(Fault { call: faulty.calls(), lasting: false, errno: libc::EIO });
            assert!(meta.write(&[(Kind::ChangesA, &with(1))]).is_err());
            meta.write(&[(Kind::ChangesA, &none())]).unwrap();
            let meta = Meta::open(crashy.open("meta").unwrap()).unwrap();
            assert!(meta.bitmap(Kind::ChangesA).is_empty(), "seed {seed}");
        }
    }
}
