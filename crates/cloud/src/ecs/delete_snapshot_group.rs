//! DeleteSnapshotGroup: a group goes, and each of its snapshots that nothing stands in the way of.
//!
//! The vendor: a snapshot that an image was made from stays. Where it is silent: so does one that disks were made from, as there is no
//! `Force` here, or that is being copied; what stays stands by itself from then on, and the answer says why it stayed.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::snapshots::{self, Snapshot, SnapshotGroup};

use super::parameter::GroupRegion;
use super::{owned, snapshot_removal};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The group.
    pub struct Request {
        /// Where it is.
        pub region: GroupRegion = "RegionId",
        /// Its id.
        pub snapshot_group_id: String = "SnapshotGroupId",
    }
}

response! {
    /// What became of the snapshots.
    pub struct Response {
        /// One by one.
        pub progress: Vec<Progress> = "OperationProgressSet" of "OperationProgress",
    }

    /// What became of a snapshot.
    pub struct Progress {
        /// Why it stayed; empty when it is gone.
        pub error_code: String = "ErrorCode",
        /// The same for people.
        pub error_message: String = "ErrorMsg",
        /// `Success` or `Failed`.
        pub status: &'static str = "OperationStatus",
        /// The snapshot.
        pub items: Vec<Item> = "RelatedItemSet" of "RelatedItem",
    }

    /// What something was done to.
    pub struct Item {
        /// `SnapshotId`.
        pub name: &'static str = "Name",
        /// The id.
        pub value: String = "Value",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DeleteSnapshotGroup",
    effect: Effect::Write,
    access: Access::Action("ecs:DeleteSnapshotGroup"),
    idempotent: false,
    errors: &[&[ErrorCode::GroupRegionNotFound, ErrorCode::SnapshotGroupNotFound]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    let group = format!("snapshotgroup/{}", request.snapshot_group_id);
    Ok(vec![Arn::ecs(request.region.0, cx.account(), &group)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let group: SnapshotGroup =
        owned::find_in(cx, request.region.0, &request.snapshot_group_id)?.ok_or(ErrorCode::SnapshotGroupNotFound)?;
    let mut progress = Vec::new();
    for snapshot in snapshots::of_group(cx.tx, &group.snapshot_group_id)? {
        progress.push(remove(cx, snapshot)?);
    }
    snapshots::delete_group(cx.tx, &group.snapshot_group_id)?;
    cx.note("snapshotGroupId", group.snapshot_group_id);
    Ok(Response { progress })
}

/// Deletes a snapshot, or says why it stays.
fn remove(cx: &Cx<'_>, snapshot: Snapshot) -> Result<Progress, ApiError> {
    let obstacle = snapshot_removal::obstacle(cx.tx, &snapshot.snapshot_id, false)?;
    if obstacle.is_none() {
        snapshot_removal::remove(cx.tx, &snapshot, cx.now)?;
    }
    let (error_code, error_message) = obstacle.map(ErrorCode::template).unwrap_or_default();
    Ok(Progress {
        error_code: error_code.to_owned(),
        error_message: error_message.to_owned(),
        status: if obstacle.is_some() { "Failed" } else { "Success" },
        items: vec![Item { name: "SnapshotId", value: snapshot.snapshot_id }],
    })
}
