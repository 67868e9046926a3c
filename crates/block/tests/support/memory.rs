//! A device in memory: what the NBD server's tests serve.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, RwLock};

use coffer_block::export::{Export, Extent, Zeroing};

const PAGE: usize = 4096;

/// Bytes, which of them are allocated, and what was asked for.
pub(crate) struct Memory {
    state: RwLock<State>,
    pub(crate) read_only: bool,
    pub(crate) calls: Mutex<Vec<String>>,
    /// What the next calls fail with.
    pub(crate) failure: Mutex<Option<io::ErrorKind>>,
    /// Calls of any kind; also after a server was stopped, which must not make any.
    pub(crate) count: AtomicU64,
    /// Flushes wait as long as this is set.
    pub(crate) held: AtomicBool,
}

struct State {
    bytes: Vec<u8>,
    /// Of each page, whether something is stored.
    allocated: Vec<bool>,
}

impl Memory {
    pub(crate) fn new(size_bytes: usize) -> Self {
        let state = State { bytes: vec![0; size_bytes], allocated: vec![false; size_bytes.div_ceil(PAGE)] };
        Self {
            state: RwLock::new(state),
            read_only: false,
            calls: Mutex::default(),
            failure: Mutex::default(),
            count: AtomicU64::new(0),
            held: AtomicBool::new(false),
        }
    }

    /// One that refuses changes.
    pub(crate) fn read_only(size_bytes: usize) -> Self {
        Self { read_only: true, ..Self::new(size_bytes) }
    }

    /// Makes it longer.
    pub(crate) fn grow(&self, size_bytes: usize) {
        let mut state = self.state.write().unwrap();
        state.bytes.resize(size_bytes, 0);
        state.allocated.resize(size_bytes.div_ceil(PAGE), false);
    }

    /// Everything.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.state.read().unwrap().bytes.clone()
    }

    /// What was asked for since the last time, but for reads and writes.
    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    fn called(&self) -> io::Result<()> {
        self.count.fetch_add(1, Ordering::SeqCst);
        self.failure.lock().unwrap().map_or(Ok(()), |kind| Err(kind.into()))
    }

    fn call(&self, what: String) -> io::Result<()> {
        self.calls.lock().unwrap().push(what);
        self.called()
    }

    fn zero(&self, offset: u64, length_bytes: u64, keep: bool) {
        let mut state = self.state.write().unwrap();
        let range = range(offset, length_bytes);
        state.bytes[range.clone()].fill(0);
        if !keep {
            // Only whole pages are given back.
            for page in range.start.div_ceil(PAGE)..range.end / PAGE {
                state.allocated[page] = false;
            }
        }
    }
}

fn range(offset: u64, length_bytes: u64) -> std::ops::Range<usize> {
    let start = usize::try_from(offset).unwrap();
    start..start + usize::try_from(length_bytes).unwrap()
}

impl Export for Memory {
    fn size_bytes(&self) -> u64 {
        self.state.read().unwrap().bytes.len() as u64
    }

    fn is_read_only(&self) -> bool {
        self.read_only
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.called()?;
        buffer.copy_from_slice(&self.state.read().unwrap().bytes[range(offset, buffer.len() as u64)]);
        Ok(())
    }

    fn write(&self, offset: u64, data: &mut [u8]) -> io::Result<()> {
        assert!(!self.read_only && data.as_ptr().addr().is_multiple_of(PAGE));
        self.called()?;
        let mut state = self.state.write().unwrap();
        let range = range(offset, data.len() as u64);
        for page in range.start / PAGE..range.end.div_ceil(PAGE) {
            state.allocated[page] = true;
        }
        state.bytes[range].copy_from_slice(data);
        drop(state);
        // The buffer is ours: whoever relies on it afterwards is found out.
        data.fill(0xaa);
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        self.call("flush".to_owned())?;
        while self.held.load(Ordering::SeqCst) {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        Ok(())
    }

    fn trim(&self, offset: u64, length_bytes: u64) -> io::Result<()> {
        self.call(format!("trim {offset} {length_bytes}"))?;
        self.zero(offset, length_bytes, false);
        Ok(())
    }

    fn write_zeroes(&self, offset: u64, length_bytes: u64, how: Zeroing) -> io::Result<()> {
        self.call(format!("zero {offset} {length_bytes} no_hole={} fast={}", how.no_hole, how.fast))?;
        if how.fast && how.no_hole {
            return Err(io::ErrorKind::Unsupported.into());
        }
        self.zero(offset, length_bytes, how.no_hole);
        Ok(())
    }

    fn cache(&self, offset: u64, length_bytes: u64) -> io::Result<()> {
        self.call(format!("cache {offset} {length_bytes}"))
    }

    fn extents(&self, offset: u64, length_bytes: u64, limit: usize) -> io::Result<Vec<Extent>> {
        self.called()?;
        let state = self.state.read().unwrap();
        let range = range(offset, length_bytes);
        let mut extents = Vec::new();
        let mut start = range.start;
        while start < range.end && extents.len() < limit {
            let allocated = state.allocated[start / PAGE];
            let rest = start / PAGE + 1..range.end.div_ceil(PAGE);
            let other = rest.clone().find(|page| state.allocated[*page] != allocated);
            let end = (other.unwrap_or(rest.end) * PAGE).min(range.end);
            extents.push(Extent { length_bytes: (end - start) as u64, is_hole: !allocated, is_zero: !allocated });
            start = end;
        }
        Ok(extents)
    }
}
