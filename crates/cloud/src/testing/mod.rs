//! Test mode: what programs under test want of a cloud and no real one gives them. A clock that goes where it is told, ids that repeat,
//! faults, and copies of everything to come back to. Without [`Testing`] given to [`Cloud::in_test_mode`] nothing of it can be reached.
//!
//! A copy is a whole service of its own, with memories that begin anew or are copied: going back is to serve the copy instead.

mod clock;
mod faults;
mod seeds;

use std::sync::Arc;

use coffer_base::{ApiError, Clock, ErrorCode, Rng, SeededRng};

pub use faults::{Fault, FaultError, Faults};
pub use seeds::Seeds;

use crate::auth::PolicyCache;
use crate::bell::Bell;
use crate::costly::Steps;
use crate::dispatch::{Cloud, Shared};
use crate::metrics::Meter;
use crate::throttle::Throttle;
use crate::volumes::Volumes;

/// What test mode adds to a service.
pub struct Testing {
    /// Where what is drawn comes from; `None` for the service's own randomness.
    pub seeds: Option<Seeds>,
    /// What goes wrong.
    pub faults: Faults,
    /// The machine's clock: clients sign by it, wherever the service's own clock is.
    pub machine: Clock,
}

impl Testing {
    /// Without faults. A seed makes the ids and keys that each call draws those of every other run in which it is made.
    pub fn new(seed: Option<u64>, machine: Clock) -> Self {
        Self { seeds: seed.map(Seeds::new), faults: Faults::default(), machine }
    }
}

impl Shared {
    /// Randomness of its own for one piece of work, where a seed was given.
    pub(crate) fn stream(&self, label: &str) -> Option<SeededRng> {
        Some(self.testing.as_ref()?.seeds.as_ref()?.next(label))
    }

    /// Whether it was said that KMS is out of reach.
    pub(crate) fn kms_is_down(&self) -> bool {
        self.testing.as_ref().is_some_and(|testing| testing.faults.kms_is_down())
    }

    /// The randomness of one piece of work.
    pub(crate) fn randomness<'a>(&'a self, own: Option<&'a SeededRng>) -> &'a dyn Rng {
        own.map_or(&*self.rng, |own| own as &dyn Rng)
    }
}

impl Cloud {
    /// What test mode adds; without it refused as `OperationDenied.NotInTestMode`.
    fn testing(&self) -> Result<&Testing, ApiError> {
        self.0.testing.as_ref().ok_or_else(|| ErrorCode::NotInTestMode.into())
    }

    /// A copy of everything: database, volumes, snapshots, nonces, faults, and where the seeds are. It shares the clock and the threads, and
    /// has no volume open. To be called when no request is under way and [`Cloud::do_what_is_due`] has returned. Only in test mode.
    pub fn fork(&self) -> Result<Self, ApiError> {
        let shared = &*self.0;
        let testing = self.testing()?;
        let host = shared.volumes.host.fork().ok_or_else(|| ApiError::internal("volumes that are not in memory"))?;
        let host = host.map_err(ApiError::internal)?;
        Ok(Self(Arc::new(Shared {
            db: shared.db.fork()?,
            clock: shared.clock.clone(),
            rng: Arc::clone(&shared.rng),
            keyring: Arc::new(shared.keyring.fork()),
            settings: shared.settings.clone(),
            policies: PolicyCache::default(),
            uses: shared.uses.fork(),
            version_uses: shared.version_uses.fork(),
            failures: shared.failures.fork(),
            throttle: Throttle::default(),
            replays: shared.replays.fork(),
            steps: Steps::default(),
            volumes: Volumes::new(host, shared.volumes.workers()),
            bell: Bell::default(),
            meter: Meter::default(),
            testing: Some(Testing {
                seeds: testing.seeds.as_ref().map(Seeds::fork),
                faults: testing.faults.fork(),
                machine: testing.machine.clone(),
            }),
        })))
    }
}
