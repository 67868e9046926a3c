//! Secrets: found, sealed, opened; their versions and stages.

use coffer_base::{AccountId, ApiError, Arn, ErrorCode, Secret as Hidden};
use coffer_crypto::mac;
use coffer_store::Record as _;
use coffer_store::keys::Key;
use coffer_store::secrets::{self, Secret, SecretVersion};

use super::cipher::{self, Blob};
use super::encryption_context::EncryptionContext;
use super::managed::AUTOMATIC_NAME;
use super::{key, service};
use crate::auth;
use crate::auth::key_policy::{self, Grant, Guarded};
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, json_strings};
use crate::operation::Access;
use crate::product::Product;

/// The ARN of a secret.
pub fn arn(secret: &Secret) -> Arn {
    Arn::kms(secret.region, &secret.account, &format!("secret/{}", secret.secret_name))
}

/// The caller's secret of that name or ARN, in the region of the request; by its ARN also one of another account whose policy lets the
/// caller do what is called. To others it does not exist. One whose deletion is due is gone, whether or not the job that erases it has
/// run yet.
pub fn find(cx: &Cx<'_>, name: &str) -> Result<Secret, ApiError> {
    let (account, name) = placed(cx, name)?;
    let found = secrets::by_name(cx.tx, &account, cx.region(), name)?;
    let secret = found.filter(|secret| secret.delete_at.is_none_or(|due| due > cx.now));
    let secret = secret.ok_or(ErrorCode::SecretNotFound)?;
    if account == *cx.account() || shared(cx, &secret)? { Ok(secret) } else { Err(ErrorCode::SecretNotFound.into()) }
}

/// What may be done with another account's secret, where its policy allows it: reading it.
const ACROSS_ACCOUNTS: [&str; 3] = ["kms:DescribeSecret", "kms:GetSecretValue", "kms:ListSecretVersionIds"];

fn shared(cx: &Cx<'_>, secret: &Secret) -> Result<bool, ApiError> {
    let Some(Access::Action(action)) = cx.operation.map(|operation| operation.access) else { return Ok(false) };
    if !ACROSS_ACCOUNTS.contains(&action) {
        return Ok(false);
    }
    let principal = key_policy::principal(cx.caller);
    let grant = Guarded::Secret(secret).grant(cx, &principal, action, &auth::context(cx))?;
    Ok(matches!(grant, Grant::Direct | Grant::Account))
}

/// The secret of our id.
pub fn of_id(cx: &Cx<'_>, secret_id: &str) -> Result<Secret, ApiError> {
    Secret::get(cx.tx, secret_id)?.ok_or_else(|| ApiError::internal("a secret is gone that was there"))
}

/// Refuses a secret that is to be deleted.
pub fn require_live(secret: &Secret) -> Result<(), ApiError> {
    if secret.delete_at.is_some() { Err(ErrorCode::SecretPlannedDeleted.into()) } else { Ok(()) }
}

/// The account and the name in a name or an ARN. The region of an ARN is that of the request.
fn placed<'a>(cx: &Cx<'_>, name: &'a str) -> Result<(AccountId, &'a str), ApiError> {
    let Some(rest) = name.strip_prefix("acs:kms:") else { return Ok((cx.account().clone(), name)) };
    let parts: Vec<&str> = rest.splitn(3, ':').collect();
    let [region, account, resource] = parts[..] else { return Err(ErrorCode::SecretNotFound.into()) };
    let name = resource.strip_prefix("secret/").filter(|_| region == cx.region().id());
    Ok((AccountId::parse(account).ok_or(ErrorCode::SecretNotFound)?, name.ok_or(ErrorCode::SecretNotFound)?))
}

/// What a policy must allow an operation on a secret on. Whether an own secret is there is not looked at yet: its name can
/// be guessed, so who may not use it is not told.
pub fn resource(cx: &mut Cx<'_>, name: &str) -> Result<Vec<Arn>, ApiError> {
    let named = named(cx, name)?;
    cx.named.push(named.clone());
    if placed(cx, name)?.0 != *cx.account() {
        let secret = find(cx, name)?;
        service::require_open_of(cx, &secret.account, secret.region)?;
        return Ok(vec![arn(&secret)]);
    }
    Ok(vec![named])
}

/// A secret as policies name it, by nothing but what the request calls it.
pub fn named(cx: &Cx<'_>, name: &str) -> Result<Arn, ApiError> {
    let (account, own) = placed(cx, name)?;
    Ok(Arn::kms(cx.region(), &account, &format!("secret/{own}")))
}

