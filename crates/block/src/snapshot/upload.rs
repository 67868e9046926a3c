//! Makes a snapshot: its chunks as objects, then its pages, and when all of that is durable its manifest.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

use bytes::{Bytes, BytesMut};
use coffer_base::Rng;
use coffer_crypto::{Aead, PlainKey};

use super::keys::{self, BatchKey, KeyTable, Kind};
use super::manifest::{MOST_KEYS, MOST_MANIFEST_BYTES, Structure};
use super::names::Chain;
use super::object::{self, BODY, OBJECT_BYTES, Place, Sealed, Tag};
use super::page::{Entry, PAGE_BYTES, PAGE_CHUNKS, Page, PageRef};
use super::{ChunkSource, Manifest, Objects, Put, SnapshotError};
use crate::bitmap::Bitmap;
use crate::geometry::{CHUNK_BYTES, MOST_BYTES, chunks};

static ZEROS: [u8; CHUNK_BYTES] = [0; CHUNK_BYTES];

/// How far it is, in chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Done.
    pub done: u64,
    /// To be done in all.
    pub of: u64,
}

/// Is told of progress, by any of the threads, and may break off. Whoever wants it slower sleeps here.
pub type Watch<'a> = dyn Fn(Progress) -> ControlFlow<()> + Sync + 'a;

/// What has become a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uploaded {
    /// The manifest's root, to be kept: it is what the snapshot is opened with.
    pub root: [u8; 32],
    /// Bytes of the objects that the snapshot has stored itself.
    pub stored_bytes: u64,
    /// Chunks of them.
    pub stored_chunks: u64,
}

/// Which snapshot to make, and how.
pub struct Upload<'a> {
    /// Where to.
    pub objects: &'a Objects,
    /// In which chain.
    pub chain: &'a Chain,
    /// Its number there, from 1, above that of any other.
    pub sequence: u64,
    /// Its own data key; `None` for a plain one.
    pub data_key: Option<&'a PlainKey>,
    /// How many threads read, seal and store.
    pub threads: usize,
    /// Where nonces come from.
    pub rng: &'a dyn Rng,
}

