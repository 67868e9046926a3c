//! DescribeImages: the account's images in a region, newest first, and after them the public ones, by numbered pages.
//!
//! The vendor: only available images, unless `Status` says otherwise; `*` in a name stands for any text; there are no page tokens.
//! Where it is silent: community images, shared and marketplace images can be asked for, and there are none; an image suits an
//! `InstanceType` if its architecture does; a public image counts as in use where the account has instances of it.

use std::collections::{HashMap, HashSet};

use coffer_base::{ApiError, Arn, ErrorCode, Timestamp};
use coffer_store::Start;
use coffer_store::images::{self, Filter, Image, ImageDisk};
use coffer_store::snapshots::{self, Snapshot};
use coffer_store::tags::Tag;

use super::image_parameter::{ArchitectureFilter, OsTypeFilter};
use super::image_source::{PUBLIC, PublicImage};
use super::instance_parameter::KnownType;
use super::listing::{self, Created, TagItem, filter_word};
use super::paging::Asked;
use super::parameter::{KnownRegion, TagFilter};
use crate::context::Cx;
use crate::decode::{Field, Invalid, Parameter, Reader, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which images, and which page of them.
    pub struct Request {
        /// Only what suits this: everything suits both.
        pub action_type: Option<ActionType> = "ActionType",
        /// Only of this architecture.
        pub architecture: Option<ArchitectureFilter> = "Architecture",
        /// Only to say whether the request is in order.
        pub dry_run: Option<bool> = "DryRun",
        /// Only made between two moments.
        pub created: CreatedFilter = "Filter",
        /// Only of this family.
        pub image_family: Option<String> = "ImageFamily",
        /// Only these.
        pub image_ids: Option<ImageIds> = "ImageId",
        /// Only of this name, where `*` stands for any text.
        pub image_name: Option<String> = "ImageName",
        /// Only from this source.
        pub owner_alias: Option<OwnerAlias> = "ImageOwnerAlias",
        /// Only of this account, among what others share.
        pub owner_id: Option<i64> = "ImageOwnerId",
        /// Only what suits this type of instance.
        pub instance_type: Option<KnownType> = "InstanceType",
        /// Only community images.
        pub is_public: Option<bool> = "IsPublic",
        /// Only with cloud-init, or only without: all have it.
        pub supports_cloud_init: Option<bool> = "IsSupportCloudinit",
        /// Only for I/O optimised instances, or only others: all are for them.
        pub supports_io_optimized: Option<bool> = "IsSupportIoOptimized",
        /// Only of this operating system.
        pub os_type: Option<OsTypeFilter> = "OSType",
        /// Which page.
        pub page_number: Option<i64> = "PageNumber",
        /// Most images on a page.
        pub page_size: Option<i64> = "PageSize",
        /// Where.
        pub region: KnownRegion = "RegionId",
        /// Only of this resource group.
        pub resource_group_id: Option<String> = "ResourceGroupId",
        /// Whether to show subscriptions that are over: there are none.
        pub show_expired: Option<bool> = "ShowExpired",
        /// Only made from this snapshot.
        pub snapshot_id: Option<String> = "SnapshotId",
        /// Only in one of these statuses.
        pub statuses: Option<Statuses> = "Status",
        /// Only bearing all of these.
        pub tags: TagFilter = "Tag",
        /// Only with instances, or only without.
        pub usage: Option<UsageFilter> = "Usage",
    }
    refused { "Usable", }
}

