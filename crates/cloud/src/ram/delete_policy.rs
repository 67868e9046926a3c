//! DeletePolicy: a custom policy goes. It must not be attached to anyone.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::{policies, ram_tags};

use super::entity;
use super::parameter::{PolicyName, PolicyType};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The policy.
    pub struct Request {
        /// Whether versions that are not in force go too.
        pub cascading: Option<bool> = "CascadingDelete",
        /// The policy.
        pub policy_name: PolicyName = "PolicyName",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DeletePolicy",
    effect: Effect::Write,
    access: Access::Action("ram:DeletePolicy"),
    idempotent: false,
    errors: &[&[
        ErrorCode::RamMissingParameter,
        ErrorCode::RamInvalidChars,
        ErrorCode::RamTooLong,
        ErrorCode::RamInvalidParameter,
        ErrorCode::PolicyNotExist,
        ErrorCode::PolicyHasUsers,
        ErrorCode::PolicyHasGroups,
        ErrorCode::PolicyHasRoles,
        ErrorCode::PolicyHasVersions,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::policy_arn(cx, PolicyType::Custom, &request.policy_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let name = &request.policy_name.0;
    let policy = policies::get(cx.tx, cx.account(), name)?.ok_or(ErrorCode::PolicyNotExist)?;
    let count = |kind: &entity::Kind| policies::count_attached(cx.tx, &policy.account, "Custom", name, kind.name);
    for (kind, conflict) in [
        (&entity::USER, ErrorCode::PolicyHasUsers),
        (&entity::GROUP, ErrorCode::PolicyHasGroups),
        (&entity::ROLE, ErrorCode::PolicyHasRoles),
    ] {
        if count(kind)? > 0 {
            return Err(conflict.into());
        }
    }
    if request.cascading != Some(true) && policies::versions(cx.tx, &policy.account, name)?.len() > 1 {
        return Err(ErrorCode::PolicyHasVersions.into());
    }
    ram_tags::clear(cx.tx, &policy.account, "policy", name)?;
    policies::delete(cx.tx, &policy.account, name)?;
    Ok(Response {})
}
