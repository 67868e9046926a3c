//! CreateImage: an image from an instance, whose disks are snapshotted, or from snapshots that exist.
//!
//! The vendor: of several sources the instance counts before the mappings, and those before the snapshot; exactly one system disk, at
//! `/dev/xvda`; snapshots that others share are no source; an encrypted snapshot makes an encrypted image. Where it is silent: the
//! operating system is that of the image which the disk was once made from, unless the request says otherwise; `/dev/vdb` is shown as
//! `/dev/xvdb`; checks of images and features are not offered.

use coffer_base::{ApiError, Arn, ErrorCode, Region, ids};
use coffer_store::Record as _;
use coffer_store::disks::{self, Disk};
use coffer_store::images::ImageDisk;
use coffer_store::instances::Instance;
use coffer_store::snapshots::{self, Snapshot};

use super::absent::NoResourceGroup;
use super::disk_key::Wording;
use super::image_parameter::{
    Architecture, BootMode, ImageFamily, ImageName, ImageVersion, Mapping, Mappings, NoFeatures, Platform,
};
use super::new_image::{self, NewImage, System};
use super::new_snapshot::{self, NewSnapshot};
use super::parameter::{Description, KnownRegion, NewTags, TAG_ERRORS};
use super::{owned, volume};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What the image is made from, and what it is to be.
    pub struct Request {
        /// Its architecture.
        pub architecture: Option<Architecture> = "Architecture",
        /// How it starts.
        pub boot_mode: Option<BootMode> = "BootMode",
        /// A token that makes a retry harmless.
        pub client_token: Option<String> = "ClientToken",
        /// A description.
        pub description: Option<Description> = "Description",
        /// Its disks.
        pub mappings: Mappings = "DiskDeviceMapping",
        /// Only to say whether the request is in order.
        pub dry_run: Option<bool> = "DryRun",
        /// Features.
        pub features: NoFeatures = "Features",
        /// Its family.
        pub image_family: Option<ImageFamily> = "ImageFamily",
        /// Its name.
        pub image_name: Option<ImageName> = "ImageName",
        /// Its version.
        pub image_version: Option<ImageVersion> = "ImageVersion",
        /// The instance it is made from.
        pub instance_id: Option<String> = "InstanceId",
        /// Its platform.
        pub platform: Option<Platform> = "Platform",
        /// Where.
        pub region: KnownRegion = "RegionId",
        /// The resource group.
        pub resource_group_id: Option<NoResourceGroup> = "ResourceGroupId",
        /// The snapshot of a system disk that it is made from.
        pub snapshot_id: Option<String> = "SnapshotId",
        /// Tags.
        pub tags: NewTags = "Tag",
    }
    refused { "DetectionStrategy", "SecureBootOptions.SecureBootSupport", }
}

