//! KMS: whether it is open, keys, their versions, aliases.

use coffer_base::{AccountId, Region, Timestamp};

use crate::connection::Condition;
use crate::{Row, StoreError, Tx};

/// A key's row. The vendor's words for spec, usage, origin, protection level and state are stored as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its id.
    pub key_id: String,
    /// Its owner.
    pub account: AccountId,
    /// Where it is.
    pub region: Region,
    /// For example `Aliyun_AES_256`.
    pub key_spec: String,
    /// `ENCRYPT/DECRYPT` or `SIGN/VERIFY`.
    pub key_usage: String,
    /// `Aliyun_KMS` or `EXTERNAL`.
    pub origin: String,
    /// `SOFTWARE` or `HSM`.
    pub protection_level: String,
    /// A description.
    pub description: String,
    /// `Enabled`, `Disabled` or `PendingDeletion`.
    pub state: String,
    /// `User` or `Service`.
    pub creator_type: String,
    /// The version used for new encryption; `None` for an asymmetric key.
    pub primary_version_id: Option<String>,
    /// When it will be deleted, for a key in `PendingDeletion`.
    pub delete_at: Option<Timestamp>,
    /// Automatic rotation's period in seconds; `None` when it is off.
    pub rotation_interval_s: Option<i64>,
    /// When its primary version was made.
    pub last_rotation_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A version of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyVersion {
    /// Its id.
    pub version_id: String,
    /// The key it belongs to.
    pub key_id: String,
    /// The material, sealed.
    pub sealed_material: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
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

const COLUMNS: &str = "k.key_id, k.account_id, k.region, k.key_spec, k.key_usage, k.origin, k.protection_level,
    k.description, k.state, k.creator_type, k.primary_version_id, k.delete_at, k.rotation_interval_s, k.last_rotation_at,
    k.created_at";

fn read_key(row: &Row<'_>) -> Result<Key, StoreError> {
    Ok(Key {
        key_id: row.text(0)?,
        account: row.account(1)?,
        region: row.region(2)?,
        key_spec: row.text(3)?,
        key_usage: row.text(4)?,
        origin: row.text(5)?,
        protection_level: row.text(6)?,
        description: row.text(7)?,
        state: row.text(8)?,
        creator_type: row.text(9)?,
        primary_version_id: row.optional_text(10)?,
        delete_at: row.optional_moment(11)?,
        rotation_interval_s: row.optional_integer(12)?,
        last_rotation_at: row.moment(13)?,
        created_at: row.moment(14)?,
    })
}

/// Adds a key.
pub fn insert(tx: &Tx<'_>, key: &Key) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO kms_keys (key_id, account_id, region, key_spec, key_usage, origin, protection_level, description,
               state, creator_type, primary_version_id, delete_at, rotation_interval_s, last_rotation_at, created_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    let values = [
        (&key.key_id).into(),
        (&key.account).into(),
        key.region.into(),
        (&key.key_spec).into(),
        (&key.key_usage).into(),
        (&key.origin).into(),
        (&key.protection_level).into(),
        (&key.description).into(),
        (&key.state).into(),
        (&key.creator_type).into(),
        key.primary_version_id.as_deref().into(),
        key.delete_at.into(),
        key.rotation_interval_s.into(),
        key.last_rotation_at.into(),
        key.created_at.into(),
    ];
    tx.execute(sql, &values).map(drop)
}

/// The key of that id, whoever owns it. Access is the caller's business.
pub fn get(tx: &Tx<'_>, key_id: &str) -> Result<Option<Key>, StoreError> {
    let sql = ["SELECT ", COLUMNS, " FROM kms_keys k WHERE k.key_id = $1"].concat();
    tx.first(&sql, &[key_id.into()], read_key)
}

/// Sets a key's state, with the moment of its deletion where that is planned.
pub fn set_state(tx: &Tx<'_>, key_id: &str, state: &str, delete_at: Option<Timestamp>) -> Result<(), StoreError> {
    let sql = "UPDATE kms_keys SET state = $2, delete_at = $3 WHERE key_id = $1";
    tx.execute(sql, &[key_id.into(), state.into(), delete_at.into()]).map(drop)
}

/// Deletes a key with its versions, aliases and tags.
pub fn delete(tx: &Tx<'_>, key_id: &str) -> Result<(), StoreError> {
    for sql in [
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

/// Adds a version.
pub fn insert_version(tx: &Tx<'_>, version: &KeyVersion) -> Result<(), StoreError> {
    let sql = "INSERT INTO kms_key_versions (version_id, key_id, sealed_material, created_at) VALUES ($1, $2, $3, $4)";
    let values = [
        (&version.version_id).into(),
        (&version.key_id).into(),
        version.sealed_material.as_slice().into(),
        version.created_at.into(),
    ];
    tx.execute(sql, &values).map(drop)
}

/// The version of that id, of whatever key.
pub fn version(tx: &Tx<'_>, version_id: &str) -> Result<Option<KeyVersion>, StoreError> {
    let sql = "SELECT version_id, key_id, sealed_material, created_at FROM kms_key_versions WHERE version_id = $1";
    tx.first(sql, &[version_id.into()], |row| {
        Ok(KeyVersion {
            version_id: row.text(0)?,
            key_id: row.text(1)?,
            sealed_material: row.blob(2)?,
            created_at: row.moment(3)?,
        })
    })
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

/// A page of the aliases of an account in a region, by name, and how many there are in all.
pub fn list_aliases(
    tx: &Tx<'_>,
    account: &AccountId,
    region: Region,
    offset: i64,
    limit: i64,
) -> Result<(Vec<Alias>, i64), StoreError> {
    let values = [account.into(), region.into()];
    let total = tx.count("SELECT count(*) FROM kms_aliases WHERE account_id = $1 AND region = $2", &values)?;
    let sql = "SELECT alias_name, key_id FROM kms_aliases WHERE account_id = $1 AND region = $2
               ORDER BY alias_name LIMIT $3 OFFSET $4";
    let values = [account.into(), region.into(), limit.into(), offset.into()];
    let page = tx.all(sql, &values, |row| Ok(Alias { alias_name: row.text(0)?, key_id: row.text(1)? }))?;
    Ok((page, total))
}
