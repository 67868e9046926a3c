//! What can be wrong with a volume.

use std::io;

/// Why something can't be done with a volume.
#[derive(Debug, thiserror::Error)]
pub enum VolumeError {
    /// A structure is not what its checksum, or good sense, says.
    #[error("the volume's {0} is damaged; restore the disk from a snapshot or the files from a backup")]
    Damaged(&'static str),
    /// The format is newer than this program.
    #[error("the volume's format is version {found}; this program knows version {known}: use a newer one")]
    Newer {
        /// The version found.
        found: u32,
        /// The newest known.
        known: u32,
    },
    /// The files belong to another volume.
    #[error("the files are those of volume {0}")]
    OtherVolume(String),
    /// None of the keys handed in is the volume's.
    #[error("the data key is not this volume's")]
    WrongKey,
    /// Something is asked of a volume that must be over before.
    #[error("{0} is under way")]
    Busy(&'static str),
    /// The volume can't have that size.
    #[error("a volume can't have, or shrink to, {0} bytes")]
    Size(u64),
    /// A part of the request is longer than its field.
    #[error("the {0} is too long")]
    TooLong(&'static str),
    /// Chunks are still in the snapshot it was made from, which was not handed in.
    #[error("the snapshot that the volume was made from is needed")]
    BaseMissing,
    /// Reading or writing failed: the volume is as it was, and it can be tried again.
    #[error("{0}")]
    Io(&'static str, #[source] io::Error),
    /// Something may or may not have become durable: nothing is written any more until the volume is opened anew.
    #[error("{0}")]
    InDoubt(&'static str, #[source] io::Error),
}

impl VolumeError {
    /// The error as the I/O path reports it.
    pub(crate) fn into_io(self) -> io::Error {
        match self {
            Self::Io(_, error) | Self::InDoubt(_, error) => error,
            other => io::Error::other(other),
        }
    }
}

/// Says what was being done when reading or writing failed.
pub(crate) trait Doing<T> {
    fn doing(self, what: &'static str) -> Result<T, VolumeError>;
    /// The same of what leaves open what is on disk: a sync, or a write that counts as soon as it is there.
    fn settling(self, what: &'static str) -> Result<T, VolumeError>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, what: &'static str) -> Result<T, VolumeError> {
        self.map_err(|error| VolumeError::Io(what, error))
    }

    fn settling(self, what: &'static str) -> Result<T, VolumeError> {
        self.map_err(|error| VolumeError::InDoubt(what, error))
    }
}
