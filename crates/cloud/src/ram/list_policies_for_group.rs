//! ListPoliciesForGroup: the policies that are attached to a group itself.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::entity;
use super::item::AttachedPolicy;
use super::parameter::{GroupName, NAME_ERRORS};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What it is about.
    pub struct Request {
        /// The group.
        pub group_name: GroupName = "GroupName",
    }
}

response! {
    /// The policies.
    pub struct Response {
        /// Oldest first.
        pub policies: Vec<AttachedPolicy> = "Policies" of "Policy",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ListPoliciesForGroup",
    effect: Effect::Read,
    access: Access::Action("ram:ListPoliciesForGroup"),
    idempotent: false,
    errors: &[&NAME_ERRORS, &[ErrorCode::GroupNotExist]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::group_arn(cx, &request.group_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let group = entity::group(cx, &request.group_name)?;
    Ok(Response { policies: entity::attached(cx, &group.group_id)? })
}
