//! Instances on their way from one state to another. There is no hypervisor: the way is short.

use coffer_base::{ApiError, Arn};
use coffer_store::instances::Instance;
use coffer_store::{Record as _, Tx};

use crate::audit::{self, Deed};
use crate::dispatch::Shared;
use crate::ecs::release;

/// Finishes a stop, or the making of an instance that is not to be started: `Stopping` or `Pending` becomes `Stopped`.
pub(super) fn stop(tx: &Tx<'_>, instance_id: &str) -> Result<(), ApiError> {
    let Some(mut instance) = Instance::get(tx, instance_id)? else { return Ok(()) };
    if matches!(instance.status.as_str(), "Pending" | "Stopping") {
        "Stopped".clone_into(&mut instance.status);
        instance.update(tx)?;
    }
    Ok(())
}

/// Releases an instance whose time has come, in whichever state it is and even if it is protected: that guards against callers only.
pub(super) fn release(shared: &Shared, tx: &Tx<'_>, instance_id: &str) -> Result<(), ApiError> {
    let Some(instance) = Instance::get(tx, instance_id)? else { return Ok(()) };
    let now = shared.clock.now();
    if instance.auto_release_at.is_some_and(|at| at <= now) {
        release::release(tx, &instance, now)?;
        let resource = Arn::ecs(instance.region, &instance.account, &format!("instance/{instance_id}"));
        let (account, service, action) = (&instance.account, "ecs.aliyuncs.com", "ecs:DeleteInstance");
        let notes = [("instanceId", instance_id.to_owned())];
        audit::record_deed(tx, &Deed { at: now, account, service, action, resource: &resource, notes: &notes })?;
        tracing::info!(instance_id, "an instance was released: its time had come");
    }
    Ok(())
}
