//! Images on their way to being available, and the tasks that show it.

use coffer_base::ApiError;
use coffer_store::images::{self, Image};
use coffer_store::snapshots::Snapshot;
use coffer_store::{Record as _, Tx, tasks};

use crate::dispatch::Shared;

/// Finishes an image whose snapshots are all complete, with the tasks on it. `false`: they are not yet, so it is to be tried again.
pub(super) fn complete(shared: &Shared, tx: &Tx<'_>, image_id: &str) -> Result<bool, ApiError> {
    let Some(mut image) = Image::get(tx, image_id)? else { return Ok(true) };
    for disk in images::disks_of(tx, image_id)? {
        let snapshot = Snapshot::get(tx, &disk.snapshot_id)?;
        if snapshot.is_some_and(|snapshot| snapshot.status == "progressing") {
            return Ok(false);
        }
    }
    "Available".clone_into(&mut image.status);
    image.progress = 100;
    image.update(tx)?;
    finish_tasks(shared, tx, image_id)?;
    Ok(true)
}

/// Marks the tasks on a resource as finished.
pub(super) fn finish_tasks(shared: &Shared, tx: &Tx<'_>, resource_id: &str) -> Result<(), ApiError> {
    for mut task in tasks::unfinished(tx, resource_id)? {
        "Finished".clone_into(&mut task.status);
        task.progress = 100;
        task.finished_at = Some(shared.clock.now());
        task.update(tx)?;
    }
    Ok(())
}
