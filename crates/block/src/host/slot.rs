//! One volume as the host sees it: closed, or open with what tends it and what exports it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::export::Exported;
use super::tend::{self, Tending};
use super::{HostError, error::Doing as _};
use crate::geometry::chunks;
use crate::volume::{RekeyStatus, Volume};

/// What was done to a volume since it was exported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Reads.
    pub reads: u64,
    /// Writes.
    pub writes: u64,
    /// Bytes read.
    pub read_bytes: u64,
    /// Bytes written.
    pub written_bytes: u64,
    /// The time reads took together, in microseconds.
    pub read_us: u64,
    /// The time writes took together, in microseconds.
    pub write_us: u64,
    /// Requests answered with an error.
    pub errors: u64,
    /// Clients connected now.
    pub clients: u64,
}

/// The state of an open volume.
#[expect(clippy::struct_excessive_bools, reason = "each tells of something else; all combinations occur")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VolumeStatus {
    /// How long it is.
    pub size_bytes: u64,
    /// Whether it needs its base no more, durably.
    pub is_hydrated: bool,
    /// Chunks it holds itself.
    pub hydrated_chunks: u64,
    /// All chunks.
    pub total_chunks: u64,
    /// The change of its data key, if one is on its way.
    pub rekey: Option<RekeyStatus>,
    /// Whether that is held up by its user.
    pub is_rekey_paused: bool,
    /// What was done to it since it was exported.
    pub counters: Counters,
    /// Whether its I/O is stopped.
    pub is_fenced: bool,
    /// Whether something could not be made durable, so that it must be closed and opened again.
    pub is_poisoned: bool,
}

#[derive(Default)]
pub(super) struct Slot(Mutex<SlotState>);

#[derive(Default)]
pub(super) struct SlotState {
    pub(super) opened: Option<Opened>,
}

pub(super) struct Opened {
    pub(super) volume: Arc<Volume>,
    pub(super) exported: Option<Exported>,
    /// How many snapshots are being read off.
    pub(super) readers: u32,
    pub(super) tending: Arc<Tending>,
    thread: Option<JoinHandle<()>>,
}

impl Slot {
    pub(super) fn lock(&self) -> MutexGuard<'_, SlotState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SlotState {
    pub(super) fn require_closed(&self, volume_id: &str) -> Result<(), HostError> {
        if self.opened.is_some() { Err(HostError::InUse(volume_id.to_owned())) } else { Ok(()) }
    }

    /// Closes the volume, whose key is wiped when this returns.
    pub(super) fn close(&mut self, volume_id: &str) -> Result<(), HostError> {
        let Some(opened) = self.opened.take() else { return Ok(()) };
        let volume = Arc::clone(&opened.volume);
        drop(opened);
        let closed = if volume.is_poisoned() { Ok(()) } else { volume.close() };
        if Arc::strong_count(&volume) > 1 {
            tracing::warn!(volume_id, "a closed volume is still being read");
        }
        Ok(closed?)
    }
}

impl Opened {
    /// Starts what tends an open volume.
    pub(super) fn start(volume: Arc<Volume>) -> Result<Self, HostError> {
        let tending =
            Arc::new(Tending { stopping: AtomicBool::new(false), control: Mutex::default(), changed: Condvar::new() });
        let (its_volume, its_tending) = (Arc::clone(&volume), Arc::clone(&tending));
        let work = move || tend::tend(&its_volume, &its_tending);
        let thread = std::thread::Builder::new().name("tend".to_owned()).spawn(work).doing("starting a thread")?;
        Ok(Self { volume, exported: None, readers: 0, tending, thread: Some(thread) })
    }

    pub(super) fn stop_exporting(&mut self) {
        if let Some(exported) = self.exported.take() {
            exported.stop();
        }
    }

    pub(super) fn status(&self) -> VolumeStatus {
        let total_chunks = chunks(self.volume.size_bytes());
        VolumeStatus {
            size_bytes: self.volume.size_bytes(),
            is_hydrated: self.volume.base_reference().is_none(),
            hydrated_chunks: total_chunks - self.volume.chunks_in_base(),
            total_chunks,
            rekey: self.volume.rekey_status(),
            is_rekey_paused: self.tending.control().is_paused,
            counters: self.exported.as_ref().map(Exported::counters).unwrap_or_default(),
            is_fenced: self.volume.is_fenced(),
            is_poisoned: self.volume.is_poisoned(),
        }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.stop_exporting();
        self.tending.stopping.store(true, Ordering::Release);
        self.tending.changed.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(volume_id = self.volume.id(), "what tends a volume panicked");
        }
    }
}
