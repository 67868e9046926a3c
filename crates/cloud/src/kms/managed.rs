//! Secrets that KMS manages itself: the access keys of RAM users ("RAM secrets"). What else the vendor manages - accounts of databases,
//! logins of instances - is not here to be managed.
//!
//! A rotation makes the user a further access key, whose version is the current one from then on. The one before works on for two days,
//! as whoever uses it may not have fetched the new one yet; then it is deleted with its version. KMS does all that through a role of the
//! account, and counts every access key of the user as the secret's, as the vendor says.

use coffer_base::{ApiError, Arn, ErrorCode, Secret as Hidden, Timestamp};
use coffer_crypto::mac;
use coffer_store::identities::{self, User};
use coffer_store::secrets::{self, Secret};
use coffer_store::{Record as _, accounts};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::rotation;
use super::secret::{self, CURRENT, DataType};
use crate::auth;
use crate::context::Cx;
use crate::decode::{Invalid, Parameter};
use crate::job::{self, Kind};
use crate::product::Product;
use crate::ram::create_access_key;

/// The type of these secrets.
pub const TYPE: &str = "RAMCredentials";
/// The name that a request gives a new one: KMS names it after the user.
pub const AUTOMATIC_NAME: &str = "$Auto";
/// The roles through which KMS reaches access keys: either will do. The spelling is the vendor's.
const ROLES: [&str; 2] = ["AliyunKMSManagedRAMCrendentialsRole", "AliyunKMSManageRAMCredentialsRole"];
/// How long the access key before works on after a rotation: the vendor's two days.
const GRACE_MS: i64 = 2 * 24 * 3_600_000;
const MOST_CONFIG_CHARACTERS: usize = 1024;
const MOST_CUSTOM: usize = 10;
const CUSTOM_DATA: &str = "ExtendedConfig.CustomData";

/// `ExtendedConfig` of such a secret, which is also how it is stored.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Config {
    secret_sub_type: String,
    user_name: String,
    #[serde(default)]
    custom_data: Map<String, Value>,
}

impl Config {
    /// The one that a request writes; that of a secret of another type is none.
    pub fn parse(text: &str) -> Option<Self> {
        let config: Self = serde_json::from_str(text).ok()?;
        let fits = text.chars().count() <= MOST_CONFIG_CHARACTERS && config.custom_data.len() <= MOST_CUSTOM;
        (fits && config.secret_sub_type == "RamUserAccessKey").then_some(config)
    }
}

/// `ExtendedConfig.CustomData`: at most ten names and values.
#[derive(Clone, Debug)]
pub struct CustomData(Map<String, Value>);

impl Parameter for CustomData {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let data: Map<String, Value> = serde_json::from_str(text).map_err(|_| Invalid::Value)?;
        let fits = text.chars().count() <= MOST_CONFIG_CHARACTERS && data.len() <= MOST_CUSTOM;
        if fits { Ok(Self(data)) } else { Err(Invalid::Value) }
    }
}

/// `RotationInterval` of a secret: 6 hours to 365 days.
#[derive(Clone, Copy, Debug)]
pub struct Interval(i64);

impl Parameter for Interval {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let seconds = rotation::seconds(text).filter(|seconds| (6 * 3600..=365 * 24 * 3600).contains(seconds));
        seconds.map(Self).ok_or(Invalid::Value)
    }
}

impl Interval {
    /// The period that a request asks for in seconds; `None` for no rotation, where the period does not count.
    pub fn asked(enable: bool, interval: Option<Self>) -> Result<Option<i64>, ApiError> {
        match (enable, interval) {
            (false, _) => Ok(None),
            (true, Some(Self(seconds))) => Ok(Some(seconds)),
            (true, None) => Err(Product::Kms.missing_parameter("RotationInterval")),
        }
    }
}

/// The value of a new secret, as requests give it: every access key of the user.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Given {
    access_keys: Vec<GivenKey>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GivenKey {
    access_key_id: String,
    access_key_secret: String,
}

/// The value of a version.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Credentials<'a> {
    access_key_id: &'a str,
    access_key_secret: &'a str,
    generate_timestamp: String,
}

impl Credentials<'_> {
    fn text(&self) -> Result<Hidden<String>, ApiError> {
        serde_json::to_string(self).map(Hidden::new).map_err(ApiError::internal)
    }
}

/// The part of a version's value that says whose it is.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CredentialsId {
    access_key_id: String,
}

/// A secret that is about to be made.
pub struct New {
    /// Its name.
    pub secret_name: String,
    /// What it is of.
    pub extended_config: String,
    /// Whose access keys it holds.
    pub user_id: String,
    /// The value of its first version.
    pub value: Hidden<String>,
}

