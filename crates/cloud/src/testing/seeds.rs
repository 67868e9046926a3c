//! Where what calls draw comes from when a seed is given: the n-th call of an action draws the same in every run, whatever else is
//! called, and however often clients look how far something is.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use coffer_base::SeededRng;
use coffer_crypto::digest;

/// A seed, and how often each kind of work has drawn from it.
pub struct Seeds {
    seed: u64,
    drawn: Mutex<HashMap<String, u64>>,
}

impl Seeds {
    /// From the beginning.
    pub fn new(seed: u64) -> Self {
        Self { seed, drawn: Mutex::default() }
    }

    /// The next sequence of a kind of work.
    pub fn next(&self, label: &str) -> SeededRng {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        let number = drawn.entry(label.to_owned()).and_modify(|number| *number += 1).or_insert(0);
        let of = [b"coffer/seed/1/", &self.seed.to_be_bytes()[..], &number.to_be_bytes()[..], label.as_bytes()];
        SeededRng::of(digest::sha256(&of.concat()))
    }

    /// A copy that draws the same from here on.
    #[must_use]
    pub fn fork(&self) -> Self {
        let drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Self { seed: self.seed, drawn: Mutex::new(drawn) }
    }
}

#[cfg(test)]
mod tests {
    use coffer_base::Rng as _;

    use super::*;

    #[test]
    fn each_call_of_each_action_draws_its_own_and_the_same_in_every_run() {
        let (one, other) = (Seeds::new(7), Seeds::new(7));
        let first = one.next("a").uuid();
        other.next("b");
        assert_eq!(other.next("a").uuid(), first, "what else is called does not matter");
        let fork = one.fork();
        let second = one.next("a").uuid();
        assert_eq!((fork.next("a").uuid(), second == first), (second, false));
        assert_ne!(Seeds::new(8).next("a").uuid(), first);
    }
}
