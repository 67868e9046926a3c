//! GetParametersForImport: a public key that wraps the material of an external key, and a token that goes with it.
//!
//! Every call makes a new pair. A token can be used for 24 hours, as often as wanted, for this key alone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_base::{ApiError, Arn, ErrorCode};

use super::import_token::{self, ImportToken};
use super::key::{self, Forms};
use super::spec::{ImportWrapping, WrappingSpec};
use crate::context::Cx;
use crate::costly::Step;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::product::Product;
use crate::value::response;

request! {
    /// For which key, and how it will be wrapped.
    pub struct Request {
        /// Its id.
        pub key_id: String = "KeyId",
        /// How the material will be wrapped.
        pub algorithm: ImportWrapping = "WrappingAlgorithm",
        /// The kind of the wrapping key.
        pub spec: WrappingSpec = "WrappingKeySpec",
    }
}

response! {
    /// What it takes.
    pub struct Response {
        /// The key's id.
        pub key_id: String = "KeyId",
        /// The token.
        pub import_token: String = "ImportToken",
        /// DER in base64.
        pub public_key: String = "PublicKey",
        /// Until when.
        pub expires: String = "TokenExpireTime",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "GetParametersForImport",
    effect: Effect::Use,
    access: Access::Action("kms:GetParametersForImport"),
    idempotent: false,
    errors: &[
        key::ID_ERRORS,
        &[ErrorCode::KmsInvalidParameter, ErrorCode::KeyOriginUnsupported, ErrorCode::KeyOperationUnsupported],
    ],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    key::resource(cx, &request.key_id, Forms::Id)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let key = key::find(cx, &request.key_id, Forms::Id)?;
    key::require_external(&key)?;
    let (algorithm, spec) = (request.algorithm.0, request.spec.0);
    if !import_token::suits(algorithm, spec) {
        return Err(Product::Kms.invalid_parameter("WrappingAlgorithm"));
    }
    let wrapping_key = key::Maker::of(cx).material(spec);
    let public_key = STANDARD.encode(wrapping_key.public_key().map_err(ApiError::internal)?);
    let expires_at = cx.now.plus_ms(import_token::LIFETIME_MS);
    let import_token = ImportToken { algorithm, expires_at, wrapping_key }.seal(cx, &key)?;
    cx.note("keyId", key.key_id.clone());
    Ok(Response { key_id: key.key_id, import_token, public_key, expires: expires_at.to_iso8601() })
}

/// A wrapping key that takes long to make.
pub fn costly(_cx: &mut Cx<'_>, request: &Request) -> Result<Option<Step>, ApiError> {
    let WrappingSpec(spec) = request.spec;
    Ok(key::costly(spec))
}
