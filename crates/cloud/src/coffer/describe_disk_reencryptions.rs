//! DescribeDiskReencryptions: the disks of a region whose bytes are being encrypted anew, and how far each is.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::volumes::{self, Reencryption};

use crate::context::Cx;
use crate::decode::request;
use crate::ecs::listing;
use crate::ecs::paging::Asked;
use crate::ecs::parameter::ListedRegion;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Where, and which page.
    pub struct Request {
        /// Which page.
        pub page_number: Option<i64> = "PageNumber",
        /// Most items on a page.
        pub page_size: Option<i64> = "PageSize",
        /// Where.
        pub region: ListedRegion = "RegionId",
    }
}

response! {
    /// A page, the oldest first.
    pub struct Response {
        /// Which page this is.
        pub page_number: i64 = "PageNumber",
        /// Most items on a page.
        pub page_size: i64 = "PageSize",
        /// What is under way.
        pub reencryptions: Vec<Item> = "Reencryptions" of "Reencryption",
    }

    /// A disk that is encrypted anew.
    pub struct Item {
        /// The disk.
        pub disk_id: String = "DiskId",
        /// The KMS key that its new data key is wrapped under.
        pub kms_key_id: String = "KMSKeyId",
        /// `Running`, `Paused`, or `Waiting` until it is served.
        pub status: &'static str = "Status",
        /// How much is done, in per cent; nothing while it waits.
        pub progress: Option<i64> = "Progress",
        /// When it was asked for.
        pub start_time: String = "StartTime",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeDiskReencryptions",
    effect: Effect::Read,
    access: Access::Action("coffer:DescribeDiskReencryptions"),
    idempotent: false,
    errors: &[&[ErrorCode::EcsInvalidParameter, ErrorCode::DescribeRegionInvalid]],
};

/// Most items on a page.
const MOST: i64 = 100;

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(listing::resources(cx, request.region.0, "disk", None))
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let page = Asked::by_number(OPERATION.name, request.page_number, request.page_size, MOST).page(cx)?;
    let offset = (page.number - 1) * page.size;
    let found = volumes::reencryptions(cx.tx, cx.account(), request.region.0, offset, page.size)?;
    let reencryptions = found.into_iter().map(|(volume_id, row)| item(cx, &volume_id, row)).collect();
    Ok(Response { page_number: page.number, page_size: page.size, reencryptions })
}

fn item(cx: &Cx<'_>, volume_id: &str, row: Reencryption) -> Item {
    let progress = super::reencryption::Progress::of(cx, volume_id, &row);
    Item {
        status: progress.status,
        progress: progress.per_cent,
        disk_id: row.disk_id,
        kms_key_id: row.kms_key_id,
        start_time: row.began_at.to_iso8601(),
    }
}
