//! AsymmetricEncrypt: bytes for the holder of a key pair, here KMS itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_base::{ApiError, Arn, Secret};
use coffer_crypto::encrypt_for;

use super::asymmetric::{self, Pair};
use super::key::{self, Forms};
use super::parameter::DryRun;
use super::spec::{Encryption, Usage};
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, request};
use crate::operation::{Access, Effect, Operation};
use crate::product::Product;
use crate::value::response;

request! {
    /// What is encrypted with what.
    pub struct Request {
        /// How.
        pub algorithm: Encryption = "Algorithm",
        /// Whether it is only to be tried.
        pub dry_run: Option<DryRun> = "DryRun",
        /// The key's id, alias or ARN.
        pub key_id: String = "KeyId",
        /// The version's id.
        pub version_id: String = "KeyVersionId",
        /// In base64.
        pub plaintext: Plaintext = "Plaintext",
    }
}

/// At most as much as SM2 takes; RSA takes less.
#[derive(Debug)]
pub struct Plaintext(Secret<Vec<u8>>);

impl Parameter for Plaintext {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let bytes = STANDARD.decode(text).map(Secret::new).map_err(|_| Invalid::Value)?;
        if (1..=6047).contains(&bytes.expose().len()) { Ok(Self(bytes)) } else { Err(Invalid::Value) }
    }
}

response! {
    /// The ciphertext.
    pub struct Response {
        /// As the algorithm gives it, in base64.
        pub ciphertext_blob: String = "CiphertextBlob",
        /// The key's id.
        pub key_id: String = "KeyId",
        /// The version that was used.
        pub key_version_id: String = "KeyVersionId",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "AsymmetricEncrypt",
    effect: Effect::Use,
    access: Access::Action("kms:AsymmetricEncrypt"),
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
    Pair::require(request.algorithm.suits(pair.spec), request.dry_run)?;
    let public_key = pair.material.public_key().map_err(ApiError::internal)?;
    let message = request.plaintext.0.expose();
    let sealed = encrypt_for(pair.spec, public_key, request.algorithm.0, cx.rng, message);
    // Too long for the key.
    let sealed = sealed.map_err(|_| Product::Kms.invalid_parameter("Plaintext"))?;
    let (key_id, key_version_id) = pair.used(cx);
    Ok(Response { ciphertext_blob: STANDARD.encode(sealed), key_id, key_version_id })
}
