//! What an export's clients did, counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// Buckets of a histogram: the last one holds everything from about a second on.
const BUCKETS: usize = 22;

/// How long something took: bucket `n` counts what took less than 2^n microseconds and not less than half of that.
#[derive(Debug, Default)]
struct Latency {
    buckets: [AtomicU64; BUCKETS],
    total_ns: AtomicU64,
}

impl Latency {
    fn add(&self, took_ns: u64) {
        let microseconds = took_ns / 1000;
        let bucket = (u64::BITS - microseconds.leading_zeros()) as usize;
        self.buckets[bucket.min(BUCKETS - 1)].fetch_add(1, Ordering::Relaxed);
        self.total_ns.fetch_add(took_ns, Ordering::Relaxed);
    }

    fn snapshot(&self) -> LatencySnapshot {
        LatencySnapshot {
            buckets: std::array::from_fn(|n| self.buckets[n].load(Ordering::Relaxed)),
            total_ns: self.total_ns.load(Ordering::Relaxed),
        }
    }
}

/// The counters of one export, shared by all its connections. Requests that were refused before they reached the export are errors
/// and nothing else.
#[derive(Debug, Default)]
pub struct Counters {
    bytes_read: AtomicU64,
    bytes_written: AtomicU64,
    flushes: AtomicU64,
    trims: AtomicU64,
    zeroings: AtomicU64,
    errors: AtomicU64,
    clients: AtomicU64,
    read: Latency,
    write: Latency,
}

impl Counters {
    /// What was counted until now.
    pub fn snapshot(&self) -> CountersSnapshot {
        let read = self.read.snapshot();
        let write = self.write.snapshot();
        CountersSnapshot {
            reads: read.buckets.iter().sum(),
            writes: write.buckets.iter().sum(),
            bytes_read: self.bytes_read.load(Ordering::Relaxed),
            bytes_written: self.bytes_written.load(Ordering::Relaxed),
            flushes: self.flushes.load(Ordering::Relaxed),
            trims: self.trims.load(Ordering::Relaxed),
            zeroings: self.zeroings.load(Ordering::Relaxed),
            errors: self.errors.load(Ordering::Relaxed),
            clients: self.clients.load(Ordering::Relaxed),
            read_latency: read,
            write_latency: write,
        }
    }

    pub(super) fn read(&self, length: u32, took_ns: u64) {
        self.bytes_read.fetch_add(length.into(), Ordering::Relaxed);
        self.read.add(took_ns);
    }

    pub(super) fn write(&self, length: u32, took_ns: u64) {
        self.bytes_written.fetch_add(length.into(), Ordering::Relaxed);
        self.write.add(took_ns);
    }

    pub(super) fn flush(&self) {
        self.flushes.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn trim(&self) {
        self.trims.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn zeroing(&self) {
        self.zeroings.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn error(&self) {
        self.errors.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }

    /// Counts a client for as long as the guard lives.
    pub(super) fn client(&self) -> Client<'_> {
        self.clients.fetch_add(1, Ordering::Relaxed);
        Client(self)
    }
}

/// A client that is connected.
pub(super) struct Client<'a>(&'a Counters);

impl Drop for Client<'_> {
    fn drop(&mut self) {
        self.0.clients.fetch_sub(1, Ordering::Relaxed);
    }
}

/// [`Counters`] at some moment. Everything but `clients` only grows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CountersSnapshot {
    /// Reads that the export was asked for.
    pub reads: u64,
    /// Writes that the export was asked for.
    pub writes: u64,
    /// Bytes of those reads.
    pub bytes_read: u64,
    /// Bytes of those writes.
    pub bytes_written: u64,
    /// Flushes, those of forced unit access too.
    pub flushes: u64,
    /// Trims.
    pub trims: u64,
    /// Stretches zeroed.
    pub zeroings: u64,
    /// Requests answered with an error.
    pub errors: u64,
    /// Clients connected now.
    pub clients: u64,
    /// How long the export took to read.
    pub read_latency: LatencySnapshot,
    /// How long the export took to write.
    pub write_latency: LatencySnapshot,
}

/// A histogram of latencies at some moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LatencySnapshot {
    /// Bucket `n` counts what took less than 2^n microseconds and not less than half of that; the last one what took longer, too.
    pub buckets: [u64; BUCKETS],
    /// All latencies added up.
    pub total_ns: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_is_counted_in_the_bucket_of_its_power_of_two() {
        let counters = Counters::default();
        for took_ns in [0, 999, 1000, 3999, 4000, u64::MAX >> 1] {
            counters.read(512, took_ns);
        }
        let snapshot = counters.snapshot();
        let buckets = snapshot.read_latency.buckets;
        assert_eq!((buckets[0], buckets[1], buckets[2], buckets[3], buckets[BUCKETS - 1]), (2, 1, 1, 1, 1));
        assert_eq!((snapshot.reads, snapshot.bytes_read, snapshot.writes), (6, 6 * 512, 0));
    }

    #[test]
    fn a_client_is_counted_while_it_is_there() {
        let counters = Counters::default();
        let client = counters.client();
        assert_eq!(counters.snapshot().clients, 1);
        drop(client);
        assert_eq!(counters.snapshot().clients, 0);
    }
}
