//! Snapshots, whom they are shared with, and groups of them.

use std::collections::HashSet;

use coffer_base::{AccountId, Region, Timestamp};

use crate::connection::Condition;
use crate::record::{self, Lead, Record as _, Start, record};
use crate::{StoreError, Tx, tags};

record! {
    /// A snapshot's row. The vendor's words for status, type and category are stored as they are.
    pub struct Snapshot in "snapshots" {
        /// Its id.
        pub snapshot_id: String = "snapshot_id",
        /// Its owner.
        pub account: AccountId = "account_id",
        /// Where it is.
        pub region: Region = "region",
        /// Its name; empty where none was given.
        pub snapshot_name: String = "snapshot_name",
        /// A description.
        pub description: String = "description",
        /// `progressing`, `accomplished` or `failed`.
        pub status: String = "status",
        /// How much of it is done, 0 to 100.
        pub progress: i64 = "progress",
        /// `user` or `auto`.
        pub snapshot_type: String = "snapshot_type",
        /// `standard`, `flash` or `archive`.
        pub category: String = "category",
        /// The chain of its disk's snapshots.
        pub snapshot_link_id: String = "snapshot_link_id",
        /// The group it was made with; empty for one made by itself.
        pub group_id: String = "group_id",
        /// The disk it was made of, kept after the disk is gone.
        pub source_disk_id: String = "source_disk_id",
        /// `data` or `system`.
        pub source_disk_type: String = "source_disk_type",
        /// The disk's size in GiB at the time.
        pub source_disk_size_gib: i64 = "source_disk_size_gib",
        /// The snapshot it is a copy of; empty for others.
        pub source_snapshot_id: String = "source_snapshot_id",
        /// The region it was copied from; its own for others.
        pub source_region: Region = "source_region",
        /// The KMS key its data key is wrapped under; `None` for a plain snapshot.
        pub kms_key_id: Option<String> = "kms_key_id",
        /// The wrapped data key; `None` for a plain snapshot.
        pub wrapped_data_key: Option<String> = "wrapped_data_key",
        /// For how many days from its making it is kept; `None`: until it is deleted.
        pub retention_days: Option<i64> = "retention_days",
        /// When it was last changed.
        pub modified_at: Timestamp = "modified_at",
        /// When it was made.
        pub created_at: Timestamp = "created_at",
    }
}

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

impl Snapshot {
    /// When its retention is over; `None` for one that is kept until it is deleted.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.retention_days.map(|days| self.created_at.plus_ms(days * DAY_MS))
    }

    /// Whether it is a copy of another.
    pub const fn is_copy(&self) -> bool {
        !self.source_snapshot_id.is_empty()
    }
}

record! {
    /// Snapshots made together of one instance's disks.
    pub struct SnapshotGroup in "snapshot_groups" {
        /// Its id.
        pub snapshot_group_id: String = "snapshot_group_id",
        /// Its owner.
        pub account: AccountId = "account_id",
        /// Where it is.
        pub region: Region = "region",
        /// Its name.
        pub group_name: String = "group_name",
        /// A description.
        pub description: String = "description",
        /// The instance.
        pub instance_id: String = "instance_id",
        /// `progressing`, `accomplished` or `failed`.
        pub status: String = "status",
        /// When it was made.
        pub created_at: Timestamp = "created_at",
    }
}

/// Which snapshots a listing is about; what is `None` or empty restricts nothing.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only these ids.
    pub snapshot_ids: Option<Vec<String>>,
    /// Only of this disk.
    pub source_disk_id: Option<String>,
    /// Only of disks attached to this instance.
    pub instance_id: Option<String>,
    /// Only of these chains.
    pub snapshot_link_ids: Option<Vec<String>>,
    /// Only of exactly this name.
    pub snapshot_name: Option<String>,
    /// Only in this status.
    pub status: Option<String>,
    /// Only of this type.
    pub snapshot_type: Option<String>,
    /// Only of this category.
    pub category: Option<String>,
    /// Only of disks of this type.
    pub source_disk_type: Option<String>,
    /// Only under this key.
    pub kms_key_id: Option<String>,
    /// Only encrypted, or only plain ones.
    pub encrypted: Option<bool>,
    /// Only with images made from them, or only without.
    pub with_image: Option<bool>,
    /// Only with disks made from them, or only without.
    pub with_disk: Option<bool>,
    /// Only made at or after this moment.
    pub created_from: Option<Timestamp>,
    /// Only made at or before this moment.
    pub created_until: Option<Timestamp>,
    /// Only bearing all of these: the key, and the value where one is given.
    pub tags: Vec<(String, Option<String>)>,
}

