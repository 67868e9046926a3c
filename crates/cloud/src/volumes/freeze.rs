//! The moment of a snapshot: the volumes that snapshots are made of together are frozen, all at once.

use coffer_base::ApiError;
use coffer_block::host::Freeze;
use coffer_store::disks::Disk;
use coffer_store::snapshots::Snapshot;
use coffer_store::volumes::{self, Manifest, Volume};
use coffer_store::{Record as _, Tx};

use super::keys::sequence;
use super::upload::fail;
use super::work::Outcome;
use crate::dispatch::Cloud;
use crate::job::{self, Kind};

/// What is to be frozen for a snapshot.
struct Part {
    manifest: Manifest,
    volume: Option<Volume>,
    disk: Option<Disk>,
}

/// Those of the snapshots that are still to be frozen for.
fn parts(tx: &Tx<'_>, subject: &str) -> Result<Vec<Part>, ApiError> {
    let mut parts = Vec::new();
    for snapshot_id in subject.split(',') {
        let Some(manifest) = Manifest::get(tx, snapshot_id)? else { continue };
        if manifest.state != "reserved" || manifest.is_deleted {
            continue;
        }
        let volume = Volume::get(tx, &manifest.volume_id)?;
        let disk = match &volume {
            Some(volume) => Disk::get(tx, &volume.disk_id)?,
            None => None,
        };
        parts.push(Part { manifest, volume, disk });
    }
    Ok(parts)
}

impl Cloud {
    /// Freezes what the snapshots of `subject` are made of. They fail together when that can't be done: whoever asked for them is answered
    /// now, and a later moment is not the one that was asked for.
    pub(super) fn freeze(&self, subject: &str) -> Outcome {
        self.freeze_all(subject).unwrap_or_else(|error| {
            let cause = error.source().map(tracing::field::display);
            tracing::error!(subject, code = %error.code_text(), cause, "snapshots failed: their disks can't be frozen");
            let subject = subject.to_owned();
            Outcome::done(None, move |shared, tx| {
                subject.split(',').try_for_each(|snapshot_id| fail(tx, snapshot_id, shared.clock.now()))
            })
        })
    }

    fn freeze_all(&self, subject: &str) -> Result<Outcome, ApiError> {
        let mut names: Vec<String> = self.0.db.read(|tx| parts(tx, subject))?.iter().map(disk_id).collect();
        names.sort_unstable();
        names.dedup();
        let held = self.0.volumes.locks.hold(&names);
        let parts = self.0.db.read(|tx| parts(tx, subject))?;
        let mut made = Vec::new();
        for part in &parts {
            if let Some(disk) = part.disk.as_ref().filter(|disk| volumes::id_of(disk) == part.manifest.volume_id) {
                made.push(self.make(disk, part.volume.as_ref())?.0);
            }
        }
        for part in &parts {
            self.thaw_what_is_over(&part.manifest)?;
        }
        let moment: Vec<Freeze> = parts.iter().map(|part| of(&part.manifest)).collect();
        if !moment.is_empty() {
            self.0.volumes.host.freeze(&moment).map_err(ApiError::internal)?;
        }
        let frozen: Vec<String> = parts.into_iter().map(|part| part.manifest.snapshot_id).collect();
        Ok(Outcome::done(Some(held), move |shared, tx| {
            for made in &made {
                made.record(shared, tx)?;
            }
            for snapshot_id in &frozen {
                let Some(mut manifest) = Manifest::get(tx, snapshot_id)? else { continue };
                "frozen".clone_into(&mut manifest.state);
                manifest.update(tx)?;
                if Snapshot::get(tx, snapshot_id)?.is_some() {
                    job::follow(tx, Kind::CompleteSnapshot, snapshot_id, shared.clock.now())?;
                }
            }
            Ok(())
        }))
    }

    /// Ends a freeze of a snapshot's volume for another one that is over: complete, deleted, or gone. Whoever finishes that one does so too,
    /// but the moment that is asked for now does not wait. One that is gone nobody finishes: when it failed, its freeze had reached the
    /// disk, and the volume did not know so before it was opened anew.
    fn thaw_what_is_over(&self, wanted: &Manifest) -> Result<(), ApiError> {
        let host = &self.0.volumes.host;
        let Some(frozen) = host.frozen_sequence(&wanted.volume_id).map_err(ApiError::internal)? else { return Ok(()) };
        let chain = self.0.db.read(|tx| volumes::chain(tx, &wanted.chain))?;
        let Some(other) = chain.iter().find(|other| sequence(other.sequence) == frozen) else {
            tracing::warn!(wanted.volume_id, frozen, "a volume was frozen for a snapshot that is on no record");
            return host.release(&wanted.volume_id, frozen).map_err(ApiError::internal);
        };
        let is_complete = other.state == "kept";
        if other.snapshot_id == wanted.snapshot_id || !(is_complete || other.is_deleted) {
            return Ok(());
        }
        // Nobody stores anything for one that is given up.
        let _held = (!is_complete).then(|| self.0.volumes.locks.hold(std::slice::from_ref(&other.snapshot_id)));
        host.thaw(&wanted.volume_id, frozen, is_complete).map_err(ApiError::internal)
    }
}

fn of(manifest: &Manifest) -> Freeze {
    let parent = (manifest.parent_sequence > 0).then(|| sequence(manifest.parent_sequence));
    Freeze { volume_id: manifest.volume_id.clone(), sequence: sequence(manifest.sequence), parent }
}

/// The disk that a part is of.
fn disk_id(part: &Part) -> String {
    super::disk_of(&part.manifest.volume_id).to_owned()
}
