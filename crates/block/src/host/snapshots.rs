//! Snapshots of a host's volumes, and changing a volume's key.

use std::ops::ControlFlow;
use std::sync::Arc;

use coffer_crypto::{PlainKey, digest};

use super::{Host, HostError, ManifestRef, Progress, SnapshotSource, Uploaded, VolumeKeys};
use crate::snapshot::{self, Chain, Manifest, Upload};
use crate::volume::{DataKey, Volume};

/// Threads of an upload or a copy.
const THREADS: usize = 2;

impl Host {
    /// Makes the snapshot that a volume was frozen for; after a crash the same call goes on. The volume is opened for it if it is closed
    /// and its keys are there.
    /// If its `parent` is not what the freeze was told, or is not there, the upload fails.
    pub fn upload(&self, what: super::UploadOf<'_>, progress: Progress<'_>) -> Result<Uploaded, HostError> {
        let volume_id = what.volume_id;
        let volume = self.borrow(volume_id, what.volume.as_ref())?;
        let outcome = self.upload_from(&volume, what, progress);
        drop(volume);
        self.give_back(volume_id)?;
        outcome
    }

    fn upload_from(
        &self,
        volume: &Arc<Volume>,
        what: super::UploadOf<'_>,
        progress: Progress<'_>,
    ) -> Result<Uploaded, HostError> {
        let source = volume.frozen(what.sequence).ok_or_else(|| HostError::NotFrozen(what.volume_id.to_owned()))?;
        let parent = what.parent.as_ref().filter(|_| !source.is_full());
        if parent.is_none() && !source.is_full() {
            return Err(HostError::NotFrozen(what.volume_id.to_owned()));
        }
        let parent = parent.map(|parent| self.manifest(parent)).transpose()?;
        let key = what.snapshot_key.clone();
        let (chain, sequence) = (Chain::new(what.volume_id)?, what.sequence);
        // It may take hours from here.
        drop(what);
        let upload = self.upload_to(&chain, sequence, key.as_ref());
        Ok(uploaded(upload.run(&source, parent.as_ref(), &watch(progress))?))
    }

    /// Copies a snapshot into a chain of its own, where its sequence is 1, under another key. After a crash the same call goes on.
    pub fn copy_snapshot(
        &self,
        from: SnapshotSource,
        to_chain: &str,
        key: Option<PlainKey>,
        progress: Progress<'_>,
    ) -> Result<Uploaded, HostError> {
        let source: Manifest = self.manifest(&from)?;
        let chain = Chain::new(to_chain)?;
        drop(from);
        Ok(uploaded(snapshot::copy(&source, &self.upload_to(&chain, 1, key.as_ref()), &watch(progress))?))
    }

    /// Deletes whatever an upload or a copy that was given up has stored.
    pub fn abandon(&self, chain: &str, sequence: u64) -> Result<(), HostError> {
        Ok(snapshot::abandon(&self.0.objects, &Chain::new(chain)?, sequence)?)
    }

    /// Frees what neither surviving neighbour in its chain refers to. Needs no key. After a crash the same call goes on.
    pub fn delete_snapshot(
        &self,
        manifest: &ManifestRef,
        previous: Option<&ManifestRef>,
        next: Option<&ManifestRef>,
    ) -> Result<(), HostError> {
        Ok(snapshot::delete(&self.0.objects, manifest, previous, next)?)
    }

    /// Begins to bring an open volume under another data key, or a plain one under its first; nothing if that is under way or done. It goes on by itself,
    /// also after the volume was closed and opened with both keys.
    pub fn rekey(&self, volume_id: &str, to: &DataKey) -> Result<(), HostError> {
        let begun = self.with_opened(volume_id, |opened| {
            let begun = opened.volume.begin_rekey(&*self.0.rng, to);
            self.warn_if_swappable(&opened.volume);
            Some(begun)
        });
        begun.ok_or_else(|| HostError::Closed(volume_id.to_owned()))??;
        Ok(())
    }

    /// Holds the change of an open volume's key up or lets it go on, at most so many bytes a second.
    pub fn control_rekey(&self, volume_id: &str, is_paused: bool, bytes_per_s: Option<u64>) -> Result<(), HostError> {
        let controlled = self.with_opened(volume_id, |opened| {
            let mut control = opened.tending.control();
            (control.is_paused, control.bytes_per_s) = (is_paused, bytes_per_s);
            opened.tending.changed.notify_all();
            Some(())
        });
        controlled.ok_or_else(|| HostError::Closed(volume_id.to_owned()))
    }

    /// An open volume, which stays open until it is given back.
    fn borrow(
        &self,
        volume_id: &str,
        how: Option<&(VolumeKeys, Option<SnapshotSource>)>,
    ) -> Result<Arc<Volume>, HostError> {
        let slot = self.slot(volume_id)?;
        let mut state = slot.lock();
        if state.opened.is_none() {
            let (keys, base) = how.ok_or_else(|| HostError::Closed(volume_id.to_owned()))?;
            state.opened = Some(self.open_volume(volume_id, keys, base.as_ref())?);
        }
        let opened = state.opened.as_mut().expect("it was just opened");
        opened.readers += 1;
        Ok(Arc::clone(&opened.volume))
    }

    fn give_back(&self, volume_id: &str) -> Result<(), HostError> {
        let slot = self.slot(volume_id)?;
        let mut state = slot.lock();
        let Some(opened) = &mut state.opened else { return Ok(()) };
        opened.readers = opened.readers.saturating_sub(1);
        if opened.readers == 0 && opened.exported.is_none() {
            return state.close(volume_id);
        }
        Ok(())
    }

    fn upload_to<'a>(&'a self, chain: &'a Chain, sequence: u64, data_key: Option<&'a PlainKey>) -> Upload<'a> {
        Upload { objects: &self.0.objects, chain, sequence, data_key, threads: THREADS, rng: &*self.0.rng }
    }
}

fn watch(progress: Progress<'_>) -> impl Fn(snapshot::Progress) -> ControlFlow<()> + Sync + '_ {
    |at| if progress(at.done, at.of) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}

const fn uploaded(made: snapshot::Uploaded) -> Uploaded {
    Uploaded { root: made.root, stored_bytes: made.stored_bytes }
}

/// How a volume's metadata names its base.
pub(super) fn reference(manifest: &ManifestRef) -> String {
    format!("{}/{}/{}", manifest.chain.name(), manifest.sequence, digest::hex(&manifest.root))
}
