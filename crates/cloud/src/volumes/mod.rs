//! What is done to the bytes behind disks and snapshots. An operation writes down what is to be; here it is made so: outside any
//! transaction, by the host of the volumes, then put on record in one.
//!
//! All of it can be done again, and is done after the state of the database, whoever asked: so it does not matter in which order it is
//! asked for, or how often the process dies in between.

mod copy;
mod free;
mod freeze;
mod keys;
mod locks;
mod metrics;
mod reencrypt;
mod revive;
mod start;
mod sync;
mod upload;
mod watch;
mod work;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use coffer_base::Timestamp;
use coffer_block::host::{Counters, Host};
use coffer_store::volumes::Sample;

use locks::Locks;

/// A piece of work, on its way to a thread.
pub type Work = Box<dyn FnOnce() + Send>;

/// The threads that work on volumes: the wiring has them.
pub trait Workers: Send + Sync {
    /// Has a moment's work done; a request waits for it.
    fn prompt(&self, work: Work);
    /// Has work done that can take hours.
    fn long(&self, work: Work);
    /// Whether all that was handed over is done.
    fn are_idle(&self) -> bool;
}

/// Workers that do everything on the thread that asks, before it goes on.
#[derive(Clone, Copy, Debug)]
pub struct Inline;

impl Workers for Inline {
    fn prompt(&self, work: Work) {
        work();
    }

    fn long(&self, work: Work) {
        work();
    }

    fn are_idle(&self) -> bool {
        true
    }
}

/// The volumes of this machine, and what is being done to them.
pub struct Volumes {
    /// The volumes.
    pub host: Host,
    workers: Arc<dyn Workers>,
    locks: Locks,
    /// The file whose shared lock keeps every object where it is.
    pin: Option<PathBuf>,
    /// The numbers of the jobs that threads work on.
    running: Locks,
    /// Whether the process is to end.
    stopping: AtomicBool,
    /// How many jobs were done.
    done: AtomicUsize,
    /// For which instances each open volume was opened.
    opened_for: Mutex<HashMap<String, BTreeSet<String>>>,
    activity: Mutex<Activity>,
    /// The disks whose key is out of reach, and since when.
    outages: Mutex<HashMap<String, Outage>>,
}

/// What was done to volumes and is not on record yet.
#[derive(Default)]
struct Activity {
    /// Each volume's counters when they were last looked at.
    seen: HashMap<String, Counters>,
    /// What to put on record of each disk, minute by minute.
    unsaved: HashMap<(String, i64), Sample>,
}

/// A key that can't be reached.
#[derive(Clone, Copy, Debug)]
struct Outage {
    since: Timestamp,
    fenced: bool,
}

impl Volumes {
    /// Those of a host, worked on by these threads.
    pub fn new(host: Host, workers: Arc<dyn Workers>) -> Self {
        Self {
            host,
            workers,
            locks: Locks::default(),
            pin: None,
            running: Locks::default(),
            stopping: AtomicBool::new(false),
            done: AtomicUsize::new(0),
            opened_for: Mutex::default(),
            activity: Mutex::default(),
            outages: Mutex::default(),
        }
    }

    /// With a file whose shared lock, taken by another process, keeps every object where it is for as long: a backup's.
    #[must_use]
    pub fn pinned_by(self, pin: PathBuf) -> Self {
        Self { pin: Some(pin), ..self }
    }

    /// Takes the right to remove objects; `Err(None)` while another process keeps them. Kept until what it gives is dropped.
    fn free_to_remove(&self) -> Result<Option<File>, Option<io::Error>> {
        let Some(path) = &self.pin else { return Ok(None) };
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path).map_err(Some)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Err(None),
            Err(TryLockError::Error(error)) => Err(Some(error)),
        }
    }

    /// The threads that work on them.
    pub(crate) fn workers(&self) -> Arc<dyn Workers> {
        Arc::clone(&self.workers)
    }
}

impl fmt::Debug for Volumes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Volumes")
    }
}

/// The content of a mutex; what a thread that panicked left is as good as any.
pub(crate) fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The disk that a volume is of: what stands before the dot.
fn disk_of(volume_id: &str) -> &str {
    volume_id.rsplit_once('.').map_or(volume_id, |(disk_id, _)| disk_id)
}