impl Upload<'_> {
    /// Makes the snapshot. After a crash or a stop, or if it is not known whether it has come to an end, the same call goes on: it
    /// takes what is there already if it opens and holds the same, and fails with [`SnapshotError::Conflict`] otherwise.
    pub fn run(
        &self,
        source: &dyn ChunkSource,
        parent: Option<&Manifest>,
        watch: &Watch<'_>,
    ) -> Result<Uploaded, SnapshotError> {
        self.check(source, parent)?;
        self.objects.sweep(&self.chain.directory(self.sequence))?;
        let changed = source.changed().map_err(|error| SnapshotError::of_source(0, error))?;
        assert_eq!(changed.length(), chunks(source.size_bytes()), "a bit for every chunk");
        let batch = keys::batch_key(self.data_key, self.chain, self.sequence);
        let of = changed.count();
        let work =
            Work { upload: self, source, parent, changed, key: batch.aead(), watch, of, done: AtomicU64::new(0) };
        let mut content = Content::default();
        for index in 0..Structure::pages_of(source.size_bytes()) {
            let page = work.page(index)?;
            let at = work.put_page(&page)?;
            content.add(self.sequence, &page, at);
        }
        self.finish(source.size_bytes(), content, batch, parent)
    }

    fn kind(&self) -> Kind {
        if self.data_key.is_some() { Kind::Sealed } else { Kind::Plain }
    }

    fn check(&self, source: &dyn ChunkSource, parent: Option<&Manifest>) -> Result<(), SnapshotError> {
        if self.sequence == 0 || source.size_bytes() > MOST_BYTES {
            return Err(SnapshotError::OutOfRange);
        }
        let Some(parent) = parent else { return Ok(()) };
        let (at, object) = (parent.at(), parent.name());
        // A sealed one does not refer to chunks under a public key, nor does a plain one show keys of sealed ones.
        let is_alike = at.chain == *self.chain && parent.kind() == self.kind();
        if !is_alike || at.sequence >= self.sequence || parent.size_bytes() > source.size_bytes() {
            return Err(SnapshotError::NoParent { object });
        }
        if !parent.has_keys() {
            return Err(SnapshotError::NeedsKey { object });
        }
        Ok(())
    }

    /// Everything else is there: the manifest.
    fn finish(
        &self,
        size_bytes: u64,
        content: Content,
        own: BatchKey,
        parent: Option<&Manifest>,
    ) -> Result<Uploaded, SnapshotError> {
        let keys = self.keys(&content.sequences, own, parent)?;
        let structure = Structure {
            kind: self.kind(),
            chain: *self.chain.digest(),
            sequence: self.sequence,
            size_bytes,
            present: content.present,
            keys: u32::try_from(content.sequences.len()).expect("at most 65536"),
            pages: content.pages,
        };
        let (mut bytes, root) = (structure.encode(), structure.root());
        let key = keys::table_key(self.data_key, self.chain, self.sequence);
        bytes.extend(keys.seal(&key, self.rng, &root));
        let stored_bytes = content.stored_bytes + bytes.len() as u64;
        let (object, directory) = (self.chain.manifest(self.sequence), self.chain.directory(self.sequence));
        self.objects.settle(&directory)?;
        if self.objects.put(&object, bytes.into())? == Put::AlreadyThere {
            let there = self.objects.get(&object, MOST_MANIFEST_BYTES)?;
            let (other, table) = Structure::parse(&there).map_err(|flaw| flaw.of(&object))?;
            let table = KeyTable::open(&key, &root, table).map_err(SnapshotError::Memory)?;
            if other != structure || !table.is_ok_and(|table| table.equals(&keys)) {
                return Err(SnapshotError::Conflict { object });
            }
            self.objects.settle(&directory)?;
        }
        Ok(Uploaded { root, stored_bytes, stored_chunks: content.stored_chunks })
    }

    fn keys(
        &self,
        sequences: &BTreeSet<u64>,
        own: BatchKey,
        parent: Option<&Manifest>,
    ) -> Result<KeyTable, SnapshotError> {
        if sequences.len() > MOST_KEYS {
            return Err(SnapshotError::TooManySnapshots);
        }
        let (mut own, mut keys) = (Some(own), Vec::with_capacity(sequences.len()));
        for sequence in sequences {
            let key = match parent {
                Some(parent) if *sequence != self.sequence => parent.batch_key(*sequence)?,
                _ => own.take().expect("what is not the parent's is this snapshot's"),
            };
            keys.push((*sequence, key));
        }
        KeyTable::new(&keys).map_err(SnapshotError::Memory)
    }
}

/// What the pages have come to.
#[derive(Default)]
struct Content {
    pages: Vec<PageRef>,
    sequences: BTreeSet<u64>,
    present: u64,
    stored_chunks: u64,
    stored_bytes: u64,
}

impl Content {
    fn add(&mut self, sequence: u64, page: &Page, at: PageRef) {
        for entry in page.entries().iter().filter(|entry| entry.is_some()) {
            self.sequences.insert(entry.sequence);
            self.present += 1;
            if entry.sequence == sequence {
                self.stored_chunks += 1;
                self.stored_bytes += OBJECT_BYTES as u64;
            }
        }
        if at.sequence == sequence {
            self.stored_bytes += PAGE_BYTES as u64;
        }
        self.pages.push(at);
    }
}

struct Work<'a> {
    upload: &'a Upload<'a>,
    source: &'a dyn ChunkSource,
    parent: Option<&'a Manifest>,
    changed: Bitmap,
    key: Aead,
    watch: &'a Watch<'a>,
    of: u64,
    done: AtomicU64,
}

/// The chunks of one page, for the threads to take one after the other.
struct Turn<'a> {
    indices: Vec<u64>,
    next: AtomicUsize,
    entries: Mutex<&'a mut [Entry]>,
}

