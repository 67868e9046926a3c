//! `coffer volume check`: is a volume what it claims to be? Reads only.

use super::error::Doing as _;
use super::meta::{Kind, Meta};
use super::{DataKey, FILES, VolumeError};
use crate::geometry::chunks;
use crate::storage::Directory;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which file.
    pub file: &'static str,
    /// What is wrong with it.
    pub what: String,
}

/// What a volume says of itself, and what is wrong with it.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its id.
    pub volume_id: String,
    /// How long it is.
    pub size_bytes: u64,
    /// Whether it is enciphered.
    pub is_encrypted: bool,
    /// Bytes of which something is stored, rounded up to what the file system tells.
    pub stored_bytes: u64,
    /// Chunks still read from the snapshot it was made from.
    pub chunks_in_base: u64,
    /// Chunks changed since the last freeze.
    pub changed_chunks: u64,
    /// Regions in which a crash now would count every chunk as changed.
    pub intent_regions: u64,
    /// The last snapshot that was completed; 0 for none.
    pub last_sequence: u64,
    /// The snapshot that is being read off.
    pub frozen_sequence: Option<u64>,
    /// Chunks under the new key, while the key is changed.
    pub rekeyed_chunks: Option<u64>,
    /// What is wrong; empty for a sound volume.
    pub findings: Vec<Finding>,
}

/// Verifies a closed volume's files against each other. Fails if its metadata can't be read at all.
pub fn check(directory: &dyn Directory, keys: &[DataKey]) -> Result<Report, VolumeError> {
    let meta = Meta::open(directory.open(FILES[3]).doing("opening the volume's meta file")?)?;
    let superblock = meta.superblock();
    let mut findings = Vec::new();
    let mut found = |file: &'static str, what: String| findings.push(Finding { file, what });
    let mut stored_bytes = 0;
    for name in &FILES[..2] {
        match directory.open(name) {
            Err(error) => found(name, format!("it can't be opened: {error}")),
            Ok(file) => {
                let length_bytes = file.length_bytes().doing("reading the length of a file")?;
                if length_bytes < superblock.size_bytes {
                    found(name, format!("it has {length_bytes} bytes, the volume {}", superblock.size_bytes));
                }
                let mut at = 0;
                while let Some(range) = file.next_data(at).doing("looking for data")? {
                    stored_bytes += range.end - range.start;
                    at = range.end;
                }
            }
        }
    }
    if let Err(error) = directory.open(FILES[2]) {
        found(FILES[2], format!("it can't be opened: {error}"));
    }
    if !meta.bitmap(Kind::Base).is_empty() && superblock.base.is_none() {
        found(FILES[3], "chunks are in a base, and there is none".to_owned());
    }
    let frozen_slot = meta.bitmap(Kind::of(superblock.changes.other()));
    if let Some(frozen) = superblock.frozen
        && frozen_slot.iter().any(|chunk| chunk >= chunks(frozen.size_bytes))
    {
        found(FILES[3], "chunks are frozen that did not exist at the freeze".to_owned());
    }
    if superblock.frozen.is_some_and(|frozen| frozen.sequence <= superblock.last_sequence) {
        found(FILES[3], "the snapshot being read off is older than the last complete one".to_owned());
    }
    let fits = |record: &super::KeyRecord| keys.is_empty() || keys.iter().any(|key| key.record().check == record.check);
    let records = superblock.key.iter().chain(superblock.rekey.iter().map(|rekey| &rekey.to));
    if !records.into_iter().all(fits) {
        found(FILES[3], "a data key is not the volume's".to_owned());
    }
    Ok(Report {
        volume_id: superblock.volume_id.clone(),
        size_bytes: superblock.size_bytes,
        is_encrypted: superblock.key.is_some(),
        stored_bytes,
        chunks_in_base: meta.bitmap(Kind::Base).count(),
        changed_chunks: meta.bitmap(Kind::of(superblock.changes)).count(),
        intent_regions: meta.bitmap(Kind::Intent).count(),
        last_sequence: superblock.last_sequence,
        frozen_sequence: superblock.frozen.map(|frozen| frozen.sequence),
        rekeyed_chunks: superblock.rekey.as_ref().map(|rekey| rekey.watermark),
        findings,
    })
}
