//! Disks.

use coffer_base::{AccountId, Region, Timestamp};

use crate::connection::Condition;
use crate::record::{self, Lead, Record as _, Start, record};
use crate::{Row, StoreError, Tx, tags};

record! {
    /// A disk's row. The vendor's words for category, level, status and type are stored as they are.
    pub struct Disk in "disks" {
        /// Its id.
        pub disk_id: String = "disk_id",
        /// Its owner.
        pub account: AccountId = "account_id",
        /// Where it is.
        pub region: Region = "region",
        /// The zone; empty for a regional disk.
        pub zone_id: String = "zone_id",
        /// Its name.
        pub disk_name: String = "disk_name",
        /// A description.
        pub description: String = "description",
        /// For example `cloud_essd`.
        pub category: String = "category",
        /// `PL0` to `PL3`; empty for categories without.
        pub performance_level: String = "performance_level",
        /// Its size in GiB.
        pub size_gib: i64 = "size_gib",
        /// For example `Available`.
        pub status: String = "status",
        /// `data` or `system`.
        pub disk_type: String = "disk_type",
        /// The KMS key its data key is wrapped under; `None` for a plain disk.
        pub kms_key_id: Option<String> = "kms_key_id",
        /// The wrapped data key; `None` for a plain disk.
        pub wrapped_data_key: Option<String> = "wrapped_data_key",
        /// IOPS bought beyond the baseline.
        pub provisioned_iops: Option<i64> = "provisioned_iops",
        /// Whether it may exceed its baseline for a while.
        pub bursting_enabled: bool = "bursting_enabled",
        /// `Disabled` or `Enabled`.
        pub multi_attach: String = "multi_attach",
        /// Whether it goes with its instance.
        pub delete_with_instance: bool = "delete_with_instance",
        /// Whether its automatic snapshots go with it.
        pub delete_auto_snapshot: bool = "delete_auto_snapshot",
        /// Whether automatic snapshots are made of it.
        pub enable_auto_snapshot: bool = "enable_auto_snapshot",
        /// The snapshot it was made from; empty for a blank disk.
        pub source_snapshot_id: String = "source_snapshot_id",
        /// The image it was made from; empty for other disks.
        pub image_id: String = "image_id",
        /// When it was last attached.
        pub attached_at: Option<Timestamp> = "attached_at",
        /// When it was last detached.
        pub detached_at: Option<Timestamp> = "detached_at",
        /// The instance it was last detached from; empty for one that never was.
        pub last_instance_id: String = "last_instance_id",
        /// Which of its volumes it has: one more with every reset.
        pub volume_number: i64 = "volume_number",
        /// When its data key was last wrapped again.
        pub rewrapped_at: Option<Timestamp> = "rewrapped_at",
        /// When its bytes were last encrypted anew.
        pub reencrypted_at: Option<Timestamp> = "reencrypted_at",
        /// When it was made.
        pub created_at: Timestamp = "created_at",
    }
}

/// Where a disk is attached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The disk.
    pub disk_id: String,
    /// The instance.
    pub instance_id: String,
    /// The device it is there, for example `/dev/xvdb`.
    pub device: String,
    /// Since when.
    pub attached_at: Timestamp,
}

/// Which disks a listing is about; what is `None` or empty restricts nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    /// Only attached to this instance.
    pub instance_id: Option<String>,
    /// Only made from this snapshot.
    pub source_snapshot_id: Option<String>,
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

/// Deletes a disk with its tags.
pub fn delete(tx: &Tx<'_>, disk_id: &str) -> Result<(), StoreError> {
    Disk::delete(tx, disk_id)?;
    tags::clear(tx, disk_id)
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
    record::page(tx, condition(tx, account, region, filter)?, start, limit)
}

/// How many of an account's disks in a region a filter lets through.
pub fn count(tx: &Tx<'_>, account: &AccountId, region: Region, filter: &Filter) -> Result<i64, StoreError> {
    let only_tags = Filter { tags: filter.tags.clone(), ..Filter::default() };
    match &filter.tags[..] {
        // A resource bears a key once, so the index of tags alone has the answer.
        [(key, value)] if *filter == only_tags => tags::bearers(tx, account, region, "disk", key, value.as_deref()),
        _ => record::count::<Disk>(tx, &condition(tx, account, region, filter)?),
    }
}