/// Deletes a snapshot with its tags and shares.
pub fn delete(tx: &Tx<'_>, snapshot_id: &str) -> Result<(), StoreError> {
    Snapshot::delete(tx, snapshot_id)?;
    tx.execute("DELETE FROM snapshot_shares WHERE snapshot_id = $1", &[snapshot_id.into()])?;
    tags::clear(tx, snapshot_id)
}

/// At most `limit` of an account's snapshots in a region, newest first.
pub fn list(
    tx: &Tx<'_>,
    account: &AccountId,
    region: Region,
    filter: &Filter,
    start: &Start,
    limit: i64,
) -> Result<Vec<Snapshot>, StoreError> {
    record::page(tx, condition(tx, account, region, filter)?, start, limit)
}

/// How many of an account's snapshots in a region a filter lets through.
pub fn count(tx: &Tx<'_>, account: &AccountId, region: Region, filter: &Filter) -> Result<i64, StoreError> {
    record::count::<Snapshot>(tx, &condition(tx, account, region, filter)?)
}

fn condition<'a>(
    tx: &Tx<'_>,
    account: &'a AccountId,
    region: Region,
    filter: &'a Filter,
) -> Result<Condition<'a>, StoreError> {
    let rare = tags::any_rare(tx, account, region, "snapshot", &filter.tags)?;
    let named = filter.snapshot_ids.is_some() || filter.source_disk_id.is_some() || filter.instance_id.is_some();
    let mut wanted = record::owned(account, region, if rare || named { Lead::Filter } else { Lead::Owner });
    for (column, values) in [("r.snapshot_id", &filter.snapshot_ids), ("r.snapshot_link_id", &filter.snapshot_link_ids)]
    {
        if let Some(values) = values {
            wanted.and_in(column, values);
        }
    }
    for (column, value) in [
        ("r.source_disk_id", &filter.source_disk_id),
        ("r.snapshot_name", &filter.snapshot_name),
        ("r.status", &filter.status),
        ("r.snapshot_type", &filter.snapshot_type),
        ("r.category", &filter.category),
        ("r.source_disk_type", &filter.source_disk_type),
        ("r.kms_key_id", &filter.kms_key_id),
    ] {
        wanted.and_equal(column, value.as_deref());
    }
    for (column, value) in [
        ("(r.kms_key_id IS NOT NULL)", filter.encrypted),
        ("EXISTS (SELECT 1 FROM image_disks i WHERE i.snapshot_id = r.snapshot_id)", filter.with_image),
        (
            "EXISTS (SELECT 1 FROM disks d WHERE d.source_snapshot_id = r.snapshot_id AND d.source_snapshot_id <> '')",
            filter.with_disk,
        ),
    ] {
        wanted.and_equal(column, value);
    }
    of_instance(&mut wanted, filter.instance_id.as_ref());
    wanted.and_created(filter.created_from, filter.created_until);
    wanted.and_tags("snapshot", "r.snapshot_id", &filter.tags, rare);
    Ok(wanted)
}

/// How many snapshots there are of a disk itself (copies are not), in one status or in any.
pub fn count_of_disk(tx: &Tx<'_>, disk_id: &str, status: Option<&str>) -> Result<i64, StoreError> {
    let mut wanted = Condition::new(" WHERE r.source_disk_id = $1 AND r.source_snapshot_id = ''", &[disk_id.into()]);
    wanted.and_equal("r.status", status);
    record::count::<Snapshot>(tx, &wanted)
}

