//! What is looked at every few seconds: keys of disks that are served, clones that need their snapshot no more, what disks do.

use std::collections::hash_map::Entry;

use coffer_base::{ApiError, Timestamp};
use coffer_block::host::{Counters, VolumeStatus};
use coffer_store::disks::Disk;
use coffer_store::volumes::{self, Sample, Volume};
use coffer_store::{Record as _, Tx};

use super::free::base_released;
use super::sync::SERVED;
use super::{Outage, disk_of, guard};
use crate::dispatch::Cloud;
use crate::ecs::data_key::Wrapped;
use crate::event::{self, Deed};
use crate::job::{self, Kind};

const MINUTE_MS: i64 = 60_000;
/// For how long is kept what disks did.
const SAMPLES_MS: i64 = 30 * 24 * 60 * MINUTE_MS;

impl Cloud {
    /// To be called once at the start: every disk of an instance that runs is opened again.
    pub fn reconcile_volumes(&self) -> Result<(), ApiError> {
        self.revive_disks(true)?;
        let now = self.0.clock.now();
        let reopen = move |tx: &Tx<'_>| -> Result<usize, ApiError> {
            let disk_ids = volumes::disks_on_instances(tx, &SERVED.map(str::to_owned))?;
            for disk_id in &disk_ids {
                // One will do, and it is not to wait until an earlier one is tried again.
                job::withdraw(tx, Kind::SyncDisk, disk_id)?;
                job::follow(tx, Kind::SyncDisk, disk_id, now)?;
            }
            Ok(disk_ids.len())
        };
        let disks = self.0.db.write(reopen).wait()?;
        tracing::info!(disks, "the disks of running instances are opened again");
        Ok(())
    }

    /// To be called at the end, when no thread works on volumes any more: closes every volume.
    pub fn close_volumes(&self) {
        for volume_id in std::mem::take(&mut *guard(&self.0.volumes.opened_for)).keys() {
            self.tally(volume_id);
        }
        self.0.volumes.host.close_all();
        if let Err(error) = self.save_activity() {
            tracing::error!(?error, "what disks did last can't be put on record");
        }
    }

    /// Blocks; to be called every few seconds.
    pub fn watch_volumes(&self) -> Result<(), ApiError> {
        self.revive_disks(false)?;
        let served = self.0.db.read(|tx| {
            let disk_ids = volumes::disks_on_instances(tx, &SERVED.map(str::to_owned))?;
            let disks = disk_ids.iter().filter_map(|disk_id| Disk::get(tx, disk_id).transpose());
            disks.collect::<Result<Vec<_>, _>>().map_err(ApiError::from)
        })?;
        for disk in &served {
            let volume_id = volumes::id_of(disk);
            let Some(status) = self.0.volumes.host.status(&volume_id) else { continue };
            self.tally(&volume_id);
            if status.is_hydrated {
                self.forget_base(volume_id.clone())?;
            }
            // A fault with one disk is no reason not to look at the others.
            let watched = self.watch_key(disk, &volume_id, status).and_then(|()| self.watch_reencryption(disk));
            if let Err(error) = watched {
                tracing::error!(disk_id = disk.disk_id, ?error, "a disk's key can't be looked at");
            }
        }
        guard(&self.0.volumes.outages).retain(|disk_id, _| served.iter().any(|disk| disk.disk_id == *disk_id));
        self.save_activity()
    }

    /// A clone that holds everything itself needs its snapshot no more.
    fn forget_base(&self, volume_id: String) -> Result<(), ApiError> {
        let find = |tx: &Tx<'_>| -> Result<_, ApiError> { Ok(Volume::get(tx, &volume_id)?) };
        if self.0.db.read(find)?.is_none_or(|volume| volume.base_snapshot_id.is_empty()) {
            return Ok(());
        }
        let now = self.0.clock.now();
        let forget = move |tx: &Tx<'_>| -> Result<(), ApiError> {
            let Some(mut volume) = Volume::get(tx, &volume_id)? else { return Ok(()) };
            let base_snapshot_id = volume.take_base();
            volume.update(tx)?;
            base_released(tx, &base_snapshot_id, now)
        };
        self.0.db.write(forget).wait()
    }

    /// Whether a served disk's key still opens. If it has not for too long, its I/O is stopped, where that is wished.
    fn watch_key(&self, disk: &Disk, volume_id: &str, status: VolumeStatus) -> Result<(), ApiError> {
        let Some(wrapped) = Wrapped::of_disk(disk) else { return Ok(()) };
        let (disk_id, kms_key_id, now) = (&disk.disk_id, &disk.kms_key_id, self.0.clock.now());
        let problem = self.0.db.read(|tx| self.0.as_service(tx, &disk.account, |cx| wrapped.probe(cx)))?;
        let mut outages = guard(&self.0.volumes.outages);
        if problem.is_none() {
            let outage = outages.remove(disk_id);
            if status.is_fenced {
                self.0.volumes.host.fence(volume_id, false);
            }
            drop(outages);
            if outage.is_some() || status.is_fenced {
                tracing::info!(disk_id, kms_key_id, "restored");
                self.tell_of_key(disk, "DiskKeyRestored")?;
            }
            return Ok(());
        }
        let mut told = Vec::new();
        let outage = match outages.entry(disk_id.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                tracing::warn!(disk_id, kms_key_id, ?problem, "disk key unavailable");
                told.push("DiskKeyUnavailable");
                new.insert(Outage { since: now, fenced: false })
            }
        };
        let is_over = self.0.settings.fence_after_ms.is_some_and(|ms| outage.since.plus_ms(ms) <= now);
        if is_over && !status.is_fenced {
            self.0.volumes.host.fence(volume_id, true);
            if !outage.fenced {
                tracing::warn!(disk_id, kms_key_id, "fenced");
                told.push("DiskFenced");
            }
            outage.fenced = true;
        }
        drop(outages);
        told.into_iter().try_for_each(|kind| self.tell_of_key(disk, kind))
    }

    /// Tells what became of a served disk's key.
    fn tell_of_key(&self, disk: &Disk, kind: &'static str) -> Result<(), ApiError> {
        let (disk, at) = (disk.clone(), self.0.clock.now());
        let tell = move |tx: &Tx<'_>| {
            let notes = [("kmsKeyId", disk.kms_key_id.clone().unwrap_or_default())];
            let (account, region, resource) = (&disk.account, disk.region, ("disk", &*disk.disk_id));
            event::of_deed(tx, &Deed { at, account, kind, region, resource, notes: &notes })
        };
        self.0.db.write(tell).wait()
    }

    /// Adds up what was done to an open volume since it was last looked at.
    pub(super) fn tally(&self, volume_id: &str) {
        let Some(status) = self.0.volumes.host.status(volume_id) else { return };
        let minute = self.0.clock.now().unix_ms().div_euclid(MINUTE_MS) * MINUTE_MS;
        let mut activity = guard(&self.0.volumes.activity);
        let before = activity.seen.insert(volume_id.to_owned(), status.counters).unwrap_or_default();
        let after = status.counters;
        // It was opened again since: all of it is new.
        let before =
            if after.reads < before.reads || after.writes < before.writes { Counters::default() } else { before };
        let more = |after: u64, before: u64| i64::try_from(after.saturating_sub(before)).unwrap_or(i64::MAX);
        let new = Sample {
            at: Timestamp::from_unix_ms(minute),
            reads: more(after.reads, before.reads),
            writes: more(after.writes, before.writes),
            read_bytes: more(after.read_bytes, before.read_bytes),
            written_bytes: more(after.written_bytes, before.written_bytes),
            read_us: more(after.read_us, before.read_us),
            write_us: more(after.write_us, before.write_us),
        };
        if new.reads + new.writes > 0 {
            let key = (disk_of(volume_id).to_owned(), minute);
            activity.unsaved.entry(key).and_modify(|sum| sum.add(&new)).or_insert(new);
        }
    }

    /// Puts on record what disks did. A disk that is gone has no record.
    fn save_activity(&self) -> Result<(), ApiError> {
        let unsaved = std::mem::take(&mut guard(&self.0.volumes.activity).unsaved);
        if unsaved.is_empty() {
            return Ok(());
        }
        let oldest = self.0.clock.now().plus_ms(-SAMPLES_MS);
        let save = move |tx: &Tx<'_>| -> Result<(), ApiError> {
            for ((disk_id, _), sample) in &unsaved {
                if Disk::get(tx, disk_id)?.is_some() {
                    volumes::add_sample(tx, disk_id, sample)?;
                    volumes::forget_samples(tx, disk_id, oldest)?;
                }
            }
            Ok(())
        };
        self.0.db.write(save).wait()
    }
}
