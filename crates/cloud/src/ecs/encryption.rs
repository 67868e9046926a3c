//! Whether and with which key a new disk is encrypted: the one place where the account's default meets what a request asks for.

use coffer_base::{ApiError, ErrorCode, Region};
use coffer_store::keys::Key;

use super::disk_key::{self, Problem};
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

/// The errors of creating something encrypted, as CreateDisk and RunInstances word them.
pub const ERRORS: [ErrorCode; 10] = [
    ErrorCode::EncryptedMustBeTrue,
    ErrorCode::EncryptedByDefaultOnly,
    ErrorCode::NativeEncryptRegion,
    ErrorCode::RegionWithoutCustomerKeys,
    ErrorCode::DiskKmsNotEnabled,
    ErrorCode::DiskKeyNotFound,
    ErrorCode::KeyNotSymmetric,
    ErrorCode::DiskKeyNotEnabled,
    ErrorCode::KmsUnauthorized,
    ErrorCode::KmsTagUnauthorized,
];

/// The key a new blank disk is encrypted with, `None` for a plain disk. Order of precedence: the key that was asked for, the
/// account's default, the region's service key.
pub fn key_for(cx: &mut Cx<'_>, region: Region, wish: &Wish) -> Result<Option<Key>, ApiError> {
    let asked = wish.encrypted == Some(true);
    if wish.kms_key_id.is_some() && !asked {
        return Err(ErrorCode::EncryptedMustBeTrue.into());
    }
    let default = setting::enabled(cx, region)?;
    if !asked {
        if default.is_none() {
            return Ok(None);
        }
        let lenient = cx.settings.default_encryption.explicit_unencrypted == ExplicitUnencrypted::Encrypt;
        if wish.encrypted == Some(false) && !lenient {
            return Err(ErrorCode::EncryptedByDefaultOnly.into());
        }
    }
    if !region.supports_disk_encryption() {
        return Err(ErrorCode::NativeEncryptRegion.into());
    }
    if service::state(cx.tx, cx.account(), region)? != Service::Open {
        return Err(ErrorCode::DiskKmsNotEnabled.into());
    }
    let chosen = wish.kms_key_id.clone().or_else(|| default.and_then(|default| default.kms_key_id));
    let Some(key_id) = chosen else { return service::service_key(cx, region).map(Some) };
    let key = disk_key::usable(cx, region, &key_id)?.map_err(refused)?;
    if key.creator_type != "Service" && !region.supports_customer_keys() {
        return Err(ErrorCode::RegionWithoutCustomerKeys.into());
    }
    Ok(Some(key))
}

fn refused(problem: Problem) -> ApiError {
    match problem {
        Problem::NotFound => ErrorCode::DiskKeyNotFound,
        Problem::NotSymmetric => ErrorCode::KeyNotSymmetric,
        Problem::NotEnabled => ErrorCode::DiskKeyNotEnabled,
        Problem::Unauthorized => ErrorCode::KmsUnauthorized,
        Problem::TagUnauthorized => ErrorCode::KmsTagUnauthorized,
    }
    .into()
}
