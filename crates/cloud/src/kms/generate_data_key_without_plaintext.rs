//! GenerateDataKeyWithoutPlaintext: a data key that the caller does not see yet: encrypted under a key, to be decrypted where it is needed.

use coffer_base::{ApiError, Arn};

use super::cipher;
use super::encryption_context::ContextField;
use super::key::{self, Forms};
use super::parameter::{self, DataKeyBytes, DataKeySpec, DryRun};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Under which key, and how long.
    pub struct Request {
        /// Whether it is only to be tried.
        pub dry_run: Option<DryRun> = "DryRun",
        /// What is authenticated with it.
        pub context: ContextField = "EncryptionContext",
        /// The key's id or alias.
        pub key_id: String = "KeyId",
        /// How long, by name.
        pub key_spec: Option<DataKeySpec> = "KeySpec",
        /// How long, in bytes; counts before the name.
        pub number_of_bytes: Option<DataKeyBytes> = "NumberOfBytes",
    }
}

response! {
    /// The data key.
    pub struct Response {
        /// Encrypted, in base64.
        pub ciphertext_blob: String = "CiphertextBlob",
        /// The key's id.
        pub key_id: String = "KeyId",
        /// The version that was used.
        pub key_version_id: String = "KeyVersionId",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "GenerateDataKeyWithoutPlaintext",
    effect: Effect::Use,
    access: Access::Action("kms:GenerateDataKeyWithoutPlaintext"),
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
    let data_key = cipher::new_data_key(cx, parameter::data_key_bytes(request.key_spec, request.number_of_bytes));
    let encrypted = cipher::encrypt(cx, &key, &request.context.0, data_key.expose().as_bytes())?;
    cipher::note(cx, &key, &encrypted.version_id);
    Ok(Response { ciphertext_blob: encrypted.blob, key_id: key.key_id, key_version_id: encrypted.version_id })
}
