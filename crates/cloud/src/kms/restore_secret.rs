//! RestoreSecret: a secret that was to be deleted stays.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;

use super::{managed, secret};
use crate::context::Cx;
use crate::decode::request;
use crate::job::{self, Kind};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The secret.
    pub struct Request {
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
    name: "RestoreSecret",
    effect: Effect::Write,
    access: Access::Action("kms:RestoreSecret"),
    idempotent: false,
    errors: &[secret::ERRORS, &[ErrorCode::SecretNotDeleted]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    secret::resource(cx, &request.secret_name)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let mut record = secret::find(cx, &request.secret_name)?;
    if record.delete_at.take().is_none() {
        return Err(ErrorCode::SecretNotDeleted.into());
    }
    record.update(cx.tx)?;
    job::withdraw(cx.tx, Kind::DeleteSecret, &record.secret_id)?;
    managed::plan(cx, &record)?;
    Ok(Response { secret_name: record.secret_name })
}
