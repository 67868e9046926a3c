//! Whether requests can be served: tried out, not supposed.

use coffer_store::{StoreError, Tx, accounts};

use crate::dispatch::Cloud;

/// The fact that is written to see whether writing works.
const WRITTEN: &str = "readiness-written-at";

/// What keeps requests from being served.
#[derive(Debug, thiserror::Error)]
pub enum Unready {
    /// Nothing can be written.
    #[error("the database can't be written")]
    Writer(#[source] StoreError),
    /// What is sealed can't be opened.
    #[error("the root key does not open what is sealed in the database")]
    Root,
    /// Volumes can't be reached.
    #[error("the directory of volumes can't be reached")]
    Volumes(#[source] coffer_block::host::HostError),
}

impl Cloud {
    /// Writes to the database and waits until that is durable, opens every sealing key, looks at the directory of volumes. A volume that
    /// may not be written to any more is for the metrics: it concerns one disk.
    pub async fn ready(&self) -> Result<(), Unready> {
        let now = self.0.clock.now().to_iso8601();
        let write = move |tx: &Tx<'_>| accounts::set_fact(tx, WRITTEN, &now);
        self.0.db.write(write).await.map_err(Unready::Writer)?;
        let keys = self.0.db.read(accounts::sealing_keys).map_err(Unready::Writer)?;
        if !self.0.keyring.fits(&keys) {
            return Err(Unready::Root);
        }
        self.0.volumes.host.health().map(drop).map_err(Unready::Volumes)
    }
}
