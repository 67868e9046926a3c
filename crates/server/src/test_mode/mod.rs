//! `coffer serve --test-mode`: everything in memory, and paths under `/test/` at which a program under test moves the clock, goes back to
//! what was, and has things go wrong. What they take and answer is in docs/testing.md.

mod mark;
mod paths;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use coffer_base::{ApiError, Clock, Course, Timestamp};
use coffer_cloud::Cloud;
use coffer_cloud::testing::{Fault, FaultError};
use serde_json::{Value, json};
use tokio::sync::RwLockWriteGuard;

use crate::live::Live;

pub(crate) use mark::{Held, is_marked, refuse_if_marked, take};
pub(crate) use paths::router;

/// The header that every answer has, with this as its value.
pub(crate) const HEADER: (&str, &str) = ("x-coffer-test-mode", "on");
/// Most snapshots kept.
const SNAPSHOTS: usize = 64;
/// Longest name of one.
const NAME_CHARACTERS: usize = 64;
/// The years in which a clock may be: those that every client can write.
const YEARS: (&str, &str) = ("2000-01-01T00:00:00Z", "2200-01-01T00:00:00Z");

/// What was chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TestOptions {
    /// Where ids and keys are drawn from.
    pub(crate) seed: Option<u64>,
}

/// Everything as it was at some moment.
struct Snapshot {
    /// A copy that answers nobody.
    cloud: Cloud,
    course: Option<Course>,
}

/// Test mode as it runs.
pub(crate) struct TestMode {
    live: Live,
    clock: Clock,
    options: TestOptions,
    /// What a reset goes back to.
    start: Snapshot,
    snapshots: Mutex<BTreeMap<String, Snapshot>>,
}

/// Why something can't be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// What was asked for makes no sense.
    #[error("{0}")]
    Senseless(String),
    /// There is no such snapshot.
    #[error("there is no snapshot {0}")]
    NoSnapshot(String),
    /// The service failed.
    #[error("it failed; the log says why")]
    Failed(ApiError),
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self::Failed(error)
    }
}

impl From<FaultError> for Refusal {
    fn from(error: FaultError) -> Self {
        match error {
            FaultError::Senseless(text) => Self::Senseless(text),
            FaultError::Failed(error) => Self::Failed(error),
        }
    }
}

impl TestMode {
    /// For a service that has just been made. `clock` is that service's.
    pub(crate) fn new(live: Live, clock: Clock, options: TestOptions) -> Result<Arc<Self>, ApiError> {
        let start = Snapshot { cloud: live.alone().fork()?, course: None };
        Ok(Arc::new(Self { live, clock, options, start, snapshots: Mutex::default() }))
    }

    fn snapshots(&self) -> MutexGuard<'_, BTreeMap<String, Snapshot>> {
        self.snapshots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What can be said of it.
    fn state(&self) -> Result<Value, Refusal> {
        let cloud = self.live.get_blocking();
        Ok(json!({
            "clock": {
                "now": self.clock.now().to_iso8601(),
                "now_ms": self.clock.now().unix_ms(),
                "frozen": matches!(self.clock.course(), Some(Course::Frozen { .. })),
            },
            "seed": self.options.seed,
            "snapshots": self.snapshots().keys().collect::<Vec<_>>(),
            "faults": cloud.faults()?.list(),
        }))
    }

    fn set_clock(&self, to: Timestamp) -> Result<(), Refusal> {
        let within = |text: &str| Timestamp::parse_iso8601(text).expect("a moment as it is written");
        if to < within(YEARS.0) || to >= within(YEARS.1) {
            return Err(Refusal::Senseless(format!("the clock may be from {} to {}", YEARS.0, YEARS.1)));
        }
        Ok(self.live.alone().set_clock(to)?)
    }

    fn advance(&self, ms: i64) -> Result<(), Refusal> {
        if ms < 0 {
            return Err(Refusal::Senseless("a clock is advanced, not put back: use set for that".to_owned()));
        }
        self.set_clock(self.clock.now().plus_ms(ms))
    }

    fn freeze(&self, is_frozen: bool) {
        let _alone = self.live.alone();
        if is_frozen { self.clock.freeze() } else { self.clock.unfreeze() }
    }

    fn snapshot(&self, name: &str) -> Result<(), Refusal> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.len() > NAME_CHARACTERS || !name.chars().all(allowed) {
            return Err(Refusal::Senseless(
                "a snapshot's name is 1 to 64 letters, digits, `-`, `_` and `.`".to_owned(),
            ));
        }
        let cloud = self.live.alone();
        let mut snapshots = self.snapshots();
        if snapshots.len() >= SNAPSHOTS && !snapshots.contains_key(name) {
            return Err(Refusal::Senseless(format!("there are {SNAPSHOTS} snapshots, and no more are possible")));
        }
        cloud.do_what_is_due()?;
        snapshots.insert(name.to_owned(), Snapshot { cloud: cloud.fork()?, course: self.clock.course() });
        Ok(())
    }

    fn forget(&self, name: &str) -> Result<(), Refusal> {
        let forgotten = self.snapshots().remove(name);
        forgotten.map(drop).ok_or_else(|| Refusal::NoSnapshot(name.to_owned()))
    }

    fn restore(&self, name: &str) -> Result<(), Refusal> {
        // In this order everywhere: the service, then the snapshots.
        let live = self.live.alone();
        let snapshots = self.snapshots();
        self.go_back_to(live, snapshots.get(name).ok_or_else(|| Refusal::NoSnapshot(name.to_owned()))?)
    }

    /// To how it was at the start, with the machine's time.
    fn reset(&self) -> Result<(), Refusal> {
        self.go_back_to(self.live.alone(), &self.start)
    }

    fn go_back_to(&self, mut live: RwLockWriteGuard<'_, Cloud>, snapshot: &Snapshot) -> Result<(), Refusal> {
        let next = snapshot.cloud.fork()?;
        live.stop_work_on_volumes();
        while live.is_working() {
            thread::sleep(Duration::from_millis(1));
        }
        live.close_volumes();
        *live = next;
        self.clock.steer(snapshot.course.unwrap_or(Course::Running { ahead_ms: 0 }));
        live.reconcile_volumes()?;
        Ok(live.do_what_is_due()?)
    }

    fn inject(&self, fault: Fault) -> Result<(), Refusal> {
        Ok(self.live.alone().inject(fault)?)
    }

    fn mend(&self) -> Result<(), Refusal> {
        Ok(self.live.alone().mend()?)
    }
}
