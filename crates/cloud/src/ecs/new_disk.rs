//! Making a disk: what CreateDisk and the operations that make instances share. Every disk is born here, so that none escapes the
//! account's default.

use coffer_base::{ApiError, ErrorCode, Region, ids};
use coffer_store::Record as _;
use coffer_store::disks::Disk;
use coffer_store::snapshots::{self, Snapshot};
use coffer_store::tags::{self, Resource, Tag};

use super::data_key::{self, Binding};
use super::disk_types::{Category, Level};
use super::encryption::{self, Making, Wish};
use super::{quota, volume};
use crate::context::Cx;

/// What a new disk is to be: valid in itself, but for its encryption.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "a disk has the settings that the vendor's disk has")]
pub struct NewDisk<'a> {
    /// Where.
    pub region: Region,
    /// The zone; empty for a regional disk.
    pub zone_id: String,
    /// Its name.
    pub disk_name: String,
    /// Its description.
    pub description: String,
    /// Its category.
    pub category: Category,
    /// An ESSD's level.
    pub level: Option<Level>,
    /// Its size.
    pub size_gib: i64,
    /// What the request says about encryption.
    pub wish: Wish,
    /// Whether it is a system disk.
    pub is_system: bool,
    /// Whether its instance is made with it.
    pub of_new_instance: bool,
    /// The snapshot it is made from.
    pub snapshot: Option<&'a Snapshot>,
    /// The image it is made from; empty for other disks.
    pub image_id: String,
    /// IOPS beyond the baseline.
    pub provisioned_iops: Option<i64>,
    /// Whether it may exceed its baseline for a while.
    pub bursting_enabled: bool,
    /// Whether several instances may attach it.
    pub multi_attach: bool,
    /// Whether it goes with its instance.
    pub delete_with_instance: bool,
    /// Its tags.
    pub tags: &'a [Tag],
}

/// Makes the disk, with a data key of its own where it is encrypted. It is `Available`.
pub fn make(cx: &mut Cx<'_>, new: NewDisk<'_>) -> Result<Disk, ApiError> {
    let instance_zone_id = new.of_new_instance.then_some(&*new.zone_id);
    let making = Making { category: new.category, is_system: new.is_system, snapshot: new.snapshot, instance_zone_id };
    let key = encryption::key_for(cx, new.region, &new.wish, &making)?;
    let (account, disk_id) = (cx.account().clone(), ids::ecs_id("d", new.region, cx.rng));
    let binding = Binding::disk(&account, new.region, &disk_id);
    let wrapped_data_key = key.as_ref().map(|key| data_key::create(cx, key, binding)).transpose()?;
    let disk = Disk {
        disk_id,
        account,
        region: new.region,
        zone_id: new.zone_id,
        disk_name: new.disk_name,
        description: new.description,
        category: new.category.as_str().to_owned(),
        performance_level: new.level.map_or("", Level::as_str).to_owned(),
        size_gib: new.size_gib,
        status: "Available".to_owned(),
        disk_type: if new.is_system { "system" } else { "data" }.to_owned(),
        kms_key_id: key.map(|key| key.key_id),
        wrapped_data_key,
        provisioned_iops: new.provisioned_iops,
        bursting_enabled: new.bursting_enabled,
        multi_attach: if new.multi_attach { "Enabled" } else { "Disabled" }.to_owned(),
        delete_with_instance: new.delete_with_instance,
        // As Terraform has it, which would find a difference in every new disk otherwise.
        delete_auto_snapshot: false,
        enable_auto_snapshot: true,
        source_snapshot_id: new.snapshot.map(|snapshot| snapshot.snapshot_id.clone()).unwrap_or_default(),
        image_id: new.image_id,
        attached_at: None,
        detached_at: None,
        last_instance_id: String::new(),
        volume_number: 1,
        rewrapped_at: None,
        reencrypted_at: None,
        created_at: cx.now,
    };
    disk.insert(cx.tx)?;
    quota::require_disks(cx, disk.region)?;
    volume::begin(cx, &disk, &disk.source_snapshot_id)?;
    let on =
        Resource { account: &disk.account, region: disk.region, resource_type: "disk", resource_id: &disk.disk_id };
    for tag in new.tags {
        tags::set(cx.tx, on, tag)?;
    }
    cx.note("diskId", disk.disk_id.clone());
    Ok(disk)
}

/// The level of a new disk: only ESSDs have one, `PL1` unless another is asked for.
pub fn level(category: Category, asked: Option<Level>) -> Result<Option<Level>, ApiError> {
    match (category, asked) {
        (Category::Essd, level) => Ok(Some(level.unwrap_or(Level::Pl1))),
        (_, None) => Ok(None),
        (_, Some(_)) => Err(ErrorCode::PerformanceLevelMalformed.into()),
    }
}

