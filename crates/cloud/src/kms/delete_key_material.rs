//! DeleteKeyMaterial: the material of an external key is erased. Nothing encrypted with it opens until the same material is imported again.
//! Where anything hangs on the key, the caller is warned.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::dependants::Dependants;
use super::key::{self, Forms};
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
    name: "DeleteKeyMaterial",
    effect: Effect::Write,
    access: Access::Action("kms:DeleteKeyMaterial"),
    idempotent: false,
    errors: &[key::ID_ERRORS, &[ErrorCode::KeyOriginUnsupported, ErrorCode::KeyOperationUnsupported]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    key::resource(cx, &request.key_id, Forms::Id)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let mut key = key::find(cx, &request.key_id, Forms::Id)?;
    key::require_external(&key)?;
    job::withdraw(cx.tx, Kind::ExpireMaterial, &key.key_id)?;
    key::forget_material(cx.tx, cx.keyring, &mut key)?;
    Dependants::of(cx.tx, &key)?.warn(cx, &key);
    cx.note("keyId", key.key_id);
    Ok(Response {})
}
