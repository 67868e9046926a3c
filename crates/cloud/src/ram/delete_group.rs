//! DeleteGroup: a group goes. It must be empty and without policies.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::groups::{self, Group};
use coffer_store::{Record as _, policies};

use super::entity;
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
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DeleteGroup",
    effect: Effect::Write,
    access: Access::Action("ram:DeleteGroup"),
    idempotent: false,
    errors: &[&NAME_ERRORS, &[ErrorCode::GroupNotExist, ErrorCode::GroupHasUsers, ErrorCode::GroupHasPolicies]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::group_arn(cx, &request.group_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let group = entity::group(cx, &request.group_name)?;
    if !groups::members(cx.tx, &group.group_id, "", 1)?.is_empty() {
        return Err(ErrorCode::GroupHasUsers.into());
    }
    if !policies::attached(cx.tx, &group.group_id)?.is_empty() {
        return Err(ErrorCode::GroupHasPolicies.into());
    }
    Group::delete(cx.tx, &group.group_id)?;
    Ok(Response {})
}
