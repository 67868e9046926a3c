//! What an open volume needs done beside its transfers: bringing it over from its base, copying the overlay back, changing its key, and
//! writing down what changed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::volume::{Step, Volume, VolumeError};

/// How often an idle volume is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How many looks there are between two checkpoints: about a minute.
const CHECKPOINT_LOOKS: u32 = 600;
/// Chunks brought over at a time.
const HYDRATE_CHUNKS: usize = 16;
/// How long a volume is left alone after something went wrong.
const RETRY: Duration = Duration::from_secs(5);

/// What a volume's user wants of the change of its key.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Control {
    pub(super) is_paused: bool,
    /// At most so many bytes a second; `None`: as fast as it goes.
    pub(super) bytes_per_s: Option<u64>,
}

pub(super) struct Tending {
    pub(super) stopping: AtomicBool,
    pub(super) control: Mutex<Control>,
    pub(super) changed: Condvar,
}

impl Tending {
    pub(super) fn control(&self) -> MutexGuard<'_, Control> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    fn wait(&self, time: Duration) {
        let control = self.control();
        if !self.is_stopping() {
            drop(self.changed.wait_timeout(control, time).unwrap_or_else(PoisonError::into_inner));
        }
    }
}

/// Tends a volume until it is told to stop.
pub(super) fn tend(volume: &Volume, tending: &Tending) {
    let (mut looks, mut next_hydrated) = (0u32, 0);
    while !tending.is_stopping() {
        let outcome = look(volume, tending, &mut next_hydrated);
        looks = looks.wrapping_add(1);
        let checkpoint = if looks.is_multiple_of(CHECKPOINT_LOOKS) { volume.checkpoint() } else { Ok(()) };
        match outcome.and_then(|wait| checkpoint.map(|()| wait)) {
            Ok(Some(time)) => tending.wait(time),
            Ok(None) => {}
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(volume_id = volume.id(), error, "a volume could not be tended");
                tending.wait(RETRY);
            }
        }
    }
}

/// Does a little of whatever there is to do. How long to wait then.
fn look(volume: &Volume, tending: &Tending, next_hydrated: &mut u64) -> Result<Option<Duration>, VolumeError> {
    if volume.is_poisoned() || volume.is_fenced() {
        return Ok(Some(LOOK));
    }
    volume.merge_overlay(&|| !tending.is_stopping())?;
    if hydrate(volume, next_hydrated)? {
        return Ok(None);
    }
    let control = *tending.control();
    if control.is_paused {
        return Ok(Some(LOOK));
    }
    Ok(match volume.rekey_step()? {
        Step::Moved(bytes) => {
            control.bytes_per_s.map(|rate| Duration::from_secs_f64(as_f64(bytes) / as_f64(rate.max(1))))
        }
        Step::Waiting | Step::Idle | Step::Done => Some(LOOK),
    })
}

/// Brings some chunks over from the base; whether there are more.
fn hydrate(volume: &Volume, next: &mut u64) -> Result<bool, VolumeError> {
    if volume.base_reference().is_none() {
        return Ok(false);
    }
    let read = |error| VolumeError::Io("reading the snapshot that the volume was made from", error);
    if let Some(at) = volume.hydrate(*next, HYDRATE_CHUNKS).map_err(read)? {
        *next = at;
    } else {
        *next = 0;
    }
    volume.make_durable()?;
    Ok(!volume.settle_base()?)
}

#[expect(clippy::cast_precision_loss, reason = "a time to wait need not be exact")]
const fn as_f64(bytes: u64) -> f64 {
    bytes as f64
}
