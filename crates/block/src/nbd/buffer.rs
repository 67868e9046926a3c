//! Memory for payloads: used again and again, never more than a limit.

use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard};

use crate::geometry::UNIT_BYTES;
use crate::storage::Buffer;

/// What a pool keeps of the buffers that nobody uses: enough for the usual queue of large requests.
const MOST_KEPT_BYTES: usize = 16 << 20;

/// The buffers of a connection.
pub(super) struct Pool {
    state: Mutex<State>,
    returned: Condvar,
    most_bytes: usize,
}

#[derive(Default)]
struct State {
    /// By size, which is a power of two: the index is its logarithm.
    kept: Vec<Vec<Buffer>>,
    kept_bytes: usize,
    used_bytes: usize,
}

impl Pool {
    /// A pool that hands out at most so many bytes at a time.
    pub(super) fn new(most_bytes: usize) -> Self {
        let kept = std::iter::repeat_with(Vec::new).take(usize::BITS as usize).collect();
        Self { state: Mutex::new(State { kept, ..State::default() }), returned: Condvar::new(), most_bytes }
    }

    /// A buffer of that length, whose content is left from before. Waits until there is room for it.
    pub(super) fn take(&self, length: usize) -> Lease<'_> {
        let size = length.max(UNIT_BYTES).next_power_of_two();
        assert!(size <= self.most_bytes, "{size} bytes are asked for, of {} in all", self.most_bytes);
        let full = |state: &mut State| state.used_bytes + size > self.most_bytes;
        let mut state = self.returned.wait_while(self.lock(), full).expect("no panic under this lock");
        state.used_bytes += size;
        let kept = state.kept[size.ilog2() as usize].pop();
        if kept.is_some() {
            state.kept_bytes -= size;
        }
        drop(state);
        Lease { pool: self, buffer: Some(kept.unwrap_or_else(|| Buffer::new(size))), length }
    }

    fn give(&self, buffer: Buffer) {
        let size = buffer.len();
        let mut state = self.lock();
        state.used_bytes -= size;
        if state.kept_bytes + size <= MOST_KEPT_BYTES {
            state.kept_bytes += size;
            state.kept[size.ilog2() as usize].push(buffer);
        }
        drop(state);
        self.returned.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic under this lock")
    }
}

/// A buffer of a pool, which it goes back to.
pub(super) struct Lease<'p> {
    pool: &'p Pool,
    buffer: Option<Buffer>,
    length: usize,
}

impl Deref for Lease<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.buffer.as_ref().expect("it is there until it is dropped")[..self.length]
    }
}

impl DerefMut for Lease<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.buffer.as_mut().expect("it is there until it is dropped")[..self.length]
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let Some(buffer) = self.buffer.take() {
            self.pool.give(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_aligned_and_as_long_as_asked_for() {
        let pool = Pool::new(1 << 20);
        for length in [0, 1, 4095, 4096, 4097, 1 << 20] {
            let lease = pool.take(length);
            assert_eq!((lease.len(), lease.as_ptr() as usize % UNIT_BYTES), (length, 0));
        }
    }

    #[test]
    fn who_asks_for_too_much_waits_until_something_is_given_back() {
        let pool = Pool::new(8192);
        let (first, second) = (pool.take(4096), pool.take(4096));
        std::thread::scope(|scope| {
            let third = scope.spawn(|| pool.take(8192).len());
            drop(first);
            assert!(!third.is_finished());
            drop(second);
            assert_eq!(third.join().unwrap(), 8192);
        });
    }

    #[test]
    fn what_is_kept_unused_is_bounded() {
        let pool = Pool::new(64 << 20);
        let leases: Vec<_> = (0..64).map(|_| pool.take(1 << 20)).collect();
        drop(leases);
        let state = pool.lock();
        assert_eq!((state.used_bytes, state.kept_bytes), (0, MOST_KEPT_BYTES));
    }
}
