//! DetachDisk: a disk is taken off an instance.
//!
//! The vendor: a data disk while its instance runs or is stopped, the system disk only while it is stopped; it takes about a minute.
//! Here it takes no time, so the disk is `Available` when this returns. Its key is not needed.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;
use coffer_store::disks;
use coffer_store::instances::Instance;

use super::existing_disk::{self, SYSTEM_DEVICE};
use super::{owned, volume};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What is to be taken off what.
    pub struct Request {
        /// Whether it is still to go with the instance.
        pub delete_with_instance: Option<bool> = "DeleteWithInstance",
        /// The disk.
        pub disk_id: String = "DiskId",
        /// The instance.
        pub instance_id: String = "InstanceId",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DetachDisk",
    effect: Effect::Write,
    access: Access::Action("ecs:DetachDisk"),
    idempotent: false,
    errors: &[&[
        ErrorCode::EcsInvalidParameter,
        ErrorCode::InstanceNotFound,
        ErrorCode::DiskNotFound,
        ErrorCode::DiskAlreadyDetached,
        ErrorCode::DiskNotOnInstance,
        ErrorCode::DiskStatusIncorrect,
        ErrorCode::InstanceStatusIncorrect,
        ErrorCode::MultiAttachDeleteWithInstance,
        ErrorCode::EphemeralDeleteWithInstance,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![owned::arn(cx, "disk", &request.disk_id), owned::arn(cx, "instance", &request.instance_id)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let instance: Instance = owned::find(cx, &request.instance_id)?.ok_or(ErrorCode::InstanceNotFound)?;
    let mut disk = existing_disk::find(cx, &request.disk_id)?;
    let attached = disks::attachments(cx.tx, std::slice::from_ref(&disk.disk_id))?;
    if attached.is_empty() {
        return Err(ErrorCode::DiskAlreadyDetached.into());
    }
    let attachment = attached.iter().find(|attachment| attachment.instance_id == request.instance_id);
    let is_system = attachment.ok_or(ErrorCode::DiskNotOnInstance)?.device == SYSTEM_DEVICE;
    if disk.status != "In_use" {
        return Err(ErrorCode::DiskStatusIncorrect.into());
    }
    match instance.status.as_str() {
        "Stopped" => {}
        "Running" if !is_system => {}
        _ => return Err(ErrorCode::InstanceStatusIncorrect.into()),
    }
    existing_disk::require_setting(&disk, request.delete_with_instance)?;
    disks::detach(cx.tx, &disk.disk_id, &instance.instance_id)?;
    if attached.len() == 1 {
        "Available".clone_into(&mut disk.status);
    }
    disk.detached_at = Some(cx.now);
    disk.delete_with_instance = request.delete_with_instance.unwrap_or(is_system);
    disk.last_instance_id = request.instance_id;
    disk.update(cx.tx)?;
    volume::sync(cx, &disk.disk_id)?;
    cx.note("diskId", disk.disk_id);
    cx.note("instanceId", instance.instance_id);
    Ok(Response {})
}
