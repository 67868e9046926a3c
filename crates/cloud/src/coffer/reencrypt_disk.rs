//! ReencryptDisk: a disk's bytes are encrypted anew under a new data key, in place and while it is used; a plain disk's for the first time.
//! Whoever had the old data key can read nothing that the disk holds when this is done. It goes on while the disk is served, and is over when
//! DescribeDiskEncryption shows a LastReencryptionTime. Snapshots keep the keys they have.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;
use coffer_store::volumes::Reencryption;

use super::rate::Rate;
use crate::context::Cx;
use crate::decode::request;
use crate::ecs::data_key::{self, Binding};
use crate::ecs::disk_key::Wording;
use crate::ecs::{encryption, existing_disk, owned, volume};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which disk, under which key, how fast.
    pub struct Request {
        /// The disk.
        pub disk_id: String = "DiskId",
        /// The KMS key; without one that which the disk has, else the account's default, else the service key.
        pub kms_key_id: Option<String> = "KMSKeyId",
        /// At most so many MiB a second; as fast as it goes unless it is given.
        pub mebibytes_per_second: Option<Rate> = "MebibytesPerSecond",
    }
}

response! {
    /// What it will be under.
    pub struct Response {
        /// The KMS key.
        pub kms_key_id: String = "KMSKeyId",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ReencryptDisk",
    effect: Effect::Write,
    access: Access::Action("coffer:ReencryptDisk"),
    idempotent: false,
    errors: &[
        &[
            ErrorCode::EcsInvalidParameter,
            ErrorCode::DiskNotFound,
            ErrorCode::DiskStatusIncorrect,
            ErrorCode::ReencryptionInProgress,
            ErrorCode::NativeEncryptRegion,
            ErrorCode::EncryptionNotSupported,
            ErrorCode::EncryptedFromSnapshotCategory,
            ErrorCode::RegionWithoutCustomerKeys,
        ],
        &Wording::CREATE.codes(),
        &Wording::ATTACH.codes(),
    ],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![owned::arn(cx, "disk", &request.disk_id)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let disk = existing_disk::find(cx, &request.disk_id)?;
    if !existing_disk::is_ready(&disk) {
        return Err(ErrorCode::DiskStatusIncorrect.into());
    }
    if Reencryption::get(cx.tx, &disk.disk_id)?.is_some() {
        return Err(ErrorCode::ReencryptionInProgress.into());
    }
    let key = encryption::key_for_existing(cx, &disk, request.kms_key_id)?;
    let wrapped_data_key = data_key::create(cx, &key, Binding::disk(&disk.account, disk.region, &disk.disk_id))?;
    volume::rewrap(cx, &disk, &key, &Wording::ATTACH)?;
    let reencryption = Reencryption {
        disk_id: disk.disk_id.clone(),
        kms_key_id: key.key_id.clone(),
        wrapped_data_key,
        is_paused: false,
        bytes_per_s: request.mebibytes_per_second.map(Rate::bytes_per_s),
        began_at: cx.now,
    };
    reencryption.insert(cx.tx)?;
    volume::sync(cx, &disk.disk_id)?;
    cx.note("diskId", disk.disk_id);
    Ok(Response { kms_key_id: key.key_id })
}
