//! DescribeInstanceRamRole: the roles of instances. One without a role is listed only where it is named: the Terraform provider takes
//! an instance that it named and that is missing here for one that it does not look for.

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
        /// Only these.
        pub instance_ids: Option<InstanceIds> = "InstanceIds",
        /// Which page.
        pub page_number: Option<i64> = "PageNumber",
        /// Most instances on a page.
        pub page_size: Option<i64> = "PageSize",
        /// Only with this role.
        pub ram_role_name: Option<String> = "RamRoleName",
        /// Where.
        pub region: KnownRegion = "RegionId",
    }
}

response! {
    /// A page.
    pub struct Response {
        /// The instances.
        pub roles: Vec<RoleItem> = "InstanceRamRoleSets" of "InstanceRamRoleSet",
        /// Where.
        pub region_id: &'static str = "RegionId",
        /// How many there are on all pages.
        pub total_count: i64 = "TotalCount",
    }

    /// The role of an instance.
    pub struct RoleItem {
        /// The instance.
        pub instance_id: String = "InstanceId",
        /// Its role.
        pub ram_role_name: String = "RamRoleName",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeInstanceRamRole",
    effect: Effect::Read,
    access: Access::Action("ecs:DescribeInstanceRamRole"),
    idempotent: false,
    errors: &[&[ErrorCode::EcsInvalidParameter, ErrorCode::EcsRegionNotFound]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    let ids = request.instance_ids.as_ref().map(|InstanceIds(ids)| ids.as_slice());
    Ok(listing::resources(cx, request.region.0, "instance", ids))
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let page = Asked::by_number(OPERATION.name, request.page_number, request.page_size, 50).page(cx)?;
    let (account, region) = (cx.account(), request.region.0);
    let filter = Filter {
        with_ram_role: request.instance_ids.is_none(),
        instance_ids: request.instance_ids.map(|InstanceIds(ids)| ids),
        ram_role_name: request.ram_role_name.map(|name| name.to_ascii_lowercase()),
        ..Filter::default()
    };
    let found = instances::list(cx.tx, account, region, &filter, &page.start, page.size)?;
    let total_count = instances::count(cx.tx, account, region, &filter)?;
    let item =
        |instance: Instance| RoleItem { instance_id: instance.instance_id, ram_role_name: instance.ram_role_name };
    Ok(Response { roles: found.into_iter().map(item).collect(), region_id: region.id(), total_count })
}
