//! Snapshots on their way to being complete, and those whose time is over.

use coffer_base::ApiError;
use coffer_store::snapshots::{self, Snapshot, SnapshotGroup};
use coffer_store::{Record as _, Tx, disks, images};

use crate::dispatch::Shared;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Finishes a snapshot that is being made or copied, and its group with the last of its members.
pub(super) fn complete(shared: &Shared, tx: &Tx<'_>, snapshot_id: &str) -> Result<(), ApiError> {
    let Some(mut snapshot) = Snapshot::get(tx, snapshot_id)? else { return Ok(()) };
    if snapshot.status != "progressing" {
        return Ok(());
    }
    "accomplished".clone_into(&mut snapshot.status);
    snapshot.progress = 100;
    snapshot.modified_at = shared.clock.now();
    snapshot.update(tx)?;
    let members = snapshots::of_group(tx, &snapshot.group_id)?;
    if let Some(mut group) = SnapshotGroup::get(tx, &snapshot.group_id)?
        && members.iter().all(|member| member.status == "accomplished")
    {
        "accomplished".clone_into(&mut group.status);
        group.update(tx)?;
    }
    Ok(())
}

/// Deletes a snapshot whose retention is over, unless its retention was made longer, or a disk or an image is still made from it.
pub(super) fn expire(shared: &Shared, tx: &Tx<'_>, snapshot_id: &str) -> Result<(), ApiError> {
    let Some(snapshot) = Snapshot::get(tx, snapshot_id)? else { return Ok(()) };
    let Some(days) = snapshot.retention_days else { return Ok(()) };
    let over = snapshot.created_at.plus_ms(days * DAY_MS) <= shared.clock.now();
    if over && !disks::made_from(tx, snapshot_id)? && !images::made_from(tx, snapshot_id)? {
        snapshots::delete(tx, snapshot_id)?;
        tracing::info!(snapshot_id, "a snapshot was deleted: its retention is over");
    }
    Ok(())
}
