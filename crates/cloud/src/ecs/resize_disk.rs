//! ResizeDisk: a disk grows, if its data key can be opened at this moment.
//!
//! The vendor: offline in any case, online only while the instance that has the disk runs. Where it has several codes for one fault: a
//! smaller size is `InvalidDiskSize.TooSmall`, the same size `InvalidDiskSize`. Where it is silent: both kinds take
//! no time and no restart; a client of the disk sees the new size when it connects again.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;
use coffer_store::disks::Disk;

use super::data_key::Wrapped;
use super::disk_key::Wording;
use super::disk_types::{Category, Level};
use super::{existing_disk, owned, quota, volume};
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// How large a disk is to be.
    pub struct Request {
        /// A token that makes a retry harmless.
        pub client_token: Option<String> = "ClientToken",
        /// The disk.
        pub disk_id: String = "DiskId",
        /// Its new size in GiB.
        pub new_size_gib: i64 = "NewSize",
        /// How.
        pub resize: Option<Resize> = "Type",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ResizeDisk",
    effect: Effect::Write,
    access: Access::Action("ecs:ResizeDisk"),
    idempotent: true,
    errors: &[
        &[
            ErrorCode::IdempotentParameterMismatch,
            ErrorCode::EcsInvalidParameter,
            ErrorCode::DiskNotFound,
            ErrorCode::DiskStatusIncorrect,
            ErrorCode::ResizeTypeInvalid,
            ErrorCode::ResizeTooSmall,
            ErrorCode::ResizeSameSize,
            ErrorCode::ResizeTooLarge,
            ErrorCode::ResizeOnlineCategory,
            ErrorCode::ResizeOnlineMultiAttach,
            ErrorCode::ResizeOnlineDetached,
            ErrorCode::ResizeOnlineNotRunning,
            ErrorCode::DiskSnapshotInProgress,
            ErrorCode::DiskCapacityQuota,
        ],
        &Wording::ATTACH.codes(),
    ],
};

/// How a disk is made larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resize {
    /// To be seen by the instance when it restarts.
    Offline,
    /// To be seen without a restart.
    Online,
}

impl Parameter for Resize {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        match text {
            "offline" => Ok(Self::Offline),
            "online" => Ok(Self::Online),
            _ => Err(ErrorCode::ResizeTypeInvalid.into()),
        }
    }
}

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![owned::arn(cx, "disk", &request.disk_id)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let mut disk = existing_disk::find(cx, &request.disk_id)?;
    if !existing_disk::is_ready(&disk) {
        return Err(ErrorCode::DiskStatusIncorrect.into());
    }
    require_larger(&disk, request.new_size_gib)?;
    if request.resize == Some(Resize::Online) {
        require_online(cx, &disk)?;
    }
    existing_disk::require_no_snapshot_in_progress(cx, &disk, ErrorCode::DiskSnapshotInProgress)?;
    if let Some(wrapped) = Wrapped::of_disk(&disk) {
        drop(wrapped.open(cx, &Wording::ATTACH)?);
    }
    disk.size_gib = request.new_size_gib;
    disk.update(cx.tx)?;
    quota::require_capacity(cx, disk.region)?;
    volume::sync(cx, &disk.disk_id)?;
    cx.note("diskId", disk.disk_id);
    Ok(Response {})
}

fn require_larger(disk: &Disk, new_size_gib: i64) -> Result<(), ApiError> {
    let category = Category::parse(&disk.category).ok_or_else(|| ApiError::internal("a disk of unknown category"))?;
    let level = Level::parse(&disk.performance_level);
    let is_system = disk.disk_type == "system";
    let sizes_gib = if is_system { category.system_sizes_gib(level) } else { category.sizes_gib(level) };
    match new_size_gib.cmp(&disk.size_gib) {
        std::cmp::Ordering::Less => Err(ErrorCode::ResizeTooSmall.into()),
        std::cmp::Ordering::Equal => Err(ErrorCode::ResizeSameSize.into()),
        std::cmp::Ordering::Greater if new_size_gib > *sizes_gib.end() => Err(ErrorCode::ResizeTooLarge.into()),
        std::cmp::Ordering::Greater => Ok(()),
    }
}

fn require_online(cx: &Cx<'_>, disk: &Disk) -> Result<(), ApiError> {
    if disk.category == "cloud" {
        return Err(ErrorCode::ResizeOnlineCategory.into());
    }
    if existing_disk::is_multi_attach(disk) {
        return Err(ErrorCode::ResizeOnlineMultiAttach.into());
    }
    if disk.status != "In_use" {
        return Err(ErrorCode::ResizeOnlineDetached.into());
    }
    existing_disk::require_instances(cx, disk, &["Running"], ErrorCode::ResizeOnlineNotRunning)
}
