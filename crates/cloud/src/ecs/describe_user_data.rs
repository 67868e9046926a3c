//! DescribeUserData: what an instance was given to run at its first start, in base64 as it was given; empty for none.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::instances::Instance;

use super::owned;
use super::parameter::KnownRegion;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The instance.
    pub struct Request {
        /// Its id.
        pub instance_id: String = "InstanceId",
        /// Where it is.
        pub region: KnownRegion = "RegionId",
    }
}

response! {
    /// What it was given.
    pub struct Response {
        /// The instance.
        pub instance_id: String = "InstanceId",
        /// Where it is.
        pub region_id: &'static str = "RegionId",
        /// The data.
        pub user_data: String = "UserData",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeUserData",
    effect: Effect::Read,
    access: Access::Action("ecs:DescribeUserData"),
    idempotent: false,
    errors: &[&[ErrorCode::EcsInvalidParameter, ErrorCode::EcsRegionNotFound, ErrorCode::InstanceNotFound]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::ecs(request.region.0, cx.account(), &format!("instance/{}", request.instance_id))])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let instance: Option<Instance> = owned::find_in(cx, request.region.0, &request.instance_id)?;
    let instance = instance.ok_or(ErrorCode::InstanceNotFound)?;
    let Instance { instance_id, region, user_data, .. } = instance;
    Ok(Response { instance_id, region_id: region.id(), user_data })
}
