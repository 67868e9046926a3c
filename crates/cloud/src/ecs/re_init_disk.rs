//! ReInitDisk: a disk becomes again what it was made from, if its data key and that of its source can be opened at this moment.
//!
//! The vendor: the disk is attached to an instance that is stopped and was started before; what it was made from is still there.
//! Where it is silent: of its two codes for a source that is gone the newer one is used, and a system disk whose image is gone is
//! `InvalidImageId.NotFound`; credentials for a data disk are refused. `AutoStartInstance` starts the instance as StartInstance
//! would: every key that it needs must be usable.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;
use coffer_store::disks::{self, Disk};
use coffer_store::instances::Instance;

use super::credentials::{Credentials, KeyPairName, Password};
use super::data_key::Wrapped;
use super::disk_key::Wording;
use super::{existing_disk, image_source, new_disk, owned, power, volume};
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, request};
use crate::job::{self, Kind};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which disk.
    pub struct Request {
        /// Whether to start the instance afterwards.
        pub auto_start_instance: Option<bool> = "AutoStartInstance",
        /// The disk.
        pub disk_id: String = "DiskId",
        /// The key pair to log on with.
        pub key_pair_name: Option<KeyPairName> = "KeyPairName",
        /// The password to log on with.
        pub password: Option<Password> = "Password",
        /// Whether Security Center is to watch the system disk.
        pub security_enhancement_strategy: Option<NoSecurityCenter> = "SecurityEnhancementStrategy",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ReInitDisk",
    effect: Effect::Write,
    access: Access::Action("ecs:ReInitDisk"),
    idempotent: false,
    errors: &[
        &[
            ErrorCode::EcsInvalidParameter,
            ErrorCode::DiskNotFound,
            ErrorCode::MultiAttachUnsupported,
            ErrorCode::DiskStatusIncorrect,
            ErrorCode::InstanceStatusIncorrect,
            ErrorCode::DiskSnapshotInProgress,
            ErrorCode::ReInitSourceGone,
            ErrorCode::ImageNotFound,
            ErrorCode::ReInitWindowsKeyPair,
        ],
        &Wording::ATTACH.codes(),
        &Wording::START.codes(),
    ],
};

/// `Deactive`, the vendor's word: there is no Security Center here that could be active.
#[derive(Clone, Copy, Debug)]
pub struct NoSecurityCenter;

impl Parameter for NoSecurityCenter {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        if text == "Deactive" { Ok(Self) } else { Err(Invalid::Value) }
    }
}

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![owned::arn(cx, "disk", &request.disk_id)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let mut disk = existing_disk::find(cx, &request.disk_id)?;
    let mut instance = stopped_instance(cx, &disk)?;
    existing_disk::require_no_snapshot_in_progress(cx, &disk, ErrorCode::DiskSnapshotInProgress)?;
    let credentials = Credentials { password: request.password, key_pair_name: request.key_pair_name.as_ref() };
    if disk.disk_type == "system" {
        credentials.bind(&mut instance, ErrorCode::ReInitWindowsKeyPair)?;
    } else {
        credentials.require_empty()?;
    }
    open_source(cx, &disk)?;
    if let Some(wrapped) = Wrapped::of_disk(&disk) {
        drop(wrapped.open(cx, &Wording::ATTACH)?);
    }
    let source_snapshot_id = disk.source_snapshot_id.clone();
    volume::replace(cx, &mut disk, &source_snapshot_id, &Wording::ATTACH)?;
    "ReIniting".clone_into(&mut disk.status);
    disk.update(cx.tx)?;
    job::soon(cx, Kind::SettleDisk, &disk.disk_id)?;
    if request.auto_start_instance == Some(true) {
        // The job of the disk was scheduled before: the instance starts once the disk is ready.
        let attached = disks::attached_to(cx.tx, &instance.instance_id)?;
        power::begin(cx, &mut instance, &attached)?;
    }
    instance.update(cx.tx)?;
    cx.note("diskId", disk.disk_id);
    cx.note("instanceId", instance.instance_id);
    Ok(Response {})
}

/// The instance that has the disk, if both are in a state for it.
fn stopped_instance(cx: &Cx<'_>, disk: &Disk) -> Result<Instance, ApiError> {
    if existing_disk::is_multi_attach(disk) {
        return Err(ErrorCode::MultiAttachUnsupported.into());
    }
    if disk.status != "In_use" {
        return Err(ErrorCode::DiskStatusIncorrect.into());
    }
    let instance = existing_disk::instances(cx, disk)?.pop();
    let instance = instance.ok_or_else(|| ApiError::internal("a disk in use by no instance"))?;
    if instance.status != "Stopped" || instance.started_at.is_none() {
        return Err(ErrorCode::InstanceStatusIncorrect.into());
    }
    Ok(instance)
}

/// Refuses when what the disk was made from is gone or can't be read.
fn open_source(cx: &mut Cx<'_>, disk: &Disk) -> Result<(), ApiError> {
    if !disk.image_id.is_empty() && image_source::find(cx, disk.region, &disk.image_id)?.is_none() {
        return Err(ErrorCode::ImageNotFound.into());
    }
    if disk.source_snapshot_id.is_empty() {
        return Ok(());
    }
    let snapshot = new_disk::readable(cx, disk.region, &disk.source_snapshot_id)?;
    let snapshot = snapshot.ok_or(ErrorCode::ReInitSourceGone)?;
    if let Some(wrapped) = Wrapped::of_snapshot(&snapshot) {
        drop(wrapped.open(cx, &Wording::ATTACH)?);
    }
    Ok(())
}
