//! Work that outlives the request that asked for it. Each kind is a function that can be run again: what it did and that it is done
//! are committed together.

use coffer_base::{ApiError, limits};
use coffer_store::jobs::{self, Job};
use coffer_store::{Tx, idempotency, keys};

use crate::dispatch::{Cloud, Shared};

/// Deleting a key whose window is over.
pub const DELETE_KEY: &str = "kms.delete-key";

/// Most jobs taken up at a time.
const MOST: i64 = 100;
/// Most nonces and client tokens forgotten at a time: more than a second of writes leaves behind, and still a short transaction.
const MOST_FORGOTTEN: i64 = 20_000;
/// How long a job that failed waits before it is tried again.
const RETRY_MS: i64 = 60_000;

impl Cloud {
    /// Does what is due. Blocks until it is durable; to be called now and then on a thread of its own. How many jobs were done.
    pub fn run_due_jobs(&self) -> Result<usize, ApiError> {
        let shared = &self.0;
        let now = shared.clock.now();
        let oldest_token = now.plus_ms(-limits::CLIENT_TOKEN_MS);
        shared
            .db
            .write(move |tx| idempotency::forget(tx, now, oldest_token, MOST_FORGOTTEN).map_err(ApiError::from))
            .wait()?;
        let due = shared.db.read(|tx| jobs::due(tx, now, MOST).map_err(ApiError::from))?;
        let mut done = 0;
        for job in due {
            done += usize::from(self.run_job(job)?);
        }
        Ok(done)
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
        match job.kind.as_str() {
            DELETE_KEY => self.delete_key(tx, &job.subject)?,
            other => return Err(ApiError::internal(format!("a job of a kind that does not exist: {other}"))),
        }
        jobs::finish(tx, job.job_id)?;
        Ok(true)
    }

    fn delete_key(&self, tx: &Tx<'_>, key_id: &str) -> Result<(), ApiError> {
        let due = keys::get(tx, key_id)?.and_then(|key| key.delete_at);
        if due.is_some_and(|due| due <= self.clock.now()) {
            keys::delete(tx, key_id)?;
            tracing::info!(key_id, "a key was deleted: its window is over");
        }
        Ok(())
    }
}
