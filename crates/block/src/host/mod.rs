//! The volumes of a machine: made, opened and exported, frozen and read off for snapshots, removed. The one face of this crate to those
//! who know what a disk is.
//!
//! A volume is open while it is exported or a snapshot is read off it; its data key is in memory for as long. Freezing, thawing and
//! growing need no key: for these a closed volume is opened for a moment without one.

mod error;
mod export;
mod place;
mod slot;
mod snapshots;
mod tend;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use coffer_base::Rng;
use coffer_crypto::PlainKey;

pub use crate::snapshot::{Chain, ManifestRef};
pub use crate::volume::{DataKey, Report};
pub use error::HostError;
pub use export::{ExportInfo, TlsExport};
pub use place::require_room_for_sockets;
pub use slot::{Counters, VolumeStatus};

use crate::export::Export;
use crate::nbd::MonotonicNs;
use crate::snapshot::{Base, Manifest, Objects, SnapshotReader};
use crate::storage::{self, Driver};
use crate::volume::{self, Freezing, Volume};
use place::Place;
use slot::{Opened, Slot};

/// Where a host keeps what, and how it reads and writes.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The directory of volumes.
    pub volumes: PathBuf,
    /// The directory of snapshots' objects.
    pub objects: PathBuf,
    /// The directory of sockets.
    pub sockets: PathBuf,
    /// What moves the bytes of volumes.
    pub driver: Driver,
    /// Whether the machine's page cache is passed by.
    pub direct: bool,
    /// The address at which each volume is also served over TCP with TLS, at a port and with certificates of its own.
    pub nbd_listen: Option<IpAddr>,
}

/// A snapshot that can be read.
#[derive(Clone, Debug)]
pub struct SnapshotSource {
    /// Its manifest.
    pub manifest: ManifestRef,
    /// Its data key; `None` for a plain one, or where its structure alone is needed.
    pub data_key: Option<PlainKey>,
}

/// How a volume is enciphered, as it is on record with its user, and the keys for that. What the volume says of itself has to agree: who can
/// write its files could else have it opened as a plain one, and what is written then would be in clear.
#[derive(Clone, Debug, Default)]
pub struct VolumeKeys {
    /// Its data key; `None` for a plain one.
    pub own: Option<DataKey>,
    /// The one that it is being brought under, which may be done.
    pub next: Option<DataKey>,
}

/// What a new volume is to be.
#[derive(Clone, Debug)]
pub struct NewVolume {
    /// Its id: at most 64 of `[a-z0-9.-]`.
    pub volume_id: String,
    /// Its size, a multiple of 4096.
    pub size_bytes: u64,
    /// Its data key; `None` for a plain one.
    pub key: Option<DataKey>,
    /// What it is a clone of. The key is not needed yet.
    pub base: Option<SnapshotSource>,
}

/// A volume to be frozen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freeze {
    /// Which.
    pub volume_id: String,
    /// The sequence of its snapshot, from 1, above that of any other of the volume.
    pub sequence: u64,
    /// The sequence of the snapshot that this one may build upon: the newest that is complete, kept, and can be opened.
    pub parent: Option<u64>,
}

/// What became of an upload or a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uploaded {
    /// The manifest's root.
    pub root: [u8; 32],
    /// What it takes beyond its parent.
    pub stored_bytes: u64,
}

/// A snapshot to be made of a frozen volume. The keys that the upload itself does not need are wiped before it begins.
#[derive(Clone, Debug)]
pub struct UploadOf<'a> {
    /// Which volume.
    pub volume_id: &'a str,
    /// The sequence that it was frozen for.
    pub sequence: u64,
    /// The volume's data keys and its base, as for [`Host::open`]; `None`: it has to be open.
    pub volume: Option<(VolumeKeys, Option<SnapshotSource>)>,
    /// The snapshot's own data key; `None` for a plain one.
    pub snapshot_key: Option<PlainKey>,
    /// The snapshot that the freeze was told it may build upon, with its key.
    pub parent: Option<SnapshotSource>,
}