/// What a request asks of a disk's performance beyond its category's baseline.
#[derive(Clone, Copy, Debug, Default)]
pub struct Performance {
    /// `ProvisionedIops`.
    pub provisioned_iops: Option<i64>,
    /// `BurstingEnabled`.
    pub bursting: Option<bool>,
}

/// Refuses what a category, or a size, does not allow: both are for ESSD AutoPL disks.
pub fn check_performance(
    category: Category,
    level: Option<Level>,
    size_gib: i64,
    asked: Performance,
) -> Result<(), ApiError> {
    if let Some(iops) = asked.provisioned_iops {
        if category != Category::Auto {
            return Err(ErrorCode::ProvisionedIopsUnsupported.into());
        }
        let most = (1000 * size_gib - category.iops(level, size_gib)).clamp(0, 50_000);
        if !(0..=most).contains(&iops) {
            return Err(ErrorCode::ProvisionedIopsLimit.into());
        }
    }
    if asked.bursting == Some(true) {
        if category != Category::Auto {
            return Err(ErrorCode::BurstingUnsupported.into());
        }
        if size_gib <= 3 {
            return Err(ErrorCode::BurstingTooSmall.into());
        }
    }
    Ok(())
}

/// The errors of [`check_performance`], [`data_disk_size`], [`level`] and [`source`].
pub const ERRORS: [ErrorCode; 12] = [
    ErrorCode::ProvisionedIopsUnsupported,
    ErrorCode::ProvisionedIopsLimit,
    ErrorCode::BurstingUnsupported,
    ErrorCode::BurstingTooSmall,
    ErrorCode::DiskSizeNotSupported,
    ErrorCode::DiskSizeBeyondRange,
    ErrorCode::PerformanceLevelMalformed,
    ErrorCode::PerformanceLevelNotMatch,
    ErrorCode::DiskSourceMissing,
    ErrorCode::DiskSmallerThanSnapshot,
    ErrorCode::SnapshotNotReady,
    ErrorCode::SnapshotOfSystemDisk,
];

/// The size of a new data disk, in GiB: what was asked for, else the snapshot's.
pub fn data_disk_size(
    category: Category,
    level: Option<Level>,
    asked_gib: Option<i64>,
    snapshot: Option<&Snapshot>,
) -> Result<i64, ApiError> {
    let least_gib = snapshot.map(|snapshot| snapshot.source_disk_size_gib);
    let size_gib = asked_gib.or(least_gib).ok_or(ErrorCode::DiskSourceMissing)?;
    if least_gib.is_some_and(|least_gib| size_gib < least_gib) {
        return Err(ErrorCode::DiskSmallerThanSnapshot.into());
    }
    if category.sizes_gib(level).contains(&size_gib) {
        return Ok(size_gib);
    }
    // A size that some level of the category has, but not this one, is a mismatch of the two.
    let fits_another = category == Category::Essd && category.sizes_gib(Some(Level::Pl0)).contains(&size_gib);
    if fits_another {
        return Err(ErrorCode::PerformanceLevelNotMatch.into());
    }
    Err(if size_gib <= 0 { ErrorCode::DiskSizeNotSupported } else { ErrorCode::DiskSizeBeyondRange }.into())
}

/// The snapshot that a new data disk is made from: the caller's own or shared with the caller, in the region, complete, and not of a
/// system disk. `absent` is how the operation says that there is none.
pub fn source(cx: &Cx<'_>, region: Region, snapshot_id: &str, absent: ErrorCode) -> Result<Snapshot, ApiError> {
    let snapshot = readable(cx, region, snapshot_id)?.ok_or(absent)?;
    if snapshot.status != "accomplished" {
        return Err(ErrorCode::SnapshotNotReady.into());
    }
    if snapshot.source_disk_type == "system" {
        return Err(ErrorCode::SnapshotOfSystemDisk.into());
    }
    Ok(snapshot)
}

/// The snapshot of that id in a region, if it is the caller's own or shared with the caller.
pub fn readable(cx: &Cx<'_>, region: Region, snapshot_id: &str) -> Result<Option<Snapshot>, ApiError> {
    let Some(snapshot) = Snapshot::get(cx.tx, snapshot_id)?.filter(|snapshot| snapshot.region == region) else {
        return Ok(None);
    };
    let readable = snapshot.account == *cx.account() || snapshots::is_shared_with(cx.tx, snapshot_id, cx.account())?;
    Ok(readable.then_some(snapshot))
}
