//! ResetDisk: a disk becomes again what one of its snapshots holds, if the data keys of both can be opened at this moment.
//!
//! The vendor: every instance that has the disk is stopped, and the snapshot was made of this disk; a copy of it won't do ("Copy a
//! snapshot"). Where it is silent: a disk that has grown since keeps its size.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::disk_key::Wording;
use super::{disk_reset, owned};
use crate::context::Cx;
use crate::decode::request;
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
    errors: &[
        &[ErrorCode::EcsInvalidParameter, ErrorCode::DryRunOperation],
        &disk_reset::ERRORS,
        &Wording::RESET.codes(),
    ],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![owned::arn(cx, "disk", &request.disk_id), owned::arn(cx, "snapshot", &request.snapshot_id)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let disk = disk_reset::prepare(cx, &request.disk_id, &request.snapshot_id)?;
    if request.dry_run == Some(true) {
        return Err(ErrorCode::DryRunOperation.into());
    }
    disk_reset::begin(cx, disk, &request.snapshot_id)?;
    Ok(Response {})
}