/// Told what is done of how much; whether to go on. Called by several threads.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) -> bool + Sync);

/// The volumes of a machine. Clones share them.
#[derive(Clone)]
pub struct Host(Arc<Shared>);

struct Shared {
    place: Place,
    objects: Arc<Objects>,
    sockets: Option<PathBuf>,
    nbd_listen: Option<IpAddr>,
    rng: Arc<dyn Rng>,
    now: MonotonicNs,
    slots: Mutex<HashMap<String, Arc<Slot>>>,
    /// Whether it was said that keys can be swapped out.
    said_swappable: AtomicBool,
}

impl Host {
    /// The host whose directories these are; they are made where they are not there.
    pub fn start(options: &Options, rng: Arc<dyn Rng>, now: MonotonicNs) -> Result<Self, HostError> {
        let files = storage::Options { driver: options.driver, direct: options.direct };
        let place = Place::local(&options.volumes, files)?;
        place::make_for_sockets(&options.sockets)?;
        Ok(Self(Arc::new(Shared {
            place,
            objects: Arc::new(Objects::local(&options.objects)?),
            sockets: Some(options.sockets.clone()),
            nbd_listen: options.nbd_listen,
            rng,
            now,
            slots: Mutex::default(),
            said_swappable: AtomicBool::new(false),
        })))
    }

    /// A host that keeps everything in memory and serves nothing over sockets.
    pub fn in_memory(rng: Arc<dyn Rng>) -> Result<Self, HostError> {
        Self::of_memory(None, None, rng, || 0)
    }

    /// A host that keeps everything in memory, but serves it where the options say.
    pub fn in_memory_served(options: &Options, rng: Arc<dyn Rng>, now: MonotonicNs) -> Result<Self, HostError> {
        place::make_for_sockets(&options.sockets)?;
        Self::of_memory(Some(options.sockets.clone()), options.nbd_listen, rng, now)
    }

    fn of_memory(
        sockets: Option<PathBuf>,
        nbd_listen: Option<IpAddr>,
        rng: Arc<dyn Rng>,
        now: MonotonicNs,
    ) -> Result<Self, HostError> {
        Ok(Self(Arc::new(Shared {
            place: Place::memory(),
            objects: Arc::new(Objects::memory()?),
            sockets,
            nbd_listen,
            rng,
            now,
            slots: Mutex::default(),
            said_swappable: AtomicBool::new(false),
        })))
    }

    /// Whether the directory of volumes is where it was, and which volumes may not be written to any more.
    pub fn health(&self) -> Result<Vec<String>, HostError> {
        self.0.place.look()?;
        let statuses = self.statuses().into_iter();
        Ok(statuses.filter(|(_, status)| status.is_poisoned).map(|(volume_id, _)| volume_id).collect())
    }

    /// A host with copies of everything that this one, which is in memory, holds, all volumes closed. `None` of a host of files.
    /// A volume that is open is copied as a crash that loses nothing written would leave it.
    pub fn fork(&self) -> Option<Result<Self, HostError>> {
        let Place::Memory(memory) = &self.0.place else { return None };
        let objects = match self.0.objects.fork()? {
            Ok(objects) => Arc::new(objects),
            Err(error) => return Some(Err(error.into())),
        };
        Some(Ok(Self(Arc::new(Shared {
            place: Place::Memory(memory.fork()),
            objects,
            sockets: self.0.sockets.clone(),
            nbd_listen: self.0.nbd_listen,
            rng: Arc::clone(&self.0.rng),
            now: self.0.now,
            slots: Mutex::default(),
            said_swappable: AtomicBool::new(false),
        }))))
    }

    /// Has every transfer to and from volumes in memory take that long at least; whether volumes are in memory.
    pub fn slow_down(&self, delay_ms: u64) -> bool {
        let Place::Memory(memory) = &self.0.place else { return false };
        memory.delay_ms.store(delay_ms, Ordering::Relaxed);
        true
    }

