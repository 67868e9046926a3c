//! OpenKmsService: KMS is there for the account from now on, in every region.

use coffer_base::{ApiError, Arn, ErrorCode, Region};
use coffer_store::keys;

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
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "OpenKmsService",
    effect: Effect::Write,
    access: Access::Action("kms:OpenKmsService"),
    idempotent: false,
    errors: &[&[ErrorCode::KmsAlreadyOpened]],
};

/// What a policy must allow it on.
pub fn resources(_cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::any()])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, _request: Request) -> Result<Response, ApiError> {
    if service::state(cx.tx, cx.account(), cx.region())? == Service::Open {
        return Err(ErrorCode::KmsAlreadyOpened.into());
    }
    for region in Region::all() {
        keys::set_service_status(cx.tx, cx.account(), region, Some("Enabled"))?;
    }
    Ok(Response {})
}
