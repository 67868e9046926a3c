//! GetUserMFAInfo: the MFA device of a RAM user.

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
    /// It.
    pub struct Response {
        /// Described.
        pub device: DeviceItem = "MFADevice",
    }

    /// A device.
    pub struct DeviceItem {
        /// Its serial number.
        pub serial_number: String = "SerialNumber",
        /// `VMFA`: there are virtual ones only.
        pub kind: &'static str = "Type",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "GetUserMFAInfo",
    effect: Effect::Read,
    access: Access::Action("ram:GetUserMFAInfo"),
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
    let device = logins::mfa_of_user(cx.tx, &user.user_id)?.ok_or(ErrorCode::UserMfaNotExist)?;
    Ok(Response { device: DeviceItem { serial_number: device.serial_number, kind: "VMFA" } })
}
