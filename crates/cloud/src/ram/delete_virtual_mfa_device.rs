//! DeleteVirtualMFADevice: a virtual MFA device goes. It must be bound to nobody.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;
use coffer_store::logins::MfaDevice;

use super::logon;
use super::parameter::SerialNumber;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What it is about.
    pub struct Request {
        /// The device.
        pub serial_number: SerialNumber = "SerialNumber",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DeleteVirtualMFADevice",
    effect: Effect::Write,
    access: Access::Action("ram:DeleteVirtualMFADevice"),
    idempotent: false,
    errors: &[&[
        ErrorCode::RamMissingParameter,
        ErrorCode::RamInvalidParameter,
        ErrorCode::MfaDeviceNotExist,
        ErrorCode::MfaDeviceHasUser,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    // The serial number names the device's account, and so who is asked; what it names must be the caller's own.
    let relative = request.serial_number.0.rsplit(':').next().unwrap_or_default();
    Ok(vec![Arn::ram(cx.account(), relative)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let device = logon::device(cx, &request.serial_number)?;
    if device.user_id.is_some() {
        return Err(ErrorCode::MfaDeviceHasUser.into());
    }
    MfaDevice::delete(cx.tx, &device.serial_number)?;
    Ok(Response {})
}
