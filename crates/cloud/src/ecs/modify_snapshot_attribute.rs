//! ModifySnapshotAttribute: a snapshot's name, description and retention.
//!
//! The vendor: retention counts from the making of the snapshot and only grows; a description may become empty. Where it is silent:
//! a snapshot that is kept until it is deleted cannot be given an end; a bad description is 400, as 404 would say that the snapshot is
//! gone.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;
use coffer_store::snapshots::Snapshot;

use super::owned;
use super::parameter::Description;
use super::snapshot_parameter::{RetentionDays, SnapshotName};
use crate::context::Cx;
use crate::decode::{Field, Reader, request};
use crate::job::{self, Kind};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The snapshot and what changes.
    pub struct Request {
        /// Its description.
        pub description: NewDescription = "Description",
        /// Of no effect any more.
        pub disable_instant_access: Option<bool> = "DisableInstantAccess",
        /// For how many days from its making it is kept.
        pub retention_days: Option<RetentionDays> = "RetentionDays",
        /// Its id.
        pub snapshot_id: String = "SnapshotId",
        /// Its name.
        pub snapshot_name: Option<SnapshotName> = "SnapshotName",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ModifySnapshotAttribute",
    effect: Effect::Write,
    access: Access::Action("ecs:ModifySnapshotAttribute"),
    idempotent: false,
    errors: &[&[
        ErrorCode::EcsInvalidParameter,
        ErrorCode::SnapshotNameMalformed,
        ErrorCode::DescriptionMalformed,
        ErrorCode::RetentionDaysMalformed,
        ErrorCode::NoAttributeToModify,
        ErrorCode::SnapshotNotFound,
        ErrorCode::ModifiedSnapshotNotReady,
        ErrorCode::RetentionDaysDecreased,
    ]],
};

/// A description that may become empty; `None` where nothing was said about it.
#[derive(Clone, Debug)]
pub struct NewDescription(pub Option<String>);

impl Field for NewDescription {
    const KIND: &'static str = "String";
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        Ok(Self(match reader.given(name) {
            Some("") => Some(String::new()),
            _ => Option::<Description>::read(reader, name)?.map(|Description(text)| text),
        }))
    }
}

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![owned::arn(cx, "snapshot", &request.snapshot_id)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let changes = request.snapshot_name.is_some() || request.description.0.is_some();
    if !changes && request.retention_days.is_none() && request.disable_instant_access.is_none() {
        return Err(ErrorCode::NoAttributeToModify.into());
    }
    let mut snapshot: Snapshot = owned::find(cx, &request.snapshot_id)?.ok_or(ErrorCode::SnapshotNotFound)?;
    if snapshot.status != "accomplished" {
        return Err(ErrorCode::ModifiedSnapshotNotReady.into());
    }
    if let Some(RetentionDays(days)) = request.retention_days {
        keep(cx, &mut snapshot, days)?;
    }
    if let Some(SnapshotName(name)) = request.snapshot_name {
        snapshot.snapshot_name = name;
    }
    if let Some(description) = request.description.0 {
        snapshot.description = description;
    }
    snapshot.modified_at = cx.now;
    snapshot.update(cx.tx)?;
    Ok(Response {})
}

/// Keeps it for so many days from its making, which must not be fewer than before.
fn keep(cx: &Cx<'_>, snapshot: &mut Snapshot, days: i64) -> Result<(), ApiError> {
    if snapshot.retention_days.is_none_or(|before| days < before) {
        return Err(ErrorCode::RetentionDaysDecreased.into());
    }
    snapshot.retention_days = Some(days);
    job::withdraw(cx.tx, Kind::ExpireSnapshot, &snapshot.snapshot_id)?;
    if let Some(expires_at) = snapshot.expires_at() {
        job::schedule(cx, Kind::ExpireSnapshot, &snapshot.snapshot_id, expires_at)?;
    }
    Ok(())
}
