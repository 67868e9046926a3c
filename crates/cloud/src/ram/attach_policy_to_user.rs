//! AttachPolicyToUser: a user gets what a policy allows and denies, from the next request on.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::entity;
use super::parameter::{PolicyName, PolicyType, UserName};
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
        /// The user.
        pub user_name: UserName = "UserName",
    }
    refused { "ResourceGroupId", }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "AttachPolicyToUser",
    effect: Effect::Write,
    access: Access::Action("ram:AttachPolicyToUser"),
    idempotent: false,
    errors: &[&[
        ErrorCode::RamMissingParameter,
        ErrorCode::RamInvalidChars,
        ErrorCode::RamTooLong,
        ErrorCode::RamInvalidParameter,
        ErrorCode::UserNotExist,
        ErrorCode::PolicyNotExist,
        ErrorCode::UserPolicyExists,
        ErrorCode::TooManyUserPolicies,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![
        entity::user_arn(cx, &request.user_name),
        entity::policy_arn(cx, request.policy_type, &request.policy_name),
    ])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let user = entity::user(cx, &request.user_name)?;
    entity::attach(cx, &entity::USER, &user.user_id, request.policy_type, request.policy_name)?;
    Ok(Response {})
}
