//! Keys: made, found, allowed to be used in their state.

use coffer_base::{ApiError, Arn, ErrorCode, Region};
use coffer_crypto::SealKey;
use coffer_store::keys::{self, Key, KeyVersion};

use super::cipher;
use crate::context::Cx;

/// What a new key is to be.
pub struct New<'a> {
    /// `User` or `Service`.
    pub creator_type: &'static str,
    /// For example `Aliyun_AES_256`.
    pub key_spec: &'static str,
    /// `SOFTWARE` or `HSM`.
    pub protection_level: &'static str,
    /// A description.
    pub description: &'a str,
    /// Automatic rotation's period in seconds.
    pub rotation_interval_s: Option<i64>,
}

impl Default for New<'_> {
    fn default() -> Self {
        Self {
            creator_type: "User",
            key_spec: "Aliyun_AES_256",
            protection_level: "SOFTWARE",
            description: "",
            rotation_interval_s: None,
        }
    }
}

/// Makes a symmetric key with its first version. The material is random and stored sealed under the account's domain key.
pub fn create(cx: &mut Cx<'_>, region: Region, new: New<'_>) -> Result<Key, ApiError> {
    let (key_id, version_id) = (cx.rng.uuid(), cx.rng.uuid());
    let key = Key {
        key_id: key_id.clone(),
        account: cx.account().clone(),
        region,
        key_spec: new.key_spec.to_owned(),
        key_usage: "ENCRYPT/DECRYPT".to_owned(),
        origin: "Aliyun_KMS".to_owned(),
        protection_level: new.protection_level.to_owned(),
        description: new.description.to_owned(),
        state: State::Enabled.as_str().to_owned(),
        creator_type: new.creator_type.to_owned(),
        primary_version_id: Some(version_id.clone()),
        delete_at: None,
        rotation_interval_s: new.rotation_interval_s,
        last_rotation_at: cx.now,
        created_at: cx.now,
    };
    let domain = cipher::domain(cx, &key.account)?;
    let sealed_material =
        SealKey::generate(cx.rng).sealed_under(domain.aead(), cx.rng, &cipher::material_context(&key, &version_id));
    keys::insert(cx.tx, &key)?;
    keys::insert_version(cx.tx, &KeyVersion { version_id, key_id, sealed_material, created_at: cx.now })?;
    Ok(key)
}

/// The states of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It can be used.
    Enabled,
    /// It can't be used until it is enabled.
    Disabled,
    /// It will be deleted when its window is over.
    PendingDeletion,
}

impl State {
    /// The vendor's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::PendingDeletion => "PendingDeletion",
        }
    }

    /// The state of a key.
    pub fn of(key: &Key) -> Result<Self, ApiError> {
        [Self::Enabled, Self::Disabled, Self::PendingDeletion]
            .into_iter()
            .find(|state| state.as_str() == key.state)
            .ok_or_else(|| ApiError::internal("a key in a state that does not exist"))
    }
}

/// Refuses unless the key may be used for cryptography ("Key states": 409 for each other state).
fn require_enabled(key: &Key) -> Result<(), ApiError> {
    Err(match State::of(key)? {
        State::Enabled => return Ok(()),
        State::Disabled => ErrorCode::KeyDisabled,
        State::PendingDeletion => ErrorCode::KeyPendingDeletion,
    }
    .into())
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

/// The key that `name` stands for, in the caller's account. Where the request names a region it must be there; without one an id is
/// looked for in every region, since ids are unique, and an alias in the server's own.
///
/// A key whose deletion is due is gone, whether or not the job that erases it has run yet.
pub fn find(cx: &Cx<'_>, name: &str, forms: Forms) -> Result<Key, ApiError> {
    let key_id = if name.starts_with("alias/") {
        if forms == Forms::Id {
            return Err(ErrorCode::AliasNotAllowed.into());
        }
        keys::key_of_alias(cx.tx, cx.account(), cx.region(), name)?.ok_or(ErrorCode::AliasNotFound)?
    } else {
        match name.strip_prefix("acs:kms:") {
            None => name.to_owned(),
            Some(rest) => match rest.split(':').collect::<Vec<_>>()[..] {
                [_, account, resource] if account == cx.account().as_str() => {
                    resource.strip_prefix("key/").ok_or(ErrorCode::KeyNotFound)?.to_owned()
                }
                _ => return Err(ErrorCode::KeyNotFound.into()),
            },
        }
    };
    owned(cx, &key_id)
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

/// The key of an id, unless its deletion is due.
pub fn get(cx: &Cx<'_>, key_id: &str) -> Result<Option<Key>, ApiError> {
    Ok(keys::get(cx.tx, key_id)?.filter(|key| key.delete_at.is_none_or(|due| due > cx.now)))
}

/// Refuses unless the caller may use the key for cryptography: it is enabled, and not a service's own.
pub fn require_usable(key: &Key) -> Result<(), ApiError> {
    require_user_key(key)?;
    require_enabled(key)
}

/// Refuses what would change or use a service key directly ("Service keys": users can only look at them).
pub fn require_user_key(key: &Key) -> Result<(), ApiError> {
    match key.creator_type.as_str() {
        "Service" => Err(ErrorCode::KeyOperationUnsupported.into()),
        _ => Ok(()),
    }
}
