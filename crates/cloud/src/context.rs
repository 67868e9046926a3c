//! What an operation runs in: the transaction, who calls, the time, the keys, the settings. Its only way to the outside.

use std::cell::RefCell;
use std::net::IpAddr;

use coffer_base::{AccountId, ApiError, Arn, ErrorCode, Region, Rng, Timestamp};
use coffer_block::host::Host;
use coffer_store::jobs::Job;
use coffer_store::keys::Key;
use coffer_store::tags::Tag;
use coffer_store::{Record as _, StoreError, Tx};

use crate::auth::{KeyUses, PolicyCache};
use crate::bell::Wait;
use crate::caller::Caller;
use crate::costly::Made;
use crate::keyring::Keyring;
use crate::operation::Operation;
use crate::settings::Settings;
use crate::version_uses::VersionUses;

/// The surroundings of one call, inside one transaction.
pub struct Cx<'a> {
    /// The transaction.
    pub tx: &'a Tx<'a>,
    /// Who calls.
    pub caller: &'a Caller,
    /// The moment at which the call counts.
    pub now: Timestamp,
    /// Randomness.
    pub rng: &'a dyn Rng,
    /// The keys.
    pub keyring: &'a Keyring,
    /// The settings.
    pub settings: &'a Settings,
    /// Parsed policies.
    pub policies: &'a PolicyCache,
    /// When access keys were last used.
    pub uses: &'a KeyUses,
    /// When versions of KMS keys were last used.
    pub version_uses: &'a VersionUses,
    /// What was made before the transaction, where the operation asked for that.
    pub made: Option<&'a Made>,
    /// What is called; `None` in a job.
    pub operation: Option<&'static Operation>,
    /// The key that was last read, kept where its row can't change: in a call that only reads.
    pub key: RefCell<Option<Key>>,
    /// Where the request came from and how.
    pub origin: &'a Origin,
    /// What conditions of policies can ask about the request besides what every request has.
    pub conditions: Vec<(&'static str, String)>,
    /// What the request names that has to be looked up before policies can be asked about it, as policies name it: one for each that
    /// the operation asks about, as far as it came. Who may not have these is answered the same whether or not they are there.
    pub named: Vec<Arn>,
    /// What the first of `named` turned out to be.
    pub found: Vec<Arn>,
    /// What belongs on record besides the action and its outcome, by name.
    pub notes: Vec<(&'static str, String)>,
    /// What the caller is to be told beside the answer.
    pub warnings: Vec<String>,
    /// The volumes of this machine: to look at. What is done to them is a job.
    pub host: &'a Host,
    /// Whether KMS is out of reach, as test mode can have it.
    pub kms_is_down: bool,
    /// The jobs to be done before this call is answered.
    pub prompts: Vec<Job>,
    /// What a read that found nothing waits for before it is done again.
    pub wait: Option<Wait>,
}

/// Where a request came from and how.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The client's address.
    pub peer: IpAddr,
    /// Whether it came over TLS.
    pub tls: bool,
    /// The region that the request or its host names.
    pub region: Option<Region>,
    /// The endpoint as the client called it: host, and port where there is one.
    pub host: String,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// The tags that the request sets.
    pub request_tags: Vec<Tag>,
}

impl<'a> Cx<'a> {
    /// What was made before the transaction, if it is of that kind.
    pub fn prepared<T: 'static>(&self) -> Option<&'a T> {
        self.made.and_then(|made| made.downcast_ref())
    }

    /// The row of a key. What is made of it (policy, state, version) is asked for several times in a call, which reads it once.
    pub fn key_row(&self, key_id: &str) -> Result<Option<Key>, StoreError> {
        if self.tx.generation().is_none() {
            return Key::get(self.tx, key_id);
        }
        let mut kept = self.key.borrow_mut();
        if kept.as_ref().is_none_or(|key| key.key_id != key_id) {
            *kept = Key::get(self.tx, key_id)?;
        }
        Ok(kept.clone())
    }

    /// The caller's account.
    pub const fn account(&self) -> &AccountId {
        &self.caller.account
    }

    /// The region the request is for: what it or its host names, else the server's own.
    pub fn region(&self) -> Region {
        self.origin.region.unwrap_or(self.settings.region)
    }

    /// Does one of several things that stand by themselves: when it fails, what it wrote and noted is taken back, and no more.
    pub fn apart<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, ApiError>) -> Result<T, ApiError> {
        let (tx, noted, asked) = (self.tx, self.notes.len(), self.prompts.len());
        let warned = self.warnings.len();
        let outcome = tx.atomic(|_| work(self));
        if outcome.is_err() {
            self.notes.truncate(noted);
            self.prompts.truncate(asked);
            self.warnings.truncate(warned);
        }
        outcome
    }

    /// Refuses while KMS is out of reach.
    pub fn require_kms(&self) -> Result<(), ApiError> {
        if self.kms_is_down { Err(ErrorCode::ServiceUnavailable.into()) } else { Ok(()) }
    }

    /// Puts something on record with this call.
    pub fn note(&mut self, name: &'static str, value: impl Into<String>) {
        self.notes.push((name, value.into()));
    }

    /// Tells the caller something beside the answer, in a header of it, and puts that on record. Only what succeeds warns.
    pub fn warn(&mut self, text: String) {
        self.note("warning", text.clone());
        self.warnings.push(text);
    }
}