    /// Makes a volume that is not in use yet; what an earlier attempt left is replaced.
    pub fn make(&self, new: NewVolume) -> Result<(), HostError> {
        let slot = self.slot(&new.volume_id)?;
        let state = slot.lock();
        state.require_closed(&new.volume_id)?;
        self.0.place.clear(&new.volume_id)?;
        let base = match &new.base {
            None => None,
            Some(base) => {
                let reference = snapshots::reference(&base.manifest);
                Some((reference.into_bytes(), self.manifest(base)?.present()?))
            }
        };
        let directory = self.0.place.make(&new.volume_id)?;
        let volume =
            volume::NewVolume { volume_id: &new.volume_id, size_bytes: new.size_bytes, key: new.key.as_ref(), base };
        Ok(volume::create(&*directory, &*self.0.rng, &volume)?)
    }

    /// Opens a volume and exports it; nothing if it is. `base` is needed while the volume is not hydrated.
    pub fn open(&self, volume_id: &str, keys: &VolumeKeys, base: Option<&SnapshotSource>) -> Result<(), HostError> {
        let slot = self.slot(volume_id)?;
        let mut state = slot.lock();
        if state.opened.is_none() {
            state.opened = Some(self.open_volume(volume_id, keys, base)?);
        }
        self.export_or_close(volume_id, &mut state)
    }

    /// Ends every connection to an exported volume, and exports it with new certificates; nothing if it is not exported. Its key is not
    /// needed: it stays open.
    pub fn export_anew(&self, volume_id: &str) -> Result<(), HostError> {
        let slot = self.slot(volume_id)?;
        let mut state = slot.lock();
        match &mut state.opened {
            Some(opened) if opened.exported.is_some() => opened.stop_exporting(),
            _ => return Ok(()),
        }
        self.export_or_close(volume_id, &mut state)
    }

    /// Disconnects whoever is connected, flushes, and wipes the key, unless a snapshot is being read off; nothing if the volume is closed.
    pub fn close(&self, volume_id: &str) -> Result<(), HostError> {
        let slot = self.slot(volume_id)?;
        let mut state = slot.lock();
        let Some(opened) = &mut state.opened else { return Ok(()) };
        opened.stop_exporting();
        if opened.readers > 0 {
            return Ok(opened.volume.make_durable()?);
        }
        state.close(volume_id)
    }

    /// Closes all volumes, those being read off too: what reads them off fails.
    pub fn close_all(&self) {
        let slots: Vec<(String, Arc<Slot>)> =
            self.slots().iter().map(|(id, slot)| (id.clone(), slot.clone())).collect();
        for (volume_id, slot) in slots {
            let mut state = slot.lock();
            if let Some(opened) = &mut state.opened {
                opened.stop_exporting();
            }
            if let Err(error) = state.close(&volume_id) {
                tracing::error!(volume_id, error = &error as &dyn std::error::Error, "a volume did not close well");
            }
        }
    }

    /// How an exported volume is reached.
    pub fn export(&self, volume_id: &str) -> Option<ExportInfo> {
        self.with_opened(volume_id, |opened| opened.exported.as_ref()?.info.clone())
    }

    /// An open volume as its clients see it.
    pub fn device(&self, volume_id: &str) -> Option<Arc<dyn Export>> {
        self.with_opened(volume_id, |opened| {
            opened.exported.as_ref()?;
            Some(Arc::clone(&opened.volume) as Arc<dyn Export>)
        })
    }

    /// The state of an open volume.
    pub fn status(&self, volume_id: &str) -> Option<VolumeStatus> {
        self.with_opened(volume_id, |opened| Some(opened.status()))
    }

    /// The state of every open volume, by id and in its order.
    pub fn statuses(&self) -> BTreeMap<String, VolumeStatus> {
        let slots: Vec<(String, Arc<Slot>)> =
            self.slots().iter().map(|(id, slot)| (id.clone(), slot.clone())).collect();
        let status = |slot: &Slot| slot.lock().opened.as_ref().map(Opened::status);
        slots.into_iter().filter_map(|(id, slot)| Some((id, status(&slot)?))).collect()
    }

