//! DescribeSnapshots: the account's snapshots in a region, newest first, by pages.
//!
//! The vendor: only what is given filters, and all of it must hold; `NextToken` or `MaxResults` asks for pages by token, even beside
//! a page number. `SnapshotLinkId` is one id or a JSON array of them. Where it is silent: an unknown snapshot is simply not listed;
//! chains none of which exists are 404.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::snapshots::{self, Filter, LinkFilter, Snapshot};
use coffer_store::tags::Tag;

use super::listing::{self, Created, TagItem, filter_word};
use super::paging::{Page, Paging};
use super::parameter::{KnownRegion, TagFilter};
use super::snapshot_parameter::{MOST_IDS, SnapshotIds};
use crate::context::Cx;
use crate::decode::{Field, Invalid, Parameter, Reader, json_strings, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which snapshots, and which page of them.
    pub struct Request {
        ..paging: Paging,
        /// Only of this category.
        pub category: Option<CategoryFilter> = "Category",
        /// Only of this disk.
        pub disk_id: Option<String> = "DiskId",
        /// Only to say whether the request is in order.
        pub dry_run: Option<bool> = "DryRun",
        /// Only encrypted, or only plain ones.
        pub encrypted: Option<bool> = "Encrypted",
        /// Only made between two moments.
        pub created: CreatedFilter = "Filter",
        /// Only of disks attached to this instance.
        pub instance_id: Option<String> = "InstanceId",
        /// Only under this key.
        pub kms_key_id: Option<String> = "KMSKeyId",
        /// Where.
        pub region: KnownRegion = "RegionId",
        /// Only of this resource group.
        pub resource_group_id: Option<String> = "ResourceGroupId",
        /// Only these.
        pub snapshot_ids: Option<SnapshotIds> = "SnapshotIds",
        /// Only of these chains.
        pub link_ids: Option<LinkIds> = "SnapshotLinkId",
        /// Only of exactly this name.
        pub snapshot_name: Option<String> = "SnapshotName",
        /// Only of this type.
        pub snapshot_type: Option<TypeFilter> = "SnapshotType",
        /// Only of disks of this type.
        pub source_disk_type: Option<SourceDiskType> = "SourceDiskType",
        /// Only in this status.
        pub status: Option<StatusFilter> = "Status",
        /// Only bearing all of these.
        pub tags: TagFilter = "Tag",
        /// Only what this was made from.
        pub usage: Option<Usage> = "Usage",
    }
}

