//! GenerateAndExportDataKey: a data key that only the holder of a private key reads at once: encrypted under a KMS key, and under a public key.

use coffer_base::{ApiError, Arn};

use super::cipher;
use super::encryption_context::ContextField;
use super::export::Wrapping;
use super::key::{self, Forms};
use super::parameter::{self, Base64Bytes, DataKeyBytes, DataKeySpec, DryRun};
use super::spec::{Encryption, WrappingSpec};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Under which keys, and how long.
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
        pub number_of_bytes: Option<DataKeyBytes> = "NumberOfBytes",
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
        /// Encrypted under the KMS key, in base64.
        pub ciphertext_blob: String = "CiphertextBlob",
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
    name: "GenerateAndExportDataKey",
    effect: Effect::Use,
    access: Access::Action("kms:GenerateAndExportDataKey"),
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
    let data_key = cipher::new_data_key(cx, parameter::data_key_bytes(request.key_spec, request.number_of_bytes));
    let wrapping = Wrapping {
        public_key: &request.public_key.0,
        algorithm: request.wrapping_algorithm,
        spec: request.wrapping_spec,
    };
    let exported = wrapping.export(cx, data_key.expose(), "NumberOfBytes")?;
    DryRun::end(request.dry_run)?;
    let encrypted = cipher::encrypt(cx, &key, &request.context.0, data_key.expose().as_bytes())?;
    cipher::note(cx, &key, &encrypted.version_id);
    Ok(Response { ciphertext_blob: encrypted.blob, exported, key_id: key.key_id, key_version_id: encrypted.version_id })
}
