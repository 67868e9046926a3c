//! DeleteAlias: a name that no longer stands for a key. The key stays as it is, whatever its state.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::keys;

use super::key;
use super::parameter::AliasName;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The name.
    pub struct Request {
        /// With its prefix `alias/`.
        pub alias_name: AliasName = "AliasName",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DeleteAlias",
    effect: Effect::Write,
    access: Access::Action("kms:DeleteAlias"),
    idempotent: false,
    errors: &[&[ErrorCode::KmsInvalidParameter, ErrorCode::KmsServiceNotEnabled, ErrorCode::AliasNotFound]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    let (region, name) = (cx.region(), &request.alias_name.0);
    cx.named.push(Arn::kms(region, cx.account(), name));
    let key_id = keys::key_of_alias(cx.tx, cx.account(), region, name)?.ok_or(ErrorCode::AliasNotFound)?;
    let key = key::get(cx, &key_id)?.ok_or(ErrorCode::AliasNotFound)?;
    Ok(vec![key::arn(&key), Arn::kms(region, cx.account(), name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    if !keys::delete_alias(cx.tx, cx.account(), cx.region(), &request.alias_name.0)? {
        return Err(ErrorCode::AliasNotFound.into());
    }
    Ok(Response {})
}
