//! GetPolicy: a policy, custom or system, with the document in force.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::entity;
use super::item::VersionItem;
use super::parameter::{PolicyName, PolicyType, VersionId};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The policy.
    pub struct Request {
        /// The policy.
        pub policy_name: PolicyName = "PolicyName",
        /// `Custom` or `System`.
        pub policy_type: PolicyType = "PolicyType",
    }
}

response! {
    /// The policy.
    pub struct Response {
        /// Described.
        pub policy: PolicyItem = "Policy",
        /// The version in force.
        pub version: VersionItem = "DefaultPolicyVersion",
    }

    /// A policy.
    pub struct PolicyItem {
        /// Its name.
        pub policy_name: String = "PolicyName",
        /// `Custom` or `System`.
        pub policy_type: &'static str = "PolicyType",
        /// A description.
        pub description: String = "Description",
        /// The version in force.
        pub default_version: String = "DefaultVersion",
        /// The document in force.
        pub document: String = "PolicyDocument",
        /// How often it is attached.
        pub attachment_count: i64 = "AttachmentCount",
        /// When it was made.
        pub create_date: String = "CreateDate",
        /// When it was last changed.
        pub update_date: String = "UpdateDate",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "GetPolicy",
    effect: Effect::Read,
    access: Access::Action("ram:GetPolicy"),
    idempotent: false,
    errors: &[&[
        ErrorCode::RamMissingParameter,
        ErrorCode::RamInvalidChars,
        ErrorCode::RamTooLong,
        ErrorCode::RamInvalidParameter,
        ErrorCode::PolicyNotExist,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::policy_arn(cx, request.policy_type, &request.policy_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let name = &request.policy_name;
    let (description, created, updated, version) = match request.policy_type {
        PolicyType::Custom => custom(cx, name)?,
        PolicyType::System => {
            let policy = entity::system_policy(name)?;
            let version = VersionItem::of_system(policy);
            (policy.description.to_owned(), version.create_date.clone(), version.create_date.clone(), version)
        }
    };
    Ok(Response {
        policy: PolicyItem {
            policy_name: name.0.clone(),
            policy_type: request.policy_type.as_str(),
            description,
            default_version: version.version_id.clone(),
            document: version.document.clone(),
            attachment_count: entity::attachment_count(cx, request.policy_type, &name.0)?,
            create_date: created,
            update_date: updated,
        },
        version,
    })
}

/// Description, when it was made and last changed, and the version in force.
fn custom(cx: &Cx<'_>, name: &PolicyName) -> Result<(String, String, String, VersionItem), ApiError> {
    let policy = entity::policy(cx, name)?;
    let version = entity::version(cx, &policy, VersionId(policy.default_version))?;
    let version = VersionItem::new(&policy, version);
    Ok((policy.description, policy.created_at.to_iso8601(), policy.updated_at.to_iso8601(), version))
}
