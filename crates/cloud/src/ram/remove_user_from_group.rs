//! RemoveUserFromGroup: a user leaves a group, and loses its policies from the next request on.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::groups;

use super::entity;
use super::parameter::{GroupName, NAME_ERRORS, UserName};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Who, and where.
    pub struct Request {
        /// The group.
        pub group_name: GroupName = "GroupName",
        /// The user.
        pub user_name: UserName = "UserName",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "RemoveUserFromGroup",
    effect: Effect::Write,
    access: Access::Action("ram:RemoveUserFromGroup"),
    idempotent: false,
    errors: &[&NAME_ERRORS, &[ErrorCode::UserNotExist, ErrorCode::GroupNotExist, ErrorCode::UserNotInGroup]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::user_arn(cx, &request.user_name), entity::group_arn(cx, &request.group_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let (user, group) = (entity::user(cx, &request.user_name)?, entity::group(cx, &request.group_name)?);
    if !groups::leave(cx.tx, &group.group_id, &user.user_id)? {
        return Err(ErrorCode::UserNotInGroup.into());
    }
    Ok(Response {})
}
