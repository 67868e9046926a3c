//! What is left to do to keys.

use coffer_base::ApiError;
use coffer_store::{Tx, keys};

use crate::dispatch::Shared;

/// Deletes a key whose window is over.
pub(super) fn delete(shared: &Shared, tx: &Tx<'_>, key_id: &str) -> Result<(), ApiError> {
    let due = keys::get(tx, key_id)?.and_then(|key| key.delete_at);
    if due.is_some_and(|due| due <= shared.clock.now()) {
        keys::delete(tx, key_id)?;
        tracing::info!(key_id, "a key was deleted: its window is over");
    }
    Ok(())
}
