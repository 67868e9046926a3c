//! KMS: whether it is open, keys, their versions, aliases.

use coffer_base::{AccountId, Region, Timestamp};

use crate::connection::Condition;
use crate::record::{self, Lead, Start, record};
use crate::{StoreError, Tx};

record! {
    /// A key's row. The vendor's words for spec, usage, origin, protection level and state are stored as they are.
    pub struct Key in "kms_keys" {
        /// Its id.
        pub key_id: String = "key_id",
        /// Its owner.
        pub account: AccountId = "account_id",
        /// Where it is.
        pub region: Region = "region",
        /// For example `Aliyun_AES_256`.
        pub key_spec: String = "key_spec",
        /// `ENCRYPT/DECRYPT` or `SIGN/VERIFY`.
        pub key_usage: String = "key_usage",
        /// `Aliyun_KMS` or `EXTERNAL`.
        pub origin: String = "origin",
        /// `SOFTWARE` or `HSM`.
        pub protection_level: String = "protection_level",
        /// A description.
        pub description: String = "description",
        /// `Enabled`, `Disabled`, `PendingImport` or `PendingDeletion`.
        pub state: String = "state",
        /// `User` or `Service`.
        pub creator_type: String = "creator_type",
        /// The version used for new encryption; `None` for an asymmetric key.
        pub primary_version_id: Option<String> = "primary_version_id",
        /// When it will be deleted, for a key in `PendingDeletion`.
        pub delete_at: Option<Timestamp> = "delete_at",
        /// Automatic rotation's period in seconds; `None` when it is off.
        pub rotation_interval_s: Option<i64> = "rotation_interval_s",
        /// When its newest version was made.
        pub last_rotation_at: Timestamp = "last_rotation_at",
        /// Whether its deletion is refused.
        pub deletion_protection: bool = "deletion_protection",
        /// Why.
        pub deletion_protection_description: String = "deletion_protection_description",
        /// A keyed digest of the material that was imported first, in hexadecimal.
        pub material_digest: Option<String> = "material_digest",
        /// When imported material will be deleted; `None` for never.
        pub material_expire_at: Option<Timestamp> = "material_expire_at",
        /// The key policy; `None` for the default one.
        pub policy: Option<String> = "policy",
        /// When it was made.
        pub created_at: Timestamp = "created_at",
    }
}

record! {
    /// A version of a key.
    pub struct KeyVersion in "kms_key_versions" {
        /// Its id.
        pub version_id: String = "version_id",
        /// The key it belongs to.
        pub key_id: String = "key_id",
        /// The material, sealed; empty where it has yet to be imported.
        pub sealed_material: Vec<u8> = "sealed_material",
        /// When it was made.
        pub created_at: Timestamp = "created_at",
    }
}

/// An alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// With its prefix, for example `alias/acs/ecs`.
    pub alias_name: String,
    /// What it stands for.
    pub key_id: String,
}

/// Which keys a listing is about. An empty list restricts nothing; within a list any value will do.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Each: a column (checked against a closed list) and the values it may have.
    pub columns: Vec<(Column, Vec<String>)>,
    /// Names of aliases, with prefix.
    pub alias_names: Vec<String>,
    /// Keys of tags that the key must bear, any of them, and the values they may have.
    pub tag_keys: Vec<String>,
    /// Values of tags.
    pub tag_values: Vec<String>,
}

/// Columns that a listing can be restricted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// `KeyState`.
    State,
    /// `KeySpec`.
    Spec,
    /// `KeyUsage`.
    Usage,
    /// `ProtectionLevel`.
    ProtectionLevel,
    /// `CreatorType`.
    CreatorType,
    /// `keyId`.
    KeyId,
    /// `Creator`.
    Creator,
}

impl Column {
    const fn sql(self) -> &'static str {
        match self {
            Self::State => "k.state",
            Self::Spec => "k.key_spec",
            Self::Usage => "k.key_usage",
            Self::ProtectionLevel => "k.protection_level",
            Self::CreatorType => "k.creator_type",
            Self::KeyId => "k.key_id",
            Self::Creator => "k.account_id",
        }
    }
}

