//! DescribeTaskAttribute: one task, with how far it is and how it went.

use coffer_base::{ApiError, Arn, ErrorCode, Timestamp};
use coffer_store::tasks::Task;

use super::owned;
use super::parameter::TaskRegion;
use crate::context::Cx;
use crate::decode::request;
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
    /// The task.
    pub struct Response {
        /// When it was made.
        pub creation_time: String = "CreationTime",
        /// How many of its parts failed.
        pub failed_count: i64 = "FailedCount",
        /// When it was over; empty before.
        pub finished_time: String = "FinishedTime",
        /// The parts that are over.
        pub progress: Vec<Progress> = "OperationProgressSet" of "OperationProgress",
        /// Where.
        pub region_id: &'static str = "RegionId",
        /// How many of its parts went well.
        pub success_count: i64 = "SuccessCount",
        /// `true` or `false`: whether it can be cancelled.
        pub support_cancel: &'static str = "SupportCancel",
        /// The action that made it.
        pub task_action: String = "TaskAction",
        /// Its id.
        pub task_id: String = "TaskId",
        /// How much of it is done, in percent.
        pub task_process: String = "TaskProcess",
        /// Its status.
        pub task_status: String = "TaskStatus",
        /// How many parts it has.
        pub total_count: i64 = "TotalCount",
    }

    /// How it went with a part.
    pub struct Progress {
        /// The code of its error, or nothing.
        pub error_code: &'static str = "ErrorCode",
        /// The message of its error, or nothing.
        pub error_msg: &'static str = "ErrorMsg",
        /// `Success` or `Failed`.
        pub operation_status: &'static str = "OperationStatus",
        /// What it was about.
        pub related_items: Vec<RelatedItem> = "RelatedItemSet" of "RelatedItem",
    }

    /// A resource.
    pub struct RelatedItem {
        /// For example `ImageId`.
        pub name: &'static str = "Name",
        /// The id.
        pub value: String = "Value",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeTaskAttribute",
    effect: Effect::Read,
    access: Access::Action("ecs:DescribeTaskAttribute"),
    idempotent: false,
    errors: &[&[ErrorCode::TaskRegionNotFound, ErrorCode::TaskNotFound]],
};

/// What a policy must allow it on.
pub fn resources(_cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::any()])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let TaskRegion(region) = request.region;
    let task: Task = owned::find_in(cx, region, &request.task_id)?.ok_or(ErrorCode::TaskNotFound)?;
    let outcome = match task.status.as_str() {
        "Finished" => Some("Success"),
        "Failed" => Some("Failed"),
        _ => None,
    };
    let name = match task.resource_id.split_once('-').map(|(kind, _)| kind) {
        Some("d") => "DiskId",
        Some("i") => "InstanceId",
        Some("s") => "SnapshotId",
        _ => "ImageId",
    };
    let part = |operation_status| Progress {
        error_code: "",
        error_msg: "",
        operation_status,
        related_items: vec![RelatedItem { name, value: task.resource_id.clone() }],
    };
    Ok(Response {
        creation_time: task.created_at.to_iso8601_minutes(),
        failed_count: i64::from(outcome == Some("Failed")),
        finished_time: task.finished_at.map(Timestamp::to_iso8601_minutes).unwrap_or_default(),
        progress: outcome.into_iter().map(part).collect(),
        region_id: region.id(),
        success_count: i64::from(outcome == Some("Success")),
        support_cancel: if task.supports_cancel { "true" } else { "false" },
        task_action: task.task_action,
        task_id: task.task_id,
        task_process: format!("{}%", task.progress),
        task_status: task.status,
        total_count: 1,
    })
}
