//! ReEncrypt: a ciphertext, decrypted and encrypted under another key, without anyone seeing what is in it.
//!
//! The ciphertext is one of KMS's own, or was made with the public half of a key pair; then the request names the version and the
//! algorithm, and the new ciphertext is of the base64 text of what was in it. The answer names the key that decrypted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_base::{ApiError, Arn, ErrorCode, Secret};

use super::asymmetric::Pair;
use super::cipher::{self, Found};
use super::encryption_context::ContextField;
use super::key::{self, Forms};
use super::parameter::DryRun;
use super::spec::{Encryption, Usage};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::product::Product;
use crate::value::response;

request! {
    /// What is encrypted anew, and with what.
    pub struct Request {
        /// In base64.
        pub ciphertext_blob: String = "CiphertextBlob",
        /// What is authenticated with the new one.
        pub destination_context: ContextField = "DestinationEncryptionContext",
        /// The new key's id or ARN.
        pub destination_key_id: String = "DestinationKeyId",
        /// Whether it is only to be tried.
        pub dry_run: Option<DryRun> = "DryRun",
        /// How it was encrypted, for a key pair.
        pub source_algorithm: Option<Encryption> = "SourceEncryptionAlgorithm",
        /// What was authenticated with it.
        pub source_context: ContextField = "SourceEncryptionContext",
        /// The key pair.
        pub source_key_id: Option<String> = "SourceKeyId",
        /// Its version.
        pub source_version_id: Option<String> = "SourceKeyVersionId",
    }
}

/// What the ciphertext was made with.
enum Source<'a> {
    /// A symmetric key, which it names itself.
    Blob,
    /// A key pair.
    Pair { key_id: &'a str, version_id: &'a str, algorithm: Encryption },
}

/// All three of the parameters about a key pair, or none.
fn source(request: &Request) -> Result<Source<'_>, ApiError> {
    let named = (request.source_key_id.as_deref(), request.source_version_id.as_deref(), request.source_algorithm);
    let missing = |name| Err(Product::Kms.missing_parameter(name));
    match named {
        (None, None, None) => Ok(Source::Blob),
        (Some(key_id), Some(version_id), Some(algorithm)) => Ok(Source::Pair { key_id, version_id, algorithm }),
        (None, ..) => missing("SourceKeyId"),
        (_, None, _) => missing("SourceKeyVersionId"),
        (.., None) => missing("SourceEncryptionAlgorithm"),
    }
}

response! {
    /// The ciphertext.
    pub struct Response {
        /// The new one, in base64.
        pub ciphertext_blob: String = "CiphertextBlob",
        /// The key's id.
        pub key_id: String = "KeyId",
        /// The version that was used.
        pub key_version_id: String = "KeyVersionId",
    }
}

/// What must be allowed with the new key; with the old one it is the operation's first action.
const TO: &str = "kms:ReEncryptTo";

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ReEncrypt",
    effect: Effect::Use,
    access: Access::Each(&["kms:ReEncryptFrom", TO]),
    idempotent: false,
    errors: &[
        super::encrypt::USE_ERRORS,
        &[ErrorCode::KmsMissingParameter, ErrorCode::KeyVersionNotFound, ErrorCode::AliasNotAllowed],
    ],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    let from = match source(request)? {
        Source::Blob => vec![Found::resource(cx, &request.ciphertext_blob)?],
        Source::Pair { key_id, .. } => key::resource(cx, key_id, Forms::Id)?,
    };
    let to = key::resource_for(cx, &request.destination_key_id, Forms::Id, TO)?;
    Ok([from, to].concat())
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let destination = key::find_for(cx, &request.destination_key_id, Forms::Id, TO)?;
    let (plain, key, version_id) = match source(&request)? {
        Source::Blob => {
            let Found { blob, key } = Found::by(cx, &request.ciphertext_blob)?;
            key::require_usable(&key)?;
            (blob.text(cx, &key, &request.source_context.0)?, key, blob.version_id().to_owned())
        }
        Source::Pair { key_id, version_id, algorithm } => {
            let pair = Pair::open(cx, key_id, version_id, Some(Usage::Encrypt))?;
            if !algorithm.suits(pair.spec) {
                return Err(Product::Kms.invalid_parameter("SourceEncryptionAlgorithm"));
            }
            let invalid = || Product::Kms.invalid_parameter("CiphertextBlob");
            let sealed = STANDARD.decode(&request.ciphertext_blob).map_err(|_| invalid())?;
            let plain = pair.material.decrypt(algorithm.0, &sealed).map_err(|_| invalid())?;
            (Secret::new(STANDARD.encode(plain.expose())), pair.key, pair.version_id)
        }
    };
    key::require_usable(&destination)?;
    DryRun::end(request.dry_run)?;
    let encrypted = cipher::encrypt(cx, &destination, &request.destination_context.0, plain.expose().as_bytes())?;
    cipher::note(cx, &key, &version_id);
    cipher::note_as(cx, ["destinationKeyId", "destinationKeyVersionId"], &destination, &encrypted.version_id);
    Ok(Response { ciphertext_blob: encrypted.blob, key_id: key.key_id, key_version_id: version_id })
}
