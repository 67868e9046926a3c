//! RewrapDiskDataKey: a disk's data key is wrapped again, under the newest version of its KMS key or under another key. The data key
//! stays, and so does every byte of the disk: who once had the data key still has it. Snapshots keep the keys they have.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;
use coffer_store::volumes::Reencryption;

use crate::context::Cx;
use crate::decode::request;
use crate::ecs::data_key::{self, Binding, Wrapped};
use crate::ecs::disk_key::{self, Wording};
use crate::ecs::{existing_disk, owned, volume};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which disk, and under which key.
    pub struct Request {
        /// The disk.
        pub disk_id: String = "DiskId",
        /// The KMS key; the one it has unless another is given.
        pub kms_key_id: Option<String> = "KMSKeyId",
    }
}

response! {
    /// What it is wrapped under now.
    pub struct Response {
        /// The KMS key.
        pub kms_key_id: String = "KMSKeyId",
        /// Its version.
        pub key_version_id: String = "KeyVersionId",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "RewrapDiskDataKey",
    effect: Effect::Write,
    access: Access::Action("coffer:RewrapDiskDataKey"),
    idempotent: false,
    errors: &[
        &[
            ErrorCode::DiskNotFound,
            ErrorCode::DiskStatusIncorrect,
            ErrorCode::RewrapPlainDisk,
            ErrorCode::ReencryptionInProgress,
        ],
        &Wording::ATTACH.codes(),
        &Wording::CREATE.codes(),
    ],
};

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
    if Reencryption::get(cx.tx, &disk.disk_id)?.is_some() {
        return Err(ErrorCode::ReencryptionInProgress.into());
    }
    let (Some(wrapped), Some(old_key_id)) = (Wrapped::of_disk(&disk), &disk.kms_key_id) else {
        return Err(ErrorCode::RewrapPlainDisk.into());
    };
    let plain = wrapped.open(cx, &Wording::ATTACH)?;
    let key_id = request.kms_key_id.unwrap_or_else(|| old_key_id.clone());
    let key = disk_key::usable(cx, disk.region, &key_id)?.map_err(|problem| Wording::CREATE.error(problem))?;
    let binding = Binding::disk(&disk.account, disk.region, &disk.disk_id);
    let again = data_key::wrap(cx, &key, binding, &plain)?;
    volume::rewrap(cx, &disk, &key, &Wording::ATTACH)?;
    disk.kms_key_id = Some(key.key_id.clone());
    disk.wrapped_data_key = Some(again.blob);
    disk.rewrapped_at = Some(cx.now);
    disk.update(cx.tx)?;
    volume::sync(cx, &disk.disk_id)?;
    cx.note("diskId", disk.disk_id);
    Ok(Response { kms_key_id: key.key_id, key_version_id: again.version_id })
}
