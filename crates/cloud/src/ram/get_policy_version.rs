//! GetPolicyVersion: a version of a policy, custom or system.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::entity;
use super::item::VersionItem;
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
        /// `Custom` or `System`.
        pub policy_type: PolicyType = "PolicyType",
        /// The version.
        pub version: VersionId = "VersionId",
    }
}

response! {
    /// It.
    pub struct Response {
        /// Described.
        pub version: VersionItem = "PolicyVersion",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "GetPolicyVersion",
    effect: Effect::Read,
    access: Access::Action("ram:GetPolicyVersion"),
    idempotent: false,
    errors: &[
        &NAME_ERRORS,
        &[
            ErrorCode::RamInvalidParameter,
            ErrorCode::RamFormat,
            ErrorCode::PolicyNotExist,
            ErrorCode::PolicyVersionNotExist,
        ],
    ],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::policy_arn(cx, request.policy_type, &request.policy_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let id = format!("v{}", request.version.0);
    let versions = entity::versions(cx, request.policy_type, &request.policy_name)?;
    let version = versions.into_iter().find(|version| version.version_id == id);
    Ok(Response { version: version.ok_or(ErrorCode::PolicyVersionNotExist)? })
}
