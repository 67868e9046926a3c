//! GetAccountAlias: what the account is called where its users log on; its number where it was not given an alias.

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
    /// It.
    pub struct Response {
        /// The alias.
        pub alias: String = "AccountAlias",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "GetAccountAlias",
    effect: Effect::Read,
    access: Access::Action("ram:GetAccountAlias"),
    idempotent: false,
    errors: &[],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::account_arn(cx)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, _request: Request) -> Result<Response, ApiError> {
    let alias = preferences::alias(cx.tx, cx.account())?;
    Ok(Response { alias: alias.unwrap_or_else(|| cx.account().to_string()) })
}
