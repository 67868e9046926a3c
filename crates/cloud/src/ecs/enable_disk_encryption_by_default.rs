//! EnableDiskEncryptionByDefault: from now on every new disk of the account in the region is encrypted.
//!
//! The vendor: not idempotent; the first enabling uses the region's service key. Where it is silent: enabling again after a
//! disabling starts from the service key too, and the service key is made here if nothing was encrypted in the region before.

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
        /// Where to enable it.
        pub region: OfferedRegion = "RegionId",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "EnableDiskEncryptionByDefault",
    effect: Effect::Write,
    access: Access::Action("ecs:EnableDiskEncryptionByDefault"),
    idempotent: false,
    errors: &[&[
        ErrorCode::DefaultRegionNotExists,
        ErrorCode::DefaultRegionNotSupported,
        ErrorCode::NotInWhiteList,
        ErrorCode::DefaultEncryptionAlreadyEnabled,
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
    if setting::enabled(cx, region)?.is_some() {
        return Err(ErrorCode::DefaultEncryptionAlreadyEnabled.into());
    }
    let key = setting::service_key(cx, region)?;
    cx.note("kmsKeyId", key.key_id);
    setting::put(cx, region, true, None)?;
    Ok(Response {})
}
