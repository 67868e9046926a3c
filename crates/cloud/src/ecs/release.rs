//! Releasing an instance: what DeleteInstance, DeleteInstances and the release at a set time share.

use coffer_base::{ApiError, ErrorCode, Timestamp};
use coffer_store::instances::{self, Instance};
use coffer_store::{Record as _, Tx, disks};

use super::{existing_disk, volume};
use crate::context::Cx;
use crate::job::{self, Kind};

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
            return job::soon(cx, Kind::ReleaseInstance, &instance.instance_id);
        }
        "Pending" => return Err(ErrorCode::InstanceInitializing.into()),
        _ => return Err(ErrorCode::InstanceStatusIncorrect.into()),
    }
    let attached = disks::attached_to(cx.tx, &instance.instance_id)?;
    release(cx.tx, &instance, cx.now)?;
    for (_, disk) in attached {
        volume::sync(cx, &disk.disk_id)?;
    }
    job::withdraw(cx.tx, Kind::ReleaseInstance, &instance.instance_id)?;
    cx.note("instanceId", instance.instance_id);
    Ok(())
}

/// Removes an instance. Disks that go with it are deleted, also those that were taken off it and are attached nowhere now; the others
/// stay, detached.
pub fn release(tx: &Tx<'_>, instance: &Instance, now: Timestamp) -> Result<(), ApiError> {
    for (_, mut disk) in disks::attached_to(tx, &instance.instance_id)? {
        disks::detach(tx, &disk.disk_id, &instance.instance_id)?;
        job::follow(tx, Kind::SyncDisk, &disk.disk_id, now)?;
        // A disk that several instances share stays with the others.
        let shared = !disks::attachments(tx, std::slice::from_ref(&disk.disk_id))?.is_empty();
        if shared {
            continue;
        }
        "Available".clone_into(&mut disk.status);
        disk.detached_at = Some(now);
        disk.last_instance_id.clone_from(&instance.instance_id);
        disk.update(tx)?;
    }
    for disk in disks::taken_off(tx, &instance.instance_id)? {
        if disk.delete_with_instance {
            existing_disk::release(tx, &disk, now)?;
        }
    }
    Ok(instances::delete(tx, &instance.instance_id)?)
}
