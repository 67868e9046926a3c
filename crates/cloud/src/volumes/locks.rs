//! Who works on what: names that one thread at a time holds.

use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// The names that are held.
#[derive(Clone, Default)]
pub(super) struct Locks(Arc<(Mutex<HashSet<String>>, Condvar)>);

/// Names that are held until this is dropped.
pub(super) struct Held {
    locks: Locks,
    names: Vec<String>,
}

impl Locks {
    /// Holds all these names, as soon as nobody else holds any of them.
    pub(super) fn hold(&self, names: &[String]) -> Held {
        let (held, freed) = &*self.0;
        let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
        while names.iter().any(|name| held.contains(name)) {
            held = freed.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
        held.extend(names.iter().cloned());
        Held { locks: self.clone(), names: names.to_vec() }
    }

    /// The same, if nobody holds any of them now.
    pub(super) fn try_hold(&self, names: &[String]) -> Option<Held> {
        let mut held = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if names.iter().any(|name| held.contains(name)) {
            return None;
        }
        held.extend(names.iter().cloned());
        Some(Held { locks: self.clone(), names: names.to_vec() })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let (held, freed) = &*self.locks.0;
        let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
        for name in &self.names {
            held.remove(name);
        }
        freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_name_is_held_by_one_at_a_time_and_free_again_afterwards() {
        let locks = Locks::default();
        let held = locks.hold(&names(&["a", "b"]));
        assert!(locks.try_hold(&names(&["b", "c"])).is_none());
        assert!(locks.try_hold(&names(&["c"])).is_some());
        drop(held);
        assert!(locks.try_hold(&names(&["b", "c"])).is_some());
    }

    #[test]
    fn who_waits_for_a_name_gets_it() {
        let locks = Locks::default();
        let held = locks.hold(&names(&["a"]));
        let other = locks.clone();
        let waiting = std::thread::Builder::new().spawn(move || drop(other.hold(&names(&["a"])))).unwrap();
        drop(held);
        waiting.join().unwrap();
    }
}
