//! ModifyDiskDefaultKMSKeyId: which KMS key new disks of the account in the region are encrypted with.
//!
//! The vendor: only the Alibaba Cloud account may call it (a setting opens it to RAM identities, as later editions of the page do);
//! the default must be on; a customer's key needs the role AliyunECSDiskEncryptDefaultRole. Where it is silent: checks run in the
//! order region, caller, white list, feature on, KMS open, key exists, key enabled, role; the key is named by its plain id; the
//! service key's own id is accepted and means the same as a reset; the same key again is no error.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::disk_key::{self, Problem};
use super::parameter::OfferedRegion;
use super::setting;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The region and the key.
    pub struct Request {
        /// The key's id.
        pub kms_key_id: String = "KMSKeyId",
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
    name: "ModifyDiskDefaultKMSKeyId",
    effect: Effect::Write,
    access: Access::AccountByDefault("ecs:ModifyDiskDefaultKMSKeyId"),
    idempotent: false,
    errors: &[&[
        ErrorCode::DefaultRegionNotExists,
        ErrorCode::DefaultRegionNotSupported,
        ErrorCode::NotInWhiteList,
        ErrorCode::DefaultEncryptionNotFound,
        ErrorCode::DefaultKmsNotEnabled,
        ErrorCode::DefaultKmsNotOpen,
        ErrorCode::DefaultKeyNotFound,
        ErrorCode::DefaultKeyNotEnabled,
        ErrorCode::KmsUnauthorized,
        ErrorCode::KmsTagUnauthorized,
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
    setting::require_kms_open(cx, region)?;
    let key =
        disk_key::usable(cx, region, &request.kms_key_id)?.map_err(|problem| refused(problem, &request.kms_key_id))?;
    cx.note("kmsKeyId", key.key_id.clone());
    let is_service_key = key.creator_type == "Service";
    if !is_service_key && !region.supports_customer_keys() {
        return Err(ErrorCode::DefaultRegionNotSupported.into());
    }
    setting::put(cx, region, true, (!is_service_key).then_some(key.key_id))?;
    Ok(Response {})
}

fn refused(problem: Problem, key_id: &str) -> ApiError {
    let not_found = |what: &str| ApiError::with(ErrorCode::DefaultKeyNotFound, [format!("{key_id}{what}")]);
    match problem {
        Problem::KmsClosed => ErrorCode::DefaultKmsNotOpen.into(),
        Problem::NotFound => not_found(""),
        // The page has no code of its own for a key of the wrong kind: for disks there is no such key.
        Problem::NotSymmetric => not_found(" is not a symmetric key"),
        Problem::NotEnabled => ErrorCode::DefaultKeyNotEnabled.into(),
        Problem::Unauthorized => ErrorCode::KmsUnauthorized.into(),
        Problem::TagUnauthorized => ErrorCode::KmsTagUnauthorized.into(),
    }
}
