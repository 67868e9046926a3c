//! Secrets: found, sealed, opened; their versions and stages.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;
use coffer_store::secrets::{self, Secret};

use crate::context::Cx;

/// The ARN of a secret.
pub fn arn(secret: &Secret) -> Arn {
    Arn::kms(secret.region, &secret.account, &format!("secret/{}", secret.secret_name))
}

/// The caller's secret of that name or ARN, in the region of the request. One whose deletion is due is gone, whether or not the job
/// that erases it has run yet.
pub fn find(cx: &Cx<'_>, name: &str) -> Result<Secret, ApiError> {
    let own = Arn::kms(cx.region(), cx.account(), "secret/").to_string();
    let name = match name.strip_prefix(&own) {
        Some(name) => name,
        None if name.starts_with("acs:kms:") => return Err(ErrorCode::SecretNotFound.into()),
        None => name,
    };
    let found = secrets::by_name(cx.tx, cx.account(), cx.region(), name)?;
    Ok(found.filter(|secret| secret.delete_at.is_none_or(|due| due > cx.now)).ok_or(ErrorCode::SecretNotFound)?)
}

/// The secret of our id.
pub fn of_id(cx: &Cx<'_>, secret_id: &str) -> Result<Secret, ApiError> {
    Secret::get(cx.tx, secret_id)?.ok_or_else(|| ApiError::internal("a secret is gone that was there"))
}

/// Refuses a secret that is to be deleted.
pub fn require_live(secret: &Secret) -> Result<(), ApiError> {
    if secret.delete_at.is_some() { Err(ErrorCode::SecretPlannedDeleted.into()) } else { Ok(()) }
}
