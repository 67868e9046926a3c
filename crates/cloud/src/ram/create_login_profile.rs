//! CreateLoginProfile: a RAM user may log on, with a password.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;
use coffer_store::identities::User;
use coffer_store::logins::LoginProfile;

use super::item::LoginProfileItem;
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
        /// The password.
        pub password: Password = "Password",
        /// Whether the password must be changed at the next logon.
        pub reset_required: Option<bool> = "PasswordResetRequired",
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
    name: "CreateLoginProfile",
    effect: Effect::Write,
    access: Access::Action("ram:CreateLoginProfile"),
    idempotent: false,
    errors: &[
        &NAME_ERRORS,
        &[
            ErrorCode::RamInvalidParameter,
            ErrorCode::RamPasswordWeak,
            ErrorCode::UserNotExist,
            ErrorCode::LoginProfileExists,
        ],
    ],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::user_arn(cx, &request.user_name)])
}

/// The hash of the password.
pub fn costly(cx: &mut Cx<'_>, request: &Request) -> Result<Option<Step>, ApiError> {
    without_profile(cx, request)?;
    Ok(Some(logon::hashing(None, &[&request.password])))
}

/// The user, who has no profile yet, if the password is good enough.
fn without_profile(cx: &Cx<'_>, request: &Request) -> Result<User, ApiError> {
    let user = entity::user(cx, &request.user_name)?;
    if LoginProfile::get(cx.tx, &user.user_id)?.is_some() {
        return Err(ErrorCode::LoginProfileExists.into());
    }
    logon::check_password(cx, "Password", &request.password)?;
    Ok(user)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let user = without_profile(cx, &request)?;
    let (salt, password_hash) = logon::first_hash(cx, &request.password);
    let profile = LoginProfile {
        user_id: user.user_id,
        salt,
        password_hash,
        reset_required: request.reset_required.unwrap_or(false),
        mfa_required: request.mfa_required.unwrap_or(false),
        created_at: cx.now,
    };
    profile.insert(cx.tx)?;
    Ok(Response { profile: LoginProfileItem::new(user.user_name, &profile) })
}
