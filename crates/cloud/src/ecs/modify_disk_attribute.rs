//! ModifyDiskAttribute: a disk's name, description and settings, or those of up to 100 disks at once, all or none.
//!
//! The vendor: what is not given stays as it is. Where it is silent: disks of another region than the one given are not found.

use coffer_base::{ApiError, Arn, ErrorCode, Region};
use coffer_store::Record as _;
use coffer_store::disks::Disk;

use super::parameter::{Description, DiskName};
use super::{existing_disk, owned};
use crate::context::Cx;
use crate::decode::{Field, Invalid, Parameter, Reader, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What is to change of which disks.
    pub struct Request {
        /// Whether it may exceed its baseline for a while.
        pub bursting_enabled: Option<bool> = "BurstingEnabled",
        /// Whether its automatic snapshots go with it.
        pub delete_auto_snapshot: Option<bool> = "DeleteAutoSnapshot",
        /// Whether it goes with its instance.
        pub delete_with_instance: Option<bool> = "DeleteWithInstance",
        /// A description.
        pub description: Option<NewDescription> = "Description",
        /// The disk.
        pub disk_id: Option<String> = "DiskId",
        /// The disks.
        pub disk_ids: DiskIds = "DiskIds",
        /// A name.
        pub disk_name: Option<DiskName> = "DiskName",
        /// Whether automatic snapshots are made of it.
        pub enable_auto_snapshot: Option<bool> = "EnableAutoSnapshot",
        /// Where.
        pub region: Option<DiskRegion> = "RegionId",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ModifyDiskAttribute",
    effect: Effect::Write,
    access: Access::Action("ecs:ModifyDiskAttribute"),
    idempotent: false,
    errors: &[&[
        ErrorCode::EcsInvalidParameter,
        ErrorCode::DiskRegionMalformed,
        ErrorCode::DiskIdsMissing,
        ErrorCode::DiskIdsConflict,
        ErrorCode::NoAttributeToModify,
        ErrorCode::DiskNameMalformed,
        ErrorCode::ResourceDescriptionMalformed,
        ErrorCode::DiskNotFound,
        ErrorCode::MultiAttachDeleteWithInstance,
        ErrorCode::EphemeralDeleteWithInstance,
        ErrorCode::BurstingUnsupported,
        ErrorCode::BurstingMultiAttach,
        ErrorCode::BurstingModifyingDisk,
        ErrorCode::BurstingTooSmall,
    ]],
};

/// Most disks at once.
const MOST_DISKS: usize = 100;

/// A description, whose error has a status of its own here.
#[derive(Clone, Debug)]
pub struct NewDescription(String);

impl Parameter for NewDescription {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let Description(text) = Description::from_text(text).map_err(|_| ErrorCode::ResourceDescriptionMalformed)?;
        Ok(Self(text))
    }
}

/// The region, whose error has a code of its own here.
#[derive(Clone, Copy, Debug)]
pub struct DiskRegion(Region);

impl Parameter for DiskRegion {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        Ok(Self(Region::parse(text).ok_or(ErrorCode::DiskRegionMalformed)?))
    }
}

/// `DiskIds.N`.
#[derive(Clone, Debug)]
pub struct DiskIds(Vec<String>);

impl Field for DiskIds {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let ids = reader.items(name, MOST_DISKS)?;
        Ok(Self(ids.into_iter().filter(|id| !id.is_empty()).map(str::to_owned).collect()))
    }
}

impl Request {
    fn disk_ids(&self) -> impl Iterator<Item = &String> {
        self.disk_id.iter().chain(&self.disk_ids.0)
    }

    fn changes_nothing(&self) -> bool {
        let settings =
            [self.bursting_enabled, self.delete_auto_snapshot, self.delete_with_instance, self.enable_auto_snapshot];
        settings.iter().all(Option::is_none) && self.description.is_none() && self.disk_name.is_none()
    }
}

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    if request.disk_ids().next().is_none() {
        return Err(ErrorCode::DiskIdsMissing.into());
    }
    Ok(request.disk_ids().map(|id| owned::arn(cx, "disk", id)).collect())
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    if request.disk_id.is_some() && !request.disk_ids.0.is_empty() {
        return Err(ErrorCode::DiskIdsConflict.into());
    }
    if request.changes_nothing() {
        return Err(ErrorCode::NoAttributeToModify.into());
    }
    for disk_id in request.disk_ids() {
        let mut disk = existing_disk::find(cx, disk_id)?;
        if request.region.is_some_and(|DiskRegion(region)| region != disk.region) {
            return Err(ErrorCode::DiskNotFound.into());
        }
        change(cx, &request, &mut disk)?;
        disk.update(cx.tx)?;
        cx.note("diskId", disk.disk_id);
    }
    Ok(Response {})
}

fn change(cx: &Cx<'_>, request: &Request, disk: &mut Disk) -> Result<(), ApiError> {
    if let Some(with_instance) = request.delete_with_instance {
        existing_disk::require_setting(disk, Some(with_instance))?;
        disk.delete_with_instance = with_instance;
    }
    if let Some(enabled) = request.bursting_enabled {
        require_burstable(cx, disk, enabled)?;
        disk.bursting_enabled = enabled;
    }
    if let Some(DiskName(name)) = &request.disk_name {
        disk.disk_name.clone_from(name);
    }
    if let Some(NewDescription(text)) = &request.description {
        disk.description.clone_from(text);
    }
    disk.delete_auto_snapshot = request.delete_auto_snapshot.unwrap_or(disk.delete_auto_snapshot);
    disk.enable_auto_snapshot = request.enable_auto_snapshot.unwrap_or(disk.enable_auto_snapshot);
    Ok(())
}

/// Refuses the setting on disks that don't have it, whatever its value, and to turn it on where it can't be.
fn require_burstable(cx: &Cx<'_>, disk: &Disk, enabled: bool) -> Result<(), ApiError> {
    if disk.category != "cloud_auto" {
        return Err(ErrorCode::BurstingUnsupported.into());
    }
    if existing_disk::is_multi_attach(disk) {
        return Err(ErrorCode::BurstingMultiAttach.into());
    }
    if existing_disk::is_changing(cx, disk)? {
        return Err(ErrorCode::BurstingModifyingDisk.into());
    }
    if enabled && disk.size_gib <= 3 {
        return Err(ErrorCode::BurstingTooSmall.into());
    }
    Ok(())
}
