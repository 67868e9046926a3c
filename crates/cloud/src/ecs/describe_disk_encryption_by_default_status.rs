//! DescribeDiskEncryptionByDefaultStatus: whether new disks of the account in the region are encrypted.
//!
//! Where the vendor is silent: a region that does not offer the feature answers `false`.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::parameter::SettingRegion;
use super::setting;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The region.
    pub struct Request {
        /// Where.
        pub region: SettingRegion = "RegionId",
    }
}

response! {
    /// The status.
    pub struct Response {
        /// Whether the default is on.
        pub encrypted: bool = "Encrypted",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeDiskEncryptionByDefaultStatus",
    effect: Effect::Read,
    access: Access::Action("ecs:DescribeDiskEncryptionByDefaultStatus"),
    idempotent: false,
    errors: &[&[ErrorCode::DefaultRegionNotExists]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::ecs(request.region.0, cx.account(), "diskencryptiondefaultconfig/*")])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    Ok(Response { encrypted: setting::enabled(cx, request.region.0)?.is_some() })
}
