//! DescribeInstanceMaintenanceAttributes: what is done with instances when their host is maintained. There is no host: all have what the
//! vendor's have by default, and no windows.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::instances::{self, Filter, Instance};

use super::instance_parameter::ListedInstanceIds;
use super::listing;
use super::paging::Asked;
use super::parameter::KnownRegion;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which instances, and which page of them.
    pub struct Request {
        /// Only these.
        pub instance_ids: ListedInstanceIds = "InstanceId",
        /// Which page.
        pub page_number: Option<i64> = "PageNumber",
        /// Most instances on a page.
        pub page_size: Option<i64> = "PageSize",
        /// Where.
        pub region: KnownRegion = "RegionId",
    }
}

response! {
    /// A page.
    pub struct Response {
        /// The instances.
        pub attributes: Vec<MaintenanceItem> = "MaintenanceAttributes" of "MaintenanceAttribute",
        /// Which page this is.
        pub page_number: i64 = "PageNumber",
        /// Most instances on a page.
        pub page_size: i64 = "PageSize",
        /// How many there are on all pages.
        pub total_count: i64 = "TotalCount",
    }

    /// How an instance is maintained.
    pub struct MaintenanceItem {
        /// What is done with it.
        pub action: MaintenanceAction = "ActionOnMaintenance",
        /// The instance.
        pub instance_id: String = "InstanceId",
        /// When.
        pub windows: Vec<MaintenanceWindow> = "MaintenanceWindows" of "MaintenanceWindow",
        /// Whether it is told of it before.
        pub notify: bool = "NotifyOnMaintenance",
    }

    /// What is done with an instance.
    pub struct MaintenanceAction {
        /// What is done unless something else is chosen.
        pub default_value: &'static str = "DefaultValue",
        /// What can be chosen.
        pub supported_values: Vec<String> = "SupportedValues" of "SupportedValue",
        /// What is done.
        pub value: &'static str = "Value",
    }

    /// A time of the day.
    pub struct MaintenanceWindow {
        /// Its end.
        pub end_time: String = "EndTime",
        /// Its beginning.
        pub start_time: String = "StartTime",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeInstanceMaintenanceAttributes",
    effect: Effect::Read,
    access: Access::Action("ecs:DescribeInstanceMaintenanceAttributes"),
    idempotent: false,
    errors: &[&[ErrorCode::EcsInvalidParameter, ErrorCode::EcsRegionNotFound]],
};

/// What is done with an instance by default, and all that can be done here.
const ACTION: &str = "AutoRecover";

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    let ids = request.instance_ids.0.as_deref();
    Ok(listing::resources(cx, request.region.0, "instance", ids))
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let page = Asked::by_number(OPERATION.name, request.page_number, request.page_size, 100).page(cx)?;
    let (account, region) = (cx.account(), request.region.0);
    let filter = Filter { instance_ids: request.instance_ids.0, ..Filter::default() };
    let found = instances::list(cx.tx, account, region, &filter, &page.start, page.size)?;
    let total_count = instances::count(cx.tx, account, region, &filter)?;
    let attributes = found.into_iter().map(item).collect();
    Ok(Response { attributes, page_number: page.number, page_size: page.size, total_count })
}

fn item(instance: Instance) -> MaintenanceItem {
    let supported_values = vec![ACTION.to_owned()];
    MaintenanceItem {
        action: MaintenanceAction { default_value: ACTION, supported_values, value: ACTION },
        instance_id: instance.instance_id,
        windows: Vec::new(),
        notify: false,
    }
}
