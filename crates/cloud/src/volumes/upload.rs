//! Snapshots on their way to being complete: what was frozen is uploaded, what is copied is sealed anew.

use std::sync::atomic::{AtomicI64, Ordering};

use coffer_base::{ApiError, Timestamp};
use coffer_block::host::{SnapshotSource, UploadOf, Uploaded};
use coffer_crypto::{PlainKey, digest};
use coffer_store::disks::Disk;
use coffer_store::snapshots::{self, Snapshot};
use coffer_store::volumes::{self, Manifest, Volume};
use coffer_store::{Record as _, Tx, images, tasks};

use super::keys::{self, sequence};
use super::sync::Keys;
use super::work::Outcome;
use crate::context::Cx;
use crate::dispatch::{Cloud, Shared};
use crate::ecs::snapshot_removal;
use crate::event::{self, Deed};
use crate::job::{self, Kind};

/// How long a snapshot waits for its volume to be frozen, or for another thread.
const WAIT_MS: i64 = 200;
/// How often progress is put on record at most.
const PROGRESS_MS: i64 = 100;
/// How often it is tried to finish one before it fails.
const MOST_ATTEMPTS: i64 = 5;

/// What it takes to upload.
struct Opened {
    volume: Option<Keys>,
    snapshot: Option<PlainKey>,
    parent: Option<SnapshotSource>,
}

impl Cloud {
    /// Finishes a snapshot that is being made or copied. It fails when KMS says no, or after so many attempts.
    pub(super) fn complete_snapshot(&self, snapshot_id: &str, attempts: i64) -> Result<Outcome, ApiError> {
        let Some(held) = self.0.volumes.locks.try_hold(&[snapshot_id.to_owned()]) else {
            return Ok(Outcome::after_ms(WAIT_MS));
        };
        let mut outcome = match self.complete(snapshot_id) {
            Err(error) if self.0.volumes.stopping.load(Ordering::Relaxed) => return Err(error),
            Err(error) if attempts + 1 >= MOST_ATTEMPTS || error.source().is_none() => {
                let cause = error.source().map(tracing::field::display);
                tracing::error!(snapshot_id, code = %error.code_text(), cause, "a snapshot failed");
                let snapshot_id = snapshot_id.to_owned();
                Outcome::done(None, move |shared, tx| fail(tx, &snapshot_id, shared.clock.now()))
            }
            outcome => outcome?,
        };
        outcome.held = Some(held);
        Ok(outcome)
    }