response! {
    /// A page.
    pub struct Response {
        /// Where to go on; empty on the last page.
        pub next_token: String = "NextToken",
        /// Which page by number this is.
        pub page_number: i64 = "PageNumber",
        /// Most snapshots on a page.
        pub page_size: i64 = "PageSize",
        /// The snapshots.
        pub snapshots: Vec<SnapshotItem> = "Snapshots" of "Snapshot",
        /// How many there are on all pages by number.
        pub total_count: i64 = "TotalCount",
    }

    /// A snapshot.
    pub struct SnapshotItem {
        /// Whether it can be used now.
        pub available: bool = "Available",
        /// Its category.
        pub category: String = "Category",
        /// When it was made.
        pub creation_time: String = "CreationTime",
        /// Its description.
        pub description: String = "Description",
        /// Whether it is encrypted.
        pub encrypted: bool = "Encrypted",
        /// Whether it can be used before it is complete: never.
        pub instant_access: bool = "InstantAccess",
        /// The key it is encrypted with; empty for a plain snapshot.
        pub kms_key_id: String = "KMSKeyId",
        /// When it was last changed.
        pub last_modified_time: String = "LastModifiedTime",
        /// The product it came with.
        pub product_code: &'static str = "ProductCode",
        /// How much of it is done, in percent.
        pub progress: String = "Progress",
        /// Where it is.
        pub region_id: &'static str = "RegionId",
        /// How many seconds its making still takes, where that is known.
        pub remain_time: Option<i64> = "RemainTime",
        /// Its resource group.
        pub resource_group_id: &'static str = "ResourceGroupId",
        /// For how many days it is kept; absent where it is kept until it is deleted.
        pub retention_days: Option<i64> = "RetentionDays",
        /// Its id.
        pub snapshot_id: String = "SnapshotId",
        /// Its chain.
        pub snapshot_link_id: String = "SnapshotLinkId",
        /// Its name.
        pub snapshot_name: String = "SnapshotName",
        /// Its serial number.
        pub serial_number: String = "SnapshotSN",
        /// Who had it made.
        pub snapshot_type: String = "SnapshotType",
        /// The disk it was made of.
        pub source_disk_id: String = "SourceDiskId",
        /// That disk's size in GiB.
        pub source_disk_size: String = "SourceDiskSize",
        /// `data` or `system`.
        pub source_disk_type: String = "SourceDiskType",
        /// Where it was copied from; its own region for others.
        pub source_region_id: &'static str = "SourceRegionId",
        /// The snapshot it is a copy of.
        pub source_snapshot_id: String = "SourceSnapshotId",
        /// What it was made of: a disk.
        pub source_storage_type: &'static str = "SourceStorageType",
        /// Its status.
        pub status: String = "Status",
        /// Its tags.
        pub tags: Vec<TagItem> = "Tags" of "Tag",
        /// What was made from it.
        pub usage: &'static str = "Usage",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeSnapshots",
    effect: Effect::Read,
    access: Access::Action("ecs:DescribeSnapshots"),
    idempotent: false,
    errors: &[&[
        ErrorCode::EcsInvalidParameter,
        ErrorCode::EcsRegionNotFound,
        ErrorCode::SnapshotIdsTooMany,
        ErrorCode::SnapshotCategoryMalformed,
        ErrorCode::SnapshotStatusNotFound,
        ErrorCode::SnapshotTypeNotFound,
        ErrorCode::SnapshotUsageInvalid,
        ErrorCode::SourceDiskTypeInvalid,
        ErrorCode::SnapshotLinkNotFound,
        ErrorCode::SnapshotFilterKeyNotFound,
        ErrorCode::SnapshotFilterValueInvalid,
        ErrorCode::TagMismatch,
        ErrorCode::TooManyTags,
        ErrorCode::DryRunOperation,
    ]],
};

filter_word!(
    /// `Status`.
    StatusFilter, "all", ["progressing", "accomplished", "failed"], SnapshotStatusNotFound
);
filter_word!(
    /// `SnapshotType`; `timer` is an older word for `auto`.
    TypeFilter, "all", ["auto", "user", "timer"], SnapshotTypeNotFound
);

/// `Category`, in any case.
#[derive(Clone, Copy, Debug)]
pub struct CategoryFilter(pub &'static str);

impl Parameter for CategoryFilter {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let known = ["standard", "flash", "archive"].into_iter().find(|word| word.eq_ignore_ascii_case(text));
        Ok(Self(known.ok_or(ErrorCode::SnapshotCategoryMalformed)?))
    }
}

/// `SourceDiskType`, in any case.
#[derive(Clone, Copy, Debug)]
pub struct SourceDiskType(pub &'static str);

impl Parameter for SourceDiskType {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let known = ["system", "data"].into_iter().find(|word| word.eq_ignore_ascii_case(text));
        Ok(Self(known.ok_or(ErrorCode::SourceDiskTypeInvalid)?))
    }
}

/// `Usage`: whether images, and whether disks, were made from a snapshot. `image` and `disk` leave the other open.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    image: Option<bool>,
    disk: Option<bool>,
}

impl Parameter for Usage {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let (image, disk) = match text {
            "image" => (Some(true), None),
            "disk" => (None, Some(true)),
            "image_disk" => (Some(true), Some(true)),
            "none" => (Some(false), Some(false)),
            _ => return Err(ErrorCode::SnapshotUsageInvalid.into()),
        };
        Ok(Self { image, disk })
    }
}

/// `SnapshotLinkId`: one id, or a JSON array of them.
#[derive(Clone, Debug)]
pub struct LinkIds(pub Vec<String>);

impl Parameter for LinkIds {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        if !text.trim_start().starts_with('[') {
            return Ok(Self(vec![text.to_owned()]));
        }
        Ok(Self(json_strings(text, MOST_IDS).ok_or(Invalid::Value)?))
    }
}

/// `Filter.N`: bounds of the time of making.
#[derive(Clone, Copy, Debug)]
pub struct CreatedFilter(pub Created);

impl Field for CreatedFilter {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;
    const MEMBERS: &'static [&'static str] = &["Key", "Value"];

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let (key, value) = (ErrorCode::SnapshotFilterKeyNotFound, ErrorCode::SnapshotFilterValueInvalid);
        Created::read(reader, name, key, value).map(Self)
    }
}

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    let ids = request.snapshot_ids.as_ref().map(|SnapshotIds(ids)| ids.as_slice());
    Ok(listing::resources(cx, request.region.0, "snapshot", ids))
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let filter = filter(&request);
    // The filters' debug text differs whenever they do, which is all that a token needs.
    let filters = format!("{} {filter:?}", request.region.0);
    let page = request.paging.of(OPERATION.name, &filters, (100, 100)).page(cx)?;
    if request.dry_run == Some(true) {
        return Err(ErrorCode::DryRunOperation.into());
    }
    require_links(cx, &request)?;
    match filter {
        Some(filter) => listed(cx, &request, &filter, &page),
        None => Ok(Response {
            next_token: String::new(),
            page_number: page.number,
            page_size: page.size,
            snapshots: Vec::new(),
            total_count: 0,
        }),
    }
}

