//! UpdateLoginProfile: a RAM user gets another password, or is to log on otherwise.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;

use super::parameter::{NAME_ERRORS, Password, UserName};
use super::{entity, logon};
use crate::context::Cx;
use crate::costly::Step;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Whose, and how.
    pub struct Request {
        /// Whether an MFA device must be bound at the next logon.
        pub mfa_required: Option<bool> = "MFABindRequired",
        /// The password it is to have.
        pub password: Option<Password> = "Password",
        /// Whether the password must be changed at the next logon.
        pub reset_required: Option<bool> = "PasswordResetRequired",
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
    name: "UpdateLoginProfile",
    effect: Effect::Write,
    access: Access::Action("ram:UpdateLoginProfile"),
    idempotent: false,
    errors: &[
        &NAME_ERRORS,
        &[
            ErrorCode::RamInvalidParameter,
            ErrorCode::RamPasswordWeak,
            ErrorCode::UserNotExist,
            ErrorCode::LoginProfileNotExist,
        ],
    ],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::user_arn(cx, &request.user_name)])
}

/// The hash of the password, where one is given.
pub fn costly(cx: &mut Cx<'_>, request: &Request) -> Result<Option<Step>, ApiError> {
    let Some(password) = &request.password else { return Ok(None) };
    let profile = logon::profile(cx, &entity::user(cx, &request.user_name)?)?;
    logon::check_password(cx, "Password", password)?;
    Ok(Some(logon::hashing(Some(&profile), &[password])))
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let user = entity::user(cx, &request.user_name)?;
    let mut profile = logon::profile(cx, &user)?;
    let reset_required = profile.reset_required;
    if let Some(password) = &request.password {
        logon::change_password(cx, &mut profile, "Password", password)?;
    }
    profile.reset_required = request.reset_required.unwrap_or(reset_required);
    profile.mfa_required = request.mfa_required.unwrap_or(profile.mfa_required);
    profile.update(cx.tx)?;
    Ok(Response {})
}
