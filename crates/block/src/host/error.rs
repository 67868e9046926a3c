//! Why a host could not do something.

use std::io;
use std::path::PathBuf;

use crate::nbd::CertificateError;
use crate::snapshot::SnapshotError;
use crate::volume::VolumeError;

/// Why a host could not do something.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// There is no such volume.
    #[error("volume {0} is not there")]
    NotFound(String),
    /// It is open, and must not be.
    #[error("volume {0} is in use")]
    InUse(String),
    /// A snapshot is being read off it.
    #[error("a snapshot is being read off volume {0}")]
    Busy(String),
    /// It is closed, and must not be.
    #[error("volume {0} is not open")]
    Closed(String),
    /// It is enciphered, and its key was not handed in.
    #[error("volume {0} can't be opened without its data key")]
    NeedsKey(String),
    /// It says that it is plain, which it is not.
    #[error(
        "volume {0} is on record as encrypted, and its superblock says that it is plain: it is damaged, or was tampered with; restore the disk from a snapshot or the files from a backup"
    )]
    Downgraded(String),
    /// It is not hydrated, and its base was not handed in.
    #[error("volume {0} can't be opened without the snapshot it was made from")]
    NeedsBase(String),
    /// It is not frozen for that snapshot.
    #[error("volume {0} is not frozen for that snapshot")]
    NotFrozen(String),
    /// Whoever asked gave it up.
    #[error("given up")]
    GivenUp,
    /// The volume can't do it.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// The snapshot can't be made, read or deleted.
    #[error(transparent)]
    Snapshot(SnapshotError),
    /// Certificates for an export could not be made.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The directory's path is too long for the sockets in it.
    #[error("{}: no disk could be served in it, since a socket's path is short: give volumes.sockets a directory whose path has {longest} bytes at most", path.display())]
    SocketsTooFar {
        /// The directory, from the root.
        path: PathBuf,
        /// How long it may be, in bytes.
        longest: usize,
    },
    /// Files or sockets.
    #[error("{0}")]
    Io(String, #[source] io::Error),
}

impl From<SnapshotError> for HostError {
    fn from(error: SnapshotError) -> Self {
        match error {
            SnapshotError::Stopped => Self::GivenUp,
            error => Self::Snapshot(error),
        }
    }
}

/// Says what was being done when files or sockets failed.
pub(super) trait Doing<T> {
    fn doing(self, what: &str) -> Result<T, HostError>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, what: &str) -> Result<T, HostError> {
        self.map_err(|error| HostError::Io(what.to_owned(), error))
    }
}