response! {
    /// A page.
    pub struct Response {
        /// The images.
        pub images: Vec<ImageItem> = "Images" of "Image",
        /// Which page this is.
        pub page_number: i64 = "PageNumber",
        /// Most images on a page.
        pub page_size: i64 = "PageSize",
        /// Where.
        pub region_id: &'static str = "RegionId",
        /// How many there are on all pages.
        pub total_count: i64 = "TotalCount",
    }

    /// An image.
    pub struct ImageItem {
        /// Its architecture.
        pub architecture: String = "Architecture",
        /// How it starts; empty where that is not known.
        pub boot_mode: String = "BootMode",
        /// When it was made.
        pub creation_time: String = "CreationTime",
        /// Its description.
        pub description: String = "Description",
        /// The disks it makes.
        pub disks: Vec<DiskItem> = "DiskDeviceMappings" of "DiskDeviceMapping",
        /// Its family.
        pub image_family: String = "ImageFamily",
        /// Its id.
        pub image_id: String = "ImageId",
        /// Its name.
        pub image_name: String = "ImageName",
        /// `self` or `system`.
        pub owner_alias: &'static str = "ImageOwnerAlias",
        /// The account it belongs to; absent for a public one.
        pub owner_id: Option<i64> = "ImageOwnerId",
        /// Its version.
        pub image_version: String = "ImageVersion",
        /// Whether it is a copy of another.
        pub is_copied: bool = "IsCopied",
        /// Whether everyone can use it.
        pub is_public: bool = "IsPublic",
        /// Whether it is shared with others.
        pub is_self_shared: &'static str = "IsSelfShared",
        /// Whether it is of the marketplace and subscribed to.
        pub is_subscribed: bool = "IsSubscribed",
        /// Whether it has cloud-init.
        pub supports_cloud_init: bool = "IsSupportCloudinit",
        /// Whether it is for I/O optimised instances.
        pub supports_io_optimized: bool = "IsSupportIoOptimized",
        /// The operating system, for people, in Chinese.
        pub os_name: String = "OSName",
        /// The same in English.
        pub os_name_en: String = "OSNameEn",
        /// `linux` or `windows`.
        pub os_type: String = "OSType",
        /// Its platform.
        pub platform: String = "Platform",
        /// Its product on the marketplace.
        pub product_code: &'static str = "ProductCode",
        /// How much of it is done, in percent.
        pub progress: String = "Progress",
        /// Its resource group.
        pub resource_group_id: &'static str = "ResourceGroupId",
        /// The size of its system disk in GiB.
        pub size_gib: i64 = "Size",
        /// Its status.
        pub status: String = "Status",
        /// Its tags.
        pub tags: Vec<TagItem> = "Tags" of "Tag",
        /// Whether instances can be made from it now.
        pub usable: bool = "Usable",
        /// `instance` where there are instances of it, else `none`.
        pub usage: &'static str = "Usage",
    }

    /// A disk that an image makes.
    pub struct DiskItem {
        /// Its device.
        pub device: String = "Device",
        /// Whether it is encrypted.
        pub encrypted: bool = "Encrypted",
        /// The format it was imported in.
        pub format: &'static str = "Format",
        /// The bucket it was imported from.
        pub import_bucket: &'static str = "ImportOSSBucket",
        /// The object it was imported from.
        pub import_object: &'static str = "ImportOSSObject",
        /// How much of its snapshot is done, in percent.
        pub progress: String = "Progress",
        /// How many seconds that still takes, where that is known.
        pub remain_time: Option<i64> = "RemainTime",
        /// Its size in GiB.
        pub size: String = "Size",
        /// The snapshot it is made from; empty for a blank disk.
        pub snapshot_id: String = "SnapshotId",
        /// `system` or `data`.
        pub disk_type: String = "Type",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeImages",
    effect: Effect::Read,
    access: Access::Action("ecs:DescribeImages"),
    idempotent: false,
    errors: &[&[
        ErrorCode::EcsInvalidParameter,
        ErrorCode::EcsRegionNotFound,
        ErrorCode::ImageOwnerAliasUnsupported,
        ErrorCode::ImageOwnerAliasNotOthers,
        ErrorCode::ImageOwnerIdUnsupported,
        ErrorCode::ImageFilterKeyNotFound,
        ErrorCode::ImageFilterValueInvalid,
        ErrorCode::ImageUsageInvalid,
        ErrorCode::ImageOsTypeInvalid,
        ErrorCode::ImageArchitectureInvalid,
        ErrorCode::InstanceTypeNotSupported,
        ErrorCode::TagMismatch,
        ErrorCode::TooManyTags,
        ErrorCode::DryRunOperation,
    ]],
};

filter_word!(
    /// `ImageOwnerAlias`.
    OwnerAlias, "", ["system", "self", "others", "marketplace"], ImageOwnerAliasUnsupported
);
filter_word!(
    /// `Usage`.
    UsageFilter, "", ["instance", "none"], ImageUsageInvalid
);

/// `ActionType`: making an instance, or replacing its system disk.
#[derive(Clone, Copy, Debug)]
pub struct ActionType;

impl Parameter for ActionType {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        if matches!(text, "CreateEcs" | "ChangeOS") { Ok(Self) } else { Err(Invalid::Value) }
    }
}

