//! ExportDataKey: a data key, decrypted and encrypted again under a public key: for the holder of its private key.

use coffer_base::{ApiError, Arn};

use super::cipher::{self, Found};
use super::encryption_context::ContextField;
use super::export::Wrapping;
use super::key;
use super::parameter::{Base64Bytes, DryRun};
use super::spec::{Encryption, WrappingSpec};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which, and for whom.
    pub struct Request {
        /// In base64.
        pub ciphertext_blob: String = "CiphertextBlob",
        /// Whether it is only to be tried.
        pub dry_run: Option<DryRun> = "DryRun",
        /// What was authenticated with it.
        pub context: ContextField = "EncryptionContext",
        /// The public key to encrypt it with: DER in base64.
        pub public_key: Base64Bytes = "PublicKeyBlob",
        /// How.
        pub wrapping_algorithm: Encryption = "WrappingAlgorithm",
        /// The kind of the public key.
        pub wrapping_spec: WrappingSpec = "WrappingKeySpec",
    }
}

response! {
    /// The data key.
    pub struct Response {
        /// Encrypted under the public key, in base64.
        pub exported: String = "ExportedDataKey",
        /// The key's id.
        pub key_id: String = "KeyId",
        /// The version that was used.
        pub key_version_id: String = "KeyVersionId",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ExportDataKey",
    effect: Effect::Use,
    access: Access::Action("kms:ExportDataKey"),
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
    let plain = blob.text(cx, &key, &request.context.0)?;
    let wrapping = Wrapping {
        public_key: &request.public_key.0,
        algorithm: request.wrapping_algorithm,
        spec: request.wrapping_spec,
    };
    let exported = wrapping.export(cx, plain.expose(), "CiphertextBlob")?;
    DryRun::end(request.dry_run)?;
    cipher::note(cx, &key, blob.version_id());
    Ok(Response { exported, key_version_id: blob.version_id().to_owned(), key_id: key.key_id })
}
