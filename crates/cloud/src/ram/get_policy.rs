//! GetPolicy: a policy, custom or system, with the document in force.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::policies;

use super::entity;
use super::parameter::{PolicyName, PolicyType};
use crate::auth::system_policies;
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

    /// A version.
    pub struct VersionItem {
        /// Its id.
        pub version_id: String = "VersionId",
        /// Whether it is in force.
        pub is_default: bool = "IsDefaultVersion",
        /// The document.
        pub document: String = "PolicyDocument",
        /// When it was made.
        pub create_date: String = "CreateDate",
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
    let found = match request.policy_type {
        PolicyType::Custom => custom(cx, &request.policy_name)?,
        PolicyType::System => system(&request.policy_name)?,
    };
    let name = &request.policy_name.0;
    let count = |kind: &entity::Kind| {
        policies::count_attached(cx.tx, cx.account(), request.policy_type.as_str(), name, kind.name)
    };
    let attachment_count = count(&entity::USER)? + count(&entity::ROLE)?;
    Ok(Response {
        policy: PolicyItem {
            policy_name: request.policy_name.0.clone(),
            policy_type: request.policy_type.as_str(),
            description: found.description,
            default_version: found.version_id.clone(),
            document: found.document.clone(),
            attachment_count,
            create_date: found.created.clone(),
            update_date: found.updated,
        },
        version: VersionItem {
            version_id: found.version_id,
            is_default: true,
            document: found.document,
            create_date: found.version_created,
        },
    })
}

struct Found {
    description: String,
    version_id: String,
    document: String,
    created: String,
    updated: String,
    version_created: String,
}

fn custom(cx: &Cx<'_>, name: &PolicyName) -> Result<Found, ApiError> {
    let policy = policies::get(cx.tx, cx.account(), &name.0)?.ok_or(ErrorCode::PolicyNotExist)?;
    let versions = policies::versions(cx.tx, cx.account(), &name.0)?;
    let version = versions.into_iter().find(|version| version.version == policy.default_version);
    let version = version.ok_or_else(|| ApiError::internal("a policy without its default version"))?;
    Ok(Found {
        description: policy.description,
        version_id: format!("v{}", version.version),
        document: version.document,
        created: policy.created_at.to_iso8601(),
        updated: policy.updated_at.to_iso8601(),
        version_created: version.created_at.to_iso8601(),
    })
}

/// System policies have been there from the beginning, in one version.
fn system(name: &PolicyName) -> Result<Found, ApiError> {
    let policy = system_policies::get(&name.0).ok_or(ErrorCode::PolicyNotExist)?;
    let since = coffer_base::Timestamp::from_unix_ms(0).to_iso8601();
    Ok(Found {
        description: policy.description.to_owned(),
        version_id: "v1".to_owned(),
        document: policy.document.to_owned(),
        created: since.clone(),
        updated: since.clone(),
        version_created: since,
    })
}
