//! UpdateSecret: another description for a secret.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;

use super::parameter::Description;
use super::secret;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The secret, and the text.
    pub struct Request {
        /// The new one.
        pub description: Option<Description> = "Description",
        /// Its name or ARN.
        pub secret_name: String = "SecretName",
    }
    refused { "ExtendedConfig.CustomData", }
}

response! {
    /// The secret.
    pub struct Response {
        /// Its name.
        pub secret_name: String = "SecretName",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "UpdateSecret",
    effect: Effect::Write,
    access: Access::Action("kms:UpdateSecret"),
    idempotent: false,
    errors: &[secret::ERRORS, &[ErrorCode::KmsInvalidParameter, ErrorCode::SecretPlannedDeleted]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    secret::resource(cx, &request.secret_name)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let mut record = secret::find(cx, &request.secret_name)?;
    secret::require_live(&record)?;
    if let Some(Description(description)) = request.description {
        record.description = description;
        record.updated_at = cx.now;
        record.update(cx.tx)?;
    }
    Ok(Response { secret_name: record.secret_name })
}
