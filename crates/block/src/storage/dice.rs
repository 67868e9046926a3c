//! Chance that a seed repeats: splitmix64 (Steele, Lea, Flood 2014), for the choices of [`super::Crashy`] and [`super::Faulty`].

/// A sequence of choices.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of `0..bound`.
    pub(super) const fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// True `times` times `of` a number of times.
    pub(super) const fn chance(&mut self, times: u64, of: u64) -> bool {
        self.below(of) < times
    }
}
