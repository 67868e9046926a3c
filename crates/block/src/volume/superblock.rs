//! The superblock of a volume's `meta` file: what the volume is. Drawn byte by byte in docs/format.md.

use coffer_crypto::digest;

use super::VolumeError;
use super::codec::{Reader, Writer};
use crate::geometry::{MOST_BYTES, UNIT_BYTES, chunks};

/// Bytes of one superblock; there are two, at the start of `meta`.
pub(crate) const SUPERBLOCK_BYTES: usize = 4096;
/// Bytes of a structure's checksum: the first half of a SHA-256.
pub(crate) const CHECKSUM_BYTES: usize = 16;
const MAGIC: [u8; 8] = *b"CFRVOLSB";
/// The version of the format that this program writes and reads.
pub(crate) const VERSION: u32 = 1;
/// Longest volume id.
pub(crate) const MOST_ID_BYTES: usize = 64;
/// Longest wrapped data key.
pub(crate) const MOST_WRAPPED_BYTES: usize = 1024;
/// Longest reference to a base.
pub(crate) const MOST_BASE_BYTES: usize = 512;

/// Which of the two bitmaps of changes a superblock means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// The first.
    A,
    /// The second.
    B,
}

impl Slot {
    /// The other one.
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// A data key as the volume knows it: never in clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The wrapped data key, opaque here.
    pub wrapped: Vec<u8>,
    /// By which the plain key is recognised when it is handed in.
    pub check: [u8; 16],
}

/// A snapshot that is being read off the volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrozenRecord {
    /// Its sequence.
    pub(crate) sequence: u64,
    /// How long the volume was.
    pub(crate) size_bytes: u64,
    /// Whether all chunks are frozen, not just those changed since the snapshot before.
    pub(crate) is_full: bool,
}

/// A change of the data key on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RekeyRecord {
    /// Of this very change, so that no journal of another is taken for its own.
    pub(crate) id: [u8; 16],
    /// Chunks before this one are under the new key.
    pub(crate) watermark: u64,
    /// The new key.
    pub(crate) to: KeyRecord,
}

/// What a superblock says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Superblock {
    /// Grows with each one written.
    pub(crate) generation: u64,
    /// Which volume it is.
    pub(crate) volume_id: String,
    /// How long it is.
    pub(crate) size_bytes: u64,
    /// The sequence of the last snapshot that was completed; 0 for none.
    pub(crate) last_sequence: u64,
    /// The snapshot being read off.
    pub(crate) frozen: Option<FrozenRecord>,
    /// Which bitmap holds the changes since the last freeze.
    pub(crate) changes: Slot,
    /// The data key; `None` for a plain volume.
    pub(crate) key: Option<KeyRecord>,
    /// The change of key on its way.
    pub(crate) rekey: Option<RekeyRecord>,
    /// Enciphers the overlay of a plain volume, so that its zeros can be told from nothing. No secret.
    pub(crate) overlay_key: [u8; 64],
    /// What chunks of the base are read from, opaque here.
    pub(crate) base: Option<Vec<u8>>,
}

const HAS_KEY: u32 = 1;
const HAS_REKEY: u32 = 2;
const HAS_BASE: u32 = 4;
const HAS_FROZEN: u32 = 8;
const FROZEN_FULL: u32 = 16;
const CHANGES_B: u32 = 32;
const ALL_FLAGS: u32 = 63;
static NO_KEY: KeyRecord = KeyRecord { wrapped: Vec::new(), check: [0; 16] };

impl Superblock {
    /// Its bytes.
    pub(crate) fn encode(&self) -> [u8; SUPERBLOCK_BYTES] {
        let mut bytes = [0; SUPERBLOCK_BYTES];
        let mut writer = Writer::new(&mut bytes);
        let frozen = self.frozen.unwrap_or(FrozenRecord { sequence: 0, size_bytes: 0, is_full: false });
        let key = self.key.as_ref().unwrap_or(&NO_KEY);
        let (rekey_id, watermark, to) =
            self.rekey.as_ref().map_or(([0; 16], 0, &NO_KEY), |rekey| (rekey.id, rekey.watermark, &rekey.to));
        writer.bytes(&MAGIC);
        writer.u32(VERSION);
        writer.u32(self.flags());
        for number in
            [self.generation, self.size_bytes, self.last_sequence, frozen.sequence, frozen.size_bytes, watermark]
        {
            writer.u64(number);
        }
        writer.bytes(&key.check);
        writer.bytes(&to.check);
        writer.bytes(&rekey_id);
        writer.bytes(&self.overlay_key);
        writer.short(self.volume_id.as_bytes(), MOST_ID_BYTES);
        writer.short(&key.wrapped, MOST_WRAPPED_BYTES);
        writer.short(&to.wrapped, MOST_WRAPPED_BYTES);
        writer.short(self.base.as_deref().unwrap_or_default(), MOST_BASE_BYTES);
        seal(&mut bytes);
        bytes
    }

    fn flags(&self) -> u32 {
        let flag = |is_set: bool, flag: u32| if is_set { flag } else { 0 };
        flag(self.key.is_some(), HAS_KEY)
            | flag(self.rekey.is_some(), HAS_REKEY)
            | flag(self.base.is_some(), HAS_BASE)
            | flag(self.frozen.is_some(), HAS_FROZEN)
            | flag(self.frozen.is_some_and(|frozen| frozen.is_full), FROZEN_FULL)
            | flag(self.changes == Slot::B, CHANGES_B)
    }

