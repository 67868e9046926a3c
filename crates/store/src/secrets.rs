//! KMS secrets: their records, the versions of their values, and the stages that point at versions.

use coffer_base::{AccountId, Region, Timestamp};

use crate::connection::Condition;
use crate::record::{self, Record, record};
use crate::{Row, StoreError, Tx};

record! {
    /// A secret's record; its values are in its versions.
    pub struct Secret in "kms_secrets" {
        /// Our id, which nobody outside sees.
        pub secret_id: String = "secret_id",
        /// Its owner.
        pub account: AccountId = "account_id",
        /// Where it is.
        pub region: Region = "region",
        /// Its name, unique in the account and region.
        pub secret_name: String = "secret_name",
        /// For example `Generic`.
        pub secret_type: String = "secret_type",
        /// A description.
        pub description: String = "description",
        /// The key that its values are encrypted with; `None` for the account's domain key.
        pub key_id: Option<String> = "key_id",
        /// Its policy; `None` for the default one.
        pub policy: Option<String> = "policy",
        /// What a managed secret is of, as JSON; empty for a generic one.
        pub extended_config: String = "extended_config",
        /// Whose access keys a managed secret holds.
        pub user_id: Option<String> = "user_id",
        /// How often it is rotated by itself, in seconds; `None` when it is not.
        pub rotation_interval_s: Option<i64> = "rotation_interval_s",
        /// When it was last rotated.
        pub rotated_at: Option<Timestamp> = "rotated_at",
        /// Whether the last rotation failed.
        pub rotation_failed: bool = "rotation_failed",
        /// When it will be deleted, for one that is to be.
        pub delete_at: Option<Timestamp> = "delete_at",
        /// When it was last changed.
        pub updated_at: Timestamp = "updated_at",
        /// When it was made.
        pub created_at: Timestamp = "created_at",
    }
}

/// A version of a secret's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretVersion {
    /// Its id, the caller's choice.
    pub version_id: String,
    /// `text` or `binary`.
    pub data_type: String,
    /// The value, sealed.
    pub sealed: Vec<u8>,
    /// When it was put there.
    pub created_at: Timestamp,
}

/// The secret of that name.
pub fn by_name(tx: &Tx<'_>, account: &AccountId, region: Region, name: &str) -> Result<Option<Secret>, StoreError> {
    let owned = [" WHERE r.account_id = $1 AND r.region = $2 AND r.secret_name = $3"];
    let sql = [record::select::<Secret>(), owned.concat()].concat();
    tx.first(&sql, &[account.into(), region.into(), name.into()], Secret::read)
}

/// Which secrets a listing is about: those that meet each of these. Within a list any value will do; an empty one restricts nothing.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Parts of names.
    pub names: Vec<String>,
    /// Parts of descriptions.
    pub descriptions: Vec<String>,
    /// Types.
    pub types: Vec<String>,
    /// Keys of tags, and the values they may have.
    pub tag_keys: Vec<String>,
    /// Values of tags.
    pub tag_values: Vec<String>,
}

/// A page of an account's secrets in a region, newest first, and how many there are in all.
pub fn list(
    tx: &Tx<'_>,
    account: &AccountId,
    region: Region,
    filter: &Filter,
    offset: i64,
    limit: i64,
) -> Result<(Vec<Secret>, i64), StoreError> {
    let owned = [account.into(), region.into()];
    let mut wanted = Condition::new(" WHERE r.account_id = $1 AND r.region = $2", &owned);
    for (column, parts) in [("r.secret_name", &filter.names), ("r.description", &filter.descriptions)] {
        for (place, part) in parts.iter().enumerate() {
            let part = wanted.value(part);
            let joined = if place == 0 { " AND (" } else { " OR " };
            wanted.sql.extend([joined, "instr(", column, ", ", part, ") > 0"]);
        }
        wanted.sql.push_str(if parts.is_empty() { "" } else { ")" });
    }
    if !filter.types.is_empty() {
        wanted.and_in("r.secret_type", &filter.types);
    }
    if !(filter.tag_keys.is_empty() && filter.tag_values.is_empty()) {
        wanted.sql.push_str(" AND EXISTS (SELECT 1 FROM resource_tags t WHERE t.resource_id = r.secret_id");
        for (column, values) in [("t.tag_key", &filter.tag_keys), ("t.tag_value", &filter.tag_values)] {
            if !values.is_empty() {
                wanted.and_in(column, values);
            }
        }
        wanted.sql.push(')');
    }
    let total = record::count::<Secret>(tx, &wanted)?;
    Ok((record::page(tx, wanted, &record::Start::Offset(offset), limit)?, total))
}

