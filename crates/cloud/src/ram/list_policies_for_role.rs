//! ListPoliciesForRole: the policies that are attached to a role itself.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::entity;
use super::item::AttachedPolicy;
use super::parameter::{NAME_ERRORS, RoleName};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What it is about.
    pub struct Request {
        /// The role.
        pub role_name: RoleName = "RoleName",
    }
}

response! {
    /// The policies.
    pub struct Response {
        /// Oldest first.
        pub policies: Vec<AttachedPolicy> = "Policies" of "Policy",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ListPoliciesForRole",
    effect: Effect::Read,
    access: Access::Action("ram:ListPoliciesForRole"),
    idempotent: false,
    errors: &[&NAME_ERRORS, &[ErrorCode::RoleNotExist]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::role_arn(cx, &request.role_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let role = entity::role(cx, &request.role_name)?;
    Ok(Response { policies: entity::attached(cx, &role.role_id)? })
}
