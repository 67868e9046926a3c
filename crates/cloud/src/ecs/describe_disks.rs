//! DescribeDisks: the account's disks in a region, newest first, by pages.
//!
//! The vendor: `false` is a filter, not "unset"; an unknown id is simply not listed; `NextToken` or `MaxResults` asks for pages by
//! token, where `TotalCount` means nothing. Where its sources disagree: a disk under the service key shows that key's real id.

use std::collections::HashMap;

use coffer_base::{ApiError, Arn, ErrorCode, Timestamp};
use coffer_store::disks::{self, Disk, Filter};
use coffer_store::tags::Tag;

use super::disk_types::{Category, Level};
use super::listing::{self, OperationLock, TagItem, filter_word};
use super::paging::{Page, Paging};
use super::parameter::{ListedRegion, MultiAttachFilter, TagFilter};
use super::time_filter::TimeFilter;
use crate::context::Cx;
use crate::decode::{Field, Invalid, Parameter, Reader, json_strings, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which disks, and which page of them.
    pub struct Request {
        ..paging: Paging,
        /// What to show besides.
        pub additional: Additional = "AdditionalAttributes",
        /// Only under this policy of automatic snapshots.
        pub auto_snapshot_policy_id: Option<String> = "AutoSnapshotPolicyId",
        /// Only of this category.
        pub category: Option<CategoryFilter> = "Category",
        /// Only with this setting.
        pub delete_auto_snapshot: Option<bool> = "DeleteAutoSnapshot",
        /// Only with this setting.
        pub delete_with_instance: Option<bool> = "DeleteWithInstance",
        /// Only paid this way.
        pub charge_type: Option<ChargeFilter> = "DiskChargeType",
        /// Only these.
        pub disk_ids: Option<DiskIds> = "DiskIds",
        /// Only of exactly this name.
        pub disk_name: Option<String> = "DiskName",
        /// Only of this type.
        pub disk_type: Option<TypeFilter> = "DiskType",
        /// Only to say whether the request is in order.
        pub dry_run: Option<bool> = "DryRun",
        /// Only with this setting.
        pub enable_auto_snapshot: Option<bool> = "EnableAutoSnapshot",
        /// Only with a policy of automatic snapshots, or only without.
        pub enable_automated_snapshot_policy: Option<bool> = "EnableAutomatedSnapshotPolicy",
        /// Only shared block storage, or only other disks.
        pub enable_shared: Option<bool> = "EnableShared",
        /// Only encrypted, or only plain ones.
        pub encrypted: Option<bool> = "Encrypted",
        /// Only made at or after a moment.
        pub first_filter: TimeFilter<1> = "Filter.1",
        /// Only made at or before a moment.
        pub second_filter: TimeFilter<2> = "Filter.2",
        /// Only attached to this instance.
        pub instance_id: Option<String> = "InstanceId",
        /// Only under this key.
        pub kms_key_id: Option<String> = "KMSKeyId",
        /// Only locked for this reason.
        pub lock_reason: Option<LockReason> = "LockReason",
        /// Only with this setting.
        pub multi_attach: Option<MultiAttachFilter> = "MultiAttach",
        /// Only of this level.
        pub performance_level: Option<Level> = "PerformanceLevel",
        /// Only disks that can be detached, or only others.
        pub portable: Option<bool> = "Portable",
        /// Where.
        pub region: ListedRegion = "RegionId",
        /// Only of this resource group.
        pub resource_group_id: Option<String> = "ResourceGroupId",
        /// Only made from this snapshot.
        pub snapshot_id: Option<String> = "SnapshotId",
        /// Only in this status.
        pub status: Option<StatusFilter> = "Status",
        /// Only bearing all of these.
        pub tags: TagFilter = "Tag",
        /// Only in this zone.
        pub zone_id: Option<String> = "ZoneId",
    }
}

