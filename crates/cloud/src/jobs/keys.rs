//! What is left to do to keys and secrets.

use coffer_base::{AccountId, ApiError, Arn};
use coffer_store::key_uses;
use coffer_store::keys::Key;
use coffer_store::secrets::{self, Secret};
use coffer_store::{Record as _, StoreError, Tx};

use crate::audit::{self, Deed};
use crate::dispatch::{Cloud, Shared};
use crate::kms::dependants::Dependants;
use crate::kms::{erasure, key, rotation, secret};

/// Deletes a key whose window is over. What is encrypted under it stays and can't be read any more: how much is put on record.
pub(super) fn delete(shared: &Shared, tx: &Tx<'_>, key_id: &str) -> Result<(), ApiError> {
    let now = shared.clock.now();
    let due = Key::get(tx, key_id)?.filter(|key| key.delete_at.is_some_and(|due| due <= now));
    let Some(key) = due else { return Ok(()) };
    let lost = Dependants::of(tx, &key)?;
    let own = shared.stream("job:DeleteKey");
    erasure::prove(tx, &shared.keyring, shared.randomness(own.as_ref()), now, &key)?;
    key::erase(tx, &shared.keyring, &key)?;
    let resource = key::arn(&key);
    let notes: Vec<_> = [("keyId", key.key_id)].into_iter().chain(lost.notes()).collect();
    record(shared, tx, &key.account, "kms:DeleteKey", &resource, &notes)?;
    tracing::warn!(key_id, lost = lost.text(), "a key was deleted: its window is over, and what it encrypted is lost");
    Ok(())
}

/// Makes a key's next version, if it is due.
pub(super) fn rotate(shared: &Shared, tx: &Tx<'_>, key_id: &str) -> Result<(), ApiError> {
    let Some(mut key) = Key::get(tx, key_id)? else { return Ok(()) };
    let own = shared.stream("job:RotateKey");
    let (keyring, rng, now) = (&shared.keyring, shared.randomness(own.as_ref()), shared.clock.now());
    if !rotation::rotate_if_due(&key::Maker { tx, keyring, rng, now, prepared: None }, &mut key)? {
        return Ok(());
    }
    let (resource, version) = (key::arn(&key), key.primary_version_id.unwrap_or_default());
    record(
        shared,
        tx,
        &key.account,
        "kms:CreateKeyVersion",
        &resource,
        &[("keyId", key.key_id), ("keyVersionId", version)],
    )
}

/// Erases imported material that has expired.
pub(super) fn expire_material(shared: &Shared, tx: &Tx<'_>, key_id: &str) -> Result<(), ApiError> {
    let now = shared.clock.now();
    let due = Key::get(tx, key_id)?.filter(|key| key.material_expire_at.is_some_and(|due| due <= now));
    let Some(mut key) = due else { return Ok(()) };
    key::forget_material(tx, &shared.keyring, &mut key)?;
    record(shared, tx, &key.account, "kms:DeleteKeyMaterial", &key::arn(&key), &[("keyId", key.key_id)])
}

/// Deletes a secret whose window is over.
pub(super) fn delete_secret(shared: &Shared, tx: &Tx<'_>, secret_id: &str) -> Result<(), ApiError> {
    let now = shared.clock.now();
    let due = Secret::get(tx, secret_id)?.filter(|secret| secret.delete_at.is_some_and(|due| due <= now));
    let Some(secret) = due else { return Ok(()) };
    secrets::delete(tx, secret_id)?;
    let notes = [("secretName", secret.secret_name.clone())];
    record(shared, tx, &secret.account, "kms:DeleteSecret", &secret::arn(&secret), &notes)
}

pub(super) fn record(
    shared: &Shared,
    tx: &Tx<'_>,
    account: &AccountId,
    action: &str,
    resource: &Arn,
    notes: &[(&'static str, String)],
) -> Result<(), ApiError> {
    let (at, service) = (shared.clock.now(), "kms.aliyuncs.com");
    audit::record_deed(tx, &Deed { at, account, service, action, resource, notes })
}

impl Cloud {
    /// Puts the last uses of keys on record. Blocks; to be called every minute, and before the process ends.
    pub fn record_key_uses(&self) -> Result<(), ApiError> {
        let waiting = self.0.version_uses.waiting();
        if waiting.is_empty() {
            return Ok(());
        }
        let recorded = self.0.db.write(move |tx: &Tx<'_>| -> Result<_, StoreError> {
            for (version_id, last) in &waiting {
                key_uses::record(tx, version_id, last)?;
            }
            Ok(waiting)
        });
        self.0.version_uses.settle(&recorded.wait()?);
        Ok(())
    }
}
