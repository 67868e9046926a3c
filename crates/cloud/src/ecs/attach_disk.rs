//! AttachDisk: a disk goes to an instance of its zone, if its data key can be opened at this moment.
//!
//! The vendor: the disk is `Available`, or shared between at most 16 instances; the instance runs or is stopped, and for its system
//! disk it is stopped, is the one that disk was taken from, and credentials are given. Where it is silent: attaching a record takes
//! no time, so the disk is `In_use` when this returns; a device that was asked for and is taken is an error, and without one the
//! first free one is taken; credentials for a data disk are refused; `Force` takes a regional disk off the instance that has it.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;
use coffer_store::disks::{self, Attachment, Disk};
use coffer_store::instances::Instance;

use super::credentials::{Credentials, KeyPairName, Password};
use super::data_key::Wrapped;
use super::disk_key::Wording;
use super::existing_disk::{self, SYSTEM_DEVICE};
use super::instance_types::MOST_DATA_DISKS;
use super::{owned, volume};
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What is to be attached to what.
    pub struct Request {
        /// Whether as the system disk.
        pub bootable: Option<bool> = "Bootable",
        /// Whether it is to go with the instance.
        pub delete_with_instance: Option<bool> = "DeleteWithInstance",
        /// The device it is to be.
        pub device: Option<Device> = "Device",
        /// The disk.
        pub disk_id: String = "DiskId",
        /// Whether to take it off the instance in another zone that has it.
        pub force: Option<bool> = "Force",
        /// The instance.
        pub instance_id: String = "InstanceId",
        /// The key pair to log on with.
        pub key_pair_name: Option<KeyPairName> = "KeyPairName",
        /// The password to log on with.
        pub password: Option<Password> = "Password",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "AttachDisk",
    effect: Effect::Write,
    access: Access::Action("ecs:AttachDisk"),
    idempotent: false,
    errors: &[
        &[
            ErrorCode::EcsInvalidParameter,
            ErrorCode::InstanceNotFound,
            ErrorCode::DiskNotFound,
            ErrorCode::DiskInAnotherZone,
            ErrorCode::DiskNotAvailable,
            ErrorCode::DiskNotInBackup,
            ErrorCode::DiskOccupied,
            ErrorCode::DiskAttachedTooOften,
            ErrorCode::ForceAttachCategory,
            ErrorCode::ForceAttachMultiAttach,
            ErrorCode::ForceAttachSameZone,
            ErrorCode::InstanceStatusUnsupported,
            ErrorCode::DiskNotBootable,
            ErrorCode::NotOriginalInstance,
            ErrorCode::SystemDiskCredentialsMissing,
            ErrorCode::AttachWindowsKeyPair,
            ErrorCode::InstanceDiskLimit,
            ErrorCode::DeviceInUse,
            ErrorCode::MultiAttachDeleteWithInstance,
            ErrorCode::EphemeralDeleteWithInstance,
            ErrorCode::EphemeralOtherInstance,
        ],
        &Wording::ATTACH.codes(),
    ],
};

/// Most instances that a multi-attach disk is attached to ("Attach a cloud disk to multiple ECS instances").
const MOST_INSTANCES: usize = 16;

/// A device: `/dev/xvda` to `/dev/xvdz`.
#[derive(Clone, Debug)]
pub struct Device(String);

impl Parameter for Device {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        match text.strip_prefix("/dev/xvd").map(str::as_bytes) {
            Some([b'a'..=b'z']) => Ok(Self(text.to_owned())),
            _ => Err(Invalid::Value),
        }
    }
}

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![owned::arn(cx, "disk", &request.disk_id), owned::arn(cx, "instance", &request.instance_id)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let mut instance: Instance = owned::find(cx, &request.instance_id)?.ok_or(ErrorCode::InstanceNotFound)?;
    let mut disk = existing_disk::find(cx, &request.disk_id)?;
    let elsewhere = disk.region != instance.region || (!disk.zone_id.is_empty() && disk.zone_id != instance.zone_id);
    if elsewhere {
        return Err(ErrorCode::DiskInAnotherZone.into());
    }
    if instance.status != "Stopped" {
        // To a stopped one it may go: that is where it is reset or initialised anew.
        existing_disk::require_bytes(cx, &disk)?;
    }
    let given_up = require_attachable(cx, &request, &disk, &instance)?;
    existing_disk::require_setting(&disk, request.delete_with_instance)?;
    let credentials = Credentials { password: request.password, key_pair_name: request.key_pair_name.as_ref() };
    let is_system = request.bootable == Some(true);
    if is_system {
        require_system(&disk, &instance)?;
        if credentials.is_empty() {
            return Err(ErrorCode::SystemDiskCredentialsMissing.into());
        }
        credentials.bind(&mut instance, ErrorCode::AttachWindowsKeyPair)?;
    } else {
        require_data(&disk, &instance)?;
        credentials.require_empty()?;
    }
    let device = device(cx, request.device, is_system, &instance)?;
    if let Some(wrapped) = Wrapped::of_disk(&disk) {
        drop(wrapped.open(cx, &Wording::ATTACH)?);
    }
    if let Some(attachment) = given_up {
        disks::detach(cx.tx, &attachment.disk_id, &attachment.instance_id)?;
        disk.detached_at = Some(cx.now);
        disk.last_instance_id = attachment.instance_id;
    }
    disk.delete_with_instance = request.delete_with_instance.unwrap_or(false);
    volume::sync(cx, &disk.disk_id)?;
    put(cx, disk, &instance, device)?;
    Ok(Response {})
}