/// The errors of naming a secret.
pub const ERRORS: &[ErrorCode] = &[ErrorCode::KmsServiceNotEnabled, ErrorCode::SecretNotFound];
/// The errors of reading or writing a value.
pub const VALUE_ERRORS: &[ErrorCode] = &[
    ErrorCode::KmsInvalidParameter,
    ErrorCode::SecretPlannedDeleted,
    ErrorCode::KeyNotFound,
    ErrorCode::KeyDisabled,
    ErrorCode::KeyPendingImport,
    ErrorCode::KeyPendingDeletion,
];

/// The stage of the version that is read when none is named.
pub const CURRENT: &str = "ACSCurrent";
/// The stage of the version that was current before.
pub const PREVIOUS: &str = "ACSPrevious";
/// Most versions of a secret; the oldest make room.
const MOST_VERSIONS: usize = 10;

/// Most Chinese characters of a name.
const MOST_CHINESE: usize = 64;

/// Whether a character is Chinese: of the blocks of CJK ideographs, and the zero that stands apart from them.
const fn is_chinese(c: char) -> bool {
    matches!(c, '〇' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// A name of letters, digits, some signs and Chinese characters, at most `most` characters.
fn is_name(text: &str, most: usize) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '+' | '=' | '.' | '@' | '-');
    let chinese = text.chars().filter(|c| is_chinese(*c)).count();
    text.chars().count() <= most && chinese <= MOST_CHINESE && text.chars().all(|c| plain(c) || is_chinese(c))
}

/// The name of a new secret: 1 to 192 characters; or that which leaves it to KMS. Which names a type may have is its own matter.
#[derive(Clone, Debug)]
pub struct NewName(pub String);

impl NewName {
    /// Whether it is one of those that belong to services.
    pub fn is_of_service(&self) -> bool {
        self.0.starts_with("acs/")
    }
}

impl Parameter for NewName {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let good = is_name(text, 192) || text == AUTOMATIC_NAME;
        if good { Ok(Self(text.to_owned())) } else { Err(Invalid::Value) }
    }
}

/// `VersionId`: at most 64 characters.
#[derive(Clone, Debug)]
pub struct VersionId(pub String);

impl Parameter for VersionId {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        if is_name(text, 64) { Ok(Self(text.to_owned())) } else { Err(Invalid::Value) }
    }
}

/// `SecretData`: at most 30720 bytes.
#[derive(Debug)]
pub struct Data(pub Hidden<String>);

impl Parameter for Data {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        if text.len() > 30_720 { Err(Invalid::Value) } else { Ok(Self(Hidden::new(text.to_owned()))) }
    }
}

/// `SecretDataType`; the value itself is a text either way.
#[derive(Clone, Copy, Debug)]
pub struct DataType(pub &'static str);

impl Parameter for DataType {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let known = ["text", "binary"].into_iter().find(|known| *known == text);
        known.map(Self).ok_or(Invalid::Value)
    }
}

/// `VersionStage`: at most 64 characters.
#[derive(Clone, Debug)]
pub struct Stage(pub String);

impl Parameter for Stage {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        VersionId::from_text(text).map(|VersionId(text)| Self(text))
    }
}

/// `VersionStages`: a JSON array of at most ten stages.
#[derive(Clone, Debug)]
pub struct Stages(pub Vec<String>);

impl Parameter for Stages {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let stages = json_strings(text, 10).ok_or(Invalid::Value)?;
        let good = |stage: &String| !stage.is_empty() && is_name(stage, 64);
        if !stages.is_empty() && stages.iter().all(good) { Ok(Self(stages)) } else { Err(Invalid::Value) }
    }
}

/// A truth value that the vendor calls text.
#[derive(Clone, Copy, Debug)]
pub struct Flag(pub bool);

impl Parameter for Flag {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        bool::from_text(text).map(Self)
    }
}

/// The key that a secret names. The caller must be allowed `action` on it, as reading and writing values is using it.
fn usable_key(cx: &Cx<'_>, secret: &Secret, action: &'static str) -> Result<Option<Key>, ApiError> {
    let Some(key_id) = &secret.key_id else { return Ok(None) };
    let key = key::get(cx, key_id)?.ok_or(ErrorCode::KeyNotFound)?;
    auth::require(cx, Product::Kms, action, &key::arn(&key))?;
    key::require_usable(&key)?;
    Ok(Some(key))
}

fn context(secret: &Secret, version_id: &str) -> String {
    ["coffer/secret/1", secret.account.as_str(), secret.region.id(), &secret.secret_id, version_id].join("/")
}

