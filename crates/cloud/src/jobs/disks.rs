//! Disks on their way from one state to another.

use coffer_base::ApiError;
use coffer_store::disks::{self, Disk};
use coffer_store::{Record as _, Tx};

use super::images::finish_tasks;
use crate::dispatch::Shared;

/// Finishes what a disk was not to be used during (ReInitDisk, ResetDisk, a change of category): it is again what its attachments
/// say, and the tasks on it are over.
pub(super) fn settle(shared: &Shared, tx: &Tx<'_>, disk_id: &str) -> Result<(), ApiError> {
    let Some(mut disk) = Disk::get(tx, disk_id)? else { return finish_tasks(shared, tx, disk_id) };
    let attached = !disks::attachments(tx, &[disk_id.to_owned()])?.is_empty();
    if matches!(disk.status.as_str(), "ReIniting" | "Creating") {
        if attached { "In_use" } else { "Available" }.clone_into(&mut disk.status);
        disk.update(tx)?;
    }
    finish_tasks(shared, tx, disk_id)
}
