//! DetachPolicyFromRole: a role loses what a policy allowed and denied, from the next request on.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::entity;
use super::parameter::{PolicyName, PolicyType, RoleName};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which policy, and from whom.
    pub struct Request {
        /// The policy.
        pub policy_name: PolicyName = "PolicyName",
        /// `Custom` or `System`.
        pub policy_type: PolicyType = "PolicyType",
        /// The role.
        pub role_name: RoleName = "RoleName",
    }
    refused { "ResourceGroupId", }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DetachPolicyFromRole",
    effect: Effect::Write,
    access: Access::Action("ram:DetachPolicyFromRole"),
    idempotent: false,
    errors: &[&[
        ErrorCode::RamMissingParameter,
        ErrorCode::RamInvalidChars,
        ErrorCode::RamTooLong,
        ErrorCode::RamInvalidParameter,
        ErrorCode::RoleNotExist,
        ErrorCode::RolePolicyNotExist,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![
        entity::role_arn(cx, &request.role_name),
        entity::policy_arn(cx, request.policy_type, &request.policy_name),
    ])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let role = entity::role(cx, &request.role_name)?;
    entity::detach(cx, &entity::ROLE, &role.role_id, request.policy_type, &request.policy_name)?;
    Ok(Response {})
}
