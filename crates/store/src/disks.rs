//! Disks.

use coffer_base::{AccountId, Region, Timestamp};

use crate::connection::Condition;
use crate::tags::Tag;
use crate::{Row, StoreError, Tx};

/// A disk's row. The vendor's words for category, level, status and type are stored as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a row has the columns that the vendor's disk has")]
pub struct Disk {
    /// Its id.
    pub disk_id: String,
    /// Its owner.
    pub account: AccountId,
    /// Where it is.
    pub region: Region,
    /// The zone; empty for a regional disk.
    pub zone_id: String,
    /// Its name.
    pub disk_name: String,
    /// A description.
    pub description: String,
    /// For example `cloud_essd`.
    pub category: String,
    /// `PL0` to `PL3`; empty for categories without.
    pub performance_level: String,
    /// Its size in GiB.
    pub size_gib: i64,
    /// For example `Available`.
    pub status: String,
    /// `data` or `system`.
    pub disk_type: String,
    /// The KMS key its data key is wrapped under; `None` for a plain disk.
    pub kms_key_id: Option<String>,
    /// The wrapped data key; `None` for a plain disk.
    pub wrapped_data_key: Option<String>,
    /// IOPS bought beyond the baseline.
    pub provisioned_iops: Option<i64>,
    /// Whether it may exceed its baseline for a while.
    pub bursting_enabled: bool,
    /// `Disabled` or `Enabled`.
    pub multi_attach: String,
    /// Whether it goes with its instance.
    pub delete_with_instance: bool,
    /// Whether its automatic snapshots go with it.
    pub delete_auto_snapshot: bool,
    /// Whether automatic snapshots are made of it.
    pub enable_auto_snapshot: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Which disks a listing is about; what is `None` or empty restricts nothing.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only these ids.
    pub disk_ids: Option<Vec<String>>,
    /// Only in this zone.
    pub zone_id: Option<String>,
    /// Only of exactly this name.
    pub disk_name: Option<String>,
    /// Only of this category.
    pub category: Option<String>,
    /// Only of this performance level.
    pub performance_level: Option<String>,
    /// Only in this status.
    pub status: Option<String>,
    /// Only of this type.
    pub disk_type: Option<String>,
    /// Only under this key.
    pub kms_key_id: Option<String>,
    /// Only encrypted, or only plain ones.
    pub encrypted: Option<bool>,
    /// Only with this setting.
    pub delete_with_instance: Option<bool>,
    /// Only with this setting.
    pub delete_auto_snapshot: Option<bool>,
    /// Only with this setting.
    pub enable_auto_snapshot: Option<bool>,
    /// Only with this setting.
    pub multi_attach: Option<String>,
    /// Only made at or after this moment.
    pub created_from: Option<Timestamp>,
    /// Only made at or before this moment.
    pub created_until: Option<Timestamp>,
    /// Only bearing all of these: the key, and the value where one is given.
    pub tags: Vec<(String, Option<String>)>,
}

/// Where a page of a listing begins.
#[derive(Clone, Debug)]
pub enum Start {
    /// After so many.
    Offset(i64),
    /// After the disk made at that moment with that id.
    After(Timestamp, String),
}

const COLUMNS: &str = "d.disk_id, d.account_id, d.region, d.zone_id, d.disk_name, d.description, d.category,
    d.performance_level, d.size_gib, d.status, d.disk_type, d.kms_key_id, d.wrapped_data_key, d.provisioned_iops,
    d.bursting_enabled, d.multi_attach, d.delete_with_instance, d.delete_auto_snapshot, d.enable_auto_snapshot, d.created_at";

fn read_disk(row: &Row<'_>) -> Result<Disk, StoreError> {
    Ok(Disk {
        disk_id: row.text(0)?,
        account: row.account(1)?,
        region: row.region(2)?,
        zone_id: row.text(3)?,
        disk_name: row.text(4)?,
        description: row.text(5)?,
        category: row.text(6)?,
        performance_level: row.text(7)?,
        size_gib: row.integer(8)?,
        status: row.text(9)?,
        disk_type: row.text(10)?,
        kms_key_id: row.optional_text(11)?,
        wrapped_data_key: row.optional_text(12)?,
        provisioned_iops: row.optional_integer(13)?,
        bursting_enabled: row.boolean(14)?,
        multi_attach: row.text(15)?,
        delete_with_instance: row.boolean(16)?,
        delete_auto_snapshot: row.boolean(17)?,
        enable_auto_snapshot: row.boolean(18)?,
        created_at: row.moment(19)?,
    })
}

/// Adds a disk.
pub fn insert(tx: &Tx<'_>, disk: &Disk) -> Result<(), StoreError> {
    let sql = "INSERT INTO disks (disk_id, account_id, region, zone_id, disk_name, description, category, performance_level,
               size_gib, status, disk_type, kms_key_id, wrapped_data_key, provisioned_iops, bursting_enabled, multi_attach,
               delete_with_instance, delete_auto_snapshot, enable_auto_snapshot, created_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)";
    let values = [
        (&disk.disk_id).into(),
        (&disk.account).into(),
        disk.region.into(),
        (&disk.zone_id).into(),
        (&disk.disk_name).into(),
        (&disk.description).into(),
        (&disk.category).into(),
        (&disk.performance_level).into(),
        disk.size_gib.into(),
        (&disk.status).into(),
        (&disk.disk_type).into(),
        disk.kms_key_id.as_deref().into(),
        disk.wrapped_data_key.as_deref().into(),
        disk.provisioned_iops.into(),
        disk.bursting_enabled.into(),
        (&disk.multi_attach).into(),
        disk.delete_with_instance.into(),
        disk.delete_auto_snapshot.into(),
        disk.enable_auto_snapshot.into(),
        disk.created_at.into(),
    ];
    tx.execute(sql, &values).map(drop)
}

