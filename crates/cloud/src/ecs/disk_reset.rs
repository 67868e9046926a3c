//! Resetting a disk to one of its snapshots: what the operation on one disk and that on several share.

use coffer_base::{ApiError, ErrorCode};
use coffer_store::Record as _;
use coffer_store::disks::Disk;
use coffer_store::snapshots::Snapshot;

use super::data_key::Wrapped;
use super::disk_key::Wording;
use super::{existing_disk, owned, volume};
use crate::context::Cx;
use crate::job::{self, Kind};

/// The errors of [`prepare`], but for those of keys.
pub const ERRORS: [ErrorCode; 9] = [
    ErrorCode::DiskNotFound,
    ErrorCode::SnapshotNotFound,
    ErrorCode::ResetInProgress,
    ErrorCode::DiskStatusIncorrect,
    ErrorCode::InstanceStatusIncorrect,
    ErrorCode::ResetAnotherDisk,
    ErrorCode::SnapshotNotReady,
    ErrorCode::ResetSnapshotInProgress,
    ErrorCode::ResetPlainDisk,
];

/// The disk, if it can be reset to that snapshot now. Changes nothing.
pub fn prepare(cx: &mut Cx<'_>, disk_id: &str, snapshot_id: &str) -> Result<Disk, ApiError> {
    let disk = existing_disk::find(cx, disk_id)?;
    let snapshot: Option<Snapshot> = owned::find_in(cx, disk.region, snapshot_id)?;
    let snapshot = snapshot.ok_or(ErrorCode::SnapshotNotFound)?;
    if disk.status == "ReIniting" {
        return Err(ErrorCode::ResetInProgress.into());
    }
    if !existing_disk::is_ready(&disk) {
        return Err(ErrorCode::DiskStatusIncorrect.into());
    }
    existing_disk::require_instances(cx, &disk, &["Stopped"], ErrorCode::InstanceStatusIncorrect)?;
    if snapshot.source_disk_id != disk.disk_id || !snapshot.source_snapshot_id.is_empty() {
        return Err(ErrorCode::ResetAnotherDisk.into());
    }
    if snapshot.status != "accomplished" {
        return Err(ErrorCode::SnapshotNotReady.into());
    }
    existing_disk::require_no_snapshot_in_progress(cx, &disk, ErrorCode::ResetSnapshotInProgress)?;
    let (of_disk, of_snapshot) = (Wrapped::of_disk(&disk), Wrapped::of_snapshot(&snapshot));
    if of_disk.is_none() && of_snapshot.is_some() {
        return Err(ErrorCode::ResetPlainDisk.into());
    }
    for wrapped in [of_disk, of_snapshot].into_iter().flatten() {
        drop(wrapped.open(cx, &Wording::RESET)?);
    }
    Ok(disk)
}

/// Begins to reset a disk: it gets a new volume, a clone of the snapshot.
pub fn begin(cx: &mut Cx<'_>, mut disk: Disk, snapshot_id: &str) -> Result<(), ApiError> {
    volume::replace(cx, &mut disk, snapshot_id, &Wording::RESET)?;
    "ReIniting".clone_into(&mut disk.status);
    disk.update(cx.tx)?;
    job::soon(cx, Kind::SettleDisk, &disk.disk_id)?;
    cx.note("diskId", disk.disk_id);
    Ok(())
}