    fn complete(&self, snapshot_id: &str) -> Result<Outcome, ApiError> {
        let found = |tx: &Tx<'_>| -> Result<_, ApiError> {
            Ok((Snapshot::get(tx, snapshot_id)?, Manifest::get(tx, snapshot_id)?))
        };
        match self.0.db.read(found)? {
            (Some(snapshot), None) if snapshot.status == "progressing" => Ok(empty(snapshot.snapshot_id)),
            (Some(_), Some(manifest)) if manifest.state == "kept" => self.thaw(&manifest),
            (Some(snapshot), Some(manifest)) if snapshot.status == "progressing" => {
                let uploaded = match (manifest.state.as_str(), snapshot.is_copy()) {
                    (_, true) => self.copy(&snapshot, &manifest),
                    ("frozen", false) => self.upload(&manifest),
                    _ => return Ok(Outcome::after_ms(WAIT_MS)),
                }?;
                let (owned, shared) = (snapshot_id.to_owned(), std::sync::Arc::clone(&self.0));
                self.0.db.write(move |tx| kept(&shared, tx, &owned, uploaded)).wait()?;
                self.thaw(&manifest)
            }
            _ => Ok(Outcome::nothing()),
        }
    }

    /// Ends the freeze of a snapshot that is on record as complete: only then may what it was made of change.
    fn thaw(&self, manifest: &Manifest) -> Result<Outcome, ApiError> {
        if !manifest.volume_id.is_empty() {
            let thawed = self.0.volumes.host.thaw(&manifest.volume_id, sequence(manifest.sequence), true);
            thawed.map_err(ApiError::internal)?;
        }
        Ok(Outcome::nothing())
    }

    fn upload(&self, manifest: &Manifest) -> Result<Uploaded, ApiError> {
        let is_open = self.0.volumes.host.device(&manifest.volume_id).is_some();
        let owned = manifest.clone();
        let opened = self.open_keys(manifest.account.clone(), move |cx| open(cx, &owned, is_open))?;
        let Opened { volume, snapshot, parent } = opened;
        let what = UploadOf {
            volume_id: &manifest.volume_id,
            sequence: sequence(manifest.sequence),
            volume,
            snapshot_key: snapshot,
            parent,
        };
        let progress = self.progress(&manifest.snapshot_id);
        self.0.volumes.host.upload(what, &progress).map_err(ApiError::internal)
    }

    /// Puts on record how far a snapshot is; whether it is still wanted.
    pub(super) fn progress(&self, snapshot_id: &str) -> impl Fn(u64, u64) -> bool + Sync {
        let last = AtomicI64::new(self.0.clock.now().unix_ms());
        let (cloud, snapshot_id) = (self.clone(), snapshot_id.to_owned());
        move |done, total| {
            if cloud.0.volumes.stopping.load(Ordering::Relaxed) {
                return false;
            }
            let now = cloud.0.clock.now().unix_ms();
            let before = last.load(Ordering::Relaxed);
            let is_mine = || last.compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed).is_ok();
            if now - before < PROGRESS_MS || !is_mine() {
                return true;
            }
            // A hundred is for what is complete.
            let percent = i64::try_from(done * 100 / total.max(1)).unwrap_or(99).min(99);
            let owned = snapshot_id.clone();
            match cloud.0.db.write(move |tx| report(tx, &owned, percent)).wait() {
                Ok(wanted) => wanted,
                Err(error) => {
                    tracing::error!(snapshot_id, ?error, "the progress of a snapshot can't be put on record");
                    true
                }
            }
        }
    }
}

/// Opens the keys of an upload: the volume's unless it is open, the snapshot's, and its parent's.
fn open(cx: &mut Cx<'_>, manifest: &Manifest, is_open: bool) -> Result<Opened, ApiError> {
    let volume = Volume::get(cx.tx, &manifest.volume_id)?;
    let volume = volume.ok_or_else(|| ApiError::internal("a snapshot of a volume that is gone"))?;
    let disk = Disk::get(cx.tx, &volume.disk_id)?;
    let keys = match (is_open, &disk) {
        (true, _) => None,
        (false, Some(disk)) => Some((keys::of_disk(cx, disk)?, keys::base(cx, &volume)?)),
        (false, None) => Some((keys::of_volume(cx, &volume)?, keys::base(cx, &volume)?)),
    };
    let snapshot = keys::of_manifest(cx, manifest)?;
    Ok(Opened { volume: keys, snapshot, parent: parent(cx, manifest)? })
}

