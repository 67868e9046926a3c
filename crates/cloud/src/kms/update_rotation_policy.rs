//! UpdateRotationPolicy: whether a symmetric key is given a new version by itself, and how often.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;

use super::key::{self, Forms};
use super::rotation::{self, RotationInterval};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The key, and how it is to be.
    pub struct Request {
        /// Whether.
        pub enable: bool = "EnableAutomaticRotation",
        /// Its id.
        pub key_id: String = "KeyId",
        /// How often; needed to turn it on.
        pub interval: Option<RotationInterval> = "RotationInterval",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "UpdateRotationPolicy",
    effect: Effect::Write,
    access: Access::Action("kms:UpdateRotationPolicy"),
    idempotent: false,
    errors: &[
        key::ID_ERRORS,
        key::STATE_ERRORS,
        &[ErrorCode::KmsInvalidParameter, ErrorCode::KmsMissingParameter, ErrorCode::KeyOperationUnsupported],
    ],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    key::resource(cx, &request.key_id, Forms::Id)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let mut key = key::find(cx, &request.key_id, Forms::Id)?;
    key::require_user_key(&key)?;
    key::require_enabled(&key)?;
    rotation::require_rotatable(&key)?;
    key.rotation_interval_s = rotation::interval(request.enable, request.interval)?;
    key.update(cx.tx)?;
    rotation::plan(cx.tx, &key, cx.now)?;
    cx.note("keyId", key.key_id);
    Ok(Response {})
}
