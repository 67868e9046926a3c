//! UpdateAlias: an alias stands for another key from now on.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::keys;

use super::key::{self, Forms};
use super::parameter::AliasName;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The name, and the key.
    pub struct Request {
        /// With its prefix `alias/`.
        pub alias_name: AliasName = "AliasName",
        /// The new key's id.
        pub key_id: String = "KeyId",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "UpdateAlias",
    effect: Effect::Write,
    access: Access::Action("kms:UpdateAlias"),
    idempotent: false,
    errors: &[key::ID_ERRORS, key::CHANGE_ERRORS, &[ErrorCode::KmsInvalidParameter, ErrorCode::AliasNotFound]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    let name = &request.alias_name.0;
    cx.named.extend([Arn::kms(cx.region(), cx.account(), name), key::named(cx, &request.key_id)]);
    let target = key::find(cx, &request.key_id, Forms::Id)?;
    let source = keys::key_of_alias(cx.tx, cx.account(), target.region, name)?.ok_or(ErrorCode::AliasNotFound)?;
    let source = key::get(cx, &source)?.ok_or(ErrorCode::AliasNotFound)?;
    Ok(vec![key::arn(&source), key::arn(&target), Arn::kms(target.region, cx.account(), name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let key = key::find(cx, &request.key_id, Forms::Id)?;
    key::require_changeable(&key)?;
    if !keys::move_alias(cx.tx, cx.account(), key.region, &request.alias_name.0, &key.key_id)? {
        return Err(ErrorCode::AliasNotFound.into());
    }
    cx.note("keyId", key.key_id);
    Ok(Response {})
}
