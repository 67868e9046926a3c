//! Keys: made, found, allowed to be used in their state.

use std::sync::Arc;

use coffer_base::{AccountId, ApiError, Arn, ErrorCode, Region, Rng, Timestamp};
use coffer_crypto::{KeySpec, Material};
use coffer_store::keys::{self, Key, KeyVersion};
use coffer_store::{Record as _, Tx};

use super::spec::{self, Usage};
use super::{cipher, service};
use crate::auth;
use crate::auth::key_policy::{self, Grant, Guarded};
use crate::context::Cx;
use crate::costly::Step;
use crate::keyring::Keyring;
use crate::operation::Operation;
use crate::product::Product;

/// What a new key is to be.
pub struct New<'a> {
    /// `User` or `Service`.
    pub creator_type: &'static str,
    /// Its kind.
    pub spec: KeySpec,
    /// What it is for.
    pub usage: Usage,
    /// Whether its material is to be imported.
    pub external: bool,
    /// `SOFTWARE` or `HSM`.
    pub protection_level: &'static str,
    /// A description.
    pub description: &'a str,
    /// Automatic rotation's period in seconds.
    pub rotation_interval_s: Option<i64>,
    /// The key policy.
    pub policy: Option<String>,
}

impl Default for New<'_> {
    fn default() -> Self {
        Self {
            creator_type: "User",
            spec: KeySpec::Aes256,
            usage: Usage::Encrypt,
            external: false,
            protection_level: "SOFTWARE",
            description: "",
            rotation_interval_s: None,
            policy: None,
        }
    }
}

/// Makes a key with its first version. The material is random and stored sealed under the account's domain key; that of an external
/// key has yet to be imported.
pub fn create(cx: &mut Cx<'_>, region: Region, new: New<'_>) -> Result<Key, ApiError> {
    let (key_id, version_id) = (cx.rng.uuid(), cx.rng.uuid());
    let symmetric = new.spec.symmetric_bytes().is_some();
    let key = Key {
        key_id,
        account: cx.account().clone(),
        region,
        key_spec: spec::name(new.spec).to_owned(),
        key_usage: new.usage.as_str().to_owned(),
        origin: if new.external { "EXTERNAL" } else { "Aliyun_KMS" }.to_owned(),
        protection_level: new.protection_level.to_owned(),
        description: new.description.to_owned(),
        state: if new.external { State::PendingImport } else { State::Enabled }.as_str().to_owned(),
        creator_type: new.creator_type.to_owned(),
        primary_version_id: symmetric.then(|| version_id.clone()),
        delete_at: None,
        rotation_interval_s: new.rotation_interval_s,
        last_rotation_at: cx.now,
        deletion_protection: false,
        deletion_protection_description: String::new(),
        material_digest: None,
        material_expire_at: None,
        policy: new.policy,
        created_at: cx.now,
    };
    key.insert(cx.tx)?;
    if new.external {
        let key_id = key.key_id.clone();
        KeyVersion { version_id, key_id, sealed_material: Vec::new(), created_at: cx.now }.insert(cx.tx)?;
    } else {
        Maker::of(cx).insert_version(&key, version_id)?;
    }
    Ok(key)
}

/// What it takes to make a version of a key, in an operation or in a job.
pub struct Maker<'a> {
    /// The transaction.
    pub tx: &'a Tx<'a>,
    /// The keys above it.
    pub keyring: &'a Keyring,
    /// Randomness.
    pub rng: &'a dyn Rng,
    /// The moment.
    pub now: Timestamp,
    /// Material that was made before, where that takes long.
    pub prepared: Option<&'a Arc<Material>>,
}

impl<'a> Maker<'a> {
    /// In an operation.
    pub fn of(cx: &Cx<'a>) -> Self {
        Self { tx: cx.tx, keyring: cx.keyring, rng: cx.rng, now: cx.now, prepared: cx.prepared() }
    }

    /// Makes a further version, which a symmetric key uses from now on.
    pub fn rotate(&self, key: &mut Key) -> Result<KeyVersion, ApiError> {
        let version = self.insert_version(key, self.rng.uuid())?;
        if key.primary_version_id.is_some() {
            key.primary_version_id = Some(version.version_id.clone());
        }
        key.last_rotation_at = self.now;
        key.update(self.tx)?;
        Ok(version)
    }

    /// New material: what was made before the transaction, if anything was.
    pub fn material(&self, spec: KeySpec) -> Arc<Material> {
        let prepared = self.prepared.filter(|prepared| prepared.spec() == spec);
        prepared.map_or_else(|| Arc::new(Material::generate(spec, self.rng)), Arc::clone)
    }

