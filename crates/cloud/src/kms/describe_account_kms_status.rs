//! DescribeAccountKmsStatus: whether KMS is there for the account.

use coffer_base::{ApiError, Arn};

use super::service::{self, Service};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Nothing.
    pub struct Request {}
}

response! {
    /// The status.
    pub struct Response {
        /// `Enabled`, `NotEnabled` or `Suspended`.
        pub account_status: &'static str = "AccountStatus",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeAccountKmsStatus",
    effect: Effect::Read,
    access: Access::Action("kms:DescribeAccountKmsStatus"),
    idempotent: false,
    errors: &[],
};

/// What a policy must allow it on.
pub fn resources(_cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::any()])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, _request: Request) -> Result<Response, ApiError> {
    let account_status = match service::state(cx.tx, cx.account(), cx.region())? {
        Service::Open => "Enabled",
        Service::NeverOpened => "NotEnabled",
        Service::Suspended => "Suspended",
    };
    Ok(Response { account_status })
}
