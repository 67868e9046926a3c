//! DeleteLoginProfile: a RAM user may no longer log on.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::logins;

use super::entity;
use super::parameter::{NAME_ERRORS, UserName};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What it is about.
    pub struct Request {
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
    name: "DeleteLoginProfile",
    effect: Effect::Write,
    access: Access::Action("ram:DeleteLoginProfile"),
    idempotent: false,
    errors: &[&NAME_ERRORS, &[ErrorCode::UserNotExist, ErrorCode::LoginProfileNotExist]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::user_arn(cx, &request.user_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let user = entity::user(cx, &request.user_name)?;
    if !logins::delete_profile(cx.tx, &user.user_id)? {
        return Err(ErrorCode::LoginProfileNotExist.into());
    }
    Ok(Response {})
}
