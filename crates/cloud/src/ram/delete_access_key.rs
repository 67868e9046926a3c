//! DeleteAccessKey: an access key of a RAM user goes.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::accounts;

use super::entity;
use super::parameter::{AccessKeyId, UserName};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which key.
    pub struct Request {
        /// The key.
        pub access_key_id: AccessKeyId = "UserAccessKeyId",
        /// The user; without one, the caller.
        pub user_name: Option<UserName> = "UserName",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DeleteAccessKey",
    effect: Effect::Write,
    access: Access::Action("ram:DeleteAccessKey"),
    idempotent: false,
    errors: &[&[
        ErrorCode::RamMissingParameter,
        ErrorCode::RamInvalidChars,
        ErrorCode::RamTooLong,
        ErrorCode::UserNotExist,
        ErrorCode::UserKeyNotExist,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::user_arn(cx, &entity::whose(cx, request.user_name.as_ref())?)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let user = entity::user(cx, &entity::whose(cx, request.user_name.as_ref())?)?;
    if !accounts::delete_access_key(cx.tx, &user.user_id, &request.access_key_id.0)? {
        return Err(ErrorCode::UserKeyNotExist.into());
    }
    cx.note("userAccessKeyId", request.access_key_id.0);
    Ok(Response {})
}
