//! CreateAlias: another name for a key, unique in the account and region.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::keys::{self, Alias};

use super::key::{self, Forms, State};
use super::parameter::AliasName;
use super::quota;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The name, and the key.
    pub struct Request {
        /// With its prefix `alias/`.
        pub alias_name: AliasName = "AliasName",
        /// The key's id.
        pub key_id: String = "KeyId",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "CreateAlias",
    effect: Effect::Write,
    access: Access::Action("kms:CreateAlias"),
    idempotent: false,
    errors: &[&[
        ErrorCode::KmsInvalidParameter,
        ErrorCode::KmsServiceNotEnabled,
        ErrorCode::KeyNotFound,
        ErrorCode::AliasNotAllowed,
        ErrorCode::AliasAlreadyExists,
        ErrorCode::KmsLimitExceeded,
        ErrorCode::KeyOperationUnsupported,
        ErrorCode::KeyStateConflict,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    cx.named.push(key::named(cx, &request.key_id));
    let key = key::find(cx, &request.key_id, Forms::Id)?;
    // The name already holds `alias/`, which the ARN has once.
    Ok(vec![key::arn(&key), Arn::kms(key.region, cx.account(), &request.alias_name.0)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let key = key::find(cx, &request.key_id, Forms::Id)?;
    key::require_user_key(&key)?;
    if State::of(&key)? == State::PendingDeletion {
        return Err(ErrorCode::KeyStateConflict.into());
    }
    let alias = Alias { alias_name: request.alias_name.0, key_id: key.key_id };
    if !keys::insert_alias(cx.tx, cx.account(), key.region, &alias, cx.now)? {
        return Err(ErrorCode::AliasAlreadyExists.into());
    }
    quota::require_aliases(cx, key.region)?;
    cx.note("keyId", alias.key_id);
    Ok(Response {})
}
