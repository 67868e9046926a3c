//! How many keys, aliases and secrets an account may have in a region, where an operator sets a bound (`quotas`).
//!
//! What is made is counted after it was made: a transaction that goes beyond a quota is undone.

use coffer_base::{ApiError, ErrorCode, Region};
use coffer_store::keys::{self, Column, Filter};
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

/// The same of aliases.
pub fn require_aliases(cx: &Cx<'_>, region: Region) -> Result<(), ApiError> {
    require(cx.settings.quotas.aliases, || Ok(keys::count_own_aliases(cx.tx, cx.account(), region)?))
}

/// The same of secrets.
pub fn require_secrets(cx: &Cx<'_>, region: Region) -> Result<(), ApiError> {
    let all = secrets::Filter::default();
    require(cx.settings.quotas.secrets, || Ok(secrets::list(cx.tx, cx.account(), region, &all, 0, 0)?.1))
}
