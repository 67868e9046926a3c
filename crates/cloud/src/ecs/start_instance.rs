//! StartInstance: a stopped instance is `Starting`, and soon `Running`. The keys of its encrypted disks must be usable at this moment.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::instances::Instance;

use super::{owned, power};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The instance.
    pub struct Request {
        /// Only to say whether the request is in order.
        pub dry_run: Option<bool> = "DryRun",
        /// Whether broken local disks are replaced: without effect, as no type has local disks.
        pub init_local_disk: Option<bool> = "InitLocalDisk",
        /// Its id.
        pub instance_id: String = "InstanceId",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "StartInstance",
    effect: Effect::Write,
    access: Access::Action("ecs:StartInstance"),
    idempotent: false,
    errors: &[&[ErrorCode::InstanceNotFound, ErrorCode::DryRunOperation], power::START_ERRORS, &power::START_KEY_CODES],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![owned::arn(cx, "instance", &request.instance_id)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let instance: Instance = owned::find(cx, &request.instance_id)?.ok_or(ErrorCode::InstanceNotFound)?;
    power::start(cx, instance)?;
    if request.dry_run == Some(true) { Err(ErrorCode::DryRunOperation.into()) } else { Ok(Response {}) }
}
