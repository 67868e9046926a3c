//! Starting and stopping an instance: what the operations on one and on several share.

use coffer_base::{ApiError, ErrorCode};
use coffer_store::Record as _;
use coffer_store::disks::{self, Attachment, Disk};
use coffer_store::instances::Instance;

use super::data_key::Wrapped;
use super::disk_key::Wording;
use super::existing_disk::SYSTEM_DEVICE;
use super::instance_parameter::StoppedMode;
use super::new_instance::NOT_STOPPED;
use super::volume;
use crate::context::Cx;
use crate::job::{self, Kind};

/// What became of an instance.
#[derive(Clone, Debug)]
pub struct Change {
    /// The instance.
    pub instance_id: String,
    /// Its status before.
    pub previous: &'static str,
    /// Its status now.
    pub current: &'static str,
}

/// The errors of [`start`], besides those of keys.
pub const START_ERRORS: &[ErrorCode] = &[ErrorCode::InstanceStatusIncorrect, ErrorCode::InstanceWithoutSystemDisk];
/// The errors of keys in [`start`].
pub const START_KEY_CODES: [ErrorCode; 6] = Wording::START.codes();

/// Starts a stopped instance whose disks are at rest. The data key of every disk on it must open at this moment, or its bytes could not be read.
pub fn start(cx: &mut Cx<'_>, mut instance: Instance) -> Result<Change, ApiError> {
    if instance.status != "Stopped" {
        return Err(ErrorCode::InstanceStatusIncorrect.into());
    }
    let attached = disks::attached_to(cx.tx, &instance.instance_id)?;
    if !attached.iter().any(|(attachment, _)| attachment.device == SYSTEM_DEVICE) {
        return Err(ErrorCode::InstanceWithoutSystemDisk.into());
    }
    // The bytes of a disk that is being initialised or reset are neither the old nor the new ones.
    if attached.iter().any(|(_, disk)| disk.status != "In_use") {
        return Err(ErrorCode::InstanceStatusIncorrect.into());
    }
    begin(cx, &mut instance, &attached)?;
    instance.update(cx.tx)?;
    cx.note("instanceId", instance.instance_id.clone());
    Ok(Change { instance_id: instance.instance_id, previous: "Stopped", current: "Starting" })
}

/// Has an instance started that these disks are on, if their data keys open at this moment. The caller stores the instance.
pub fn begin(cx: &mut Cx<'_>, instance: &mut Instance, attached: &[(Attachment, Disk)]) -> Result<(), ApiError> {
    for (_, disk) in attached {
        if let Some(wrapped) = Wrapped::of_disk(disk) {
            drop(wrapped.open(cx, &Wording::START)?);
        }
    }
    "Starting".clone_into(&mut instance.status);
    NOT_STOPPED.clone_into(&mut instance.stopped_mode);
    volume::sync_instance(cx, &instance.instance_id)?;
    job::soon(cx, Kind::StartInstance, &instance.instance_id)
}

/// Stops a running instance. No key is needed for that.
pub fn stop(cx: &mut Cx<'_>, mut instance: Instance, mode: Option<StoppedMode>) -> Result<Change, ApiError> {
    if instance.status != "Running" {
        return Err(ErrorCode::InstanceStatusIncorrect.into());
    }
    "Stopping".clone_into(&mut instance.status);
    mode.map_or("KeepCharging", |StoppedMode(mode)| mode).clone_into(&mut instance.stopped_mode);
    instance.update(cx.tx)?;
    volume::sync_instance(cx, &instance.instance_id)?;
    job::soon(cx, Kind::StopInstance, &instance.instance_id)?;
    cx.note("instanceId", instance.instance_id.clone());
    Ok(Change { instance_id: instance.instance_id, previous: "Running", current: "Stopping" })
}
