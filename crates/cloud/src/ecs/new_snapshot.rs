//! Making a snapshot, of a disk or of another snapshot: every snapshot is born here, with a data key of its own where its source is
//! encrypted.
//!
//! A disk's snapshots form a chain, whose id is `sl-` and the disk's own part of its id. The copies of one disk's snapshots that an
//! account makes in one region form a chain of their own.

use coffer_base::{AccountId, ApiError, ErrorCode, Region, ids};
use coffer_crypto::digest;
use coffer_store::Record as _;
use coffer_store::disks::{self, Disk};
use coffer_store::instances::Instance;
use coffer_store::keys::Key;
use coffer_store::snapshots::{self, Snapshot};
use coffer_store::tags::{self, Resource, Tag};

use super::data_key::{self, Binding, Wrapped};
use super::disk_key::{self, Wording};
use super::disk_types::Category;
use super::snapshot_parameter::SnapshotCategory;
use super::{existing_disk, volume};
use crate::context::Cx;
use crate::job::{self, Kind};

/// Most snapshots of a disk that its owner makes ("Limits").
const MOST_OF_A_DISK: i64 = 256;

/// What a new snapshot is to be, besides what its source decides.
#[derive(Clone, Debug)]
pub struct NewSnapshot<'a> {
    /// Its name; empty for none.
    pub snapshot_name: String,
    /// Its description.
    pub description: String,
    /// Its category.
    pub category: SnapshotCategory,
    /// For how many days it is kept; `None`: until it is deleted.
    pub retention_days: Option<i64>,
    /// The group it is made with; empty for one made by itself.
    pub group_id: String,
    /// Its tags.
    pub tags: &'a [Tag],
}

impl NewSnapshot<'_> {
    /// A part of something bigger, which says what it is for.
    pub const fn part(description: String) -> Self {
        Self {
            snapshot_name: String::new(),
            description,
            category: SnapshotCategory::STANDARD,
            retention_days: None,
            group_id: String::new(),
            tags: &[],
        }
    }
}

/// The errors of [`of_disk`], besides those of the key.
pub const ERRORS: &[ErrorCode] = &[
    ErrorCode::SnapshotDiskCategory,
    ErrorCode::InstanceStatusUnsupported,
    ErrorCode::DiskStatusIncorrect,
    ErrorCode::DiskNotInBackup,
    ErrorCode::DiskNeverAttached,
    ErrorCode::SnapshotInProgress,
    ErrorCode::TooManySnapshots,
];

/// Begins a snapshot of a disk; the caller has its volume frozen. An encrypted disk's data key must open at this moment, or its bytes could not be read.
pub fn of_disk(cx: &mut Cx<'_>, disk: &Disk, new: NewSnapshot<'_>, wording: &Wording) -> Result<Snapshot, ApiError> {
    require_possible(cx, disk)?;
    let key = match (Wrapped::of_disk(disk), &disk.kms_key_id) {
        (Some(wrapped), Some(key_id)) => {
            drop(wrapped.open(cx, wording)?);
            let key = disk_key::usable(cx, disk.region, key_id)?;
            Some(key.map_err(|problem| wording.error(problem))?)
        }
        _ => None,
    };
    let (_, suffix) = disk.disk_id.split_once('-').unwrap_or_default();
    let origin = Origin {
        region: disk.region,
        snapshot_link_id: format!("sl-{suffix}"),
        source_disk_id: disk.disk_id.clone(),
        source_disk_type: disk.disk_type.clone(),
        source_disk_size_gib: disk.size_gib,
        source_snapshot_id: String::new(),
        source_region: disk.region,
    };
    let snapshot = make(cx, origin, key.as_ref(), new)?;
    volume::reserve(cx, disk, &snapshot)?;
    Ok(snapshot)
}

/// Begins a copy of a snapshot, encrypted with `key` or plain.
pub fn copy_of(
    cx: &mut Cx<'_>,
    source: &Snapshot,
    destination: Region,
    key: Option<&Key>,
    new: NewSnapshot<'_>,
) -> Result<Snapshot, ApiError> {
    let origin = Origin {
        region: destination,
        snapshot_link_id: chain_of_copies(cx.account(), destination, &source.source_disk_id),
        source_disk_id: source.source_disk_id.clone(),
        source_disk_type: source.source_disk_type.clone(),
        source_disk_size_gib: source.source_disk_size_gib,
        source_snapshot_id: source.snapshot_id.clone(),
        source_region: source.region,
    };
    let copy = make(cx, origin, key, new)?;
    volume::reserve_copy(cx, &copy)?;
    job::soon(cx, Kind::CompleteSnapshot, &copy.snapshot_id)?;
    Ok(copy)
}

