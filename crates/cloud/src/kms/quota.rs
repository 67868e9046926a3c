//! How many keys, aliases and secrets an account may have in a region, where an operator sets a bound (`quotas`).
//!
//! What is made is counted after it was made: a transaction that goes beyond a quota is undone.

use coffer_base::{ApiError, ErrorCode, Region};
use coffer_store::keys::{self, Column, Filter, Key};
use coffer_store::secrets;

use crate::context::Cx;

fn require(most: Option<i64>, count: impl FnOnce() -> Result<i64, ApiError>) -> Result<(), ApiError> {
    match most {
        Some(most) if count()? > most => Err(ErrorCode::KmsLimitExceeded.into()),
        _ => Ok(()),
    }
}

/// Refuses when the account has more keys in the region than it may; those of services do not count.
pub fn require_keys(cx: &Cx<'_>, region: Region) -> Result<(), ApiError> {
    let own = Filter { columns: vec![(Column::CreatorType, vec!["User".to_owned()])], ..Filter::default() };
    require(cx.settings.quotas.keys, || Ok(keys::list(cx.tx, cx.account(), region, &own, 0, 0)?.1))
}

/// Refuses when a key, or the account's keys in its region together, have more versions than they may. Automatic rotation does not ask: a
/// key that silently stopped to be rotated would be worse than one version more.
pub fn require_versions(cx: &Cx<'_>, key: &Key) -> Result<(), ApiError> {
    let quotas = &cx.settings.quotas;
    require(quotas.key_versions, || Ok(keys::count_own_versions(cx.tx, &key.account, key.region)?))?;
    match key.primary_version_id {
        Some(_) => Ok(()),
        None => require(quotas.asymmetric_key_versions, || Ok(keys::count_versions(cx.tx, &key.key_id)?)),
    }
}

/// Refuses when the account has more aliases in the region than it may, those of services aside.
pub fn require_aliases(cx: &Cx<'_>, region: Region) -> Result<(), ApiError> {
    require(cx.settings.quotas.aliases, || Ok(keys::count_own_aliases(cx.tx, cx.account(), region)?))
}

/// The same of secrets.
pub fn require_secrets(cx: &Cx<'_>, region: Region) -> Result<(), ApiError> {
    let all = secrets::Filter::default();
    require(cx.settings.quotas.secrets, || Ok(secrets::list(cx.tx, cx.account(), region, &all, 0, 0)?.1))
}
