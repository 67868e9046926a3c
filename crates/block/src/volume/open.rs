//! Making a volume's files, and opening them again, after a crash too.

use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, RwLock};

use super::atomic::AtomicBitmap;
use super::cipher::Cipher;
use super::error::Doing as _;
use super::meta::{Kind, Meta};
use super::superblock::{self, Slot, Superblock};
use super::{
    DataKey, FILES, Files, Frozen, Rekey, STRIPES, State, Volume, VolumeError, stored_chunks, superblock_field,
};
use crate::bitmap::Bitmap;
use crate::geometry::{CHUNK_BYTES, REGION_CHUNKS, chunks};
use crate::snapshot::Base;
use crate::storage::{Directory, Storage};
use coffer_base::Rng;

/// What a new volume is to be.
pub struct NewVolume<'a> {
    /// Its id, at most 64 bytes.
    pub volume_id: &'a str,
    /// How long it is: a multiple of 4096.
    pub size_bytes: u64,
    /// Its data key; `None` for a plain volume.
    pub key: Option<&'a DataKey>,
    /// What it is a clone of: a reference of at most 512 bytes, opaque here, and the chunks that are read from there.
    pub base: Option<(Vec<u8>, Bitmap)>,
}

/// Makes the files of a volume in an empty directory. Durable on return.
pub fn create(directory: &dyn Directory, rng: &dyn Rng, new: &NewVolume<'_>) -> Result<(), VolumeError> {
    if !superblock::is_size(new.size_bytes) {
        return Err(VolumeError::Size(new.size_bytes));
    }
    let key = new.key.map(DataKey::record);
    key.as_ref().map_or(Ok(()), |key| superblock_field(&key.wrapped))?;
    if new.volume_id.len() > superblock::MOST_ID_BYTES {
        return Err(VolumeError::TooLong("volume id"));
    }
    let mut bits = Bitmap::new(chunks(new.size_bytes));
    let base = new.base.as_ref().map(|(reference, present)| {
        let length = bits.length();
        bits.extend(present.iter().take_while(|chunk| *chunk < length));
        reference.clone()
    });
    if base.as_ref().is_some_and(|reference| reference.len() > superblock::MOST_BASE_BYTES) {
        return Err(VolumeError::TooLong("reference to a base"));
    }
    let mut overlay_key = [0; 64];
    rng.fill(&mut overlay_key);
    for name in &FILES[..2] {
        let file = directory.create(name).doing("making a file of the volume")?;
        file.set_length(new.size_bytes).and_then(|()| file.sync()).doing("making a file of the volume")?;
    }
    directory.create(FILES[2]).doing("making a file of the volume")?;
    let superblock = Superblock {
        generation: 0,
        volume_id: new.volume_id.to_owned(),
        size_bytes: new.size_bytes,
        last_sequence: 0,
        frozen: None,
        changes: Slot::A,
        key,
        rekey: None,
        overlay_key,
        base: base.filter(|_| !bits.is_empty()),
    };
    // Last: without it there is no volume.
    Meta::create(directory.create(FILES[3]).doing("making a file of the volume")?, superblock, &bits)?;
    Ok(())
}

