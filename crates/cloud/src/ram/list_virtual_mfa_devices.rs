//! ListVirtualMFADevices: the virtual MFA devices of the account.

use coffer_base::{ApiError, Arn, Timestamp};
use coffer_store::Record as _;
use coffer_store::identities::User;
use coffer_store::logins::{self, MfaDevice};

use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Nothing.
    pub struct Request {}
}

response! {
    /// The devices.
    pub struct Response {
        /// By serial number.
        pub devices: Vec<DeviceItem> = "VirtualMFADevices" of "VirtualMFADevice",
    }

    /// A device.
    pub struct DeviceItem {
        /// Its serial number.
        pub serial_number: String = "SerialNumber",
        /// When it was bound, if it is.
        pub activate_date: Option<String> = "ActivateDate",
        /// Whom it is bound to, if it is.
        pub user: Option<DeviceUser> = "User",
    }

    /// A user.
    pub struct DeviceUser {
        /// Its id.
        pub user_id: String = "UserId",
        /// Its name.
        pub user_name: String = "UserName",
        /// Its name for people.
        pub display_name: String = "DisplayName",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ListVirtualMFADevices",
    effect: Effect::Read,
    access: Access::Action("ram:ListVirtualMFADevices"),
    idempotent: false,
    errors: &[],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::ram(cx.account(), "mfa/*")])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, _request: Request) -> Result<Response, ApiError> {
    let devices = logins::mfa_devices(cx.tx, cx.account())?.into_iter();
    Ok(Response { devices: devices.map(|device| item(cx, device)).collect::<Result<_, _>>()? })
}

fn item(cx: &Cx<'_>, device: MfaDevice) -> Result<DeviceItem, ApiError> {
    let user = device.user_id.map(|id| User::get(cx.tx, &id)).transpose()?.flatten();
    Ok(DeviceItem {
        serial_number: device.serial_number,
        activate_date: device.activated_at.map(Timestamp::to_iso8601),
        user: user.map(|user| DeviceUser {
            user_id: user.user_id,
            user_name: user.user_name,
            display_name: user.display_name,
        }),
    })
}