    fn insert_version(&self, key: &Key, version_id: String) -> Result<KeyVersion, ApiError> {
        let material = self.material(spec::of(key)?);
        let sealed_material = cipher::seal_material(self.keyring, self.rng, key, &version_id, &material)?;
        let version = KeyVersion { version_id, key_id: key.key_id.clone(), sealed_material, created_at: self.now };
        version.insert(self.tx)?;
        Ok(version)
    }
}

/// The making of a key's material before the transaction, for a kind of which that takes long.
pub fn costly(spec: KeySpec) -> Option<Step> {
    spec.is_costly().then(|| Step::new(move |rng| Arc::new(Material::generate(spec, rng))))
}

/// The states of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It can be used.
    Enabled,
    /// It can't be used until it is enabled.
    Disabled,
    /// It can't be used until its material is imported.
    PendingImport,
    /// It will be deleted when its window is over.
    PendingDeletion,
}

impl State {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Enabled, Self::Disabled, Self::PendingImport, Self::PendingDeletion];

    /// The vendor's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::PendingImport => "PendingImport",
            Self::PendingDeletion => "PendingDeletion",
        }
    }

    /// The state of a key.
    pub fn of(key: &Key) -> Result<Self, ApiError> {
        let state = Self::ALL.into_iter().find(|state| state.as_str() == key.state);
        state.ok_or_else(|| ApiError::internal("a key in a state that does not exist"))
    }
}

/// Refuses unless the key may be used for cryptography ("Key states": 409 for each other state).
pub fn require_enabled(key: &Key) -> Result<(), ApiError> {
    Err(match State::of(key)? {
        State::Enabled => return Ok(()),
        State::Disabled => ErrorCode::KeyDisabled,
        State::PendingImport => ErrorCode::KeyPendingImport,
        State::PendingDeletion => ErrorCode::KeyPendingDeletion,
    }
    .into())
}

/// Refuses unless what describes the key may be changed: not when it is to be deleted, and not of a service key.
pub fn require_changeable(key: &Key) -> Result<(), ApiError> {
    require_user_key(key)?;
    match State::of(key)? {
        State::PendingDeletion => Err(ErrorCode::KeyPendingDeletion.into()),
        _ => Ok(()),
    }
}

/// Puts the key into a state.
pub fn set_state(cx: &Cx<'_>, key: &mut Key, state: State) -> Result<(), ApiError> {
    state.as_str().clone_into(&mut key.state);
    Ok(key.update(cx.tx)?)
}

/// The state that a key has unless someone disables it or has it deleted: whether it has material.
pub fn resting_state(cx: &Cx<'_>, key: &Key) -> Result<State, ApiError> {
    Ok(if has_material(cx, key)? { State::Enabled } else { State::PendingImport })
}

fn has_material(cx: &Cx<'_>, key: &Key) -> Result<bool, ApiError> {
    let Some(version_id) = key.primary_version_id.as_deref() else { return Ok(true) };
    Ok(KeyVersion::get(cx.tx, version_id)?.is_some_and(|version| !version.sealed_material.is_empty()))
}

/// Refuses a key whose material was made here.
pub fn require_external(key: &Key) -> Result<(), ApiError> {
    require_user_key(key)?;
    if key.origin == "EXTERNAL" { Ok(()) } else { Err(ErrorCode::KeyOriginUnsupported.into()) }
}

/// The one version that an external key has.
fn external_version(tx: &Tx<'_>, key: &Key) -> Result<KeyVersion, ApiError> {
    let version = key.primary_version_id.as_deref().map(|id| KeyVersion::get(tx, id)).transpose()?.flatten();
    version.ok_or_else(|| ApiError::internal("an external key without its version"))
}

/// Stores imported material.
pub fn set_material(cx: &Cx<'_>, key: &Key, material: &Material) -> Result<(), ApiError> {
    let mut version = external_version(cx.tx, key)?;
    version.sealed_material = cipher::seal_material(cx.keyring, cx.rng, key, &version.version_id, material)?;
    Ok(version.update(cx.tx)?)
}

/// Erases imported material. The key waits for it again, unless it is to be deleted.
pub fn forget_material(tx: &Tx<'_>, keyring: &Keyring, key: &mut Key) -> Result<(), ApiError> {
    let mut version = external_version(tx, key)?;
    keyring.forget(tx, &version.version_id);
    version.sealed_material.clear();
    version.update(tx)?;
    key.material_expire_at = None;
    if State::of(key)? != State::PendingDeletion {
        State::PendingImport.as_str().clone_into(&mut key.state);
    }
    Ok(key.update(tx)?)
}

