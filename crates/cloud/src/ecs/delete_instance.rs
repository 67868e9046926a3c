//! DeleteInstance: an instance goes, with the disks that go with it.
//!
//! The vendor: it must be stopped, or forced; its release protection guards it; disks that stay are `Available`; manual snapshots stay.
//! No key is needed for that.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::instances::Instance;

use super::owned;
use super::release::{self, How};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The instance, and how.
    pub struct Request {
        /// Only to say whether the request is in order.
        pub dry_run: Option<bool> = "DryRun",
        /// Also while it is running.
        pub force: Option<bool> = "Force",
        /// Without stopping it in good order first.
        pub force_stop: Option<bool> = "ForceStop",
        /// Its id.
        pub instance_id: String = "InstanceId",
        /// About subscriptions: without effect.
        pub terminate_subscription: Option<bool> = "TerminateSubscription",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DeleteInstance",
    effect: Effect::Write,
    access: Access::Action("ecs:DeleteInstance"),
    idempotent: false,
    errors: &[&[ErrorCode::InstanceNotFound, ErrorCode::DryRunOperation], release::ERRORS],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![owned::arn(cx, "instance", &request.instance_id)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let instance: Instance = owned::find(cx, &request.instance_id)?.ok_or(ErrorCode::InstanceNotFound)?;
    let how = How { force: request.force.unwrap_or(false), force_stop: request.force_stop.unwrap_or(true) };
    release::delete(cx, instance, how)?;
    if request.dry_run == Some(true) { Err(ErrorCode::DryRunOperation.into()) } else { Ok(Response {}) }
}
