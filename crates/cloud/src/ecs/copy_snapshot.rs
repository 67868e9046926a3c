//! CopySnapshot: a snapshot once more, in another region or under another key, with a data key of its own.
//!
//! The vendor: a plain copy goes to another region only, an encrypted one also stays in the same; what is encrypted stays so; tags
//! and retention are not copied. Where it is silent: with the default on in the destination a copy is encrypted, whatever the request
//! says; an encrypted snapshot that goes to another region without a `KMSKeyId` comes under that region's default key, else its
//! service key; a snapshot that another account shares is copied like an own one, inside one region under the service key.

use coffer_base::{ApiError, Arn, ErrorCode, Region};
use coffer_store::snapshots::{self, Snapshot};

use super::absent::NoArns;
use super::encryption::{self, CopyWording, Wish};
use super::new_disk;
use super::new_snapshot::{self, NewSnapshot};
use super::parameter::{CopyRegion, NewTags, TAG_ERRORS};
use super::snapshot_parameter::{CopyDescription, CopyName, CopyRetentionDays, SnapshotCategory};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What is copied, where to, and what the copy is to be.
    pub struct Request {
        /// Keys of other accounts, by invitation only.
        pub arn: NoArns = "Arn",
        /// A token that makes a retry harmless.
        pub client_token: Option<String> = "ClientToken",
        /// Where to.
        pub destination: CopyRegion = "DestinationRegionId",
        /// The copy's description.
        pub description: CopyDescription = "DestinationSnapshotDescription",
        /// The copy's name.
        pub snapshot_name: CopyName = "DestinationSnapshotName",
        /// Whether the copy is to be encrypted.
        pub encrypted: Option<bool> = "Encrypted",
        /// The key of the destination that it is to be encrypted with.
        pub kms_key_id: Option<String> = "KMSKeyId",
        /// Where the source is.
        pub region: CopyRegion = "RegionId",
        /// For how many days the copy is kept.
        pub retention_days: Option<CopyRetentionDays> = "RetentionDays",
        /// The source.
        pub snapshot_id: String = "SnapshotId",
        /// The copy's tags.
        pub tags: NewTags = "Tag",
    }
    refused { "DestinationStorageLocationArn", "ResourceGroupId", }
}

response! {
    /// The copy.
    pub struct Response {
        /// Its id.
        pub snapshot_id: String = "SnapshotId",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "CopySnapshot",
    effect: Effect::Write,
    access: Access::Action("ecs:CopySnapshot"),
    idempotent: true,
    errors: &[OWN_ERRORS, &CopyWording::SNAPSHOT.codes(), TAG_ERRORS],
};

const OWN_ERRORS: &[ErrorCode] = &[
    ErrorCode::IdempotentParameterMismatch,
    ErrorCode::EcsInvalidParameter,
    ErrorCode::ArnsNotInWhiteList,
    ErrorCode::CopyRegionNotExists,
    ErrorCode::CopyNameMalformed,
    ErrorCode::CopyDescriptionMalformed,
    ErrorCode::CopyRetentionDaysMalformed,
    ErrorCode::CopiedSnapshotNotFound,
    ErrorCode::SnapshotNotReady,
    ErrorCode::CopyInSameRegion,
    ErrorCode::CopyUnfinished,
    ErrorCode::EncryptedCopyUnfinished,
];

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    let source = Arn::ecs(request.region.0, cx.account(), &format!("snapshot/{}", request.snapshot_id));
    Ok(vec![source, Arn::ecs(request.destination.0, cx.account(), "snapshot/*")])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let (CopyRegion(region), CopyRegion(destination)) = (request.region, request.destination);
    let source = new_disk::readable(cx, region, &request.snapshot_id)?.ok_or(ErrorCode::CopiedSnapshotNotFound)?;
    if source.status != "accomplished" {
        return Err(ErrorCode::SnapshotNotReady.into());
    }
    let wish = Wish { encrypted: request.encrypted, kms_key_id: request.kms_key_id };
    let key = encryption::key_for_copy(cx, &source, destination, &wish, &CopyWording::SNAPSHOT)?;
    if key.is_none() && region == destination {
        return Err(ErrorCode::CopyInSameRegion.into());
    }
    require_no_other(cx, &source, destination)?;
    let new = NewSnapshot {
        snapshot_name: request.snapshot_name.0,
        description: request.description.0,
        category: SnapshotCategory::STANDARD,
        retention_days: request.retention_days.map(|CopyRetentionDays(days)| days),
        group_id: String::new(),
        tags: &request.tags.0,
    };
    let copy = new_snapshot::copy_of(cx, &source, destination, key.as_ref(), new)?;
    Ok(Response { snapshot_id: copy.snapshot_id })
}

/// Refuses while another copy of the same disk's snapshots is being made there.
fn require_no_other(cx: &Cx<'_>, source: &Snapshot, destination: Region) -> Result<(), ApiError> {
    let unfinished = snapshots::unfinished_copies(cx.tx, cx.account(), destination, &source.source_disk_id)?;
    match unfinished.first() {
        None => Ok(()),
        Some(copy) if copy.kms_key_id.is_some() => Err(ErrorCode::EncryptedCopyUnfinished.into()),
        Some(_) => Err(ErrorCode::CopyUnfinished.into()),
    }
}
