//! Data keys of disks and snapshots: made, wrapped by KMS, opened again. What a wrapped data key is bound to is decided here.

use std::collections::BTreeMap;

use coffer_base::{AccountId, ApiError, Region};
use coffer_crypto::{LockedBytes, XTS_KEY_BYTES};
use coffer_store::disks::Disk;
use coffer_store::keys::Key;
use coffer_store::snapshots::Snapshot;
use coffer_store::volumes::Reencryption;
use coffer_store::volumes::{Manifest, Volume};

use super::disk_key::{self, Problem, Wording};
use crate::context::Cx;
use crate::kms::cipher::{self, Blob, Encrypted};
use crate::kms::encryption_context::EncryptionContext;

/// The names under which uses of KMS keys are noted.
const NOTES: [&str; 2] = ["kmsKeyId", "keyVersionId"];

/// What a data key belongs to. Moved to anything else, it does not open.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    account: &'a AccountId,
    region: Region,
    kind: &'static str,
    id: &'a str,
}

impl<'a> Binding<'a> {
    /// The data key of a disk.
    pub const fn disk(account: &'a AccountId, region: Region, disk_id: &'a str) -> Self {
        Self { account, region, kind: "acs:disk", id: disk_id }
    }

    /// The data key of a snapshot.
    pub const fn snapshot(account: &'a AccountId, region: Region, snapshot_id: &'a str) -> Self {
        Self { account, region, kind: "acs:snapshot", id: snapshot_id }
    }

    /// A snapshot's data key, for a volume that is a clone of it.
    pub const fn clone_of(account: &'a AccountId, region: Region, volume_id: &'a str) -> Self {
        Self { account, region, kind: "acs:clone", id: volume_id }
    }

    fn context(&self) -> EncryptionContext {
        let members = [("acs:account", self.account.as_str()), (self.kind, self.id), ("acs:region", self.region.id())];
        let members: BTreeMap<String, String> = members.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        EncryptionContext::new(&members)
    }
}

/// A new data key, wrapped under `key` and bound. The plain key is gone when this returns.
pub fn create(cx: &mut Cx<'_>, key: &Key, binding: Binding<'_>) -> Result<String, ApiError> {
    let data_key = cipher::new_data_key(cx, XTS_KEY_BYTES);
    Ok(wrap(cx, key, binding, data_key.expose().as_bytes())?.blob)
}

/// A data key, wrapped under `key` and bound.
pub fn wrap(cx: &mut Cx<'_>, key: &Key, binding: Binding<'_>, data_key: &[u8]) -> Result<Encrypted, ApiError> {
    let wrapped = cipher::encrypt(cx, key, &binding.context(), data_key)?;
    cipher::note_as(cx, NOTES, key, &wrapped.version_id);
    Ok(wrapped)
}

/// A wrapped data key, with what it takes to open it.
#[derive(Clone, Copy, Debug)]
pub struct Wrapped<'a> {
    binding: Binding<'a>,
    kms_key_id: &'a str,
    blob: &'a str,
}

impl<'a> Wrapped<'a> {
    /// Of a disk; `None` for a plain one.
    pub fn of_disk(disk: &'a Disk) -> Option<Self> {
        let binding = Binding::disk(&disk.account, disk.region, &disk.disk_id);
        Some(Self { binding, kms_key_id: disk.kms_key_id.as_deref()?, blob: disk.wrapped_data_key.as_deref()? })
    }

    /// Of the bytes of an account's disk, which may be gone, as they are being encrypted anew.
    pub fn of_reencryption(account: &'a AccountId, region: Region, reencryption: &'a Reencryption) -> Self {
        let binding = Binding::disk(account, region, &reencryption.disk_id);
        Self { binding, kms_key_id: &reencryption.kms_key_id, blob: &reencryption.wrapped_data_key }
    }

    /// Of a snapshot; `None` for a plain one.
    pub fn of_snapshot(snapshot: &'a Snapshot) -> Option<Self> {
        let binding = Binding::snapshot(&snapshot.account, snapshot.region, &snapshot.snapshot_id);
        let (kms_key_id, blob) = (snapshot.kms_key_id.as_deref()?, snapshot.wrapped_data_key.as_deref()?);
        Some(Self { binding, kms_key_id, blob })
    }

    /// Of a volume whose disk is gone; `None` for a plain one.
    pub fn of_volume(volume: &'a Volume) -> Option<Self> {
        let binding = Binding::disk(&volume.account, volume.region, &volume.disk_id);
        Some(Self { binding, kms_key_id: volume.kms_key_id.as_deref()?, blob: volume.wrapped_data_key.as_deref()? })
    }

    /// Of what a volume is a clone of, as the volume has it; `None` for a plain one.
    pub fn of_base(volume: &'a Volume) -> Option<Self> {
        let binding = Binding::clone_of(&volume.account, volume.region, &volume.volume_id);
        Some(Self { binding, kms_key_id: volume.base_kms_key_id.as_deref()?, blob: volume.base_data_key.as_deref()? })
    }

    /// Of the manifest of a snapshot, which may be gone; `None` for a plain one.
    pub fn of_manifest(manifest: &'a Manifest) -> Option<Self> {
        let binding = Binding::snapshot(&manifest.account, manifest.region, &manifest.snapshot_id);
        let (kms_key_id, blob) = (manifest.kms_key_id.as_deref()?, manifest.wrapped_data_key.as_deref()?);
        Some(Self { binding, kms_key_id, blob })
    }

    /// As it is stored.
    pub const fn blob(&self) -> &'a str {
        self.blob
    }

    /// What keeps ECS from opening it at this moment. Writes nothing.
    pub fn probe(&self, cx: &Cx<'_>) -> Result<Option<Problem>, ApiError> {
        if cx.kms_is_down {
            return Ok(Some(Problem::KmsClosed));
        }
        let Binding { account, region, .. } = self.binding;
        let key = if account == cx.account() {
            disk_key::allowed(cx, region, self.kms_key_id)?.map(|(key, _)| key)
        } else {
            disk_key::readable_of_shared(cx, account, region, self.kms_key_id)?
        };
        let key = match key {
            Ok(key) => key,
            Err(problem) => return Ok(Some(problem)),
        };
        let Ok(blob) = Blob::parse(cx, self.blob)? else { return Ok(Some(Problem::NotFound)) };
        let opened = blob.open_locked(cx, &key, &self.binding.context())?;
        opened.map(|_| None).map_err(|_| ApiError::internal("a wrapped data key does not open where it belongs"))
    }

    /// Opens it with its KMS key, which ECS must be able to use at this moment: the key in Base64. An operation words a "no" in its own way.
    pub fn open(&self, cx: &mut Cx<'_>, wording: &Wording) -> Result<LockedBytes, ApiError> {
        let Binding { account, region, .. } = self.binding;
        let key = if account == cx.account() {
            disk_key::usable(cx, region, self.kms_key_id)?
        } else {
            disk_key::readable_of_shared(cx, account, region, self.kms_key_id)?
        };
        let key = key.map_err(|problem| wording.error(problem))?;
        let blob = Blob::parse(cx, self.blob)?.map_err(|_| wording.error(Problem::NotFound))?;
        if blob.key_id() != key.key_id {
            return Err(ApiError::internal("a data key wrapped under another key than its row says"));
        }
        let opened = blob.open_locked(cx, &key, &self.binding.context())?;
        let data_key = opened.map_err(|_| ApiError::internal("a wrapped data key does not open where it belongs"))?;
        cipher::note_as(cx, NOTES, &key, blob.version_id());
        Ok(data_key)
    }
}
