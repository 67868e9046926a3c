//! CreateSecret: a secret with its first version, encrypted with a key of the caller's or, if none is named, with one of KMS's own.
//!
//! Generic secrets, and access keys of RAM users, which KMS manages (`managed`). The others are accounts of databases and servers, which
//! are not here.

use coffer_base::{ApiError, Arn, ErrorCode, Secret as Hidden};
use coffer_store::Record as _;
use coffer_store::secrets::{self, Secret};

use super::key;
use super::managed::{self, AUTOMATIC_NAME, Config, Interval, Shown};
use super::parameter::{Description, NoInstance};
use super::policy::{self, KeyPolicy};
use super::quota;
use super::secret::{self, DataType, NewName, VersionId};
use super::tagging::{self, ResourceType, TagList};
use crate::auth::key_policy::Guarded;
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, request};
use crate::operation::{Access, Effect, Operation};
use crate::product::Product;
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
        /// What a managed one is of.
        pub config: Option<String> = "ExtendedConfig",
        /// The key that its values are encrypted with: id, alias or ARN.
        pub key_id: Option<String> = "EncryptionKeyId",
        /// Its policy.
        pub policy: Option<KeyPolicy> = "Policy",
        /// How often it is to be rotated.
        pub interval: Option<Interval> = "RotationInterval",
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
}

/// `SecretType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `Generic`.
    Generic,
    /// `RAMCredentials`.
    Managed,
    /// A type of the vendor's that is not served.
    NotServed,
}

impl Parameter for Kind {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        match text {
            "Generic" => Ok(Self::Generic),
            managed::TYPE => Ok(Self::Managed),
            "Rds" | "PolarDB" | "Redis" | "ECS" => Ok(Self::NotServed),
            _ => Err(Invalid::Value),
        }
    }
}

response! {
    /// The secret.
    pub struct Response {
        /// Its ARN.
        pub arn: String = "Arn",
        /// Whether a managed one is rotated by itself.
        pub automatic_rotation: Option<&'static str> = "AutomaticRotation",
        /// What a managed one is of.
        pub config: Option<String> = "ExtendedConfig",
        /// When it will be rotated.
        pub next_rotation: Option<String> = "NextRotationDate",
        /// How often it is rotated.
        pub interval: Option<String> = "RotationInterval",
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
            ErrorCode::KmsMissingParameter,
            ErrorCode::SecretNotFound,
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
    Ok(vec![Arn::kms(cx.region(), cx.account(), "secret")])
}

/// What a new secret is, once it is known to be possible.
struct New {
    secret_name: String,
    secret_type: &'static str,
    extended_config: String,
    user_id: Option<String>,
    rotation_interval_s: Option<i64>,
    value: Hidden<String>,
}

/// Decides what the request makes.
fn prepare(cx: &Cx<'_>, request: &mut Request) -> Result<New, ApiError> {
    let invalid = |name| Err(Product::Kms.invalid_parameter(name));
    let automatic = request.name.0 == AUTOMATIC_NAME;
    let rotated = request.rotation == Some(true);
    let value = std::mem::replace(&mut request.data.0, Hidden::new(String::new()));
    match request.kind.unwrap_or(Kind::Generic) {
        Kind::NotServed => Err(ErrorCode::KmsUnsupportedOperation.into()),
        Kind::Generic if rotated => Err(ErrorCode::KmsUnsupportedOperation.into()),
        Kind::Generic if automatic || request.name.is_of_service() => invalid("SecretName"),
        Kind::Generic if request.config.is_some() => invalid("ExtendedConfig"),
        Kind::Generic => Ok(New {
            secret_name: std::mem::take(&mut request.name.0),
            secret_type: "Generic",
            extended_config: String::new(),
            user_id: None,
            rotation_interval_s: None,
            value,
        }),
        Kind::Managed if !automatic => invalid("SecretName"),
        Kind::Managed if request.data_type.is_some_and(|DataType(word)| word != "text") => invalid("SecretDataType"),
        Kind::Managed => {
            let Some(config) = &request.config else { return Err(Product::Kms.missing_parameter("ExtendedConfig")) };
            let Some(config) = Config::parse(config) else { return invalid("ExtendedConfig") };
            let rotation_interval_s = Interval::asked(rotated, request.interval)?;
            let managed::New { secret_name, extended_config, user_id, value } = managed::prepare(cx, &config, &value)?;
            let (secret_type, user_id) = (managed::TYPE, Some(user_id));
            Ok(New { secret_name, secret_type, extended_config, user_id, rotation_interval_s, value })
        }
    }
}

/// Refuses a name that is taken.
fn require_free(cx: &Cx<'_>, secret_name: &str) -> Result<(), ApiError> {
    let Some(known) = secrets::by_name(cx.tx, cx.account(), cx.region(), secret_name)? else { return Ok(()) };
    if known.delete_at.is_none_or(|due| due > cx.now) {
        secret::require_live(&known)?;
        return Err(ErrorCode::SecretExists.into());
    }
    // Its time is over, and only the job has not run yet.
    Ok(secrets::delete(cx.tx, &known.secret_id)?)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, mut request: Request) -> Result<Response, ApiError> {
    let region = cx.region();
    let new = prepare(cx, &mut request)?;
    let New { secret_name, secret_type, extended_config, user_id, rotation_interval_s, value } = new;
    require_free(cx, &secret_name)?;
    user_id.as_deref().map(|user_id| managed::require_unmanaged(cx, user_id)).transpose()?;
    let key = request.key_id.map(|name| key::required(cx, &name, "kms:GenerateDataKey")).transpose()?;
    let record = Secret {
        secret_id: cx.rng.uuid(),
        account: cx.account().clone(),
        region,
        secret_name,
        secret_type: secret_type.to_owned(),
        description: request.description.map(|Description(text)| text).unwrap_or_default(),
        key_id: key.map(|key| key.key_id),
        policy: request.policy.map(|KeyPolicy(text)| text),
        extended_config,
        user_id,
        rotation_interval_s,
        rotated_at: None,
        rotation_failed: false,
        delete_at: None,
        updated_at: cx.now,
        created_at: cx.now,
    };
    record.insert(cx.tx)?;
    quota::require_secrets(cx, region)?;
    policy::require_changeable(cx, Guarded::Secret(&record), "kms:SetSecretPolicy")?;
    let data_type = request.data_type.unwrap_or(DataType("text"));
    let version = secret::seal(cx, &record, request.version_id.0, data_type, value.expose())?;
    secrets::insert_version(cx.tx, &record.secret_id, &version)?;
    secrets::set_stage(cx.tx, &record.secret_id, secret::CURRENT, &version.version_id)?;
    let TagList(tags) = request.tags.unwrap_or_default();
    tagging::put(cx, ResourceType::Secret, &record.account, region, &record.secret_id, &tags)?;
    managed::plan(cx, &record)?;
    let Shown { automatic, interval, next, config, .. } = Shown::of(&record);
    Ok(Response {
        arn: secret::arn(&record).to_string(),
        automatic_rotation: config.is_some().then_some(automatic),
        config,
        next_rotation: next,
        interval,
        secret_name: record.secret_name,
        secret_type: record.secret_type,
        version_id: version.version_id,
    })
}
