//! PutSecretValue: a further version of a secret's value. If nothing else is said it is the current one from now on, and the one that was the previous.
//!
//! The same version with the same value again is no error, and changes nothing unless the request names stages. Of more than ten versions
//! the oldest go.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::{Record as _, secrets};

use super::managed;
use super::secret::{self, DataType, Stages, VersionId};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The secret, and its value.
    pub struct Request {
        /// The value.
        pub data: secret::Data = "SecretData",
        /// What the value is.
        pub data_type: Option<DataType> = "SecretDataType",
        /// Its name or ARN.
        pub secret_name: String = "SecretName",
        /// The id of the version.
        pub version_id: VersionId = "VersionId",
        /// Its stages.
        pub stages: Option<Stages> = "VersionStages",
    }
}

response! {
    /// The version.
    pub struct Response {
        /// Its name.
        pub secret_name: String = "SecretName",
        /// The version.
        pub version_id: String = "VersionId",
        /// Its stages.
        pub stages: Vec<String> = "VersionStages" of "VersionStage",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "PutSecretValue",
    effect: Effect::Write,
    access: Access::Action("kms:PutSecretValue"),
    idempotent: false,
    errors: &[
        secret::ERRORS,
        secret::VALUE_ERRORS,
        &[ErrorCode::SecretVersionExists, ErrorCode::KmsUnsupportedOperation],
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
    managed::require_generic(&record)?;
    let VersionId(version_id) = request.version_id;
    let (secret_id, value) = (record.secret_id.clone(), request.data.0);
    let data_type = request.data_type.unwrap_or(DataType("text"));
    if let Some(known) = secrets::version(cx.tx, &secret_id, &version_id)? {
        if known.data_type != data_type.0 || !secret::holds(cx, &record, &known, value.expose())? {
            return Err(ErrorCode::SecretVersionExists.into());
        }
        if request.stages.is_none() {
            // A retry that comes late must not make an old value the current one again.
            let stages = secret::stages_of(cx, &secret_id, &version_id)?;
            return Ok(Response { secret_name: record.secret_name, version_id, stages });
        }
    } else {
        let version = secret::seal(cx, &record, version_id.clone(), data_type, value.expose())?;
        secrets::insert_version(cx.tx, &secret_id, &version)?;
    }
    let stages = request.stages.map_or_else(|| vec![secret::CURRENT.to_owned()], |Stages(stages)| stages);
    // The current stage first, as it moves the previous one, which the request may then put elsewhere.
    let (current, others): (Vec<_>, Vec<_>) = stages.iter().partition(|stage| *stage == secret::CURRENT);
    for stage in current.into_iter().chain(others) {
        secret::move_stage(cx, &secret_id, stage, &version_id)?;
    }
    secret::trim(cx, &secret_id)?;
    record.updated_at = cx.now;
    record.update(cx.tx)?;
    let stages = secret::stages_of(cx, &secret_id, &version_id)?;
    Ok(Response { secret_name: record.secret_name, version_id, stages })
}
