//! Decrypt: what Encrypt or GenerateDataKey made. The ciphertext names its key; the context must be the same.
//!
//! Where the vendor is silent: a changed ciphertext and a wrong context are the same 400, so that nothing can be learned by trying.

use coffer_base::{ApiError, Arn};

use super::cipher::{self, Found};
use super::encryption_context::ContextField;
use super::key;
use super::parameter::DryRun;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What is decrypted.
    pub struct Request {
        /// In base64.
        pub ciphertext_blob: String = "CiphertextBlob",
        /// Whether it is only to be tried.
        pub dry_run: Option<DryRun> = "DryRun",
        /// What was authenticated with it.
        pub context: ContextField = "EncryptionContext",
    }
    refused { "Recipient", }
}

response! {
    /// The text.
    pub struct Response {
        /// The key's id.
        pub key_id: String = "KeyId",
        /// The version that encrypted it.
        pub key_version_id: String = "KeyVersionId",
        /// As it was encrypted.
        pub plaintext: String = "Plaintext",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "Decrypt",
    effect: Effect::Use,
    access: Access::Action("kms:Decrypt"),
    idempotent: false,
    errors: &[super::encrypt::USE_ERRORS],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Found::resource(cx, &request.ciphertext_blob)?])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let Found { blob, key } = Found::by(cx, &request.ciphertext_blob)?;
    key::require_usable(&key)?;
    let plaintext = blob.text(cx, &key, &request.context.0)?.expose().clone();
    DryRun::end(request.dry_run)?;
    cipher::note(cx, &key, blob.version_id());
    Ok(Response { key_version_id: blob.version_id().to_owned(), key_id: key.key_id, plaintext })
}
