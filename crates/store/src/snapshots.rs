//! Snapshots, whom they are shared with, and groups of them.

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
    if let Some(instance_id) = &filter.instance_id {
        let name = wanted.value(instance_id);
        let attached = " AND r.source_disk_id IN (SELECT a.disk_id FROM disk_attachments a WHERE a.instance_id = ";
        wanted.sql.extend([attached, name, ")"]);
    }
    wanted.and_created(filter.created_from, filter.created_until);
    wanted.and_tags("snapshot", "r.snapshot_id", &filter.tags, rare);
    Ok(wanted)
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
