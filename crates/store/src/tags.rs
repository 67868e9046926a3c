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
    /// `disk`, `snapshot`, `snapshotgroup`, `instance`, `image` or `key`.
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

/// The tags of a resource, by key, if it is the account's.
pub fn of_owned(tx: &Tx<'_>, account: &str, resource_id: &str) -> Result<Vec<Tag>, StoreError> {
    let sql = "SELECT tag_key, tag_value FROM resource_tags
               WHERE resource_id = $1 AND account_id = $2 ORDER BY tag_key";
    tx.all(sql, &[resource_id.into(), account.into()], |row| Ok(Tag { key: row.text(0)?, value: row.text(1)? }))
}

/// Most resources asked about in one statement. A page of groups has more members than a statement takes values.
const MOST_AT_ONCE: usize = 500;

/// The tags of several resources: resource and tag; those of a resource by key.
pub fn of_many(tx: &Tx<'_>, resource_ids: &[String]) -> Result<Vec<(String, Tag)>, StoreError> {
    let mut found = Vec::new();
    for ids in resource_ids.chunks(MOST_AT_ONCE) {
        let select = "SELECT resource_id, tag_key, tag_value FROM resource_tags WHERE resource_id";
        let mut wanted = Condition::new(select, &[]);
        wanted.in_list(ids);
        wanted.sql.push_str(" ORDER BY resource_id, tag_key");
        let tag = tx
            .all(&wanted.sql, &wanted.values, |row| Ok((row.text(0)?, Tag { key: row.text(1)?, value: row.text(2)? })));
        found.extend(tag?);
    }
    Ok(found)
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

/// How many resources of a type bear a tag: the key, and the value where one is given.
pub(crate) fn bearers(
    tx: &Tx<'_>,
    account: &AccountId,
    region: Region,
    resource_type: &str,
    key: &str,
    value: Option<&str>,
) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) FROM resource_tags
               WHERE account_id = $1 AND region = $2 AND resource_type = $3 AND tag_key = $4";
    let mut wanted = Condition::new(sql, &[account.into(), region.into(), resource_type.into(), key.into()]);
    wanted.and_equal("tag_value", value);
    tx.count(&wanted.sql, &wanted.values)
}

/// Removes a tag, if the resource has it.
pub fn remove(tx: &Tx<'_>, resource_id: &str, key: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM resource_tags WHERE resource_id = $1 AND tag_key = $2", &[resource_id.into(), key.into()])
        .map(drop)
}

/// How a text is compared with another. Case matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// It is this.
    Exactly(String),
    /// It begins with this.
    Prefix(String),
    /// It holds this.
    Infix(String),
}

/// A tag that a listing looks for: a key that fits, with any of the values, or with any value where there are none.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The key.
    pub key: Pattern,
    /// The values.
    pub values: Vec<Pattern>,
}

/// Which resources a listing of tags is about.
#[derive(Clone, Debug)]
pub struct Filter<'a> {
    /// Whose.
    pub account: &'a AccountId,
    /// Where.
    pub region: Region,
    /// Of which type.
    pub resource_type: &'a str,
    /// Only these, unless it is empty.
    pub resource_ids: &'a [String],
    /// Only those that bear all of these.
    pub tags: &'a [Wanted],
}

/// The ids of at most `limit` resources that bear a tag, in order, beginning after `after`.
pub fn resources(tx: &Tx<'_>, filter: &Filter<'_>, after: &str, limit: i64) -> Result<Vec<String>, StoreError> {
    let owned = [filter.account.into(), filter.region.into(), filter.resource_type.into(), after.into(), limit.into()];
    let sql = "SELECT DISTINCT r.resource_id FROM resource_tags r
               WHERE r.account_id = $1 AND r.region = $2 AND r.resource_type = $3 AND r.resource_id > $4";
    let mut wanted = Condition::new(sql, &owned);
    if !filter.resource_ids.is_empty() {
        wanted.and_in("r.resource_id", filter.resource_ids);
    }
    for tag in filter.tags {
        wanted.sql.push_str(" AND r.resource_id IN (SELECT t.resource_id FROM resource_tags t");
        wanted.sql.push_str(" WHERE t.account_id = $1 AND t.region = $2 AND t.resource_type = $3 AND ");
        fits(&mut wanted, "t.tag_key", &tag.key);
        for (place, value) in tag.values.iter().enumerate() {
            wanted.sql.push_str(if place == 0 { " AND (" } else { " OR " });
            fits(&mut wanted, "t.tag_value", value);
        }
        wanted.sql.push_str(if tag.values.is_empty() { ")" } else { "))" });
    }
    wanted.sql.push_str(" ORDER BY r.resource_id LIMIT $5");
    tx.all(&wanted.sql, &wanted.values, |row| row.text(0))
}

