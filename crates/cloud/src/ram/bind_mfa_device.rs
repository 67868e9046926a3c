//! BindMFADevice: a virtual MFA device is bound to a RAM user, who shows to have it by two codes, one after the other.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::{Record as _, logins};

use super::parameter::{Code, NAME_ERRORS, SerialNumber, UserName};
use super::{entity, logon};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Whose, which, and its codes.
    pub struct Request {
        /// A code.
        pub first: Code = "AuthenticationCode1",
        /// The code after it.
        pub second: Code = "AuthenticationCode2",
        /// The device.
        pub serial_number: SerialNumber = "SerialNumber",
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
    name: "BindMFADevice",
    effect: Effect::Write,
    access: Access::Action("ram:BindMFADevice"),
    idempotent: false,
    errors: &[
        &NAME_ERRORS,
        &[
            ErrorCode::RamInvalidParameter,
            ErrorCode::RamCodeFormat,
            ErrorCode::RamCodeWrong,
            ErrorCode::UserNotExist,
            ErrorCode::UserMfaExists,
            ErrorCode::MfaDeviceNotExist,
            ErrorCode::MfaDeviceBound,
        ],
    ],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::user_arn(cx, &request.user_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let user = entity::user(cx, &request.user_name)?;
    if logins::mfa_of_user(cx.tx, &user.user_id)?.is_some() {
        return Err(ErrorCode::UserMfaExists.into());
    }
    let mut device = logon::device(cx, &request.serial_number)?;
    if device.user_id.is_some() {
        return Err(ErrorCode::MfaDeviceBound.into());
    }
    logon::take_codes(cx, &mut device, &request.first, &request.second)?;
    device.user_id = Some(user.user_id);
    device.activated_at = Some(cx.now);
    device.update(cx.tx)?;
    Ok(Response {})
}
