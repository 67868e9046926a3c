//! A sound snapshot, to be changed here and there.

use std::io;
use std::ops::ControlFlow;
use std::sync::{Arc, LazyLock};

use coffer_base::SeededRng;
use coffer_block::bitmap::Bitmap;
use coffer_block::geometry::CHUNK_BYTES;
use coffer_block::snapshot::{Chain, ChunkSource, ManifestRef, Objects, PAGE_CHUNKS, Put, Upload};

/// Names of its objects.
pub(crate) const MANIFEST: &str = "d-fuzz.1/1/manifest";
pub(crate) const PAGE: &str = "d-fuzz.1/1/page-0";
pub(crate) const CHUNK: &str = "d-fuzz.1/1/0";

/// It, and where it is.
pub(crate) static SOUND: LazyLock<Sound> = LazyLock::new(Sound::new);

pub(crate) struct Sound {
    pub(crate) objects: Arc<Objects>,
    pub(crate) at: ManifestRef,
    pub(crate) manifest: Vec<u8>,
    pub(crate) page: Vec<u8>,
    pub(crate) chunk: Vec<u8>,
}

impl Sound {
    fn new() -> Self {
        let (objects, chain, rng) =
            (Arc::new(Objects::memory().unwrap()), Chain::new("d-fuzz.1").unwrap(), SeededRng::new(1));
        let upload = Upload { objects: &objects, chain: &chain, sequence: 1, data_key: None, threads: 1, rng: &rng };
        let root = upload.run(&Source, None, &|_| ControlFlow::Continue(())).unwrap().root;
        let get = |name| objects.get(name, 2 * CHUNK_BYTES).unwrap();
        let (manifest, page, chunk) = (get(MANIFEST), get(PAGE), get(CHUNK));
        Self { at: ManifestRef { chain, sequence: 1, root }, manifest, page, chunk, objects }
    }

    /// Puts other bytes in place of an object's.
    pub(crate) fn replace(&self, name: &str, bytes: Vec<u8>) {
        self.objects.delete([name.to_owned()]).unwrap();
        assert_eq!(self.objects.put(name, bytes.into()).unwrap(), Put::Stored);
    }
}

/// Two pages, of which the first chunk is not all zeros.
struct Source;

impl ChunkSource for Source {
    fn size_bytes(&self) -> u64 {
        (PAGE_CHUNKS + 1) * CHUNK_BYTES as u64
    }

    fn changed(&self) -> io::Result<Bitmap> {
        Ok(Bitmap::full(PAGE_CHUNKS + 1))
    }

    fn read_chunk(&self, index: u64, buffer: &mut [u8]) -> io::Result<()> {
        buffer.fill(u8::from(index == 0));
        Ok(())
    }
}

/// Bytes with some of them set: three bytes of an offset, and what is there now.
pub(crate) fn patched(sound: &[u8], patches: &[u8]) -> Vec<u8> {
    let mut bytes = sound.to_vec();
    for patch in patches.chunks_exact(4) {
        let offset = usize::from(patch[0]) | usize::from(patch[1]) << 8 | usize::from(patch[2]) << 16;
        bytes[offset % sound.len()] = patch[3];
    }
    bytes
}
