//! RotateSecret: a managed secret is given a new value at once. Of a version that is there already nothing is made, so a retry does no harm.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::secrets;

use super::managed;
use super::secret::{self, VersionId};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which.
    pub struct Request {
        /// Its name or ARN.
        pub secret_name: String = "SecretName",
        /// The id of the version to be made.
        pub version_id: VersionId = "VersionId",
    }
}

response! {
    /// The secret.
    pub struct Response {
        /// Its ARN.
        pub arn: String = "Arn",
        /// Its name.
        pub secret_name: String = "SecretName",
        /// The version.
        pub version_id: String = "VersionId",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "RotateSecret",
    effect: Effect::Write,
    access: Access::Action("kms:RotateSecret"),
    idempotent: false,
    errors: &[secret::ERRORS, secret::VALUE_ERRORS, &[ErrorCode::KmsUnsupportedOperation]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    secret::resource(cx, &request.secret_name)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let mut record = secret::find(cx, &request.secret_name)?;
    secret::require_live(&record)?;
    managed::require_managed(&record)?;
    let VersionId(version_id) = request.version_id;
    if secrets::version(cx.tx, &record.secret_id, &version_id)?.is_none() {
        managed::rotate(cx, &mut record, version_id.clone())?;
    }
    Ok(Response { arn: secret::arn(&record).to_string(), secret_name: record.secret_name, version_id })
}
