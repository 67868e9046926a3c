//! Users, roles and policies: found, named as resources, and attached to each other.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::groups::{self, Group};
use coffer_store::identities::{self, Role, User};
use coffer_store::policies::{self, Attachment, Policy, Version};

use super::item::{AttachedPolicy, VersionItem};
use super::parameter::{GroupName, PolicyName, PolicyType, RoleName, UserName, VersionId};
use crate::auth::policy::{Policy as TrustPolicy, PolicyKind, PrincipalKind};
use crate::auth::system_policies::{self, SystemPolicy};
use crate::caller::Identity;
use crate::context::Cx;

/// A user as a resource.
pub fn user_arn(cx: &Cx<'_>, name: &UserName) -> Arn {
    Arn::ram(cx.account(), &format!("user/{}", name.0))
}

/// A role as a resource.
pub fn role_arn(cx: &Cx<'_>, name: &RoleName) -> Arn {
    Arn::ram(cx.account(), &format!("role/{}", name.0))
}

/// A group as a resource.
pub fn group_arn(cx: &Cx<'_>, name: &GroupName) -> Arn {
    Arn::ram(cx.account(), &format!("group/{}", name.0))
}

/// Everything of the account in RAM: what its settings are authorised on.
pub fn account_arn(cx: &Cx<'_>) -> Arn {
    Arn::ram(cx.account(), "*")
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

/// The user that is named, else the user that calls.
pub fn whose(cx: &Cx<'_>, named: Option<&UserName>) -> Result<UserName, ApiError> {
    match (named, &cx.caller.identity) {
        (Some(name), _) => Ok(name.clone()),
        (None, Identity::User { user_name, .. }) => Ok(UserName(user_name.clone())),
        (None, _) => Err(ApiError::with(ErrorCode::RamMissingParameter, ["UserName".to_owned()])),
    }
}

/// The group of that name.
pub fn group(cx: &Cx<'_>, name: &GroupName) -> Result<Group, ApiError> {
    Ok(groups::group(cx.tx, cx.account(), &name.0)?.ok_or(ErrorCode::GroupNotExist)?)
}

/// The custom policy of that name.
pub fn policy(cx: &Cx<'_>, name: &PolicyName) -> Result<Policy, ApiError> {
    Ok(policies::get(cx.tx, cx.account(), &name.0)?.ok_or(ErrorCode::PolicyNotExist)?)
}

/// The system policy of that name.
pub fn system_policy(name: &PolicyName) -> Result<&'static SystemPolicy, ApiError> {
    Ok(system_policies::get(&name.0).ok_or(ErrorCode::PolicyNotExist)?)
}

/// The version of a custom policy.
pub fn version(cx: &Cx<'_>, policy: &Policy, id: VersionId) -> Result<Version, ApiError> {
    let versions = policies::versions(cx.tx, &policy.account, &policy.policy_name)?;
    Ok(versions.into_iter().find(|version| version.version == id.0).ok_or(ErrorCode::PolicyVersionNotExist)?)
}

/// The versions of a policy, custom or system, the oldest first. System policies have one.
pub fn versions(cx: &Cx<'_>, policy_type: PolicyType, name: &PolicyName) -> Result<Vec<VersionItem>, ApiError> {
    match policy_type {
        PolicyType::Custom => {
            let policy = policy(cx, name)?;
            let versions = policies::versions(cx.tx, cx.account(), &name.0)?;
            Ok(versions.into_iter().map(|version| VersionItem::new(&policy, version)).collect())
        }
        PolicyType::System => Ok(vec![VersionItem::of_system(system_policy(name)?)]),
    }
}

/// What a policy is attached to, of every kind.
pub fn attachment_count(cx: &Cx<'_>, policy_type: PolicyType, name: &str) -> Result<i64, ApiError> {
    [&USER, &GROUP, &ROLE].iter().try_fold(0, |sum, kind| {
        Ok(sum + policies::count_attached(cx.tx, cx.account(), policy_type.as_str(), name, kind.name)?)
    })
}

/// The policies attached to a user, group or role, as the listings of them show them.
pub fn attached(cx: &Cx<'_>, entity_id: &str) -> Result<Vec<AttachedPolicy>, ApiError> {
    let attachments = policies::attached(cx.tx, entity_id)?.into_iter();
    attachments.map(|attachment| attached_policy(cx, attachment)).collect()
}

fn attached_policy(cx: &Cx<'_>, attachment: Attachment) -> Result<AttachedPolicy, ApiError> {
    let custom = attachment.policy_type == PolicyType::Custom.as_str();
    let name = PolicyName(attachment.policy_name);
    let (description, default_version) = if custom {
        let policy = policy(cx, &name)?;
        (policy.description, policy.default_version)
    } else {
        (system_policy(&name)?.description.to_owned(), 1)
    };
    Ok(AttachedPolicy {
        policy_name: name.0,
        policy_type: attachment.policy_type,
        description,
        default_version: format!("v{default_version}"),
        attach_date: attachment.attached_at.to_iso8601(),
    })
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
    /// `user`, `group` or `role`.
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

/// Groups ("Limits").
pub const GROUP: Kind = Kind {
    name: "group",
    most: (5, 20),
    exists: ErrorCode::GroupPolicyExists,
    missing: ErrorCode::GroupPolicyNotExist,
    too_many: ErrorCode::TooManyGroupPolicies,
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
    match policy_type {
        PolicyType::Custom => policy(cx, &name).map(drop)?,
        PolicyType::System => system_policy(&name).map(|_| ())?,
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

/// Tells conditions whom a trust policy trusts.
pub fn tell_trusted(cx: &mut Cx<'_>, document: &str) -> Result<(), ApiError> {
    let trust = TrustPolicy::parse(document, PolicyKind::Trust).map_err(ApiError::internal)?;
    for (kind, name) in trust.principals() {
        let (word, service) = match kind {
            PrincipalKind::Ram => ("RAM", false),
            PrincipalKind::Service => ("Service", true),
            PrincipalKind::Federated => ("Federated", false),
        };
        cx.conditions.push(("ram:TrustedPrincipalTypes", word.to_owned()));
        if service {
            cx.conditions.push(("ram:ServiceNames", name.to_owned()));
        }
    }
    Ok(())
}
