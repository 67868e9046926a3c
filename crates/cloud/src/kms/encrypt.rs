//! Encrypt: a text under a key. The text is opaque: it is encrypted as it is, whether or not it is base64, and comes back the same.

use coffer_base::{ApiError, Arn, ErrorCode, Secret};

use super::cipher;
use super::encryption_context::ContextField;
use super::key::{self, Forms};
use super::parameter::DryRun;
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What is encrypted with what.
    pub struct Request {
        /// Whether it is only to be tried.
        pub dry_run: Option<DryRun> = "DryRun",
        /// What is authenticated with it.
        pub context: ContextField = "EncryptionContext",
        /// The key's id, alias or ARN.
        pub key_id: String = "KeyId",
        /// The text.
        pub plaintext: Plaintext = "Plaintext",
    }
}

/// At most 8192 characters, which is 6 KiB in base64.
#[derive(Debug)]
pub struct Plaintext(Secret<String>);

impl Parameter for Plaintext {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        if text.chars().count() > 8192 { Err(Invalid::Value) } else { Ok(Self(Secret::new(text.to_owned()))) }
    }
}

response! {
    /// The ciphertext.
    pub struct Response {
        /// In base64.
        pub ciphertext_blob: String = "CiphertextBlob",
        /// The key's id.
        pub key_id: String = "KeyId",
        /// The version that encrypted.
        pub key_version_id: String = "KeyVersionId",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "Encrypt",
    effect: Effect::Use,
    access: Access::Action("kms:Encrypt"),
    idempotent: false,
    errors: &[USE_ERRORS],
};

/// The errors of using a key.
pub const USE_ERRORS: &[ErrorCode] = &[
    ErrorCode::KmsInvalidParameter,
    ErrorCode::KmsServiceNotEnabled,
    ErrorCode::KeyNotFound,
    ErrorCode::AliasNotFound,
    ErrorCode::KeyDisabled,
    ErrorCode::KeyPendingImport,
    ErrorCode::KeyPendingDeletion,
    ErrorCode::KeyOperationUnsupported,
    ErrorCode::KmsUnsupportedOperation,
    ErrorCode::KmsDryRun,
];

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    key::resource(cx, &request.key_id, Forms::IdOrAlias)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let key = key::find(cx, &request.key_id, Forms::IdOrAlias)?;
    key::require_usable(&key)?;
    DryRun::end(request.dry_run)?;
    let encrypted = cipher::encrypt(cx, &key, &request.context.0, request.plaintext.0.expose().as_bytes())?;
    cipher::note(cx, &key, &encrypted.version_id);
    Ok(Response { ciphertext_blob: encrypted.blob, key_id: key.key_id, key_version_id: encrypted.version_id })
}
