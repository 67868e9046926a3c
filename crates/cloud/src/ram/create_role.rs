//! CreateRole: a role: permissions that those may take on whom its trust policy names.

use coffer_base::{ApiError, Arn, ErrorCode, ids};
use coffer_store::identities::{self, Role};
use coffer_store::ram_tags;

use super::entity;
use super::parameter::{Description, Document, MaxSession, RoleName, Tags};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The role.
    pub struct Request {
        /// Who may assume it.
        pub trust_policy: Document<true> = "AssumeRolePolicyDocument",
        /// A description.
        pub description: Option<Description> = "Description",
        /// Longest session in seconds.
        pub max_session_s: Option<MaxSession> = "MaxSessionDuration",
        /// Its name.
        pub role_name: RoleName = "RoleName",
        /// Tags.
        pub tags: Option<Tags> = "Tag",
    }
    refused { "AllowConsoleLogin", }
}

response! {
    /// The role.
    pub struct Response {
        /// Described.
        pub role: RoleItem = "Role",
    }

    /// A role.
    pub struct RoleItem {
        /// Its id.
        pub role_id: String = "RoleId",
        /// Its name.
        pub role_name: String = "RoleName",
        /// Its ARN.
        pub arn: String = "Arn",
        /// A description.
        pub description: String = "Description",
        /// Who may assume it.
        pub trust_policy: String = "AssumeRolePolicyDocument",
        /// Longest session in seconds.
        pub max_session_s: i64 = "MaxSessionDuration",
        /// When it was made.
        pub create_date: String = "CreateDate",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "CreateRole",
    effect: Effect::Write,
    access: Access::Action("ram:CreateRole"),
    idempotent: false,
    errors: &[&[
        ErrorCode::RamMissingParameter,
        ErrorCode::RamInvalidChars,
        ErrorCode::RamTooLong,
        ErrorCode::RamInvalidParameter,
        ErrorCode::MalformedPolicy,
        ErrorCode::RoleExists,
        ErrorCode::TooManyRoles,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    entity::tell_trusted(cx, &request.trust_policy.0)?;
    Ok(vec![entity::role_arn(cx, &request.role_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    if identities::count_roles(cx.tx, cx.account())? >= MOST_ROLES {
        return Err(ErrorCode::TooManyRoles.into());
    }
    let role = Role {
        role_id: ids::ram_entity_id(cx.rng),
        account: cx.account().clone(),
        role_name: request.role_name.0,
        description: request.description.map(|Description(text)| text).unwrap_or_default(),
        trust_policy: request.trust_policy.0,
        max_session_s: request.max_session_s.map_or(3600, |MaxSession(seconds)| seconds),
        created_at: cx.now,
        updated_at: cx.now,
    };
    if !identities::insert_role(cx.tx, &role)? {
        return Err(ErrorCode::RoleExists.into());
    }
    for tag in request.tags.iter().flat_map(|Tags(tags)| tags) {
        ram_tags::set(cx.tx, cx.account(), "role", &role.role_name, tag)?;
    }
    Ok(Response {
        role: RoleItem {
            arn: entity::shown_role_arn(&role),
            create_date: role.created_at.to_iso8601(),
            role_id: role.role_id,
            role_name: role.role_name,
            description: role.description,
            trust_policy: role.trust_policy,
            max_session_s: role.max_session_s,
        },
    })
}

/// Most roles in an account ("Limits").
const MOST_ROLES: i64 = 1000;