response! {
    /// The image.
    pub struct Response {
        /// Its id.
        pub image_id: String = "ImageId",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "CreateImage",
    effect: Effect::Write,
    access: Access::Action("ecs:CreateImage"),
    idempotent: true,
    errors: &[OWN_ERRORS, new_snapshot::ERRORS, &Wording::ATTACH.codes(), TAG_ERRORS],
};

const OWN_ERRORS: &[ErrorCode] = &[
    ErrorCode::IdempotentParameterMismatch,
    ErrorCode::EcsInvalidParameter,
    ErrorCode::EcsRegionNotFound,
    ErrorCode::DescriptionMalformed,
    ErrorCode::ResourceGroupNotFound,
    ErrorCode::DryRunOperation,
    ErrorCode::DiskTypeNotSupported,
    ErrorCode::InstanceNotFound,
    ErrorCode::SnapshotNotFound,
    ErrorCode::ImageNameMalformed,
    ErrorCode::ImageNameTaken,
    ErrorCode::ImageVersionMalformed,
    ErrorCode::ImageFamilyMalformed,
    ErrorCode::ImageArchitectureMalformed,
    ErrorCode::ImagePlatformMalformed,
    ErrorCode::ImageBootMode,
    ErrorCode::ImageImdsUnsupported,
    ErrorCode::ImageSourceMissing,
    ErrorCode::ImageInstanceStatus,
    ErrorCode::InstanceWithoutSystemDisk,
    ErrorCode::ImageSnapshotNotReady,
    ErrorCode::ImageSnapshotShared,
    ErrorCode::ImageSnapshotNotOfSystemDisk,
    ErrorCode::ImageSystemDiskMissing,
    ErrorCode::ImageSystemDiskTwice,
    ErrorCode::ImageDeviceMalformed,
    ErrorCode::ImageDeviceInUse,
    ErrorCode::ImageDiskSize,
    ErrorCode::ImageDiskTypeEncrypted,
];

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    let arn = |resource: &str| Arn::ecs(request.region.0, &cx.caller.account, resource);
    let mut resources = vec![arn("image/*")];
    if let Some(id) = &request.instance_id {
        resources.push(arn(&format!("instance/{id}")));
    } else {
        let mapped = request.mappings.0.iter().filter_map(|mapping| mapping.snapshot_id.as_ref());
        resources.extend(mapped.chain(&request.snapshot_id).map(|id| arn(&format!("snapshot/{id}"))));
    }
    Ok(resources)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let KnownRegion(region) = request.region;
    let image_name = request.image_name.map(|ImageName(name)| name).unwrap_or_default();
    new_image::require_free(cx, region, &image_name, ErrorCode::ImageNameTaken)?;
    let image_id = ids::ecs_id("m", region, cx.rng);
    let (disks, made_from) = match (&request.instance_id, &request.snapshot_id) {
        (Some(instance_id), _) => from_instance(cx, region, instance_id, &image_id)?,
        (None, _) if !request.mappings.0.is_empty() => from_mappings(cx, region, &request.mappings.0)?,
        (None, Some(snapshot_id)) => from_snapshot(cx, region, snapshot_id)?,
        (None, None) => return Err(ErrorCode::ImageSourceMissing.into()),
    };
    let system = System::made_from(cx, region, &made_from)?;
    let new = NewImage {
        image_id,
        region,
        image_name,
        image_version: request.image_version.map(|ImageVersion(version)| version).unwrap_or_default(),
        image_family: request.image_family.map(|ImageFamily(family)| family).unwrap_or_default(),
        description: request.description.map(|Description(text)| text).unwrap_or_default(),
        system: system.with(request.architecture, request.platform, request.boot_mode)?,
        is_copied: false,
        disks: &disks,
        tags: &request.tags.0,
    };
    let image = new_image::make(cx, new)?;
    if request.dry_run == Some(true) {
        return Err(ErrorCode::DryRunOperation.into());
    }
    Ok(Response { image_id: image.image_id })
}

/// The disks of an image, and the image that its system disk was once made from.
type Sources = (Vec<ImageDisk>, String);

/// Begins a snapshot of each disk of an instance.
fn from_instance(cx: &mut Cx<'_>, region: Region, instance_id: &str, image_id: &str) -> Result<Sources, ApiError> {
    let instance: Instance = owned::find_in(cx, region, instance_id)?.ok_or(ErrorCode::InstanceNotFound)?;
    if !matches!(instance.status.as_str(), "Running" | "Stopped") {
        return Err(ErrorCode::ImageInstanceStatus.into());
    }
    let attached = disks::attached_to(cx.tx, instance_id)?;
    if !attached.iter().any(|(_, disk)| disk.disk_type == "system") {
        return Err(ErrorCode::InstanceWithoutSystemDisk.into());
    }
    let mut made = Vec::new();
    for (attachment, disk) in attached {
        let new = NewSnapshot::part(format!("Made for image {image_id}."));
        let snapshot = new_snapshot::of_disk(cx, &disk, new, &Wording::ATTACH)?;
        made.push(ImageDisk {
            device: attachment.device,
            disk_type: disk.disk_type,
            snapshot_id: snapshot.snapshot_id,
            size_gib: disk.size_gib,
        });
    }
    let snapshot_ids: Vec<String> = made.iter().map(|disk| disk.snapshot_id.clone()).collect();
    volume::freeze(cx, &snapshot_ids)?;
    Ok((made, instance.image_id))
}

fn from_snapshot(cx: &Cx<'_>, region: Region, snapshot_id: &str) -> Result<Sources, ApiError> {
    let snapshot = source(cx, region, snapshot_id)?;
    if snapshot.source_disk_type != "system" {
        return Err(ErrorCode::ImageSnapshotNotOfSystemDisk.into());
    }
    let made_from = origin(cx, &snapshot)?;
    let size_gib = snapshot.source_disk_size_gib;
    Ok((vec![disk('a', true, snapshot.snapshot_id, size_gib)], made_from))
}

