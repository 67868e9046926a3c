//! SetDefaultPolicyVersion: a version of a custom policy is in force from the next request on.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::policies;

use super::entity;
use super::parameter::{NAME_ERRORS, PolicyName, PolicyType, VersionId};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What it is about.
    pub struct Request {
        /// The policy.
        pub policy_name: PolicyName = "PolicyName",
        /// The version.
        pub version: VersionId = "VersionId",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "SetDefaultPolicyVersion",
    effect: Effect::Write,
    access: Access::Action("ram:SetDefaultPolicyVersion"),
    idempotent: false,
    errors: &[&NAME_ERRORS, &[ErrorCode::RamFormat, ErrorCode::PolicyNotExist, ErrorCode::PolicyVersionNotExist]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::policy_arn(cx, PolicyType::Custom, &request.policy_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let policy = entity::policy(cx, &request.policy_name)?;
    let version = entity::version(cx, &policy, request.version)?;
    policies::set_default(cx.tx, cx.account(), &policy.policy_name, version.version, cx.now)?;
    Ok(Response {})
}
