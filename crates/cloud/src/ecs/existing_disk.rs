//! Disks that exist: what they are attached to, and what keeps them from being changed. What the operations on disks share.

use coffer_base::{ApiError, ErrorCode, Timestamp};
use coffer_store::disks::{self, Disk};
use coffer_store::instances::Instance;
use coffer_store::snapshots::{self, Snapshot};
use coffer_store::{Record as _, Tx, images, tasks, volumes};

use super::{owned, snapshot_removal, volume};
use crate::context::Cx;

/// The device of an instance's system disk.
pub const SYSTEM_DEVICE: &str = "/dev/xvda";

/// The caller's disk of that id.
pub fn find(cx: &Cx<'_>, disk_id: &str) -> Result<Disk, ApiError> {
    Ok(owned::find(cx, disk_id)?.ok_or(ErrorCode::DiskNotFound)?)
}

/// Whether nothing is being done to the bytes of a disk: it is `Available` or `In_use`.
pub fn is_ready(disk: &Disk) -> bool {
    matches!(disk.status.as_str(), "Available" | "In_use")
}

/// Refuses a disk whose bytes are not in this store: there are no others to be given in their place.
pub fn require_bytes(cx: &Cx<'_>, disk: &Disk) -> Result<(), ApiError> {
    if volumes::is_lost(cx.tx, disk)? { Err(ErrorCode::DiskNotInBackup.into()) } else { Ok(()) }
}

/// Whether several instances may attach it.
pub fn is_multi_attach(disk: &Disk) -> bool {
    disk.multi_attach == "Enabled"
}

/// Whether it is an elastic ephemeral disk, which stays with its instance.
pub fn is_ephemeral(disk: &Disk) -> bool {
    disk.category.starts_with("elastic_ephemeral_disk")
}

/// Refuses a `DeleteWithInstance` that a disk can't have: a shared one has none, an ephemeral one always goes with its instance.
pub fn require_setting(disk: &Disk, delete_with_instance: Option<bool>) -> Result<(), ApiError> {
    if is_multi_attach(disk) && delete_with_instance.is_some() {
        return Err(ErrorCode::MultiAttachDeleteWithInstance.into());
    }
    if is_ephemeral(disk) && delete_with_instance != Some(true) {
        return Err(ErrorCode::EphemeralDeleteWithInstance.into());
    }
    Ok(())
}

/// The instances that a disk is attached to.
pub fn instances(cx: &Cx<'_>, disk: &Disk) -> Result<Vec<Instance>, ApiError> {
    let attached = disks::attachments(cx.tx, std::slice::from_ref(&disk.disk_id))?;
    let instance = |attachment: disks::Attachment| -> Result<Instance, ApiError> {
        let instance = Instance::get(cx.tx, &attachment.instance_id)?;
        instance.ok_or_else(|| ApiError::internal("an attachment without its instance"))
    };
    attached.into_iter().map(instance).collect()
}

/// Refuses with `otherwise` unless every instance that a disk is attached to is in one of `statuses`.
pub fn require_instances(cx: &Cx<'_>, disk: &Disk, statuses: &[&str], otherwise: ErrorCode) -> Result<(), ApiError> {
    let all = instances(cx, disk)?.iter().all(|instance| statuses.contains(&instance.status.as_str()));
    if all { Ok(()) } else { Err(otherwise.into()) }
}

/// Refuses with `otherwise` while a snapshot of a disk is being made. Copies of its snapshots don't touch the disk.
pub fn require_no_snapshot_in_progress(cx: &Cx<'_>, disk: &Disk, otherwise: ErrorCode) -> Result<(), ApiError> {
    let in_progress = |snapshot: &Snapshot| snapshot.status == "progressing" && snapshot.source_snapshot_id.is_empty();
    if own_snapshots(cx.tx, disk)?.iter().any(in_progress) { Err(otherwise.into()) } else { Ok(()) }
}

/// Whether the category of a disk is being changed.
pub fn is_changing(cx: &Cx<'_>, disk: &Disk) -> Result<bool, ApiError> {
    Ok(!tasks::unfinished(cx.tx, &disk.disk_id)?.is_empty())
}

/// Deletes a disk that is attached to nothing. Its automatic snapshots go with it where it says so, except those that an image is
/// made from; others stay.
pub fn release(tx: &Tx<'_>, disk: &Disk, now: Timestamp) -> Result<(), ApiError> {
    if disk.delete_auto_snapshot {
        for snapshot in own_snapshots(tx, disk)? {
            if snapshot.snapshot_type == "auto" && !images::made_from(tx, &snapshot.snapshot_id)? {
                snapshot_removal::remove(tx, &snapshot, now)?;
            }
        }
    }
    volume::abandon(tx, disk, now)?;
    Ok(disks::delete(tx, &disk.disk_id)?)
}

fn own_snapshots(tx: &Tx<'_>, disk: &Disk) -> Result<Vec<Snapshot>, ApiError> {
    let mut snapshots = snapshots::of_disk(tx, &disk.disk_id)?;
    snapshots.retain(|snapshot| snapshot.account == disk.account);
    Ok(snapshots)
}
