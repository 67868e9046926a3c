//! UpdateSecretVersionStage: a stage of a secret moves to another version, or is taken away.
//!
//! `ACSCurrent` and `ACSPrevious` can only move. When `ACSCurrent` does, the version that it leaves is the previous one.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::{Record as _, secrets};

use super::managed;
use super::secret::{self, Stage, VersionId};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::product::Product;
use crate::value::response;

request! {
    /// Which stage, and where it is to be.
    pub struct Request {
        /// Where it moves.
        pub to: Option<VersionId> = "MoveToVersion",
        /// Where it is now.
        pub from: Option<VersionId> = "RemoveFromVersion",
        /// Its name or ARN.
        pub secret_name: String = "SecretName",
        /// The stage.
        pub stage: Stage = "VersionStage",
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
    name: "UpdateSecretVersionStage",
    effect: Effect::Write,
    access: Access::Action("kms:UpdateSecretVersionStage"),
    idempotent: false,
    errors: &[
        secret::ERRORS,
        &[
            ErrorCode::KmsInvalidParameter,
            ErrorCode::KmsMissingParameter,
            ErrorCode::KmsUnsupportedOperation,
            ErrorCode::SecretPlannedDeleted,
            ErrorCode::SecretStageMismatch,
            ErrorCode::SecretStageUnmovable,
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
    managed::require_generic(&record)?;
    let (secret_id, Stage(stage)) = (record.secret_id.clone(), request.stage);
    if let Some(VersionId(from)) = &request.from
        && !secret::stages_of(cx, &secret_id, from)?.contains(&stage)
    {
        return Err(ErrorCode::SecretStageMismatch.into());
    }
    match (request.to, request.from) {
        (Some(VersionId(to)), _) => {
            secrets::version(cx.tx, &secret_id, &to)?.ok_or(ErrorCode::SecretNotFound)?;
            secret::move_stage(cx, &secret_id, &stage, &to)?;
        }
        (None, Some(_)) if matches!(stage.as_str(), secret::CURRENT | secret::PREVIOUS) => {
            return Err(ErrorCode::SecretStageUnmovable.into());
        }
        (None, Some(_)) => secrets::remove_stage(cx.tx, &secret_id, &stage)?,
        (None, None) => return Err(Product::Kms.missing_parameter("MoveToVersion")),
    }
    record.updated_at = cx.now;
    record.update(cx.tx)?;
    Ok(Response { secret_name: record.secret_name })
}