/// The snapshot that a freeze was told it may build upon. It may have been deleted since: its objects wait for this one.
fn parent(cx: &mut Cx<'_>, manifest: &Manifest) -> Result<Option<SnapshotSource>, ApiError> {
    let chain = volumes::chain(cx.tx, &manifest.chain)?;
    let told = chain.iter().find(|other| other.sequence == manifest.parent_sequence);
    let Some(manifest) = told else { return Ok(None) };
    match cx.apart(|cx| keys::source(cx, manifest)) {
        Ok(source) => Ok(Some(source)),
        Err(error) if error.source().is_none() => {
            let code = error.code_text();
            tracing::warn!(snapshot_id = manifest.snapshot_id, %code, "the parent of a snapshot does not open");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// A snapshot of what holds no bytes is complete as it is.
fn empty(snapshot_id: String) -> Outcome {
    Outcome::done(None, move |shared, tx| accomplish(shared, tx, &snapshot_id, 0))
}

/// What was uploaded or copied, on record. A snapshot that was deleted meanwhile leaves its manifest, so that its objects are freed.
fn kept(shared: &Shared, tx: &Tx<'_>, snapshot_id: &str, uploaded: Uploaded) -> Result<(), ApiError> {
    let Some(mut manifest) = Manifest::get(tx, snapshot_id)? else { return Ok(()) };
    "kept".clone_into(&mut manifest.state);
    manifest.root = digest::hex(&uploaded.root);
    manifest.update(tx)?;
    accomplish(shared, tx, snapshot_id, i64::try_from(uploaded.stored_bytes).map_err(ApiError::internal)?)
}

fn accomplish(shared: &Shared, tx: &Tx<'_>, snapshot_id: &str, stored_bytes: i64) -> Result<(), ApiError> {
    let Some(mut snapshot) = Snapshot::get(tx, snapshot_id)? else { return Ok(()) };
    "accomplished".clone_into(&mut snapshot.status);
    snapshot.progress = 100;
    snapshot.modified_at = shared.clock.now();
    snapshot.update(tx)?;
    snapshots::set_stored_bytes(tx, snapshot_id, stored_bytes)?;
    tell(tx, &snapshot, "SnapshotCompleted", shared.clock.now())?;
    snapshot_removal::settle_group(tx, &snapshot.group_id)
}

/// A snapshot that can't be made is `failed`, and what was there of it is freed.
pub(super) fn fail(tx: &Tx<'_>, snapshot_id: &str, now: Timestamp) -> Result<(), ApiError> {
    if let Some(mut snapshot) = Snapshot::get(tx, snapshot_id)?
        && snapshot.status == "progressing"
    {
        "failed".clone_into(&mut snapshot.status);
        snapshot.modified_at = now;
        snapshot.update(tx)?;
        tell(tx, &snapshot, "SnapshotFailed", now)?;
        snapshot_removal::settle_group(tx, &snapshot.group_id)?;
    }
    job::withdraw(tx, Kind::CompleteSnapshot, snapshot_id)?;
    snapshot_removal::free(tx, snapshot_id, now)
}

fn tell(tx: &Tx<'_>, snapshot: &Snapshot, kind: &'static str, at: Timestamp) -> Result<(), ApiError> {
    let key = snapshot.kms_key_id.clone().map(|key_id| ("kmsKeyId", key_id));
    let notes: Vec<_> = [("diskId", snapshot.source_disk_id.clone())].into_iter().chain(key).collect();
    let (account, region, resource) = (&snapshot.account, snapshot.region, ("snapshot", &*snapshot.snapshot_id));
    event::of_deed(tx, &Deed { at, account, kind, region, resource, notes: &notes })
}

/// Writes down how far a snapshot is, and the image it is made for with its tasks. Whether the snapshot is still there.
fn report(tx: &Tx<'_>, snapshot_id: &str, percent: i64) -> Result<bool, ApiError> {
    let Some(mut snapshot) = Snapshot::get(tx, snapshot_id)? else { return Ok(false) };
    snapshot.progress = percent;
    snapshot.update(tx)?;
    for mut image in images::unfinished_from(tx, snapshot_id)? {
        let mut progress = Vec::new();
        for disk in images::disks_of(tx, &image.image_id)? {
            progress.extend(Snapshot::get(tx, &disk.snapshot_id)?.map(|snapshot| snapshot.progress));
        }
        image.progress =
            progress.iter().sum::<i64>() / i64::try_from(progress.len().max(1)).map_err(ApiError::internal)?;
        image.update(tx)?;
        for mut task in tasks::unfinished(tx, &image.image_id)? {
            task.progress = image.progress;
            task.update(tx)?;
        }
    }
    Ok(true)
}
