//! Proofs that a key's material was destroyed, in their order.

use crate::{StoreError, Tx};

/// A proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Its number, from 1.
    pub sequence: i64,
    /// The key.
    pub key_id: String,
    /// What is signed.
    pub proof: String,
    /// The signature.
    pub signature: Vec<u8>,
}

const COLUMNS: &str = "SELECT sequence, key_id, proof, signature FROM erase_proofs";

fn read(row: &crate::Row<'_>) -> Result<Proof, StoreError> {
    Ok(Proof { sequence: row.integer(0)?, key_id: row.text(1)?, proof: row.text(2)?, signature: row.blob(3)? })
}

/// Adds one.
pub fn append(tx: &Tx<'_>, proof: &Proof) -> Result<(), StoreError> {
    let values =
        [proof.sequence.into(), (&proof.key_id).into(), (&proof.proof).into(), proof.signature.as_slice().into()];
    tx.execute("INSERT INTO erase_proofs (sequence, key_id, proof, signature) VALUES ($1, $2, $3, $4)", &values)
        .map(drop)
}

/// The newest.
pub fn last(tx: &Tx<'_>) -> Result<Option<Proof>, StoreError> {
    tx.first(&format!("{COLUMNS} ORDER BY sequence DESC LIMIT 1"), &[], read)
}

/// All, oldest first.
pub fn all(tx: &Tx<'_>) -> Result<Vec<Proof>, StoreError> {
    tx.all(&format!("{COLUMNS} ORDER BY sequence"), &[], read)
}
