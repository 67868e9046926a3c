//! What an operation runs in: the transaction, who calls, the time, the keys, the settings. Its only way to the outside.

use std::net::IpAddr;
use std::sync::Arc;

use coffer_base::{AccountId, ApiError, Region, Rng, Timestamp};
use coffer_block::host::Host;
use coffer_crypto::Material;
use coffer_store::Tx;
use coffer_store::jobs::Job;

use crate::auth::{KeyUses, PolicyCache};
use crate::bell::Wait;
use crate::caller::Caller;
use crate::keyring::Keyring;
use crate::operation::Operation;
use crate::settings::Settings;

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
    /// A key of a kind that takes long to make, where the operation asked for one before its transaction.
    pub prepared: Option<&'a Arc<Material>>,
    /// What is called; `None` in a job.
    pub operation: Option<&'static Operation>,
    /// Where the request came from and how.
    pub origin: &'a Origin,
    /// What conditions of policies can ask about the request besides what every request has.
    pub conditions: Vec<(&'static str, String)>,
    /// What belongs on record besides the action and its outcome, by name.
    pub notes: Vec<(&'static str, String)>,
    /// The volumes of this machine: to look at. What is done to them is a job.
    pub host: &'a Host,
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
    pub request_tags: Vec<(String, String)>,
}

impl Cx<'_> {
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
        let outcome = tx.atomic(|_| work(self));
        if outcome.is_err() {
            self.notes.truncate(noted);
            self.prompts.truncate(asked);
        }
        outcome
    }

    /// Puts something on record with this call.
    pub fn note(&mut self, name: &'static str, value: impl Into<String>) {
        self.notes.push((name, value.into()));
    }
}
