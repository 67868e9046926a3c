//! A set of chunks that many threads read and change at once.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::bitmap::Bitmap;

/// Like [`Bitmap`], shared.
#[derive(Debug)]
pub(crate) struct AtomicBitmap {
    words: Vec<AtomicU64>,
    length: u64,
}

impl AtomicBitmap {
    /// The set that `bitmap` is.
    pub(crate) fn new(bitmap: &Bitmap) -> Self {
        Self { words: bitmap.words().iter().map(|word| AtomicU64::new(*word)).collect(), length: bitmap.length() }
    }

    /// Whether a chunk is in the set.
    pub(crate) fn contains(&self, index: u64) -> bool {
        let (word, bit) = self.place(index);
        word.load(Ordering::Acquire) & bit != 0
    }

    /// Puts a chunk into the set.
    pub(crate) fn insert(&self, index: u64) {
        let (word, bit) = self.place(index);
        // Mostly it is there already: looking first keeps the cache line shared.
        if word.load(Ordering::Acquire) & bit == 0 {
            word.fetch_or(bit, Ordering::AcqRel);
        }
    }

    /// Takes a chunk out of the set; whether it was there.
    pub(crate) fn remove(&self, index: u64) -> bool {
        let (word, bit) = self.place(index);
        word.fetch_and(!bit, Ordering::AcqRel) & bit != 0
    }

    /// The set at this moment.
    pub(crate) fn to_bitmap(&self) -> Bitmap {
        let mut bitmap = Bitmap::new(self.length);
        for (to, from) in bitmap.words_mut().iter_mut().zip(&self.words) {
            *to = from.load(Ordering::Acquire);
        }
        bitmap
    }

    /// The first chunk in the set at or after `from`.
    pub(crate) fn next(&self, from: u64) -> Option<u64> {
        self.next_in(from..self.length)
    }

    /// The first chunk of a range that is in the set. Looks at no more than that.
    pub(crate) fn next_in(&self, range: Range<u64>) -> Option<u64> {
        let mut index = range.start;
        while index < range.end {
            let (word, _) = self.place(index);
            let rest = word.load(Ordering::Acquire) >> (index % 64);
            if rest != 0 {
                return Some(index + u64::from(rest.trailing_zeros())).filter(|found| *found < range.end);
            }
            index = (index / 64 + 1) * 64;
        }
        None
    }

    /// Whether no chunk is in the set.
    pub(crate) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| word.load(Ordering::Acquire) == 0)
    }

    /// How many chunks are in the set.
    pub(crate) fn count(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.load(Ordering::Acquire).count_ones())).sum()
    }

    fn place(&self, index: u64) -> (&AtomicU64, u64) {
        assert!(index < self.length, "chunk {index} of {}", self.length);
        (&self.words[usize::try_from(index / 64).expect("a volume's chunks are counted in memory")], 1 << (index % 64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_of_a_range_is_in_the_range() {
        let mut bitmap = Bitmap::new(200);
        bitmap.extend([3, 64, 130]);
        let set = AtomicBitmap::new(&bitmap);
        for (start, end) in (0..200).flat_map(|start| (start..=200).map(move |end| (start, end))) {
            let expected = (start..end).find(|index| [3, 64, 130].contains(index));
            assert_eq!(set.next_in(start..end), expected, "{start}..{end}");
        }
    }
}
