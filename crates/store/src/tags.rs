//! Tags of resources.

use coffer_base::{AccountId, Region};

use crate::connection::Condition;
use crate::{StoreError, Tx};

/// What a tag hangs on.
#[derive(Clone, Copy, Debug)]
pub struct Resource<'a> {
    /// Its owner.
    pub account: &'a AccountId,
    /// Where it is.
    pub region: Region,
    /// `disk`, `snapshot`, `instance`, `image` or `key`.
    pub resource_type: &'a str,
    /// Its id.
    pub resource_id: &'a str,
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The key.
    pub key: String,
    /// The value, possibly empty.
    pub value: String,
}

/// Sets a tag, in place of one with the same key.
pub fn set(tx: &Tx<'_>, on: Resource<'_>, tag: &Tag) -> Result<(), StoreError> {
    let sql = "INSERT INTO resource_tags (resource_id, tag_key, tag_value, resource_type, account_id, region)
               VALUES ($1, $2, $3, $4, $5, $6)
               ON CONFLICT (resource_id, tag_key) DO UPDATE SET tag_value = excluded.tag_value";
    let values = [
        on.resource_id.into(),
        (&tag.key).into(),
        (&tag.value).into(),
        on.resource_type.into(),
        on.account.into(),
        on.region.into(),
    ];
    tx.execute(sql, &values).map(drop)
}

/// The tags of a resource, by key.
pub fn of(tx: &Tx<'_>, resource_id: &str) -> Result<Vec<Tag>, StoreError> {
    let sql = "SELECT tag_key, tag_value FROM resource_tags WHERE resource_id = $1 ORDER BY tag_key";
    tx.all(sql, &[resource_id.into()], |row| Ok(Tag { key: row.text(0)?, value: row.text(1)? }))
}

/// The tags of several resources: resource and tag, by resource and key.
pub fn of_many(tx: &Tx<'_>, resource_ids: &[String]) -> Result<Vec<(String, Tag)>, StoreError> {
    if resource_ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut wanted = Condition::new("SELECT resource_id, tag_key, tag_value FROM resource_tags WHERE resource_id", &[]);
    wanted.in_list(resource_ids);
    wanted.sql.push_str(" ORDER BY resource_id, tag_key");
    tx.all(&wanted.sql, &wanted.values, |row| Ok((row.text(0)?, Tag { key: row.text(1)?, value: row.text(2)? })))
}

/// Tags on fewer resources than this are rare: to sort those takes less than to look for them in order.
const RARE: i64 = 2000;

/// Whether one of these tags is on few resources of an account in a region.
pub(crate) fn any_rare(
    tx: &Tx<'_>,
    account: &AccountId,
    region: Region,
    resource_type: &str,
    tags: &[(String, Option<String>)],
) -> Result<bool, StoreError> {
    for (key, value) in tags {
        let sql =
            "SELECT 1 FROM resource_tags WHERE account_id = $1 AND region = $2 AND resource_type = $3 AND tag_key = $4";
        let mut wanted = Condition::new(sql, &[account.into(), region.into(), resource_type.into(), key.into()]);
        wanted.and_equal("tag_value", value.as_deref());
        let limit = wanted.value(RARE);
        let sql = ["SELECT count(*) FROM (", &wanted.sql, " LIMIT ", limit, ")"].concat();
        if tx.count(&sql, &wanted.values)? < RARE {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Removes all tags of a resource.
pub fn clear(tx: &Tx<'_>, resource_id: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM resource_tags WHERE resource_id = $1", &[resource_id.into()]).map(drop)
}
