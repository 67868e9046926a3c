//! DescribeSnapshotLinks: the chains of an account's snapshots in a region, those that started last first, by pages.
//!
//! The vendor: a chain is all snapshots of one disk; an empty list of ids asks for nothing and gets it. Where it is silent: the copies
//! of one disk's snapshots that were made in one region are a chain too.

use std::collections::HashMap;

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;
use coffer_store::disks::{self, Disk};
use coffer_store::instances::Instance;
use coffer_store::snapshots::{self, Link, LinkFilter};

use super::owned;
use super::paging::Paging;
use super::parameter::LinksRegion;
use super::snapshot_parameter::MOST_IDS;
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, json_strings, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which chains, and which page of them.
    pub struct Request {
        ..paging: Paging,
        /// Only of these disks.
        pub disk_ids: Option<DiskIds> = "DiskIds",
        /// Only of disks attached to this instance.
        pub instance_id: Option<String> = "InstanceId",
        /// Where.
        pub region: LinksRegion = "RegionId",
        /// Only these.
        pub link_ids: Option<LinkIds> = "SnapshotLinkIds",
    }
}

response! {
    /// A page.
    pub struct Response {
        /// Where to go on; empty on the last page.
        pub next_token: String = "NextToken",
        /// Which page by number this is.
        pub page_number: i64 = "PageNumber",
        /// Most chains on a page.
        pub page_size: i64 = "PageSize",
        /// The chains.
        pub links: Vec<LinkItem> = "SnapshotLinks" of "SnapshotLink",
        /// How many there are on all pages by number.
        pub total_count: i64 = "TotalCount",
    }

    /// A chain.
    pub struct LinkItem {
        /// The category of its snapshots.
        pub category: String = "Category",
        /// The instance that the disk is attached to now.
        pub instance_id: String = "InstanceId",
        /// That instance's name.
        pub instance_name: String = "InstanceName",
        /// Whether its snapshots can be used before they are complete: never.
        pub instant_access: bool = "InstantAccess",
        /// Where it is.
        pub region_id: &'static str = "RegionId",
        /// Its id.
        pub snapshot_link_id: String = "SnapshotLinkId",
        /// The disk.
        pub source_disk_id: String = "SourceDiskId",
        /// The disk's name, as long as the disk is there.
        pub source_disk_name: String = "SourceDiskName",
        /// The disk's size in GiB, as its snapshots found it.
        pub source_disk_size_gib: i64 = "SourceDiskSize",
        /// `data` or `system`.
        pub source_disk_type: String = "SourceDiskType",
        /// How many snapshots it has.
        pub total_count: i64 = "TotalCount",
        /// How many bytes they take.
        pub total_size_bytes: i64 = "TotalSize",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeSnapshotLinks",
    effect: Effect::Read,
    access: Access::Action("ecs:DescribeSnapshotLinks"),
    idempotent: false,
    errors: &[&[
        ErrorCode::EcsInvalidParameter,
        ErrorCode::LinksRegionInvalid,
        ErrorCode::LinkIdsInvalid,
        ErrorCode::LinkDiskIdsInvalid,
        ErrorCode::LinksInstanceNotFound,
    ]],
};

macro_rules! ids {
    ($(#[$note:meta])* $type:ident, $code:ident) => {
        $(#[$note])*
        #[derive(Clone, Debug)]
        pub struct $type(pub Vec<String>);

        impl Parameter for $type {
            fn from_text(text: &str) -> Result<Self, Invalid> {
                Ok(Self(json_strings(text, MOST_IDS).ok_or(ErrorCode::$code)?))
            }
        }
    };
}

ids!(
    /// `DiskIds`: a JSON array.
    DiskIds, LinkDiskIdsInvalid
);
ids!(
    /// `SnapshotLinkIds`: a JSON array.
    LinkIds, LinkIdsInvalid
);

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::ecs(request.region.0, cx.account(), "snapshot/*")])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let region = request.region.0;
    if let Some(instance_id) = &request.instance_id {
        let _: Instance = owned::find_in(cx, region, instance_id)?.ok_or(ErrorCode::LinksInstanceNotFound)?;
    }
    let filter = LinkFilter {
        snapshot_link_ids: request.link_ids.map(|LinkIds(ids)| ids),
        source_disk_ids: request.disk_ids.map(|DiskIds(ids)| ids),
        instance_id: request.instance_id,
    };
    // The filters' debug text differs whenever they do, which is all that a token needs.
    let filters = format!("{region} {filter:?}");
    let page = request.paging.of(OPERATION.name, &filters, (100, 100)).page(cx)?;
    let mut found = snapshots::links(cx.tx, cx.account(), region, &filter, &page.start, page.to_read())?;
    let next_token = page.close(cx, &mut found, |link| (link.started_at, &link.snapshot_link_id))?;
    let total_count = if page.by_number() { snapshots::count_links(cx.tx, cx.account(), region, &filter)? } else { 0 };
    let disk_ids: Vec<String> = found.iter().map(|link| link.source_disk_id.clone()).collect();
    let attached_to: HashMap<String, String> =
        disks::attachments(cx.tx, &disk_ids)?.into_iter().map(|at| (at.disk_id, at.instance_id)).collect();
    let items = found.into_iter().map(|link| item(cx, region.id(), link, &attached_to));
    Ok(Response {
        links: items.collect::<Result<_, _>>()?,
        next_token,
        page_number: page.number,
        page_size: page.size,
        total_count,
    })
}

fn item(
    cx: &Cx<'_>,
    region_id: &'static str,
    link: Link,
    attached_to: &HashMap<String, String>,
) -> Result<LinkItem, ApiError> {
    let disk: Option<Disk> = owned::find(cx, &link.source_disk_id)?;
    // The disk of a copied snapshot may be another account's; that account's instances are nobody else's business.
    let instance_id = attached_to.get(&link.source_disk_id).filter(|_| disk.is_some());
    let instance = instance_id.map(|id| Instance::get(cx.tx, id)).transpose()?.flatten();
    Ok(LinkItem {
        category: link.category,
        instance_id: instance_id.cloned().unwrap_or_default(),
        instance_name: instance.map(|instance| instance.instance_name).unwrap_or_default(),
        instant_access: false,
        region_id,
        snapshot_link_id: link.snapshot_link_id,
        source_disk_id: link.source_disk_id,
        source_disk_name: disk.map(|disk| disk.disk_name).unwrap_or_default(),
        source_disk_size_gib: link.source_disk_size_gib,
        source_disk_type: link.source_disk_type,
        total_count: link.count,
        total_size_bytes: link.stored_bytes,
    })
}