/// The disk of that id, whoever owns it. Access is the caller's business.
pub fn get(tx: &Tx<'_>, disk_id: &str) -> Result<Option<Disk>, StoreError> {
    let sql = ["SELECT ", COLUMNS, " FROM disks d WHERE d.disk_id = $1"].concat();
    tx.first(&sql, &[disk_id.into()], read_disk)
}

/// Deletes a disk with its tags.
pub fn delete(tx: &Tx<'_>, disk_id: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM disks WHERE disk_id = $1", &[disk_id.into()])?;
    crate::tags::clear(tx, disk_id)
}

/// At most `limit` of an account's disks in a region, newest first.
pub fn list(
    tx: &Tx<'_>,
    account: &AccountId,
    region: Region,
    filter: &Filter,
    start: &Start,
    limit: i64,
) -> Result<Vec<Disk>, StoreError> {
    let mut wanted = condition(account, region, filter);
    let mut offset = 0;
    match start {
        Start::Offset(rows) => offset = *rows,
        Start::After(created_at, disk_id) => {
            let (created_at, disk_id) = (wanted.value(*created_at), wanted.value(disk_id));
            wanted.sql.extend([" AND (d.created_at < ", created_at, " OR (d.created_at = ", created_at]);
            wanted.sql.extend([" AND d.disk_id > ", disk_id, "))"]);
        }
    }
    let (limit, offset) = (wanted.value(limit), wanted.value(offset));
    let order = " ORDER BY d.created_at DESC, d.disk_id LIMIT ";
    let sql = ["SELECT ", COLUMNS, &wanted.sql, order, limit, " OFFSET ", offset].concat();
    tx.all(&sql, &wanted.values, read_disk)
}

/// How many of an account's disks in a region a filter lets through.
pub fn count(tx: &Tx<'_>, account: &AccountId, region: Region, filter: &Filter) -> Result<i64, StoreError> {
    let wanted = condition(account, region, filter);
    tx.count(&["SELECT count(*)", &wanted.sql].concat(), &wanted.values)
}

fn condition<'a>(account: &'a AccountId, region: Region, filter: &'a Filter) -> Condition<'a> {
    let mut wanted =
        Condition::new(" FROM disks d WHERE d.account_id = $1 AND d.region = $2", &[account.into(), region.into()]);
    if let Some(ids) = &filter.disk_ids {
        wanted.and_in("d.disk_id", ids);
    }
    for (column, value) in [
        ("d.zone_id", &filter.zone_id),
        ("d.disk_name", &filter.disk_name),
        ("d.category", &filter.category),
        ("d.performance_level", &filter.performance_level),
        ("d.status", &filter.status),
        ("d.disk_type", &filter.disk_type),
        ("d.kms_key_id", &filter.kms_key_id),
        ("d.multi_attach", &filter.multi_attach),
    ] {
        wanted.and_equal(column, value.as_deref());
    }
    for (column, value) in [
        ("d.delete_with_instance", filter.delete_with_instance),
        ("d.delete_auto_snapshot", filter.delete_auto_snapshot),
        ("d.enable_auto_snapshot", filter.enable_auto_snapshot),
        ("(d.kms_key_id IS NOT NULL)", filter.encrypted),
    ] {
        wanted.and_equal(column, value);
    }
    for (bound, value) in
        [(" AND d.created_at >= ", filter.created_from), (" AND d.created_at <= ", filter.created_until)]
    {
        if let Some(moment) = value {
            let name = wanted.value(moment);
            wanted.sql.extend([bound, name]);
        }
    }
    for (key, value) in &filter.tags {
        let name = wanted.value(key);
        wanted.sql.extend([
            " AND d.disk_id IN (SELECT t.resource_id FROM resource_tags t WHERE t.account_id = $1 AND t.region = $2",
            " AND t.resource_type = 'disk' AND t.tag_key = ",
            name,
        ]);
        wanted.and_equal("t.tag_value", value.as_deref());
        wanted.sql.push(')');
    }
    wanted
}

/// The tags of several disks: disk id and tag.
pub fn tags_of(tx: &Tx<'_>, disk_ids: &[String]) -> Result<Vec<(String, Tag)>, StoreError> {
    if disk_ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut wanted = Condition::new("SELECT resource_id, tag_key, tag_value FROM resource_tags WHERE resource_id", &[]);
    wanted.in_list(disk_ids);
    wanted.sql.push_str(" ORDER BY resource_id, tag_key");
    tx.all(&wanted.sql, &wanted.values, |row| Ok((row.text(0)?, Tag { key: row.text(1)?, value: row.text(2)? })))
}
