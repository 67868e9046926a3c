//! CopyImage: an image once more, in another region or under another key: each of its snapshots is copied, and a task shows it.
//!
//! The vendor: only available images of the account are copied; one copy of an image at a time; what is encrypted stays so; with the
//! default on in the destination an explicit `Encrypted=false` is refused. Where it is silent: without a `DestinationRegionId` the copy
//! stays in its region, which a plain one cannot; the key of each disk is chosen as CopySnapshot chooses it; the task belongs to the
//! destination and works on the copy; family and version are not copied.

use coffer_base::{ApiError, Arn, ErrorCode, Region, ids};
use coffer_store::Record as _;
use coffer_store::images::{self, Image, ImageDisk};
use coffer_store::keys::Key;
use coffer_store::snapshots::{self, Snapshot};
use coffer_store::tasks::Task;

use super::absent::NoResourceGroup;
use super::encryption::{self, CopyWording, Wish};
use super::image_parameter::{CopyImageDescription, CopyImageName};
use super::new_image::{self, NewImage, System};
use super::new_snapshot::{self, NewSnapshot};
use super::owned;
use super::parameter::{CopyImageDestination, CopyImageSource, NewTags, TAG_ERRORS};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What is copied, where to, and what the copy is to be.
    pub struct Request {
        /// A token that makes a retry harmless.
        pub client_token: Option<String> = "ClientToken",
        /// The copy's description.
        pub description: Option<CopyImageDescription> = "DestinationDescription",
        /// The copy's name.
        pub image_name: Option<CopyImageName> = "DestinationImageName",
        /// Where to.
        pub destination: Option<CopyImageDestination> = "DestinationRegionId",
        /// Only to say whether the request is in order.
        pub dry_run: Option<bool> = "DryRun",
        /// Whether the copy is to be encrypted.
        pub encrypted: Option<bool> = "Encrypted",
        /// The source.
        pub image_id: String = "ImageId",
        /// The key of the destination that it is to be encrypted with.
        pub kms_key_id: Option<String> = "KMSKeyId",
        /// Where the source is.
        pub region: CopyImageSource = "RegionId",
        /// The resource group.
        pub resource_group_id: Option<NoResourceGroup> = "ResourceGroupId",
        /// The copy's tags.
        pub tags: NewTags = "Tag",
    }
    refused { "EncryptAlgorithm", }
}

response! {
    /// The copy.
    pub struct Response {
        /// Its id.
        pub image_id: String = "ImageId",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "CopyImage",
    effect: Effect::Write,
    access: Access::Action("ecs:CopyImage"),
    idempotent: true,
    errors: &[OWN_ERRORS, &CopyWording::IMAGE.codes(), TAG_ERRORS],
};

const OWN_ERRORS: &[ErrorCode] = &[
    ErrorCode::IdempotentParameterMismatch,
    ErrorCode::EcsInvalidParameter,
    ErrorCode::ResourceGroupNotFound,
    ErrorCode::DryRunOperation,
    ErrorCode::ImageNotFound,
    ErrorCode::CopyImageSourceRegion,
    ErrorCode::CopyImageDestinationRegion,
    ErrorCode::CopyImageNameMalformed,
    ErrorCode::CopyImageDescriptionMalformed,
    ErrorCode::CopyImageNameTaken,
    ErrorCode::CopyImageNotAvailable,
    ErrorCode::CopyImageConflict,
    ErrorCode::CopyImageInSameRegion,
];

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::ecs(request.region.0, cx.account(), &format!("image/{}", request.image_id))])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let CopyImageSource(region) = request.region;
    let destination = request.destination.map_or(region, |CopyImageDestination(region)| region);
    let source: Image = owned::find_in(cx, region, &request.image_id)?.ok_or(ErrorCode::ImageNotFound)?;
    if source.status != "Available" {
        return Err(ErrorCode::CopyImageNotAvailable.into());
    }
    let image_name = request.image_name.map(|CopyImageName(name)| name).unwrap_or_default();
    new_image::require_free(cx, destination, &image_name, ErrorCode::CopyImageNameTaken)?;
    let parts = parts(cx, &source, destination)?;
    let wish = Wish { encrypted: request.encrypted, kms_key_id: request.kms_key_id };
    let image_id = ids::ecs_id("m", destination, cx.rng);
    let disks = copies(cx, parts, destination, &wish, &image_id)?;
    let new = NewImage {
        image_id,
        region: destination,
        image_name,
        image_version: String::new(),
        image_family: String::new(),
        description: request.description.map(|CopyImageDescription(text)| text).unwrap_or_default(),
        system: System::of(&source),
        is_copied: true,
        disks: &disks,
        tags: &request.tags.0,
    };
    let copy = new_image::make(cx, new)?;
    begin_task(cx, &copy)?;
    if request.dry_run == Some(true) {
        return Err(ErrorCode::DryRunOperation.into());
    }
    Ok(Response { image_id: copy.image_id })
}

/// The disks of the source with their snapshots, none of which is being copied there already; a blank disk has none.
fn parts(cx: &Cx<'_>, source: &Image, destination: Region) -> Result<Vec<(ImageDisk, Option<Snapshot>)>, ApiError> {
    let mut parts = Vec::new();
    for disk in images::disks_of(cx.tx, &source.image_id)? {
        if disk.snapshot_id.is_empty() {
            parts.push((disk, None));
            continue;
        }
        if snapshots::is_being_copied(cx.tx, &disk.snapshot_id, Some(destination))? {
            return Err(ErrorCode::CopyImageConflict.into());
        }
        let snapshot = Snapshot::get(cx.tx, &disk.snapshot_id)?;
        let snapshot = snapshot.ok_or_else(|| ApiError::internal("an image whose snapshot is gone"))?;
        parts.push((disk, Some(snapshot)));
    }
    Ok(parts)
}

/// Begins the copies of the snapshots; the disks of the copy.
fn copies(
    cx: &mut Cx<'_>,
    parts: Vec<(ImageDisk, Option<Snapshot>)>,
    destination: Region,
    wish: &Wish,
    image_id: &str,
) -> Result<Vec<ImageDisk>, ApiError> {
    let mut disks = Vec::new();
    for (mut disk, snapshot) in parts {
        if let Some(source) = snapshot {
            let key: Option<Key> = encryption::key_for_copy(cx, &source, destination, wish, &CopyWording::IMAGE)?;
            if key.is_none() && source.region == destination {
                return Err(ErrorCode::CopyImageInSameRegion.into());
            }
            let new = NewSnapshot::part(format!("Copied for image {image_id}."));
            disk.snapshot_id = new_snapshot::copy_of(cx, &source, destination, key.as_ref(), new)?.snapshot_id;
        }
        disks.push(disk);
    }
    Ok(disks)
}

fn begin_task(cx: &mut Cx<'_>, copy: &Image) -> Result<(), ApiError> {
    let task = Task {
        task_id: ids::ecs_id("t", copy.region, cx.rng),
        account: copy.account.clone(),
        region: copy.region,
        task_action: "CopyImage".to_owned(),
        resource_id: copy.image_id.clone(),
        status: "Processing".to_owned(),
        progress: 0,
        supports_cancel: true,
        finished_at: None,
        created_at: cx.now,
    };
    cx.note("taskId", task.task_id.clone());
    Ok(task.insert(cx.tx)?)
}
