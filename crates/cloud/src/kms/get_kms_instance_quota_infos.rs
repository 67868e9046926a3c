//! GetKmsInstanceQuotaInfos: the quotas of the account's dedicated instances, of which there are none here.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::parameter::NoInstance;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which.
    pub struct Request {
        /// Of one instance.
        pub instance_id: Option<NoInstance> = "KmsInstanceId",
        /// Of one kind.
        pub resource_type: Option<String> = "ResourceType",
    }
}

response! {
    /// The quotas.
    pub struct Response {
        /// Each.
        pub quotas: Vec<QuotaItem> = "KmsInstanceQuotaInfos",
    }

    /// A quota.
    pub struct QuotaItem {
        /// How much there may be.
        pub most: i64 = "ResourceQuota",
        /// Of what.
        pub resource_type: String = "ResourceType",
        /// How much there is.
        pub used: i64 = "UsedQuantity",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "GetKmsInstanceQuotaInfos",
    effect: Effect::Read,
    access: Access::Action("kms:GetKmsInstanceQuotaInfos"),
    idempotent: false,
    errors: &[&[ErrorCode::KmsInstanceNotFound, ErrorCode::KmsServiceNotEnabled]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::kms(cx.region(), cx.account(), "keystore")])
}

/// Does it.
pub fn run(_cx: &mut Cx<'_>, _request: Request) -> Result<Response, ApiError> {
    Ok(Response { quotas: Vec::new() })
}
