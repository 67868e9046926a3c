//! CreateSecret: a secret with its first version, encrypted with a key of the caller's or, if none is named, with one of KMS's own.
//!
//! Generic secrets alone: the others are accounts of databases and servers, whose passwords only the vendor's own services can change.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;
use coffer_store::secrets::{self, Secret};

use super::key::{self, Forms};
use super::parameter::{Description, NoInstance};
use super::secret::{self, DataType, NewName, VersionId};
use super::tagging::{self, ResourceType, TagList};
use super::{quota, service};
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What the secret is to be.
    pub struct Request {
        /// The instance it is to be in.
        pub instance_id: Option<NoInstance> = "DKMSInstanceId",
        /// A description.
        pub description: Option<Description> = "Description",
        /// Whether it is to be rotated by itself; a generic one can't be.
        pub rotation: Option<bool> = "EnableAutomaticRotation",
        /// The key that its values are encrypted with: id, alias or ARN.
        pub key_id: Option<String> = "EncryptionKeyId",
        /// The value.
        pub data: secret::Data = "SecretData",
        /// What the value is.
        pub data_type: Option<DataType> = "SecretDataType",
        /// Its name.
        pub name: NewName = "SecretName",
        /// What it is.
        pub kind: Option<Kind> = "SecretType",
        /// Its tags.
        pub tags: Option<TagList> = "Tags",
        /// The id of its first version.
        pub version_id: VersionId = "VersionId",
    }
    refused { "ExtendedConfig", "Policy", "RotationInterval", }
}

/// `SecretType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `Generic`.
    Generic,
    /// A type of the vendor's that is not served.
    NotServed,
}

impl Parameter for Kind {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        match text {
            "Generic" => Ok(Self::Generic),
            "Rds" | "PolarDB" | "Redis" | "RAMCredentials" | "ECS" => Ok(Self::NotServed),
            _ => Err(Invalid::Value),
        }
    }
}

response! {
    /// The secret.
    pub struct Response {
        /// Its ARN.
        pub arn: String = "Arn",
        /// Its name.
        pub secret_name: String = "SecretName",
        /// What it is.
        pub secret_type: String = "SecretType",
        /// The version.
        pub version_id: String = "VersionId",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "CreateSecret",
    effect: Effect::Write,
    access: Access::Action("kms:CreateSecret"),
    idempotent: false,
    errors: &[
        secret::VALUE_ERRORS,
        &[
            ErrorCode::KmsServiceNotEnabled,
            ErrorCode::KmsUnsupportedOperation,
            ErrorCode::KmsInstanceNotFound,
            ErrorCode::KeyOperationUnsupported,
            ErrorCode::AliasNotFound,
            ErrorCode::SecretExists,
            ErrorCode::KmsLimitExceeded,
        ],
    ],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    service::require_open(cx, cx.region())?;
    Ok(vec![Arn::kms(cx.region(), cx.account(), "secret")])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let NewName(secret_name) = request.name;
    let region = cx.region();
    if request.rotation == Some(true) || request.kind == Some(Kind::NotServed) {
        return Err(ErrorCode::KmsUnsupportedOperation.into());
    }
    if let Some(known) = secrets::by_name(cx.tx, cx.account(), region, &secret_name)? {
        if known.delete_at.is_none_or(|due| due > cx.now) {
            secret::require_live(&known)?;
            return Err(ErrorCode::SecretExists.into());
        }
        // Its time is over, and only the job has not run yet.
        secrets::delete(cx.tx, &known.secret_id)?;
    }
    let key = request.key_id.map(|name| key::find(cx, &name, Forms::IdOrAlias)).transpose()?;
    let record = Secret {
        secret_id: cx.rng.uuid(),
        account: cx.account().clone(),
        region,
        secret_name,
        secret_type: "Generic".to_owned(),
        description: request.description.map(|Description(text)| text).unwrap_or_default(),
        key_id: key.map(|key| key.key_id),
        delete_at: None,
        updated_at: cx.now,
        created_at: cx.now,
    };
    record.insert(cx.tx)?;
    quota::require_secrets(cx, region)?;
    let data_type = request.data_type.unwrap_or(DataType("text"));
    let version = secret::seal(cx, &record, request.version_id.0, data_type, request.data.0.expose())?;
    secrets::insert_version(cx.tx, &record.secret_id, &version)?;
    secrets::set_stage(cx.tx, &record.secret_id, secret::CURRENT, &version.version_id)?;
    let TagList(tags) = request.tags.unwrap_or_default();
    tagging::put(cx, ResourceType::Secret, &record.account, region, &record.secret_id, &tags)?;
    Ok(Response {
        arn: secret::arn(&record).to_string(),
        secret_name: record.secret_name,
        secret_type: record.secret_type,
        version_id: version.version_id,
    })
}
