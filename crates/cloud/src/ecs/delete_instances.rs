//! DeleteInstances: several instances go, each as DeleteInstance deletes it: all of them, or none.
//!
//! Where the vendor is silent: an instance of another region than the one given is not found, and then, as on every other fault, none
//! is deleted.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::instances::Instance;

use super::instance_parameter::InstanceIds;
use super::parameter::KnownRegion;
use super::release::{self, How};
use super::{batch, owned};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The instances, and how.
    pub struct Request {
        /// A token that makes a retry harmless.
        pub client_token: Option<String> = "ClientToken",
        /// Only to say whether the request is in order.
        pub dry_run: Option<bool> = "DryRun",
        /// Also those that are running.
        pub force: Option<bool> = "Force",
        /// Without stopping them in good order first.
        pub force_stop: Option<bool> = "ForceStop",
        /// Their ids.
        pub instance_ids: InstanceIds = "InstanceId",
        /// Where they are.
        pub region: KnownRegion = "RegionId",
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
    name: "DeleteInstances",
    effect: Effect::Write,
    access: Access::Action("ecs:DeleteInstances"),
    idempotent: true,
    errors: &[&[ErrorCode::IdempotentParameterMismatch], batch::ERRORS, release::ERRORS],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(batch::resources(cx, &request.instance_ids))
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let how = How { force: request.force.unwrap_or(false), force_stop: request.force_stop.unwrap_or(true) };
    for instance_id in &request.instance_ids.0 {
        let instance: Option<Instance> = owned::find_in(cx, request.region.0, instance_id)?;
        release::delete(cx, instance.ok_or(ErrorCode::InstanceNotFound)?, how)?;
    }
    // Everything was done, so everything was checked; the error undoes it.
    if request.dry_run == Some(true) { Err(ErrorCode::BatchDryRun.into()) } else { Ok(Response {}) }
}