response! {
    /// A page.
    pub struct Response {
        /// The disks.
        pub disks: Vec<DiskItem> = "Disks" of "Disk",
        /// Where to go on; empty on the last page.
        pub next_token: String = "NextToken",
        /// Which page by number this is.
        pub page_number: i64 = "PageNumber",
        /// Most disks on a page.
        pub page_size: i64 = "PageSize",
        /// How many there are on all pages by number.
        pub total_count: i64 = "TotalCount",
    }

    /// A disk.
    pub struct DiskItem {
        /// When it was last attached.
        pub attached_time: String = "AttachedTime",
        /// Where it is attached.
        pub attachments: Vec<Attachment> = "Attachments" of "Attachment",
        /// Its policy of automatic snapshots.
        pub auto_snapshot_policy_id: &'static str = "AutoSnapshotPolicyId",
        /// Whether it may exceed its baseline for a while.
        pub bursting_enabled: bool = "BurstingEnabled",
        /// Its category.
        pub category: String = "Category",
        /// When it was made.
        pub creation_time: String = "CreationTime",
        /// Whether its automatic snapshots go with it.
        pub delete_auto_snapshot: bool = "DeleteAutoSnapshot",
        /// Whether it goes with its instance.
        pub delete_with_instance: bool = "DeleteWithInstance",
        /// Its description.
        pub description: String = "Description",
        /// When it was last detached.
        pub detached_time: String = "DetachedTime",
        /// Its device on the instance.
        pub device: String = "Device",
        /// How it is paid.
        pub disk_charge_type: &'static str = "DiskChargeType",
        /// Its id.
        pub disk_id: String = "DiskId",
        /// Its name.
        pub disk_name: String = "DiskName",
        /// Whether automatic snapshots are made of it.
        pub enable_auto_snapshot: bool = "EnableAutoSnapshot",
        /// Whether it has a policy of automatic snapshots.
        pub enable_automated_snapshot_policy: bool = "EnableAutomatedSnapshotPolicy",
        /// Whether it is encrypted.
        pub encrypted: bool = "Encrypted",
        /// When it expires: never.
        pub expired_time: &'static str = "ExpiredTime",
        /// Baseline and provisioned IOPS.
        pub iops: i64 = "IOPS",
        /// The same, for reads.
        pub iops_read: i64 = "IOPSRead",
        /// The same, for writes.
        pub iops_write: i64 = "IOPSWrite",
        /// The image it was made from.
        pub image_id: String = "ImageId",
        /// The instance it is attached to.
        pub instance_id: String = "InstanceId",
        /// The key it is encrypted with; empty for a plain disk.
        pub kms_key_id: String = "KMSKeyId",
        /// How many instances mount it as shared storage.
        pub mount_instance_num: i64 = "MountInstanceNum",
        /// Which.
        pub mount_instances: Vec<Attachment> = "MountInstances" of "MountInstance",
        /// Whether several instances may attach it.
        pub multi_attach: String = "MultiAttach",
        /// What keeps it from being used.
        pub operation_locks: Vec<OperationLock> = "OperationLocks" of "OperationLock",
        /// An ESSD's level.
        pub performance_level: String = "PerformanceLevel",
        /// In which zones a regional disk is.
        pub placement: Option<Placement> = "Placement",
        /// Whether it can be detached.
        pub portable: bool = "Portable",
        /// The product it came with.
        pub product_code: &'static str = "ProductCode",
        /// IOPS beyond the baseline.
        pub provisioned_iops: Option<i64> = "ProvisionedIops",
        /// Where it is.
        pub region_id: &'static str = "RegionId",
        /// Its resource group.
        pub resource_group_id: &'static str = "ResourceGroupId",
        /// Its serial number, as a guest sees it.
        pub serial_number: String = "SerialNumber",
        /// Its size in GiB.
        pub size_gib: i64 = "Size",
        /// The snapshot it was made from.
        pub source_snapshot_id: String = "SourceSnapshotId",
        /// Its status.
        pub status: String = "Status",
        /// Its cluster.
        pub storage_cluster_id: &'static str = "StorageClusterId",
        /// Its storage set.
        pub storage_set_id: &'static str = "StorageSetId",
        /// Its tags.
        pub tags: Vec<TagItem> = "Tags" of "Tag",
        /// Baseline throughput in MB/s.
        pub throughput: i64 = "Throughput",
        /// The same, for reads.
        pub throughput_read: i64 = "ThroughputRead",
        /// The same, for writes.
        pub throughput_write: i64 = "ThroughputWrite",
        /// `data` or `system`.
        pub disk_type: String = "Type",
        /// The zone it is in.
        pub zone_id: String = "ZoneId",
    }

    /// Where a disk is attached.
    pub struct Attachment {
        /// Since when.
        pub attached_time: String = "AttachedTime",
        /// As which device.
        pub device: String = "Device",
        /// To which instance.
        pub instance_id: String = "InstanceId",
    }

    /// In which zones a disk is.
    pub struct Placement {
        /// Their ids.
        pub zone_ids: String = "ZoneIds",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeDisks",
    effect: Effect::Read,
    access: Access::Action("ecs:DescribeDisks"),
    idempotent: false,
    errors: &[&[
        ErrorCode::EcsInvalidParameter,
        ErrorCode::DescribeRegionInvalid,
        ErrorCode::DescribeZoneNotFound,
        ErrorCode::DiskTypeNotSupported,
        ErrorCode::CategoryNotSupported,
        ErrorCode::DiskStatusNotSupported,
        ErrorCode::DiskIdsInvalid,
        ErrorCode::DiskIdsTooMany,
        ErrorCode::FilterKeyNotFound,
        ErrorCode::FilterValueInvalid,
        ErrorCode::DiskChargeTypeNotFound,
        ErrorCode::LockReasonNotFound,
        ErrorCode::MultiAttachInvalid,
        ErrorCode::PerformanceLevelMalformed,
        ErrorCode::TagMismatch,
        ErrorCode::TooManyTags,
        ErrorCode::DryRunOperation,
    ]],
};

/// Most ids in `DiskIds`.
const MOST_IDS: usize = 100;

/// `DiskIds`: a JSON array.
#[derive(Clone, Debug)]
pub struct DiskIds(pub Vec<String>);

impl Parameter for DiskIds {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let ids = json_strings(text, usize::MAX).ok_or(ErrorCode::DiskIdsInvalid)?;
        if ids.len() > MOST_IDS {
            return Err(ErrorCode::DiskIdsTooMany.into());
        }
        Ok(Self(ids))
    }
}

