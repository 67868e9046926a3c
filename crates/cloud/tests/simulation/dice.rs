//! Chance, from a seed.

use coffer_base::{Rng as _, SeededRng};

/// A source of choices: the same seed makes the same ones.
pub(crate) struct Dice(SeededRng);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SeededRng::new(seed))
    }

    /// A number below `bound`.
    pub(crate) fn below(&self, bound: usize) -> usize {
        let mut bytes = [0u8; 8];
        self.0.fill(&mut bytes);
        usize::try_from(u64::from_le_bytes(bytes) % bound as u64).unwrap()
    }

    /// True once in `times`.
    pub(crate) fn once_in(&self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of these.
    pub(crate) fn pick<'a, T: ?Sized>(&self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// One of these, if there is any.
    pub(crate) fn any<T>(&self, from: impl IntoIterator<Item = T>) -> Option<T> {
        let mut all: Vec<T> = from.into_iter().collect();
        if all.is_empty() { None } else { Some(all.swap_remove(self.below(all.len()))) }
    }
}