/// What a request asks for, if the user is there, KMS may manage it, and the value holds all its access keys with their secrets: who
/// does not know them would come by them through the first rotation.
pub fn prepare(cx: &Cx<'_>, config: &Config, data: &Hidden<String>) -> Result<New, ApiError> {
    let user = identities::user(cx.tx, cx.account(), &config.user_name)?.ok_or(ErrorCode::SecretNotFound)?;
    require_role(cx, &user)?;
    let wrong = || Product::Kms.invalid_parameter("SecretData");
    let given: Given = serde_json::from_str(data.expose()).map_err(|_| wrong())?;
    let given: Vec<(String, Hidden<String>)> =
        given.access_keys.into_iter().map(|key| (key.access_key_id, Hidden::new(key.access_key_secret))).collect();
    let known = accounts::access_keys_of_user(cx.tx, &user.user_id)?;
    if known.len() != given.len() {
        return Err(wrong());
    }
    for key in &known {
        let (_, secret) = given.iter().find(|(id, _)| *id == key.access_key_id).ok_or_else(wrong)?;
        let own = auth::unseal(cx.keyring, &key.account, &key.access_key_id, &key.sealed_secret)?;
        if !mac::equal(own.expose().as_bytes(), secret.expose().as_bytes()) {
            return Err(wrong());
        }
    }
    let (access_key_id, secret) = given.first().ok_or_else(wrong)?;
    let made = known.iter().find(|key| key.access_key_id == *access_key_id).ok_or_else(wrong)?.created_at;
    let value =
        Credentials { access_key_id, access_key_secret: secret.expose(), generate_timestamp: made.to_iso8601() };
    let config = Config { user_name: user.user_name, ..config.clone() };
    Ok(New {
        secret_name: format!("acs/ram/user/{}", config.user_name),
        extended_config: stored(&config, "ExtendedConfig")?,
        user_id: user.user_id,
        value: value.text()?,
    })
}

/// A configuration as it is stored. One that the parameter `name` makes too long is refused.
fn stored(config: &Config, name: &str) -> Result<String, ApiError> {
    let text = serde_json::to_string(config).map_err(ApiError::internal)?;
    if text.chars().count() > MOST_CONFIG_CHARACTERS {
        return Err(Product::Kms.invalid_parameter(name));
    }
    Ok(text)
}

fn config_of(secret: &Secret) -> Result<Config, ApiError> {
    serde_json::from_str(&secret.extended_config).map_err(ApiError::internal)
}

/// Gives a managed secret other custom data. A generic one has none.
pub fn set_custom_data(secret: &mut Secret, CustomData(data): CustomData) -> Result<(), ApiError> {
    if secret.secret_type != TYPE {
        return Err(Product::Kms.invalid_parameter(CUSTOM_DATA));
    }
    secret.extended_config = stored(&Config { custom_data: data, ..config_of(secret)? }, CUSTOM_DATA)?;
    Ok(())
}

/// Refuses a secret that KMS does not manage: only its owner knows where its value is used.
pub fn require_managed(secret: &Secret) -> Result<(), ApiError> {
    if secret.secret_type == TYPE { Ok(()) } else { Err(ErrorCode::KmsUnsupportedOperation.into()) }
}

/// Refuses a secret whose values KMS makes.
pub fn require_generic(secret: &Secret) -> Result<(), ApiError> {
    if secret.secret_type == TYPE { Err(ErrorCode::KmsUnsupportedOperation.into()) } else { Ok(()) }
}

/// Refuses a user whose access keys another secret holds, in whichever region: each would delete the other's.
pub fn require_unmanaged(cx: &Cx<'_>, user_id: &str) -> Result<(), ApiError> {
    match secrets::count_of_user(cx.tx, user_id, cx.now)? {
        0 => Ok(()),
        _ => Err(ErrorCode::SecretExists.into()),
    }
}

/// Refuses unless the account lets KMS manage the user's access keys.
fn require_role(cx: &Cx<'_>, user: &User) -> Result<(), ApiError> {
    let resource = Arn::ram(&user.account, &format!("user/{}", user.user_name));
    let actions = ["ram:ListAccessKeys", "ram:CreateAccessKey", "ram:DeleteAccessKey"];
    for role in ROLES {
        let may = auth::service_may(cx, &user.account, role, "kms.aliyuncs.com", actions, &resource)?;
        if may == [true; 3] {
            return Ok(());
        }
    }
    Err(ApiError::with(ErrorCode::KmsNoPermission, [resource.to_string()]))
}

