//! The one thread that writes. It gathers the writes that wait, runs them in one transaction, each undone by itself when it fails,
//! commits once, and only then tells anyone: group commit. A write that was answered is on disk.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::task::{Context, Poll};
use std::thread;

use coffer_base::limits;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::{StoreError, Tx};

/// A write that waits: it runs inside the transaction and returns what to do once the commit's fate is known.
pub(crate) struct Job {
    work: Box<dyn FnOnce(&Tx<'_>) -> Completion + Send>,
    effect: Effect,
}

/// What a write does to what was read before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It may make it untrue.
    Changes,
    /// It only adds to the record of what happened.
    Records,
}

/// Counts the commits that may have made untrue what was read before.
pub(crate) type Generation = Arc<AtomicU64>;

type Completion = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// The result of a write, once it is durable. Await it, or block on [`Pending::wait`].
pub struct Pending<T>(oneshot::Receiver<T>, fn() -> T);

impl<T> Pending<T> {
    /// Blocks until the write is durable or has failed. Not to be called on an async runtime's threads.
    pub fn wait(self) -> T {
        self.0.blocking_recv().unwrap_or_else(|_| (self.1)())
    }
}

impl<T> Future for Pending<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0).poll(cx).map(|outcome| outcome.unwrap_or_else(|_| (self.1)()))
    }
}

/// What the writer has done, and what waits for it.
#[derive(Debug, Default)]
pub struct WriterStats {
    waiting: AtomicU64,
    writes: AtomicU64,
    commits: AtomicU64,
    refused: AtomicU64,
}

impl WriterStats {
    /// Writes that wait now.
    pub fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Writes that were done, those that failed too.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }

    /// Commits, each of one write or more.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Writes that were refused as the queue was full.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

/// The way to the writer.
#[derive(Clone)]
pub(crate) struct Queue {
    jobs: SyncSender<Job>,
    stats: Arc<WriterStats>,
}

impl Queue {
    /// Starts the writer on `connection`; `batch` writes at most share a commit. It ends when every `Queue` is gone.
    pub(crate) fn start(
        connection: Connection,
        batch: usize,
        generation: Generation,
    ) -> std::io::Result<(Self, thread::JoinHandle<()>)> {
        let (sender, receiver) = sync_channel(limits::WRITE_QUEUE);
        let stats = Arc::<WriterStats>::default();
        let counted = Arc::clone(&stats);
        let writer = thread::Builder::new()
            .name("database-writer".to_owned())
            .spawn(move || run(&connection, &receiver, batch, &generation, &counted))?;
        Ok((Self { jobs: sender, stats }, writer))
    }

    pub(crate) fn stats(&self) -> Arc<WriterStats> {
        Arc::clone(&self.stats)
    }

    pub(crate) fn write<T, E>(
        &self,
        effect: Effect,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Pending<Result<T, E>>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, pending) = oneshot::channel();
        // Before it is sent: it may be done before this thread goes on.
        self.stats.waiting.fetch_add(1, Ordering::Relaxed);
        let sent = self.jobs.try_send(job(effect, work, reply));
        if let Err(error) = &sent {
            self.stats.waiting.fetch_sub(1, Ordering::Relaxed);
            self.stats.refused.fetch_add(u64::from(matches!(error, TrySendError::Full(_))), Ordering::Relaxed);
        }
        match sent {
            Ok(()) => Pending(pending, || Err(StoreError::Stopped.into())),
            Err(TrySendError::Full(_)) => Pending(pending, || Err(StoreError::QueueFull.into())),
            Err(TrySendError::Disconnected(_)) => Pending(pending, || Err(StoreError::Stopped.into())),
        }
    }
}

/// Runs one write at once on a connection that only the caller uses.
pub(crate) fn write_inline<T, E>(
    connection: &Connection,
    generation: &AtomicU64,
    effect: Effect,
    work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
) -> Pending<Result<T, E>>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let (reply, pending) = oneshot::channel();
    commit_batch(connection, generation, job(effect, work, reply), || None);
    Pending(pending, || Err(StoreError::Stopped.into()))
}

