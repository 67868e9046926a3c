//! Copies of snapshots: the same bytes, sealed anew under the copy's own key, in a chain of their own.

use coffer_base::ApiError;
use coffer_block::host::Uploaded;
use coffer_store::snapshots::Snapshot;
use coffer_store::volumes::Manifest;
use coffer_store::{Record as _, Tx};

use super::keys;
use crate::dispatch::Cloud;

impl Cloud {
    /// Copies the bytes of a snapshot's source.
    pub(super) fn copy(&self, snapshot: &Snapshot, manifest: &Manifest) -> Result<Uploaded, ApiError> {
        let find = |tx: &Tx<'_>| -> Result<_, ApiError> { Ok(Manifest::get(tx, &snapshot.source_snapshot_id)?) };
        let source = self.0.db.read(find)?;
        let source = source.ok_or_else(|| ApiError::internal("a copy of a snapshot whose manifest is gone"))?;
        let owned = manifest.clone();
        let (from, key) = self.open_keys(snapshot.account.clone(), move |cx| {
            Ok((keys::source(cx, &source)?, keys::of_manifest(cx, &owned)?))
        })?;
        let progress = self.progress(&snapshot.snapshot_id);
        self.0.volumes.host.copy_snapshot(from, &manifest.chain, key, &progress).map_err(ApiError::internal)
    }
}
