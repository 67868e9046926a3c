//! Disks on their way from one state to another.

use coffer_base::ApiError;
use coffer_store::disks::{self, Disk};
use coffer_store::{Record as _, Tx, volumes};

use super::Again;
use super::images::finish_tasks;
use crate::dispatch::Shared;

/// How long a disk that was reset waits for its new volume.
const UNMADE_MS: i64 = 200;

/// Finishes what a disk was not to be used during (ReInitDisk, ResetDisk, a change of category): it is again what its attachments
/// say, and the tasks on it are over.
pub(super) fn settle(shared: &Shared, tx: &Tx<'_>, disk_id: &str) -> Result<Again, ApiError> {
    let Some(mut disk) = Disk::get(tx, disk_id)? else {
        return finish_tasks(shared, tx, disk_id).map(|()| Again::Never);
    };
    let attached = !disks::attachments(tx, &[disk_id.to_owned()])?.is_empty();
    if matches!(disk.status.as_str(), "ReIniting" | "Creating") {
        if volumes::of(tx, &disk)?.is_some_and(|volume| !volume.is_made) {
            return Ok(Again::AfterMs(UNMADE_MS));
        }
        if attached { "In_use" } else { "Available" }.clone_into(&mut disk.status);
        disk.update(tx)?;
    }
    finish_tasks(shared, tx, disk_id).map(|()| Again::Never)
}
