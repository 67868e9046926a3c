//! A volume: a device whose bytes are kept enciphered in place in a sparse file, with what snapshots, clones and changes of key need
//! beside it. The files are drawn byte by byte in docs/format.md.
//!
//! Locks, in the order in which they are taken: `gate` (shared by every transfer; held alone by what changes the state as a whole),
//! the lock of a chunk's stripe, `flushing`, `meta`, `copied_up`. `merging` and `rekeying` come before all of them.
//!
//! What is durable when: data is, once [`Volume::flush`] returns. Before the first write to a region since its bit was cleared, the
//! region's bit in the bitmap of intents is made durable, so that after a crash no changed chunk is missed by the next snapshot. A chunk
//! copied up from the base is struck off the bitmap of base chunks only after its data is durable.

mod atomic;
mod check;
mod cipher;
mod codec;
mod durable;
mod error;
mod freeze;
mod frozen;
mod grow;
mod hydrate;
mod io;
mod meta;
mod open;
mod rekey;
mod superblock;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use coffer_crypto::{PlainKey, mac};

pub use check::{Finding, Report, check};
pub use error::VolumeError;
pub use freeze::{Freezing, freeze};
pub use frozen::FrozenSource;
pub use open::{NewVolume, create};
pub use rekey::{RekeyStatus, Step};
pub use superblock::KeyRecord;

use crate::bitmap::Bitmap;
use crate::geometry::{CHUNK_BYTES, chunks};
use crate::snapshot::Base;
use crate::storage::Storage;
use atomic::AtomicBitmap;
use cipher::Cipher;
use meta::Meta;
use superblock::FrozenRecord;

/// Locks that the chunks share.
const STRIPES: usize = 256;
/// The files of a volume.
pub(crate) const FILES: [&str; 4] = ["data", "overlay", "journal", "meta"];

/// A plain data key with its wrapped form.
#[derive(Clone, Debug)]
pub struct DataKey {
    /// The key.
    pub plain: PlainKey,
    /// The wrapped key, opaque here, kept in the volume's metadata.
    pub wrapped: Vec<u8>,
}

impl DataKey {
    /// What the volume's metadata says of it.
    pub fn record(&self) -> KeyRecord {
        let mut check = [0; 16];
        check.copy_from_slice(&mac::hmac_sha256(self.plain.expose(), b"coffer/volume-key-check/1")[..16]);
        KeyRecord { wrapped: self.wrapped.clone(), check }
    }
}

/// An open volume. All calls may come from any thread.
pub struct Volume {
    id: String,
    files: Files,
    gate: RwLock<State>,
    stripes: Box<[RwLock<()>]>,
    merging: Mutex<()>,
    rekeying: Mutex<()>,
    flushing: Mutex<()>,
    meta: Mutex<Meta>,
    /// Chunks that are not read from the base any more, which the metadata does not say yet.
    copied_up: Mutex<Vec<u64>>,
    data_changed: AtomicBool,
    overlay_changed: AtomicBool,
    /// Something could not be made durable: what is on disk is not known, so nothing is written any more.
    poisoned: AtomicBool,
    fenced: AtomicBool,
    size_bytes: AtomicU64,
}

struct Files {
    data: Arc<dyn Storage>,
    overlay: Arc<dyn Storage>,
    journal: Arc<dyn Storage>,
}

/// What every transfer looks at. The sets are shared; the rest changes only with the gate held alone.
struct State {
    /// Chunks still read from the base.
    base: AtomicBitmap,
    reader: Option<Arc<dyn Base>>,
    /// Chunks changed since the last freeze.
    changed: AtomicBitmap,
    /// Regions whose intent is durable.
    intents: AtomicBitmap,
    /// Chunks of which something is in the overlay.
    overlaid: AtomicBitmap,
    /// Chunks written to in the overlay since they were last copied from there.
    touched: AtomicBitmap,
    frozen: Option<Frozen>,
    cipher: Arc<Cipher>,
    overlay_cipher: Arc<Cipher>,
    rekey: Option<Rekey>,
}

/// What a snapshot is being read off.
struct Frozen {
    record: FrozenRecord,
    set: Bitmap,
}

struct Rekey {
    id: [u8; 16],
    to: Arc<Cipher>,
    /// Chunks before this one are under `to`. Moves only with the locks of the chunks it passes held.
    watermark: AtomicU64,
    /// From the watermark to before this chunk, none if that is not above it: what is in place may be under either key, or in part.
    /// Changes likewise.
    unsure_end: AtomicU64,
}

impl State {
    /// Whether a write to that chunk goes to the overlay: a snapshot still needs what is in its place, or the overlay already hides it.
    fn is_diverted(&self, chunk: u64) -> bool {
        self.is_frozen(chunk) || self.overlaid.contains(chunk)
    }

    fn is_frozen(&self, chunk: u64) -> bool {
        self.frozen.as_ref().is_some_and(|frozen| chunk < frozen.set.length() && frozen.set.contains(chunk))
    }

    fn is_keyless(&self) -> bool {
        let is_absent = |cipher: &Cipher| matches!(cipher, Cipher::Absent);
        is_absent(&self.cipher) || self.rekey.as_ref().is_some_and(|rekey| is_absent(&rekey.to))
    }

