//! StopInstances: several running instances are `Stopping`, and soon `Stopped`; each as StopInstance stops it.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::batch::{self, Batch, Outcome};
use super::instance_parameter::StoppedMode;
use super::power;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The instances, and how.
    pub struct Request {
        ..batch: Batch,
        /// Without waiting for the guests: there are none.
        pub force_stop: Option<bool> = "ForceStop",
        /// Whether they are paid for while they are stopped.
        pub stopped_mode: Option<StoppedMode> = "StoppedMode",
    }
}

response! {
    /// How it went.
    pub struct Response {
        /// Instance by instance.
        pub outcomes: Vec<Outcome> = "InstanceResponses" of "InstanceResponse",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "StopInstances",
    effect: Effect::Write,
    access: Access::Action("ecs:StopInstances"),
    idempotent: false,
    errors: &[batch::ERRORS, &[ErrorCode::InstanceStatusIncorrect]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(batch::resources(cx, &request.batch.instance_ids))
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let outcomes = batch::each(cx, &request.batch, |cx, instance| power::stop(cx, instance, request.stopped_mode))?;
    Ok(Response { outcomes })
}
