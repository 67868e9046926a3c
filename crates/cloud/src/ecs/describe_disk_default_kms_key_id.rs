//! DescribeDiskDefaultKMSKeyId: which KMS key new disks of the account in the region are encrypted with.
//!
//! The vendor: the service key is shown by its real id. Where it is silent: while the default is off the answer is the service key's
//! id where that key exists, and an empty text where nothing was ever encrypted in the region.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::parameter::SettingRegion;
use super::setting;
use crate::context::Cx;
use crate::decode::request;
use crate::kms::service;
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
    /// The key.
    pub struct Response {
        /// The key's id.
        pub kms_key_id: String = "KMSKeyId",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeDiskDefaultKMSKeyId",
    effect: Effect::Read,
    access: Access::Action("ecs:DescribeDiskDefaultKMSKeyId"),
    idempotent: false,
    errors: &[&[ErrorCode::DefaultRegionNotExists]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::ecs(request.region.0, cx.account(), "diskencryptiondefaultconfig/*")])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let region = request.region.0;
    let chosen = setting::enabled(cx, region)?.and_then(|setting| setting.kms_key_id);
    let kms_key_id = match chosen {
        Some(key_id) => key_id,
        None => service::service_key_id(cx.tx, cx.account(), region)?.unwrap_or_default(),
    };
    Ok(Response { kms_key_id })
}
