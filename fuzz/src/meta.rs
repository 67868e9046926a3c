//! A volume's metadata and journal: any bytes are a volume that works or are refused.

use std::sync::LazyLock;

use coffer_base::{Rng as _, SeededRng};
use coffer_block::export::Export as _;
use coffer_block::storage::{Directory as _, MemoryDirectory};
use coffer_block::volume::{self, DataKey, Freezing, NewVolume, Volume};
use coffer_crypto::{PlainKey, digest};

use crate::sound::patched;

const ID: &str = "d-1.1";
const SIZE: u64 = 2 << 20;
const STRUCTURE: usize = 4096;

/// The files `meta` and `journal` of a volume whose key is being changed.
static FILES: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
    let directory = made();
    let volume = Volume::open(&directory, ID, &[key(1)], None).unwrap();
    volume.write(0, &mut [1; STRUCTURE]).unwrap();
    volume::freeze(&[Freezing { volume: &volume, sequence: 1, parent: None }]).unwrap();
    volume.thaw(1, true).unwrap();
    volume.begin_rekey(&SeededRng::new(3), &key(2)).unwrap();
    let mut files = ["meta", "journal"].map(|name| {
        let file = directory.open(name).unwrap();
        let mut bytes = vec![0; usize::try_from(file.length_bytes().unwrap()).unwrap()];
        file.read_at(0, &mut bytes).unwrap();
        bytes
    });
    files[1].truncate(4 * STRUCTURE);
    files
});

fn key(seed: u64) -> DataKey {
    let mut plain = [0; 64];
    SeededRng::new(seed).fill(&mut plain);
    DataKey { plain: PlainKey::new(&plain).unwrap(), wrapped: b"wrapped".to_vec() }
}

fn made() -> MemoryDirectory {
    let directory = MemoryDirectory::default();
    let new = NewVolume { volume_id: ID, size_bytes: SIZE, key: Some(&key(1)), base: None };
    volume::create(&directory, &SeededRng::new(2), &new).unwrap();
    directory
}

pub(crate) fn run(data: &[u8]) {
    let [meta, journal] = &*FILES;
    match data.split_first() {
        Some((0, rest)) => {
            let mut bytes = rest.to_vec();
            bytes.resize(rest.len().next_multiple_of(512), 0);
            open([bytes, journal.clone()]);
        }
        Some((1, rest)) => open([patched(meta, rest), journal.clone()]),
        Some((2, rest)) => open([resealed(patched(meta, rest)), journal.clone()]),
        Some((_, rest)) => open([meta.clone(), resealed(patched(journal, rest))]),
        None => {}
    }
}

/// Gives every structure the checksum of what it holds, so that what is behind the checksum is tried too.
fn resealed(mut bytes: Vec<u8>) -> Vec<u8> {
    for structure in bytes.chunks_exact_mut(STRUCTURE) {
        let (body, checksum) = structure.split_at_mut(STRUCTURE - 16);
        checksum.copy_from_slice(&digest::sha256(body)[..16]);
    }
    bytes
}

fn open(files: [Vec<u8>; 2]) {
    let directory = made();
    for (name, bytes) in ["meta", "journal"].into_iter().zip(files) {
        let file = directory.open(name).unwrap();
        file.set_length(bytes.len() as u64).unwrap();
        file.write_at(0, &bytes).unwrap();
    }
    let _report = volume::check(&directory, &[key(1)]);
    let Ok(volume) = Volume::open(&directory, ID, &[key(1), key(2)], None) else { return };
    if volume.needs_base() {
        return;
    }
    let mut bytes = vec![0; usize::try_from(volume.size_bytes().min(SIZE)).unwrap()];
    volume.read(0, &mut bytes).unwrap();
    volume.write(0, &mut bytes[..STRUCTURE]).unwrap();
    volume.flush().unwrap();
    let _done = volume.rekey_step();
    let _closed = volume.close();
}
