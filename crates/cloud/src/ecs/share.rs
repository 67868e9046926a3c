//! Sharing a snapshot with another account, as an operator does: none of the operations served here shares.
//!
//! The vendor ("Share a snapshot"): what is encrypted with a service key can't be shared; what is encrypted with a customer's key can,
//! and is read through the owner's role `AliyunECSShareEncryptSnapshotDefaultRole`, which must trust the other account.

use coffer_base::AccountId;
use coffer_store::keys::Key;
use coffer_store::snapshots::{self, Snapshot};
use coffer_store::{Db, Record as _, StoreError, Tx, accounts};

/// Why a snapshot can't be shared.
#[derive(Debug, thiserror::Error)]
pub enum ShareError {
    /// There is none of that id.
    #[error("there is no such snapshot")]
    NoSuchSnapshot,
    /// It is still being made, or its making failed.
    #[error("the snapshot is not complete")]
    NotComplete,
    /// There is none of that number.
    #[error("there is no such account")]
    NoSuchAccount,
    /// It is the owner's own.
    #[error("the snapshot belongs to this account")]
    OwnAccount,
    /// Nobody but its owner can be let to use that key.
    #[error("the snapshot is encrypted with a service key, and so can't be shared")]
    ServiceKey,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Lets another account make disks and copies of a snapshot. Blocks until it is durable.
pub fn snapshot(db: &Db, snapshot_id: &str, with: &AccountId) -> Result<(), ShareError> {
    let (snapshot_id, with) = (snapshot_id.to_owned(), with.clone());
    db.write(move |tx| share(tx, &snapshot_id, &with)).wait()
}

fn share(tx: &Tx<'_>, snapshot_id: &str, with: &AccountId) -> Result<(), ShareError> {
    let snapshot = Snapshot::get(tx, snapshot_id)?.ok_or(ShareError::NoSuchSnapshot)?;
    if snapshot.status != "accomplished" {
        return Err(ShareError::NotComplete);
    }
    if snapshot.account == *with {
        return Err(ShareError::OwnAccount);
    }
    if !accounts::all(tx)?.contains(with) {
        return Err(ShareError::NoSuchAccount);
    }
    if let Some(key_id) = &snapshot.kms_key_id
        && Key::get(tx, key_id)?.is_some_and(|key| key.creator_type == "Service")
    {
        return Err(ShareError::ServiceKey);
    }
    Ok(snapshots::share(tx, snapshot_id, with)?)
}
