//! SetAccountAlias: what the account is called where its users log on. No two accounts share one.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::preferences;

use super::entity;
use super::parameter::AccountAlias;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What it is about.
    pub struct Request {
        /// The alias.
        pub alias: AccountAlias = "AccountAlias",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "SetAccountAlias",
    effect: Effect::Write,
    access: Access::Action("ram:SetAccountAlias"),
    idempotent: false,
    errors: &[&[
        ErrorCode::RamMissingParameter,
        ErrorCode::RamFormat,
        ErrorCode::RamAliasLength,
        ErrorCode::AliasExists,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::account_arn(cx)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    if !preferences::set_alias(cx.tx, cx.account(), &request.alias.0)? {
        return Err(ErrorCode::AliasExists.into());
    }
    Ok(Response {})
}
