//! AsymmetricVerify: whether a signature of a digest is by a version of a key. That it is not is no error.

use coffer_base::{ApiError, Arn};

use super::asymmetric::{self, Pair};
use super::key::{self, Forms};
use super::parameter::{Base64Bytes, Digest, DryRun};
use super::spec::{Signing, Usage};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What is held against what.
    pub struct Request {
        /// How it was signed.
        pub algorithm: Signing = "Algorithm",
        /// 32 bytes in base64.
        pub digest: Digest = "Digest",
        /// Whether it is only to be tried.
        pub dry_run: Option<DryRun> = "DryRun",
        /// The key's id or alias.
        pub key_id: String = "KeyId",
        /// The version's id.
        pub version_id: String = "KeyVersionId",
        /// The signature in base64.
        pub signature: Base64Bytes = "Value",
    }
}

response! {
    /// The outcome.
    pub struct Response {
        /// The key's id.
        pub key_id: String = "KeyId",
        /// The version that was used.
        pub key_version_id: String = "KeyVersionId",
        /// Whether it is.
        pub value: bool = "Value",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "AsymmetricVerify",
    effect: Effect::Use,
    access: Access::Action("kms:AsymmetricVerify"),
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
    let verified = pair.material.verify(request.algorithm.0, &request.digest.0, &request.signature.0);
    let value = verified.map_err(ApiError::internal)?;
    let (key_id, key_version_id) = pair.used(cx);
    Ok(Response { key_id, key_version_id, value })
}