/// Most ids, or statuses, in a list of them.
const MOST_ITEMS: usize = 100;

/// `ImageId`: one id, or several separated by commas.
#[derive(Clone, Debug)]
pub struct ImageIds(pub Vec<String>);

impl Parameter for ImageIds {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let ids: Vec<String> = text.split(',').map(|id| id.trim().to_owned()).collect();
        if ids.len() > MOST_ITEMS { Err(Invalid::Value) } else { Ok(Self(ids)) }
    }
}

/// `Status`: one, or several separated by commas. `ALL`, which the Terraform provider sends, stands for all of them.
#[derive(Clone, Debug)]
pub struct Statuses(pub Vec<String>);

impl Parameter for Statuses {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        const WORDS: [&str; 6] = ["Creating", "Waiting", "Available", "UnAvailable", "CreateFailed", "Deprecated"];
        let words: Vec<&str> = if text == "ALL" { WORDS.to_vec() } else { text.split(',').map(str::trim).collect() };
        if words.len() > MOST_ITEMS || words.iter().any(|word| !WORDS.contains(word)) {
            return Err(Invalid::Value);
        }
        Ok(Self(words.into_iter().map(str::to_owned).collect()))
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
        let (key, value) = (ErrorCode::ImageFilterKeyNotFound, ErrorCode::ImageFilterValueInvalid);
        Created::read(reader, name, key, value).map(Self)
    }
}

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    let ids = request.image_ids.as_ref().map(|ImageIds(ids)| ids.as_slice());
    Ok(listing::resources(cx, request.region.0, "image", ids))
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let sources = sources(&request)?;
    let page = Asked::by_number(OPERATION.name, request.page_number, request.page_size, 100).page(cx)?;
    if request.dry_run == Some(true) {
        return Err(ErrorCode::DryRunOperation.into());
    }
    let (region, filter) = (request.region.0, filter(&request));
    let own_count = if sources.own { images::count(cx.tx, cx.account(), region, &filter)? } else { 0 };
    let public = if sources.public { public(cx, &request, &filter)? } else { Vec::new() };
    let before = (page.number - 1) * page.size;
    let mut items = Vec::new();
    if before < own_count {
        let found = images::list(cx.tx, cx.account(), region, &filter, &Start::Offset(before), page.size)?;
        items = own_items(cx, found)?;
    }
    // The public ones follow the account's own.
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let skipped = usize::try_from((before - own_count).max(0)).unwrap_or(usize::MAX);
    let room = usize::try_from(page.size - count(items.len())).unwrap_or(0);
    let total_count = own_count + count(public.len());
    items.extend(public.into_iter().skip(skipped).take(room).map(|(image, in_use)| public_item(image, in_use)));
    Ok(Response { images: items, page_number: page.number, page_size: page.size, region_id: region.id(), total_count })
}

/// Where images are looked for.
struct Sources {
    own: bool,
    public: bool,
}

/// Which sources can have what is asked for.
fn sources(request: &Request) -> Result<Sources, ErrorCode> {
    let alias = request.owner_alias.as_ref().and_then(|OwnerAlias(word)| *word);
    if request.is_public == Some(true) && alias != Some("others") {
        return Err(ErrorCode::ImageOwnerAliasNotOthers);
    }
    if request.owner_id.is_some() && matches!(alias, Some("system" | "self" | "marketplace")) {
        return Err(ErrorCode::ImageOwnerIdUnsupported);
    }
    let never = request.owner_id.is_some()
        || request.resource_group_id.is_some()
        || request.supports_cloud_init == Some(false)
        || request.supports_io_optimized == Some(false);
    Ok(Sources {
        own: !never && matches!(alias, None | Some("self")),
        public: !never && matches!(alias, None | Some("system")),
    })
}

