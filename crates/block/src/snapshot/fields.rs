//! Numbers at places of stored structures, little-endian.

use super::error::Flaw;

/// The bytes at a place.
pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("a slice of that length")
}

/// The number at a place.
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array(bytes, at))
}

/// The number at a place.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array(bytes, at))
}

/// Puts bytes at a place.
pub(crate) fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// The version that every structure has in this program.
const VERSION: u16 = 1;

/// What every structure begins with: eight characters that say which it is, and its version.
pub(crate) fn put_magic(bytes: &mut [u8], magic: [u8; 8]) {
    put(bytes, 0, &magic);
    put(bytes, 8, &VERSION.to_le_bytes());
}

/// Whether a structure begins as it must. Only what is longer than that is asked.
pub(crate) fn check_magic(bytes: &[u8], magic: [u8; 8]) -> Result<(), Flaw> {
    if array(bytes, 0) != magic {
        return Err(Flaw::Damaged("it begins like no structure of its kind"));
    }
    match u16::from_le_bytes(array(bytes, 8)) {
        VERSION => Ok(()),
        0 => Err(Flaw::Damaged("its version is 0")),
        version => Err(Flaw::Newer(version)),
    }
}
