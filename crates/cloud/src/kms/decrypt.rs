//! Decrypt: what Encrypt or GenerateDataKey made. The ciphertext names its key; the context must be the same.
//!
//! Where the vendor is silent: a changed ciphertext and a wrong context are the same 400, so that nothing can be learned by trying.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::keys::Key;

use super::cipher::{Blob, Unreadable};
use super::encryption_context::ContextField;
use super::key;
use super::parameter::DryRun;
use super::service;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::product::Product;
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
    effect: Effect::Write,
    access: Access::Action("kms:Decrypt"),
    idempotent: false,
    errors: &[super::encrypt::USE_ERRORS],
};

fn refused(why: Unreadable) -> ApiError {
    match why {
        // As when a ciphertext of another region is sent here.
        Unreadable::UnknownVersion => ErrorCode::KeyNotFound.into(),
        Unreadable::Malformed | Unreadable::Refused => Product::Kms.invalid_parameter("CiphertextBlob"),
    }
}

/// The ciphertext taken apart, and the caller's key that it names.
fn find(cx: &Cx<'_>, blob: &str) -> Result<(Blob, Key), ApiError> {
    let blob = Blob::parse(cx, blob)?.map_err(refused)?;
    let key = key::owned(cx, blob.key_id())?;
    Ok((blob, key))
}

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    let (_, key) = find(cx, &request.ciphertext_blob)?;
    service::require_open(cx, key.region)?;
    Ok(vec![key::arn(&key)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let (blob, key) = find(cx, &request.ciphertext_blob)?;
    key::require_usable(&key)?;
    let plain = blob.open(cx, &key, &request.context.0)?.map_err(refused)?;
    DryRun::end(request.dry_run)?;
    let plaintext = std::str::from_utf8(plain.expose()).map_err(ApiError::internal)?.to_owned();
    cx.note("keyId", key.key_id.clone());
    cx.note("keyVersionId", blob.version_id().to_owned());
    Ok(Response { key_version_id: blob.version_id().to_owned(), key_id: key.key_id, plaintext })
}