fn filter(request: &Request) -> Filter {
    let available = || vec!["Available".to_owned()];
    Filter {
        image_ids: request.image_ids.as_ref().map(|ImageIds(ids)| ids.clone()),
        image_name: request.image_name.clone(),
        image_family: request.image_family.clone(),
        statuses: Some(request.statuses.as_ref().map_or_else(available, |Statuses(words)| words.clone())),
        architectures: architectures(request),
        os_type: request.os_type.map(|OsTypeFilter(word)| word.to_owned()),
        snapshot_id: request.snapshot_id.clone(),
        with_instance: request.usage.as_ref().and_then(|UsageFilter(word)| word.map(|word| word == "instance")),
        created_from: request.created.0.from,
        created_until: request.created.0.until,
        tags: request.tags.0.clone(),
    }
}

/// The architectures that an image may have.
fn architectures(request: &Request) -> Option<Vec<String>> {
    let (word, instance_type) = (request.architecture, request.instance_type);
    if word.is_none() && instance_type.is_none() {
        return None;
    }
    let suits = |name: &&str| {
        word.is_none_or(|ArchitectureFilter(word)| word == *name)
            && instance_type.is_none_or(|KnownType(instance_type)| instance_type.runs(name))
    };
    Some(["i386", "x86_64", "arm64"].into_iter().filter(suits).map(str::to_owned).collect())
}

/// The public images that the filters let through, each with whether the account has instances of it.
fn public(cx: &Cx<'_>, request: &Request, filter: &Filter) -> Result<Vec<(&'static PublicImage, bool)>, ApiError> {
    let ids: Vec<String> = PUBLIC.iter().map(|image| image.image_id.to_owned()).collect();
    let used = images::in_use_among(cx.tx, cx.account(), request.region.0, &ids)?;
    let with_use = PUBLIC.iter().map(|image| (image, used.contains(image.image_id)));
    Ok(with_use.filter(|(image, in_use)| lets_through(filter, image, *in_use)).collect())
}

/// The store's filters, applied to what is no row.
fn lets_through(filter: &Filter, image: &PublicImage, in_use: bool) -> bool {
    let equal = |wanted: &Option<String>, value: &str| wanted.as_ref().is_none_or(|wanted| wanted == value);
    let among = |wanted: &Option<Vec<String>>, value: &str| {
        wanted.as_ref().is_none_or(|wanted| wanted.iter().any(|wanted| wanted == value))
    };
    let made = Timestamp::parse_iso8601(image.created_at);
    among(&filter.image_ids, image.image_id)
        && filter.image_name.as_ref().is_none_or(|pattern| matches_pattern(pattern, image.image_id))
        && equal(&filter.image_family, image.image_family)
        && among(&filter.statuses, "Available")
        && among(&filter.architectures, image.architecture)
        && equal(&filter.os_type, image.os_type)
        && filter.snapshot_id.is_none()
        && filter.with_instance.is_none_or(|wanted| wanted == in_use)
        && filter.created_from.is_none_or(|from| made >= Some(from))
        && filter.created_until.is_none_or(|until| made <= Some(until))
        && filter.tags.is_empty()
}

/// Whether a text is what a pattern says, in which `*` stands for any text; with one, case does not matter, as in the store.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let (first, rest, text) = (first.to_ascii_lowercase(), rest.to_ascii_lowercase(), text.to_ascii_lowercase());
    let Some(mut left) = text.strip_prefix(&first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    left.ends_with(last)
}

fn own_items(cx: &Cx<'_>, found: Vec<Image>) -> Result<Vec<ImageItem>, ApiError> {
    let Some(region) = found.first().map(|image| image.region) else { return Ok(Vec::new()) };
    let ids: Vec<String> = found.iter().map(|image| image.image_id.clone()).collect();
    let used: HashSet<String> = images::in_use_among(cx.tx, cx.account(), region, &ids)?;
    let mut tags = listing::tags_of(cx, &ids)?;
    let mut disks: HashMap<String, Vec<ImageDisk>> = HashMap::new();
    for (image_id, disk) in images::disks_of_many(cx.tx, &ids)? {
        disks.entry(image_id).or_default().push(disk);
    }
    let mut items = Vec::new();
    for image in found {
        let disks = disk_items(cx, disks.remove(&image.image_id).unwrap_or_default())?;
        let tags = tags.remove(&image.image_id).unwrap_or_default();
        let in_use = used.contains(&image.image_id);
        items.push(own_item(image, disks, tags, in_use));
    }
    Ok(items)
}

