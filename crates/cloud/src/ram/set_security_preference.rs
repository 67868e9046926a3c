//! SetSecurityPreference: what RAM users may do for themselves, and how they log on, from now on. What is not said is as the vendor begins with.

use std::net::IpAddr;

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::preferences::{self, SecurityPreference};

use super::entity;
use super::item::SecurityPreferenceItem;
use super::parameter::Within;
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The preference.
    pub struct Request {
        /// Whether users change their passwords.
        pub change_password: Option<bool> = "AllowUserToChangePassword",
        /// Whether users manage their access keys.
        pub manage_access_keys: Option<bool> = "AllowUserToManageAccessKeys",
        /// Whether users manage their MFA devices.
        pub manage_mfa_devices: Option<bool> = "AllowUserToManageMFADevices",
        /// Whether users manage their public keys.
        pub manage_public_keys: Option<bool> = "AllowUserToManagePublicKeys",
        /// Whether a browser is remembered for seven days.
        pub save_mfa_ticket: Option<bool> = "EnableSaveMFATicket",
        /// From where users log on: addresses and networks, with `;` between them.
        pub network_masks: Option<NetworkMasks> = "LoginNetworkMasks",
        /// How long a logon lasts, in hours.
        pub session_h: Option<Within<1, 24>> = "LoginSessionDuration",
    }
}

/// Up to 25 addresses and networks, with `;` between them.
#[derive(Clone, Debug)]
pub struct NetworkMasks(String);

impl Parameter for NetworkMasks {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let is_network = |mask: &str| {
            let (address, bits) = mask.split_once('/').map_or((mask, None), |(address, bits)| (address, Some(bits)));
            let most = address.parse().ok().map(|address: IpAddr| if address.is_ipv4() { 32 } else { 128 });
            most.is_some_and(|most| bits.is_none_or(|bits| bits.parse().is_ok_and(|bits: u8| bits <= most)))
        };
        let fits = text.split(';').count() <= 25 && text.split(';').all(is_network);
        if fits { Ok(Self(text.to_owned())) } else { Err(Invalid::Value) }
    }
}

response! {
    /// It.
    pub struct Response {
        /// Described.
        pub preference: SecurityPreferenceItem = "SecurityPreference",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "SetSecurityPreference",
    effect: Effect::Write,
    access: Access::Action("ram:SetSecurityPreference"),
    idempotent: false,
    errors: &[&[ErrorCode::RamInvalidParameter]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::account_arn(cx)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let preference = SecurityPreference {
        account: cx.account().clone(),
        save_mfa_ticket: request.save_mfa_ticket.unwrap_or(false),
        change_password: request.change_password.unwrap_or(true),
        manage_access_keys: request.manage_access_keys.unwrap_or(false),
        manage_mfa_devices: request.manage_mfa_devices.unwrap_or(true),
        manage_public_keys: request.manage_public_keys.unwrap_or(false),
        login_session_h: request.session_h.map_or(6, |Within(hours)| hours),
        login_network_masks: request.network_masks.map(|NetworkMasks(text)| text).unwrap_or_default(),
    };
    preferences::set(cx.tx, cx.account(), &preference)?;
    Ok(Response { preference: preference.into() })
}