/// Whether an unfinished copy of a snapshot exists, in one region or in any.
pub fn is_being_copied(tx: &Tx<'_>, snapshot_id: &str, to: Option<Region>) -> Result<bool, StoreError> {
    let from = " WHERE r.source_snapshot_id = $1 AND r.source_snapshot_id <> '' AND r.status = 'progressing'";
    let mut wanted = Condition::new(from, &[snapshot_id.into()]);
    wanted.and_equal("r.region", to);
    Ok(record::count::<Snapshot>(tx, &wanted)? > 0)
}

/// The unfinished copies that an account makes of a disk's snapshots in a region, the oldest first.
pub fn unfinished_copies(
    tx: &Tx<'_>,
    account: &AccountId,
    region: Region,
    disk_id: &str,
) -> Result<Vec<Snapshot>, StoreError> {
    let mut wanted = record::owned(account, region, Lead::Owner);
    wanted.sql.push_str(" AND r.source_snapshot_id <> '' AND r.status = 'progressing'");
    wanted.and_equal("r.source_disk_id", Some(disk_id));
    record::all(tx, &wanted)
}

/// The status of an account's copy of a snapshot in a region under a key: of a complete one if there is one, else of one that is being
/// made.
pub fn status_of_copy(
    tx: &Tx<'_>,
    snapshot_id: &str,
    account: &AccountId,
    region: Region,
    kms_key_id: &str,
) -> Result<Option<String>, StoreError> {
    let sql = "SELECT status FROM snapshots WHERE source_snapshot_id = $1 AND source_snapshot_id <> ''
               AND account_id = $2 AND region = $3 AND kms_key_id = $4 AND status <> 'failed'
               ORDER BY status = 'accomplished' DESC LIMIT 1";
    tx.first(sql, &[snapshot_id.into(), account.into(), region.into(), kms_key_id.into()], |row| row.text(0))
}

/// Those of these snapshots that are there, in no order.
pub fn get_many(tx: &Tx<'_>, snapshot_ids: &[String]) -> Result<Vec<Snapshot>, StoreError> {
    let mut wanted = Condition::new(" WHERE TRUE", &[]);
    wanted.and_in("r.snapshot_id", snapshot_ids);
    record::all(tx, &wanted)
}

/// Which of these snapshots images are made from, and which of them disks are made from.
pub fn users(tx: &Tx<'_>, snapshot_ids: &[String]) -> Result<(HashSet<String>, HashSet<String>), StoreError> {
    let among = |sql: &str| -> Result<HashSet<String>, StoreError> {
        let mut wanted = Condition::new(sql, &[]);
        wanted.in_list(snapshot_ids);
        Ok(tx.all(&wanted.sql, &wanted.values, |row| row.text(0))?.into_iter().collect())
    };
    let images = among("SELECT DISTINCT snapshot_id FROM image_disks WHERE snapshot_id")?;
    let disks =
        among("SELECT DISTINCT source_snapshot_id FROM disks WHERE source_snapshot_id <> '' AND source_snapshot_id")?;
    Ok((images, disks))
}

/// How many snapshots an account has in a region, and how many bytes they take.
pub fn usage(tx: &Tx<'_>, account: &AccountId, region: Region) -> Result<(i64, i64), StoreError> {
    let wanted = record::owned(account, region, Lead::Owner);
    let sql = ["SELECT count(*), coalesce(sum(r.stored_bytes), 0) FROM snapshots r", &wanted.sql].concat();
    let found = tx.first(&sql, &wanted.values, |row| Ok((row.integer(0)?, row.integer(1)?)))?;
    Ok(found.unwrap_or((0, 0)))
}

/// A chain: all snapshots of one disk in one region, or all copies of one disk's snapshots there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its id.
    pub snapshot_link_id: String,
    /// The disk.
    pub source_disk_id: String,
    /// `data` or `system`.
    pub source_disk_type: String,
    /// The disk's size in GiB, as its last snapshot found it.
    pub source_disk_size_gib: i64,
    /// `standard` if one of its snapshots is.
    pub category: String,
    /// How many snapshots it has.
    pub count: i64,
    /// How many bytes they take.
    pub stored_bytes: i64,
    /// When the oldest of them was made.
    pub started_at: Timestamp,
}

