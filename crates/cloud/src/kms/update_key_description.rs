//! UpdateKeyDescription: another description for a key.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;

use super::key::{self, Forms};
use super::parameter::Description;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The key and the text.
    pub struct Request {
        /// The new one.
        pub description: Description = "Description",
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
    name: "UpdateKeyDescription",
    effect: Effect::Write,
    access: Access::Action("kms:UpdateKeyDescription"),
    idempotent: false,
    errors: &[key::ID_ERRORS, key::CHANGE_ERRORS, &[ErrorCode::KmsInvalidParameter]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    key::resource(cx, &request.key_id, Forms::Id)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let mut key = key::find(cx, &request.key_id, Forms::Id)?;
    key::require_changeable(&key)?;
    let Description(description) = request.description;
    key.description = description;
    key.update(cx.tx)?;
    cx.note("keyId", key.key_id);
    Ok(Response {})
}