fn disk_items(cx: &Cx<'_>, disks: Vec<ImageDisk>) -> Result<Vec<DiskItem>, ApiError> {
    let ids: Vec<String> = disks.iter().map(|disk| disk.snapshot_id.clone()).collect();
    let found = snapshots::get_many(cx.tx, &ids)?;
    let found: HashMap<&str, &Snapshot> = found.iter().map(|s| (s.snapshot_id.as_str(), s)).collect();
    let items = disks.into_iter().map(|disk| {
        let snapshot = found.get(disk.snapshot_id.as_str());
        // There is nothing to be done for a blank disk.
        let progress = snapshot.map_or(100, |snapshot| snapshot.progress);
        DiskItem {
            device: disk.device,
            encrypted: snapshot.is_some_and(|snapshot| snapshot.kms_key_id.is_some()),
            format: "",
            import_bucket: "",
            import_object: "",
            progress: format!("{progress}%"),
            remain_time: (progress == 100).then_some(0),
            size: disk.size_gib.to_string(),
            snapshot_id: disk.snapshot_id,
            disk_type: disk.disk_type,
        }
    });
    Ok(items.collect())
}

const fn usage(in_use: bool) -> &'static str {
    if in_use { "instance" } else { "none" }
}

fn own_item(image: Image, disks: Vec<DiskItem>, tags: Vec<Tag>, in_use: bool) -> ImageItem {
    let inherited = PUBLIC.iter().find(|public| public.os_name == image.os_name);
    ImageItem {
        architecture: image.architecture,
        boot_mode: image.boot_mode,
        creation_time: image.created_at.to_iso8601(),
        description: image.description,
        disks,
        image_family: image.image_family,
        image_id: image.image_id,
        image_name: image.image_name,
        owner_alias: "self",
        owner_id: image.account.as_str().parse().ok(),
        image_version: image.image_version,
        is_copied: image.is_copied,
        is_public: false,
        is_self_shared: "False",
        is_subscribed: false,
        supports_cloud_init: true,
        supports_io_optimized: true,
        os_name_en: inherited.map_or_else(|| image.os_name.clone(), |public| public.os_name_en.to_owned()),
        os_name: image.os_name,
        os_type: image.os_type,
        platform: image.platform,
        product_code: "",
        progress: format!("{}%", image.progress),
        resource_group_id: "",
        size_gib: image.size_gib,
        usable: image.status == "Available",
        status: image.status,
        tags: tags.into_iter().map(TagItem::from).collect(),
        usage: usage(in_use),
    }
}

fn public_item(image: &PublicImage, in_use: bool) -> ImageItem {
    ImageItem {
        architecture: image.architecture.to_owned(),
        boot_mode: String::new(),
        creation_time: image.created_at.to_owned(),
        description: String::new(),
        disks: Vec::new(),
        image_family: image.image_family.to_owned(),
        image_id: image.image_id.to_owned(),
        image_name: image.image_id.to_owned(),
        owner_alias: "system",
        owner_id: None,
        image_version: String::new(),
        is_copied: false,
        is_public: true,
        is_self_shared: "",
        is_subscribed: false,
        supports_cloud_init: true,
        supports_io_optimized: true,
        os_name: image.os_name.to_owned(),
        os_name_en: image.os_name_en.to_owned(),
        os_type: image.os_type.to_owned(),
        platform: image.platform.to_owned(),
        product_code: "",
        progress: "100%".to_owned(),
        resource_group_id: "",
        size_gib: image.size_gib,
        status: "Available".to_owned(),
        tags: Vec::new(),
        usable: true,
        usage: usage(in_use),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text_and_without_one_a_name_is_exact() {
        let name = "ubuntu_22_04_x64.vhd";
        for pattern in ["*", "ubuntu*", "*.vhd", "Ubuntu*x64*", "*22*04*", name, "ubuntu_22_04_x64.vhd*", "**"] {
            assert!(matches_pattern(pattern, name), "{pattern}");
        }
        for pattern in ["", "ubuntu", "22*", "*x64", "*04*22*", "Ubuntu_22_04_x64.vhd", "ubuntu_22_04_x64.vhd*d"] {
            assert!(!matches_pattern(pattern, name), "{pattern}");
        }
    }

    #[test]
    fn every_public_image_says_when_it_was_made() {
        assert!(PUBLIC.iter().all(|image| Timestamp::parse_iso8601(image.created_at).is_some()));
    }
}
