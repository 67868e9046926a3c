//! CancelTask: a task that can be cancelled and is not over ends, and what it was making goes with it.
//!
//! The vendor: imports and exports of images. Here CopyImage alone makes tasks that can be cancelled: the copy and its snapshots go.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::snapshots::Snapshot;
use coffer_store::tasks::Task;
use coffer_store::{Record as _, images};

use super::parameter::TaskRegion;
use super::{owned, snapshot_removal};
use crate::context::Cx;
use crate::decode::request;
use crate::job::{self, Kind};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which task.
    pub struct Request {
        /// Where.
        pub region: TaskRegion = "RegionId",
        /// Its id.
        pub task_id: String = "TaskId",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "CancelTask",
    effect: Effect::Write,
    access: Access::Action("ecs:CancelTask"),
    idempotent: false,
    errors: &[&[
        ErrorCode::TaskRegionNotFound,
        ErrorCode::TaskNotFound,
        ErrorCode::TaskNotCancellable,
        ErrorCode::TaskOver,
    ]],
};

/// What a policy must allow it on.
pub fn resources(_cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::any()])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let TaskRegion(region) = request.region;
    let mut task: Task = owned::find_in(cx, region, &request.task_id)?.ok_or(ErrorCode::TaskNotFound)?;
    if !task.supports_cancel || task.task_action != "CopyImage" {
        return Err(ErrorCode::TaskNotCancellable.into());
    }
    if task.finished_at.is_some() {
        return Err(ErrorCode::TaskOver.into());
    }
    drop_copy(cx, &task.resource_id)?;
    "Deleted".clone_into(&mut task.status);
    task.finished_at = Some(cx.now);
    task.update(cx.tx)?;
    cx.note("taskId", task.task_id);
    Ok(Response {})
}

/// Deletes an image that is being copied, with the snapshots made for it, and withdraws the work on them.
fn drop_copy(cx: &Cx<'_>, image_id: &str) -> Result<(), ApiError> {
    let disks = images::disks_of(cx.tx, image_id)?;
    job::withdraw(cx.tx, Kind::CompleteImage, image_id)?;
    images::delete(cx.tx, image_id)?;
    for disk in disks {
        if let Some(snapshot) = Snapshot::get(cx.tx, &disk.snapshot_id)? {
            snapshot_removal::remove(cx.tx, &snapshot, cx.now)?;
        }
    }
    Ok(())
}
