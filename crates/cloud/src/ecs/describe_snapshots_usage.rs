//! DescribeSnapshotsUsage: how many snapshots an account has in a region, and how many bytes they take.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::snapshots;

use super::parameter::UsageRegion;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The region.
    pub struct Request {
        /// Where.
        pub region: UsageRegion = "RegionId",
    }
}

response! {
    /// What there is.
    pub struct Response {
        /// How many.
        pub snapshot_count: i64 = "SnapshotCount",
        /// How many bytes they take.
        pub snapshot_size_bytes: i64 = "SnapshotSize",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeSnapshotsUsage",
    effect: Effect::Read,
    access: Access::Action("ecs:DescribeSnapshotsUsage"),
    idempotent: false,
    errors: &[&[ErrorCode::UsageRegionInvalid]],
};

/// What a policy must allow it on.
pub fn resources(_cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::any()])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let (snapshot_count, snapshot_size_bytes) = snapshots::usage(cx.tx, cx.account(), request.region.0)?;
    Ok(Response { snapshot_count, snapshot_size_bytes })
}
