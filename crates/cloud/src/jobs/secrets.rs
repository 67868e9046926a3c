//! What is left to do to secrets that KMS manages.

use coffer_base::ApiError;
use coffer_store::secrets::Secret;
use coffer_store::{Record as _, Tx};

use super::Again;
use super::keys::record;
use crate::context::Cx;
use crate::dispatch::Shared;
use crate::kms::{managed, secret};

/// How long a rotation waits that the account does not let KMS do.
const REFUSED_MS: i64 = 3_600_000;

/// Rotates a secret, if it is due. Where that is refused - the user is gone, the role, the key - it shows, and is tried again later.
pub(super) fn rotate(shared: &Shared, tx: &Tx<'_>, secret_id: &str) -> Result<Again, ApiError> {
    let now = shared.clock.now();
    let due = |secret: &Secret| secret.delete_at.is_none() && managed::next(secret).is_some_and(|due| due <= now);
    let Some(mut secret) = Secret::get(tx, secret_id)?.filter(due) else { return Ok(Again::Never) };
    let done = attempt(shared, tx, &secret, "kms:RotateSecret", |cx| {
        let version_id = cx.rng.uuid();
        managed::rotate(cx, &mut secret.clone(), version_id)
    })?;
    if done {
        return Ok(Again::Never);
    }
    secret.rotation_failed = true;
    secret.update(tx)?;
    Ok(Again::AfterMs(REFUSED_MS))
}

/// Deletes the access keys that a secret had before the current one.
pub(super) fn retire(shared: &Shared, tx: &Tx<'_>, secret_id: &str) -> Result<Again, ApiError> {
    let Some(secret) = Secret::get(tx, secret_id)? else { return Ok(Again::Never) };
    let done = attempt(shared, tx, &secret, "ram:DeleteAccessKey", |cx| managed::retire(cx, &secret).map(drop))?;
    Ok(if done { Again::Never } else { Again::AfterMs(REFUSED_MS) })
}

/// Does something to a secret and puts it on record. `false` when it is refused: then it is as it was.
fn attempt(
    shared: &Shared,
    tx: &Tx<'_>,
    secret: &Secret,
    action: &str,
    work: impl FnOnce(&mut Cx<'_>) -> Result<(), ApiError>,
) -> Result<bool, ApiError> {
    shared.as_service(tx, &secret.account, |cx| match cx.apart(work) {
        Ok(()) => {
            cx.note("secretName", secret.secret_name.clone());
            record(shared, tx, &secret.account, action, &secret::arn(secret), &cx.notes)?;
            Ok(true)
        }
        Err(error) if error.source().is_some() => Err(error),
        Err(error) => {
            let (secret_name, code) = (&secret.secret_name, error.code_text());
            tracing::warn!(secret_name, %code, action, "what KMS does to a secret by itself was refused");
            Ok(false)
        }
    })
}
