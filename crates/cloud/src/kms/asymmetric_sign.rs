//! AsymmetricSign: a signature of a digest that the caller made. For SM2 that is SM3 over Z_A and the message.
//!
//! PSS takes a salt of 32 bytes; ECDSA and SM2 signatures are ASN.1.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_base::{ApiError, Arn};

use super::asymmetric::{self, Pair};
use super::key::{self, Forms};
use super::parameter::{Digest, DryRun};
use super::spec::{Signing, Usage};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What is signed with what.
    pub struct Request {
        /// How.
        pub algorithm: Signing = "Algorithm",
        /// 32 bytes in base64.
        pub digest: Digest = "Digest",
        /// Whether it is only to be tried.
        pub dry_run: Option<DryRun> = "DryRun",
        /// The key's id or alias.
        pub key_id: String = "KeyId",
        /// The version's id.
        pub version_id: String = "KeyVersionId",
    }
}

response! {
    /// The signature.
    pub struct Response {
        /// The key's id.
        pub key_id: String = "KeyId",
        /// The version that was used.
        pub key_version_id: String = "KeyVersionId",
        /// The signature in base64.
        pub value: String = "Value",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "AsymmetricSign",
    effect: Effect::Use,
    access: Access::Action("kms:AsymmetricSign"),
    idempotent: false,
    errors: asymmetric::ERRORS,
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    key::resource(cx, &request.key_id, Forms::IdOrAlias)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let pair = Pair::open(cx, &request.key_id, &request.version_id, Some(Usage::Sign))?;
    Pair::require(request.algorithm.suits(pair.spec), request.dry_run)?;
    let signature = pair.material.sign(request.algorithm.0, cx.rng, &request.digest.0).map_err(ApiError::internal)?;
    let (key_id, key_version_id) = pair.used(cx);
    Ok(Response { key_id, key_version_id, value: STANDARD.encode(signature) })
}
