//! A device in memory, and a store that fails.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use coffer_base::{Rng as _, SeededRng};
use coffer_block::bitmap::Bitmap;
use coffer_block::geometry::{CHUNK_BYTES, chunks};
use coffer_block::snapshot::{
    Chain, ChunkSource, Manifest, ManifestRef, Objects, Progress, SnapshotError, Upload, Uploaded,
};
use coffer_crypto::PlainKey;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, Result,
};

pub(crate) const MIB: u64 = 1 << 20;

/// Chunks by what they are filled with; all others are zeros.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) size_bytes: u64,
    pub(crate) content: BTreeMap<u64, u64>,
    pub(crate) changed: Vec<u64>,
}

impl Device {
    pub(crate) fn new(size_bytes: u64) -> Self {
        Self { size_bytes, ..Self::default() }
    }

    /// Fills a chunk; 0 is zeros.
    pub(crate) fn write(&mut self, index: u64, what: u64) {
        self.content.remove(&index);
        if what != 0 {
            self.content.insert(index, what);
        }
        self.changed.push(index);
    }

    pub(crate) fn with(mut self, chunks: &[(u64, u64)]) -> Self {
        for (index, what) in chunks {
            self.write(*index, *what);
        }
        self
    }

    pub(crate) fn chunk(&self, index: u64) -> Vec<u8> {
        let mut chunk = vec![0; CHUNK_BYTES];
        self.read_chunk(index, &mut chunk).unwrap();
        chunk
    }
}

impl ChunkSource for Device {
    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    fn changed(&self) -> io::Result<Bitmap> {
        let mut changed = Bitmap::new(chunks(self.size_bytes));
        for index in &self.changed {
            changed.insert(*index);
        }
        Ok(changed)
    }

    fn read_chunk(&self, index: u64, buffer: &mut [u8]) -> io::Result<()> {
        let what = self.content.get(&index).copied().unwrap_or_default();
        buffer.fill(what.to_le_bytes()[0]);
        buffer[..8].copy_from_slice(&what.to_le_bytes());
        Ok(())
    }
}

pub(crate) fn chain() -> Chain {
    Chain::new("d-2ze.1").unwrap()
}

pub(crate) fn key(seed: u64) -> PlainKey {
    let mut bytes = [0; 64];
    SeededRng::new(seed).fill(&mut bytes);
    PlainKey::new(&bytes).unwrap()
}

pub(crate) fn go_on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Where a test's snapshots are.
pub(crate) struct Place {
    pub(crate) faults: Arc<Faults>,
    pub(crate) objects: Arc<Objects>,
    pub(crate) rng: SeededRng,
}

impl Place {
    pub(crate) fn new() -> Self {
        let faults = Arc::new(Faults::default());
        let store = Failing { inner: Arc::new(InMemory::new()), faults: Arc::clone(&faults) };
        let objects = Arc::new(Objects::on(Arc::new(store)).unwrap());
        Self { faults, objects, rng: SeededRng::new(1) }
    }

    pub(crate) fn upload(
        &self,
        chain: &Chain,
        sequence: u64,
        key: Option<&PlainKey>,
        source: &dyn ChunkSource,
        parent: Option<&Manifest>,
    ) -> std::result::Result<Uploaded, SnapshotError> {
        let upload = Upload { objects: &self.objects, chain, sequence, data_key: key, threads: 2, rng: &self.rng };
        upload.run(source, parent, &go_on)
    }

    /// Makes a snapshot and opens it.
    pub(crate) fn snapshot(
        &self,
        sequence: u64,
        key: Option<&PlainKey>,
        source: &Device,
        parent: Option<&Manifest>,
    ) -> Manifest {
        let root = self.upload(&chain(), sequence, key, source, parent).unwrap().root;
        Manifest::open(&self.objects, &ManifestRef { chain: chain(), sequence, root }, key).unwrap()
    }

    /// Every object's name and content.
    pub(crate) fn everything(&self) -> BTreeMap<String, Vec<u8>> {
        let mut names = Vec::new();
        let gather = |name: &str, _| {
            names.push(name.to_owned());
            ControlFlow::Continue(())
        };
        self.objects.list("", gather).unwrap();
        let get = |name: String| (name.clone(), self.objects.get(&name, 8 << 20).unwrap());
        names.into_iter().map(get).collect()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.everything().into_keys().collect()
    }

    /// Puts other bytes in place of an object's.
    pub(crate) fn replace(&self, name: &str, bytes: Vec<u8>) {
        self.objects.delete([name.to_owned()]).unwrap();
        assert_eq!(self.objects.put(name, bytes.into()).unwrap(), coffer_block::snapshot::Put::Stored);
    }
}

/// Whether every chunk reads as the device's.
pub(crate) fn assert_reads_as(manifest: &Manifest, device: &Device) {
    assert_eq!(manifest.size_bytes(), device.size_bytes);
    let present: Vec<_> = manifest.present().unwrap().iter().collect();
    assert_eq!(present, device.content.keys().copied().collect::<Vec<_>>());
    assert_eq!(manifest.present_chunks(), present.len() as u64);
    let mut buffer = vec![1; CHUNK_BYTES];
    let last = chunks(device.size_bytes) - 1;
    for index in present.into_iter().chain([0, last]) {
        manifest.read_chunk(index, &mut buffer).unwrap();
        assert!(buffer == device.chunk(index), "chunk {index}");
    }
}

/// When calls fail: from the n-th on, until it is said again. The n-th may have done what it was asked.
#[derive(Default)]
pub(crate) struct Faults {
    left: Mutex<Option<u64>>,
    pub(crate) calls: AtomicU64,
}

impl Faults {
    pub(crate) fn after(&self, calls: u64) {
        *self.left.lock().unwrap() = Some(calls);
    }

    pub(crate) fn never(&self) {
        *self.left.lock().unwrap() = None;
    }

    /// What becomes of a call: done and answered, done and not answered, not done.
    fn next(&self) -> (bool, bool) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        match &mut *self.left.lock().unwrap() {
            None => (true, true),
            Some(0) => (false, false),
            Some(left) => {
                *left -= 1;
                (true, *left > 0)
            }
        }
    }
}

/// A store that fails when it is told to.
#[derive(Clone)]
struct Failing {
    inner: Arc<InMemory>,
    faults: Arc<Faults>,
}

fn lost<T>() -> Result<T> {
    Err(object_store::Error::Generic { store: "Failing", source: "the connection is lost".into() })
}

impl fmt::Debug for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Failing")
    }
}

impl fmt::Display for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Failing")
    }
}

#[async_trait::async_trait]
impl ObjectStore for Failing {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let (done, answered) = self.faults.next();
        let result = if done { self.inner.put_opts(location, payload, options).await } else { lost() };
        if answered { result } else { lost() }
    }

    async fn put_multipart_opts(&self, at: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if self.faults.next() == (true, true) { self.inner.get_opts(location, options).await } else { lost() }
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let this = self.clone();
        let delete = move |location: Result<Path>| {
            let this = this.clone();
            async move {
                let (done, answered) = this.faults.next();
                let location = location?;
                if done {
                    object_store::ObjectStoreExt::delete(&*this.inner, &location).await?;
                }
                if answered { Ok(location) } else { lost() }
            }
        };
        locations.then(delete).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
