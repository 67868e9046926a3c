//! The volume behind a disk, as the operations write it down. What they write is made so by `volumes`.

use coffer_base::{ApiError, Timestamp};
use coffer_store::disks::{self, Disk};
use coffer_store::keys::Key;
use coffer_store::snapshots::Snapshot;
use coffer_store::volumes::{self, Base, Manifest, Reencryption, Volume};
use coffer_store::{Record as _, Tx};

use super::data_key::{self, Binding, Wrapped};
use super::disk_key::{self, Wording};
use crate::context::Cx;
use crate::job::{self, Kind};

/// Begins the volume of a new disk: a clone of a snapshot, or empty. It is made soon, and at the latest when it is attached.
pub fn begin(cx: &mut Cx<'_>, disk: &Disk, snapshot_id: &str) -> Result<(), ApiError> {
    let base = base(cx, disk, snapshot_id, &Wording::CREATE)?;
    volumes::begin(cx.tx, disk, base, cx.now)?;
    job::soon(cx, Kind::SyncDisk, &disk.disk_id)
}

/// Gives a disk a new volume in place of its own, which is removed: a clone of a snapshot, or empty. The caller stores the disk.
pub fn replace(cx: &mut Cx<'_>, disk: &mut Disk, snapshot_id: &str, wording: &Wording) -> Result<(), ApiError> {
    // A disk of before there were volumes has none to be removed.
    disk.volume_number += 1;
    let base = base(cx, disk, snapshot_id, wording)?;
    volumes::begin(cx.tx, disk, base, cx.now)?;
    sync(cx, &disk.disk_id)
}

/// A snapshot as a disk's volume has it, if there are bytes of it: those of before there were volumes have none. Its data key is wrapped
/// under the disk's KMS key, so that the disk is read without the snapshot's from here on.
fn base(cx: &mut Cx<'_>, disk: &Disk, snapshot_id: &str, wording: &Wording) -> Result<Base, ApiError> {
    let Some(manifest) = Manifest::get(cx.tx, snapshot_id)? else { return Ok(Base::default()) };
    let snapshot_id = snapshot_id.to_owned();
    let Some(wrapped) = Wrapped::of_manifest(&manifest) else { return Ok(Base { snapshot_id, ..Base::default() }) };
    let plain = wrapped.open(cx, wording)?;
    let kms_key_id = disk.kms_key_id.as_deref();
    let kms_key_id = kms_key_id.ok_or_else(|| ApiError::internal("a plain disk of an encrypted snapshot"))?;
    let key = disk_key::usable(cx, disk.region, kms_key_id)?.map_err(|problem| wording.error(problem))?;
    let volume_id = volumes::id_of(disk);
    let binding = Binding::clone_of(&disk.account, disk.region, &volume_id);
    let data_key = data_key::wrap(cx, &key, binding, &plain)?.blob;
    Ok(Base { snapshot_id, kms_key_id: Some(key.key_id), data_key: Some(data_key) })
}

/// Wraps what a disk's volume has of the snapshot it is a clone of again, under `key`.
pub fn rewrap(cx: &mut Cx<'_>, disk: &Disk, key: &Key, wording: &Wording) -> Result<(), ApiError> {
    let Some(mut volume) = volumes::of(cx.tx, disk)? else { return Ok(()) };
    let Some(wrapped) = Wrapped::of_base(&volume) else { return Ok(()) };
    let plain = wrapped.open(cx, wording)?;
    let binding = Binding::clone_of(&volume.account, volume.region, &volume.volume_id);
    let again = data_key::wrap(cx, key, binding, &plain)?.blob;
    (volume.base_kms_key_id, volume.base_data_key) = (Some(key.key_id.clone()), Some(again));
    Ok(volume.update(cx.tx)?)
}

/// Has the machine do, before the caller is answered, what this operation means for a disk: it is made, opened, closed or grows.
pub fn sync(cx: &mut Cx<'_>, disk_id: &str) -> Result<(), ApiError> {
    job::promptly(cx, Kind::SyncDisk, disk_id)
}

