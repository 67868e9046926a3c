//! DisableKey: a key can't be used until it is enabled again. Disabling a disabled key is no error. Where anything hangs on the key, the
//! caller is warned.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::dependants::Dependants;
use super::key::{self, Forms, State};
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
    name: "DisableKey",
    effect: Effect::Write,
    access: Access::Action("kms:DisableKey"),
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
    key::resource(cx, &request.key_id, Forms::Id)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let mut key = key::find(cx, &request.key_id, Forms::Id)?;
    key::require_user_key(&key)?;
    match State::of(&key)? {
        State::Disabled => {}
        State::Enabled => key::set_state(cx, &mut key, State::Disabled)?,
        State::PendingImport | State::PendingDeletion => return Err(ErrorCode::KeyStateConflict.into()),
    }
    Dependants::of(cx.tx, &key)?.warn(cx, &key);
    cx.note("keyId", key.key_id);
    Ok(Response {})
}
