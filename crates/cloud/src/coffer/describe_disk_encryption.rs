//! DescribeDiskEncryption: how a disk is encrypted. Two things are told apart: its data key was wrapped again (under a new version of
//! the KMS key, or under another), or its bytes were encrypted anew under a new data key.

use coffer_base::{ApiError, Arn, ErrorCode, Timestamp};
use coffer_store::Record as _;
use coffer_store::volumes::{self, Reencryption};

use super::reencryption::Progress;
use crate::context::Cx;
use crate::decode::request;
use crate::ecs::{existing_disk, owned};
use crate::kms::cipher::Blob;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

/// The cipher of every encrypted disk, whatever its KMS key is.
const ALGORITHM: &str = "AES-256-XTS";

request! {
    /// Which disk.
    pub struct Request {
        /// Its id.
        pub disk_id: String = "DiskId",
    }
}

response! {
    /// How it is encrypted.
    pub struct Response {
        /// The disk.
        pub disk_id: String = "DiskId",
        /// Whether it is.
        pub encrypted: bool = "Encrypted",
        /// `NotInBackup` while its bytes are not in this store, which was restored from a backup without them.
        pub data_status: Option<&'static str> = "DataStatus",
        /// The cipher of its bytes.
        pub algorithm: Option<&'static str> = "Algorithm",
        /// The KMS key that its data key is wrapped under.
        pub kms_key_id: Option<String> = "KMSKeyId",
        /// The version of that key.
        pub key_version_id: Option<String> = "KeyVersionId",
        /// When its data key was last wrapped again; nothing if it is as it was made.
        pub last_rewrap_time: Option<String> = "LastRewrapTime",
        /// When its bytes were last encrypted anew; nothing if they never were.
        pub last_reencryption_time: Option<String> = "LastReencryptionTime",
        /// What is done to encrypt it anew: `Running`, `Paused`, or `Waiting` until it is served; nothing if nothing is.
        pub reencryption_status: Option<&'static str> = "ReencryptionStatus",
        /// The KMS key that its new data key is wrapped under, while that is being done.
        pub reencryption_kms_key_id: Option<String> = "ReencryptionKMSKeyId",
        /// How much of it is encrypted anew, in per cent, while that is being done.
        pub reencryption_progress: Option<i64> = "ReencryptionProgress",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeDiskEncryption",
    effect: Effect::Read,
    access: Access::Action("coffer:DescribeDiskEncryption"),
    idempotent: false,
    errors: &[&[ErrorCode::DiskNotFound]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![owned::arn(cx, "disk", &request.disk_id)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let disk = existing_disk::find(cx, &request.disk_id)?;
    let key_version_id = match &disk.wrapped_data_key {
        Some(wrapped) => Blob::parse(cx, wrapped)?.ok().map(|blob| blob.version_id().to_owned()),
        None => None,
    };
    let reencryption = Reencryption::get(cx.tx, &disk.disk_id)?;
    let progress = reencryption.as_ref().map(|row| Progress::of(cx, &volumes::id_of(&disk), row));
    let time = |at: Option<Timestamp>| at.map(Timestamp::to_iso8601);
    Ok(Response {
        encrypted: disk.kms_key_id.is_some(),
        data_status: volumes::is_lost(cx.tx, &disk)?.then_some("NotInBackup"),
        algorithm: disk.kms_key_id.is_some().then_some(ALGORITHM),
        key_version_id,
        last_rewrap_time: time(disk.rewrapped_at),
        last_reencryption_time: time(disk.reencrypted_at),
        reencryption_status: progress.map(|progress| progress.status),
        reencryption_kms_key_id: reencryption.map(|reencryption| reencryption.kms_key_id),
        reencryption_progress: progress.and_then(|progress| progress.per_cent),
        disk_id: disk.disk_id,
        kms_key_id: disk.kms_key_id,
    })
}
