//! What is left to do to keys.

use coffer_base::ApiError;
use coffer_store::{Tx, keys};

use crate::audit::{self, Deed};
use crate::dispatch::Shared;
use crate::kms::dependents::Dependents;
use crate::kms::key;

/// Deletes a key whose window is over. What is encrypted under it stays and can't be read any more: how much is put on record.
pub(super) fn delete(shared: &Shared, tx: &Tx<'_>, key_id: &str) -> Result<(), ApiError> {
    let now = shared.clock.now();
    let due = keys::get(tx, key_id)?.filter(|key| key.delete_at.is_some_and(|due| due <= now));
    let Some(key) = due else { return Ok(()) };
    let lost = Dependents::of(tx, &key)?;
    keys::delete(tx, key_id)?;
    let resource = key::arn(&key);
    let notes = [&[("keyId", key.key_id)], &lost.notes()[..]].concat();
    let (account, service, action) = (&key.account, "kms.aliyuncs.com", "kms:DeleteKey");
    audit::record_deed(tx, &Deed { at: now, account, service, action, resource: &resource, notes: &notes })?;
    let Dependents { disks, snapshots, images } = lost;
    tracing::warn!(
        key_id,
        disks,
        snapshots,
        images,
        "a key was deleted: its window is over, and what it encrypted is lost"
    );
    Ok(())
}
