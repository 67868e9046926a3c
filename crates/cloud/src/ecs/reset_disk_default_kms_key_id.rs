//! ResetDiskDefaultKMSKeyId: new disks of the account in the region are encrypted with the region's service key again.
//!
//! The vendor: the default must be on. Where it is silent: resetting what is the service key already is no error.

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
        /// Where.
        pub region: OfferedRegion = "RegionId",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ResetDiskDefaultKMSKeyId",
    effect: Effect::Write,
    access: Access::Action("ecs:ResetDiskDefaultKMSKeyId"),
    idempotent: false,
    errors: &[&[
        ErrorCode::DefaultRegionNotExists,
        ErrorCode::DefaultRegionNotSupported,
        ErrorCode::NotInWhiteList,
        ErrorCode::DefaultEncryptionNotFound,
        ErrorCode::DefaultKmsNotEnabled,
        ErrorCode::DefaultKmsNotOpen,
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
    let key = setting::service_key(cx, region)?;
    cx.note("kmsKeyId", key.key_id);
    setting::put(cx, region, true, None)?;
    Ok(Response {})
}
