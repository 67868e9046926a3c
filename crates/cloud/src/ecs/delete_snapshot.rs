//! DeleteSnapshot: a snapshot goes, with its tags, its shares and its wrapped data key. One that is still being made is given up. Its
//! key is not needed for that.
//!
//! The vendor: one that an image was made from stays, whatever `Force` says; one that disks were made from goes only with `Force`.
//! Where the vendor contradicts itself: an unknown snapshot is 404, as the error table says, and not ignored, as the text says. Where
//! it is silent: one that is being copied is 403 `Operation.Conflict` until the copy is complete.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::snapshots::Snapshot;

use super::{owned, snapshot_removal};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The snapshot.
    pub struct Request {
        /// Whether it goes although disks were made from it.
        pub force: Option<bool> = "Force",
        /// Its id.
        pub snapshot_id: String = "SnapshotId",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DeleteSnapshot",
    effect: Effect::Write,
    access: Access::Action("ecs:DeleteSnapshot"),
    idempotent: false,
    errors: &[&[ErrorCode::EcsInvalidParameter, ErrorCode::DeletedSnapshotNotFound], snapshot_removal::ERRORS],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![owned::arn(cx, "snapshot", &request.snapshot_id)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let snapshot: Snapshot = owned::find(cx, &request.snapshot_id)?.ok_or(ErrorCode::DeletedSnapshotNotFound)?;
    if let Some(obstacle) = snapshot_removal::obstacle(cx.tx, &snapshot.snapshot_id, request.force.unwrap_or(false))? {
        return Err(obstacle.into());
    }
    snapshot_removal::remove(cx.tx, &snapshot, cx.now)?;
    cx.note("snapshotId", snapshot.snapshot_id);
    Ok(Response {})
}
