//! GetUser: a RAM user.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::entity;
use super::item::UserItem;
use super::parameter::UserName;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The user.
    pub struct Request {
        /// Its name.
        pub user_name: UserName = "UserName",
    }
}

response! {
    /// The user.
    pub struct Response {
        /// Described.
        pub user: UserItem = "User",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "GetUser",
    effect: Effect::Read,
    access: Access::Action("ram:GetUser"),
    idempotent: false,
    errors: &[&[
        ErrorCode::RamMissingParameter,
        ErrorCode::RamInvalidChars,
        ErrorCode::RamTooLong,
        ErrorCode::UserNotExist,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::user_arn(cx, &request.user_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    Ok(Response { user: entity::user(cx, &request.user_name)?.into() })
}
