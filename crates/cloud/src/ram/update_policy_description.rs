//! UpdatePolicyDescription: a custom policy is described anew.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::policies;

use super::entity;
use super::parameter::{Description, NAME_ERRORS, New, PolicyName, PolicyType};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What it is about.
    pub struct Request {
        /// The description it is to have.
        pub description: New<Description> = "NewDescription",
        /// The policy.
        pub policy_name: PolicyName = "PolicyName",
    }
}

response! {
    /// It.
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
        pub default_version: String = "DefaultVersion",
        /// When it was made.
        pub create_date: String = "CreateDate",
        /// When it was last changed.
        pub update_date: String = "UpdateDate",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "UpdatePolicyDescription",
    effect: Effect::Write,
    access: Access::Action("ram:UpdatePolicyDescription"),
    idempotent: false,
    errors: &[&NAME_ERRORS, &[ErrorCode::PolicyNotExist]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::policy_arn(cx, PolicyType::Custom, &request.policy_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let mut policy = entity::policy(cx, &request.policy_name)?;
    request.description.set(&mut policy.description);
    policies::set_description(cx.tx, &policy.account, &policy.policy_name, &policy.description, cx.now)?;
    Ok(Response {
        policy: PolicyItem {
            policy_name: policy.policy_name,
            policy_type: "Custom",
            description: policy.description,
            default_version: format!("v{}", policy.default_version),
            create_date: policy.created_at.to_iso8601(),
            update_date: cx.now.to_iso8601(),
        },
    })
}