    /// The cipher of a chunk in its place; an error where that is not known. To be asked with the chunk's lock held.
    fn cipher_of(&self, chunk: u64) -> std::io::Result<&Cipher> {
        match &self.rekey {
            Some(rekey) if chunk < rekey.watermark.load(Ordering::Acquire) => Ok(&rekey.to),
            Some(rekey) if chunk < rekey.unsure_end.load(Ordering::Acquire) => Err(std::io::Error::other(
                "a change of key was cut off here; open the volume anew, which ends it from the journal",
            )),
            _ => Ok(&self.cipher),
        }
    }
}

impl Volume {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How long it is.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes.load(Ordering::Acquire)
    }

    /// Stops all reads and writes, or lets them go on.
    pub fn set_fence(&self, is_fenced: bool) {
        self.fenced.store(is_fenced, Ordering::Release);
    }

    /// Whether reads and writes are stopped.
    pub fn is_fenced(&self) -> bool {
        self.fenced.load(Ordering::Acquire)
    }

    /// Whether something could not be made durable, so that writes are refused until the volume is opened anew.
    pub fn is_poisoned(&self) -> bool {
        self.poisoned.load(Ordering::Acquire)
    }

    /// The wrapped form of the data key that it is under, or, while that is changed, was under before; `None` for a plain volume.
    pub fn wrapped_key(&self) -> Option<Vec<u8>> {
        self.meta().superblock().key.as_ref().map(|key| key.wrapped.clone())
    }

    /// Whether chunks are in a base that was not handed in.
    pub fn needs_base(&self) -> bool {
        let state = self.shared();
        state.reader.is_none() && !state.base.is_empty()
    }

    /// Whether it is open without its data key.
    pub fn is_keyless(&self) -> bool {
        self.shared().is_keyless()
    }

    /// Whether every key it has in memory is kept out of swap.
    pub fn is_locked_in_memory(&self) -> bool {
        let state = self.shared();
        state.cipher.is_locked() && state.rekey.as_ref().is_none_or(|rekey| rekey.to.is_locked())
    }

    /// The sequence of the snapshot that is being read off, if one is.
    pub fn frozen_sequence(&self) -> Option<u64> {
        self.shared().frozen.as_ref().map(|frozen| frozen.record.sequence)
    }

    /// Replaces the wrapped form of the data key, which stays the same. Durable on return.
    pub fn rewrap(&self, key: &DataKey) -> Result<(), VolumeError> {
        let record = key.record();
        superblock_field(&record.wrapped)?;
        let mut meta = self.meta();
        match &meta.superblock().key {
            Some(known) if known.check == record.check => {}
            _ => return Err(VolumeError::WrongKey),
        }
        let committed = meta.commit(|superblock| superblock.key = Some(record));
        drop(meta);
        self.or_poison(committed)
    }

    fn shared(&self) -> RwLockReadGuard<'_, State> {
        self.gate.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn alone(&self) -> RwLockWriteGuard<'_, State> {
        self.gate.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn meta(&self) -> MutexGuard<'_, Meta> {
        self.meta.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stripe(&self, chunk: u64) -> &RwLock<()> {
        &self.stripes[Self::stripe_of(chunk)]
    }

    fn stripe_of(chunk: u64) -> usize {
        usize::try_from(chunk % STRIPES as u64).expect("below the number of stripes")
    }

    fn lock_shared(&self, chunk: u64) -> RwLockReadGuard<'_, ()> {
        self.stripe(chunk).read().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_alone(&self, chunk: u64) -> RwLockWriteGuard<'_, ()> {
        self.stripe(chunk).write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes an outcome on; after one in doubt nothing more is written, since it is not known what is on disk.
    fn or_poison<T>(&self, outcome: Result<T, VolumeError>) -> Result<T, VolumeError> {
        if matches!(outcome, Err(VolumeError::InDoubt(..))) {
            self.poisoned.store(true, Ordering::Release);
        }
        outcome
    }

    fn require_sound(&self) -> std::io::Result<()> {
        if self.is_poisoned() {
            return Err(std::io::Error::other("an earlier write could not be made durable; open the volume anew"));
        }
        Ok(())
    }
}

fn superblock_field(wrapped: &[u8]) -> Result<(), VolumeError> {
    if wrapped.len() > superblock::MOST_WRAPPED_BYTES {
        return Err(VolumeError::TooLong("wrapped data key"));
    }
    Ok(())
}

/// The chunks before `size_bytes` of which a file holds something.
fn stored_chunks(file: &dyn Storage, size_bytes: u64) -> std::io::Result<Bitmap> {
    let mut set = Bitmap::new(chunks(size_bytes));
    let mut at = 0;
    while let Some(range) = file.next_data(at)?.filter(|range| range.start < size_bytes) {
        let last = (range.end.min(size_bytes) - 1) / CHUNK_BYTES as u64;
        set.extend(range.start / CHUNK_BYTES as u64..=last);
        at = (last + 1) * CHUNK_BYTES as u64;
    }
    Ok(set)
}