filter_word!(
    /// `DiskType`.
    TypeFilter, "all", ["system", "data"], DiskTypeNotSupported
);
filter_word!(
    /// `Status`.
    StatusFilter, "All", ["In_use", "Available", "Attaching", "Detaching", "Creating", "ReIniting"], DiskStatusNotSupported
);
filter_word!(
    /// `DiskChargeType`.
    ChargeFilter, "", ["PrePaid", "PostPaid"], DiskChargeTypeNotFound
);
filter_word!(
    /// `LockReason`.
    LockReason, "", ["financial", "security", "recycling", "dedicatedhostfinancial"], LockReasonNotFound
);

/// `Category`, where `all` restricts nothing.
#[derive(Clone, Debug)]
pub struct CategoryFilter(pub Option<Category>);

impl Parameter for CategoryFilter {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        match text {
            "all" => Ok(Self(None)),
            _ => Ok(Self(Some(Category::parse(text).ok_or(ErrorCode::CategoryNotSupported)?))),
        }
    }
}

/// `AdditionalAttributes.N`: only `Placement` there is.
#[derive(Clone, Copy, Debug)]
pub struct Additional {
    placement: bool,
}

impl Field for Additional {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let items = reader.items(name, 10)?;
        if items.iter().any(|item| *item != "Placement") {
            return Err(reader.invalid(name));
        }
        Ok(Self { placement: !items.is_empty() })
    }
}

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    let ids = request.disk_ids.as_ref().map(|DiskIds(ids)| ids.as_slice());
    Ok(listing::resources(cx, request.region.0, "disk", ids))
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    if let Some(zone) = &request.zone_id
        && !request.region.0.zones().contains(&zone.as_str())
    {
        return Err(ErrorCode::DescribeZoneNotFound.into());
    }
    let filter = filter(&request);
    // The filters' debug text differs whenever they do, which is all that a token needs.
    let filters = format!("{} {filter:?}", request.region.0);
    let page = request.paging.of(OPERATION.name, &filters, (100, 500)).page(cx)?;
    if request.dry_run == Some(true) {
        return Err(ErrorCode::DryRunOperation.into());
    }
    match filter {
        Some(filter) => listed(cx, &request, &filter, &page),
        None => Ok(Response {
            disks: Vec::new(),
            next_token: String::new(),
            page_number: page.number,
            page_size: page.size,
            total_count: 0,
        }),
    }
}

/// The filters as the store knows them; `None` when they ask for what no disk here can be.
fn filter(request: &Request) -> Option<Filter> {
    let never = request.auto_snapshot_policy_id.is_some()
        || request.resource_group_id.is_some()
        || request.lock_reason.is_some()
        || request.portable == Some(false)
        || request.enable_shared == Some(true)
        || request.enable_automated_snapshot_policy == Some(true)
        || request.charge_type.as_ref().is_some_and(|ChargeFilter(word)| *word == Some("PrePaid"));
    if never {
        return None;
    }
    let owned = |word: Option<&'static str>| word.map(str::to_owned);
    Some(Filter {
        disk_ids: request.disk_ids.as_ref().map(|DiskIds(ids)| ids.clone()),
        zone_id: request.zone_id.clone(),
        disk_name: request.disk_name.clone(),
        category: owned(request.category.as_ref().and_then(|CategoryFilter(c)| c.map(Category::as_str))),
        performance_level: owned(request.performance_level.map(Level::as_str)),
        status: owned(request.status.as_ref().and_then(|StatusFilter(word)| *word)),
        disk_type: owned(request.disk_type.as_ref().and_then(|TypeFilter(word)| *word)),
        kms_key_id: request.kms_key_id.clone(),
        instance_id: request.instance_id.clone(),
        source_snapshot_id: request.snapshot_id.clone(),
        encrypted: request.encrypted,
        delete_with_instance: request.delete_with_instance,
        delete_auto_snapshot: request.delete_auto_snapshot,
        enable_auto_snapshot: request.enable_auto_snapshot,
        multi_attach: owned(request.multi_attach.as_ref().map(|MultiAttachFilter(word)| *word)),
        created_from: request.first_filter.0,
        created_until: request.second_filter.0,
        tags: request.tags.0.clone(),
    })
}

