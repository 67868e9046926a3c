//! When versions of KMS keys were last used.

use coffer_base::Timestamp;

use crate::{StoreError, Tx};

/// The last use of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// When.
    pub at: Timestamp,
    /// `product:Action`.
    pub action: String,
    /// The ARN of who called, or a service's name.
    pub principal: String,
}

/// Puts the last use of a version on record, unless the version is gone or a later use is known.
pub fn record(tx: &Tx<'_>, version_id: &str, last: &KeyUse) -> Result<(), StoreError> {
    let sql = "INSERT INTO kms_key_uses (version_id, used_at, action, principal)
               SELECT version_id, $2, $3, $4 FROM kms_key_versions WHERE version_id = $1
               ON CONFLICT (version_id) DO UPDATE SET used_at = excluded.used_at, action = excluded.action,
                   principal = excluded.principal WHERE excluded.used_at >= kms_key_uses.used_at";
    let values = [version_id.into(), last.at.into(), (&last.action).into(), (&last.principal).into()];
    tx.execute(sql, &values).map(drop)
}

/// The last use of each version of a key that is on record.
pub fn of_key(tx: &Tx<'_>, key_id: &str) -> Result<Vec<(String, KeyUse)>, StoreError> {
    let sql = "SELECT u.version_id, u.used_at, u.action, u.principal FROM kms_key_versions v
               JOIN kms_key_uses u ON u.version_id = v.version_id WHERE v.key_id = $1";
    tx.all(sql, &[key_id.into()], |row| {
        Ok((row.text(0)?, KeyUse { at: row.moment(1)?, action: row.text(2)?, principal: row.text(3)? }))
    })
}