    /// The wrapped form of an open volume's data key; `None` for a plain or a closed one.
    pub fn wrapped_key(&self, volume_id: &str) -> Option<Vec<u8>> {
        self.with_opened(volume_id, |opened| opened.volume.wrapped_key())
    }

    /// Stops the I/O of an open volume, or lets it go on; nothing if it is closed.
    pub fn fence(&self, volume_id: &str, is_fenced: bool) {
        self.with_opened(volume_id, |opened| {
            opened.volume.set_fence(is_fenced);
            Some(())
        });
    }

    /// Makes a volume longer, open or not; nothing if it is that long. Clients see it when they connect anew.
    pub fn resize(&self, volume_id: &str, size_bytes: u64) -> Result<(), HostError> {
        self.with_volume(volume_id, |volume| Ok(volume.grow(size_bytes)?))
    }

    /// Replaces the wrapped form of a volume's data key in its metadata, open or not.
    pub fn rewrap(&self, volume_id: &str, key: &DataKey) -> Result<(), HostError> {
        self.with_volume(volume_id, |volume| Ok(volume.rewrap(key)?))
    }

    /// Removes a volume, if it is there. Fails while a snapshot is being read off it.
    pub fn remove(&self, volume_id: &str) -> Result<(), HostError> {
        let slot = self.slot(volume_id)?;
        let mut state = slot.lock();
        if let Some(opened) = &mut state.opened {
            if opened.readers > 0 {
                return Err(HostError::Busy(volume_id.to_owned()));
            }
            opened.stop_exporting();
            // It is about to go: what is not durable need not become so.
            state.opened = None;
        }
        self.0.place.clear(volume_id)?;
        drop(state);
        self.slots().remove(volume_id);
        Ok(())
    }

    /// What a volume that is not in use says of itself, and what is wrong with it.
    pub fn check(&self, volume_id: &str, keys: &[DataKey]) -> Result<Report, HostError> {
        let slot = self.slot(volume_id)?;
        let state = slot.lock();
        state.require_closed(volume_id)?;
        Ok(volume::check(&*self.0.place.open(volume_id)?, keys)?)
    }

    /// Freezes volumes at one moment, each for its snapshot; nothing for those that are frozen for it. All are, or none.
    pub fn freeze(&self, freezes: &[Freeze]) -> Result<(), HostError> {
        let mut order: BTreeMap<&str, &Freeze> = BTreeMap::new();
        for freeze in freezes {
            order.insert(&freeze.volume_id, freeze);
        }
        let slots: Vec<Arc<Slot>> = order.keys().map(|id| self.slot(id)).collect::<Result<_, _>>()?;
        // In the order of their ids, so that two freezes never wait for each other.
        let states: Vec<_> = slots.iter().map(|slot| slot.lock()).collect();
        let mut volumes = Vec::new();
        for (volume_id, state) in order.keys().zip(&states) {
            volumes.push(match &state.opened {
                Some(opened) => Arc::clone(&opened.volume),
                None => self.keyless(volume_id)?,
            });
        }
        let freezing = volumes.iter().zip(order.values());
        let freezing: Vec<Freezing<'_>> = freezing
            .map(|(volume, freeze)| Freezing { volume, sequence: freeze.sequence, parent: freeze.parent })
            .collect();
        let Err(error) = volume::freeze(&freezing) else { return Ok(()) };
        for Freezing { volume, sequence, .. } in freezing {
            volume.thaw(sequence, false)?;
        }
        Err(error.into())
    }

    /// The sequence of the snapshot that a volume is frozen for, if it is.
    pub fn frozen_sequence(&self, volume_id: &str) -> Result<Option<u64>, HostError> {
        self.with_volume(volume_id, |volume| Ok(volume.frozen_sequence()))
    }

