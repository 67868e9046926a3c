//! Jobs that the host of the volumes does: taken up, done, put on record, tried again.

use std::sync::atomic::Ordering;

use coffer_base::ApiError;
use coffer_store::Tx;
use coffer_store::jobs::{self, Job};
use tokio::sync::oneshot;

use super::locks::Held;
use crate::dispatch::{Cloud, Shared};
use crate::job::{Class, Kind};
use crate::jobs::Again;

/// How long a job that failed waits at first, and at most, before it is tried again: each time twice as long.
const RETRY_MS: i64 = 1000;
const MOST_RETRY_MS: i64 = 60_000;

/// What a job leaves to be put on record, in the transaction that ends it.
pub(super) type Record = Box<dyn FnOnce(&Shared, &Tx<'_>) -> Result<(), ApiError> + Send>;

/// What became of a job.
pub(super) struct Outcome {
    /// Whether it is over.
    pub(super) again: Again,
    /// What belongs on record.
    pub(super) record: Record,
    /// What nobody else may touch before that.
    pub(super) held: Option<Held>,
}

impl Outcome {
    /// It is over, and this belongs on record.
    pub(super) fn done(
        held: Option<Held>,
        record: impl FnOnce(&Shared, &Tx<'_>) -> Result<(), ApiError> + Send + 'static,
    ) -> Self {
        Self { again: Again::Never, record: Box::new(record), held }
    }

    /// There is nothing to do.
    pub(super) fn nothing() -> Self {
        Self::done(None, |_, _| Ok(()))
    }

    /// Something else must happen before.
    pub(super) fn after_ms(ms: i64) -> Self {
        Self { again: Again::AfterMs(ms), ..Self::nothing() }
    }
}

impl Cloud {
    /// Does jobs that an operation set down, before it is answered. What fails is tried again later.
    pub(crate) async fn work_promptly(&self, jobs: Vec<Job>) {
        if jobs.is_empty() {
            return;
        }
        let (cloud, (reply, done)) = (self.clone(), oneshot::channel());
        self.0.volumes.workers.prompt(Box::new(move || {
            for job in &jobs {
                // The caller is answered when it is done, by whichever thread.
                let running = cloud.0.volumes.running.hold(&[job.job_id.to_string()]);
                cloud.work(job, running);
            }
            reply.send(()).ok();
        }));
        if done.await.is_err() {
            tracing::error!("a thread that works on volumes ended before its work");
        }
    }

    /// Hands due jobs of a class to their threads. How many were done since this was last asked, on whichever thread.
    pub(crate) fn hand_out(&self, class: Class, most: i64) -> Result<usize, ApiError> {
        let (volumes, now) = (&self.0.volumes, self.0.clock.now());
        let kinds: Vec<String> = crate::jobs::kinds(class);
        let due = self.0.db.read(|tx| jobs::due(tx, &kinds, now, most).map_err(ApiError::from))?;
        for job in due {
            // Another thread may work on it: then it is as due as before, unless it is over.
            let Some(running) = volumes.running.try_hold(&[job.job_id.to_string()]) else { continue };
            let cloud = self.clone();
            let work = Box::new(move || cloud.work(&job, running));
            if class == Class::Long { volumes.workers.long(work) } else { volumes.workers.prompt(work) }
        }
        Ok(self.count_done())
    }

    /// Whether threads have work on volumes, or are at it.
    pub fn is_working(&self) -> bool {
        !self.0.volumes.workers.are_idle()
    }

    /// How many jobs threads have done since this was last asked.
    pub(crate) fn count_done(&self) -> usize {
        self.0.volumes.done.swap(0, Ordering::Relaxed)
    }

    /// Does a job that no other thread does, unless it was done or withdrawn meanwhile.
    fn work(&self, job: &Job, running: Held) {
        let volumes = &self.0.volumes;
        if volumes.stopping.load(Ordering::Relaxed) {
            return;
        }
        match self.attempt(job) {
            Ok(true) => drop(volumes.done.fetch_add(1, Ordering::Relaxed)),
            Ok(false) => {}
            // It was broken off, and is as due as before.
            Err(_) if volumes.stopping.load(Ordering::Relaxed) => {}
            Err(error) => {
                let (job_id, kind, subject) = (job.job_id, &job.kind, &job.subject);
                let cause = error.source().map(tracing::field::display);
                tracing::error!(job_id, kind, subject, code = %error.code_text(), cause, "work on a volume failed");
                self.put_off(job, retry_ms(job.attempts));
            }
        }
        drop(running);
    }

    /// To be called once when the process is to end: what takes long is broken off, and nothing new is begun.
    pub fn stop_work_on_volumes(&self) {
        self.0.volumes.stopping.store(true, Ordering::Relaxed);
    }

    fn put_off(&self, job: &Job, ms: i64) {
        let (job_id, later) = (job.job_id, self.0.clock.now().plus_ms(ms));
        let put_off = self.0.db.write(move |tx| jobs::put_off(tx, job_id, later).map_err(ApiError::from)).wait();
        if let Err(error) = put_off {
            tracing::error!(job_id, ?error, "a job that failed can't be put off");
        }
    }

    /// Whether the job is over.
    fn attempt(&self, job: &Job) -> Result<bool, ApiError> {
        let job_id = job.job_id;
        if !self.0.db.read(|tx| jobs::waits(tx, job_id).map_err(ApiError::from))? {
            return Ok(false);
        }
        let Outcome { again, record, held } = self.perform(job)?;
        let shared = std::sync::Arc::clone(&self.0);
        let recorded = move |tx: &Tx<'_>| {
            record(&shared, tx)?;
            if let Again::AfterMs(ms) = again {
                jobs::wait(tx, job_id, shared.clock.later(ms))?;
                return Ok(false);
            }
            jobs::finish(tx, job_id)?;
            Ok::<_, ApiError>(true)
        };
        let over = self.0.db.write(recorded).wait();
        drop(held);
        over
    }

    fn perform(&self, job: &Job) -> Result<Outcome, ApiError> {
        let subject = job.subject.as_str();
        match Kind::parse(&job.kind) {
            Some(Kind::StartInstance) => self.start_instance(subject),
            Some(Kind::SyncDisk) => self.sync_disk(subject),
            Some(Kind::FreezeVolumes) => Ok(self.freeze(subject)),
            Some(Kind::CompleteSnapshot) => self.complete_snapshot(subject, job.attempts),
            Some(Kind::FreeSnapshot) => self.free_snapshot(subject),
            _ => Err(ApiError::internal(format!("no work on volumes: {}", job.kind))),
        }
    }
}

fn retry_ms(attempts: i64) -> i64 {
    (RETRY_MS << attempts.clamp(0, 16)).min(MOST_RETRY_MS)
}
