//! ResetDisk: a disk becomes again what one of its snapshots holds, if the data keys of both can be opened at this moment.
//!
//! The vendor: every instance that has the disk is stopped, and the snapshot was made of this disk; a copy of it won't do ("Copy a
//! snapshot"). Where it is silent: a disk that has grown since keeps its size.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;
use coffer_store::disks::Disk;
use coffer_store::snapshots::Snapshot;

use super::data_key::Wrapped;
use super::disk_key::Wording;
use super::{existing_disk, owned};
use crate::context::Cx;
use crate::decode::request;
use crate::jobs::{self, Kind};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which disk, and to which snapshot.
    pub struct Request {
        /// The disk.
        pub disk_id: String = "DiskId",
        /// Only to say whether the request is in order.
        pub dry_run: Option<bool> = "DryRun",
        /// The snapshot.
        pub snapshot_id: String = "SnapshotId",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ResetDisk",
    effect: Effect::Write,
    access: Access::Action("ecs:ResetDisk"),
    idempotent: false,
    errors: &[&[ErrorCode::EcsInvalidParameter, ErrorCode::DryRunOperation], &ERRORS, &Wording::RESET.codes()],
};

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

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![owned::arn(cx, "disk", &request.disk_id), owned::arn(cx, "snapshot", &request.snapshot_id)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let disk = prepare(cx, &request.disk_id, &request.snapshot_id)?;
    if request.dry_run == Some(true) {
        return Err(ErrorCode::DryRunOperation.into());
    }
    begin(cx, disk)?;
    Ok(Response {})
}

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

/// Begins to reset a disk.
pub fn begin(cx: &mut Cx<'_>, mut disk: Disk) -> Result<(), ApiError> {
    "ReIniting".clone_into(&mut disk.status);
    disk.update(cx.tx)?;
    jobs::soon(cx, Kind::SettleDisk, &disk.disk_id)?;
    cx.note("diskId", disk.disk_id);
    Ok(())
}
