//! GetSecurityPreference: what RAM users may do for themselves, and how they log on.

use coffer_base::{ApiError, Arn};

use super::item::SecurityPreferenceItem;
use super::{entity, logon};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Nothing.
    pub struct Request {}
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
    name: "GetSecurityPreference",
    effect: Effect::Read,
    access: Access::Action("ram:GetSecurityPreference"),
    idempotent: false,
    errors: &[],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::account_arn(cx)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, _request: Request) -> Result<Response, ApiError> {
    Ok(Response { preference: logon::security_preference(cx)?.into() })
}
