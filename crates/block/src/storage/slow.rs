//! A directory whose files take their time, to see what becomes of a disk that is slow: of any other directory.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use super::{Directory, Storage};

/// Delays each read, write, punch and sync of its files by so many milliseconds, which can be changed at any time.
pub struct Slow {
    inner: Arc<dyn Directory>,
    delay_ms: Arc<AtomicU64>,
}

impl Slow {
    /// What `delay_ms` holds counts at each call.
    pub fn new(inner: Arc<dyn Directory>, delay_ms: Arc<AtomicU64>) -> Self {
        Self { inner, delay_ms }
    }

    fn file(&self, inner: Arc<dyn Storage>) -> Arc<dyn Storage> {
        Arc::new(SlowFile { inner, delay_ms: Arc::clone(&self.delay_ms) })
    }
}

impl Directory for Slow {
    fn create(&self, name: &str) -> io::Result<Arc<dyn Storage>> {
        Ok(self.file(self.inner.create(name)?))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn Storage>> {
        Ok(self.file(self.inner.open(name)?))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.inner.remove(name)
    }

    fn contains(&self, name: &str) -> io::Result<bool> {
        self.inner.contains(name)
    }
}

struct SlowFile {
    inner: Arc<dyn Storage>,
    delay_ms: Arc<AtomicU64>,
}

impl SlowFile {
    fn slowly(&self) -> &dyn Storage {
        let delay_ms = self.delay_ms.load(Ordering::Relaxed);
        if delay_ms > 0 {
            thread::sleep(Duration::from_millis(delay_ms));
        }
        &*self.inner
    }
}

impl Storage for SlowFile {
    fn length_bytes(&self) -> io::Result<u64> {
        self.inner.length_bytes()
    }

    fn set_length(&self, length_bytes: u64) -> io::Result<()> {
        self.inner.set_length(length_bytes)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.slowly().read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.slowly().write_at(offset, data)
    }

    fn punch(&self, offset: u64, length_bytes: u64) -> io::Result<()> {
        self.slowly().punch(offset, length_bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.slowly().sync()
    }

    fn next_data(&self, offset: u64) -> io::Result<Option<Range<u64>>> {
        self.inner.next_data(offset)
    }

    fn prefetch(&self, offset: u64, length_bytes: u64) -> io::Result<()> {
        self.inner.prefetch(offset, length_bytes)
    }
}
