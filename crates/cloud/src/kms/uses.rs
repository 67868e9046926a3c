//! When each version of a key was last used, by which action and by whom. Kept in memory to the use, and put into the database every
//! minute, all at once: no use costs a write of its own. The audit has every use.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use coffer_base::ApiError;
use coffer_store::key_uses::{self, KeyUse};
use coffer_store::{StoreError, Tx};

use crate::context::Cx;
use crate::dispatch::Cloud;

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
    fn waiting(&self) -> HashMap<String, KeyUse> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn get(&self, version_id: &str) -> Option<KeyUse> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(version_id).cloned()
    }

    /// Forgets what is on record now, unless the version was used again since.
    fn settle(&self, recorded: &HashMap<String, KeyUse>) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uses.retain(|version_id, last| recorded.get(version_id) != Some(last));
    }
}

/// The last use of each of a key's versions, of those that were ever used.
pub fn of_key(cx: &Cx<'_>, key_id: &str, versions: &[String]) -> Result<HashMap<String, KeyUse>, ApiError> {
    let mut uses: HashMap<_, _> = key_uses::of_key(cx.tx, key_id)?.into_iter().collect();
    uses.extend(versions.iter().filter_map(|version_id| Some((version_id.clone(), cx.version_uses.get(version_id)?))));
    Ok(uses)
}

impl Cloud {
    /// Puts the last uses of keys on record. Blocks; to be called every minute, and before the process ends.
    pub fn record_key_uses(&self) -> Result<(), ApiError> {
        let waiting = self.0.version_uses.waiting();
        if waiting.is_empty() {
            return Ok(());
        }
        let recorded = self.0.db.write(move |tx: &Tx<'_>| -> Result<_, StoreError> {
            for (version_id, last) in &waiting {
                key_uses::record(tx, version_id, last)?;
            }
            Ok(waiting)
        });
        self.0.version_uses.settle(&recorded.wait()?);
        Ok(())
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
