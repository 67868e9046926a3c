//! When each version of a key was last used, by which action and by whom. Kept in memory to the use, and put into the database every
//! minute, all at once: no use costs a write of its own. The audit has every use.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use coffer_store::key_uses::KeyUse;

/// Most versions whose use waits to be put on record. What is used beyond that within a minute is in the audit alone.
const CAPACITY: usize = 100_000;

/// The uses that are not on record yet, by version.
#[derive(Default)]
pub struct VersionUses(Mutex<HashMap<String, KeyUse>>);

impl VersionUses {
    /// Notes a use.
    pub fn note(&self, version_id: &str, last: KeyUse) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = uses.get_mut(version_id) {
            *known = last;
        } else if uses.len() < CAPACITY {
            uses.insert(version_id.to_owned(), last);
        }
    }

    /// A copy.
    pub(crate) fn fork(&self) -> Self {
        Self(Mutex::new(self.waiting()))
    }

    /// All uses that wait.
    pub(crate) fn waiting(&self) -> HashMap<String, KeyUse> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn get(&self, version_id: &str) -> Option<KeyUse> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(version_id).cloned()
    }

    /// Forgets what is on record now, unless the version was used again since.
    pub(crate) fn settle(&self, recorded: &HashMap<String, KeyUse>) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uses.retain(|version_id, last| recorded.get(version_id) != Some(last));
    }
}

#[cfg(test)]
mod tests {
    use coffer_base::Timestamp;

    use super::*;

    fn used(at: i64) -> KeyUse {
        KeyUse { at: Timestamp::from_unix_ms(at), action: "kms:Encrypt".to_owned(), principal: "p".to_owned() }
    }

    #[test]
    fn a_use_while_others_are_put_on_record_waits_for_the_next_time() {
        let uses = VersionUses::default();
        uses.note("a", used(1));
        uses.note("b", used(2));
        let recorded = uses.waiting();
        uses.note("b", used(3));
        uses.settle(&recorded);
        assert_eq!((uses.get("a"), uses.get("b")), (None, Some(used(3))));
    }

    #[test]
    fn the_memory_is_bounded_and_what_is_in_it_goes_on() {
        let uses = VersionUses::default();
        for version in 0..=CAPACITY {
            uses.note(&version.to_string(), used(1));
        }
        assert_eq!(uses.waiting().len(), CAPACITY);
        uses.note("0", used(2));
        assert_eq!(uses.get("0"), Some(used(2)));
    }
}
