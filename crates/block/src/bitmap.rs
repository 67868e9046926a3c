//! A set of chunks.

/// One bit for each of a fixed number of chunks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bitmap {
    words: Vec<u64>,
    length: u64,
}

impl Bitmap {
    /// The empty set among `length` chunks.
    pub fn new(length: u64) -> Self {
        let words = usize::try_from(length.div_ceil(64)).expect("a volume's chunks are counted in memory");
        Self { words: vec![0; words], length }
    }

    /// The set of all `length` chunks.
    pub fn full(length: u64) -> Self {
        let mut bitmap = Self::new(length);
        bitmap.extend(0..length);
        bitmap
    }

    /// How many chunks there are, in the set or not.
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Whether a chunk is in the set.
    pub fn contains(&self, index: u64) -> bool {
        assert!(index < self.length, "chunk {index} of {}", self.length);
        self.words[Self::word(index)] >> (index % 64) & 1 == 1
    }

    /// Puts a chunk into the set; whether it was not there before.
    pub fn insert(&mut self, index: u64) -> bool {
        assert!(index < self.length, "chunk {index} of {}", self.length);
        let (word, bit) = (&mut self.words[Self::word(index)], 1 << (index % 64));
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// Takes a chunk out of the set; whether it was there.
    pub fn remove(&mut self, index: u64) -> bool {
        assert!(index < self.length, "chunk {index} of {}", self.length);
        let (word, bit) = (&mut self.words[Self::word(index)], 1 << (index % 64));
        let there = *word & bit != 0;
        *word &= !bit;
        there
    }

    /// How many chunks are in the set.
    pub fn count(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// Whether no chunk is in the set.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// The first chunk in the set at or after `from`.
    pub fn next(&self, from: u64) -> Option<u64> {
        if from >= self.length {
            return None;
        }
        let first = Self::word(from);
        let masked = self.words[first] & (u64::MAX << (from % 64));
        let rest = self.words[first + 1..].iter().copied();
        let found = std::iter::once(masked).chain(rest).enumerate().find(|(_, word)| *word != 0);
        found.map(|(offset, word)| (first + offset) as u64 * 64 + u64::from(word.trailing_zeros()))
    }

    /// The chunks in the set, in order.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        std::iter::successors(self.next(0), |index| self.next(index + 1))
    }

    /// Makes room for more chunks, none of them in the set.
    pub fn grow(&mut self, length: u64) {
        assert!(length >= self.length, "volumes do not shrink");
        let words = usize::try_from(length.div_ceil(64)).expect("a volume's chunks are counted in memory");
        self.words.resize(words, 0);
        self.length = length;
    }

    /// The bits as they are stored: bit `i` of word `w` is chunk `64 w + i`; bits past the length are zero.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// The same, to be written to. Who does must leave the bits past the length zero.
    pub(crate) fn words_mut(&mut self) -> &mut [u64] {
        &mut self.words
    }

    fn word(index: u64) -> usize {
        usize::try_from(index / 64).expect("a volume's chunks are counted in memory")
    }
}

impl Extend<u64> for Bitmap {
    fn extend<T: IntoIterator<Item = u64>>(&mut self, chunks: T) {
        for chunk in chunks {
            self.insert(chunk);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_set_is_what_was_put_into_it_in_order() {
        let mut bitmap = Bitmap::new(200);
        for index in [199, 0, 64, 63, 130] {
            assert!(bitmap.insert(index));
            assert!(!bitmap.insert(index));
        }
        assert_eq!(bitmap.iter().collect::<Vec<_>>(), [0, 63, 64, 130, 199]);
        assert!(bitmap.remove(64) && !bitmap.remove(64));
        assert_eq!((bitmap.count(), bitmap.next(64), bitmap.next(200)), (4, Some(130), None));
    }

    #[test]
    fn growing_keeps_the_set() {
        let mut bitmap = Bitmap::full(65);
        bitmap.grow(1000);
        assert_eq!((bitmap.count(), bitmap.contains(64), bitmap.contains(65)), (65, true, false));
    }
}