    /// What bytes say. A newer version is told from damage, and damage from a superblock that was never written.
    pub(crate) fn decode(bytes: &[u8; SUPERBLOCK_BYTES]) -> Result<Self, VolumeError> {
        let damaged = || VolumeError::Damaged("superblock");
        if bytes[..8] != MAGIC || !is_sealed(bytes) {
            return Err(damaged());
        }
        let mut reader = Reader::new(&bytes[8..]);
        let version = reader.u32();
        if version != VERSION {
            return Err(VolumeError::Newer { found: version, known: VERSION });
        }
        let flags = reader.u32();
        let [generation, size_bytes, last_sequence, sequence, frozen_size_bytes, watermark] =
            std::array::from_fn(|_| reader.u64());
        let [check, to_check, id] = std::array::from_fn(|_| reader.array::<16>());
        let overlay_key = reader.array::<64>();
        let volume_id = reader.short(MOST_ID_BYTES).ok_or_else(damaged)?;
        let volume_id = String::from_utf8(volume_id.to_vec()).map_err(|_| damaged())?;
        let wrapped = reader.short(MOST_WRAPPED_BYTES).ok_or_else(damaged)?.to_vec();
        let to_wrapped = reader.short(MOST_WRAPPED_BYTES).ok_or_else(damaged)?.to_vec();
        let base = reader.short(MOST_BASE_BYTES).ok_or_else(damaged)?.to_vec();
        let has = |flag: u32| flags & flag != 0;
        let frozen = FrozenRecord { sequence, size_bytes: frozen_size_bytes, is_full: has(FROZEN_FULL) };
        let rekey = RekeyRecord { id, watermark, to: KeyRecord { wrapped: to_wrapped, check: to_check } };
        let superblock = Self {
            generation,
            volume_id,
            size_bytes,
            last_sequence,
            frozen: has(HAS_FROZEN).then_some(frozen),
            changes: if has(CHANGES_B) { Slot::B } else { Slot::A },
            key: has(HAS_KEY).then_some(KeyRecord { wrapped, check }),
            rekey: has(HAS_REKEY).then_some(rekey),
            overlay_key,
            base: has(HAS_BASE).then_some(base),
        };
        if flags & !ALL_FLAGS != 0 || !superblock.is_sound() {
            return Err(damaged());
        }
        Ok(superblock)
    }

    fn is_sound(&self) -> bool {
        is_size(self.size_bytes)
            && self.frozen.is_none_or(|frozen| is_size(frozen.size_bytes) && frozen.size_bytes <= self.size_bytes)
            && self.rekey.as_ref().is_none_or(|rekey| rekey.watermark <= chunks(self.size_bytes))
    }
}

/// Whether a volume can have that size.
pub(crate) const fn is_size(bytes: u64) -> bool {
    bytes > 0 && bytes <= MOST_BYTES && bytes.is_multiple_of(UNIT_BYTES as u64)
}

/// Puts the checksum of everything before it at the end of a structure.
pub(crate) fn seal(bytes: &mut [u8]) {
    let (body, checksum) = bytes.split_at_mut(bytes.len() - CHECKSUM_BYTES);
    checksum.copy_from_slice(&digest::sha256(body)[..CHECKSUM_BYTES]);
}

/// Whether a structure's checksum is that of everything before it.
pub(crate) fn is_sealed(bytes: &[u8]) -> bool {
    let (body, checksum) = bytes.split_at(bytes.len() - CHECKSUM_BYTES);
    digest::sha256(body)[..CHECKSUM_BYTES] == *checksum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn superblock() -> Superblock {
        let key = |byte: u8| KeyRecord { wrapped: vec![byte; 204], check: [byte; 16] };
        Superblock {
            generation: 7,
            volume_id: "d-bp1.1".to_owned(),
            size_bytes: 20 << 30,
            last_sequence: 3,
            frozen: Some(FrozenRecord { sequence: 4, size_bytes: 10 << 30, is_full: true }),
            changes: Slot::B,
            key: Some(key(1)),
            rekey: Some(RekeyRecord { id: [9; 16], watermark: 160, to: key(2) }),
            overlay_key: [5; 64],
            base: Some(b"base".to_vec()),
        }
    }

    #[test]
    fn a_superblock_survives_being_written_and_read() {
        let full = superblock();
        assert_eq!(Superblock::decode(&full.encode()).unwrap(), full);
        let bare = Superblock { frozen: None, changes: Slot::A, key: None, rekey: None, base: None, ..full };
        assert_eq!(Superblock::decode(&bare.encode()).unwrap(), bare);
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        let good = superblock().encode();
        for bit in (0..good.len() * 8).step_by(7) {
            let mut bad = good;
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(Superblock::decode(&bad), Err(VolumeError::Damaged(_))), "bit {bit}");
        }
    }

    #[test]
    fn a_newer_version_is_told_from_damage() {
        let mut bytes = superblock().encode();
        bytes[8] = 2;
        seal(&mut bytes);
        assert!(matches!(Superblock::decode(&bytes), Err(VolumeError::Newer { found: 2, known: 1 })));
    }

    #[test]
    fn what_is_well_sealed_but_impossible_is_damage() {
        for bad in [
            Superblock { size_bytes: 0, ..superblock() },
            Superblock { size_bytes: (20 << 30) + 512, ..superblock() },
            Superblock {
                frozen: Some(FrozenRecord { sequence: 1, size_bytes: 40 << 30, is_full: false }),
                ..superblock()
            },
        ] {
            assert!(matches!(Superblock::decode(&bad.encode()), Err(VolumeError::Damaged(_))));
        }
    }
}
