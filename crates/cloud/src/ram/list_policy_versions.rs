//! ListPolicyVersions: the versions of a policy, custom or system.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::entity;
use super::item::VersionItem;
use super::parameter::{NAME_ERRORS, PolicyName, PolicyType};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What it is about.
    pub struct Request {
        /// The policy.
        pub policy_name: PolicyName = "PolicyName",
        /// `Custom` or `System`.
        pub policy_type: PolicyType = "PolicyType",
    }
}

response! {
    /// The versions.
    pub struct Response {
        /// Oldest first.
        pub versions: Vec<VersionItem> = "PolicyVersions" of "PolicyVersion",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ListPolicyVersions",
    effect: Effect::Read,
    access: Access::Action("ram:ListPolicyVersions"),
    idempotent: false,
    errors: &[&NAME_ERRORS, &[ErrorCode::RamInvalidParameter, ErrorCode::PolicyNotExist]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::policy_arn(cx, request.policy_type, &request.policy_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    Ok(Response { versions: entity::versions(cx, request.policy_type, &request.policy_name)? })
}
