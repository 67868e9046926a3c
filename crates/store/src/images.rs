//! Images of accounts, and the disks that each makes.

use std::collections::HashSet;

use coffer_base::{AccountId, Region, Timestamp};

use crate::connection::Condition;
use crate::record::{self, Lead, Record as _, Start, record};
use crate::{Row, StoreError, Tx, tags};

record! {
    /// An image's row. The vendor's words for status, platform and architecture are stored as they are.
    pub struct Image in "images" {
        /// Its id.
        pub image_id: String = "image_id",
        /// Its owner.
        pub account: AccountId = "account_id",
        /// Where it is.
        pub region: Region = "region",
        /// Its name.
        pub image_name: String = "image_name",
        /// Its version.
        pub image_version: String = "image_version",
        /// Its family; empty for none.
        pub image_family: String = "image_family",
        /// A description.
        pub description: String = "description",
        /// `x86_64`, `i386` or `arm64`.
        pub architecture: String = "architecture",
        /// For example `Ubuntu`.
        pub platform: String = "platform",
        /// The operating system, for people.
        pub os_name: String = "os_name",
        /// `linux` or `windows`.
        pub os_type: String = "os_type",
        /// `BIOS`, `UEFI` or `UEFI-Preferred`; empty where unknown.
        pub boot_mode: String = "boot_mode",
        /// The size of its system disk in GiB.
        pub size_gib: i64 = "size_gib",
        /// `Creating`, `Waiting`, `Available`, `UnAvailable` or `CreateFailed`.
        pub status: String = "status",
        /// How much of it is done, 0 to 100.
        pub progress: i64 = "progress",
        /// Whether it is a copy of another.
        pub is_copied: bool = "is_copied",
        /// When it was made.
        pub created_at: Timestamp = "created_at",
    }
}

/// A disk that an image makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageDisk {
    /// The device, for example `/dev/xvda`.
    pub device: String,
    /// `system` or `data`.
    pub disk_type: String,
    /// The snapshot it is made from; empty for a blank data disk.
    pub snapshot_id: String,
    /// Its size in GiB.
    pub size_gib: i64,
}

/// Which images a listing is about; what is `None` or empty restricts nothing.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only these ids.
    pub image_ids: Option<Vec<String>>,
    /// Only of this name; `*` stands for any text.
    pub image_name: Option<String>,
    /// Only of this family.
    pub image_family: Option<String>,
    /// Only in one of these statuses.
    pub statuses: Option<Vec<String>>,
    /// Only of one of these architectures.
    pub architectures: Option<Vec<String>>,
    /// Only of this operating system.
    pub os_type: Option<String>,
    /// Only made from this snapshot.
    pub snapshot_id: Option<String>,
    /// Only with instances made from them, or only without.
    pub with_instance: Option<bool>,
    /// Only made at or after this moment.
    pub created_from: Option<Timestamp>,
    /// Only made at or before this moment.
    pub created_until: Option<Timestamp>,
    /// Only bearing all of these: the key, and the value where one is given.
    pub tags: Vec<(String, Option<String>)>,
}

/// Sets the disks that an image makes.
pub fn set_disks(tx: &Tx<'_>, image_id: &str, disks: &[ImageDisk]) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO image_disks (image_id, device, disk_type, snapshot_id, size_gib) VALUES ($1, $2, $3, $4, $5)";
    for ImageDisk { device, disk_type, snapshot_id, size_gib } in disks {
        let values = [image_id.into(), device.into(), disk_type.into(), snapshot_id.into(), (*size_gib).into()];
        tx.execute(sql, &values)?;
    }
    Ok(())
}

/// The disks that an image makes, in order of devices: the system disk comes first.
pub fn disks_of(tx: &Tx<'_>, image_id: &str) -> Result<Vec<ImageDisk>, StoreError> {
    let sql = "SELECT device, disk_type, snapshot_id, size_gib FROM image_disks WHERE image_id = $1 ORDER BY device";
    tx.all(sql, &[image_id.into()], read_disk)
}

/// The disks that these images make: image and disk, in order of image and device.
pub fn disks_of_many(tx: &Tx<'_>, image_ids: &[String]) -> Result<Vec<(String, ImageDisk)>, StoreError> {
    let sql = "SELECT device, disk_type, snapshot_id, size_gib, image_id FROM image_disks WHERE image_id";
    let mut wanted = Condition::new(sql, &[]);
    wanted.in_list(image_ids);
    wanted.sql.push_str(" ORDER BY image_id, device");
    tx.all(&wanted.sql, &wanted.values, |row| Ok((row.text(4)?, read_disk(row)?)))
}

fn read_disk(row: &Row<'_>) -> Result<ImageDisk, StoreError> {
    Ok(ImageDisk {
        device: row.text(0)?,
        disk_type: row.text(1)?,
        snapshot_id: row.text(2)?,
        size_gib: row.integer(3)?,
    })
}