/// The status of KMS for an account in a region: `Enabled` or `Suspended`; `None` when it was never opened.
pub fn service_status(tx: &Tx<'_>, account: &AccountId, region: Region) -> Result<Option<String>, StoreError> {
    let sql = "SELECT status FROM kms_services WHERE account_id = $1 AND region = $2";
    tx.first(sql, &[account.into(), region.into()], |row| row.text(0))
}

/// Sets the status of KMS for an account in a region; `None` makes it as if never opened.
pub fn set_service_status(
    tx: &Tx<'_>,
    account: &AccountId,
    region: Region,
    status: Option<&str>,
) -> Result<(), StoreError> {
    let Some(status) = status else {
        let sql = "DELETE FROM kms_services WHERE account_id = $1 AND region = $2";
        return tx.execute(sql, &[account.into(), region.into()]).map(drop);
    };
    let sql = "INSERT INTO kms_services (account_id, region, status) VALUES ($1, $2, $3)
               ON CONFLICT (account_id, region) DO UPDATE SET status = excluded.status";
    tx.execute(sql, &[account.into(), region.into(), status.into()]).map(drop)
}

/// Deletes a key with its versions, their uses, its aliases and tags.
pub fn delete(tx: &Tx<'_>, key_id: &str) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM kms_key_uses WHERE version_id IN (SELECT version_id FROM kms_key_versions WHERE key_id = $1)",
        "DELETE FROM kms_key_versions WHERE key_id = $1",
        "DELETE FROM kms_aliases WHERE key_id = $1",
        "DELETE FROM resource_tags WHERE resource_id = $1",
        "DELETE FROM kms_keys WHERE key_id = $1",
    ] {
        tx.execute(sql, &[key_id.into()])?;
    }
    Ok(())
}

/// A page of an account's keys in a region, newest first, and how many there are in all.
pub fn list(
    tx: &Tx<'_>,
    account: &AccountId,
    region: Region,
    filter: &Filter,
    offset: i64,
    limit: i64,
) -> Result<(Vec<String>, i64), StoreError> {
    let mut wanted =
        Condition::new(" FROM kms_keys k WHERE k.account_id = $1 AND k.region = $2", &[account.into(), region.into()]);
    for (column, values) in &filter.columns {
        wanted.and_in(column.sql(), values);
    }
    if !filter.alias_names.is_empty() {
        wanted.sql.push_str(
            " AND EXISTS (SELECT 1 FROM kms_aliases a WHERE a.key_id = k.key_id AND a.account_id = $1 AND a.region = $2",
        );
        wanted.and_in("a.alias_name", &filter.alias_names);
        wanted.sql.push(')');
    }
    if !(filter.tag_keys.is_empty() && filter.tag_values.is_empty()) {
        wanted.sql.push_str(" AND EXISTS (SELECT 1 FROM resource_tags t WHERE t.resource_id = k.key_id");
        for (column, values) in [("t.tag_key", &filter.tag_keys), ("t.tag_value", &filter.tag_values)] {
            if !values.is_empty() {
                wanted.and_in(column, values);
            }
        }
        wanted.sql.push(')');
    }
    let total = tx.count(&["SELECT count(*)", &wanted.sql].concat(), &wanted.values)?;
    let (limit, offset) = (wanted.value(limit), wanted.value(offset));
    let sql =
        ["SELECT k.key_id", &wanted.sql, " ORDER BY k.created_at DESC, k.key_id LIMIT ", limit, " OFFSET ", offset]
            .concat();
    Ok((tx.all(&sql, &wanted.values, |row| row.text(0))?, total))
}

/// At most `limit` of an account's keys in a region, newest first.
pub fn page(
    tx: &Tx<'_>,
    account: &AccountId,
    region: Region,
    start: &Start,
    limit: i64,
) -> Result<Vec<Key>, StoreError> {
    record::page(tx, record::owned(account, region, Lead::Owner), start, limit)
}

/// The ids of all versions of a key.
pub fn version_ids(tx: &Tx<'_>, key_id: &str) -> Result<Vec<String>, StoreError> {
    tx.all("SELECT version_id FROM kms_key_versions WHERE key_id = $1", &[key_id.into()], |row| row.text(0))
}

/// How many versions a key has.
pub fn count_versions(tx: &Tx<'_>, key_id: &str) -> Result<i64, StoreError> {
    tx.count("SELECT count(*) FROM kms_key_versions WHERE key_id = $1", &[key_id.into()])
}

