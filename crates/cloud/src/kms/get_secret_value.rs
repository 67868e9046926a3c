//! GetSecretValue: a secret's value: of the current version, or of the one that a stage or an id names; if both do, of the one that they agree on.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::secrets;

use super::managed::Shown;
use super::parameter::DryRun;
use super::secret;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which.
    pub struct Request {
        /// Whether it is only to be tried.
        pub dry_run: Option<DryRun> = "DryRun",
        /// Whether it is wanted of what a managed one is.
        pub extended: Option<bool> = "FetchExtendedConfig",
        /// Its name or ARN.
        pub secret_name: String = "SecretName",
        /// The version.
        pub version_id: Option<String> = "VersionId",
        /// Its stage.
        pub stage: Option<String> = "VersionStage",
    }
    refused { "Recipient", }
}

response! {
    /// The value.
    pub struct Response {
        /// Whether it is rotated by itself.
        pub automatic_rotation: &'static str = "AutomaticRotation",
        /// What a managed one is of, if that is wanted.
        pub config: Option<String> = "ExtendedConfig",
        /// When it was last rotated.
        pub last_rotation: Option<String> = "LastRotationDate",
        /// When it will be rotated.
        pub next_rotation: Option<String> = "NextRotationDate",
        /// How often it is rotated.
        pub interval: Option<String> = "RotationInterval",
        /// When the version was made.
        pub create_time: String = "CreateTime",
        /// The value.
        pub data: String = "SecretData",
        /// What the value is.
        pub data_type: String = "SecretDataType",
        /// Its name.
        pub secret_name: String = "SecretName",
        /// What it is.
        pub secret_type: String = "SecretType",
        /// The version.
        pub version_id: String = "VersionId",
        /// Its stages.
        pub stages: Vec<String> = "VersionStages" of "VersionStage",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "GetSecretValue",
    effect: Effect::Use,
    access: Access::Action("kms:GetSecretValue"),
    idempotent: false,
    errors: &[secret::ERRORS, secret::VALUE_ERRORS, &[ErrorCode::KmsDryRun]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    secret::resource(cx, &request.secret_name)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let record = secret::find(cx, &request.secret_name)?;
    secret::require_live(&record)?;
    let stage = match (&request.version_id, request.stage) {
        (None, None) => Some(secret::CURRENT.to_owned()),
        (_, stage) => stage,
    };
    let on_stage = match stage {
        Some(wanted) => {
            let all = secrets::stages(cx.tx, &record.secret_id)?;
            let on = all.into_iter().find(|(stage, _)| *stage == wanted).map(|(_, version_id)| version_id);
            Some(on.ok_or(ErrorCode::SecretNotFound)?)
        }
        None => None,
    };
    let version_id = match (request.version_id, on_stage) {
        (Some(named), Some(on_stage)) if named != on_stage => return Err(ErrorCode::SecretNotFound.into()),
        (Some(version_id), _) | (None, Some(version_id)) => version_id,
        (None, None) => unreachable!("without a version there is a stage"),
    };
    let version = secrets::version(cx.tx, &record.secret_id, &version_id)?.ok_or(ErrorCode::SecretNotFound)?;
    let value = secret::open(cx, &record, &version)?;
    DryRun::end(request.dry_run)?;
    let Shown { automatic, interval, last, next, config } = Shown::of(&record);
    Ok(Response {
        automatic_rotation: automatic,
        config: config.filter(|_| request.extended == Some(true)),
        last_rotation: last,
        next_rotation: next,
        interval,
        create_time: version.created_at.to_iso8601(),
        data: value.expose().clone(),
        data_type: version.data_type,
        stages: secret::stages_of(cx, &record.secret_id, &version_id)?,
        secret_name: record.secret_name,
        secret_type: record.secret_type,
        version_id,
    })
}