/// Deletes a key with all that belongs to it.
pub fn erase(tx: &Tx<'_>, keyring: &Keyring, key: &Key) -> Result<(), ApiError> {
    for version_id in keys::version_ids(tx, &key.key_id)? {
        keyring.forget(tx, &version_id);
    }
    Ok(keys::delete(tx, &key.key_id)?)
}

/// The ARN of a key.
pub fn arn(key: &Key) -> Arn {
    Arn::kms(key.region, &key.account, &format!("key/{}", key.key_id))
}

/// The forms in which a request may name a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forms {
    /// The id, or the key's ARN.
    Id,
    /// Also an alias.
    IdOrAlias,
}

/// The errors of naming a key by its id.
pub const ID_ERRORS: &[ErrorCode] =
    &[ErrorCode::KmsServiceNotEnabled, ErrorCode::KeyNotFound, ErrorCode::AliasNotAllowed];
/// The errors of naming a key in any form.
pub const NAME_ERRORS: &[ErrorCode] =
    &[ErrorCode::KmsServiceNotEnabled, ErrorCode::KeyNotFound, ErrorCode::AliasNotFound];
/// The errors of a key that can't be used in its state.
pub const STATE_ERRORS: &[ErrorCode] =
    &[ErrorCode::KeyDisabled, ErrorCode::KeyPendingImport, ErrorCode::KeyPendingDeletion];
/// The errors of a key whose description can't be changed.
pub const CHANGE_ERRORS: &[ErrorCode] = &[ErrorCode::KeyOperationUnsupported, ErrorCode::KeyPendingDeletion];

/// The key that `name` stands for, in the caller's account. Where the request names a region it must be there; without one an id is
/// looked for in every region, since ids are unique, and an alias in the server's own.
///
/// A key whose deletion is due is gone, whether or not the job that erases it has run yet.
pub fn find(cx: &Cx<'_>, name: &str, forms: Forms) -> Result<Key, ApiError> {
    find_for(cx, name, forms, called(cx))
}

/// The same for another action than the operation's first.
pub fn find_for(cx: &Cx<'_>, name: &str, forms: Forms, action: &str) -> Result<Key, ApiError> {
    let key_id = if name.starts_with("alias/") {
        if forms == Forms::Id {
            return Err(ErrorCode::AliasNotAllowed.into());
        }
        keys::key_of_alias(cx.tx, cx.account(), cx.region(), name)?.ok_or(ErrorCode::AliasNotFound)?
    } else {
        match name.strip_prefix("acs:kms:") {
            None => name.to_owned(),
            Some(rest) => match rest.split(':').collect::<Vec<_>>()[..] {
                [region, account, resource] => {
                    let key_id = resource.strip_prefix("key/").ok_or(ErrorCode::KeyNotFound)?;
                    let key = reachable(cx, key_id, action)?;
                    let named = (key.region.id(), key.account.as_str()) == (region, account);
                    return if named { Ok(key) } else { Err(ErrorCode::KeyNotFound.into()) };
                }
                _ => return Err(ErrorCode::KeyNotFound.into()),
            },
        }
    };
    owned(cx, &key_id)
}

/// A key as policies name it, by nothing but what the request calls it. An alias may stand for any key.
pub fn named(cx: &Cx<'_>, name: &str) -> Arn {
    if name.starts_with("alias/") {
        return any(cx);
    }
    let Some(rest) = name.strip_prefix("acs:kms:") else {
        return Arn::kms(cx.region(), cx.account(), &format!("key/{name}"));
    };
    let placed = rest.splitn(3, ':').collect::<Vec<_>>();
    let [region, account, relative] = placed[..] else { return any(cx) };
    match (Region::parse(region), AccountId::parse(account)) {
        (Some(region), Some(account)) => Arn::kms(region, &account, relative),
        _ => any(cx),
    }
}

/// Any key of the caller's account: what is asked about where a request does not say which.
pub fn any(cx: &Cx<'_>) -> Arn {
    Arn::kms(cx.region(), cx.account(), "key/*")
}

/// What a policy must allow the operation on, where that is one key.
pub fn resource(cx: &mut Cx<'_>, name: &str, forms: Forms) -> Result<Vec<Arn>, ApiError> {
    resource_for(cx, name, forms, called(cx))
}