/// Rotates a managed secret: a new access key, in a new version of that id.
pub fn rotate(cx: &mut Cx<'_>, secret: &mut Secret, version_id: String) -> Result<(), ApiError> {
    let user = retire(cx, secret)?;
    let made = create_access_key::make(cx, user.user_id)?;
    let value = Credentials {
        access_key_id: &made.access_key_id,
        access_key_secret: &made.access_key_secret,
        generate_timestamp: cx.now.to_iso8601(),
    };
    let version = secret::seal(cx, secret, version_id, DataType("text"), value.text()?.expose())?;
    secrets::insert_version(cx.tx, &secret.secret_id, &version)?;
    secret::move_stage(cx, &secret.secret_id, CURRENT, &version.version_id)?;
    (secret.rotated_at, secret.updated_at, secret.rotation_failed) = (Some(cx.now), cx.now, false);
    secret.update(cx.tx)?;
    job::withdraw(cx.tx, Kind::RetireAccessKeys, &secret.secret_id)?;
    job::schedule(cx, Kind::RetireAccessKeys, &secret.secret_id, cx.now.plus_ms(GRACE_MS))?;
    plan(cx, secret)
}

/// Deletes every access key of the user but the current one, and every version but that of the current one. Whose they are.
pub fn retire(cx: &mut Cx<'_>, secret: &Secret) -> Result<User, ApiError> {
    // By its id: another user may have got the name since.
    let user_id = secret.user_id.as_deref().ok_or_else(|| ApiError::internal("a managed secret of nobody"))?;
    let user = User::get(cx.tx, user_id)?.ok_or(ErrorCode::SecretNotFound)?;
    require_role(cx, &user)?;
    let missing = || ApiError::internal("a managed secret without its current version");
    let stages = secrets::stages(cx.tx, &secret.secret_id)?;
    let (_, current) = stages.into_iter().find(|(stage, _)| stage == CURRENT).ok_or_else(missing)?;
    let version = secrets::version(cx.tx, &secret.secret_id, &current)?.ok_or_else(missing)?;
    let value = secret::open(cx, secret, &version)?;
    let CredentialsId { access_key_id } = serde_json::from_str(value.expose()).map_err(ApiError::internal)?;
    for key in accounts::access_keys_of_user(cx.tx, &user.user_id)? {
        if key.access_key_id != access_key_id {
            accounts::delete_access_key(cx.tx, &user.user_id, &key.access_key_id)?;
            cx.note("retiredAccessKeyId", key.access_key_id);
        }
    }
    for version in secrets::versions(cx.tx, &secret.secret_id)? {
        if version.version_id != current {
            secrets::delete_version(cx.tx, &secret.secret_id, &version.version_id)?;
        }
    }
    Ok(user)
}

/// When a secret is next to be rotated by itself; `None` where it is not.
pub fn next(secret: &Secret) -> Option<Timestamp> {
    let last = secret.rotated_at.unwrap_or(secret.created_at);
    secret.rotation_interval_s.map(|seconds| last.plus_ms(seconds.saturating_mul(1000)))
}

/// Sets down the next rotation of a secret as it is now, in place of what was set down before.
pub fn plan(cx: &Cx<'_>, secret: &Secret) -> Result<(), ApiError> {
    job::withdraw(cx.tx, Kind::RotateSecret, &secret.secret_id)?;
    match next(secret) {
        Some(due) => job::schedule(cx, Kind::RotateSecret, &secret.secret_id, due.max(cx.now)),
        None => Ok(()),
    }
}

/// Whether and when a secret is rotated, as answers show it.
pub struct Shown {
    /// `Enabled`, `Disabled`, or `Invalid` where the last rotation failed.
    pub automatic: &'static str,
    /// How often, in seconds.
    pub interval: Option<String>,
    /// When it last was.
    pub last: Option<String>,
    /// When it will be.
    pub next: Option<String>,
    /// What it is of, for a managed one.
    pub config: Option<String>,
}

impl Shown {
    /// That of a secret.
    pub fn of(secret: &Secret) -> Self {
        let automatic = match secret.rotation_interval_s {
            None => "Disabled",
            Some(_) if secret.rotation_failed => "Invalid",
            Some(_) => "Enabled",
        };
        Self {
            automatic,
            interval: secret.rotation_interval_s.map(|seconds| format!("{seconds}s")),
            last: secret.rotated_at.map(Timestamp::to_iso8601),
            next: next(secret).map(Timestamp::to_iso8601),
            config: Some(secret.extended_config.clone()).filter(|text| !text.is_empty()),
        }
    }
}
