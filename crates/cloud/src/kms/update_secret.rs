//! UpdateSecret: another description for a secret, other custom data for a managed one.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;

use super::managed::{self, CustomData};
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
        /// Other custom data, for a managed one.
        pub custom_data: Option<CustomData> = "ExtendedConfig.CustomData",
        /// Its name or ARN.
        pub secret_name: String = "SecretName",
    }
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
    if request.description.is_none() && request.custom_data.is_none() {
        return Ok(Response { secret_name: record.secret_name });
    }
    if let Some(Description(description)) = request.description {
        record.description = description;
    }
    if let Some(data) = request.custom_data {
        managed::set_custom_data(&mut record, data)?;
    }
    record.updated_at = cx.now;
    record.update(cx.tx)?;
    Ok(Response { secret_name: record.secret_name })
}
