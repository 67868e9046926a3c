//! UpdateSecretRotationPolicy: whether a secret is rotated by itself. A generic one can't be: nobody but its owner knows where the value is used.
//!
//! So its rotation can be turned off, which it is, and not on.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;

use super::managed::{self, Interval};
use super::secret;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The secret, and how it is to be.
    pub struct Request {
        /// Whether.
        pub enable: bool = "EnableAutomaticRotation",
        /// How often.
        pub interval: Option<Interval> = "RotationInterval",
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
    name: "UpdateSecretRotationPolicy",
    effect: Effect::Write,
    access: Access::Action("kms:UpdateSecretRotationPolicy"),
    idempotent: false,
    errors: &[
        secret::ERRORS,
        &[
            ErrorCode::KmsInvalidParameter,
            ErrorCode::KmsMissingParameter,
            ErrorCode::KmsUnsupportedOperation,
            ErrorCode::SecretPlannedDeleted,
        ],
    ],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    secret::resource(cx, &request.secret_name)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let mut record = secret::find(cx, &request.secret_name)?;
    secret::require_live(&record)?;
    if request.enable {
        managed::require_managed(&record)?;
    }
    record.rotation_interval_s = Interval::asked(request.enable, request.interval)?;
    // That the last one failed was of the plan that ends here.
    record.rotation_failed = false;
    record.update(cx.tx)?;
    managed::plan(cx, &record)?;
    Ok(Response { secret_name: record.secret_name })
}