impl Work<'_> {
    /// A page whose chunks are all stored.
    fn page(&self, index: u64) -> Result<Page, SnapshotError> {
        self.report(0)?;
        let mut page = Page::empty(self.upload.sequence, index);
        if let Some(parent) = self.parent {
            page.entries_mut().copy_from_slice(parent.page(index)?.entries());
        }
        let (first, end) = (index * PAGE_CHUNKS, (index + 1) * PAGE_CHUNKS);
        let indices = std::iter::successors(self.changed.next(first), |at| self.changed.next(at + 1));
        let indices: Vec<_> = indices.take_while(|at| *at < end).collect();
        let helpers = self.upload.threads.min(indices.len()).saturating_sub(1);
        let turn = Turn { indices, next: AtomicUsize::new(0), entries: Mutex::new(page.entries_mut()) };
        thread::scope(|scope| {
            let helper = |number| thread::Builder::new().name(format!("snapshot-{number}"));
            let helpers = (0..helpers).map(|number| helper(number).spawn_scoped(scope, || self.take_turns(&turn)));
            let helpers: Vec<_> = helpers.collect::<Result<_, _>>().map_err(SnapshotError::Threads)?;
            let own = self.take_turns(&turn);
            let results = helpers.into_iter().map(|helper| helper.join().expect("a thread of the upload panicked"));
            std::iter::once(own).chain(results).collect::<Result<(), _>>()
        })?;
        Ok(page)
    }

    fn take_turns(&self, turn: &Turn<'_>) -> Result<(), SnapshotError> {
        let mut buffer = BytesMut::new();
        while let Some(index) = turn.indices.get(turn.next.fetch_add(1, Ordering::Relaxed)) {
            let stored = self.chunk(*index, &mut buffer).and_then(|entry| self.report(1).map(|()| entry));
            // No one goes on after an error.
            let entry = stored.inspect_err(|_| turn.next.store(turn.indices.len(), Ordering::Relaxed))?;
            let place = usize::try_from(index % PAGE_CHUNKS).expect("below 1024");
            turn.entries.lock().expect("nothing panics while the lock is held")[place] = entry;
        }
        Ok(())
    }

    fn report(&self, chunks: u64) -> Result<(), SnapshotError> {
        let done = self.done.fetch_add(chunks, Ordering::Relaxed) + chunks;
        match (self.watch)(Progress { done, of: self.of }) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(SnapshotError::Stopped),
        }
    }

    /// Reads, seals and stores a chunk. The buffer is used again if the store has not kept it.
    fn chunk(&self, index: u64, buffer: &mut BytesMut) -> Result<Entry, SnapshotError> {
        buffer.resize(OBJECT_BYTES, 0);
        self.read_source(index, &mut buffer[BODY])?;
        if buffer[BODY] == ZEROS {
            return Ok(Entry::default());
        }
        let Upload { objects, chain, sequence, rng, .. } = *self.upload;
        let place = Place { chain, sequence, index };
        let mut tag = object::seal(&self.key, rng, self.upload.kind(), place, buffer);
        let bytes = std::mem::take(buffer).freeze();
        if objects.put(&place.name(), bytes.clone())? == Put::AlreadyThere {
            tag = self.found(place)?;
        }
        *buffer = bytes.try_into_mut().unwrap_or_default();
        Ok(Entry { sequence, tag })
    }

    fn read_source(&self, index: u64, buffer: &mut [u8]) -> Result<(), SnapshotError> {
        self.source.read_chunk(index, buffer).map_err(|error| SnapshotError::of_source(index, error))
    }

    /// The tag of an object that was there already, if it holds what the source does.
    fn found(&self, place: Place<'_>) -> Result<Tag, SnapshotError> {
        let (mut header, mut tag) = ([0; object::HEADER_BYTES], [0; coffer_crypto::TAG_BYTES]);
        let (mut there, mut wanted) = (vec![0; CHUNK_BYTES], vec![0; CHUNK_BYTES]);
        self.upload.objects.get_into(&place.name(), &mut [&mut header, &mut there, &mut tag])?;
        let sealed = Sealed::new(place, &header, tag)?;
        self.read_source(place.index, &mut wanted)?;
        // What an upload under another key has left does not open.
        if sealed.open(&self.key, place, &mut there).is_err() || there != wanted {
            return Err(SnapshotError::Conflict { object: place.name() });
        }
        Ok(tag)
    }

    /// Stores a page, unless it is the parent's or nothing is stored for its chunks.
    fn put_page(&self, page: &Page) -> Result<PageRef, SnapshotError> {
        let (sequence, index) = page.place();
        if !page.entries().iter().any(Entry::is_some) {
            return Ok(PageRef::default());
        }
        if let Some(parent) = self.parent
            && parent.page(index)?.entries() == page.entries()
        {
            return Ok(parent.page_ref(index));
        }
        let bytes = Bytes::from(page.encode());
        let object = self.upload.chain.page(sequence, index);
        if self.upload.objects.put(&object, bytes.clone())? == Put::AlreadyThere
            && self.upload.objects.get(&object, PAGE_BYTES)? != bytes
        {
            return Err(SnapshotError::Conflict { object });
        }
        Ok(PageRef::to(sequence, &bytes))
    }
}