/// `column` compared with a pattern. LIKE would ignore case, and take `%` and `_` for more than themselves.
fn fits<'a>(wanted: &mut Condition<'a>, column: &str, pattern: &'a Pattern) {
    let (Pattern::Exactly(text) | Pattern::Prefix(text) | Pattern::Infix(text)) = pattern;
    let name = wanted.value(text);
    match pattern {
        Pattern::Exactly(_) => wanted.sql.extend([column, " = ", name]),
        Pattern::Prefix(_) => wanted.sql.extend(["substr(", column, ", 1, length(", name, ")) = ", name]),
        Pattern::Infix(_) => wanted.sql.extend(["instr(", column, ", ", name, ") > 0"]),
    }
}

/// A tag with the number of resources of each type that bear it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Total {
    /// The tag.
    pub tag: Tag,
    /// How many disks.
    pub disks: i64,
    /// How many images.
    pub images: i64,
    /// How many instances.
    pub instances: i64,
    /// How many snapshots.
    pub snapshots: i64,
}

/// Which tags a summary is about; what is `None` or empty restricts nothing.
#[derive(Clone, Debug)]
pub struct TotalsFilter<'a> {
    /// Whose resources bear them.
    pub account: &'a AccountId,
    /// Where.
    pub region: Region,
    /// Of one of these types.
    pub resource_types: &'a [String],
    /// Only on this resource.
    pub resource_id: Option<&'a str>,
    /// Only these: the key, and the value where one is given.
    pub tags: &'a [(String, Option<String>)],
}

/// At most `limit` of the tags that resources bear, by key and value, after `offset` others.
pub fn totals(tx: &Tx<'_>, filter: &TotalsFilter<'_>, limit: i64, offset: i64) -> Result<Vec<Total>, StoreError> {
    let mut wanted = borne(filter);
    let of_type = |kind: &str| ["sum(r.resource_type = '", kind, "')"].concat();
    let counts = ["disk", "image", "instance", "snapshot"].map(of_type).join(", ");
    let select = ["SELECT r.tag_key, r.tag_value, ", &counts, " FROM resource_tags r"].concat();
    let (limit, offset) = (wanted.value(limit), wanted.value(offset));
    let order = [" GROUP BY r.tag_key, r.tag_value ORDER BY r.tag_key, r.tag_value LIMIT ", limit, " OFFSET ", offset];
    tx.all(&[select, wanted.sql, order.concat()].concat(), &wanted.values, |row| {
        Ok(Total {
            tag: Tag { key: row.text(0)?, value: row.text(1)? },
            disks: row.integer(2)?,
            images: row.integer(3)?,
            instances: row.integer(4)?,
            snapshots: row.integer(5)?,
        })
    })
}

/// How many different tags resources bear.
pub fn count_totals(tx: &Tx<'_>, filter: &TotalsFilter<'_>) -> Result<i64, StoreError> {
    let wanted = borne(filter);
    let from = "SELECT count(*) FROM (SELECT DISTINCT r.tag_key, r.tag_value FROM resource_tags r";
    tx.count(&[from, &wanted.sql, ")"].concat(), &wanted.values)
}

fn borne<'a>(filter: &TotalsFilter<'a>) -> Condition<'a> {
    let owned = [filter.account.into(), filter.region.into()];
    let mut wanted = Condition::new(" WHERE r.account_id = $1 AND r.region = $2", &owned);
    wanted.and_in("r.resource_type", filter.resource_types);
    wanted.and_equal("r.resource_id", filter.resource_id);
    for (place, (key, value)) in filter.tags.iter().enumerate() {
        let name = wanted.value(key);
        wanted.sql.extend([if place == 0 { " AND (" } else { " OR " }, "(r.tag_key = ", name]);
        wanted.and_equal("r.tag_value", value.as_deref());
        wanted.sql.push(')');
    }
    if !filter.tags.is_empty() {
        wanted.sql.push(')');
    }
    wanted
}

/// Removes all tags of a resource.
pub fn clear(tx: &Tx<'_>, resource_id: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM resource_tags WHERE resource_id = $1", &[resource_id.into()]).map(drop)
}
