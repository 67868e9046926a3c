//! The snapshots whose manifest and objects must be there: those that the database has as complete.

use std::path::Path;

use coffer_block::snapshot::{Chain, ManifestRef};
use coffer_crypto::digest;
use coffer_store::{Db, StoreError, volumes};

/// A snapshot, and what its manifest is held to be.
pub(crate) struct Expected {
    pub(crate) snapshot_id: String,
    pub(crate) at: ManifestRef,
}

/// Every one of a data directory.
pub(crate) fn expected(data: &Path) -> Result<Vec<Expected>, StoreError> {
    Db::peek(data, volumes::kept)?.into_iter().map(of_row).collect()
}

fn of_row(row: volumes::Manifest) -> Result<Expected, StoreError> {
    let root = digest::from_hex(&row.root).and_then(|root| root.try_into().ok());
    let sequence = u64::try_from(row.sequence).ok();
    let (root, sequence) = root.zip(sequence).ok_or(StoreError::Corrupt("manifest"))?;
    let chain = Chain::new(&row.chain).map_err(|_| StoreError::Corrupt("manifest"))?;
    Ok(Expected { snapshot_id: row.snapshot_id, at: ManifestRef { chain, sequence, root } })
}
