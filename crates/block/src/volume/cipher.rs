//! How a stretch of a volume is enciphered. The zero rule lives here: a stored sector of zeros reads as zeros, so that holes need no
//! record; a sector whose ciphertext would be zeros (a chance of 2^-4096) is refused.

use std::io;

use coffer_crypto::Xts;

use super::superblock::KeyRecord;
use super::{DataKey, VolumeError};
use crate::geometry::{SECTOR_BYTES, UNIT_BYTES, is_zero};

/// What turns plain units into stored ones.
pub(crate) enum Cipher {
    /// Nothing: the volume is plain.
    Plain,
    /// AES-256-XTS under the volume's data key.
    Xts(Xts),
    /// The key was not handed in: nothing can be read or written.
    Absent,
}

/// Sectors in a unit.
const UNIT_SECTORS: usize = UNIT_BYTES / SECTOR_BYTES;

impl Cipher {
    /// The one that a volume's record of its key asks for, with the key that fits it.
    pub(crate) fn of(record: Option<&KeyRecord>, keys: &[DataKey]) -> Result<Self, VolumeError> {
        let Some(record) = record else { return Ok(Self::Plain) };
        match keys.iter().find(|key| key.record().check == record.check) {
            Some(key) => Self::under(key.plain.expose()),
            None if keys.is_empty() => Ok(Self::Absent),
            None => Err(VolumeError::WrongKey),
        }
    }

    /// AES-256-XTS under a key.
    pub(crate) fn under(key: &[u8; 64]) -> Result<Self, VolumeError> {
        Ok(Self::Xts(Xts::new(key).map_err(|_| VolumeError::WrongKey)?))
    }

    /// Whether its key, if it has one, can't be swapped out.
    pub(crate) const fn is_locked(&self) -> bool {
        match self {
            Self::Xts(xts) => xts.is_locked(),
            Self::Plain | Self::Absent => true,
        }
    }

    /// Enciphers whole units in place.
    pub(crate) fn encrypt(&self, first_unit: u64, data: &mut [u8]) -> io::Result<()> {
        match self {
            Self::Plain => Ok(()),
            Self::Absent => Err(absent()),
            Self::Xts(xts) => {
                xts.encrypt(first_unit, data);
                if data.chunks_exact(SECTOR_BYTES).any(is_zero) {
                    return Err(io::Error::other("the ciphertext of a sector is zero"));
                }
                Ok(())
            }
        }
    }

    /// Deciphers whole units in place.
    pub(crate) fn decrypt(&self, first_unit: u64, data: &mut [u8]) -> io::Result<()> {
        let xts = match self {
            Self::Plain => return Ok(()),
            Self::Absent => return Err(absent()),
            Self::Xts(xts) => xts,
        };
        // Units without a zero sector, which is nearly all that were written, are deciphered in one run.
        let (mut unit, mut rest) = (first_unit, data);
        while !rest.is_empty() {
            let run = rest.chunks_exact(UNIT_BYTES).take_while(|unit| zero_sectors(unit) == 0).count();
            let (whole, tail) = rest.split_at_mut(run * UNIT_BYTES);
            if run > 0 {
                xts.decrypt(unit, whole);
            }
            unit += run as u64;
            rest = tail;
            if let Some((holed, tail)) = std::mem::take(&mut rest).split_first_chunk_mut::<UNIT_BYTES>() {
                let zeros = zero_sectors(holed);
                if zeros != ALL_SECTORS {
                    xts.decrypt(unit, holed);
                    clear(holed, zeros);
                }
                unit += 1;
                rest = tail;
            }
        }
        Ok(())
    }

    /// Turns whole stored units of this cipher into those of another in place. Zeros stay zeros.
    pub(crate) fn convert(&self, to: &Self, first_unit: u64, data: &mut [u8]) -> io::Result<()> {
        for (unit, bytes) in (first_unit..).zip(data.chunks_exact_mut(UNIT_BYTES)) {
            let zeros = zero_sectors(bytes);
            if zeros == ALL_SECTORS {
                continue;
            }
            self.decrypt(unit, bytes)?;
            to.encrypt(unit, bytes)?;
            clear(bytes, zeros);
        }
        Ok(())
    }
}

const ALL_SECTORS: u8 = u8::MAX;
const _: () = assert!(UNIT_SECTORS == 8, "one bit of a u8 for each sector");

/// Which sectors of a unit are zeros, a bit each.
fn zero_sectors(unit: &[u8]) -> u8 {
    let sectors = unit.chunks_exact(SECTOR_BYTES).enumerate();
    sectors.fold(0, |zeros, (index, sector)| zeros | u8::from(is_zero(sector)) << index)
}

fn clear(unit: &mut [u8], zeros: u8) {
    for (index, sector) in unit.chunks_exact_mut(SECTOR_BYTES).enumerate() {
        if zeros >> index & 1 == 1 {
            sector.fill(0);
        }
    }
}

fn absent() -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, "the volume is open without its data key")
}
