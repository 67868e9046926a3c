//! Where volumes are: a directory each.

use std::collections::HashMap;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::HostError;
use super::error::Doing as _;
use crate::storage::{Directory, LocalDirectory, MemoryDirectory, Options, Slow};
use crate::volume::FILES;

pub(super) enum Place {
    Local { root: PathBuf, options: Options },
    Memory(InMemory),
}

/// Volumes in memory, and how long each transfer of theirs takes at least.
#[derive(Default)]
pub(super) struct InMemory {
    volumes: Mutex<HashMap<String, Arc<MemoryDirectory>>>,
    pub(super) delay_ms: Arc<AtomicU64>,
}

impl InMemory {
    fn volumes(&self) -> MutexGuard<'_, HashMap<String, Arc<MemoryDirectory>>> {
        self.volumes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slow(&self, directory: Arc<MemoryDirectory>) -> Arc<dyn Directory> {
        Arc::new(Slow::new(directory, Arc::clone(&self.delay_ms)))
    }

    /// A copy of them all, each as it stands.
    #[must_use]
    pub(super) fn fork(&self) -> Self {
        let copies = self.volumes().iter().map(|(id, volume)| (id.clone(), Arc::new(volume.fork()))).collect();
        let delay_ms = self.delay_ms.load(std::sync::atomic::Ordering::Relaxed);
        Self { volumes: Mutex::new(copies), delay_ms: Arc::new(AtomicU64::new(delay_ms)) }
    }
}

impl Place {
    /// Volumes below a directory of the file system, which is made, private, if it is not there. It is tried out.
    pub(super) fn local(root: &Path, options: Options) -> Result<Self, HostError> {
        make_private(root)?;
        LocalDirectory::new(root, options).doing("trying out the directory of volumes")?;
        Ok(Self::Local { root: root.to_owned(), options })
    }

    /// Volumes that are gone with the process.
    pub(super) fn memory() -> Self {
        Self::Memory(InMemory::default())
    }

    /// Fails if the place is gone, or can't be looked at.
    pub(super) fn look(&self) -> Result<(), HostError> {
        match self {
            Self::Local { root, .. } => fs::read_dir(root).map(drop).doing("looking at the directory of volumes"),
            Self::Memory(_) => Ok(()),
        }
    }

    /// An empty directory for a new volume.
    pub(super) fn make(&self, volume_id: &str) -> Result<Arc<dyn Directory>, HostError> {
        match self {
            Self::Local { root, options } => {
                let directory = LocalDirectory::new(&root.join(volume_id), *options);
                Ok(Arc::new(directory.doing("making the volume's directory")?))
            }
            Self::Memory(memory) => {
                let directory = Arc::new(MemoryDirectory::default());
                memory.volumes().insert(volume_id.to_owned(), Arc::clone(&directory));
                Ok(memory.slow(directory))
            }
        }
    }

    /// The directory of a volume that is there.
    pub(super) fn open(&self, volume_id: &str) -> Result<Arc<dyn Directory>, HostError> {
        if !self.contains(volume_id)? {
            return Err(HostError::NotFound(volume_id.to_owned()));
        }
        match self {
            Self::Local { .. } => self.make(volume_id),
            Self::Memory(memory) => {
                let found = memory.volumes().get(volume_id).cloned();
                Ok(memory.slow(found.ok_or_else(|| HostError::NotFound(volume_id.to_owned()))?))
            }
        }
    }

    /// Whether there is anything of a volume.
    pub(super) fn contains(&self, volume_id: &str) -> Result<bool, HostError> {
        match self {
            Self::Local { root, .. } => root.join(volume_id).try_exists().doing("looking for a volume"),
            Self::Memory(memory) => Ok(memory.volumes().contains_key(volume_id)),
        }
    }

    /// Removes a volume's files, the metadata first: what is left after a crash is no volume.
    pub(super) fn clear(&self, volume_id: &str) -> Result<(), HostError> {
        if !self.contains(volume_id)? {
            return Ok(());
        }
        match self {
            Self::Local { root, .. } => {
                let directory = self.open(volume_id)?;
                for name in FILES.iter().rev() {
                    directory.remove(name).doing("removing a volume's file")?;
                }
                fs::remove_dir(root.join(volume_id)).doing("removing a volume's directory")?;
                fs::File::open(root).and_then(|root| root.sync_all()).doing("removing a volume's directory")
            }
            Self::Memory(memory) => {
                memory.volumes().remove(volume_id);
                Ok(())
            }
        }
    }
}

/// The longest path that a Unix socket may have, in bytes (`sun_path` of unix(7), without its closing zero).
const LONGEST_SOCKET_PATH: usize = 107;
/// What a disk's socket adds to its directory's path, in bytes, before it is moved to its name.
const SOCKET_NAME: usize = "/.d-bp1xxxxxxxxxxxxxxxxx.sock/s".len();

/// Refuses a directory for disks' sockets whose path, as clients are told it (they have another current directory), leaves no room for
/// their names.
pub fn require_room_for_sockets(path: &Path) -> Result<(), HostError> {
    let told = std::path::absolute(path).doing("naming the directory of sockets")?;
    let longest = LONGEST_SOCKET_PATH - SOCKET_NAME;
    if told.as_os_str().len() > longest {
        return Err(HostError::SocketsTooFar { path: told, longest });
    }
    Ok(())
}

/// Makes a directory for disks' sockets, unless it is there.
pub(super) fn make_for_sockets(path: &Path) -> Result<(), HostError> {
    require_room_for_sockets(path)?;
    make_private(path)
}

/// Makes a directory for its owner only, unless it is there.
fn make_private(path: &Path) -> Result<(), HostError> {
    match DirBuilder::new().recursive(true).mode(0o700).create(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(HostError::Io(format!("making the directory {}", path.display()), error)),
    }
}
