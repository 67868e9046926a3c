//! ChangePassword: the RAM user that calls gets another password, unless the account forbids users to change theirs.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;
use coffer_store::logins::LoginProfile;

use super::parameter::{Password, UserName};
use super::{entity, logon};
use crate::caller::Identity;
use crate::context::Cx;
use crate::costly::Step;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// From what, and to what.
    pub struct Request {
        /// The password it is to have.
        pub new: Password = "NewPassword",
        /// The password it has.
        pub old: Password = "OldPassword",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ChangePassword",
    effect: Effect::Write,
    access: Access::Action("ram:ChangePassword"),
    idempotent: false,
    errors: &[&[
        ErrorCode::RamMissingParameter,
        ErrorCode::RamInvalidParameter,
        ErrorCode::RamOldPasswordWrong,
        ErrorCode::RamPasswordWeak,
        ErrorCode::RamNotSelf,
        ErrorCode::UserNotExist,
        ErrorCode::LoginProfileNotExist,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    let relative = match &cx.caller.identity {
        Identity::User { user_name, .. } => format!("user/{user_name}"),
        _ => "user/*".to_owned(),
    };
    Ok(vec![Arn::ram(cx.account(), &relative)])
}

/// The hashes of both passwords.
pub fn costly(cx: &mut Cx<'_>, request: &Request) -> Result<Option<Step>, ApiError> {
    Ok(Some(logon::hashing(Some(&own_profile(cx)?), &[&request.old, &request.new])))
}

/// The profile of the user that calls, who may change the password.
fn own_profile(cx: &Cx<'_>) -> Result<LoginProfile, ApiError> {
    let Identity::User { user_name, .. } = &cx.caller.identity else { return Err(ErrorCode::UserNotExist.into()) };
    let user = entity::user(cx, &UserName(user_name.clone()))?;
    if !logon::security_preference(cx)?.change_password {
        return Err(ErrorCode::RamNotSelf.into());
    }
    logon::profile(cx, &user)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let mut profile = own_profile(cx)?;
    if !logon::is_password(cx, &profile, &request.old) {
        return Err(ErrorCode::RamOldPasswordWrong.into());
    }
    logon::change_password(cx, &mut profile, "NewPassword", &request.new)?;
    profile.update(cx.tx)?;
    Ok(Response {})
}