fn condition<'a>(
    tx: &Tx<'_>,
    account: &'a AccountId,
    region: Region,
    filter: &'a Filter,
) -> Result<Condition<'a>, StoreError> {
    let rare = tags::any_rare(tx, account, region, "disk", &filter.tags)?;
    let named = filter.disk_ids.is_some() || filter.instance_id.is_some() || filter.source_snapshot_id.is_some();
    let mut wanted = record::owned(account, region, if rare || named { Lead::Filter } else { Lead::Owner });
    if let Some(ids) = &filter.disk_ids {
        wanted.and_in("r.disk_id", ids);
    }
    for (column, value) in [
        ("r.zone_id", &filter.zone_id),
        ("r.disk_name", &filter.disk_name),
        ("r.category", &filter.category),
        ("r.performance_level", &filter.performance_level),
        ("r.status", &filter.status),
        ("r.disk_type", &filter.disk_type),
        ("r.kms_key_id", &filter.kms_key_id),
        ("r.multi_attach", &filter.multi_attach),
        ("r.source_snapshot_id", &filter.source_snapshot_id),
    ] {
        wanted.and_equal(column, value.as_deref());
    }
    for (column, value) in [
        ("r.delete_with_instance", filter.delete_with_instance),
        ("r.delete_auto_snapshot", filter.delete_auto_snapshot),
        ("r.enable_auto_snapshot", filter.enable_auto_snapshot),
        ("(r.kms_key_id IS NOT NULL)", filter.encrypted),
    ] {
        wanted.and_equal(column, value);
    }
    wanted.and_created(filter.created_from, filter.created_until);
    if let Some(instance_id) = &filter.instance_id {
        let name = wanted.value(instance_id);
        let attached = " AND r.disk_id IN (SELECT a.disk_id FROM disk_attachments a WHERE a.instance_id = ";
        wanted.sql.extend([attached, name, ")"]);
    }
    wanted.and_tags("disk", "r.disk_id", &filter.tags, rare);
    Ok(wanted)
}

/// The sizes of an account's data disks in a region together, in GiB.
pub fn data_gib(tx: &Tx<'_>, account: &AccountId, region: Region) -> Result<i64, StoreError> {
    let sql = "SELECT coalesce(sum(size_gib), 0) FROM disks
               WHERE account_id = $1 AND region = $2 AND disk_type = 'data'";
    tx.count(sql, &[account.into(), region.into()])
}

/// Attaches a disk. The device must be free on the instance, and the disk not on it already.
pub fn attach(tx: &Tx<'_>, attachment: &Attachment) -> Result<(), StoreError> {
    let sql = "INSERT INTO disk_attachments (disk_id, instance_id, device, attached_at) VALUES ($1, $2, $3, $4)";
    let Attachment { disk_id, instance_id, device, attached_at } = attachment;
    tx.execute(sql, &[disk_id.into(), instance_id.into(), device.into(), (*attached_at).into()]).map(drop)
}

/// Takes a disk off an instance; whether it was there.
pub fn detach(tx: &Tx<'_>, disk_id: &str, instance_id: &str) -> Result<bool, StoreError> {
    let sql = "DELETE FROM disk_attachments WHERE disk_id = $1 AND instance_id = $2";
    Ok(tx.execute(sql, &[disk_id.into(), instance_id.into()])? == 1)
}

/// Where these disks are attached, in order of disk and time.
pub fn attachments(tx: &Tx<'_>, disk_ids: &[String]) -> Result<Vec<Attachment>, StoreError> {
    if disk_ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = "SELECT disk_id, instance_id, device, attached_at FROM disk_attachments WHERE disk_id";
    let mut wanted = Condition::new(sql, &[]);
    wanted.in_list(disk_ids);
    wanted.sql.push_str(" ORDER BY disk_id, attached_at");
    tx.all(&wanted.sql, &wanted.values, read_attachment)
}

/// What is attached to an instance, in order of devices: its system disk comes first.
pub fn attached_to(tx: &Tx<'_>, instance_id: &str) -> Result<Vec<(Attachment, Disk)>, StoreError> {
    let sql = "SELECT disk_id, instance_id, device, attached_at FROM disk_attachments
               WHERE instance_id = $1 ORDER BY device";
    let attachments = tx.all(sql, &[instance_id.into()], read_attachment)?;
    let with_disk = |attachment: Attachment| {
        let disk = Disk::get(tx, &attachment.disk_id)?.ok_or(StoreError::Corrupt("an attachment without its disk"))?;
        Ok((attachment, disk))
    };
    attachments.into_iter().map(with_disk).collect()
}

fn read_attachment(row: &Row<'_>) -> Result<Attachment, StoreError> {
    Ok(Attachment {
        disk_id: row.text(0)?,
        instance_id: row.text(1)?,
        device: row.text(2)?,
        attached_at: row.moment(3)?,
    })
}

/// The disks that were last on that instance and are attached nowhere now, the oldest first.
pub fn taken_off(tx: &Tx<'_>, instance_id: &str) -> Result<Vec<Disk>, StoreError> {
    let sql = " WHERE r.last_instance_id = $1 AND r.last_instance_id <> ''
               AND NOT EXISTS (SELECT 1 FROM disk_attachments a WHERE a.disk_id = r.disk_id)";
    record::all(tx, &Condition::new(sql, &[instance_id.into()]))
}

/// Whether a disk exists that was made from this snapshot.
pub fn made_from(tx: &Tx<'_>, snapshot_id: &str) -> Result<bool, StoreError> {
    let sql =
        "SELECT count(*) FROM (SELECT 1 FROM disks WHERE source_snapshot_id = $1 AND source_snapshot_id <> '' LIMIT 1)";
    Ok(tx.count(sql, &[snapshot_id.into()])? == 1)
}
