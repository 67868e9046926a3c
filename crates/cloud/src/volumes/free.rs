//! Snapshots that are gone: their objects are freed, once nothing needs them any more.

use coffer_base::{ApiError, Timestamp};
use coffer_store::volumes::{self, Manifest};
use coffer_store::{Record as _, Tx};

use super::keys::{reference, sequence};
use super::work::Outcome;
use crate::dispatch::Cloud;
use crate::job::{self, Kind};

/// How long objects wait for a thread, and for a snapshot of their chain that is being made.
const BUSY_MS: i64 = 1000;
/// How long they wait while a backup is taken.
const PINNED_MS: i64 = 5000;

/// To be called when a volume needs its base no more, or is gone: the base's objects are freed, if they waited for that.
pub(super) fn base_released(tx: &Tx<'_>, base_snapshot_id: &str, now: Timestamp) -> Result<(), ApiError> {
    if Manifest::get(tx, base_snapshot_id)?.is_some_and(|manifest| manifest.is_deleted) {
        job::follow(tx, Kind::FreeSnapshot, base_snapshot_id, now)?;
    }
    Ok(())
}

impl Cloud {
    /// Frees what a snapshot leaves: its freeze, or its objects.
    pub(super) fn free_snapshot(&self, snapshot_id: &str) -> Result<Outcome, ApiError> {
        let find = |tx: &Tx<'_>| -> Result<_, ApiError> { Ok(Manifest::get(tx, snapshot_id)?) };
        let Some(Manifest { chain, volume_id, .. }) = self.0.db.read(find)? else { return Ok(Outcome::nothing()) };
        let mut names = vec![snapshot_id.to_owned(), chain.clone(), super::disk_of(&volume_id).to_owned()];
        // A copy is of no disk, and its chain has its own name.
        names.retain(|name| !name.is_empty());
        names.sort_unstable();
        names.dedup();
        let Some(held) = self.0.volumes.locks.try_hold(&names) else { return Ok(Outcome::after_ms(BUSY_MS)) };
        let state = |tx: &Tx<'_>| -> Result<_, ApiError> {
            Ok((volumes::chain(tx, &chain)?, volumes::needs(tx, snapshot_id)?))
        };
        let (chain, is_needed) = self.0.db.read(state)?;
        let Some(place) = chain.iter().position(|manifest| manifest.snapshot_id == snapshot_id) else {
            return Ok(Outcome::nothing());
        };
        let manifest = &chain[place];
        // First of all: a volume that stays frozen, as a crash came between, is in the way of other snapshots.
        let (host, is_complete) = (&self.0.volumes.host, manifest.state == "kept");
        if !manifest.volume_id.is_empty() {
            let thawed = host.thaw(&manifest.volume_id, sequence(manifest.sequence), is_complete);
            thawed.map_err(ApiError::internal)?;
        } else if !is_complete {
            host.abandon(&manifest.chain, sequence(manifest.sequence)).map_err(ApiError::internal)?;
        }
        if is_complete {
            // The last one who needs them sets down another job.
            if is_needed {
                return Ok(Outcome { held: Some(held), ..Outcome::nothing() });
            }
            if chain.iter().any(|other| other.state != "kept") {
                return Ok(Outcome::after_ms(BUSY_MS));
            }
        }
        let _removing = match self.0.volumes.free_to_remove() {
            Ok(removing) => removing,
            Err(None) => return Ok(Outcome::after_ms(PINNED_MS)),
            Err(Some(error)) => return Err(ApiError::internal(error)),
        };
        if is_complete {
            let previous = place.checked_sub(1).map(|place| reference(&chain[place])).transpose()?;
            let next = chain.get(place + 1).map(reference).transpose()?;
            let freed = host.delete_snapshot(&reference(manifest)?, previous.as_ref(), next.as_ref());
            freed.map_err(ApiError::internal)?;
        }
        let snapshot_id = snapshot_id.to_owned();
        Ok(Outcome::done(Some(held), move |_, tx| Ok(Manifest::delete(tx, &snapshot_id)?)))
    }
}
