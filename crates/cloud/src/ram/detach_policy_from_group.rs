//! DetachPolicyFromGroup: the users of a group lose what a policy allowed and denied, from the next request on.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::entity;
use super::parameter::{GroupName, NAME_ERRORS, PolicyName, PolicyType};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which policy, and from whom.
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
    name: "DetachPolicyFromGroup",
    effect: Effect::Write,
    access: Access::Action("ram:DetachPolicyFromGroup"),
    idempotent: false,
    errors: &[
        &NAME_ERRORS,
        &[ErrorCode::RamInvalidParameter, ErrorCode::GroupNotExist, ErrorCode::GroupPolicyNotExist],
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
    entity::detach(cx, &entity::GROUP, &group.group_id, request.policy_type, &request.policy_name)?;
    Ok(Response {})
}
