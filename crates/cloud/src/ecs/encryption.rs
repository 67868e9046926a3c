//! Whether and with which key a new disk is encrypted: the one place where the account's default meets what a request asks for.

use coffer_base::{ApiError, ErrorCode, Region};
use coffer_store::keys::Key;
use coffer_store::snapshots::Snapshot;

use super::data_key::Wrapped;
use super::disk_key::{self, Wording};
use super::disk_types::Category;
use super::setting;
use crate::context::Cx;
use crate::kms::service::{self, Service};
use crate::settings::ExplicitUnencrypted;

/// What a request says about encryption.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// `Encrypted`.
    pub encrypted: Option<bool>,
    /// `KMSKeyId`.
    pub kms_key_id: Option<String>,
}

/// What a new disk is made of and as.
#[derive(Clone, Copy, Debug)]
pub struct Making<'a> {
    /// Its category.
    pub category: Category,
    /// Whether it is a system disk.
    pub is_system: bool,
    /// The snapshot it is made from; `None` for a blank disk, and for the plain system disk of a public image.
    pub snapshot: Option<&'a Snapshot>,
}

/// The errors of creating something encrypted, as CreateDisk and RunInstances word them.
pub const ERRORS: [ErrorCode; 13] = [
    ErrorCode::EncryptedMustBeTrue,
    ErrorCode::EncryptedByDefaultOnly,
    ErrorCode::EncryptionNotSupported,
    ErrorCode::EncryptedFromSnapshotCategory,
    ErrorCode::SnapshotEncryptionMismatch,
    ErrorCode::NativeEncryptRegion,
    ErrorCode::RegionWithoutCustomerKeys,
    ErrorCode::DiskKmsNotEnabled,
    ErrorCode::DiskKeyNotFound,
    ErrorCode::KeyNotSymmetric,
    ErrorCode::DiskKeyNotEnabled,
    ErrorCode::KmsUnauthorized,
    ErrorCode::KmsTagUnauthorized,
];

/// The key a new disk is encrypted with, `None` for a plain disk. Order of precedence: the key that was asked for; the key of the
/// caller's own snapshot, or the service key for another account's; the account's default; the service key. The data key of an
/// encrypted snapshot must open at this moment, or nothing could be read from it.
pub fn key_for(cx: &mut Cx<'_>, region: Region, wish: &Wish, making: &Making<'_>) -> Result<Option<Key>, ApiError> {
    let default = setting::enabled(cx, region)?;
    let source = making.snapshot.and_then(Wrapped::of_snapshot);
    if !wants_encryption(cx, wish, source.is_some(), default.is_some())? {
        return Ok(None);
    }
    require_encryptable(region, making)?;
    if service::state(cx.tx, cx.account(), region)? != Service::Open {
        return Err(ErrorCode::DiskKmsNotEnabled.into());
    }
    if let Some(wrapped) = source {
        drop(wrapped.open(cx, &Wording::CREATE)?);
    }
    let of_snapshot = making
        .snapshot
        .filter(|_| source.is_some())
        .map(|snapshot| snapshot.kms_key_id.clone().filter(|_| snapshot.account == *cx.account()));
    let of_default = || default.and_then(|default| default.kms_key_id);
    let chosen = wish.kms_key_id.clone().or_else(|| of_snapshot.unwrap_or_else(of_default));
    let Some(key_id) = chosen else { return service::service_key(cx, region).map(Some) };
    customer_key(cx, region, &key_id, &Wording::CREATE).map(Some)
}

/// The key of that id, if it may encrypt what is made in `region`.
pub fn customer_key(cx: &mut Cx<'_>, region: Region, key_id: &str, wording: &Wording) -> Result<Key, ApiError> {
    let key = disk_key::usable(cx, region, key_id)?.map_err(|problem| wording.error(problem))?;
    if key.creator_type != "Service" && !region.supports_customer_keys() {
        return Err(ErrorCode::RegionWithoutCustomerKeys.into());
    }
    Ok(key)
}

fn wants_encryption(cx: &Cx<'_>, wish: &Wish, from_encrypted: bool, by_default: bool) -> Result<bool, ApiError> {
    if wish.kms_key_id.is_some() && wish.encrypted != Some(true) {
        return Err(ErrorCode::EncryptedMustBeTrue.into());
    }
    match wish.encrypted {
        Some(true) => Ok(true),
        None => Ok(from_encrypted || by_default),
        Some(false) if by_default => {
            let lenient = cx.settings.default_encryption.explicit_unencrypted == ExplicitUnencrypted::Encrypt;
            if lenient { Ok(true) } else { Err(ErrorCode::EncryptedByDefaultOnly.into()) }
        }
        Some(false) if from_encrypted => Err(ErrorCode::SnapshotEncryptionMismatch.into()),
        Some(false) => Ok(false),
    }
}

/// Refuses categories and regions in which such a disk can't be encrypted.
fn require_encryptable(region: Region, making: &Making<'_>) -> Result<(), ApiError> {
    if !region.supports_disk_encryption() {
        return Err(ErrorCode::NativeEncryptRegion.into());
    }
    if !making.category.can_be_encrypted() {
        return Err(ErrorCode::EncryptionNotSupported.into());
    }
    if (making.is_system || making.snapshot.is_some()) && !making.category.is_essd_series() {
        return Err(ErrorCode::EncryptedFromSnapshotCategory.into());
    }
    Ok(())
}
