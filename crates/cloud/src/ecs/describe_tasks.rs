//! DescribeTasks: the account's tasks in a region, newest first, by pages.
//!
//! The vendor: a status other than `Finished`, `Processing` and `Failed` is ignored; an unknown id is simply not listed. `TaskGroupId`,
//! which it does not describe, is refused.

use coffer_base::{ApiError, Arn, ErrorCode, Timestamp};
use coffer_store::tasks::{self, Filter, Task};

use super::paging::Asked;
use super::parameter::TaskRegion;
use crate::context::Cx;
use crate::decode::{Field, Invalid, Parameter, Reader, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which tasks, and which page of them.
    pub struct Request {
        /// Only made at or before this moment.
        pub end: Option<Moment> = "EndTime",
        /// Which page.
        pub page_number: Option<i64> = "PageNumber",
        /// Most tasks on a page.
        pub page_size: Option<i64> = "PageSize",
        /// Where.
        pub region: TaskRegion = "RegionId",
        /// Only on these resources.
        pub resource_ids: ResourceIds = "ResourceIds",
        /// Only made at or after this moment.
        pub start: Option<Moment> = "StartTime",
        /// Only of this action.
        pub task_action: Option<String> = "TaskAction",
        /// Only these.
        pub task_ids: Option<TaskIds> = "TaskIds",
        /// Only in this status.
        pub task_status: Option<Status> = "TaskStatus",
    }
    refused { "TaskGroupId", }
}

response! {
    /// A page.
    pub struct Response {
        /// Which page this is.
        pub page_number: i64 = "PageNumber",
        /// Most tasks on a page.
        pub page_size: i64 = "PageSize",
        /// Where.
        pub region_id: &'static str = "RegionId",
        /// The tasks.
        pub tasks: Vec<TaskItem> = "TaskSet" of "Task",
        /// How many there are on all pages.
        pub total_count: i64 = "TotalCount",
    }

    /// A task.
    pub struct TaskItem {
        /// When it was made.
        pub creation_time: String = "CreationTime",
        /// When it was over; empty before.
        pub finished_time: String = "FinishedTime",
        /// What it works on.
        pub resource_id: String = "ResourceId",
        /// `true` or `false`: whether it can be cancelled.
        pub support_cancel: &'static str = "SupportCancel",
        /// The action that made it.
        pub task_action: String = "TaskAction",
        /// Its id.
        pub task_id: String = "TaskId",
        /// Its status.
        pub task_status: String = "TaskStatus",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeTasks",
    effect: Effect::Read,
    access: Access::Action("ecs:DescribeTasks"),
    idempotent: false,
    errors: &[&[ErrorCode::EcsInvalidParameter, ErrorCode::TaskRegionNotFound]],
};

/// Most ids of either kind.
const MOST_IDS: usize = 100;

/// A moment.
#[derive(Clone, Copy, Debug)]
pub struct Moment(Timestamp);

impl Parameter for Moment {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        Timestamp::parse_iso8601(text).map(Self).ok_or(Invalid::Value)
    }
}

/// `TaskIds`: separated by commas.
#[derive(Clone, Debug)]
pub struct TaskIds(Vec<String>);

impl Parameter for TaskIds {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let ids: Vec<String> = text.split(',').map(|id| id.trim().to_owned()).collect();
        if ids.len() > MOST_IDS || ids.iter().any(String::is_empty) {
            return Err(Invalid::Value);
        }
        Ok(Self(ids))
    }
}

/// `ResourceIds.N`.
#[derive(Clone, Debug)]
pub struct ResourceIds(Vec<String>);

impl Field for ResourceIds {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let ids = reader.items(name, MOST_IDS)?;
        Ok(Self(ids.into_iter().filter(|id| !id.is_empty()).map(str::to_owned).collect()))
    }
}

/// `TaskStatus`: one of the vendor's three, or nothing.
#[derive(Clone, Copy, Debug)]
pub struct Status(Option<&'static str>);

impl Parameter for Status {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        Ok(Self(["Finished", "Processing", "Failed"].into_iter().find(|word| *word == text)))
    }
}

/// What a policy must allow it on.
pub fn resources(_cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::any()])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let (account, region) = (cx.account(), request.region.0);
    let page = Asked::by_number(OPERATION.name, request.page_number, request.page_size, 100).page(cx)?;
    let ResourceIds(resource_ids) = request.resource_ids;
    let filter = Filter {
        task_ids: request.task_ids.map(|TaskIds(ids)| ids),
        resource_ids: (!resource_ids.is_empty()).then_some(resource_ids),
        task_action: request.task_action,
        status: request.task_status.and_then(|Status(word)| word).map(str::to_owned),
        created_from: request.start.map(|Moment(at)| at),
        created_until: request.end.map(|Moment(at)| at),
    };
    let found = tasks::list(cx.tx, account, region, &filter, &page.start, page.size)?;
    Ok(Response {
        page_number: page.number,
        page_size: page.size,
        region_id: region.id(),
        tasks: found.into_iter().map(item).collect(),
        total_count: tasks::count(cx.tx, account, region, &filter)?,
    })
}

fn item(task: Task) -> TaskItem {
    TaskItem {
        creation_time: task.created_at.to_iso8601_minutes(),
        finished_time: task.finished_at.map(Timestamp::to_iso8601_minutes).unwrap_or_default(),
        resource_id: task.resource_id,
        support_cancel: if task.supports_cancel { "true" } else { "false" },
        task_action: task.task_action,
        task_id: task.task_id,
        task_status: task.status,
    }
}
