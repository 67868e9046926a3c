//! The end of a snapshot: what stands in its way, and what goes with it.

use coffer_base::{ApiError, ErrorCode, Timestamp};
use coffer_store::snapshots::{self, Snapshot, SnapshotGroup};
use coffer_store::volumes::Manifest;
use coffer_store::{Record as _, Tx, disks, images};

use crate::job::{self, Kind};

/// The errors of [`obstacle`].
pub const ERRORS: &[ErrorCode] =
    &[ErrorCode::SnapshotCreatedImage, ErrorCode::SnapshotConflict, ErrorCode::SnapshotCreatedDisk];

/// What forbids to delete a snapshot: an image made from it, a copy that is still being made of it, or, unless `force` is used, a
/// disk made from it.
pub fn obstacle(tx: &Tx<'_>, snapshot_id: &str, force: bool) -> Result<Option<ErrorCode>, ApiError> {
    if images::made_from(tx, snapshot_id)? {
        return Ok(Some(ErrorCode::SnapshotCreatedImage));
    }
    if snapshots::is_being_copied(tx, snapshot_id, None)? {
        return Ok(Some(ErrorCode::SnapshotConflict));
    }
    if !force && disks::made_from(tx, snapshot_id)? {
        return Ok(Some(ErrorCode::SnapshotCreatedDisk));
    }
    Ok(None)
}

/// Deletes a snapshot that nothing stands in the way of. Its wrapped data key goes once its objects are freed. One that is still being made is given up.
pub fn remove(tx: &Tx<'_>, snapshot: &Snapshot, now: Timestamp) -> Result<(), ApiError> {
    job::withdraw(tx, Kind::CompleteSnapshot, &snapshot.snapshot_id)?;
    job::withdraw(tx, Kind::ExpireSnapshot, &snapshot.snapshot_id)?;
    snapshots::delete(tx, &snapshot.snapshot_id)?;
    free(tx, &snapshot.snapshot_id, now)?;
    settle_group(tx, &snapshot.group_id)
}

/// Has the objects of a snapshot that is gone or failed freed, with its wrapped data key: as soon as no clone needs them any more.
pub fn free(tx: &Tx<'_>, snapshot_id: &str, now: Timestamp) -> Result<(), ApiError> {
    let Some(mut manifest) = Manifest::get(tx, snapshot_id)? else { return Ok(()) };
    manifest.is_deleted = true;
    manifest.update(tx)?;
    job::follow(tx, Kind::FreeSnapshot, snapshot_id, now)
}

/// Finishes a group once all snapshots that are left in it are complete; it fails when one of them did.
pub fn settle_group(tx: &Tx<'_>, group_id: &str) -> Result<(), ApiError> {
    let Some(mut group) = SnapshotGroup::get(tx, group_id)? else { return Ok(()) };
    let members = snapshots::of_group(tx, group_id)?;
    let is_over = members.iter().all(|member| member.status != "progressing");
    if is_over && group.status == "progressing" {
        let failed = members.iter().any(|member| member.status == "failed");
        if failed { "failed" } else { "accomplished" }.clone_into(&mut group.status);
        group.update(tx)?;
    }
    Ok(())
}