    /// Ends a freeze: its snapshot is complete, or is given up, and then what was stored for it is deleted. Nothing if there is no such
    /// freeze.
    pub fn thaw(&self, volume_id: &str, sequence: u64, is_complete: bool) -> Result<(), HostError> {
        if !is_complete {
            crate::snapshot::abandon(&self.0.objects, &Chain::new(volume_id)?, sequence)?;
        }
        if !self.0.place.contains(volume_id)? {
            return Ok(());
        }
        self.with_volume(volume_id, |volume| {
            volume.thaw(sequence, is_complete)?;
            Ok(())
        })
    }

    /// Ends a freeze for a snapshot that is on no record: a freeze that failed may have reached the disk. What was frozen counts as changed
    /// for the next one. Unlike [`Host::thaw`] it deletes nothing: nobody can tell that what may be stored under that sequence is not referred to.
    pub fn release(&self, volume_id: &str, sequence: u64) -> Result<(), HostError> {
        self.with_volume(volume_id, |volume| Ok(volume.thaw(sequence, false)?))
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<String, Arc<Slot>>> {
        self.0.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot(&self, volume_id: &str) -> Result<Arc<Slot>, HostError> {
        // The rules for the name of a chain are those for a volume's: each volume is a chain.
        Chain::new(volume_id)?;
        Ok(Arc::clone(self.slots().entry(volume_id.to_owned()).or_default()))
    }

    fn with_opened<T>(&self, volume_id: &str, ask: impl FnOnce(&Opened) -> Option<T>) -> Option<T> {
        let slot = self.slots().get(volume_id).cloned()?;
        let state = slot.lock();
        state.opened.as_ref().and_then(ask)
    }

    /// Does something to a volume that needs no key, open or not.
    fn with_volume<T>(
        &self,
        volume_id: &str,
        work: impl FnOnce(&Arc<Volume>) -> Result<T, HostError>,
    ) -> Result<T, HostError> {
        let slot = self.slot(volume_id)?;
        let state = slot.lock();
        match &state.opened {
            Some(opened) => work(&opened.volume),
            None => work(&self.keyless(volume_id)?),
        }
    }

    fn keyless(&self, volume_id: &str) -> Result<Arc<Volume>, HostError> {
        let directory = self.0.place.open(volume_id)?;
        Ok(Arc::new(Volume::open(&*directory, volume_id, &[], None)?))
    }

    fn open_volume(
        &self,
        volume_id: &str,
        keys: &VolumeKeys,
        base: Option<&SnapshotSource>,
    ) -> Result<Opened, HostError> {
        let directory = self.0.place.open(volume_id)?;
        let base: Option<Arc<dyn Base>> = match base {
            None => None,
            Some(base) => Some(Arc::new(SnapshotReader::new(Arc::new(self.manifest(base)?)))),
        };
        let known: Vec<DataKey> = keys.own.iter().chain(&keys.next).cloned().collect();
        let volume = Arc::new(Volume::open(&*directory, volume_id, &known, base)?);
        if keys.own.is_some() && volume.wrapped_key().is_none() {
            return Err(HostError::Downgraded(volume_id.to_owned()));
        }
        if volume.needs_base() {
            return Err(HostError::NeedsBase(volume_id.to_owned()));
        }
        if volume.is_keyless() {
            return Err(HostError::NeedsKey(volume_id.to_owned()));
        }
        self.warn_if_swappable(&volume);
        Opened::start(volume)
    }

    /// Says, once, that the process may not lock enough memory for the keys it has.
    fn warn_if_swappable(&self, volume: &Volume) {
        if !volume.is_locked_in_memory() && !self.0.said_swappable.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                volume_id = volume.id(),
                "data keys can be swapped out: the limit of locked memory (RLIMIT_MEMLOCK) is reached; raise it, or turn swap off"
            );
        }
    }

    fn manifest(&self, source: &SnapshotSource) -> Result<Manifest, HostError> {
        Ok(Manifest::open(&self.0.objects, &source.manifest, source.data_key.as_ref())?)
    }
}
