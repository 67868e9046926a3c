//! Whether KMS is open for an account in a region, and the key it keeps there for ECS.

use coffer_base::{AccountId, ApiError, ErrorCode, Region};
use coffer_store::keys::{self, Alias, Key};
use coffer_store::{Record as _, Tx};

use super::key::{self, New};
use crate::context::Cx;
use crate::operation::Operation;

/// The alias of the key that encrypts disks when the customer names none.
pub const ECS_SERVICE_ALIAS: &str = "alias/acs/ecs";

/// KMS, as an account finds it in a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Never activated.
    NeverOpened,
    /// Closed after it was open.
    Suspended,
    /// Open.
    Open,
}

/// The state of KMS for an account in a region.
pub fn state(tx: &Tx<'_>, account: &AccountId, region: Region) -> Result<Service, ApiError> {
    Ok(match keys::service_status(tx, account, region)?.as_deref() {
        None => Service::NeverOpened,
        Some("Enabled") => Service::Open,
        Some(_) => Service::Suspended,
    })
}

/// Refuses an operation that declares that a closed KMS refuses it, unless KMS is open for the caller. This comes before anything is
/// looked for: under a closed KMS nothing is there or not there.
pub fn require_open(cx: &Cx<'_>, operation: &Operation) -> Result<(), ApiError> {
    if operation.errors.iter().any(|group| group.contains(&ErrorCode::KmsServiceNotEnabled)) {
        require_open_of(cx, cx.account(), cx.region())?;
    }
    Ok(())
}

/// The same for the use of what is `owner`'s: across accounts KMS must be open for both.
pub fn require_open_of(cx: &Cx<'_>, owner: &AccountId, region: Region) -> Result<(), ApiError> {
    match state(cx.tx, owner, region)? {
        Service::Open => Ok(()),
        Service::NeverOpened | Service::Suspended => Err(ErrorCode::KmsServiceNotEnabled.into()),
    }
}

/// The id of the region's service key, where it has been made.
pub fn service_key_id(tx: &Tx<'_>, account: &AccountId, region: Region) -> Result<Option<String>, ApiError> {
    Ok(keys::key_of_alias(tx, account, region, ECS_SERVICE_ALIAS)?)
}

/// The region's service key; it is made at the first call. The caller has seen that KMS is open.
pub fn service_key(cx: &mut Cx<'_>, region: Region) -> Result<Key, ApiError> {
    cx.require_kms()?;
    if let Some(key_id) = service_key_id(cx.tx, cx.account(), region)? {
        return Key::get(cx.tx, &key_id)?.ok_or_else(|| ApiError::internal("a service alias without its key"));
    }
    let key = key::create(cx, region, New { creator_type: "Service", ..New::default() })?;
    let alias = Alias { alias_name: ECS_SERVICE_ALIAS.to_owned(), key_id: key.key_id.clone() };
    if !keys::insert_alias(cx.tx, cx.account(), region, &alias, cx.now)? {
        return Err(ApiError::internal("a service alias appeared inside this transaction"));
    }
    Ok(key)
}
