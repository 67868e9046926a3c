//! Accounts, their access keys, the sealed sealing keys, and facts about the data directory.

use std::path::Path;

use coffer_base::{AccountId, Timestamp};

use crate::{Db, StoreError, Tx};

/// The value of a fact about this data directory.
pub fn fact(tx: &Tx<'_>, name: &str) -> Result<Option<String>, StoreError> {
    tx.first("SELECT value FROM facts WHERE name = $1", &[name.into()], |row| row.text(0))
}

/// Sets a fact about this data directory.
pub fn set_fact(tx: &Tx<'_>, name: &str, value: &str) -> Result<(), StoreError> {
    let sql = "INSERT INTO facts (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    tx.execute(sql, &[name.into(), value.into()]).map(drop)
}

/// The facts about this data directory whose names begin so: what follows in the name, and the value.
pub fn facts_of(tx: &Tx<'_>, beginning: &str) -> Result<Vec<(String, String)>, StoreError> {
    let sql =
        "SELECT substr(name, length($1) + 1), value FROM facts WHERE substr(name, 1, length($1)) = $1 ORDER BY name";
    tx.all(sql, &[beginning.into()], |row| Ok((row.text(0)?, row.text(1)?)))
}

/// Adds an account.
pub fn insert(tx: &Tx<'_>, account: &AccountId, now: Timestamp) -> Result<(), StoreError> {
    tx.execute("INSERT INTO accounts (account_id, created_at) VALUES ($1, $2)", &[account.into(), now.into()]).map(drop)
}

/// Every account, oldest first.
pub fn all(tx: &Tx<'_>) -> Result<Vec<AccountId>, StoreError> {
    tx.all("SELECT account_id FROM accounts ORDER BY created_at, account_id", &[], |row| row.account(0))
}

/// A sealing key as it is stored: sealed under the root key.
pub struct SealedKey {
    /// An account's number, or another name for what the key seals.
    pub scope: String,
    /// The sealed bytes.
    pub sealed: Vec<u8>,
}

/// Every sealing key.
pub fn sealing_keys(tx: &Tx<'_>) -> Result<Vec<SealedKey>, StoreError> {
    tx.all("SELECT scope, sealed FROM sealing_keys", &[], |row| {
        Ok(SealedKey { scope: row.text(0)?, sealed: row.blob(1)? })
    })
}

/// Adds a sealing key.
pub fn insert_sealing_key(tx: &Tx<'_>, key: &SealedKey) -> Result<(), StoreError> {
    let values = [(&key.scope).into(), key.sealed.as_slice().into()];
    tx.execute("INSERT INTO sealing_keys (scope, sealed) VALUES ($1, $2)", &values).map(drop)
}

/// Puts other sealed bytes in the place of a sealing key's.
pub fn reseal_key(tx: &Tx<'_>, key: &SealedKey) -> Result<(), StoreError> {
    let values = [key.sealed.as_slice().into(), (&key.scope).into()];
    tx.execute("UPDATE sealing_keys SET sealed = $1 WHERE scope = $2", &values).map(drop)
}

/// Every sealing key of the data directory, read without changing anything there; none if it has no database yet.
pub fn peek_sealing_keys(directory: &Path) -> Result<Vec<SealedKey>, StoreError> {
    if !Db::exists(directory) {
        return Ok(Vec::new());
    }
    Db::peek(directory, |tx| {
        // The very first start may have been cut off before the tables were made.
        let sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'sealing_keys'";
        let table = tx.first(sql, &[], |row| row.integer(0))?;
        if table.is_some() { sealing_keys(tx) } else { Ok(Vec::new()) }
    })
}

/// A long-term access key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// Its id.
    pub access_key_id: String,
    /// The account it belongs to.
    pub account: AccountId,
    /// The user it belongs to; `None` for the account's own.
    pub user_id: Option<String>,
    /// The secret, sealed.
    pub sealed_secret: Vec<u8>,
    /// `Active` or `Inactive`.
    pub status: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What verifying a request needs to know of an access key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The account it belongs to.
    pub account: AccountId,
    /// The secret, sealed.
    pub sealed_secret: Vec<u8>,
    /// Whether it may be used.
    pub active: bool,
    /// The user it belongs to, id and name; `None` for the account itself.
    pub user: Option<(String, String)>,
}

