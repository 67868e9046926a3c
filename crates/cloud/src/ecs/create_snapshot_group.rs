//! CreateSnapshotGroup: snapshots of several disks as they are at one moment: of an instance's, of some of them, or of disks of one zone.
//!
//! The vendor: ESSDs only, none that several instances may attach; at most 16 disks of 32 TiB together; which disks are left out
//! can't be said beside which are taken. Where it is silent: of which instance the group is stays empty when only disks were named;
//! tags are the group's.

use coffer_base::{ApiError, Arn, ErrorCode, Region, ids};
use coffer_store::Record as _;
use coffer_store::disks::{self, Disk};
use coffer_store::instances::Instance;
use coffer_store::snapshots::SnapshotGroup;
use coffer_store::tags::{self, Resource};

use super::absent::NoResourceGroup;
use super::disk_key::Wording;
use super::disk_types::Category;
use super::new_snapshot::{self, NewSnapshot};
use super::parameter::{KnownRegion, NewTags, TAG_ERRORS, is_description, is_name, text_parameter};
use super::{owned, volume};
use crate::context::Cx;
use crate::decode::{Field, Reader, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Of which disks, and what the group is to be.
    pub struct Request {
        /// A token that makes a retry harmless.
        pub client_token: Option<String> = "ClientToken",
        /// A description.
        pub description: Option<GroupDescription> = "Description",
        /// The disks.
        pub disk_ids: DiskIds = "DiskId",
        /// The instance's disks that are left out.
        pub excluded: DiskIds = "ExcludeDiskId",
        /// The instance.
        pub instance_id: Option<String> = "InstanceId",
        /// Of no effect any more.
        pub instant_access: Option<bool> = "InstantAccess",
        /// Of no effect any more.
        pub instant_access_retention_days: Option<i64> = "InstantAccessRetentionDays",
        /// Its name.
        pub group_name: Option<GroupName> = "Name",
        /// Where.
        pub region: KnownRegion = "RegionId",
        /// The resource group.
        pub resource_group_id: Option<NoResourceGroup> = "ResourceGroupId",
        /// Tags.
        pub tags: NewTags = "Tag",
    }
    refused { "StorageLocationArn", }
}

response! {
    /// The group.
    pub struct Response {
        /// Its id.
        pub snapshot_group_id: String = "SnapshotGroupId",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "CreateSnapshotGroup",
    effect: Effect::Write,
    access: Access::Action("ecs:CreateSnapshotGroup"),
    idempotent: true,
    errors: &[OWN_ERRORS, new_snapshot::ERRORS, &Wording::ATTACH.codes(), TAG_ERRORS],
};

const OWN_ERRORS: &[ErrorCode] = &[
    ErrorCode::SnapshotTokenUsed,
    ErrorCode::EcsInvalidParameter,
    ErrorCode::EcsRegionNotFound,
    ErrorCode::ResourceGroupNotFound,
    ErrorCode::GroupNameInvalid,
    ErrorCode::GroupDescriptionInvalid,
    ErrorCode::GroupSourceMissing,
    ErrorCode::GroupDisksConflict,
    ErrorCode::GroupZonesDiffer,
    ErrorCode::GroupDiskCategory,
    ErrorCode::GroupMultiAttach,
    ErrorCode::GroupWithoutDisks,
    ErrorCode::GroupTooManyDisks,
    ErrorCode::GroupTooLarge,
    ErrorCode::InstanceNotFound,
    ErrorCode::SnapshotDiskNotFound,
];

text_parameter!(
    /// The name of a group.
    GroupName, is_name, GroupNameInvalid
);
text_parameter!(
    /// The description of a group.
    GroupDescription, is_description, GroupDescriptionInvalid
);

/// Most disks of a group.
const MOST_DISKS: usize = 16;
/// Most of what they hold together: 32 TiB.
const MOST_GIB: i64 = 32 * 1024;

/// `DiskId.N` or `ExcludeDiskId.N`.
#[derive(Clone, Debug)]
pub struct DiskIds(pub Vec<String>);

impl Field for DiskIds {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let items = reader.items(name, MOST_DISKS).map_err(|_| ErrorCode::GroupTooManyDisks)?;
        let mut ids: Vec<String> = Vec::new();
        for id in items {
            if ids.iter().any(|known| known == id) {
                return Err(reader.invalid(name));
            }
            ids.push(id.to_owned());
        }
        Ok(Self(ids))
    }
}

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    let arn = |resource: &str| Arn::ecs(request.region.0, &cx.caller.account, resource);
    let mut resources = vec![arn("snapshotgroup/*")];
    resources.extend(request.instance_id.iter().map(|id| arn(&format!("instance/{id}"))));
    resources.extend(request.disk_ids.0.iter().map(|id| arn(&format!("disk/{id}"))));
    Ok(resources)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let KnownRegion(region) = request.region;
    let disks = members(cx, region, &request)?;
    let group = SnapshotGroup {
        snapshot_group_id: ids::ecs_id("ssg", region, cx.rng),
        account: cx.account().clone(),
        region,
        group_name: request.group_name.map(|GroupName(name)| name).unwrap_or_default(),
        description: request.description.map(|GroupDescription(text)| text).unwrap_or_default(),
        instance_id: request.instance_id.unwrap_or_default(),
        status: "progressing".to_owned(),
        created_at: cx.now,
    };
    group.insert(cx.tx)?;
    let on = Resource {
        account: &group.account,
        region,
        resource_type: "snapshotgroup",
        resource_id: &group.snapshot_group_id,
    };
    for tag in &request.tags.0 {
        tags::set(cx.tx, on, tag)?;
    }
    let mut snapshot_ids = Vec::new();
    for disk in &disks {
        let part = NewSnapshot::part(format!("Made with group {}.", group.snapshot_group_id));
        let new = NewSnapshot { group_id: group.snapshot_group_id.clone(), ..part };
        snapshot_ids.push(new_snapshot::of_disk(cx, disk, new, &Wording::ATTACH)?.snapshot_id);
    }
    volume::freeze(cx, &snapshot_ids)?;
    cx.note("snapshotGroupId", group.snapshot_group_id.clone());
    Ok(Response { snapshot_group_id: group.snapshot_group_id })
}