/// Whether an account has an image of that name in a region.
pub fn name_taken(tx: &Tx<'_>, account: &AccountId, region: Region, image_name: &str) -> Result<bool, StoreError> {
    let sql = "SELECT count(*) FROM images WHERE account_id = $1 AND region = $2 AND image_name = $3";
    Ok(tx.count(sql, &[account.into(), region.into(), image_name.into()])? > 0)
}

/// Whether an image is made from this snapshot.
pub fn made_from(tx: &Tx<'_>, snapshot_id: &str) -> Result<bool, StoreError> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM image_disks WHERE snapshot_id = $1 LIMIT 1)";
    Ok(tx.count(sql, &[snapshot_id.into()])? == 1)
}

/// The unfinished images that are made from this snapshot.
pub fn unfinished_from(tx: &Tx<'_>, snapshot_id: &str) -> Result<Vec<Image>, StoreError> {
    let sql = " WHERE r.status = 'Creating' AND r.image_id IN
               (SELECT i.image_id FROM image_disks i WHERE i.snapshot_id = $1)";
    record::all(tx, &Condition::new(sql, &[snapshot_id.into()]))
}

/// Whether an instance exists that was made from this image.
pub fn is_in_use(tx: &Tx<'_>, account: &AccountId, region: Region, image_id: &str) -> Result<bool, StoreError> {
    let sql = "SELECT count(*) FROM
               (SELECT 1 FROM instances WHERE account_id = $1 AND region = $2 AND image_id = $3 LIMIT 1)";
    Ok(tx.count(sql, &[account.into(), region.into(), image_id.into()])? == 1)
}

/// Which of these images, public ones too, an account has instances of in a region.
pub fn in_use_among(
    tx: &Tx<'_>,
    account: &AccountId,
    region: Region,
    image_ids: &[String],
) -> Result<HashSet<String>, StoreError> {
    let sql = "SELECT DISTINCT image_id FROM instances WHERE account_id = $1 AND region = $2";
    let mut wanted = Condition::new(sql, &[account.into(), region.into()]);
    wanted.and_in("image_id", image_ids);
    Ok(tx.all(&wanted.sql, &wanted.values, |row| row.text(0))?.into_iter().collect())
}

/// Deletes an image with its tags. Its snapshots stay.
pub fn delete(tx: &Tx<'_>, image_id: &str) -> Result<(), StoreError> {
    Image::delete(tx, image_id)?;
    tx.execute("DELETE FROM image_disks WHERE image_id = $1", &[image_id.into()])?;
    tags::clear(tx, image_id)
}

/// At most `limit` of an account's images in a region, newest first.
pub fn list(
    tx: &Tx<'_>,
    account: &AccountId,
    region: Region,
    filter: &Filter,
    start: &Start,
    limit: i64,
) -> Result<Vec<Image>, StoreError> {
    record::page(tx, condition(tx, account, region, filter)?, start, limit)
}

/// How many of an account's images in a region a filter lets through.
pub fn count(tx: &Tx<'_>, account: &AccountId, region: Region, filter: &Filter) -> Result<i64, StoreError> {
    record::count::<Image>(tx, &condition(tx, account, region, filter)?)
}

fn condition<'a>(
    tx: &Tx<'_>,
    account: &'a AccountId,
    region: Region,
    filter: &'a Filter,
) -> Result<Condition<'a>, StoreError> {
    let rare = tags::any_rare(tx, account, region, "image", &filter.tags)?;
    let named = filter.image_ids.is_some() || filter.snapshot_id.is_some();
    let mut wanted = record::owned(account, region, if rare || named { Lead::Filter } else { Lead::Owner });
    for (column, values) in
        [("r.image_id", &filter.image_ids), ("r.status", &filter.statuses), ("r.architecture", &filter.architectures)]
    {
        if let Some(values) = values {
            wanted.and_in(column, values);
        }
    }
    for (column, value) in [("r.image_family", &filter.image_family), ("r.os_type", &filter.os_type)] {
        wanted.and_equal(column, value.as_deref());
    }
    wanted.and_like("r.image_name", filter.image_name.as_deref());
    if let Some(snapshot_id) = &filter.snapshot_id {
        let name = wanted.value(snapshot_id);
        let from = " AND r.image_id IN (SELECT i.image_id FROM image_disks i WHERE i.snapshot_id = ";
        wanted.sql.extend([from, name, ")"]);
    }
    let used = "EXISTS (SELECT 1 FROM instances i
                WHERE i.account_id = r.account_id AND i.region = r.region AND i.image_id = r.image_id)";
    wanted.and_equal(used, filter.with_instance);
    wanted.and_created(filter.created_from, filter.created_until);
    wanted.and_tags("image", "r.image_id", &filter.tags, rare);
    Ok(wanted)
}
