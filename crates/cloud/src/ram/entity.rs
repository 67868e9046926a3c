//! Users, roles and policies: found, named as resources, and attached to each other.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::identities::{self, Role, User};
use coffer_store::policies::{self, Attachment};

use super::parameter::{PolicyName, PolicyType, RoleName, UserName};
use crate::auth::system_policies;
use crate::context::Cx;

/// A user as a resource.
pub fn user_arn(cx: &Cx<'_>, name: &UserName) -> Arn {
    Arn::ram(cx.account(), &format!("user/{}", name.0))
}

/// A role as a resource.
pub fn role_arn(cx: &Cx<'_>, name: &RoleName) -> Arn {
    Arn::ram(cx.account(), &format!("role/{}", name.0))
}

/// A policy as a resource.
pub fn policy_arn(cx: &Cx<'_>, policy_type: PolicyType, name: &PolicyName) -> Arn {
    match policy_type {
        PolicyType::Custom => Arn::ram(cx.account(), &format!("policy/{}", name.0)),
        PolicyType::System => Arn::system_policy(&name.0),
    }
}

/// The user of that name.
pub fn user(cx: &Cx<'_>, name: &UserName) -> Result<User, ApiError> {
    Ok(identities::user(cx.tx, cx.account(), &name.0)?.ok_or(ErrorCode::UserNotExist)?)
}

/// The role of that name.
pub fn role(cx: &Cx<'_>, name: &RoleName) -> Result<Role, ApiError> {
    let role = identities::role(cx.tx, cx.account(), &name.0)?;
    role.ok_or_else(|| ApiError::with(ErrorCode::RoleNotExist, [name.0.clone()]))
}

/// The ARN of a role as replies show it. Names keep their case; they compare without.
pub fn shown_role_arn(role: &Role) -> String {
    Arn::identity(&role.account, &format!("role/{}", role.role_name.to_ascii_lowercase())).to_string()
}

/// What policies hang on, with the bounds and errors of its kind.
pub struct Kind {
    /// `user` or `role`.
    pub name: &'static str,
    /// Most custom, and most system policies.
    pub most: (usize, usize),
    /// Attached already.
    pub exists: ErrorCode,
    /// Not attached.
    pub missing: ErrorCode,
    /// Too many.
    pub too_many: ErrorCode,
}

/// Users ("Limits").
pub const USER: Kind = Kind {
    name: "user",
    most: (10, 20),
    exists: ErrorCode::UserPolicyExists,
    missing: ErrorCode::UserPolicyNotExist,
    too_many: ErrorCode::TooManyUserPolicies,
};

/// Roles ("Limits").
pub const ROLE: Kind = Kind {
    name: "role",
    most: (5, 20),
    exists: ErrorCode::RolePolicyExists,
    missing: ErrorCode::RolePolicyNotExist,
    too_many: ErrorCode::TooManyRolePolicies,
};

/// Attaches a policy that exists.
pub fn attach(
    cx: &Cx<'_>,
    kind: &Kind,
    entity_id: &str,
    policy_type: PolicyType,
    name: PolicyName,
) -> Result<(), ApiError> {
    let exists = match policy_type {
        PolicyType::Custom => policies::get(cx.tx, cx.account(), &name.0)?.is_some(),
        PolicyType::System => system_policies::get(&name.0).is_some(),
    };
    if !exists {
        return Err(ErrorCode::PolicyNotExist.into());
    }
    let attached = policies::attached(cx.tx, entity_id)?;
    if attached.iter().any(|a| a.policy_type == policy_type.as_str() && a.policy_name == name.0) {
        return Err(kind.exists.into());
    }
    let same_type = attached.iter().filter(|a| a.policy_type == policy_type.as_str()).count();
    let most = if policy_type == PolicyType::Custom { kind.most.0 } else { kind.most.1 };
    if same_type >= most {
        return Err(kind.too_many.into());
    }
    let attachment =
        Attachment { policy_type: policy_type.as_str().to_owned(), policy_name: name.0, attached_at: cx.now };
    if !policies::attach(cx.tx, cx.account(), kind.name, entity_id, &attachment)? {
        return Err(kind.exists.into());
    }
    Ok(())
}

/// Detaches a policy.
pub fn detach(
    cx: &Cx<'_>,
    kind: &Kind,
    entity_id: &str,
    policy_type: PolicyType,
    name: &PolicyName,
) -> Result<(), ApiError> {
    if policies::detach(cx.tx, entity_id, policy_type.as_str(), &name.0)? { Ok(()) } else { Err(kind.missing.into()) }
}
