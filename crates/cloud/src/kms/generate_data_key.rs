//! GenerateDataKey: random bytes for the caller to encrypt with, plain and encrypted under a key. Nothing is kept.

use coffer_base::{ApiError, Arn};

use super::cipher;
use super::encryption_context::ContextField;
use super::key::{self, Forms};
use super::parameter::DryRun;
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, request, whole};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Under which key, and how long.
    pub struct Request {
        /// Whether it is only to be tried.
        pub dry_run: Option<DryRun> = "DryRun",
        /// What is authenticated with it.
        pub context: ContextField = "EncryptionContext",
        /// The key's id, alias or ARN.
        pub key_id: String = "KeyId",
        /// How long, by name.
        pub key_spec: Option<DataKeySpec> = "KeySpec",
        /// How long, in bytes; counts before the name.
        pub number_of_bytes: Option<Bytes> = "NumberOfBytes",
    }
    refused { "Recipient", }
}

/// `AES_256` or `AES_128`.
#[derive(Clone, Copy, Debug)]
pub struct DataKeySpec(usize);

impl Parameter for DataKeySpec {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        match text {
            "AES_256" => Ok(Self(32)),
            "AES_128" => Ok(Self(16)),
            _ => Err(Invalid::Value),
        }
    }
}

/// 1 to 1024.
#[derive(Clone, Copy, Debug)]
pub struct Bytes(usize);

impl Parameter for Bytes {
    const KIND: &'static str = "Integer";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        whole(text).filter(|bytes| (1..=1024).contains(bytes)).map(Self).ok_or(Invalid::Value)
    }
}

response! {
    /// The data key.
    pub struct Response {
        /// Encrypted, in base64.
        pub ciphertext_blob: String = "CiphertextBlob",
        /// The key's id.
        pub key_id: String = "KeyId",
        /// The version that encrypted.
        pub key_version_id: String = "KeyVersionId",
        /// Plain, in base64.
        pub plaintext: String = "Plaintext",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "GenerateDataKey",
    effect: Effect::Write,
    access: Access::Action("kms:GenerateDataKey"),
    idempotent: false,
    errors: &[super::encrypt::USE_ERRORS],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    key::resource(cx, &request.key_id, Forms::IdOrAlias)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let key = key::find(cx, &request.key_id, Forms::IdOrAlias)?;
    key::require_usable(&key)?;
    DryRun::end(request.dry_run)?;
    let named = request.key_spec.map_or(32, |DataKeySpec(bytes)| bytes);
    let data_key = cipher::new_data_key(cx, request.number_of_bytes.map_or(named, |Bytes(bytes)| bytes));
    let encrypted = cipher::encrypt(cx, &key, &request.context.0, data_key.expose().as_bytes())?;
    cx.note("keyId", key.key_id.clone());
    cx.note("keyVersionId", encrypted.version_id.clone());
    Ok(Response {
        ciphertext_blob: encrypted.blob,
        key_id: key.key_id,
        key_version_id: encrypted.version_id,
        plaintext: data_key.expose().clone(),
    })
}
