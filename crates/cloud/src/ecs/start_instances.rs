//! StartInstances: several stopped instances are `Starting`, and soon `Running`; each as StartInstance starts it.

use coffer_base::{ApiError, Arn};

use super::batch::{self, Batch, Outcome};
use super::power;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The instances.
    pub struct Request {
        ..batch: Batch,
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
    name: "StartInstances",
    effect: Effect::Write,
    access: Access::Action("ecs:StartInstances"),
    idempotent: false,
    errors: &[batch::ERRORS, power::START_ERRORS, &power::START_KEY_CODES],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(batch::resources(cx, &request.batch.instance_ids))
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    Ok(Response { outcomes: batch::each(cx, &request.batch, power::start)? })
}
