//! Disks whose bytes are not in the backup that this store was restored from, but in a snapshot that was made for it: each gets a new
//! volume, a clone of that snapshot, as soon as its keys open.

use coffer_base::{ApiError, Arn};
use coffer_store::disks::Disk;
use coffer_store::volumes::{self, Manifest};
use coffer_store::{Record as _, Tx};

use super::disk_of;
use crate::audit::{self, Deed};
use crate::context::Cx;
use crate::dispatch::{Cloud, Shared};
use crate::ecs::disk_key::Wording;
use crate::ecs::volume;

impl Cloud {
    /// Tries it with each such disk; those whose keys do not open at this moment are tried again when this is called next. What
    /// keeps one is said once, at the start.
    pub(super) fn revive_disks(&self, is_start: bool) -> Result<(), ApiError> {
        for (volume_id, snapshot_id) in self.0.db.read(|tx| volumes::to_be_cloned(tx).map_err(ApiError::from))? {
            let shared = std::sync::Arc::clone(&self.0);
            let owned = (volume_id.clone(), snapshot_id.clone());
            match self.0.db.write(move |tx| revive(&shared, tx, &owned.0, &owned.1)).wait() {
                Ok(true) => tracing::info!(volume_id, snapshot_id, "a disk is what its snapshot in the backup holds"),
                Ok(false) => tracing::warn!(volume_id, snapshot_id, "the snapshot that a disk was to be is gone"),
                Err(error) if is_start => {
                    let cause = error.source().map(tracing::field::display);
                    tracing::warn!(volume_id, snapshot_id, code = %error.code_text(), cause, "a disk waits for its key");
                }
                Err(_) => {}
            }
        }
        Ok(())
    }
}

/// Gives the disk its new volume. `false`: there is no such disk any more, or not that snapshot.
fn revive(shared: &Shared, tx: &Tx<'_>, volume_id: &str, snapshot_id: &str) -> Result<bool, ApiError> {
    // Whatever becomes of it, it is over.
    volumes::mark_lost(tx, volume_id)?;
    let disk = Disk::get(tx, disk_of(volume_id))?.filter(|disk| volumes::id_of(disk) == volume_id);
    let is_kept = |manifest: Manifest| manifest.state == "kept" && !manifest.is_deleted;
    let is_there = snapshot_id.is_empty() || Manifest::get(tx, snapshot_id)?.is_some_and(is_kept);
    let Some(mut disk) = disk.filter(|_| is_there) else { return Ok(false) };
    let account = disk.account.clone();
    shared.as_service(tx, &account, |cx| clone(cx, &mut disk, snapshot_id))?;
    Ok(true)
}

/// What ResetDisk does, by ECS itself and whatever the disk's instances do: nobody has written to it.
fn clone(cx: &mut Cx<'_>, disk: &mut Disk, snapshot_id: &str) -> Result<(), ApiError> {
    volume::replace(cx, disk, snapshot_id, &Wording::RESET)?;
    disk.update(cx.tx)?;
    cx.note("snapshotId", snapshot_id.to_owned());
    let (account, notes) = (cx.account().clone(), std::mem::take(&mut cx.notes));
    let resource = &Arn::ecs(disk.region, &account, &format!("disk/{}", disk.disk_id));
    let (service, action) = ("ecs.aliyuncs.com", "ecs:ResetDisk");
    audit::record_deed(cx.tx, &Deed { at: cx.now, account: &account, service, action, resource, notes: &notes })
}
