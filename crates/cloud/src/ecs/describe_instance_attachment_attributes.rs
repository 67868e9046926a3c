//! DescribeInstanceAttachmentAttributes: with which private pool instances are matched. There are no such pools, so with none.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::instances::{self, Filter, Instance};

use super::describe_instances::InstanceIds;
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
        /// These.
        pub instance_ids: InstanceIds = "InstanceIds",
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
        pub instances: Vec<AttachmentItem> = "Instances" of "Instance",
        /// Which page this is.
        pub page_number: i64 = "PageNumber",
        /// Most instances on a page.
        pub page_size: i64 = "PageSize",
        /// How many there are on all pages.
        pub total_count: i64 = "TotalCount",
    }

    /// How an instance is matched.
    pub struct AttachmentItem {
        /// The instance.
        pub instance_id: String = "InstanceId",
        /// Its pool.
        pub private_pool_options_id: &'static str = "PrivatePoolOptionsId",
        /// How it was looked for.
        pub match_criteria: &'static str = "PrivatePoolOptionsMatchCriteria",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeInstanceAttachmentAttributes",
    effect: Effect::Read,
    access: Access::Action("ecs:DescribeInstanceAttachmentAttributes"),
    idempotent: false,
    errors: &[&[ErrorCode::EcsInvalidParameter, ErrorCode::EcsRegionNotFound]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    let ids = Some(request.instance_ids.0.as_slice());
    Ok(listing::resources(cx, request.region.0, "instance", ids))
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let page = Asked::by_number(OPERATION.name, request.page_number, request.page_size, 100).page(cx)?;
    let (account, region) = (cx.account(), request.region.0);
    let filter = Filter { instance_ids: Some(request.instance_ids.0), ..Filter::default() };
    let found = instances::list(cx.tx, account, region, &filter, &page.start, page.size)?;
    let total_count = instances::count(cx.tx, account, region, &filter)?;
    let item = |instance: Instance| AttachmentItem {
        instance_id: instance.instance_id,
        private_pool_options_id: "",
        match_criteria: "None",
    };
    let instances = found.into_iter().map(item).collect();
    Ok(Response { instances, page_number: page.number, page_size: page.size, total_count })
}
