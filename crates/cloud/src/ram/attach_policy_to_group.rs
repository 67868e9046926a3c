//! AttachPolicyToGroup: the users of a group get what a policy allows and denies, from the next request on.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::entity;
use super::parameter::{GroupName, NAME_ERRORS, PolicyName, PolicyType};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which policy, and to whom.
    pub struct Request {
        /// The group.
        pub group_name: GroupName = "GroupName",
        /// The policy.
        pub policy_name: PolicyName = "PolicyName",
        /// `Custom` or `System`.
        pub policy_type: PolicyType = "PolicyType",
    }
    refused { "ResourceGroupId", }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "AttachPolicyToGroup",
    effect: Effect::Write,
    access: Access::Action("ram:AttachPolicyToGroup"),
    idempotent: false,
    errors: &[
        &NAME_ERRORS,
        &[
            ErrorCode::RamInvalidParameter,
            ErrorCode::GroupNotExist,
            ErrorCode::PolicyNotExist,
            ErrorCode::GroupPolicyExists,
            ErrorCode::TooManyGroupPolicies,
        ],
    ],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![
        entity::group_arn(cx, &request.group_name),
        entity::policy_arn(cx, request.policy_type, &request.policy_name),
    ])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let group = entity::group(cx, &request.group_name)?;
    entity::attach(cx, &entity::GROUP, &group.group_id, request.policy_type, request.policy_name)?;
    Ok(Response {})
}
