//! DeleteRole: a role goes, and every session of it ends. It must have no policies.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::{identities, policies, ram_tags};

use super::entity;
use super::parameter::RoleName;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The role.
    pub struct Request {
        /// Its name.
        pub role_name: RoleName = "RoleName",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DeleteRole",
    effect: Effect::Write,
    access: Access::Action("ram:DeleteRole"),
    idempotent: false,
    errors: &[&[
        ErrorCode::RamMissingParameter,
        ErrorCode::RamInvalidChars,
        ErrorCode::RamTooLong,
        ErrorCode::RoleNotExist,
        ErrorCode::RoleHasPolicies,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::role_arn(cx, &request.role_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let role = entity::role(cx, &request.role_name)?;
    if !policies::attached(cx.tx, &role.role_id)?.is_empty() {
        return Err(ErrorCode::RoleHasPolicies.into());
    }
    ram_tags::clear(cx.tx, cx.account(), "role", &role.role_name)?;
    identities::delete_role(cx.tx, &role.role_id)?;
    Ok(Response {})
}