/// Puts a disk on an instance as that device.
fn put(cx: &mut Cx<'_>, mut disk: Disk, instance: &Instance, device: String) -> Result<(), ApiError> {
    "In_use".clone_into(&mut disk.status);
    disk.attached_at = Some(cx.now);
    disk.update(cx.tx)?;
    instance.update(cx.tx)?;
    let instance_id = instance.instance_id.clone();
    let attachment = Attachment { disk_id: disk.disk_id, instance_id, device, attached_at: cx.now };
    disks::attach(cx.tx, &attachment)?;
    cx.note("diskId", attachment.disk_id);
    cx.note("instanceId", attachment.instance_id);
    cx.note("device", attachment.device);
    Ok(())
}

/// Refuses a disk that is not free. What `Force` takes it away from.
fn require_attachable(
    cx: &Cx<'_>,
    request: &Request,
    disk: &Disk,
    instance: &Instance,
) -> Result<Option<Attachment>, ApiError> {
    let force = request.force == Some(true);
    if force && existing_disk::is_multi_attach(disk) {
        return Err(ErrorCode::ForceAttachMultiAttach.into());
    }
    if force && disk.category != "cloud_regional_disk_auto" {
        return Err(ErrorCode::ForceAttachCategory.into());
    }
    let mut attached = disks::attachments(cx.tx, std::slice::from_ref(&disk.disk_id))?;
    let is_shared = existing_disk::is_multi_attach(disk) || force;
    match disk.status.as_str() {
        "In_use" if !is_shared => Err(ErrorCode::DiskNotAvailable.into()),
        "In_use" if attached.iter().any(|a| a.instance_id == instance.instance_id) => {
            Err(ErrorCode::DiskOccupied.into())
        }
        "In_use" if force => {
            if existing_disk::instances(cx, disk)?.iter().any(|current| current.zone_id == instance.zone_id) {
                return Err(ErrorCode::ForceAttachSameZone.into());
            }
            Ok(attached.pop())
        }
        "In_use" if attached.len() >= MOST_INSTANCES => Err(ErrorCode::DiskAttachedTooOften.into()),
        "Available" | "In_use" => Ok(None),
        _ => Err(ErrorCode::DiskNotAvailable.into()),
    }
}

fn require_system(disk: &Disk, instance: &Instance) -> Result<(), ApiError> {
    if disk.disk_type != "system" {
        return Err(ErrorCode::DiskNotBootable.into());
    }
    if disk.last_instance_id != instance.instance_id {
        return Err(ErrorCode::NotOriginalInstance.into());
    }
    if instance.status != "Stopped" {
        return Err(ErrorCode::InstanceStatusUnsupported.into());
    }
    Ok(())
}

fn require_data(disk: &Disk, instance: &Instance) -> Result<(), ApiError> {
    let was_elsewhere = !disk.last_instance_id.is_empty() && disk.last_instance_id != instance.instance_id;
    if existing_disk::is_ephemeral(disk) && was_elsewhere {
        return Err(ErrorCode::EphemeralOtherInstance.into());
    }
    if !matches!(instance.status.as_str(), "Running" | "Stopped") {
        return Err(ErrorCode::InstanceStatusUnsupported.into());
    }
    Ok(())
}

/// The device that was asked for, else the first free one.
fn device(cx: &Cx<'_>, asked: Option<Device>, is_system: bool, instance: &Instance) -> Result<String, ApiError> {
    let attached = disks::attached_to(cx.tx, &instance.instance_id)?;
    let taken = |device: &str| attached.iter().any(|(attachment, _)| attachment.device == device);
    let data_disks = attached.iter().filter(|(attachment, _)| attachment.device != SYSTEM_DEVICE).count();
    if !is_system && data_disks >= MOST_DATA_DISKS {
        return Err(ErrorCode::InstanceDiskLimit.into());
    }
    let device = match asked {
        Some(Device(device)) if (device == SYSTEM_DEVICE) != is_system => return Err(ErrorCode::DeviceInUse.into()),
        Some(Device(device)) => device,
        None if is_system => SYSTEM_DEVICE.to_owned(),
        None => {
            let free = ('b'..='z').map(|letter| format!("/dev/xvd{letter}")).find(|device| !taken(device));
            free.ok_or(ErrorCode::InstanceDiskLimit)?
        }
    };
    if taken(&device) { Err(ErrorCode::DeviceInUse.into()) } else { Ok(device) }
}
