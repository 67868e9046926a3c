//! GetGroup: a group.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::entity;
use super::item::GroupItem;
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
    /// It.
    pub struct Response {
        /// Described.
        pub group: GroupItem = "Group",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "GetGroup",
    effect: Effect::Read,
    access: Access::Action("ram:GetGroup"),
    idempotent: false,
    errors: &[&NAME_ERRORS, &[ErrorCode::GroupNotExist]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::group_arn(cx, &request.group_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    Ok(Response { group: entity::group(cx, &request.group_name)?.into() })
}
