//! DeleteDisk: a data disk that nothing is attached to goes, with its tags and its wrapped data key; without the latter no copy of
//! its bytes can ever be read again. Its key is not needed for that.
//!
//! Where the vendor contradicts itself: an unknown disk is 404, as the error table says, and not ignored, as the text says.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::disks::{self, Disk};

use super::owned;
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
    errors: &[&[ErrorCode::DiskNotFound, ErrorCode::DiskStatusIncorrect]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![owned::arn(cx, "disk", &request.disk_id)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let disk: Disk = owned::find(cx, &request.disk_id)?.ok_or(ErrorCode::DiskNotFound)?;
    if disk.status != "Available" {
        return Err(ErrorCode::DiskStatusIncorrect.into());
    }
    disks::delete(cx.tx, &disk.disk_id)?;
    cx.note("diskId", disk.disk_id);
    Ok(Response {})
}
