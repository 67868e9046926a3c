//! ClearAccountAlias: the account has no alias.

use coffer_base::{ApiError, Arn};
use coffer_store::preferences;

use super::entity;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Nothing.
    pub struct Request {}
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ClearAccountAlias",
    effect: Effect::Write,
    access: Access::Action("ram:ClearAccountAlias"),
    idempotent: false,
    errors: &[],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::account_arn(cx)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, _request: Request) -> Result<Response, ApiError> {
    preferences::clear_alias(cx.tx, cx.account())?;
    Ok(Response {})
}