/// Refuses chains none of which exists.
fn require_links(cx: &Cx<'_>, request: &Request) -> Result<(), ApiError> {
    let Some(LinkIds(ids)) = &request.link_ids else { return Ok(()) };
    let filter = LinkFilter { snapshot_link_ids: Some(ids.clone()), ..LinkFilter::default() };
    if !ids.is_empty() && snapshots::count_links(cx.tx, cx.account(), request.region.0, &filter)? == 0 {
        return Err(ErrorCode::SnapshotLinkNotFound.into());
    }
    Ok(())
}

/// The filters as the store knows them; `None` when they ask for what no snapshot here can be.
fn filter(request: &Request) -> Option<Filter> {
    if request.resource_group_id.is_some() {
        return None;
    }
    let owned = |word: Option<&'static str>| word.map(str::to_owned);
    let snapshot_type = request.snapshot_type.as_ref().and_then(|TypeFilter(word)| *word);
    Some(Filter {
        snapshot_ids: request.snapshot_ids.as_ref().map(|SnapshotIds(ids)| ids.clone()),
        source_disk_id: request.disk_id.clone(),
        instance_id: request.instance_id.clone(),
        snapshot_link_ids: request.link_ids.as_ref().map(|LinkIds(ids)| ids.clone()),
        snapshot_name: request.snapshot_name.clone(),
        status: owned(request.status.as_ref().and_then(|StatusFilter(word)| *word)),
        snapshot_type: owned(snapshot_type.map(|word| if word == "timer" { "auto" } else { word })),
        category: owned(request.category.map(|CategoryFilter(word)| word)),
        source_disk_type: owned(request.source_disk_type.map(|SourceDiskType(word)| word)),
        kms_key_id: request.kms_key_id.clone(),
        encrypted: request.encrypted,
        with_image: request.usage.and_then(|usage| usage.image),
        with_disk: request.usage.and_then(|usage| usage.disk),
        created_from: request.created.0.from,
        created_until: request.created.0.until,
        tags: request.tags.0.clone(),
    })
}

fn listed(cx: &Cx<'_>, request: &Request, filter: &Filter, page: &Page<'_>) -> Result<Response, ApiError> {
    let (region, account) = (request.region.0, cx.account());
    let mut found = snapshots::list(cx.tx, account, region, filter, &page.start, page.to_read())?;
    let next_token = page.close(cx, &mut found, |snapshot| (snapshot.created_at, &snapshot.snapshot_id))?;
    let total_count = if page.by_number() { snapshots::count(cx.tx, account, region, filter)? } else { 0 };
    let ids: Vec<String> = found.iter().map(|snapshot| snapshot.snapshot_id.clone()).collect();
    let mut tags = listing::tags_of(cx, &ids)?;
    let (images, disks) = snapshots::users(cx.tx, &ids)?;
    let items = found.into_iter().map(|snapshot| {
        let usage = match (images.contains(&snapshot.snapshot_id), disks.contains(&snapshot.snapshot_id)) {
            (true, true) => "image_disk",
            (true, false) => "image",
            (false, true) => "disk",
            (false, false) => "none",
        };
        let tags = tags.remove(&snapshot.snapshot_id).unwrap_or_default();
        item(snapshot, tags, usage)
    });
    Ok(Response { next_token, page_number: page.number, page_size: page.size, snapshots: items.collect(), total_count })
}

fn item(snapshot: Snapshot, tags: Vec<Tag>, usage: &'static str) -> SnapshotItem {
    let complete = snapshot.status == "accomplished";
    SnapshotItem {
        available: complete,
        category: snapshot.category,
        creation_time: snapshot.created_at.to_iso8601(),
        description: snapshot.description,
        encrypted: snapshot.kms_key_id.is_some(),
        instant_access: false,
        kms_key_id: snapshot.kms_key_id.unwrap_or_default(),
        last_modified_time: snapshot.modified_at.to_iso8601(),
        product_code: "",
        progress: format!("{}%", snapshot.progress),
        region_id: snapshot.region.id(),
        remain_time: complete.then_some(0),
        resource_group_id: "",
        retention_days: snapshot.retention_days,
        serial_number: snapshot.snapshot_id.trim_start_matches("s-").to_owned(),
        snapshot_id: snapshot.snapshot_id,
        snapshot_link_id: snapshot.snapshot_link_id,
        snapshot_name: snapshot.snapshot_name,
        snapshot_type: snapshot.snapshot_type,
        source_disk_id: snapshot.source_disk_id,
        source_disk_size: snapshot.source_disk_size_gib.to_string(),
        source_disk_type: snapshot.source_disk_type,
        source_region_id: snapshot.source_region.id(),
        source_snapshot_id: snapshot.source_snapshot_id,
        source_storage_type: "disk",
        status: snapshot.status,
        tags: tags.into_iter().map(TagItem::from).collect(),
        usage,
    }
}
