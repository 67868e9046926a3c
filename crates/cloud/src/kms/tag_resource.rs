//! TagResource: tags on a key or on a secret, each in place of one with the same key.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::key::Forms;
use super::tagging::{self, TagList};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// On what, and which.
    pub struct Request {
        /// A key's id, alias or ARN.
        pub key_id: Option<String> = "KeyId",
        /// A secret's name or ARN.
        pub secret_name: Option<String> = "SecretName",
        /// The tags.
        pub tags: TagList = "Tags",
    }
    refused { "CertificateId", }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "TagResource",
    effect: Effect::Write,
    access: Access::Action("kms:TagResource"),
    idempotent: false,
    errors: &[tagging::ERRORS, tagging::CHANGE_ERRORS, &[ErrorCode::AliasNotFound, ErrorCode::KmsLimitExceeded]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    tagging::resource_of_one(cx, request.key_id.as_deref(), request.secret_name.as_deref(), Forms::IdOrAlias)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let tagged = tagging::one(cx, request.key_id.as_deref(), request.secret_name.as_deref(), Forms::IdOrAlias)?;
    tagged.set(cx, &request.tags.0)?;
    Ok(Response {})
}
