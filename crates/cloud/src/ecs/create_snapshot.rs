//! CreateSnapshot: the bytes of a disk as they are now, encrypted as the disk is.
//!
//! The vendor: the disk was attached at least once; one snapshot of a disk at a time; at most 256 of a disk; an encrypted disk's
//! snapshot is encrypted under the same KMS key. Instant access is of no effect any more: every snapshot is usable once it is
//! complete, and none before. Where the vendor is silent: the snapshot has a data key of its own.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::disks::Disk;

use super::absent::NoResourceGroup;
use super::disk_key::Wording;
use super::new_snapshot::{self, NewSnapshot};
use super::parameter::{NewTags, TAG_ERRORS};
use super::snapshot_parameter::{RetentionDays, SnapshotCategory, SnapshotDescription, SnapshotName};
use super::{owned, volume};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Of which disk, and what it is to be.
    pub struct Request {
        /// Its category.
        pub category: Option<SnapshotCategory> = "Category",
        /// A token that makes a retry harmless.
        pub client_token: Option<String> = "ClientToken",
        /// A description.
        pub description: Option<SnapshotDescription> = "Description",
        /// The disk.
        pub disk_id: String = "DiskId",
        /// Of no effect any more.
        pub instant_access: Option<bool> = "InstantAccess",
        /// Of no effect any more.
        pub instant_access_retention_days: Option<i64> = "InstantAccessRetentionDays",
        /// The resource group.
        pub resource_group_id: Option<NoResourceGroup> = "ResourceGroupId",
        /// For how many days it is kept.
        pub retention_days: Option<RetentionDays> = "RetentionDays",
        /// Its name.
        pub snapshot_name: Option<SnapshotName> = "SnapshotName",
        /// Tags.
        pub tags: NewTags = "Tag",
    }
    refused { "StorageLocationArn", }
}

response! {
    /// The snapshot.
    pub struct Response {
        /// Its id.
        pub snapshot_id: String = "SnapshotId",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "CreateSnapshot",
    effect: Effect::Write,
    access: Access::Action("ecs:CreateSnapshot"),
    idempotent: true,
    errors: &[OWN_ERRORS, new_snapshot::ERRORS, &Wording::SNAPSHOT.codes(), TAG_ERRORS],
};

const OWN_ERRORS: &[ErrorCode] = &[
    ErrorCode::SnapshotTokenUsed,
    ErrorCode::SnapshotTokenMalformed,
    ErrorCode::EcsInvalidParameter,
    ErrorCode::SnapshotNameMalformed,
    ErrorCode::ResourceDescriptionMalformed,
    ErrorCode::RetentionDaysMalformed,
    ErrorCode::SnapshotCategoryMalformed,
    ErrorCode::ResourceGroupNotFound,
    ErrorCode::SnapshotDiskNotFound,
];

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    let region = owned::region_of(cx, &request.disk_id);
    Ok(vec![owned::arn(cx, "disk", &request.disk_id), Arn::ecs(region, cx.account(), "snapshot/*")])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let disk: Disk = owned::find(cx, &request.disk_id)?.ok_or(ErrorCode::SnapshotDiskNotFound)?;
    let new = NewSnapshot {
        snapshot_name: request.snapshot_name.map(|SnapshotName(name)| name).unwrap_or_default(),
        description: request.description.map(|SnapshotDescription(text)| text).unwrap_or_default(),
        category: request.category.unwrap_or(SnapshotCategory::STANDARD),
        retention_days: request.retention_days.map(|RetentionDays(days)| days),
        group_id: String::new(),
        tags: &request.tags.0,
    };
    let snapshot = new_snapshot::of_disk(cx, &disk, new, &Wording::SNAPSHOT)?;
    volume::freeze(cx, std::slice::from_ref(&snapshot.snapshot_id))?;
    Ok(Response { snapshot_id: snapshot.snapshot_id })
}