/// The disks that the group is of.
fn members(cx: &Cx<'_>, region: Region, request: &Request) -> Result<Vec<Disk>, ApiError> {
    let (DiskIds(wanted), DiskIds(excluded)) = (&request.disk_ids, &request.excluded);
    if !wanted.is_empty() && !excluded.is_empty() {
        return Err(ErrorCode::GroupDisksConflict.into());
    }
    let disks = match &request.instance_id {
        Some(instance_id) => of_instance(cx, region, instance_id, wanted, excluded)?,
        None if wanted.is_empty() => return Err(ErrorCode::GroupSourceMissing.into()),
        None => wanted.iter().map(|id| own_disk(cx, region, id)).collect::<Result<_, _>>()?,
    };
    require_fitting(&disks)?;
    Ok(disks)
}

fn of_instance(
    cx: &Cx<'_>,
    region: Region,
    instance_id: &str,
    wanted: &[String],
    excluded: &[String],
) -> Result<Vec<Disk>, ApiError> {
    let _: Instance = owned::find_in(cx, region, instance_id)?.ok_or(ErrorCode::InstanceNotFound)?;
    let attached: Vec<Disk> = disks::attached_to(cx.tx, instance_id)?.into_iter().map(|(_, disk)| disk).collect();
    let is_attached = |id: &String| attached.iter().any(|disk| disk.disk_id == *id);
    if !wanted.iter().chain(excluded).all(is_attached) {
        return Err(ErrorCode::SnapshotDiskNotFound.into());
    }
    let is_member =
        |disk: &Disk| (wanted.is_empty() || wanted.contains(&disk.disk_id)) && !excluded.contains(&disk.disk_id);
    Ok(attached.into_iter().filter(is_member).collect())
}

fn own_disk(cx: &Cx<'_>, region: Region, disk_id: &str) -> Result<Disk, ApiError> {
    Ok(owned::find_in(cx, region, disk_id)?.ok_or(ErrorCode::SnapshotDiskNotFound)?)
}

/// Refuses disks that can't be in one group.
fn require_fitting(disks: &[Disk]) -> Result<(), ErrorCode> {
    let Some(first) = disks.first() else { return Err(ErrorCode::GroupWithoutDisks) };
    if disks.len() > MOST_DISKS {
        return Err(ErrorCode::GroupTooManyDisks);
    }
    if disks.iter().map(|disk| disk.size_gib).sum::<i64>() > MOST_GIB {
        return Err(ErrorCode::GroupTooLarge);
    }
    if disks.iter().any(|disk| disk.zone_id != first.zone_id) {
        return Err(ErrorCode::GroupZonesDiffer);
    }
    for disk in disks {
        if !Category::parse(&disk.category).is_some_and(Category::is_essd_series) {
            return Err(ErrorCode::GroupDiskCategory);
        }
        if disk.multi_attach == "Enabled" {
            return Err(ErrorCode::GroupMultiAttach);
        }
    }
    Ok(())
}
