//! Data keys for the host, opened by KMS as ECS opens them for the disk's owner, and put on record.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_base::{AccountId, ApiError, Arn, Region};
use coffer_block::host::{Chain, DataKey, ManifestRef, SnapshotSource, VolumeKeys};
use coffer_crypto::{LockedBytes, PlainKey};
use coffer_store::disks::Disk;
use coffer_store::volumes::{Manifest, Reencryption, Volume};
use coffer_store::{Record as _, Tx};

use crate::audit::{self, Deed};
use crate::caller::{Caller, Identity};
use crate::context::{Cx, Origin};
use crate::dispatch::{Cloud, Shared};
use crate::ecs::data_key::Wrapped;
use crate::ecs::disk_key::Wording;

impl Shared {
    /// Runs what a service does by itself for an account, inside a transaction.
    pub(crate) fn as_service<T>(
        &self,
        tx: &Tx<'_>,
        account: &AccountId,
        work: impl FnOnce(&mut Cx<'_>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let caller = Caller { account: account.clone(), access_key_id: String::new(), identity: Identity::Account };
        let peer = std::net::Ipv4Addr::LOCALHOST.into();
        let origin =
            Origin { peer, tls: true, region: None, host: String::new(), user_agent: None, request_tags: Vec::new() };
        work(&mut self.cx_of(tx, &caller, &origin))
    }
}

/// Opens a wrapped data key and puts that on record as what ECS did to `resource`.
fn open(cx: &mut Cx<'_>, wrapped: &Wrapped<'_>, wording: &Wording, resource: &Arn) -> Result<PlainKey, ApiError> {
    let text = wrapped.open(cx, wording)?;
    let mut plain = LockedBytes::new(text.len()).map_err(ApiError::internal)?;
    let length = STANDARD.decode_slice(&*text, &mut plain).map_err(ApiError::internal)?;
    let plain = PlainKey::new(&plain[..length]).map_err(ApiError::internal)?;
    let (account, notes) = (cx.account().clone(), std::mem::take(&mut cx.notes));
    let (service, action) = ("ecs.aliyuncs.com", "kms:Decrypt");
    audit::record_deed(cx.tx, &Deed { at: cx.now, account: &account, service, action, resource, notes: &notes })?;
    Ok(plain)
}

/// A disk's data key, and the one that its bytes are being encrypted anew with.
pub(super) fn of_disk(cx: &mut Cx<'_>, disk: &Disk) -> Result<VolumeKeys, ApiError> {
    both(cx, (&disk.account, disk.region, &disk.disk_id), Wrapped::of_disk(disk))
}

/// As [`of_disk`], of a volume whose disk is gone.
pub(super) fn of_volume(cx: &mut Cx<'_>, volume: &Volume) -> Result<VolumeKeys, ApiError> {
    both(cx, (&volume.account, volume.region, &volume.disk_id), Wrapped::of_volume(volume))
}

/// The data key of a disk's bytes, opened, and the one that they are being encrypted anew with.
fn both(
    cx: &mut Cx<'_>,
    (account, region, disk_id): (&AccountId, Region, &str),
    own: Option<Wrapped<'_>>,
) -> Result<VolumeKeys, ApiError> {
    let resource = Arn::ecs(region, account, &format!("disk/{disk_id}"));
    let reencryption = Reencryption::get(cx.tx, disk_id)?;
    let new = reencryption.as_ref().map(|reencryption| Wrapped::of_reencryption(account, region, reencryption));
    let mut open = |wrapped: Option<Wrapped<'_>>| wrapped.map(|wrapped| of(cx, &wrapped, &resource)).transpose();
    Ok(VolumeKeys { own: open(own)?, next: open(new)? })
}

/// A volume's data key, plain and wrapped.
fn of(cx: &mut Cx<'_>, wrapped: &Wrapped<'_>, resource: &Arn) -> Result<DataKey, ApiError> {
    let plain = open(cx, wrapped, &Wording::ATTACH, resource)?;
    Ok(DataKey { plain, wrapped: wrapped.blob().as_bytes().to_vec() })
}

/// A snapshot's data key; `None` for a plain one.
pub(super) fn of_manifest(cx: &mut Cx<'_>, manifest: &Manifest) -> Result<Option<PlainKey>, ApiError> {
    let Some(wrapped) = Wrapped::of_manifest(manifest) else { return Ok(None) };
    let resource = Arn::ecs(manifest.region, &manifest.account, &format!("snapshot/{}", manifest.snapshot_id));
    open(cx, &wrapped, &Wording::SNAPSHOT, &resource).map(Some)
}

/// A snapshot to be read.
pub(super) fn source(cx: &mut Cx<'_>, manifest: &Manifest) -> Result<SnapshotSource, ApiError> {
    Ok(SnapshotSource { manifest: reference(manifest)?, data_key: of_manifest(cx, manifest)? })
}

/// What a volume reads what it does not hold itself from.
pub(super) fn base(cx: &mut Cx<'_>, volume: &Volume) -> Result<Option<SnapshotSource>, ApiError> {
    if volume.base_snapshot_id.is_empty() {
        return Ok(None);
    }
    let manifest = Manifest::get(cx.tx, &volume.base_snapshot_id)?;
    let manifest = manifest.ok_or_else(|| ApiError::internal("a clone whose snapshot's manifest is gone"))?;
    let resource = Arn::ecs(volume.region, &volume.account, &format!("disk/{}", volume.disk_id));
    let wrapped = Wrapped::of_base(volume);
    let data_key = wrapped.map(|wrapped| open(cx, &wrapped, &Wording::ATTACH, &resource)).transpose()?;
    Ok(Some(SnapshotSource { manifest: reference(&manifest)?, data_key }))
}

/// A manifest by name.
pub(super) fn reference(manifest: &Manifest) -> Result<ManifestRef, ApiError> {
    let corrupt = || ApiError::internal(format!("the manifest of {} has no root", manifest.snapshot_id));
    let mut root = [0; 32];
    if manifest.root.len() != 64 || !manifest.root.is_ascii() {
        return Err(corrupt());
    }
    for (place, byte) in root.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&manifest.root[place * 2..place * 2 + 2], 16).map_err(|_| corrupt())?;
    }
    let chain = Chain::new(&manifest.chain).map_err(ApiError::internal)?;
    Ok(ManifestRef { chain, sequence: sequence(manifest.sequence), root })
}

/// A sequence as the host counts it.
pub(super) fn sequence(sequence: i64) -> u64 {
    u64::try_from(sequence).expect("sequences begin at 1")
}

impl Cloud {
    /// Opens keys in a transaction of their own.
    pub(super) fn open_keys<T: Send + 'static>(
        &self,
        account: AccountId,
        work: impl FnOnce(&mut Cx<'_>) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let shared = std::sync::Arc::clone(&self.0);
        self.0.db.write(move |tx| shared.as_service(tx, &account, work)).wait()
    }
}
