//! AsymmetricDecrypt: what AsymmetricEncrypt made, or anyone with the public key.
//!
//! Where the vendor is silent: whatever is wrong with a ciphertext, the refusal is the same.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_base::{ApiError, Arn};

use super::asymmetric::{self, Pair};
use super::key::{self, Forms};
use super::parameter::{Base64Bytes, DryRun};
use super::spec::{Encryption, Usage};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::product::Product;
use crate::value::response;

request! {
    /// What is decrypted with what.
    pub struct Request {
        /// How it was encrypted.
        pub algorithm: Encryption = "Algorithm",
        /// In base64.
        pub ciphertext: Base64Bytes = "CiphertextBlob",
        /// Whether it is only to be tried.
        pub dry_run: Option<DryRun> = "DryRun",
        /// The key's id, alias or ARN.
        pub key_id: String = "KeyId",
        /// The version's id.
        pub version_id: String = "KeyVersionId",
    }
    refused { "Recipient", }
}

response! {
    /// The bytes.
    pub struct Response {
        /// The key's id.
        pub key_id: String = "KeyId",
        /// The version that was used.
        pub key_version_id: String = "KeyVersionId",
        /// In base64.
        pub plaintext: String = "Plaintext",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "AsymmetricDecrypt",
    effect: Effect::Use,
    access: Access::Action("kms:AsymmetricDecrypt"),
    idempotent: false,
    errors: asymmetric::ERRORS,
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    key::resource(cx, &request.key_id, Forms::IdOrAlias)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let pair = Pair::open(cx, &request.key_id, &request.version_id, Some(Usage::Encrypt))?;
    Pair::require(request.algorithm.suits(pair.spec), None)?;
    let plain = pair.material.decrypt(request.algorithm.0, &request.ciphertext.0);
    let plain = plain.map_err(|_| Product::Kms.invalid_parameter("CiphertextBlob"))?;
    DryRun::end(request.dry_run)?;
    let (key_id, key_version_id) = pair.used(cx);
    Ok(Response { key_id, key_version_id, plaintext: STANDARD.encode(plain.expose()) })
}
