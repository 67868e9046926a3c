//! GetRole: a role.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::entity;
use super::parameter::RoleName;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The role.
    pub struct Request {
        /// Its name.
        pub role_name: RoleName = "RoleName",
    }
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
        /// When it was last changed.
        pub update_date: String = "UpdateDate",
        /// Whether a service made it for itself: none does here.
        pub service_linked: bool = "IsServiceLinkedRole",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "GetRole",
    effect: Effect::Read,
    access: Access::Action("ram:GetRole"),
    idempotent: false,
    errors: &[&[
        ErrorCode::RamMissingParameter,
        ErrorCode::RamInvalidChars,
        ErrorCode::RamTooLong,
        ErrorCode::RoleNotExist,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::role_arn(cx, &request.role_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let role = entity::role(cx, &request.role_name)?;
    Ok(Response {
        role: RoleItem {
            arn: entity::shown_role_arn(&role),
            create_date: role.created_at.to_iso8601(),
            update_date: role.updated_at.to_iso8601(),
            service_linked: false,
            role_id: role.role_id,
            role_name: role.role_name,
            description: role.description,
            trust_policy: role.trust_policy,
            max_session_s: role.max_session_s,
        },
    })
}
