//! What can go wrong with a snapshot.

use std::io;

/// Why a snapshot could not be made, read or deleted. Whatever is wrong with an object names it.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The store can't do it at the moment.
    #[error("{object}: the object store failed")]
    Store {
        /// Which object, or what of the store.
        object: String,
        /// What the store says.
        #[source]
        source: object_store::Error,
    },
    /// The store's own files can't be reached.
    #[error("{object}: the object store's files can't be reached")]
    Files {
        /// Which object, or directory of objects.
        object: String,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The object is not there.
    #[error("{object} is missing")]
    Missing {
        /// Which object.
        object: String,
    },
    /// The object is not what was written.
    #[error("{object} is damaged: {what}")]
    Damaged {
        /// Which object.
        object: String,
        /// What of it.
        what: &'static str,
    },
    /// The object was written by a later version of this program.
    #[error("{object} has the format's version {version}, which this program does not know")]
    Newer {
        /// Which object.
        object: String,
        /// Its version.
        version: u16,
    },
    /// The object is sound and belongs somewhere else.
    #[error("{object} holds what belongs to another chain, snapshot or chunk")]
    Misplaced {
        /// Which object.
        object: String,
    },
    /// The object is of the right place and not the one that is referred to.
    #[error("{object} is not the object that is referred to: its hash or tag is another")]
    Replaced {
        /// Which object.
        object: String,
    },
    /// The snapshot is sealed and was opened without its key: its structure can be read, its chunks can't.
    #[error("{object} is sealed, and its key was not given")]
    NeedsKey {
        /// Which manifest.
        object: String,
    },
    /// The key is not the snapshot's.
    #[error("{object} does not open under the given key")]
    WrongKey {
        /// Which manifest.
        object: String,
    },
    /// Another upload has left something else there; it is to be abandoned first.
    #[error("{object} is there already and differs")]
    Conflict {
        /// Which object.
        object: String,
    },
    /// The device that the snapshot is of can't be read.
    #[error("chunk {index} of the source can't be read")]
    Source {
        /// Which chunk.
        index: u64,
        /// What it says.
        #[source]
        source: io::Error,
    },
    /// A chain has no such name.
    #[error("a chain's name has at most 100 characters of [a-z0-9.-] and begins with a letter or a digit")]
    NoChain,
    /// A parent is an earlier snapshot of the same chain, not larger, and like its child plain or sealed.
    #[error("{object} can't be the parent of this snapshot")]
    NoParent {
        /// The parent's manifest.
        object: String,
    },
    /// Snapshots are numbered from 1 and are not larger than 64 TiB.
    #[error("a snapshot's number begins at 1 and its size ends at 64 TiB")]
    OutOfRange,
    /// The chunks are spread over objects of too many earlier snapshots; a full snapshot is needed.
    #[error("the snapshot would refer to objects of more than 65536 snapshots")]
    TooManySnapshots,
    /// There is no memory for keys.
    #[error("no memory for keys")]
    Memory(#[source] io::Error),
    /// The threads or the runtime for the work can't be had.
    #[error("no threads for the work")]
    Threads(#[source] io::Error),
    /// Who watches the progress wants it to end here. Beginning again goes on.
    #[error("stopped")]
    Stopped,
}

impl SnapshotError {
    /// What a source says of a chunk; where the source is itself a snapshot, what is wrong with that.
    pub(crate) fn of_source(index: u64, error: io::Error) -> Self {
        error.downcast::<Self>().unwrap_or_else(|source| Self::Source { index, source })
    }
}

impl From<SnapshotError> for io::Error {
    fn from(error: SnapshotError) -> Self {
        let kind = match &error {
            SnapshotError::Missing { .. }
            | SnapshotError::Damaged { .. }
            | SnapshotError::Newer { .. }
            | SnapshotError::Misplaced { .. }
            | SnapshotError::Replaced { .. } => io::ErrorKind::InvalidData,
            SnapshotError::NeedsKey { .. } | SnapshotError::WrongKey { .. } => io::ErrorKind::PermissionDenied,
            SnapshotError::Stopped => io::ErrorKind::Interrupted,
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// What is wrong with bytes, before it is known whose they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// They are not what a structure of this kind can be.
    Damaged(&'static str),
    /// They are of a version that is not known here.
    Newer(u16),
}

impl Flaw {
    /// The same, of an object.
    pub(crate) fn of(self, object: &str) -> SnapshotError {
        let object = object.to_owned();
        match self {
            Self::Damaged(what) => SnapshotError::Damaged { object, what },
            Self::Newer(version) => SnapshotError::Newer { object, version },
        }
    }
}
