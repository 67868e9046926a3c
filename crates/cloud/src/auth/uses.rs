//! When each long-term access key last signed a request that was let in. Kept in memory to the request, and in the database to the
//! hour: a write for each request would cost more than the answer is worth.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use coffer_base::Timestamp;

/// How far the database may be behind, in milliseconds.
const BEHIND_MS: i64 = 3_600_000;
/// Most keys kept; beyond it the memory starts afresh.
const CAPACITY: usize = 100_000;

/// The memory of uses: the latest, and the one that was last recorded.
#[derive(Default)]
pub struct KeyUses(Mutex<HashMap<String, (Timestamp, Timestamp)>>);

impl KeyUses {
    /// A copy that goes its own way.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self(Mutex::new(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()))
    }

    /// Notes a use. Whether it is to be recorded in the database.
    pub fn note(&self, access_key_id: &str, now: Timestamp) -> bool {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((latest, recorded)) = uses.get_mut(access_key_id) {
            *latest = now;
            let due = now.unix_ms() - recorded.unix_ms() >= BEHIND_MS;
            if due {
                *recorded = now;
            }
            return due;
        }
        if uses.len() >= CAPACITY {
            uses.clear();
        }
        uses.insert(access_key_id.to_owned(), (now, now));
        true
    }

    /// The latest use since the process began.
    pub fn last(&self, access_key_id: &str) -> Option<Timestamp> {
        let uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uses.get(access_key_id).map(|(latest, _)| *latest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_is_recorded_once_an_hour_and_known_to_the_request() {
        let uses = KeyUses::default();
        let at = |ms| Timestamp::from_unix_ms(ms);
        assert_eq!(uses.last("k"), None);
        assert!(uses.note("k", at(0)));
        assert!(!uses.note("k", at(BEHIND_MS - 1)));
        assert_eq!(uses.last("k"), Some(at(BEHIND_MS - 1)));
        assert!(uses.note("k", at(BEHIND_MS)));
        assert!(!uses.note("k", at(BEHIND_MS + 1)));
    }
}
