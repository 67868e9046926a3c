//! ModifyDiskReencryption: holds up what ReencryptDisk began, lets it go on, or changes how fast it goes.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;
use coffer_store::volumes::Reencryption;

use super::rate::Rate;
use crate::context::Cx;
use crate::decode::request;
use crate::ecs::{existing_disk, owned, volume};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which disk, and what of it.
    pub struct Request {
        /// The disk.
        pub disk_id: String = "DiskId",
        /// Whether it is to be held up; as it is unless this is given.
        pub paused: Option<bool> = "Paused",
        /// At most so many MiB a second; as it is unless this is given.
        pub mebibytes_per_second: Option<Rate> = "MebibytesPerSecond",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ModifyDiskReencryption",
    effect: Effect::Write,
    access: Access::Action("coffer:ModifyDiskReencryption"),
    idempotent: false,
    errors: &[&[ErrorCode::EcsInvalidParameter, ErrorCode::DiskNotFound, ErrorCode::NotReencrypting]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![owned::arn(cx, "disk", &request.disk_id)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let disk = existing_disk::find(cx, &request.disk_id)?;
    let mut reencryption = Reencryption::get(cx.tx, &disk.disk_id)?.ok_or(ErrorCode::NotReencrypting)?;
    reencryption.is_paused = request.paused.unwrap_or(reencryption.is_paused);
    reencryption.bytes_per_s = request.mebibytes_per_second.map(Rate::bytes_per_s).or(reencryption.bytes_per_s);
    reencryption.update(cx.tx)?;
    volume::sync(cx, &disk.disk_id)?;
    cx.note("diskId", disk.disk_id);
    Ok(Response {})
}