impl Volume {
    /// Opens a volume, and brings it in order after a crash.
    ///
    /// `keys` holds the volume's data key and, during a change of key, the new one, in any order; others are passed over. Without any, the volume
    /// can't be read or written, but frozen, thawed and grown. `base` is needed while chunks are read from there.
    pub fn open(
        directory: &dyn Directory,
        volume_id: &str,
        keys: &[DataKey],
        base: Option<Arc<dyn Base>>,
    ) -> Result<Self, VolumeError> {
        let [data, overlay, journal, meta] = FILES.map(|name| directory.open(name));
        let files = Files {
            data: data.doing("opening the volume's data file")?,
            overlay: overlay.doing("opening the volume's overlay file")?,
            journal: journal.doing("opening the volume's journal file")?,
        };
        let meta = meta.doing("opening the volume's meta file")?;
        // A process that was killed leaves what it wrote to the kernel. Before anything is concluded from it, it is durable: else a flush
        // that finds nothing to do would be acknowledged, and a journal played whose end a power cut takes away.
        for file in [&meta, &files.journal, &files.data, &files.overlay] {
            file.settle().doing("making durable what was left")?;
        }
        let mut meta = Meta::open(meta)?;
        let superblock = meta.superblock().clone();
        if superblock.volume_id != volume_id {
            return Err(VolumeError::OtherVolume(superblock.volume_id));
        }
        for file in [&files.data, &files.overlay] {
            if file.length_bytes().doing("reading the length of a file")? < superblock.size_bytes {
                return Err(VolumeError::Damaged("data file (it is cut short)"));
            }
        }
        let cipher = Arc::new(Cipher::of(superblock.key.as_ref(), keys)?);
        let rekey = match &superblock.rekey {
            None => None,
            Some(record) => {
                let watermark = super::rekey::recover(&files, &mut meta, record)?;
                let to = Arc::new(Cipher::of(Some(&record.to), keys)?);
                Some(Rekey::at(watermark, record.id, to))
            }
        };
        let state = State::load(&meta, &*files.overlay, cipher, rekey, base)?;
        state.drop_unflushed(&*files.overlay, superblock.size_bytes)?;
        Ok(Self {
            id: volume_id.to_owned(),
            files,
            gate: RwLock::new(state),
            stripes: (0..STRIPES).map(|_| RwLock::new(())).collect(),
            merging: Mutex::new(()),
            rekeying: Mutex::new(()),
            flushing: Mutex::new(()),
            meta: Mutex::new(meta),
            copied_up: Mutex::new(Vec::new()),
            data_changed: AtomicBool::new(false),
            overlay_changed: AtomicBool::new(false),
            poisoned: AtomicBool::new(false),
            fenced: AtomicBool::new(false),
            size_bytes: AtomicU64::new(superblock.size_bytes),
        })
    }
}

impl State {
    /// Empties the overlay of chunks that are still in the base. What it has of them was never flushed: a flush puts on record that they left
    /// the base. It must not come and go: when the overlay is copied back, it would be lost.
    fn drop_unflushed(&self, overlay: &dyn Storage, size_bytes: u64) -> Result<(), VolumeError> {
        let unflushed: Vec<u64> = self.overlaid.to_bitmap().iter().filter(|chunk| self.base.contains(*chunk)).collect();
        for chunk in &unflushed {
            let offset = chunk * CHUNK_BYTES as u64;
            let length_bytes = (size_bytes - offset).min(CHUNK_BYTES as u64);
            overlay.punch(offset, length_bytes).doing("clearing the overlay")?;
            self.overlaid.remove(*chunk);
            self.touched.remove(*chunk);
        }
        if unflushed.is_empty() { Ok(()) } else { overlay.sync().doing("making the overlay durable") }
    }

    fn load(
        meta: &Meta,
        overlay: &dyn Storage,
        cipher: Arc<Cipher>,
        rekey: Option<Rekey>,
        reader: Option<Arc<dyn Base>>,
    ) -> Result<Self, VolumeError> {
        let superblock = meta.superblock();
        let base = meta.bitmap(Kind::Base);
        if !base.is_empty() && superblock.base.is_none() {
            return Err(VolumeError::Damaged("bitmap of base chunks (there is no base)"));
        }
        // A chunk of a region with an intent may have been changed: the next snapshot has to look at it.
        let mut changed = meta.bitmap(Kind::of(superblock.changes)).clone();
        for region in meta.bitmap(Kind::Intent).iter() {
            let first = region * REGION_CHUNKS;
            let end = (first + REGION_CHUNKS).min(changed.length());
            changed.extend(first..end);
        }
        let frozen = superblock.frozen.map(|record| {
            let frozen_chunks = chunks(record.size_bytes);
            let stored = meta.bitmap(Kind::of(superblock.changes.other()));
            let mut set = Bitmap::new(frozen_chunks);
            set.extend((0..frozen_chunks).filter(|chunk| record.is_full || stored.contains(*chunk)));
            Frozen { record, set }
        });
        let overlaid = stored_chunks(overlay, superblock.size_bytes).doing("looking through the overlay")?;
        let overlay_cipher = match &*cipher {
            Cipher::Plain => Arc::new(Cipher::under(&superblock.overlay_key)?),
            _ => Arc::clone(&cipher),
        };
        Ok(Self {
            base: AtomicBitmap::new(base),
            reader,
            changed: AtomicBitmap::new(&changed),
            intents: AtomicBitmap::new(meta.bitmap(Kind::Intent)),
            touched: AtomicBitmap::new(&overlaid),
            overlaid: AtomicBitmap::new(&overlaid),
            frozen,
            cipher,
            overlay_cipher,
            rekey,
        })
    }
}
