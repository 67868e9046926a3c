//! The bytes of disks while a server runs: snapshots that it makes for the backup, as it makes any, and deletes again afterwards.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use coffer_base::Region;
use coffer_cloud::Product;
use coffer_store::disks::Disk;
use coffer_store::volumes::{self, Volume};
use coffer_store::{Db, Record as _, StoreError, Tx};
use serde_json::{Value, json};

use super::archive::Held;
use crate::cli::{self, Connection, Failure, Reason, Session, chain};

const NAME: &str = "coffer-backup";

/// Whether, and by which server.
#[derive(Args)]
pub(super) struct Disks {
    /// Also hold the bytes of disks while a server runs: of snapshots that it makes for this, for whom it is asked
    #[arg(long = "with-disks")]
    are_held: bool,
    /// Leave these snapshots in place; they are deleted otherwise
    #[arg(long, requires = "are_held")]
    keep_snapshots: bool,
    /// How long to wait for each
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400, requires = "are_held")]
    timeout: u32,
    #[command(flatten)]
    connection: Connection,
}

/// The snapshots of a backup that is made.
pub(super) struct Snapshots {
    session: Session,
    made: Vec<(Region, Held)>,
    /// Of disks that were never written to: what they were made from.
    unwritten: Vec<Held>,
    /// The disks that none could be made of, and why.
    missing: Vec<(String, String)>,
}

impl Disks {
    /// Has a snapshot made of each disk that has bytes; waits until all are complete. `None` if that was not asked for.
    pub(super) fn snapshots(&self, data: &Path, listen: SocketAddr) -> Result<Option<Snapshots>, Failure> {
        if !self.are_held {
            return Ok(None);
        }
        let failed = |error: StoreError| Failure::machine(data.display(), chain(&error));
        let disks = Db::peek(data, with_bytes).map_err(failed)?;
        let session = self.connection.or_to(listen).open()?;
        let mut snapshots = Snapshots { session, made: Vec::new(), unwritten: Vec::new(), missing: Vec::new() };
        let patience = Duration::from_secs(self.timeout.into());
        if let Err(failure) = snapshots.begin(disks).and_then(|()| snapshots.wait(patience)) {
            if let Err(left) = snapshots.delete() {
                left.tell();
            }
            return Err(failure);
        }
        Ok(Some(snapshots))
    }

    /// Deletes them again, unless they are to stay.
    pub(super) fn end(&self, snapshots: Option<&mut Snapshots>) -> Result<(), Failure> {
        snapshots.filter(|_| !self.keep_snapshots).map_or(Ok(()), Snapshots::delete)
    }
}

impl Snapshots {
    /// Has one made of each disk, one right after the other. What the server refuses is missing.
    fn begin(&mut self, disks: Vec<(Disk, Volume)>) -> Result<(), Failure> {
        let caller = self.session.call(Product::Sts, "GetCallerIdentity", &[])?;
        for (disk, Volume { volume_id, .. }) in disks {
            if disk.attached_at.is_none() {
                self.unwritten.push(Held { volume_id, snapshot_id: disk.source_snapshot_id });
                continue;
            }
            if caller["AccountId"] != disk.account.as_str() {
                self.missing.push((disk.disk_id, format!("it is of the account {}", disk.account)));
                continue;
            }
            let parameters = [("DiskId", &*disk.disk_id), ("SnapshotName", NAME)];
            match self.session.call(Product::Ecs, "CreateSnapshot", &parameters) {
                Ok(answer) => {
                    let snapshot_id = answer["SnapshotId"].as_str().unwrap_or_default().to_owned();
                    self.made.push((disk.region, Held { volume_id, snapshot_id }));
                }
                Err(failure) if failure.reason() == Reason::Refused => {
                    self.missing.push((disk.disk_id, failure.what().to_owned()));
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    fn wait(&mut self, patience: Duration) -> Result<(), Failure> {
        for (region, held) in &self.made {
            self.session.region = *region;
            cli::snapshot_complete(&mut self.session, &held.snapshot_id, patience)?;
        }
        Ok(())
    }

    /// All that can be; the first failure.
    fn delete(&mut self) -> Result<(), Failure> {
        let mut outcome = Ok(());
        for (_, held) in &self.made {
            let deleted = self.session.call(Product::Ecs, "DeleteSnapshot", &[("SnapshotId", &held.snapshot_id)]);
            outcome = outcome.and(deleted.map(drop));
        }
        outcome
    }

    /// What the manifest says of them, given which snapshots the backup's database has. That it has none of those that were just made
    /// means that another server was asked.
    pub(super) fn held(&self, kept: &[volumes::Manifest]) -> Result<Vec<Held>, Failure> {
        let is_kept = |held: &Held| kept.iter().any(|manifest| manifest.snapshot_id == held.snapshot_id);
        if let Some((_, other)) = self.made.iter().find(|(_, held)| !is_kept(held)) {
            let what = format!("the snapshot {} is not in the data directory", other.snapshot_id);
            return Err(Failure::new(Reason::Configuration, what).next(
                "say with --endpoint where the server of this data directory is; does somebody delete snapshots?",
            ));
        }
        let made = self.made.iter().map(|(_, held)| held.clone());
        let unwritten = self.unwritten.iter().filter(|held| held.snapshot_id.is_empty() || is_kept(held)).cloned();
        Ok(made.chain(unwritten).collect())
    }

    /// For scripts: the disks whose bytes are not in the backup.
    pub(super) fn missing(&self) -> Vec<Value> {
        self.missing.iter().map(|(disk_id, why)| json!({"DiskId": disk_id, "Reason": why})).collect()
    }

    /// That all could be made.
    pub(super) fn require_all(&self) -> Result<(), Failure> {
        let disks: Vec<String> = self.missing.iter().map(|(disk_id, why)| format!("{disk_id}: {why}")).collect();
        if disks.is_empty() {
            return Ok(());
        }
        let what = format!("the backup is written, but has no bytes of {} disks: {}", disks.len(), disks.join("; "));
        Err(Failure::new(Reason::Found, what).next("mend that and make another backup"))
    }
}

/// Every disk whose volume was made and is in this store, and the volume.
fn with_bytes(tx: &Tx<'_>) -> Result<Vec<(Disk, Volume)>, StoreError> {
    let mut found = Vec::new();
    for volume in volumes::all(tx)?.into_iter().filter(|volume| volume.is_made) {
        let disk = Disk::get(tx, &volume.disk_id)?.filter(|disk| volumes::id_of(disk) == volume.volume_id);
        if let Some(disk) = disk
            && !volumes::is_lost(tx, &disk)?
        {
            found.push((disk, volume));
        }
    }
    Ok(found)
}
