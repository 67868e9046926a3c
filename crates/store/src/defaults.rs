//! The account-level default encryption of disks, one row an account and region.

use coffer_base::{AccountId, Region, Timestamp};

use crate::{StoreError, Tx};

/// The setting of one account in one region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultEncryption {
    /// Whether new disks are encrypted.
    pub enabled: bool,
    /// The key chosen for them; `None` stands for the region's service key.
    pub kms_key_id: Option<String>,
}

/// The setting; `None` when it was never made.
pub fn get(tx: &Tx<'_>, account: &AccountId, region: Region) -> Result<Option<DefaultEncryption>, StoreError> {
    let sql = "SELECT enabled, kms_key_id FROM default_encryption WHERE account_id = $1 AND region = $2";
    tx.first(sql, &[account.into(), region.into()], |row| {
        Ok(DefaultEncryption { enabled: row.boolean(0)?, kms_key_id: row.optional_text(1)? })
    })
}

/// Makes or changes the setting.
pub fn put(
    tx: &Tx<'_>,
    account: &AccountId,
    region: Region,
    setting: &DefaultEncryption,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO default_encryption (account_id, region, enabled, kms_key_id, updated_at)
               VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account_id, region) DO UPDATE
               SET enabled = excluded.enabled, kms_key_id = excluded.kms_key_id, updated_at = excluded.updated_at";
    let values =
        [account.into(), region.into(), setting.enabled.into(), setting.kms_key_id.as_deref().into(), now.into()];
    tx.execute(sql, &values).map(drop)
}
