//! Key policies: what the policy of a key itself says of a principal ("Key policy").
//!
//! A statement that names a user or a role decides by itself. One that names a whole account (`root` or `*`) lets that account decide
//! by its own policies whom it lets use the key: so does the default policy, and without it every user of the account could do
//! everything with every key.

use coffer_base::{ApiError, Arn};
use coffer_store::keys::Key;

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

/// The account that a key belongs to, by its ARN; `None` for what is no key of KMS.
pub fn owner(resource: &Arn) -> Option<&str> {
    key_of(resource).map(|(owner, _)| owner)
}

fn key_of(resource: &Arn) -> Option<(&str, &str)> {
    let rest = resource.as_str().strip_prefix("acs:kms:")?;
    let (_, rest) = rest.split_once(':')?;
    let (owner, name) = rest.split_once(':')?;
    Some((owner, name.strip_prefix("key/")?))
}

/// What the policy of a resource says of a principal. What is no key has none.
pub fn grant(
    cx: &Cx<'_>,
    resource: &Arn,
    principal: &Principal<'_>,
    action: &str,
    context: &Context,
) -> Result<Grant, ApiError> {
    let Some((_, key_id)) = key_of(resource) else { return Ok(Grant::Nothing) };
    match cx.key_row(key_id)? {
        Some(key) => of_key(cx, &key, principal, action, context),
        None => Ok(Grant::Nothing),
    }
}

/// What the policy of a key says of a principal.
pub fn of_key(
    cx: &Cx<'_>,
    key: &Key,
    principal: &Principal<'_>,
    action: &str,
    context: &Context,
) -> Result<Grant, ApiError> {
    match &key.policy {
        // The default one, which names the account alone.
        None if principal.account() == Some(key.account.as_str()) => Ok(Grant::Account),
        None => Ok(Grant::Nothing),
        Some(text) => {
            let policy = cx.policies.of_key(text)?;
            if !policy.asks_for_tags {
                return Ok(evaluate_key(&policy, principal, action, context));
            }
            let arn = Arn::kms(key.region, &key.account, &format!("key/{}", key.key_id));
            Ok(evaluate_key(&policy, principal, action, &with_tags(cx, &arn, context)?))
        }
    }
}
