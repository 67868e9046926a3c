//! DescribeTags: the tags in a region, each with how many resources of each type bear it. Superseded by ListTagResources.
//!
//! Where the vendor is silent: of several `Tag.N` any may fit. `Category`, which it does not describe, is refused.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::tags::{self, Total, TotalsFilter};

use super::parameter::{KnownRegion, TagFilter};
use super::tagged::ResourceType;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::product::Product;
use crate::value::response;

request! {
    /// Which tags, and which page of them.
    pub struct Request {
        /// Which page.
        pub page_number: Option<i64> = "PageNumber",
        /// Most tags on a page.
        pub page_size: Option<i64> = "PageSize",
        /// Where.
        pub region: KnownRegion = "RegionId",
        /// Only of this resource.
        pub resource_id: Option<String> = "ResourceId",
        /// Only of resources of this type.
        pub resource_type: Option<ResourceType> = "ResourceType",
        /// Only these.
        pub tags: TagFilter = "Tag",
    }
    refused { "Category", }
}

response! {
    /// A page.
    pub struct Response {
        /// Which page this is.
        pub page_number: i64 = "PageNumber",
        /// Most tags on a page.
        pub page_size: i64 = "PageSize",
        /// The tags.
        pub tags: Vec<TagItem> = "Tags" of "Tag",
        /// How many there are on all pages.
        pub total_count: i64 = "TotalCount",
    }

    /// A tag.
    pub struct TagItem {
        /// What bears it.
        pub resource_type_count: ResourceTypeCount = "ResourceTypeCount",
        /// Its key.
        pub tag_key: String = "TagKey",
        /// Its value.
        pub tag_value: String = "TagValue",
    }

    /// How many resources of each type bear a tag.
    pub struct ResourceTypeCount {
        /// Dedicated hosts, of which there are none here.
        pub ddh: i64 = "Ddh",
        /// Disks.
        pub disk: i64 = "Disk",
        /// Network interfaces, of which there are none here.
        pub eni: i64 = "Eni",
        /// Images.
        pub image: i64 = "Image",
        /// Instances.
        pub instance: i64 = "Instance",
        /// Key pairs, of which there are none here.
        pub key_pair: i64 = "KeyPair",
        /// Launch templates, of which there are none here.
        pub launch_template: i64 = "LaunchTemplate",
        /// Reserved instances, of which there are none here.
        pub reserved_instance: i64 = "ReservedInstance",
        /// Security groups, of which there are none here.
        pub security_group: i64 = "Securitygroup",
        /// Snapshots.
        pub snapshot: i64 = "Snapshot",
        /// Policies of automatic snapshots, of which there are none here.
        pub snapshot_policy: i64 = "SnapshotPolicy",
        /// Shared storage, of which there is none here.
        pub volume: i64 = "Volume",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeTags",
    effect: Effect::Read,
    access: Access::Action("ecs:DescribeTags"),
    idempotent: false,
    errors: &[&[
        ErrorCode::EcsInvalidParameter,
        ErrorCode::EcsRegionNotFound,
        ErrorCode::InvalidResourceType,
        ErrorCode::TooManyTags,
        ErrorCode::TagMismatch,
    ]],
};

const LAST_PAGE: i64 = 1_000_000;
const MOST_ON_A_PAGE: i64 = 100;

/// What a policy must allow it on.
pub fn resources(_cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::any()])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let (page_number, page_size) = (request.page_number.unwrap_or(1), request.page_size.unwrap_or(50));
    if !(1..=LAST_PAGE).contains(&page_number) {
        return Err(Product::Ecs.invalid_parameter("PageNumber"));
    }
    if !(1..=MOST_ON_A_PAGE).contains(&page_size) {
        return Err(Product::Ecs.invalid_parameter("PageSize"));
    }
    let word = |resource_type: ResourceType| resource_type.as_str().to_owned();
    let resource_types: Vec<String> = match request.resource_type {
        Some(resource_type) => vec![word(resource_type)],
        None => ResourceType::PRESENT.map(word).into(),
    };
    let filter = TotalsFilter {
        account: cx.account(),
        region: request.region.0,
        resource_types: &resource_types,
        resource_id: request.resource_id.as_deref(),
        tags: &request.tags.0,
    };
    let totals = tags::totals(cx.tx, &filter, page_size, (page_number - 1) * page_size)?;
    let total_count = tags::count_totals(cx.tx, &filter)?;
    Ok(Response { page_number, page_size, tags: totals.into_iter().map(item).collect(), total_count })
}

fn item(total: Total) -> TagItem {
    TagItem {
        resource_type_count: ResourceTypeCount {
            ddh: 0,
            disk: total.disks,
            eni: 0,
            image: total.images,
            instance: total.instances,
            key_pair: 0,
            launch_template: 0,
            reserved_instance: 0,
            security_group: 0,
            snapshot: total.snapshots,
            snapshot_policy: 0,
            volume: 0,
        },
        tag_key: total.tag.key,
        tag_value: total.tag.value,
    }
}
