//! CreateVirtualMFADevice: a virtual MFA device: a seed for an authenticator app, in this reply and nowhere else in the clear.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_crypto::base32;
use coffer_store::Record as _;
use coffer_store::logins::{self, MfaDevice};

use super::parameter::{MfaDeviceName, NAME_ERRORS};
use super::{logon, qr};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What it is about.
    pub struct Request {
        /// Its name.
        pub name: MfaDeviceName = "VirtualMFADeviceName",
    }
}

response! {
    /// It.
    pub struct Response {
        /// Described.
        pub device: DeviceItem = "VirtualMFADevice",
    }

    /// A device.
    pub struct DeviceItem {
        /// Its serial number.
        pub serial_number: String = "SerialNumber",
        /// Its seed, to be typed.
        pub seed: String = "Base32StringSeed",
        /// Its seed, to be photographed: a QR code as PNG in Base64.
        pub qr_code: String = "QRCodePNG",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "CreateVirtualMFADevice",
    effect: Effect::Write,
    access: Access::Action("ram:CreateVirtualMFADevice"),
    idempotent: false,
    errors: &[&NAME_ERRORS, &[ErrorCode::MfaDeviceExists, ErrorCode::TooManyMfaDevices]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::ram(cx.account(), "mfa/*")])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    if logins::count_mfa_devices(cx.tx, cx.account())? >= MOST_DEVICES {
        return Err(ErrorCode::TooManyMfaDevices.into());
    }
    let name = request.name.0;
    let serial_number = Arn::identity(cx.account(), &format!("mfa/{name}")).to_string();
    if MfaDevice::get(cx.tx, &serial_number)?.is_some() {
        return Err(ErrorCode::MfaDeviceExists.into());
    }
    let (seed, sealed_seed) = logon::new_seed(cx, &serial_number)?;
    let device = MfaDevice {
        serial_number: serial_number.clone(),
        account: cx.account().clone(),
        sealed_seed,
        user_id: None,
        activated_at: None,
        last_step: 0,
        created_at: cx.now,
    };
    device.insert(cx.tx)?;
    let seed = base32(seed.expose());
    let address = format!("otpauth://totp/{name}@{}?secret={seed}&issuer=Coffer", cx.account());
    Ok(Response { device: DeviceItem { serial_number, seed, qr_code: STANDARD.encode(qr::png(&address)?) } })
}

/// Most devices in an account ("Limits").
const MOST_DEVICES: i64 = 1000;
