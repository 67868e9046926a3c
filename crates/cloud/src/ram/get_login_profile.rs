//! GetLoginProfile: how a RAM user logs on.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::item::LoginProfileItem;
use super::parameter::{NAME_ERRORS, UserName};
use super::{entity, logon};
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
    /// It.
    pub struct Response {
        /// Described.
        pub profile: LoginProfileItem = "LoginProfile",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "GetLoginProfile",
    effect: Effect::Read,
    access: Access::Action("ram:GetLoginProfile"),
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
    let profile = logon::profile(cx, &user)?;
    Ok(Response { profile: LoginProfileItem::new(user.user_name, &profile) })
}