/// What a snapshot owes to its source.
struct Origin {
    region: Region,
    snapshot_link_id: String,
    source_disk_id: String,
    source_disk_type: String,
    source_disk_size_gib: i64,
    source_snapshot_id: String,
    source_region: Region,
}

fn make(cx: &mut Cx<'_>, origin: Origin, key: Option<&Key>, new: NewSnapshot<'_>) -> Result<Snapshot, ApiError> {
    let (account, snapshot_id) = (cx.account().clone(), ids::ecs_id("s", origin.region, cx.rng));
    let binding = Binding::snapshot(&account, origin.region, &snapshot_id);
    let wrapped_data_key = key.map(|key| data_key::create(cx, key, binding)).transpose()?;
    let snapshot = Snapshot {
        snapshot_id,
        account,
        region: origin.region,
        snapshot_name: new.snapshot_name,
        description: new.description,
        status: "progressing".to_owned(),
        progress: 0,
        snapshot_type: "user".to_owned(),
        category: new.category.0.to_owned(),
        snapshot_link_id: origin.snapshot_link_id,
        group_id: new.group_id,
        source_disk_id: origin.source_disk_id,
        source_disk_type: origin.source_disk_type,
        source_disk_size_gib: origin.source_disk_size_gib,
        source_snapshot_id: origin.source_snapshot_id,
        source_region: origin.source_region,
        kms_key_id: key.map(|key| key.key_id.clone()),
        wrapped_data_key,
        retention_days: new.retention_days,
        modified_at: cx.now,
        created_at: cx.now,
    };
    snapshot.insert(cx.tx)?;
    let on = Resource {
        account: &snapshot.account,
        region: snapshot.region,
        resource_type: "snapshot",
        resource_id: &snapshot.snapshot_id,
    };
    for tag in new.tags {
        tags::set(cx.tx, on, tag)?;
    }
    if let Some(expires_at) = snapshot.expires_at() {
        job::schedule(cx, Kind::ExpireSnapshot, &snapshot.snapshot_id, expires_at)?;
    }
    cx.note("snapshotId", snapshot.snapshot_id.clone());
    Ok(snapshot)
}

fn chain_of_copies(account: &AccountId, destination: Region, source_disk_id: &str) -> String {
    let named = ["coffer/chain-of-copies/1", account.as_str(), destination.id(), source_disk_id].join("/");
    let digest = digest::hex(&digest::sha256(named.as_bytes()));
    format!("sl-{}{}", destination.id_tag(), &digest[..17])
}

/// Refuses unless a snapshot can be made of the disk now: it was attached once, so that there is something on it; it and its
/// instances are at rest; none is being made of it; there is room for one more.
fn require_possible(cx: &Cx<'_>, disk: &Disk) -> Result<(), ApiError> {
    let ephemeral = [Category::EphemeralStandard, Category::EphemeralPremium].map(Category::as_str);
    if ephemeral.contains(&disk.category.as_str()) {
        return Err(ErrorCode::SnapshotDiskCategory.into());
    }
    if !matches!(disk.status.as_str(), "Available" | "In_use") {
        return Err(ErrorCode::DiskStatusIncorrect.into());
    }
    existing_disk::require_bytes(cx, disk)?;
    for attachment in disks::attachments(cx.tx, std::slice::from_ref(&disk.disk_id))? {
        let instance = Instance::get(cx.tx, &attachment.instance_id)?;
        if instance.is_some_and(|instance| !matches!(instance.status.as_str(), "Running" | "Stopped")) {
            return Err(ErrorCode::InstanceStatusUnsupported.into());
        }
    }
    if disk.attached_at.is_none() {
        return Err(ErrorCode::DiskNeverAttached.into());
    }
    if snapshots::count_of_disk(cx.tx, &disk.disk_id, Some("progressing"))? > 0 {
        return Err(ErrorCode::SnapshotInProgress.into());
    }
    if snapshots::count_of_disk(cx.tx, &disk.disk_id, None)? >= MOST_OF_A_DISK {
        return Err(ErrorCode::TooManySnapshots.into());
    }
    Ok(())
}
