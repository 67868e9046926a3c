//! DescribeSnapshotGroups: the account's groups of snapshots in a region, newest first, by pages, each with its snapshots.
//!
//! The vendor: only what is given filters, and all of it must hold. Where it is silent: groups of an unknown instance are none, as a
//! group outlives its instance.

use std::collections::HashMap;

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::snapshots::{self, GroupFilter, Snapshot, SnapshotGroup};
use coffer_store::tags::Tag;

use super::listing;
use super::paging::Asked;
use super::parameter::{GroupRegion, TagFilter};
use crate::context::Cx;
use crate::decode::{Field, Invalid, Parameter, Reader, request, whole};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which groups, and which page of them.
    pub struct Request {
        /// Reserved by the vendor.
        pub additional: NoAdditional = "AdditionalAttributes",
        /// Only of this instance.
        pub instance_id: Option<String> = "InstanceId",
        /// Most groups on a page.
        pub max_results: Option<PageLength> = "MaxResults",
        /// Only of exactly this name.
        pub group_name: Option<String> = "Name",
        /// Where to go on.
        pub next_token: Option<String> = "NextToken",
        /// Where.
        pub region: GroupRegion = "RegionId",
        /// Only of this resource group.
        pub resource_group_id: Option<String> = "ResourceGroupId",
        /// Only these.
        pub group_ids: GroupIds = "SnapshotGroupId",
        /// Only in one of these statuses.
        pub statuses: Statuses = "Status",
        /// Only bearing all of these.
        pub tags: TagFilter = "Tag",
    }
}

response! {
    /// A page.
    pub struct Response {
        /// Where to go on; empty on the last page.
        pub next_token: String = "NextToken",
        /// The groups.
        pub groups: Vec<GroupItem> = "SnapshotGroups" of "SnapshotGroup",
    }

    /// A group.
    pub struct GroupItem {
        /// When it was made.
        pub creation_time: String = "CreationTime",
        /// Its description.
        pub description: String = "Description",
        /// The instance; empty where only disks were named.
        pub instance_id: String = "InstanceId",
        /// Its name.
        pub group_name: String = "Name",
        /// Its resource group.
        pub resource_group_id: &'static str = "ResourceGroupId",
        /// Its id.
        pub snapshot_group_id: String = "SnapshotGroupId",
        /// Its snapshots.
        pub snapshots: Vec<SnapshotItem> = "Snapshots" of "Snapshot",
        /// Its status.
        pub status: String = "Status",
        /// Its tags.
        pub tags: Vec<GroupTag> = "Tags" of "Tag",
    }

    /// A snapshot of a group.
    pub struct SnapshotItem {
        /// Whether it can be used now.
        pub available: bool = "Available",
        /// Whether it can be used before it is complete: never.
        pub instant_access: bool = "InstantAccess",
        /// How much of it is done, in percent.
        pub progress: String = "Progress",
        /// Its id.
        pub snapshot_id: String = "SnapshotId",
        /// The disk it was made of.
        pub source_disk_id: String = "SourceDiskId",
        /// `data` or `system`.
        pub source_disk_type: String = "SourceDiskType",
        /// Its tags.
        pub tags: Vec<GroupTag> = "Tags" of "Tag",
    }

    /// A tag.
    pub struct GroupTag {
        /// Its key.
        pub key: String = "Key",
        /// Its value.
        pub value: String = "Value",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeSnapshotGroups",
    effect: Effect::Read,
    access: Access::Action("ecs:DescribeSnapshotGroups"),
    idempotent: false,
    errors: &[&[
        ErrorCode::EcsInvalidParameter,
        ErrorCode::GroupRegionNotFound,
        ErrorCode::GroupStatusInvalid,
        ErrorCode::TagMismatch,
        ErrorCode::TooManyTags,
    ]],
};

/// `AdditionalAttributes.N`, which the vendor reserves.
#[derive(Clone, Copy, Debug)]
pub struct NoAdditional;

impl Field for NoAdditional {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        if reader.items(name, 10)?.is_empty() { Ok(Self) } else { Err(reader.invalid(name)) }
    }
}

/// `MaxResults`: 1 to 100.
#[derive(Clone, Copy, Debug)]
pub struct PageLength(pub i64);

impl Parameter for PageLength {
    const KIND: &'static str = "Integer";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        whole(text).filter(|length| (1..=100).contains(length)).map(Self).ok_or(Invalid::Value)
    }
}