/// The same for every disk of an instance.
pub fn sync_instance(cx: &mut Cx<'_>, instance_id: &str) -> Result<(), ApiError> {
    for (_, disk) in disks::attached_to(cx.tx, instance_id)? {
        sync(cx, &disk.disk_id)?;
    }
    Ok(())
}

/// What becomes of the volume of a disk that is deleted: it is removed, once no snapshot is being made of it any more. Those need its
/// data key, as the disk had it last, and the one that its bytes were being brought under: that stays with the files.
pub fn abandon(tx: &Tx<'_>, disk: &Disk, now: Timestamp) -> Result<(), ApiError> {
    if let Some(mut volume) = volumes::of(tx, disk)? {
        volume.kms_key_id.clone_from(&disk.kms_key_id);
        volume.wrapped_data_key.clone_from(&disk.wrapped_data_key);
        volume.update(tx)?;
    } else {
        Reencryption::delete(tx, &disk.disk_id)?;
    }
    job::follow(tx, Kind::SyncDisk, &disk.disk_id, now)
}

/// Begins the manifest of a disk's snapshot, next in the volume's chain.
pub fn reserve(cx: &Cx<'_>, disk: &Disk, snapshot: &Snapshot) -> Result<(), ApiError> {
    let mut volume: Volume = match volumes::of(cx.tx, disk)? {
        Some(volume) => volume,
        None => volumes::begin(cx.tx, disk, Base::default(), cx.now)?,
    };
    volume.last_sequence += 1;
    volume.update(cx.tx)?;
    let (volume_id, chain) = (volume.volume_id.clone(), volume.volume_id);
    let parent_sequence = parent(cx, &chain, snapshot.kms_key_id.is_some())?;
    let place = Place { volume_id, chain, sequence: volume.last_sequence, parent_sequence };
    Ok(manifest(snapshot, place).insert(cx.tx)?)
}

/// The newest snapshot of a chain that another may build upon: it is complete, is to stay, is encrypted if that one is, and opens at
/// this moment.
fn parent(cx: &Cx<'_>, chain: &str, is_encrypted: bool) -> Result<i64, ApiError> {
    let chain = volumes::chain(cx.tx, chain)?;
    let newest = chain.iter().rev().find(|manifest| manifest.state == "kept" && !manifest.is_deleted);
    let Some(manifest) = newest.filter(|manifest| manifest.kms_key_id.is_some() == is_encrypted) else { return Ok(0) };
    let problem = Wrapped::of_manifest(manifest).map(|wrapped| wrapped.probe(cx)).transpose()?.flatten();
    Ok(if problem.is_none() { manifest.sequence } else { 0 })
}

/// Begins the manifest of a copy, in a chain of its own, if there are bytes to be copied.
pub fn reserve_copy(cx: &Cx<'_>, copy: &Snapshot) -> Result<(), ApiError> {
    if Manifest::get(cx.tx, &copy.source_snapshot_id)?.is_some() {
        let (volume_id, chain) = (String::new(), copy.snapshot_id.clone());
        manifest(copy, Place { volume_id, chain, sequence: 1, parent_sequence: 0 }).insert(cx.tx)?;
    }
    Ok(())
}

/// Where a manifest is.
struct Place {
    volume_id: String,
    chain: String,
    sequence: i64,
    parent_sequence: i64,
}

fn manifest(snapshot: &Snapshot, place: Place) -> Manifest {
    Manifest {
        snapshot_id: snapshot.snapshot_id.clone(),
        account: snapshot.account.clone(),
        region: snapshot.region,
        volume_id: place.volume_id,
        chain: place.chain,
        sequence: place.sequence,
        parent_sequence: place.parent_sequence,
        state: "reserved".to_owned(),
        root: String::new(),
        kms_key_id: snapshot.kms_key_id.clone(),
        wrapped_data_key: snapshot.wrapped_data_key.clone(),
        is_deleted: false,
        created_at: snapshot.created_at,
    }
}

/// Has the volumes of these snapshots frozen, all at one moment, before the caller is answered.
pub fn freeze(cx: &mut Cx<'_>, snapshot_ids: &[String]) -> Result<(), ApiError> {
    job::promptly(cx, Kind::FreezeVolumes, &snapshot_ids.join(","))
}
