//! What the store can't do.

use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;

/// Why a call on the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database engine reported an error.
    #[error("database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// Another process holds the data directory.
    #[error("the data directory {0} is in use by another process; stop it, or give this one its own with --data")]
    InUse(PathBuf),
    /// The data directory can't be used.
    #[error("the data directory {0}: {1}")]
    Directory(PathBuf, #[source] io::Error),
    /// The database was written by a later version of this program.
    #[error(
        "the database has schema {found}, this version knows up to {known}: start the version that wrote it, or a later one"
    )]
    Newer {
        /// The version found in the file.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// A log that was not moved into the database, where nothing can be written that it takes to read it.
    #[error(
        "the database {0} has a log beside it, {0}-wal, that can't be read where nothing can be written: copy both into a directory \
         that can be, and look there"
    )]
    Unindexed(PathBuf),
    /// Too many writes are waiting.
    #[error("the queue of writes is full")]
    QueueFull,
    /// The writer has stopped: the process is shutting down, or an earlier commit failed and nothing may be acknowledged any more.
    #[error("the database writer has stopped")]
    Stopped,
    /// A commit failed; none of the writes in it happened.
    #[error("the commit failed: {0}")]
    CommitFailed(String),
    /// The engine undid the whole transaction by itself; nothing more can be done in it.
    #[error("the database engine rolled the transaction back")]
    RolledBack,
    /// The code that ran inside a transaction panicked; the transaction was rolled back.
    #[error("a transaction was abandoned by a panic: {0}")]
    Panicked(String),
    /// A row holds something this program never writes.
    #[error("the database holds an impossible value: {0}")]
    Corrupt(&'static str),
}

impl StoreError {
    /// Whether a row was read, but holds what this program never writes.
    pub fn is_of_a_value(&self) -> bool {
        use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error};
        matches!(
            self,
            Self::Corrupt(_)
                | Self::Sqlite(
                    FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..) | Utf8Error(..)
                )
        )
    }

    /// Whether the database's file is not what the engine has written.
    pub fn is_damage(&self) -> bool {
        let Self::Sqlite(error) = self else { return false };
        matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
    }
}

impl From<StoreError> for coffer_base::ApiError {
    /// What a failure of the store looks like from outside: overload asks to come back, anything else is ours.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::QueueFull | StoreError::Stopped => coffer_base::ErrorCode::ServiceUnavailable.into(),
            other => Self::internal(other),
        }
    }
}
