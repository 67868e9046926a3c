//! Tags of roles and custom policies.

use coffer_base::AccountId;

use crate::connection::Condition;
use crate::tags::Tag;
use crate::{StoreError, Tx};

/// What a tag hangs on: `role` or `policy`, and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagged {
    /// `role` or `policy`.
    pub resource_type: String,
    /// Its name, as it was written.
    pub resource_name: String,
    /// The tag.
    pub tag: Tag,
}

/// Sets a tag, in place of one with the same key.
pub fn set(tx: &Tx<'_>, account: &AccountId, resource_type: &str, name: &str, tag: &Tag) -> Result<(), StoreError> {
    let sql = "INSERT INTO ram_tags (account_id, resource_type, resource_name, tag_key, tag_value)
               VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account_id, resource_type, resource_name, tag_key)
               DO UPDATE SET tag_value = excluded.tag_value";
    let values = [account.into(), resource_type.into(), name.into(), (&tag.key).into(), (&tag.value).into()];
    tx.execute(sql, &values).map(drop)
}

/// The tags of a resource, by key.
pub fn of(tx: &Tx<'_>, account: &AccountId, resource_type: &str, name: &str) -> Result<Vec<Tag>, StoreError> {
    let sql = "SELECT tag_key, tag_value FROM ram_tags
               WHERE account_id = $1 AND resource_type = $2 AND resource_name = $3 ORDER BY tag_key";
    tx.all(sql, &[account.into(), resource_type.into(), name.into()], |row| {
        Ok(Tag { key: row.text(0)?, value: row.text(1)? })
    })
}

/// Removes a tag.
pub fn remove(tx: &Tx<'_>, account: &AccountId, resource_type: &str, name: &str, key: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM ram_tags
               WHERE account_id = $1 AND resource_type = $2 AND resource_name = $3 AND tag_key = $4";
    tx.execute(sql, &[account.into(), resource_type.into(), name.into(), key.into()]).map(drop)
}

/// Removes all tags of a resource.
pub fn clear(tx: &Tx<'_>, account: &AccountId, resource_type: &str, name: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM ram_tags WHERE account_id = $1 AND resource_type = $2 AND resource_name = $3";
    tx.execute(sql, &[account.into(), resource_type.into(), name.into()]).map(drop)
}

/// Which tags a listing is about; what is empty restricts nothing.
#[derive(Clone, Debug)]
pub struct Filter<'a> {
    /// Whose.
    pub account: &'a AccountId,
    /// `role` or `policy`.
    pub resource_type: &'a str,
    /// Only of these resources.
    pub names: &'a [String],
    /// Only of resources that bear all of these: the key, and the value where one is given.
    pub tags: &'a [(String, Option<String>)],
}

/// At most `limit` tags, by resource and key, after the resource and key given.
pub fn page(tx: &Tx<'_>, filter: &Filter<'_>, after: &(String, String), limit: i64) -> Result<Vec<Tagged>, StoreError> {
    let sql = "SELECT r.resource_type, r.resource_name, r.tag_key, r.tag_value FROM ram_tags r
               WHERE r.account_id = $1 AND r.resource_type = $2 AND (r.resource_name, r.tag_key) > ($3, $4)";
    let owned = [filter.account.into(), filter.resource_type.into(), (&after.0).into(), (&after.1).into()];
    let mut wanted = Condition::new(sql, &owned);
    if !filter.names.is_empty() {
        wanted.and_in("r.resource_name", filter.names);
    }
    bearing(&mut wanted, "r.resource_name", filter.tags);
    let limit = wanted.value(limit);
    wanted.sql.extend([" ORDER BY r.resource_name, r.tag_key LIMIT ", limit]);
    tx.all(&wanted.sql, &wanted.values, |row| {
        let tag = Tag { key: row.text(2)?, value: row.text(3)? };
        Ok(Tagged { resource_type: row.text(0)?, resource_name: row.text(1)?, tag })
    })
}

/// `AND` the resource that `name` names bears all of these tags. The account is `$1`, the type of resource `$2`.
pub(crate) fn bearing<'a>(wanted: &mut Condition<'a>, name: &str, tags: &'a [(String, Option<String>)]) {
    for (key, value) in tags {
        let from = " AND EXISTS (SELECT 1 FROM ram_tags t WHERE t.account_id = $1 AND t.resource_type = $2";
        let key = wanted.value(key);
        wanted.sql.extend([from, " AND t.resource_name = ", name, " AND t.tag_key = ", key]);
        wanted.and_equal("t.tag_value", value.as_deref());
        wanted.sql.push(')');
    }
}
