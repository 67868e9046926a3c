//! ListPoliciesForUser: the policies that are attached to a user itself.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::entity;
use super::item::AttachedPolicy;
use super::parameter::{NAME_ERRORS, UserName};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What it is about.
    pub struct Request {
        /// The user.
        pub user_name: UserName = "UserName",
    }
}

response! {
    /// The policies.
    pub struct Response {
        /// Oldest first.
        pub policies: Vec<AttachedPolicy> = "Policies" of "Policy",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ListPoliciesForUser",
    effect: Effect::Read,
    access: Access::Action("ram:ListPoliciesForUser"),
    idempotent: false,
    errors: &[&NAME_ERRORS, &[ErrorCode::UserNotExist]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::user_arn(cx, &request.user_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let user = entity::user(cx, &request.user_name)?;
    Ok(Response { policies: entity::attached(cx, &user.user_id)? })
}
