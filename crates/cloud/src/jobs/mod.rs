//! Work that outlives the request that asked for it. Each kind is a function that can be run again: what it did and that it is done
//! are committed together.

mod disks;
mod events;
mod images;
mod instances;
mod keys;
mod secrets;
mod snapshots;

use coffer_base::{ApiError, limits};
use coffer_store::jobs::{self, Job};
use coffer_store::{Tx, idempotency};

use crate::dispatch::{Cloud, Shared};
use crate::job::{Class, Kind};

/// Most jobs taken up at a time.
const MOST: i64 = 100;
/// Most nonces and client tokens forgotten at a time: more than a second of writes leaves behind, and still a short transaction.
const MOST_FORGOTTEN: i64 = 20_000;
/// How long a job that failed waits before it is tried again.
const RETRY_MS: i64 = 60_000;

/// Whether a job is over when its function returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// It is.
    Never,
    /// Something else must happen before; it is tried again after so long.
    AfterMs(i64),
}

/// The kinds of jobs of a class, as the table has them.
pub(crate) fn kinds(class: Class) -> Vec<String> {
    Kind::ALL.into_iter().filter(|kind| kind.class() == class).map(|kind| kind.as_str().to_owned()).collect()
}

impl Cloud {
    /// Does what is due, or has it done where it is work on volumes. Blocks until what it did itself is durable; to be called every
    /// moment on a thread of its own. How many jobs were done since the last call.
    pub fn run_due_jobs(&self) -> Result<usize, ApiError> {
        self.ring()?;
        let mut done = self.hand_out(Class::Long, MOST)?;
        let (now, kinds) = (self.0.clock.now(), kinds(Class::Transaction));
        let due = self.0.db.read(|tx| jobs::due(tx, &kinds, now, MOST).map_err(ApiError::from))?;
        for job in due {
            done += usize::from(self.run_job(job)?);
        }
        Ok(done + self.hand_out(Class::Prompt, MOST)?)
    }

    /// Forgets nonces and client tokens that are too old to matter. Blocks; to be called every few seconds.
    pub fn forget_expired(&self) -> Result<usize, ApiError> {
        self.forget_events()?;
        let now = self.0.clock.now();
        let oldest_token = now.plus_ms(-limits::CLIENT_TOKEN_MS);
        let forget =
            move |tx: &Tx<'_>| idempotency::forget(tx, now, oldest_token, MOST_FORGOTTEN).map_err(ApiError::from);
        self.0.db.write(forget).wait()
    }

    fn run_job(&self, job: Job) -> Result<bool, ApiError> {
        let shared = std::sync::Arc::clone(&self.0);
        let (job_id, kind) = (job.job_id, job.kind.clone());
        let outcome = self.0.db.write(move |tx| shared.perform_job(tx, &job)).wait();
        let Err(error) = outcome else {
            return outcome;
        };
        tracing::error!(job_id, kind, cause = error.source().map(tracing::field::display), "a job failed");
        let later = self.0.clock.now().plus_ms(RETRY_MS);
        self.0.db.write(move |tx| jobs::put_off(tx, job_id, later).map_err(ApiError::from)).wait()?;
        Ok(false)
    }
}

impl Shared {
    fn perform_job(&self, tx: &Tx<'_>, job: &Job) -> Result<bool, ApiError> {
        // It may have been withdrawn, or done, since it was read.
        if !jobs::waits(tx, job.job_id)? {
            return Ok(false);
        }
        let kind = Kind::parse(&job.kind);
        let kind =
            kind.ok_or_else(|| ApiError::internal(format!("a job of a kind that does not exist: {}", job.kind)))?;
        let subject = job.subject.as_str();
        let again = match kind {
            Kind::DeleteKey => keys::delete(self, tx, subject).map(|()| Again::Never)?,
            Kind::RotateKey => keys::rotate(self, tx, subject).map(|()| Again::Never)?,
            Kind::ExpireMaterial => keys::expire_material(self, tx, subject).map(|()| Again::Never)?,
            Kind::DeleteSecret => keys::delete_secret(self, tx, subject).map(|()| Again::Never)?,
            Kind::RotateSecret => secrets::rotate(self, tx, subject)?,
            Kind::RetireAccessKeys => secrets::retire(self, tx, subject)?,
            Kind::ExpireSnapshot => snapshots::expire(self, tx, subject)?,
            Kind::CompleteImage => images::complete(self, tx, subject)?,
            Kind::StopInstance => instances::stop(tx, subject).map(|()| Again::Never)?,
            Kind::ReleaseInstance => instances::release(self, tx, subject).map(|()| Again::Never)?,
            Kind::SettleDisk => disks::settle(self, tx, subject)?,
            Kind::CompleteSnapshot
            | Kind::StartInstance
            | Kind::SyncDisk
            | Kind::FreezeVolumes
            | Kind::FreeSnapshot => return Err(ApiError::internal("work on volumes inside a transaction")),
        };
        if let Again::AfterMs(ms) = again {
            jobs::wait(tx, job.job_id, self.clock.later(ms))?;
            return Ok(false);
        }
        jobs::finish(tx, job.job_id)?;
        Ok(true)
    }
}
