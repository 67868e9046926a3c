//! Work that is set down to be done later. What does it is in `jobs`, which knows the products; here they need not be known.

use coffer_base::{ApiError, Timestamp};
use coffer_store::Tx;
use coffer_store::jobs::{self, Job};

use crate::context::Cx;

/// For how long a prompt job is left to the request that set it down. After that the request is gone, and its process with it.
const PROMPT_MS: i64 = 2000;

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
    /// Rotates a managed secret when it is due.
    RotateSecret,
    /// Deletes the access keys that a managed secret had before.
    RetireAccessKeys,
    /// Finishes a snapshot that is being made or copied.
    CompleteSnapshot,
    /// Deletes a snapshot whose retention is over.
    ExpireSnapshot,
    /// Finishes an image that is being made or copied, once its snapshots are complete.
    CompleteImage,
    /// Finishes the start of an instance: its disks are opened first.
    StartInstance,
    /// Finishes the stop of an instance, or the making of one that is not to be started.
    StopInstance,
    /// Releases an instance whose time has come.
    ReleaseInstance,
    /// Finishes what a disk was not to be used during.
    SettleDisk,
    /// Makes the machine have of a disk what the database says: its volume made, open or closed, as large; others removed.
    SyncDisk,
    /// Freezes the volumes that snapshots are made of, all at one moment. The subject is their ids with commas between.
    FreezeVolumes,
    /// Frees the objects of a snapshot that is gone.
    FreeSnapshot,
}

/// How a kind of job is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// In one transaction, as all it does is in the database.
    Transaction,
    /// By the volumes' host, in a moment: whoever asked for it waits.
    Prompt,
    /// By the volumes' host, for as long as it takes.
    Long,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 16] = [
        Self::DeleteKey,
        Self::RotateKey,
        Self::ExpireMaterial,
        Self::DeleteSecret,
        Self::RotateSecret,
        Self::RetireAccessKeys,
        Self::CompleteSnapshot,
        Self::ExpireSnapshot,
        Self::CompleteImage,
        Self::StartInstance,
        Self::StopInstance,
        Self::ReleaseInstance,
        Self::SettleDisk,
        Self::SyncDisk,
        Self::FreezeVolumes,
        Self::FreeSnapshot,
    ];

    /// How it is done.
    pub const fn class(self) -> Class {
        match self {
            Self::StartInstance | Self::SyncDisk | Self::FreezeVolumes => Class::Prompt,
            Self::CompleteSnapshot | Self::FreeSnapshot => Class::Long,
            _ => Class::Transaction,
        }
    }

    /// The kind of that word in the table of jobs.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The word in the table of jobs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DeleteKey => "kms.delete-key",
            Self::RotateKey => "kms.rotate-key",
            Self::ExpireMaterial => "kms.expire-material",
            Self::DeleteSecret => "kms.delete-secret",
            Self::RotateSecret => "kms.rotate-secret",
            Self::RetireAccessKeys => "kms.retire-access-keys",
            Self::CompleteSnapshot => "ecs.complete-snapshot",
            Self::ExpireSnapshot => "ecs.expire-snapshot",
            Self::CompleteImage => "ecs.complete-image",
            Self::StartInstance => "ecs.start-instance",
            Self::StopInstance => "ecs.stop-instance",
            Self::ReleaseInstance => "ecs.release-instance",
            Self::SettleDisk => "ecs.settle-disk",
            Self::SyncDisk => "ecs.sync-disk",
            Self::FreezeVolumes => "ecs.freeze-volumes",
            Self::FreeSnapshot => "ecs.free-snapshot",
        }
    }
}

/// Has a job done once `due_at` has come. It is written with what the operation does: both are there, or neither.
pub fn schedule(cx: &Cx<'_>, kind: Kind, subject: &str, due_at: Timestamp) -> Result<(), ApiError> {
    Ok(jobs::insert(cx.tx, kind.as_str(), subject, due_at, cx.now).map(drop)?)
}

/// The same without an operation around it: a job of a job.
pub fn follow(tx: &Tx<'_>, kind: Kind, subject: &str, now: Timestamp) -> Result<(), ApiError> {
    Ok(jobs::insert(tx, kind.as_str(), subject, now, now).map(drop)?)
}

/// Has a job of [`Class::Prompt`] done once this operation is durable and before it is answered; later if that fails.
pub fn promptly(cx: &mut Cx<'_>, kind: Kind, subject: &str) -> Result<(), ApiError> {
    let job_id = jobs::insert(cx.tx, kind.as_str(), subject, cx.now.plus_ms(PROMPT_MS), cx.now)?;
    cx.prompts.push(Job { job_id, kind: kind.as_str().to_owned(), subject: subject.to_owned(), attempts: 0 });
    Ok(())
}

/// Has a job done as soon as this operation is durable.
pub fn soon(cx: &Cx<'_>, kind: Kind, subject: &str) -> Result<(), ApiError> {
    schedule(cx, kind, subject, cx.now)
}

/// Withdraws the waiting jobs of a kind on a subject.
pub fn withdraw(tx: &Tx<'_>, kind: Kind, subject: &str) -> Result<(), ApiError> {
    Ok(jobs::cancel(tx, kind.as_str(), subject)?)
}