fn job<T, E>(
    effect: Effect,
    work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    reply: oneshot::Sender<Result<T, E>>,
) -> Job
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let work: Box<dyn FnOnce(&Tx<'_>) -> Completion + Send> = Box::new(move |tx| {
        let outcome = catch_unwind(AssertUnwindSafe(|| tx.atomic(work)));
        let outcome = outcome.unwrap_or_else(|panic| {
            // The savepoint is still open: whatever the abandoned work did is taken back before anything else runs.
            let undone = tx.abandon();
            undone.map_err(E::from)?;
            Err(StoreError::Panicked(panic_text(panic.as_ref())).into())
        });
        Box::new(move |commit| {
            // A client that went away does not wait for its answer; that is no failure of the write.
            let _gone = reply.send(commit.map_err(E::from).and(outcome));
        })
    });
    Job { work, effect }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}

/// How often in vain the threads that make writes are let go first before a commit, where they wait for this very core. Otherwise, on a core
/// that is busy, nearly every write would have a commit of its own; where a core is free this takes no time.
const TURNS: u32 = 4;

fn run(connection: &Connection, jobs: &Receiver<Job>, batch: usize, generation: &AtomicU64, stats: &WriterStats) {
    while let Ok(first) = jobs.recv() {
        let (mut room, mut taken) = (batch.saturating_sub(1), 1);
        let healthy = commit_batch(connection, generation, first, || {
            room = room.checked_sub(1)?;
            let next = jobs.try_recv().ok().or_else(|| {
                (0..TURNS).find_map(|_| {
                    thread::yield_now();
                    jobs.try_recv().ok()
                })
            });
            taken += u64::from(next.is_some());
            next
        });
        stats.waiting.fetch_sub(taken, Ordering::Relaxed);
        stats.writes.fetch_add(taken, Ordering::Relaxed);
        stats.commits.fetch_add(1, Ordering::Relaxed);
        if !healthy {
            // After a failed fsync the engine's picture of the file can't be trusted: stop acknowledging. Jobs still queued are
            // dropped, which tells their callers that the writer has stopped.
            tracing::error!("a write failed with an I/O error; no further write will be accepted until a restart");
            return;
        }
    }
}

/// Runs `first` and whatever `next` yields in one transaction. `false` when the database may no longer be written.
fn commit_batch(
    connection: &Connection,
    generation: &AtomicU64,
    first: Job,
    mut next: impl FnMut() -> Option<Job>,
) -> bool {
    let tx = Tx::new(connection, None);
    if let Err(error) = tx.control("BEGIN IMMEDIATE") {
        tracing::error!(%error, "a write could not begin");
        return !tx.file_failed();
    }
    let mut changes = first.effect == Effect::Changes;
    let mut completions = vec![(first.work)(&tx)];
    // What is not taken any more waits for the next transaction.
    while tx.is_open()
        && !tx.file_failed()
        && let Some(job) = next()
    {
        changes |= job.effect == Effect::Changes;
        completions.push((job.work)(&tx));
    }
    let is_whole = tx.is_open() && !tx.file_failed();
    let committed = if is_whole { tx.control("COMMIT") } else { Err(StoreError::RolledBack) };
    if let Err(error) = &committed {
        // The engine may already have rolled back by itself; then there is nothing left to undo.
        if tx.is_open() && tx.control("ROLLBACK").is_err() {
            tracing::error!("rolling back after a failed commit failed as well");
        }
        tracing::error!(%error, writes = completions.len(), "a commit failed");
    }
    if changes {
        // After the commit: what is read from now on is new. Before anyone is told: whoever knows of it reads it so.
        generation.fetch_add(1, Ordering::SeqCst);
    }
    tx.committed();
    let failure = committed.err().map(|error| error.to_string());
    for completion in completions {
        completion(failure.clone().map_or(Ok(()), |text| Err(StoreError::CommitFailed(text))));
    }
    !tx.file_failed()
}
