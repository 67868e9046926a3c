//! UpdateRole: a role is trusted to others, described anew, or lasts longer or shorter.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;

use super::entity;
use super::parameter::{Description, MaxSession, NAME_ERRORS, New, NewTrust, RoleName};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What it is about.
    pub struct Request {
        /// Who is to be able to assume it.
        pub trust_policy: NewTrust = "NewAssumeRolePolicyDocument",
        /// The description it is to have.
        pub description: New<Description> = "NewDescription",
        /// Longest session in seconds it is to have.
        pub max_session_s: Option<MaxSession> = "NewMaxSessionDuration",
        /// The role.
        pub role_name: RoleName = "RoleName",
    }
    refused { "NewAllowConsoleLogin", }
}

response! {
    /// It.
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
        /// When it was last changed.
        pub update_date: String = "UpdateDate",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "UpdateRole",
    effect: Effect::Write,
    access: Access::Action("ram:UpdateRole"),
    idempotent: false,
    errors: &[&NAME_ERRORS, &[ErrorCode::RamInvalidParameter, ErrorCode::MalformedPolicy, ErrorCode::RoleNotExist]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    if let NewTrust(Some(document)) = &request.trust_policy {
        entity::tell_trusted(cx, document)?;
    }
    Ok(vec![entity::role_arn(cx, &request.role_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let mut role = entity::role(cx, &request.role_name)?;
    if let NewTrust(Some(document)) = request.trust_policy {
        role.trust_policy = document;
    }
    request.description.set(&mut role.description);
    if let Some(MaxSession(seconds)) = request.max_session_s {
        role.max_session_s = seconds;
    }
    role.updated_at = cx.now;
    role.update(cx.tx)?;
    Ok(Response {
        role: RoleItem {
            arn: entity::shown_role_arn(&role),
            create_date: role.created_at.to_iso8601(),
            update_date: role.updated_at.to_iso8601(),
            role_id: role.role_id,
            role_name: role.role_name,
            description: role.description,
            trust_policy: role.trust_policy,
            max_session_s: role.max_session_s,
        },
    })
}