/// How many versions an account's keys in a region have in all, those of services aside.
pub fn count_own_versions(tx: &Tx<'_>, account: &AccountId, region: Region) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) FROM kms_key_versions v JOIN kms_keys k ON k.key_id = v.key_id
               WHERE k.account_id = $1 AND k.region = $2 AND k.creator_type = 'User'";
    tx.count(sql, &[account.into(), region.into()])
}

/// A page of the versions of a key, newest first, and how many there are in all.
pub fn list_versions(tx: &Tx<'_>, key_id: &str, offset: i64, limit: i64) -> Result<(Vec<KeyVersion>, i64), StoreError> {
    let wanted = || Condition::new(" WHERE r.key_id = $1", &[key_id.into()]);
    let total = record::count::<KeyVersion>(tx, &wanted())?;
    Ok((record::page(tx, wanted(), &Start::Offset(offset), limit)?, total))
}

/// Adds an alias. `false` when the name is taken in that account and region.
pub fn insert_alias(
    tx: &Tx<'_>,
    account: &AccountId,
    region: Region,
    alias: &Alias,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "INSERT INTO kms_aliases (account_id, region, alias_name, key_id, created_at) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (account_id, region, alias_name) DO NOTHING";
    let values = [account.into(), region.into(), (&alias.alias_name).into(), (&alias.key_id).into(), now.into()];
    Ok(tx.execute(sql, &values)? == 1)
}

/// The id of the key that an alias stands for.
pub fn key_of_alias(
    tx: &Tx<'_>,
    account: &AccountId,
    region: Region,
    alias_name: &str,
) -> Result<Option<String>, StoreError> {
    let sql = "SELECT key_id FROM kms_aliases WHERE account_id = $1 AND region = $2 AND alias_name = $3";
    tx.first(sql, &[account.into(), region.into(), alias_name.into()], |row| row.text(0))
}

/// How many aliases an account has in a region that are not those of services.
pub fn count_own_aliases(tx: &Tx<'_>, account: &AccountId, region: Region) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) FROM kms_aliases
               WHERE account_id = $1 AND region = $2 AND substr(alias_name, 1, 9) <> 'alias/acs'";
    tx.count(sql, &[account.into(), region.into()])
}

/// Has an alias stand for another key. `false` when there is no such alias.
pub fn move_alias(
    tx: &Tx<'_>,
    account: &AccountId,
    region: Region,
    alias_name: &str,
    key_id: &str,
) -> Result<bool, StoreError> {
    let sql = "UPDATE kms_aliases SET key_id = $4 WHERE account_id = $1 AND region = $2 AND alias_name = $3";
    Ok(tx.execute(sql, &[account.into(), region.into(), alias_name.into(), key_id.into()])? == 1)
}

/// Deletes an alias. `false` when there is no such alias.
pub fn delete_alias(tx: &Tx<'_>, account: &AccountId, region: Region, alias_name: &str) -> Result<bool, StoreError> {
    let sql = "DELETE FROM kms_aliases WHERE account_id = $1 AND region = $2 AND alias_name = $3";
    Ok(tx.execute(sql, &[account.into(), region.into(), alias_name.into()])? == 1)
}

/// A page of the aliases of an account in a region, of one key where it is named, by name; and how many there are in all.
pub fn list_aliases(
    tx: &Tx<'_>,
    account: &AccountId,
    region: Region,
    key_id: Option<&str>,
    offset: i64,
    limit: i64,
) -> Result<(Vec<Alias>, i64), StoreError> {
    let from = " FROM kms_aliases a WHERE a.account_id = $1 AND a.region = $2";
    let mut wanted = Condition::new(from, &[account.into(), region.into()]);
    wanted.and_equal("a.key_id", key_id);
    let total = tx.count(&["SELECT count(*)", &wanted.sql].concat(), &wanted.values)?;
    let (limit, offset) = (wanted.value(limit), wanted.value(offset));
    let order = [" ORDER BY a.alias_name LIMIT ", limit, " OFFSET ", offset].concat();
    let sql = ["SELECT a.alias_name, a.key_id", &wanted.sql, &order].concat();
    let page = tx.all(&sql, &wanted.values, |row| Ok(Alias { alias_name: row.text(0)?, key_id: row.text(1)? }))?;
    Ok((page, total))
}
