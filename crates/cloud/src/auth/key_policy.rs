//! Key policies: what the policy of a key itself says of a principal ("Key policy"); those of secrets, which have the same form.
//!
//! A statement that names a user or a role decides by itself. One that names a whole account (`root` or `*`) lets that account decide
//! by its own policies whom it lets use the key: so does the default policy, and without it every user of the account could do
//! everything with every key.

use coffer_base::{AccountId, ApiError, Arn, Region};
use coffer_store::keys::Key;
use coffer_store::secrets::{self, Secret};

use super::policy::{Context, Principal, evaluate_key};
use super::tagged::with_tags;
use crate::caller::{Caller, Identity};
use crate::context::Cx;

pub use super::policy::Grant;

/// The caller as a policy of a resource sees it.
pub fn principal(caller: &Caller) -> Principal<'_> {
    let account = caller.account.as_str();
    match &caller.identity {
        Identity::Account => Principal::Account(account),
        Identity::User { user_name, .. } => Principal::User(account, user_name),
        Identity::Session { role_name, .. } => Principal::Role(account, role_name),
        Identity::Federated { provider } => Principal::Federated(provider),
    }
}

/// What has a policy of its own.
#[derive(Clone, Copy, Debug)]
pub enum Guarded<'a> {
    /// A key.
    Key(&'a Key),
    /// A secret.
    Secret(&'a Secret),
}

impl Guarded<'_> {
    /// Its owner.
    pub const fn account(&self) -> &AccountId {
        match self {
            Self::Key(key) => &key.account,
            Self::Secret(secret) => &secret.account,
        }
    }

    /// What kind it is, and its name.
    pub fn name(&self) -> (&'static str, &str) {
        match self {
            Self::Key(key) => ("key", &key.key_id),
            Self::Secret(secret) => ("secret", &secret.secret_name),
        }
    }

    /// Its policy, unless that is the default one.
    pub fn policy(&self) -> Option<&str> {
        match self {
            Self::Key(key) => key.policy.as_deref(),
            Self::Secret(secret) => secret.policy.as_deref(),
        }
    }

    fn arn(&self) -> Arn {
        match self {
            Self::Key(key) => Arn::kms(key.region, &key.account, &format!("key/{}", key.key_id)),
            Self::Secret(secret) => Arn::kms(secret.region, &secret.account, &format!("secret/{}", secret.secret_name)),
        }
    }

    /// What its policy says of a principal.
    pub fn grant(
        &self,
        cx: &Cx<'_>,
        principal: &Principal<'_>,
        action: &str,
        context: &Context,
    ) -> Result<Grant, ApiError> {
        match self.policy() {
            // The default one, which names the account alone.
            None if principal.account() == Some(self.account().as_str()) => Ok(Grant::Account),
            None => Ok(Grant::Nothing),
            Some(text) => {
                let policy = cx.policies.of_key(text)?;
                if !policy.asks_for_tags {
                    return Ok(evaluate_key(&policy, principal, action, context));
                }
                Ok(evaluate_key(&policy, principal, action, &with_tags(cx, &self.arn(), context)?))
            }
        }
    }
}

/// The name of a key or a secret, taken out of its ARN.
enum Named<'a> {
    Key(&'a str),
    Secret(&'a str),
}

/// Region, account and name of what has a policy of its own, by its ARN.
fn named(resource: &Arn) -> Option<(&str, &str, Named<'_>)> {
    let rest = resource.as_str().strip_prefix("acs:kms:")?;
    let (region, rest) = rest.split_once(':')?;
    let (owner, name) = rest.split_once(':')?;
    let key = name.strip_prefix("key/").map(Named::Key);
    Some((region, owner, key.or_else(|| name.strip_prefix("secret/").map(Named::Secret))?))
}

/// The account that a key or a secret belongs to, by its ARN; `None` for anything else.
pub fn owner(resource: &Arn) -> Option<&str> {
    named(resource).map(|(_, owner, _)| owner)
}

/// What has a policy of its own, as it was found.
pub enum Found {
    /// A key.
    Key(Key),
    /// A secret.
    Secret(Secret),
}

impl Found {
    /// What a resource is, if that has a policy of its own.
    pub fn by(cx: &Cx<'_>, resource: &Arn) -> Result<Option<Self>, ApiError> {
        match named(resource) {
            Some((_, owner, Named::Key(key_id))) => {
                // An ARN may have been put together for a key that is another account's: that is no such key.
                Ok(cx.key_row(key_id)?.filter(|key| key.account.as_str() == owner).map(Self::Key))
            }
            Some((region, owner, Named::Secret(name))) => {
                let (Some(region), Some(owner)) = (Region::parse(region), AccountId::parse(owner)) else {
                    return Ok(None);
                };
                Ok(secrets::by_name(cx.tx, &owner, region, name)?.map(Self::Secret))
            }
            None => Ok(None),
        }
    }

    /// It, as something that has a policy.
    pub const fn guarded(&self) -> Guarded<'_> {
        match self {
            Self::Key(key) => Guarded::Key(key),
            Self::Secret(secret) => Guarded::Secret(secret),
        }
    }
}

/// What the policy of a resource says of a principal. What is neither key nor secret has none.
pub fn grant(
    cx: &Cx<'_>,
    resource: &Arn,
    principal: &Principal<'_>,
    action: &str,
    context: &Context,
) -> Result<Grant, ApiError> {
    match Found::by(cx, resource)? {
        Some(found) => found.guarded().grant(cx, principal, action, context),
        None => Ok(Grant::Nothing),
    }
}
