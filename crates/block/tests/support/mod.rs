//! What the tests of the NBD server share.
#![allow(dead_code, reason = "each test crate uses a part")]

pub(crate) mod memory;
pub(crate) mod script;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use coffer_block::export::Export;
use coffer_block::nbd::{Counters, Offer};

use self::memory::Memory;

static START: LazyLock<Instant> = LazyLock::new(now);

#[allow(clippy::disallowed_methods, reason = "requests to a real server take real time")]
fn now() -> Instant {
    Instant::now()
}

/// The machine's clock.
pub(crate) fn monotonic_ns() -> u64 {
    u64::try_from(now().duration_since(*START).as_nanos()).unwrap()
}

/// The device as the only export, `disk`.
pub(crate) fn offer(memory: &Arc<Memory>) -> Offer {
    let export: Arc<dyn Export> = memory.clone();
    let (name, description) = ("disk".to_owned(), "a disk in memory".to_owned());
    Offer { name, description, export, counters: Arc::new(Counters::default()) }
}

/// A directory that is there as long as this is.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let path = std::env::temp_dir().join(format!("coffer-nbd-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}
