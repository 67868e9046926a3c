//! Snapshots whose time is over.

use coffer_base::{ApiError, Arn};
use coffer_store::snapshots::{self, Snapshot};
use coffer_store::{Record as _, Tx};

use super::Again;
use crate::audit::{self, Deed};
use crate::dispatch::Shared;
use crate::ecs::snapshot_removal;

/// How long a snapshot whose retention is over, but that is still needed, waits before it is looked at again.
const NEEDED_MS: i64 = 60 * 60 * 1000;

/// Deletes a snapshot whose retention is over, unless its retention was made longer. While a disk or an image is made from it, or
/// it is being copied, it stays.
pub(super) fn expire(shared: &Shared, tx: &Tx<'_>, snapshot_id: &str) -> Result<Again, ApiError> {
    let Some(snapshot) = Snapshot::get(tx, snapshot_id)? else { return Ok(Again::Never) };
    let now = shared.clock.now();
    if snapshot.expires_at().is_none_or(|expires_at| expires_at > now) {
        return Ok(Again::Never);
    }
    if snapshot_removal::obstacle(tx, snapshot_id, false)?.is_some() {
        return Ok(Again::AfterMs(NEEDED_MS));
    }
    snapshots::delete(tx, snapshot_id)?;
    snapshot_removal::free(tx, snapshot_id, now)?;
    snapshot_removal::settle_group(tx, &snapshot.group_id)?;
    let resource = Arn::ecs(snapshot.region, &snapshot.account, &format!("snapshot/{snapshot_id}"));
    let (account, service, action) = (&snapshot.account, "ecs.aliyuncs.com", "ecs:DeleteSnapshot");
    let notes = [("snapshotId", snapshot_id.to_owned())];
    audit::record_deed(tx, &Deed { at: now, account, service, action, resource: &resource, notes: &notes })?;
    tracing::info!(snapshot_id, "a snapshot was deleted: its retention is over");
    Ok(Again::Never)
}
