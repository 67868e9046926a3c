//! DeleteDisk: a data disk that nothing is attached to goes, with its tags and its wrapped data key; without the latter no copy of
//! its bytes can ever be read again. Its key is not needed for that.
//!
//! Automatic snapshots go with it where it says so; others stay. A system disk that was taken off its instance stays as long as that
//! instance is there. Where the vendor contradicts itself: an unknown disk is 404, as the error table says, and not ignored, as the
//! text says. Where it has several codes for one fault: a data disk that is attached is `DiskStillAttached`.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;
use coffer_store::disks::{self, Disk};
use coffer_store::instances::Instance;

use super::{existing_disk, owned};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The disk.
    pub struct Request {
        /// Its id.
        pub disk_id: String = "DiskId",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DeleteDisk",
    effect: Effect::Write,
    access: Access::Action("ecs:DeleteDisk"),
    idempotent: false,
    errors: &[&[
        ErrorCode::DiskNotFound,
        ErrorCode::DiskIsSystemDisk,
        ErrorCode::DiskStillAttached,
        ErrorCode::DiskInitializing,
        ErrorCode::DiskStatusIncorrect,
        ErrorCode::DiskSnapshotInProgress,
        ErrorCode::DiskDeleteProtection,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![owned::arn(cx, "disk", &request.disk_id)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let disk = existing_disk::find(cx, &request.disk_id)?;
    require_free(cx, &disk)?;
    existing_disk::require_no_snapshot_in_progress(cx, &disk, ErrorCode::DiskSnapshotInProgress)?;
    existing_disk::release(cx.tx, &disk, cx.now)?;
    cx.note("diskId", disk.disk_id);
    Ok(Response {})
}

/// Refuses a disk that something still depends on.
fn require_free(cx: &Cx<'_>, disk: &Disk) -> Result<(), ApiError> {
    let is_system = disk.disk_type == "system";
    if !disks::attachments(cx.tx, std::slice::from_ref(&disk.disk_id))?.is_empty() {
        return Err(if is_system { ErrorCode::DiskIsSystemDisk } else { ErrorCode::DiskStillAttached }.into());
    }
    // It will be ready by itself: clients wait for that.
    if matches!(disk.status.as_str(), "Creating" | "ReIniting") {
        return Err(ErrorCode::DiskInitializing.into());
    }
    if disk.status != "Available" || existing_disk::is_changing(cx, disk)? {
        return Err(ErrorCode::DiskStatusIncorrect.into());
    }
    if is_system && Instance::get(cx.tx, &disk.last_instance_id)?.is_some() {
        return Err(ErrorCode::DiskDeleteProtection.into());
    }
    Ok(())
}
