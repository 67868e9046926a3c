//! AttachPolicyToRole: a role gets what a policy allows and denies, from the next request on.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::entity;
use super::parameter::{PolicyName, PolicyType, RoleName};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which policy, and to whom.
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
    name: "AttachPolicyToRole",
    effect: Effect::Write,
    access: Access::Action("ram:AttachPolicyToRole"),
    idempotent: false,
    errors: &[&[
        ErrorCode::RamMissingParameter,
        ErrorCode::RamInvalidChars,
        ErrorCode::RamTooLong,
        ErrorCode::RamInvalidParameter,
        ErrorCode::RoleNotExist,
        ErrorCode::PolicyNotExist,
        ErrorCode::RolePolicyExists,
        ErrorCode::TooManyRolePolicies,
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
    entity::attach(cx, &entity::ROLE, &role.role_id, request.policy_type, request.policy_name)?;
    Ok(Response {})
}