fn from_mappings(cx: &Cx<'_>, region: Region, mappings: &[Mapping]) -> Result<Sources, ApiError> {
    let (mut system, mut data) = (None, Vec::new());
    for mapping in mappings {
        let snapshot = mapping.snapshot_id.as_deref().map(|id| source(cx, region, id)).transpose()?;
        let was_system = snapshot.as_ref().is_some_and(|snapshot| snapshot.source_disk_type == "system");
        if !mapping.is_system.unwrap_or(was_system) {
            data.push((mapping, snapshot));
            continue;
        }
        let snapshot = snapshot.ok_or(ErrorCode::ImageSystemDiskMissing)?;
        if !was_system && snapshot.kms_key_id.is_some() {
            return Err(ErrorCode::ImageDiskTypeEncrypted.into());
        }
        if system.replace((mapping, snapshot)).is_some() {
            return Err(ErrorCode::ImageSystemDiskTwice.into());
        }
    }
    let (mapping, snapshot) = system.ok_or(ErrorCode::ImageSystemDiskMissing)?;
    if mapping.letter.is_some_and(|letter| letter != 'a') {
        return Err(ErrorCode::ImageDeviceMalformed.into());
    }
    let size_gib = mapped_size(mapping, Some(&snapshot))?;
    let made_from = origin(cx, &snapshot)?;
    let mut made = vec![disk('a', true, snapshot.snapshot_id, size_gib)];
    made.extend(data_disks(&data)?);
    Ok((made, made_from))
}

/// Data disks, each at its device, or at the first that is free.
fn data_disks(data: &[(&Mapping, Option<Snapshot>)]) -> Result<Vec<ImageDisk>, ApiError> {
    let mut taken = vec!['a'];
    for letter in data.iter().filter_map(|(mapping, _)| mapping.letter) {
        if taken.contains(&letter) {
            return Err(ErrorCode::ImageDeviceInUse.into());
        }
        taken.push(letter);
    }
    let mut made = Vec::new();
    for (mapping, snapshot) in data {
        let letter = mapping.letter.or_else(|| ('b'..='z').find(|letter| !taken.contains(letter)));
        let letter = letter.ok_or(ErrorCode::ImageDeviceInUse)?;
        taken.push(letter);
        let snapshot_id = snapshot.as_ref().map(|snapshot| snapshot.snapshot_id.clone()).unwrap_or_default();
        made.push(disk(letter, false, snapshot_id, mapped_size(mapping, snapshot.as_ref())?));
    }
    Ok(made)
}

fn disk(letter: char, is_system: bool, snapshot_id: String, size_gib: i64) -> ImageDisk {
    let disk_type = if is_system { "system" } else { "data" }.to_owned();
    ImageDisk { device: format!("/dev/xvd{letter}"), disk_type, snapshot_id, size_gib }
}

/// The size of a mapped disk: what was asked for, at least the snapshot's; 20 GiB for a blank one.
fn mapped_size(mapping: &Mapping, snapshot: Option<&Snapshot>) -> Result<i64, ErrorCode> {
    let (least, usual) = snapshot.map_or((5, 20), |s| (s.source_disk_size_gib, s.source_disk_size_gib));
    let size_gib = mapping.size_gib.unwrap_or(usual);
    if (least..=65_536).contains(&size_gib) { Ok(size_gib) } else { Err(ErrorCode::ImageDiskSize) }
}

/// A snapshot that an image can be made from: the caller's own and complete.
fn source(cx: &Cx<'_>, region: Region, snapshot_id: &str) -> Result<Snapshot, ApiError> {
    if let Some(snapshot) = owned::find_in::<Snapshot>(cx, region, snapshot_id)? {
        return if snapshot.status == "accomplished" {
            Ok(snapshot)
        } else {
            Err(ErrorCode::ImageSnapshotNotReady.into())
        };
    }
    if snapshots::is_shared_with(cx.tx, snapshot_id, cx.account())? {
        return Err(ErrorCode::ImageSnapshotShared.into());
    }
    Err(ErrorCode::SnapshotNotFound.into())
}

/// The image that a snapshot's disk was made from; empty where that is not known any more.
fn origin(cx: &Cx<'_>, snapshot: &Snapshot) -> Result<String, ApiError> {
    let disk = Disk::get(cx.tx, &snapshot.source_disk_id)?.filter(|disk| disk.account == *cx.account());
    Ok(disk.map(|disk| disk.image_id).unwrap_or_default())
}
