//! GetPasswordPolicy: what the passwords of RAM users must be.

use coffer_base::{ApiError, Arn};

use super::item::PasswordPolicyItem;
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
        pub policy: PasswordPolicyItem = "PasswordPolicy",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "GetPasswordPolicy",
    effect: Effect::Read,
    access: Access::Action("ram:GetPasswordPolicy"),
    idempotent: false,
    errors: &[],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::account_arn(cx)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, _request: Request) -> Result<Response, ApiError> {
    Ok(Response { policy: logon::password_policy(cx)?.into() })
}
