//! CreatePolicy: a custom policy with its first version. The document comes back exactly as it was sent.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::policies::{self, Policy};
use coffer_store::ram_tags;

use super::entity;
use super::parameter::{Description, Document, PolicyName, PolicyType, Tags};
use crate::auth::system_policies;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The policy.
    pub struct Request {
        /// A description.
        pub description: Option<Description> = "Description",
        /// The document.
        pub document: Document<false> = "PolicyDocument",
        /// Its name.
        pub policy_name: PolicyName = "PolicyName",
        /// Tags.
        pub tags: Option<Tags> = "Tag",
    }
}

response! {
    /// The policy.
    pub struct Response {
        /// Described.
        pub policy: PolicyItem = "Policy",
    }

    /// A policy.
    pub struct PolicyItem {
        /// Its name.
        pub policy_name: String = "PolicyName",
        /// `Custom`.
        pub policy_type: &'static str = "PolicyType",
        /// A description.
        pub description: String = "Description",
        /// The version in force.
        pub default_version: &'static str = "DefaultVersion",
        /// When it was made.
        pub create_date: String = "CreateDate",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "CreatePolicy",
    effect: Effect::Write,
    access: Access::Action("ram:CreatePolicy"),
    idempotent: false,
    errors: &[&[
        ErrorCode::RamMissingParameter,
        ErrorCode::RamInvalidChars,
        ErrorCode::RamTooLong,
        ErrorCode::RamInvalidParameter,
        ErrorCode::MalformedPolicy,
        ErrorCode::PolicyExists,
        ErrorCode::TooManyPolicies,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::policy_arn(cx, PolicyType::Custom, &request.policy_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    if policies::count(cx.tx, cx.account())? >= MOST_POLICIES {
        return Err(ErrorCode::TooManyPolicies.into());
    }
    let policy = Policy {
        account: cx.account().clone(),
        policy_name: request.policy_name.0,
        description: request.description.map(|Description(text)| text).unwrap_or_default(),
        default_version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    };
    let taken = system_policies::get(&policy.policy_name).is_some();
    if taken || !policies::insert(cx.tx, &policy, &request.document.0)? {
        return Err(ErrorCode::PolicyExists.into());
    }
    for tag in request.tags.iter().flat_map(|Tags(tags)| tags) {
        ram_tags::set(cx.tx, cx.account(), "policy", &policy.policy_name, tag)?;
    }
    Ok(Response {
        policy: PolicyItem {
            policy_name: policy.policy_name,
            policy_type: "Custom",
            description: policy.description,
            default_version: "v1",
            create_date: policy.created_at.to_iso8601(),
        },
    })
}

/// Most custom policies in an account ("Limits").
const MOST_POLICIES: i64 = 1500;