/// The same for another action than the operation's first.
pub fn resource_for(cx: &mut Cx<'_>, name: &str, forms: Forms, action: &str) -> Result<Vec<Arn>, ApiError> {
    cx.named.push(named(cx, name));
    let key = find_for(cx, name, forms, action)?;
    service::require_open_of(cx, &key.account, key.region)?;
    cx.found.push(arn(&key));
    Ok(vec![arn(&key)])
}

/// The key that an operation is to use besides its own resources. The caller must be allowed `action` on it.
pub fn required(cx: &Cx<'_>, name: &str, action: &str) -> Result<Key, ApiError> {
    let found = find(cx, name, Forms::IdOrAlias).map(|key| {
        let resource = arn(&key);
        (key, resource)
    });
    auth::require_named(cx, Product::Kms, action, &named(cx, name), found)
}

/// The key of that id, if it is the caller's and in the region that the request names.
pub fn owned(cx: &Cx<'_>, key_id: &str) -> Result<Key, ApiError> {
    let key = get(cx, key_id)?.ok_or(ErrorCode::KeyNotFound)?;
    let elsewhere = cx.origin.region.is_some_and(|region| region != key.region);
    if key.account != *cx.account() || elsewhere {
        return Err(ErrorCode::KeyNotFound.into());
    }
    Ok(key)
}

/// What may be done with another account's key, where its policy allows it: using it and looking at it, not changing it.
const ACROSS_ACCOUNTS: [&str; 16] = [
    "kms:AsymmetricDecrypt",
    "kms:AsymmetricEncrypt",
    "kms:AsymmetricSign",
    "kms:AsymmetricVerify",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:DescribeKeyVersion",
    "kms:Encrypt",
    "kms:ExportDataKey",
    "kms:GenerateAndExportDataKey",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:GetPublicKey",
    "kms:ListKeyVersions",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
];

/// What is called: the first action of the operation; nothing in a job.
pub fn called(cx: &Cx<'_>) -> &'static str {
    cx.operation.map_or("", Operation::action)
}

/// The key of that id, if it is in the region that the request names, and the caller's, or one whose policy lets the caller do `action`
/// with it. To others it does not exist.
pub fn reachable(cx: &Cx<'_>, key_id: &str, action: &str) -> Result<Key, ApiError> {
    let key = get(cx, key_id)?.ok_or(ErrorCode::KeyNotFound)?;
    let elsewhere = cx.origin.region.is_some_and(|region| region != key.region);
    if elsewhere || key.account != *cx.account() && !shared(cx, &key, action)? {
        return Err(ErrorCode::KeyNotFound.into());
    }
    Ok(key)
}

fn shared(cx: &Cx<'_>, key: &Key, action: &str) -> Result<bool, ApiError> {
    if !ACROSS_ACCOUNTS.contains(&action) {
        return Ok(false);
    }
    let principal = key_policy::principal(cx.caller);
    let grant = Guarded::Key(key).grant(cx, &principal, action, &auth::context(cx))?;
    Ok(matches!(grant, Grant::Direct | Grant::Account))
}

/// The key of an id, unless its deletion is due. One whose material has expired waits for it again. Both whether or not the job that
/// sees to it has run yet.
pub fn get(cx: &Cx<'_>, key_id: &str) -> Result<Option<Key>, ApiError> {
    let found = cx.key_row(key_id)?.filter(|key| key.delete_at.is_none_or(|due| due > cx.now));
    let Some(mut key) = found else { return Ok(None) };
    if key.material_expire_at.is_some_and(|due| due <= cx.now) && State::of(&key)? != State::PendingDeletion {
        State::PendingImport.as_str().clone_into(&mut key.state);
    }
    Ok(Some(key))
}

/// The version of that id of a key.
pub fn version(cx: &Cx<'_>, key: &Key, version_id: &str) -> Result<KeyVersion, ApiError> {
    let version = KeyVersion::get(cx.tx, version_id)?.filter(|version| version.key_id == key.key_id);
    Ok(version.ok_or(ErrorCode::KeyVersionNotFound)?)
}

/// Refuses unless the caller may use the symmetric key for cryptography: it is enabled, and not a service's own.
pub fn require_usable(key: &Key) -> Result<(), ApiError> {
    require_user_key(key)?;
    require_enabled(key)?;
    if spec::of(key)?.symmetric_bytes().is_none() {
        return Err(ErrorCode::KmsUnsupportedOperation.into());
    }
    Ok(())
}

/// Refuses what would change or use a service key directly ("Service keys": users can only look at them).
pub fn require_user_key(key: &Key) -> Result<(), ApiError> {
    match key.creator_type.as_str() {
        "Service" => Err(ErrorCode::KeyOperationUnsupported.into()),
        _ => Ok(()),
    }
}
