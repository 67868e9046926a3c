//! UntagResource: tags taken from a key or from a secret. One that is not there is no error.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::key::Forms;
use super::tagging::{self, TagKeys};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// From what, and which.
    pub struct Request {
        /// A key's id.
        pub key_id: Option<String> = "KeyId",
        /// A secret's name or ARN.
        pub secret_name: Option<String> = "SecretName",
        /// The keys of the tags.
        pub keys: TagKeys = "TagKeys",
    }
    refused { "CertificateId", }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "UntagResource",
    effect: Effect::Write,
    access: Access::Action("kms:UntagResource"),
    idempotent: false,
    errors: &[tagging::ERRORS, tagging::CHANGE_ERRORS, &[ErrorCode::AliasNotAllowed]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    tagging::resource_of_one(cx, request.key_id.as_deref(), request.secret_name.as_deref(), Forms::Id)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let tagged = tagging::one(cx, request.key_id.as_deref(), request.secret_name.as_deref(), Forms::Id)?;
    tagged.remove(cx, &request.keys.0)?;
    Ok(Response {})
}
