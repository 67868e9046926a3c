//! ListEntitiesForPolicy: the users, groups and roles that a policy is attached to.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::groups::Group;
use coffer_store::identities::{Role, User};
use coffer_store::policies;

use super::entity;
use super::parameter::{NAME_ERRORS, PolicyName, PolicyType};
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
    }
}

response! {
    /// Whom it is attached to.
    pub struct Response {
        /// Users.
        pub users: Vec<UserEntity> = "Users" of "User",
        /// Groups.
        pub groups: Vec<GroupEntity> = "Groups" of "Group",
        /// Roles.
        pub roles: Vec<RoleEntity> = "Roles" of "Role",
    }

    /// A user.
    pub struct UserEntity {
        /// Its id.
        pub user_id: String = "UserId",
        /// Its name.
        pub user_name: String = "UserName",
        /// Its name for people.
        pub display_name: String = "DisplayName",
        /// When the policy was attached.
        pub attach_date: String = "AttachDate",
    }

    /// A group.
    pub struct GroupEntity {
        /// Its name.
        pub group_name: String = "GroupName",
        /// A remark.
        pub comments: String = "Comments",
        /// When the policy was attached.
        pub attach_date: String = "AttachDate",
    }

    /// A role.
    pub struct RoleEntity {
        /// Its id.
        pub role_id: String = "RoleId",
        /// Its name.
        pub role_name: String = "RoleName",
        /// Its ARN.
        pub arn: String = "Arn",
        /// A description.
        pub description: String = "Description",
        /// When the policy was attached.
        pub attach_date: String = "AttachDate",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ListEntitiesForPolicy",
    effect: Effect::Read,
    access: Access::Action("ram:ListEntitiesForPolicy"),
    idempotent: false,
    errors: &[&NAME_ERRORS, &[ErrorCode::RamInvalidParameter, ErrorCode::PolicyNotExist]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::policy_arn(cx, request.policy_type, &request.policy_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    match request.policy_type {
        PolicyType::Custom => entity::policy(cx, &request.policy_name).map(drop)?,
        PolicyType::System => entity::system_policy(&request.policy_name).map(|_| ())?,
    }
    let user = |user: User, attach_date| UserEntity {
        user_id: user.user_id,
        user_name: user.user_name,
        display_name: user.display_name,
        attach_date,
    };
    let group =
        |group: Group, attach_date| GroupEntity { group_name: group.group_name, comments: group.comments, attach_date };
    let role = |role: Role, attach_date| RoleEntity {
        arn: entity::shown_role_arn(&role),
        role_id: role.role_id,
        role_name: role.role_name,
        description: role.description,
        attach_date,
    };
    Ok(Response {
        users: entities(cx, &request, &entity::USER, user)?,
        groups: entities(cx, &request, &entity::GROUP, group)?,
        roles: entities(cx, &request, &entity::ROLE, role)?,
    })
}

/// Those of one kind, in the order of attachment.
fn entities<T: coffer_store::Record, I>(
    cx: &Cx<'_>,
    request: &Request,
    kind: &entity::Kind,
    item: impl Fn(T, String) -> I,
) -> Result<Vec<I>, ApiError> {
    let (policy_type, name) = (request.policy_type.as_str(), &request.policy_name.0);
    let mut items = Vec::new();
    for (id, attached_at) in policies::entities(cx.tx, cx.account(), policy_type, name, kind.name)? {
        let entity = T::get(cx.tx, &id)?.ok_or_else(|| ApiError::internal("a policy attached to nobody"))?;
        items.push(item(entity, attached_at.to_iso8601()));
    }
    Ok(items)
}
