//! Looking into the database of a server that runs, reading only: for the demo's proofs.

use std::path::Path;

use coffer_store::disks::Disk;
use coffer_store::{Db, Record as _};

use crate::serve::Error;

/// A disk's wrapped data key, and the account that owns the disk.
pub(crate) fn wrapped_data_key(data: &Path, disk_id: &str) -> Result<(String, String), Error> {
    let disk = Db::peek(data, |tx| Disk::get(tx, disk_id))?.ok_or("the disk is not in the database")?;
    Ok((disk.wrapped_data_key.ok_or("the disk has no wrapped data key")?, disk.account.to_string()))
}
