//! UpdateAccessKey: an access key of a RAM user is switched on or off.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::accounts;

use super::entity;
use super::parameter::{AccessKeyId, KeyStatus, UserName};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which key, and what it is to be.
    pub struct Request {
        /// `Active` or `Inactive`.
        pub status: KeyStatus = "Status",
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
    name: "UpdateAccessKey",
    effect: Effect::Write,
    access: Access::Action("ram:UpdateAccessKey"),
    idempotent: false,
    errors: &[&[
        ErrorCode::RamMissingParameter,
        ErrorCode::RamInvalidChars,
        ErrorCode::RamTooLong,
        ErrorCode::RamInvalidParameter,
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
    let KeyStatus(status) = request.status;
    if !accounts::set_access_key_status(cx.tx, &user.user_id, &request.access_key_id.0, status)? {
        return Err(ErrorCode::UserKeyNotExist.into());
    }
    cx.note("userAccessKeyId", request.access_key_id.0);
    Ok(Response {})
}