/// `SnapshotGroupId.N`: at most ten; none given restricts nothing.
#[derive(Clone, Debug)]
pub struct GroupIds(pub Option<Vec<String>>);

impl Field for GroupIds {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let ids: Vec<String> = reader.items(name, 10)?.into_iter().map(str::to_owned).collect();
        Ok(Self((!ids.is_empty()).then_some(ids)))
    }
}

/// `Status.N`: at most three; none given restricts nothing.
#[derive(Clone, Debug)]
pub struct Statuses(pub Option<Vec<String>>);

impl Field for Statuses {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let words = reader.items(name, 3)?;
        if words.iter().any(|word| !matches!(*word, "progressing" | "accomplished" | "failed")) {
            return Err(ErrorCode::GroupStatusInvalid.into());
        }
        Ok(Self((!words.is_empty()).then(|| words.into_iter().map(str::to_owned).collect())))
    }
}

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    let arn = |id: &str| Arn::ecs(request.region.0, &cx.caller.account, &format!("snapshotgroup/{id}"));
    Ok(match &request.group_ids.0 {
        Some(ids) => ids.iter().map(|id| arn(id)).collect(),
        None => vec![arn("*")],
    })
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let region = request.region.0;
    let filter = GroupFilter {
        snapshot_group_ids: request.group_ids.0,
        group_name: request.group_name,
        instance_id: request.instance_id,
        statuses: request.statuses.0,
        tags: request.tags.0,
    };
    // The filters' debug text differs whenever they do, which is all that a token needs.
    let filters = format!("{region} {filter:?}");
    let length = request.max_results.map_or(10, |PageLength(length)| length);
    let asked = Asked {
        action: OPERATION.name,
        filters: &filters,
        page_number: None,
        page_size: None,
        next_token: request.next_token.as_deref(),
        max_results: Some(length),
        most_by_number: 100,
        most_by_token: 100,
    };
    let mut page = asked.page(cx)?;
    // Unlike other listings this one has pages of fewer than ten.
    page.size = length;
    if request.resource_group_id.is_some() {
        return Ok(Response { next_token: String::new(), groups: Vec::new() });
    }
    let mut found = snapshots::list_groups(cx.tx, cx.account(), region, &filter, &page.start, page.to_read())?;
    let next_token = page.close(cx, &mut found, |group| (group.created_at, &group.snapshot_group_id))?;
    Ok(Response { next_token, groups: items(cx, found)? })
}

fn items(cx: &Cx<'_>, found: Vec<SnapshotGroup>) -> Result<Vec<GroupItem>, ApiError> {
    let ids: Vec<String> = found.iter().map(|group| group.snapshot_group_id.clone()).collect();
    let members = snapshots::of_groups(cx.tx, &ids)?;
    let member_ids: Vec<String> = members.iter().map(|member| member.snapshot_id.clone()).collect();
    let (mut tags, mut member_tags) = (listing::tags_of(cx, &ids)?, listing::tags_of(cx, &member_ids)?);
    let mut by_group: HashMap<String, Vec<SnapshotItem>> = HashMap::new();
    for member in members {
        let tags = member_tags.remove(&member.snapshot_id).unwrap_or_default();
        by_group.entry(member.group_id.clone()).or_default().push(snapshot_item(member, tags));
    }
    let items = found.into_iter().map(|group| GroupItem {
        creation_time: group.created_at.to_iso8601(),
        description: group.description,
        instance_id: group.instance_id,
        group_name: group.group_name,
        resource_group_id: "",
        snapshots: by_group.remove(&group.snapshot_group_id).unwrap_or_default(),
        status: group.status,
        tags: group_tags(tags.remove(&group.snapshot_group_id).unwrap_or_default()),
        snapshot_group_id: group.snapshot_group_id,
    });
    Ok(items.collect())
}

fn snapshot_item(snapshot: Snapshot, tags: Vec<Tag>) -> SnapshotItem {
    SnapshotItem {
        available: snapshot.status == "accomplished",
        instant_access: false,
        progress: format!("{}%", snapshot.progress),
        snapshot_id: snapshot.snapshot_id,
        source_disk_id: snapshot.source_disk_id,
        source_disk_type: snapshot.source_disk_type,
        tags: group_tags(tags),
    }
}

fn group_tags(tags: Vec<Tag>) -> Vec<GroupTag> {
    tags.into_iter().map(|tag| GroupTag { key: tag.key, value: tag.value }).collect()
}