fn listed(cx: &Cx<'_>, request: &Request, filter: &Filter, page: &Page<'_>) -> Result<Response, ApiError> {
    let (region, account) = (request.region.0, cx.account());
    let mut found = disks::list(cx.tx, account, region, filter, &page.start, page.to_read())?;
    let next_token = page.close(cx, &mut found, |disk| (disk.created_at, &disk.disk_id))?;
    let total_count = if page.by_number() { disks::count(cx.tx, account, region, filter)? } else { 0 };
    let ids: Vec<String> = found.iter().map(|disk| disk.disk_id.clone()).collect();
    let mut tags = listing::tags_of(cx, &ids)?;
    let mut attachments: HashMap<String, Vec<disks::Attachment>> = HashMap::new();
    for attachment in disks::attachments(cx.tx, &ids)? {
        attachments.entry(attachment.disk_id.clone()).or_default().push(attachment);
    }
    let items = found.into_iter().map(|disk| {
        let tags = tags.remove(&disk.disk_id).unwrap_or_default();
        let attachments = attachments.remove(&disk.disk_id).unwrap_or_default();
        item(disk, tags, attachments, request.additional.placement)
    });
    Ok(Response { disks: items.collect(), next_token, page_number: page.number, page_size: page.size, total_count })
}

fn item(disk: Disk, tags: Vec<Tag>, attachments: Vec<disks::Attachment>, placement: bool) -> DiskItem {
    let level = Level::parse(&disk.performance_level);
    let category = Category::parse(&disk.category).unwrap_or(Category::Cloud);
    let iops = category.iops(level, disk.size_gib) + disk.provisioned_iops.unwrap_or(0);
    let throughput = category.throughput_mbps(level, disk.size_gib);
    let moment = |at: Option<Timestamp>| at.map(Timestamp::to_iso8601).unwrap_or_default();
    // A multi-attach disk names its instances only in the list.
    let (instance_id, device) = match (&attachments[..], disk.multi_attach.as_str()) {
        ([only], "Disabled") => (only.instance_id.clone(), only.device.clone()),
        _ => (String::new(), String::new()),
    };
    DiskItem {
        attached_time: moment(disk.attached_at),
        attachments: attachments.into_iter().map(attachment).collect(),
        auto_snapshot_policy_id: "",
        bursting_enabled: disk.bursting_enabled,
        category: disk.category,
        creation_time: disk.created_at.to_iso8601(),
        delete_auto_snapshot: disk.delete_auto_snapshot,
        delete_with_instance: disk.delete_with_instance,
        description: disk.description,
        detached_time: moment(disk.detached_at),
        device,
        disk_charge_type: "PostPaid",
        serial_number: disk.disk_id.trim_start_matches("d-").to_owned(),
        disk_id: disk.disk_id,
        disk_name: disk.disk_name,
        enable_auto_snapshot: disk.enable_auto_snapshot,
        enable_automated_snapshot_policy: false,
        encrypted: disk.kms_key_id.is_some(),
        expired_time: "2999-09-08T16:00Z",
        iops,
        iops_read: iops,
        iops_write: iops,
        image_id: disk.image_id,
        instance_id,
        kms_key_id: disk.kms_key_id.unwrap_or_default(),
        mount_instance_num: 0,
        mount_instances: Vec::new(),
        multi_attach: disk.multi_attach,
        operation_locks: Vec::new(),
        performance_level: disk.performance_level,
        placement: placement.then(|| Placement { zone_ids: disk.zone_id.clone() }),
        portable: true,
        product_code: "",
        provisioned_iops: disk.provisioned_iops,
        region_id: disk.region.id(),
        resource_group_id: "",
        size_gib: disk.size_gib,
        source_snapshot_id: disk.source_snapshot_id,
        status: disk.status,
        storage_cluster_id: "",
        storage_set_id: "",
        tags: tags.into_iter().map(TagItem::from).collect(),
        throughput,
        throughput_read: throughput,
        throughput_write: throughput,
        disk_type: disk.disk_type,
        zone_id: disk.zone_id,
    }
}

fn attachment(attachment: disks::Attachment) -> Attachment {
    Attachment {
        attached_time: attachment.attached_at.to_iso8601(),
        device: attachment.device,
        instance_id: attachment.instance_id,
    }
}
