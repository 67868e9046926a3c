//! EnableKey: a key can be used again. Enabling an enabled key is no error.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::keys;

use super::key::{self, Forms, State};
use super::service;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The key.
    pub struct Request {
        /// Its id.
        pub key_id: String = "KeyId",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "EnableKey",
    effect: Effect::Write,
    access: Access::Action("kms:EnableKey"),
    idempotent: false,
    errors: &[&[
        ErrorCode::KmsServiceNotEnabled,
        ErrorCode::KeyNotFound,
        ErrorCode::AliasNotAllowed,
        ErrorCode::KeyOperationUnsupported,
        ErrorCode::KeyStateConflict,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    let key = key::find(cx, &request.key_id, Forms::Id)?;
    service::require_open(cx, key.region)?;
    Ok(vec![key::arn(&key)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let key = key::find(cx, &request.key_id, Forms::Id)?;
    key::require_user_key(&key)?;
    match State::of(&key)? {
        State::Enabled => {}
        State::Disabled => keys::set_state(cx.tx, &key.key_id, State::Enabled.as_str(), None)?,
        State::PendingDeletion => return Err(ErrorCode::KeyStateConflict.into()),
    }
    cx.note("keyId", key.key_id);
    Ok(Response {})
}
