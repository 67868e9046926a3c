//! Releasing an instance: what DeleteInstance, DeleteInstances and the release at a set time share.

use coffer_base::{ApiError, ErrorCode, Timestamp};
use coffer_store::disks::{self, Disk};
use coffer_store::instances::{self, Instance};
use coffer_store::{Record as _, Tx, images, snapshots};

use crate::context::Cx;
use crate::jobs::{self, Kind};

/// The errors of [`delete`].
pub const ERRORS: &[ErrorCode] =
    &[ErrorCode::InstanceStatusIncorrect, ErrorCode::InstanceInitializing, ErrorCode::InstanceDeletionProtected];

/// How an instance is deleted.
#[derive(Clone, Copy, Debug)]
pub struct How {
    /// Also while it is running.
    pub force: bool,
    /// Without stopping it in good order first.
    pub force_stop: bool,
}

/// Deletes the caller's instance: one that is stopped or, with force, running.
pub fn delete(cx: &mut Cx<'_>, mut instance: Instance, how: How) -> Result<(), ApiError> {
    if instance.deletion_protection {
        return Err(ErrorCode::InstanceDeletionProtected.into());
    }
    match instance.status.as_str() {
        "Stopped" => {}
        "Running" if how.force && how.force_stop => {}
        // In good order it is stopped first, and released once it is.
        "Running" if how.force => {
            "Stopping".clone_into(&mut instance.status);
            instance.auto_release_at = Some(cx.now);
            instance.update(cx.tx)?;
            cx.note("instanceId", instance.instance_id.clone());
            return jobs::soon(cx, Kind::ReleaseInstance, &instance.instance_id);
        }
        "Pending" => return Err(ErrorCode::InstanceInitializing.into()),
        _ => return Err(ErrorCode::InstanceStatusIncorrect.into()),
    }
    release(cx.tx, &instance, cx.now)?;
    jobs::withdraw(cx, Kind::ReleaseInstance, &instance.instance_id)?;
    cx.note("instanceId", instance.instance_id);
    Ok(())
}

/// Removes an instance. Disks that go with it are deleted, with their automatic snapshots where a disk says so; the others stay,
/// detached.
pub fn release(tx: &Tx<'_>, instance: &Instance, now: Timestamp) -> Result<(), ApiError> {
    for (_, mut disk) in disks::attached_to(tx, &instance.instance_id)? {
        disks::detach(tx, &disk.disk_id, &instance.instance_id)?;
        // A disk that several instances share stays with the others.
        let shared = !disks::attachments(tx, std::slice::from_ref(&disk.disk_id))?.is_empty();
        if shared {
            continue;
        }
        if disk.delete_with_instance {
            delete_disk(tx, &disk)?;
        } else {
            "Available".clone_into(&mut disk.status);
            disk.detached_at = Some(now);
            disk.update(tx)?;
        }
    }
    Ok(instances::delete(tx, &instance.instance_id)?)
}

/// Deletes a disk that is attached nowhere, with its automatic snapshots where it says so. One that an image is made from stays.
pub fn delete_disk(tx: &Tx<'_>, disk: &Disk) -> Result<(), ApiError> {
    if disk.delete_auto_snapshot {
        for snapshot in snapshots::of_disk(tx, &disk.disk_id)? {
            if snapshot.snapshot_type == "auto" && !images::made_from(tx, &snapshot.snapshot_id)? {
                snapshots::delete(tx, &snapshot.snapshot_id)?;
            }
        }
    }
    Ok(disks::delete(tx, &disk.disk_id)?)
}
