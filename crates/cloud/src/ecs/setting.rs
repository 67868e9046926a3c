//! The account-level default, as the operations that show and change it and the operations that obey it see it.

use coffer_base::{ApiError, ErrorCode, Region};
use coffer_store::defaults::{self, DefaultEncryption};
use coffer_store::keys::Key;

use crate::context::Cx;
use crate::kms::service::{self, Service};

/// Refuses callers whose account the feature is not offered to.
pub fn require_white_listed(cx: &Cx<'_>) -> Result<(), ApiError> {
    match &cx.settings.default_encryption.white_list {
        Some(accounts) if !accounts.contains(cx.account()) => Err(ErrorCode::NotInWhiteList.into()),
        _ => Ok(()),
    }
}

/// The setting where it is on.
pub fn enabled(cx: &Cx<'_>, region: Region) -> Result<Option<DefaultEncryption>, ApiError> {
    Ok(defaults::get(cx.tx, cx.account(), region)?.filter(|setting| setting.enabled))
}

/// The setting, which must be on.
pub fn require_enabled(cx: &Cx<'_>, region: Region) -> Result<DefaultEncryption, ApiError> {
    Ok(enabled(cx, region)?.ok_or(ErrorCode::DefaultEncryptionNotFound)?)
}

/// Turns the default on or off, or changes its key; `None` is the service key.
pub fn put(cx: &mut Cx<'_>, region: Region, enabled: bool, kms_key_id: Option<String>) -> Result<(), ApiError> {
    cx.note("regionId", region.id());
    Ok(defaults::put(cx.tx, cx.account(), region, &DefaultEncryption { enabled, kms_key_id }, cx.now)?)
}

/// Refuses unless KMS is open, with the codes of the operations on the default: never activated and closed again are told apart.
pub fn require_kms_open(cx: &Cx<'_>, region: Region) -> Result<(), ApiError> {
    match service::state(cx.tx, cx.account(), region)? {
        Service::Open => Ok(()),
        Service::NeverOpened => Err(ErrorCode::DefaultKmsNotEnabled.into()),
        Service::Suspended => Err(ErrorCode::DefaultKmsNotOpen.into()),
    }
}

/// The region's service key, with the state of KMS checked first.
pub fn service_key(cx: &mut Cx<'_>, region: Region) -> Result<Key, ApiError> {
    require_kms_open(cx, region)?;
    service::service_key(cx, region)
}
