//! Images on their way to being available, and the tasks that show it.

use coffer_base::ApiError;
use coffer_store::images::{self, Image};
use coffer_store::snapshots::Snapshot;
use coffer_store::{Record as _, Tx, tasks};

use super::Again;
use crate::dispatch::Shared;
use crate::event::{self, Deed};

/// How long an image waits for its snapshots.
const UNFINISHED_MS: i64 = 200;

/// Finishes an image whose snapshots are all complete, with the tasks on it; it fails when one of them did, or is gone.
pub(super) fn complete(shared: &Shared, tx: &Tx<'_>, image_id: &str) -> Result<Again, ApiError> {
    let Some(mut image) = Image::get(tx, image_id)? else { return Ok(Again::Never) };
    if image.status != "Creating" {
        return Ok(Again::Never);
    }
    let mut outcome = ("Available", "Finished");
    for disk in images::disks_of(tx, image_id)?.into_iter().filter(|disk| !disk.snapshot_id.is_empty()) {
        match Snapshot::get(tx, &disk.snapshot_id)?.as_ref().map(|snapshot| snapshot.status.as_str()) {
            Some("progressing") => return Ok(Again::AfterMs(UNFINISHED_MS)),
            Some("accomplished") => {}
            _ => outcome = ("CreateFailed", "Failed"),
        }
    }
    let (image_status, task_status) = outcome;
    image_status.clone_into(&mut image.status);
    image.progress = if image_status == "Available" { 100 } else { image.progress };
    image.update(tx)?;
    let kind = if image_status == "Available" { "ImageCompleted" } else { "ImageFailed" };
    let (at, account, region, resource) = (shared.clock.now(), &image.account, image.region, ("image", image_id));
    event::of_deed(tx, &Deed { at, account, kind, region, resource, notes: &[] })?;
    end_tasks(shared, tx, image_id, task_status)?;
    Ok(Again::Never)
}

/// Marks the tasks on a resource as finished.
pub(super) fn finish_tasks(shared: &Shared, tx: &Tx<'_>, resource_id: &str) -> Result<(), ApiError> {
    end_tasks(shared, tx, resource_id, "Finished")
}

fn end_tasks(shared: &Shared, tx: &Tx<'_>, resource_id: &str, status: &str) -> Result<(), ApiError> {
    for mut task in tasks::unfinished(tx, resource_id)? {
        status.clone_into(&mut task.status);
        task.progress = if status == "Finished" { 100 } else { task.progress };
        task.finished_at = Some(shared.clock.now());
        task.update(tx)?;
    }
    Ok(())
}
