//! The sizes that everything here agrees on, and what counts as zeros.

/// A sector: what a device writes whole or not at all, and the grain of the zero rule (a stored sector of zeros reads as zeros).
pub const SECTOR_BYTES: usize = 512;
/// A unit: what the cipher's tweak counts. Reads and writes of whole units touch nothing else.
pub const UNIT_BYTES: usize = 4096;
/// A chunk: what snapshots, copies and the bitmaps count.
pub const CHUNK_BYTES: usize = 1 << 20;
/// Units in a chunk.
pub const CHUNK_UNITS: u64 = (CHUNK_BYTES / UNIT_BYTES) as u64;
/// A region: what the write-intent bitmap counts.
pub const REGION_BYTES: usize = 64 << 20;
/// Chunks in a region.
pub const REGION_CHUNKS: u64 = (REGION_BYTES / CHUNK_BYTES) as u64;
/// The largest volume: 64 TiB, the vendor's largest disk.
pub const MOST_BYTES: u64 = 64 << 40;

/// How many chunks a volume of that size has, the last of them perhaps cut short.
pub const fn chunks(size_bytes: u64) -> u64 {
    size_bytes.div_ceil(CHUNK_BYTES as u64)
}

/// Whether a stretch is all zeros. Its first bytes answer nearly always.
pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    words.iter().all(|word| *word == [0; 8]) && rest.iter().all(|byte| *byte == 0)
}
