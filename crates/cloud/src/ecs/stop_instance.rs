//! StopInstance: a running instance is `Stopping`, and soon `Stopped`.
//!
//! Where the vendor is silent: it lists errors of keys, but not when they are given. Here stopping needs no key, so that an instance
//! whose key was disabled can still be stopped.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::instances::Instance;

use super::instance_parameter::StoppedMode;
use super::{owned, power};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The instance, and how.
    pub struct Request {
        /// Of no use any more.
        pub confirm_stop: Option<bool> = "ConfirmStop",
        /// Only to say whether the request is in order.
        pub dry_run: Option<bool> = "DryRun",
        /// Without waiting for the guest: there is none.
        pub force_stop: Option<bool> = "ForceStop",
        /// Its id.
        pub instance_id: String = "InstanceId",
        /// Whether it is paid for while it is stopped.
        pub stopped_mode: Option<StoppedMode> = "StoppedMode",
    }
    refused { "Hibernate" unless "false", }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "StopInstance",
    effect: Effect::Write,
    access: Access::Action("ecs:StopInstance"),
    idempotent: false,
    errors: &[&[
        ErrorCode::EcsInvalidParameter,
        ErrorCode::InstanceNotFound,
        ErrorCode::InstanceStatusIncorrect,
        ErrorCode::DryRunOperation,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![owned::arn(cx, "instance", &request.instance_id)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let instance: Instance = owned::find(cx, &request.instance_id)?.ok_or(ErrorCode::InstanceNotFound)?;
    power::stop(cx, instance, request.stopped_mode)?;
    if request.dry_run == Some(true) { Err(ErrorCode::DryRunOperation.into()) } else { Ok(Response {}) }
}
