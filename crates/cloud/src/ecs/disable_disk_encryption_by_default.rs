//! DisableDiskEncryptionByDefault: new disks are encrypted only when asked for. Existing disks stay as they are.
//!
//! The vendor: refused where it is not enabled. Where it is silent: the key chosen before is forgotten, since enabling starts anew.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::parameter::OfferedRegion;
use super::setting;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The region.
    pub struct Request {
        /// Where to disable it.
        pub region: OfferedRegion = "RegionId",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DisableDiskEncryptionByDefault",
    effect: Effect::Write,
    access: Access::Action("ecs:DisableDiskEncryptionByDefault"),
    idempotent: false,
    errors: &[&[
        ErrorCode::DefaultRegionNotExists,
        ErrorCode::DefaultRegionNotSupported,
        ErrorCode::NotInWhiteList,
        ErrorCode::DefaultEncryptionNotFound,
    ]],
};

/// What a policy must allow it on.
pub fn resources(_cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::any()])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let OfferedRegion(region) = request.region;
    setting::require_white_listed(cx)?;
    setting::require_enabled(cx, region)?;
    setting::put(cx, region, false, None)?;
    Ok(Response {})
}
