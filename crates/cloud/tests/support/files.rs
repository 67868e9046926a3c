//! A world whose database is in files, as the server's is: writes of many threads meet in its one writer.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use coffer_base::{Clock, Timestamp};
use coffer_block::host::{Host, Options};
use coffer_crypto::SystemRng;

use super::{NOW_MS, World};

/// The world; its files go with it.
pub(crate) struct Files {
    world: World,
    folder: PathBuf,
}

impl Files {
    /// A new one; `name` tells its folder from those of other tests.
    pub(crate) fn new(name: &str) -> Self {
        let (folder, clock) = Self::begin(name);
        Self { world: World::open(&folder, clock, 1), folder }
    }

    /// A new one whose volumes are in files too, and served over sockets and TLS.
    pub(crate) fn served(name: &str) -> Self {
        let (folder, clock) = Self::begin(name);
        let [volumes, objects, sockets] = ["volumes", "objects", "nbd"].map(|name| folder.join(name));
        let nbd_listen = Some(std::net::Ipv4Addr::LOCALHOST.into());
        let options = Options { volumes, objects, sockets, nbd_listen, ..Options::default() };
        let host = Host::start(&options, Arc::new(SystemRng), || 0).unwrap();
        Self { world: World::open_with(&folder, clock, 1, host), folder }
    }

    fn begin(name: &str) -> (PathBuf, Clock) {
        let folder = std::env::temp_dir().join(format!("coffer-cloud-{name}-{}", std::process::id()));
        (folder, Clock::manual(Timestamp::from_unix_ms(NOW_MS)))
    }

    /// Where the files are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Has the process end and another begin: what was in memory is gone, the volumes too.
    pub(crate) fn restart(&mut self) {
        let clock = self.world.clock.clone();
        drop(std::mem::replace(&mut self.world, World::new()));
        self.world = World::open(&self.folder, clock, 2);
    }
}

impl Deref for Files {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let removed = std::fs::remove_dir_all(&self.folder);
        assert!(removed.is_ok() || std::thread::panicking(), "{removed:?}");
    }
}