/// Which chains a listing is about; what is `None` restricts nothing.
#[derive(Clone, Debug, Default)]
pub struct LinkFilter {
    /// Only these ids.
    pub snapshot_link_ids: Option<Vec<String>>,
    /// Only of these disks.
    pub source_disk_ids: Option<Vec<String>>,
    /// Only of disks attached to this instance.
    pub instance_id: Option<String>,
}

/// At most `limit` of an account's chains in a region, those that started last first.
pub fn links(
    tx: &Tx<'_>,
    account: &AccountId,
    region: Region,
    filter: &LinkFilter,
    start: &Start,
    limit: i64,
) -> Result<Vec<Link>, StoreError> {
    const COLUMNS: &str = "SELECT r.snapshot_link_id, min(r.source_disk_id), min(r.source_disk_type),
        max(r.source_disk_size_gib), max(r.category), count(*), sum(r.stored_bytes), min(r.created_at) FROM snapshots r";
    let mut wanted = link_condition(account, region, filter);
    wanted.sql.push_str(" GROUP BY r.snapshot_link_id");
    let mut offset = 0;
    match start {
        Start::Offset(rows) => offset = *rows,
        Start::After(started_at, id) => {
            let (at, id) = (wanted.value(*started_at), wanted.value(id));
            wanted.sql.extend([" HAVING min(r.created_at) < ", at, " OR (min(r.created_at) = ", at]);
            wanted.sql.extend([" AND r.snapshot_link_id > ", id, ")"]);
        }
    }
    let (limit, offset) = (wanted.value(limit), wanted.value(offset));
    let order = [" ORDER BY min(r.created_at) DESC, r.snapshot_link_id LIMIT ", limit, " OFFSET ", offset].concat();
    tx.all(&[COLUMNS, &wanted.sql, &order].concat(), &wanted.values, |row| {
        Ok(Link {
            snapshot_link_id: row.text(0)?,
            source_disk_id: row.text(1)?,
            source_disk_type: row.text(2)?,
            source_disk_size_gib: row.integer(3)?,
            category: row.text(4)?,
            count: row.integer(5)?,
            stored_bytes: row.integer(6)?,
            started_at: row.moment(7)?,
        })
    })
}

/// How many of an account's chains in a region a filter lets through.
pub fn count_links(tx: &Tx<'_>, account: &AccountId, region: Region, filter: &LinkFilter) -> Result<i64, StoreError> {
    let wanted = link_condition(account, region, filter);
    tx.count(&["SELECT count(DISTINCT r.snapshot_link_id) FROM snapshots r", &wanted.sql].concat(), &wanted.values)
}

fn link_condition<'a>(account: &'a AccountId, region: Region, filter: &'a LinkFilter) -> Condition<'a> {
    let mut wanted = record::owned(account, region, Lead::Owner);
    for (column, values) in
        [("r.snapshot_link_id", &filter.snapshot_link_ids), ("r.source_disk_id", &filter.source_disk_ids)]
    {
        if let Some(values) = values {
            wanted.and_in(column, values);
        }
    }
    of_instance(&mut wanted, filter.instance_id.as_ref());
    wanted
}

/// Only of disks attached to this instance.
fn of_instance<'a>(wanted: &mut Condition<'a>, instance_id: Option<&'a String>) {
    if let Some(instance_id) = instance_id {
        let name = wanted.value(instance_id);
        let attached = " AND r.source_disk_id IN (SELECT a.disk_id FROM disk_attachments a WHERE a.instance_id = ";
        wanted.sql.extend([attached, name, ")"]);
    }
}