/// Adds an access key.
pub fn insert_access_key(tx: &Tx<'_>, key: &AccessKey) -> Result<(), StoreError> {
    let sql = "INSERT INTO access_keys (access_key_id, account_id, user_id, sealed_secret, status, created_at)
               VALUES ($1, $2, $3, $4, $5, $6)";
    let values = [
        (&key.access_key_id).into(),
        (&key.account).into(),
        key.user_id.as_deref().into(),
        key.sealed_secret.as_slice().into(),
        (&key.status).into(),
        key.created_at.into(),
    ];
    tx.execute(sql, &values).map(drop)
}

/// The credential behind an access key id. A key whose user is gone is no credential.
pub fn credential(tx: &Tx<'_>, access_key_id: &str) -> Result<Option<Credential>, StoreError> {
    let sql = "SELECT k.account_id, k.sealed_secret, k.status = 'Active', u.user_id, u.user_name
               FROM access_keys k LEFT JOIN users u ON u.user_id = k.user_id
               WHERE k.access_key_id = $1 AND (k.user_id IS NULL OR u.user_id IS NOT NULL)";
    tx.first(sql, &[access_key_id.into()], |row| {
        Ok(Credential {
            account: row.account(0)?,
            sealed_secret: row.blob(1)?,
            active: row.boolean(2)?,
            user: row.optional_text(3)?.zip(row.optional_text(4)?),
        })
    })
}

/// The access keys of a user, oldest first.
pub fn access_keys_of_user(tx: &Tx<'_>, user_id: &str) -> Result<Vec<AccessKey>, StoreError> {
    let sql = "SELECT access_key_id, account_id, user_id, sealed_secret, status, created_at FROM access_keys
               WHERE user_id = $1 ORDER BY created_at, access_key_id";
    tx.all(sql, &[user_id.into()], |row| {
        Ok(AccessKey {
            access_key_id: row.text(0)?,
            account: row.account(1)?,
            user_id: row.optional_text(2)?,
            sealed_secret: row.blob(3)?,
            status: row.text(4)?,
            created_at: row.moment(5)?,
        })
    })
}

/// Sets the status of a user's access key. `false` when the user has no such key.
pub fn set_access_key_status(
    tx: &Tx<'_>,
    user_id: &str,
    access_key_id: &str,
    status: &str,
) -> Result<bool, StoreError> {
    let sql = "UPDATE access_keys SET status = $1 WHERE access_key_id = $2 AND user_id = $3";
    Ok(tx.execute(sql, &[status.into(), access_key_id.into(), user_id.into()])? == 1)
}

/// Deletes a user's access key. `false` when the user has no such key.
pub fn delete_access_key(tx: &Tx<'_>, user_id: &str, access_key_id: &str) -> Result<bool, StoreError> {
    let sql = "DELETE FROM access_keys WHERE access_key_id = $1 AND user_id = $2";
    tx.execute("DELETE FROM access_key_uses WHERE access_key_id = $1", &[access_key_id.into()])?;
    Ok(tx.execute(sql, &[access_key_id.into(), user_id.into()])? == 1)
}

/// When an access key last signed a request, as far as it was recorded.
pub fn last_use(tx: &Tx<'_>, access_key_id: &str) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT used_at FROM access_key_uses WHERE access_key_id = $1";
    tx.first(sql, &[access_key_id.into()], |row| row.moment(0))
}

/// Records that an access key signed a request.
pub fn set_last_use(tx: &Tx<'_>, access_key_id: &str, at: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO access_key_uses (access_key_id, used_at) VALUES ($1, $2)
               ON CONFLICT (access_key_id) DO UPDATE SET used_at = excluded.used_at";
    tx.execute(sql, &[access_key_id.into(), at.into()]).map(drop)
}
