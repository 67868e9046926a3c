//! The same change of several instances: what StartInstances and StopInstances share.
//!
//! The vendor: with `AllTogether`, its default, all are changed or none is, and the first fault is the answer; with `SuccessFirst` each
//! is changed by itself, and the answer says how it went. A dry run that finds nothing wrong is the error `DRYRUN.SUCCESS`; with
//! `SuccessFirst` it always is. Where it is silent: an instance of another region than the one given is not found; one that went well
//! has the code `200` and the message `success`, as in the vendor's examples.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::instances::Instance;

use super::instance_parameter::{BatchMode, InstanceIds};
use super::owned;
use super::parameter::KnownRegion;
use super::power::Change;
use crate::context::Cx;
use crate::decode::request;
use crate::value::response;

request! {
    /// Which instances, and how they depend on each other.
    pub struct Batch {
        /// Whether all are changed or none, or each by itself.
        pub mode: Option<BatchMode> = "BatchOptimization",
        /// Only to say whether the request is in order.
        pub dry_run: Option<bool> = "DryRun",
        /// Their ids.
        pub instance_ids: InstanceIds = "InstanceId",
        /// Where they are.
        pub region: KnownRegion = "RegionId",
    }
}

response! {
    /// How it went with an instance.
    pub struct Outcome {
        /// `200`, or the code of its error.
        pub code: String = "Code",
        /// Its status now.
        pub current: String = "CurrentStatus",
        /// The instance.
        pub instance_id: String = "InstanceId",
        /// `success`, or the message of its error.
        pub message: String = "Message",
        /// Its status before.
        pub previous: String = "PreviousStatus",
    }
}

/// The errors of [`each`], besides those of the change.
pub const ERRORS: &[ErrorCode] = &[
    ErrorCode::EcsInvalidParameter,
    ErrorCode::EcsRegionNotFound,
    ErrorCode::InstanceNotFound,
    ErrorCode::BatchDryRun,
];

/// What a policy must allow the change on.
pub fn resources(cx: &Cx<'_>, InstanceIds(ids): &InstanceIds) -> Vec<Arn> {
    ids.iter().map(|id| owned::arn(cx, "instance", id)).collect()
}

/// Changes each of the instances.
pub fn each(
    cx: &mut Cx<'_>,
    batch: &Batch,
    change: impl Fn(&mut Cx<'_>, Instance) -> Result<Change, ApiError>,
) -> Result<Vec<Outcome>, ApiError> {
    let separately = batch.mode == Some(BatchMode("SuccessFirst"));
    let mut outcomes = Vec::new();
    for instance_id in &batch.instance_ids.0 {
        let found: Option<Instance> = owned::find_in(cx, batch.region.0, instance_id)?;
        let status = found.as_ref().map(|instance| instance.status.clone()).unwrap_or_default();
        let changed = match found {
            Some(instance) => cx.apart(|cx| change(cx, instance)),
            None => Err(ErrorCode::InstanceNotFound.into()),
        };
        outcomes.push(match changed {
            Ok(change) => succeeded(change),
            Err(error) if separately && error.source().is_none() => failed(instance_id, status, &error),
            // What was changed before is undone. A fault of ours is no outcome in either mode.
            Err(error) => return Err(error),
        });
    }
    // Everything was done, so everything was checked; the error undoes it. What failed by itself does not count.
    if batch.dry_run == Some(true) { Err(ErrorCode::BatchDryRun.into()) } else { Ok(outcomes) }
}

fn succeeded(change: Change) -> Outcome {
    Outcome {
        code: "200".to_owned(),
        current: change.current.to_owned(),
        instance_id: change.instance_id,
        message: "success".to_owned(),
        previous: change.previous.to_owned(),
    }
}

fn failed(instance_id: &str, status: String, error: &ApiError) -> Outcome {
    Outcome {
        code: error.code_text().into_owned(),
        current: status.clone(),
        instance_id: instance_id.to_owned(),
        message: error.message().into_owned(),
        previous: status,
    }
}