/// Sets how many bytes a snapshot takes.
pub fn set_stored_bytes(tx: &Tx<'_>, snapshot_id: &str, bytes: i64) -> Result<(), StoreError> {
    let sql = "UPDATE snapshots SET stored_bytes = $2 WHERE snapshot_id = $1";
    tx.execute(sql, &[snapshot_id.into(), bytes.into()]).map(drop)
}

/// The snapshots of a disk, the oldest first.
pub fn of_disk(tx: &Tx<'_>, disk_id: &str) -> Result<Vec<Snapshot>, StoreError> {
    record::all(tx, &Condition::new(" WHERE r.source_disk_id = $1", &[disk_id.into()]))
}

/// The snapshots of a group, the oldest first.
pub fn of_group(tx: &Tx<'_>, group_id: &str) -> Result<Vec<Snapshot>, StoreError> {
    record::all(tx, &Condition::new(" WHERE r.group_id = $1 AND r.group_id <> ''", &[group_id.into()]))
}

/// Lets another account make disks of a snapshot.
pub fn share(tx: &Tx<'_>, snapshot_id: &str, with: &AccountId) -> Result<(), StoreError> {
    let sql = "INSERT INTO snapshot_shares (snapshot_id, account_id) VALUES ($1, $2)
               ON CONFLICT (snapshot_id, account_id) DO NOTHING";
    tx.execute(sql, &[snapshot_id.into(), with.into()]).map(drop)
}

/// Whether a snapshot is shared with an account.
pub fn is_shared_with(tx: &Tx<'_>, snapshot_id: &str, account: &AccountId) -> Result<bool, StoreError> {
    let sql = "SELECT count(*) FROM snapshot_shares WHERE snapshot_id = $1 AND account_id = $2";
    Ok(tx.count(sql, &[snapshot_id.into(), account.into()])? == 1)
}

/// Which groups a listing is about; what is `None` or empty restricts nothing.
#[derive(Clone, Debug, Default)]
pub struct GroupFilter {
    /// Only these ids.
    pub snapshot_group_ids: Option<Vec<String>>,
    /// Only of exactly this name.
    pub group_name: Option<String>,
    /// Only of this instance.
    pub instance_id: Option<String>,
    /// Only in one of these statuses.
    pub statuses: Option<Vec<String>>,
    /// Only bearing all of these: the key, and the value where one is given.
    pub tags: Vec<(String, Option<String>)>,
}

/// Deletes a group with its tags. Snapshots that are still in it then stand by themselves.
pub fn delete_group(tx: &Tx<'_>, group_id: &str) -> Result<(), StoreError> {
    SnapshotGroup::delete(tx, group_id)?;
    tx.execute("UPDATE snapshots SET group_id = '' WHERE group_id = $1", &[group_id.into()])?;
    crate::tags::clear(tx, group_id)
}

/// The snapshots of these groups, the oldest first.
pub fn of_groups(tx: &Tx<'_>, group_ids: &[String]) -> Result<Vec<Snapshot>, StoreError> {
    let mut wanted = Condition::new(" WHERE r.group_id <> ''", &[]);
    wanted.and_in("r.group_id", group_ids);
    record::all(tx, &wanted)
}

/// At most `limit` of an account's snapshot groups in a region, newest first.
pub fn list_groups(
    tx: &Tx<'_>,
    account: &AccountId,
    region: Region,
    filter: &GroupFilter,
    start: &Start,
    limit: i64,
) -> Result<Vec<SnapshotGroup>, StoreError> {
    let rare = tags::any_rare(tx, account, region, "snapshotgroup", &filter.tags)?;
    let mut wanted = record::owned(account, region, if rare { Lead::Filter } else { Lead::Owner });
    for (column, values) in [("r.snapshot_group_id", &filter.snapshot_group_ids), ("r.status", &filter.statuses)] {
        if let Some(values) = values {
            wanted.and_in(column, values);
        }
    }
    wanted.and_equal("r.group_name", filter.group_name.as_deref());
    wanted.and_equal("r.instance_id", filter.instance_id.as_deref());
    wanted.and_tags("snapshotgroup", "r.snapshot_group_id", &filter.tags, rare);
    record::page(tx, wanted, start, limit)
}