fn key_context(secret: &Secret, version_id: &str) -> EncryptionContext {
    EncryptionContext::new(&[("acs:secret".to_owned(), context(secret, version_id))].into())
}

/// A version of a secret, its value sealed.
pub fn seal(
    cx: &mut Cx<'_>,
    secret: &Secret,
    version_id: String,
    data_type: DataType,
    value: &str,
) -> Result<SecretVersion, ApiError> {
    let sealed = if let Some(key) = usable_key(cx, secret, "kms:GenerateDataKey")? {
        let encrypted = cipher::encrypt(cx, &key, &key_context(secret, &version_id), value.as_bytes())?;
        cipher::note(cx, &key, &encrypted.version_id);
        encrypted.blob.into_bytes()
    } else {
        let domain = cipher::domain(cx, &secret.account)?;
        domain.aead().seal(cx.rng, context(secret, &version_id).as_bytes(), value.as_bytes())
    };
    Ok(SecretVersion { version_id, data_type: data_type.0.to_owned(), sealed, created_at: cx.now })
}

/// The value of a version.
pub fn open(cx: &mut Cx<'_>, secret: &Secret, version: &SecretVersion) -> Result<Hidden<String>, ApiError> {
    open_for(cx, secret, version, "kms:Decrypt")
}

/// Whether a version has just this value. That shows nobody a value, so it takes the permission to write one, not that to read it.
pub fn holds(cx: &mut Cx<'_>, secret: &Secret, version: &SecretVersion, value: &str) -> Result<bool, ApiError> {
    let kept = open_for(cx, secret, version, "kms:GenerateDataKey")?;
    Ok(mac::equal(kept.expose().as_bytes(), value.as_bytes()))
}

fn open_for(
    cx: &mut Cx<'_>,
    secret: &Secret,
    version: &SecretVersion,
    action: &'static str,
) -> Result<Hidden<String>, ApiError> {
    let damaged = || ApiError::internal("a secret's value does not open where it belongs");
    let plain = if let Some(key) = usable_key(cx, secret, action)? {
        let text = std::str::from_utf8(&version.sealed).map_err(ApiError::internal)?;
        let blob = Blob::parse(cx, text)?.map_err(|_| damaged())?;
        cipher::note(cx, &key, blob.version_id());
        blob.open(cx, &key, &key_context(secret, &version.version_id))?.map_err(|_| damaged())?
    } else {
        let domain = cipher::domain(cx, &secret.account)?;
        let context = context(secret, &version.version_id);
        domain.aead().open(context.as_bytes(), &version.sealed).map_err(|_| damaged())?
    };
    Ok(Hidden::new(std::str::from_utf8(plain.expose()).map_err(ApiError::internal)?.to_owned()))
}

/// The stages of one version.
pub fn stages_of(cx: &Cx<'_>, secret_id: &str, version_id: &str) -> Result<Vec<String>, ApiError> {
    let all = secrets::stages(cx.tx, secret_id)?;
    Ok(all.into_iter().filter(|(_, on)| on == version_id).map(|(stage, _)| stage).collect())
}

/// Puts a stage on a version. Where that makes it current, the version that was is the previous one.
pub fn move_stage(cx: &Cx<'_>, secret_id: &str, stage: &str, version_id: &str) -> Result<(), ApiError> {
    if stage == CURRENT {
        let all = secrets::stages(cx.tx, secret_id)?;
        let former = all.iter().find(|(known, on)| known == CURRENT && on != version_id);
        if let Some((_, former)) = former {
            secrets::set_stage(cx.tx, secret_id, PREVIOUS, former)?;
        }
    }
    Ok(secrets::set_stage(cx.tx, secret_id, stage, version_id)?)
}

/// Deletes the oldest versions beyond the limit; those that are current or were just before stay.
pub fn trim(cx: &Cx<'_>, secret_id: &str) -> Result<(), ApiError> {
    let kept: Vec<String> = secrets::stages(cx.tx, secret_id)?
        .into_iter()
        .filter(|(stage, _)| stage == CURRENT || stage == PREVIOUS)
        .map(|(_, version_id)| version_id)
        .collect();
    let versions = secrets::versions(cx.tx, secret_id)?;
    let surplus = versions.len().saturating_sub(MOST_VERSIONS);
    let old = versions.iter().rev().filter(|version| !kept.contains(&version.version_id));
    for version in old.take(surplus) {
        secrets::delete_version(cx.tx, secret_id, &version.version_id)?;
    }
    Ok(())
}
