//! Parsed policies, so that a decision does not parse. Documents never change under their id, so an entry never goes stale. Which of
//! them are in force for whom does change: that is kept for as long as nothing was written that could have changed it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};

use coffer_base::ApiError;
use coffer_store::{Tx, policies};

use super::policy::{Policy, PolicyKind};
use super::system_policies;

/// Most documents kept, of identities' policies and of keys' each; beyond it the memory starts afresh.
const CAPACITY: usize = 10_000;
/// Most bytes of their texts. Parsed, a document of nothing but short patterns with wildcards takes some forty times as much.
const BYTES: usize = 4 * 1024 * 1024;

/// Most users and roles whose policies in force are kept.
const ENTITIES: usize = 10_000;

/// The policies in force for someone.
pub(super) type InForce = Arc<[Arc<Policy>]>;

/// The memory of parsed policies: those of identities, and those of keys; and whom which are in force for, in a generation of the
/// database.
#[derive(Default)]
pub struct PolicyCache {
    identity: RwLock<Parsed<i64>>,
    key: RwLock<Parsed<String>>,
    in_force: RwLock<HashMap<String, (u64, InForce)>>,
}

/// Parsed documents, and how many bytes their texts have together.
#[derive(Default)]
struct Parsed<K> {
    policies: HashMap<K, Arc<Policy>>,
    bytes: usize,
}

impl<K: Eq + Hash> Parsed<K> {
    /// Keeps one more; whether all others were forgotten for it.
    fn insert(&mut self, key: K, policy: Arc<Policy>, bytes: usize) -> bool {
        let is_full = self.policies.len() >= CAPACITY || self.bytes + bytes > BYTES;
        if is_full {
            (self.policies, self.bytes) = (HashMap::new(), 0);
        }
        // What another thread put there meanwhile is the same document.
        if self.policies.insert(key, policy).is_none() {
            self.bytes += bytes;
        }
        is_full
    }
}

impl PolicyCache {
    /// The policies in force for a user or role.
    pub fn effective(&self, tx: &Tx<'_>, entity_id: &str) -> Result<InForce, ApiError> {
        let Some(generation) = tx.generation() else { return Ok(self.attached(tx, entity_id)?.into()) };
        if let Some((of, policies)) = self.in_force.read().unwrap_or_else(PoisonError::into_inner).get(entity_id)
            && *of == generation
        {
            return Ok(Arc::clone(policies));
        }
        let policies: InForce = self.attached(tx, entity_id)?.into();
        let mut known = self.in_force.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= ENTITIES {
            known.clear();
        }
        known.insert(entity_id.to_owned(), (generation, Arc::clone(&policies)));
        Ok(policies)
    }

    fn attached(&self, tx: &Tx<'_>, entity_id: &str) -> Result<Vec<Arc<Policy>>, ApiError> {
        let attached = policies::effective(tx, entity_id).map_err(ApiError::internal)?;
        let mut found = Vec::with_capacity(attached.len());
        for policy in attached {
            found.push(match policy.document_id {
                Some(document_id) => self.custom(tx, document_id)?,
                None => system_policies::get(&policy.policy_name)
                    .ok_or_else(|| ApiError::internal("an attached system policy that does not exist"))?
                    .parsed(),
            });
        }
        Ok(found)
    }

    /// The parsed policy of a key or a secret.
    pub fn of_key(&self, text: &str) -> Result<Arc<Policy>, ApiError> {
        if let Some(policy) = self.key.read().unwrap_or_else(PoisonError::into_inner).policies.get(text) {
            return Ok(Arc::clone(policy));
        }
        let policy = Arc::new(Policy::parse(text, PolicyKind::Key).map_err(ApiError::internal)?);
        let mut known = self.key.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(text.to_owned(), Arc::clone(&policy), text.len());
        Ok(policy)
    }

    fn custom(&self, tx: &Tx<'_>, document_id: i64) -> Result<Arc<Policy>, ApiError> {
        if let Some(policy) = self.identity.read().unwrap_or_else(PoisonError::into_inner).policies.get(&document_id) {
            return Ok(Arc::clone(policy));
        }
        let text = policies::document(tx, document_id).map_err(ApiError::internal)?;
        let text = text.ok_or_else(|| ApiError::internal("a policy version without a document"))?;
        let policy = Arc::new(Policy::parse(&text, PolicyKind::Identity).map_err(ApiError::internal)?);
        let mut known = self.identity.write().unwrap_or_else(PoisonError::into_inner);
        if known.insert(document_id, Arc::clone(&policy), text.len()) {
            // They hold what was forgotten.
            self.in_force.write().unwrap_or_else(PoisonError::into_inner).clear();
        }
        Ok(policy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded_by_number_and_by_size_and_the_newest_is_always_there() {
        let policy = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"a","Resource":"*"}]}"#;
        let policy = Arc::new(Policy::parse(policy, PolicyKind::Identity).unwrap());
        for bytes in [1, 6144, 32_768] {
            let mut known = Parsed::default();
            for number in 0..2 * CAPACITY {
                known.insert(number, Arc::clone(&policy), bytes);
                known.insert(number, Arc::clone(&policy), bytes);
                assert!(known.policies.contains_key(&number));
                assert!(known.policies.len() <= CAPACITY && known.bytes <= BYTES);
                assert_eq!(known.bytes, known.policies.len() * bytes);
            }
        }
    }
}