/// How many secrets hold the access keys of a user at that moment.
pub fn count_of_user(tx: &Tx<'_>, user_id: &str, now: Timestamp) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) FROM kms_secrets WHERE user_id = $1 AND (delete_at IS NULL OR delete_at > $2)";
    tx.count(sql, &[user_id.into(), now.into()])
}

/// Deletes a secret with its versions, stages and tags.
pub fn delete(tx: &Tx<'_>, secret_id: &str) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM kms_secret_versions WHERE secret_id = $1",
        "DELETE FROM kms_secret_stages WHERE secret_id = $1",
        "DELETE FROM resource_tags WHERE resource_id = $1",
        "DELETE FROM kms_secrets WHERE secret_id = $1",
    ] {
        tx.execute(sql, &[secret_id.into()])?;
    }
    Ok(())
}

/// Adds a version.
pub fn insert_version(tx: &Tx<'_>, secret_id: &str, version: &SecretVersion) -> Result<(), StoreError> {
    let sql = "INSERT INTO kms_secret_versions (secret_id, version_id, data_type, sealed, created_at)
               VALUES ($1, $2, $3, $4, $5)";
    let values = [
        secret_id.into(),
        (&version.version_id).into(),
        (&version.data_type).into(),
        version.sealed.as_slice().into(),
        version.created_at.into(),
    ];
    tx.execute(sql, &values).map(drop)
}

fn read_version(row: &Row<'_>) -> Result<SecretVersion, StoreError> {
    Ok(SecretVersion {
        version_id: row.text(0)?,
        data_type: row.text(1)?,
        sealed: row.blob(2)?,
        created_at: row.moment(3)?,
    })
}

/// The version of that id.
pub fn version(tx: &Tx<'_>, secret_id: &str, version_id: &str) -> Result<Option<SecretVersion>, StoreError> {
    let sql = "SELECT version_id, data_type, sealed, created_at FROM kms_secret_versions
               WHERE secret_id = $1 AND version_id = $2";
    tx.first(sql, &[secret_id.into(), version_id.into()], read_version)
}

/// Every version of a secret, newest first: there are few.
pub fn versions(tx: &Tx<'_>, secret_id: &str) -> Result<Vec<SecretVersion>, StoreError> {
    let sql = "SELECT version_id, data_type, sealed, created_at FROM kms_secret_versions
               WHERE secret_id = $1 ORDER BY sequence DESC";
    tx.all(sql, &[secret_id.into()], read_version)
}

/// Deletes a version with its stages.
pub fn delete_version(tx: &Tx<'_>, secret_id: &str, version_id: &str) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM kms_secret_stages WHERE secret_id = $1 AND version_id = $2",
        "DELETE FROM kms_secret_versions WHERE secret_id = $1 AND version_id = $2",
    ] {
        tx.execute(sql, &[secret_id.into(), version_id.into()])?;
    }
    Ok(())
}

/// The stages of a secret, by name, each with the version it is on.
pub fn stages(tx: &Tx<'_>, secret_id: &str) -> Result<Vec<(String, String)>, StoreError> {
    let sql = "SELECT stage, version_id FROM kms_secret_stages WHERE secret_id = $1 ORDER BY stage";
    tx.all(sql, &[secret_id.into()], |row| Ok((row.text(0)?, row.text(1)?)))
}

/// Puts a stage on a version, from wherever it was.
pub fn set_stage(tx: &Tx<'_>, secret_id: &str, stage: &str, version_id: &str) -> Result<(), StoreError> {
    let sql = "INSERT INTO kms_secret_stages (secret_id, stage, version_id) VALUES ($1, $2, $3)
               ON CONFLICT (secret_id, stage) DO UPDATE SET version_id = excluded.version_id";
    tx.execute(sql, &[secret_id.into(), stage.into(), version_id.into()]).map(drop)
}

/// Takes a stage away.
pub fn remove_stage(tx: &Tx<'_>, secret_id: &str, stage: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM kms_secret_stages WHERE secret_id = $1 AND stage = $2";
    tx.execute(sql, &[secret_id.into(), stage.into()]).map(drop)
}
