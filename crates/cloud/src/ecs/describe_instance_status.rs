//! DescribeInstanceStatus: the states of the account's instances in a region, newest first, by pages.
//!
//! The vendor: at most 50 on a page. Where it is silent: an unknown instance or zone is simply not listed, as in DescribeInstances; no
//! instance here is in a cluster, so nothing is found by one.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::instances::{self, Filter};

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
        /// Only of this cluster.
        pub cluster_id: Option<String> = "ClusterId",
        /// Only these.
        pub instance_ids: ListedInstanceIds = "InstanceId",
        /// Which page.
        pub page_number: Option<i64> = "PageNumber",
        /// Most instances on a page.
        pub page_size: Option<i64> = "PageSize",
        /// Where.
        pub region: KnownRegion = "RegionId",
        /// Only in this zone.
        pub zone_id: Option<String> = "ZoneId",
    }
}

response! {
    /// A page.
    pub struct Response {
        /// The instances.
        pub statuses: Vec<StatusItem> = "InstanceStatuses" of "InstanceStatus",
        /// Which page this is.
        pub page_number: i64 = "PageNumber",
        /// Most instances on a page.
        pub page_size: i64 = "PageSize",
        /// How many there are on all pages.
        pub total_count: i64 = "TotalCount",
    }

    /// An instance's state.
    pub struct StatusItem {
        /// The instance.
        pub instance_id: String = "InstanceId",
        /// Its status.
        pub status: String = "Status",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeInstanceStatus",
    effect: Effect::Read,
    access: Access::Action("ecs:DescribeInstanceStatus"),
    idempotent: false,
    errors: &[&[ErrorCode::EcsInvalidParameter, ErrorCode::EcsRegionNotFound]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    let ids = request.instance_ids.0.as_deref();
    Ok(listing::resources(cx, request.region.0, "instance", ids))
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let page = Asked::by_number(OPERATION.name, request.page_number, request.page_size, 50).page(cx)?;
    let (page_number, page_size, region) = (page.number, page.size, request.region.0);
    if request.cluster_id.is_some() {
        return Ok(Response { statuses: Vec::new(), page_number, page_size, total_count: 0 });
    }
    let filter = Filter { instance_ids: request.instance_ids.0, zone_id: request.zone_id, ..Filter::default() };
    let found = instances::list(cx.tx, cx.account(), region, &filter, &page.start, page.size)?;
    let total_count = instances::count(cx.tx, cx.account(), region, &filter)?;
    let item =
        |instance: instances::Instance| StatusItem { instance_id: instance.instance_id, status: instance.status };
    Ok(Response { statuses: found.into_iter().map(item).collect(), page_number, page_size, total_count })
}
