//! What a connection's reader hands to its workers.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::nbd::buffer::Lease;
use crate::nbd::protocol::Request;

/// A request with the memory for its payload, which is there already if it is a write.
pub(super) struct Job<'p> {
    pub(super) request: Request,
    pub(super) payload: Lease<'p>,
}

/// Requests that wait for a worker.
#[derive(Default)]
pub(super) struct Queue<'p> {
    state: Mutex<State<'p>>,
    /// There is a job, or there will be none any more.
    work: Condvar,
    /// A job is done.
    room: Condvar,
    /// Jobs that wait or are worked on; what the reader asks at every request.
    outstanding: AtomicUsize,
}

#[derive(Default)]
struct State<'p> {
    jobs: VecDeque<Job<'p>>,
    idle: usize,
    closed: bool,
}

impl<'p> Queue<'p> {
    /// How many jobs are not done.
    pub(super) fn outstanding(&self) -> usize {
        self.outstanding.load(Ordering::Relaxed)
    }

    /// Adds a job, once fewer than `most` are outstanding. Whether there are fewer workers without work than jobs.
    pub(super) fn push(&self, job: Job<'p>, most: usize) -> bool {
        let full = |state: &mut State<'_>| self.outstanding() >= most && !state.closed;
        let mut state = self.room.wait_while(self.lock(), full).unwrap_or_else(PoisonError::into_inner);
        self.outstanding.fetch_add(1, Ordering::Relaxed);
        state.jobs.push_back(job);
        let short = state.idle < state.jobs.len();
        drop(state);
        self.work.notify_one();
        short
    }

    /// Waits for a job; `None` when there will be none any more.
    pub(super) fn pop(&self) -> Option<Job<'p>> {
        let mut state = self.lock();
        state.idle += 1;
        let idle = |state: &mut State<'_>| state.jobs.is_empty() && !state.closed;
        let mut state = self.work.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner);
        state.idle -= 1;
        state.jobs.pop_front()
    }

    /// Says that a job is done.
    pub(super) fn done(&self) {
        let state = self.lock();
        self.outstanding.fetch_sub(1, Ordering::Relaxed);
        drop(state);
        self.room.notify_one();
    }

    /// There will be no more jobs; those that wait are still given out.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.work.notify_all();
        self.room.notify_all();
    }

    /// Forgets the jobs that wait, and takes no notice of more.
    pub(super) fn abandon(&self) {
        let mut state = self.lock();
        state.closed = true;
        let forgotten = std::mem::take(&mut state.jobs);
        drop(state);
        drop(forgotten);
        self.close();
    }

    fn lock(&self) -> MutexGuard<'_, State<'p>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
