//! DeleteUser: a RAM user goes. It must have no access keys, no policies, no way to log on, and be in no group.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::logins::{self, LoginProfile};
use coffer_store::{Record as _, accounts, groups, identities, policies};

use super::entity;
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
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DeleteUser",
    effect: Effect::Write,
    access: Access::Action("ram:DeleteUser"),
    idempotent: false,
    errors: &[&[
        ErrorCode::RamMissingParameter,
        ErrorCode::RamInvalidChars,
        ErrorCode::RamTooLong,
        ErrorCode::UserNotExist,
        ErrorCode::UserHasKeys,
        ErrorCode::UserHasPolicies,
        ErrorCode::UserHasGroups,
        ErrorCode::UserHasLoginProfile,
        ErrorCode::UserHasMfa,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::user_arn(cx, &request.user_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let user = entity::user(cx, &request.user_name)?;
    if !accounts::access_keys_of_user(cx.tx, &user.user_id)?.is_empty() {
        return Err(ErrorCode::UserHasKeys.into());
    }
    if !policies::attached(cx.tx, &user.user_id)?.is_empty() {
        return Err(ErrorCode::UserHasPolicies.into());
    }
    if !groups::of_user(cx.tx, &user.user_id)?.is_empty() {
        return Err(ErrorCode::UserHasGroups.into());
    }
    if LoginProfile::get(cx.tx, &user.user_id)?.is_some() {
        return Err(ErrorCode::UserHasLoginProfile.into());
    }
    if logins::mfa_of_user(cx.tx, &user.user_id)?.is_some() {
        return Err(ErrorCode::UserHasMfa.into());
    }
    identities::delete_user(cx.tx, &user.user_id)?;
    Ok(Response {})
}
