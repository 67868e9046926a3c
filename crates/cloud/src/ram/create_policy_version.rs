//! CreatePolicyVersion: another version of a custom policy, in force from the next request on if that is asked for.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::policies;

use super::entity;
use super::item::VersionItem;
use super::parameter::{Document, NAME_ERRORS, PolicyName, PolicyType};
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What it is about.
    pub struct Request {
        /// The document.
        pub document: Document<false> = "PolicyDocument",
        /// The policy.
        pub policy_name: PolicyName = "PolicyName",
        /// What to do when there are as many as there may be.
        pub rotate: Option<RotateStrategy> = "RotateStrategy",
        /// Whether it is to be in force.
        pub in_force: Option<bool> = "SetAsDefault",
    }
}

/// What to do when a policy has as many versions as it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotateStrategy {
    /// Refuse another.
    None,
    /// Delete the oldest that is not in force.
    DeleteOldest,
}

impl Parameter for RotateStrategy {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        match text {
            "None" => Ok(Self::None),
            "DeleteOldestNonDefaultVersionWhenLimitExceeded" => Ok(Self::DeleteOldest),
            _ => Err(Invalid::Value),
        }
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
    name: "CreatePolicyVersion",
    effect: Effect::Write,
    access: Access::Action("ram:CreatePolicyVersion"),
    idempotent: false,
    errors: &[
        &NAME_ERRORS,
        &[
            ErrorCode::RamInvalidParameter,
            ErrorCode::MalformedPolicy,
            ErrorCode::PolicyNotExist,
            ErrorCode::TooManyVersions,
        ],
    ],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::policy_arn(cx, PolicyType::Custom, &request.policy_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let mut policy = entity::policy(cx, &request.policy_name)?;
    let versions = policies::versions(cx.tx, cx.account(), &policy.policy_name)?;
    if versions.len() >= MOST_VERSIONS {
        let oldest = versions.iter().find(|version| version.version != policy.default_version);
        let oldest = oldest.filter(|_| request.rotate == Some(RotateStrategy::DeleteOldest));
        let oldest = oldest.ok_or(ErrorCode::TooManyVersions)?;
        policies::delete_version(cx.tx, cx.account(), &policy.policy_name, oldest.version)?;
    }
    let document = request.document.0;
    let number = policies::add_version(cx.tx, cx.account(), &policy.policy_name, &document, cx.now)?;
    if request.in_force == Some(true) {
        policies::set_default(cx.tx, cx.account(), &policy.policy_name, number, cx.now)?;
        policy.default_version = number;
    }
    let version = policies::Version { version: number, document, created_at: cx.now };
    Ok(Response { version: VersionItem::new(&policy, version) })
}

/// Most versions of a policy ("Limits").
const MOST_VERSIONS: usize = 5;
