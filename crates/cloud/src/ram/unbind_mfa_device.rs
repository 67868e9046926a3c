//! UnbindMFADevice: a RAM user's MFA device is bound to nobody.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::{Record as _, logins};

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
    /// It.
    pub struct Response {
        /// Described.
        pub device: DeviceItem = "MFADevice",
    }

    /// A device.
    pub struct DeviceItem {
        /// Its serial number.
        pub serial_number: String = "SerialNumber",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "UnbindMFADevice",
    effect: Effect::Write,
    access: Access::Action("ram:UnbindMFADevice"),
    idempotent: false,
    errors: &[&NAME_ERRORS, &[ErrorCode::UserNotExist, ErrorCode::UserMfaNotExist]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::user_arn(cx, &request.user_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let user = entity::user(cx, &request.user_name)?;
    let mut device = logins::mfa_of_user(cx.tx, &user.user_id)?.ok_or(ErrorCode::UserMfaNotExist)?;
    device.user_id = None;
    device.activated_at = None;
    device.update(cx.tx)?;
    Ok(Response { device: DeviceItem { serial_number: device.serial_number } })
}
