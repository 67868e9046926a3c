//! CancelKeyDeletion: a key that was to be deleted stays. It comes back enabled, as documented, also when it was disabled
//! before; a key without material waits for it again.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::key::{self, Forms, State};
use super::rotation;
use crate::context::Cx;
use crate::decode::request;
use crate::job::{self, Kind};
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
    name: "CancelKeyDeletion",
    effect: Effect::Write,
    access: Access::Action("kms:CancelKeyDeletion"),
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
        State::PendingDeletion => {
            key.delete_at = None;
            let state = key::resting_state(cx, &key)?;
            key::set_state(cx, &mut key, state)?;
            rotation::plan(cx.tx, &key, cx.now)?;
            job::withdraw(cx.tx, Kind::DeleteKey, &key.key_id)?;
        }
        State::Enabled | State::Disabled | State::PendingImport => return Err(ErrorCode::KeyStateConflict.into()),
    }
    cx.note("keyId", key.key_id);
    Ok(Response {})
}
