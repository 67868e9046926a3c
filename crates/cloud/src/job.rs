//! Work that is set down to be done later. What does it is in `jobs`, which knows the products; here they need not be known.

use coffer_base::{ApiError, Timestamp};
use coffer_store::{Tx, jobs};

use crate::context::Cx;

/// A kind of job. Its subject is the id of what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Deletes a key whose window is over.
    DeleteKey,
    /// Makes a key's next version when it is due.
    RotateKey,
    /// Erases imported material that has expired.
    ExpireMaterial,
    /// Deletes a secret whose window is over.
    DeleteSecret,
    /// Finishes a snapshot that is being made or copied.
    CompleteSnapshot,
    /// Deletes a snapshot whose retention is over.
    ExpireSnapshot,
    /// Finishes an image that is being made or copied, once its snapshots are complete.
    CompleteImage,
    /// Finishes the start of an instance.
    StartInstance,
    /// Finishes the stop of an instance, or the making of one that is not to be started.
    StopInstance,
    /// Releases an instance whose time has come.
    ReleaseInstance,
    /// Finishes what a disk was not to be used during.
    SettleDisk,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 11] = [
        Self::DeleteKey,
        Self::RotateKey,
        Self::ExpireMaterial,
        Self::DeleteSecret,
        Self::CompleteSnapshot,
        Self::ExpireSnapshot,
        Self::CompleteImage,
        Self::StartInstance,
        Self::StopInstance,
        Self::ReleaseInstance,
        Self::SettleDisk,
    ];

    /// The word in the table of jobs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DeleteKey => "kms.delete-key",
            Self::RotateKey => "kms.rotate-key",
            Self::ExpireMaterial => "kms.expire-material",
            Self::DeleteSecret => "kms.delete-secret",
            Self::CompleteSnapshot => "ecs.complete-snapshot",
            Self::ExpireSnapshot => "ecs.expire-snapshot",
            Self::CompleteImage => "ecs.complete-image",
            Self::StartInstance => "ecs.start-instance",
            Self::StopInstance => "ecs.stop-instance",
            Self::ReleaseInstance => "ecs.release-instance",
            Self::SettleDisk => "ecs.settle-disk",
        }
    }
}

/// Has a job done once `due_at` has come. It is written with what the operation does: both are there, or neither.
pub fn schedule(cx: &Cx<'_>, kind: Kind, subject: &str, due_at: Timestamp) -> Result<(), ApiError> {
    Ok(jobs::insert(cx.tx, kind.as_str(), subject, due_at, cx.now)?)
}

/// Has a job done as soon as this operation is durable.
pub fn soon(cx: &Cx<'_>, kind: Kind, subject: &str) -> Result<(), ApiError> {
    schedule(cx, kind, subject, cx.now)
}

/// Withdraws the waiting jobs of a kind on a subject.
pub fn withdraw(tx: &Tx<'_>, kind: Kind, subject: &str) -> Result<(), ApiError> {
    Ok(jobs::cancel(tx, kind.as_str(), subject)?)
}
