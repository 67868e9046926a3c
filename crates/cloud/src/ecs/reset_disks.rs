//! ResetDisks: up to 10 disks become again what snapshots of theirs hold, each by itself as ResetDisk does it.
//!
//! The vendor: the answer says of each disk whether it went well. Where it is silent: with `DryRun` the first disk that can't be reset
//! is the error. A disk of another region than the one given is not found.

use coffer_base::{ApiError, Arn, ErrorCode, Region};
use coffer_store::disks::Disk;

use super::disk_key::Wording;
use super::parameter::KnownRegion;
use super::{disk_reset, owned};
use crate::context::Cx;
use crate::decode::{Field, Reader, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which disks, and to which snapshots.
    pub struct Request {
        /// The disks.
        pub disks: Pairs = "Disk",
        /// Only to say whether the request is in order.
        pub dry_run: Option<bool> = "DryRun",
        /// Where.
        pub region: KnownRegion = "RegionId",
    }
}

response! {
    /// How it went.
    pub struct Response {
        /// Disk by disk.
        pub progress: Vec<Progress> = "OperationProgressSet" of "OperationProgress",
    }

    /// How it went with a disk.
    pub struct Progress {
        /// The code of its error, or nothing.
        pub error_code: String = "ErrorCode",
        /// The message of its error, or nothing.
        pub error_msg: String = "ErrorMsg",
        /// `Success` or `Failed`.
        pub operation_status: &'static str = "OperationStatus",
        /// Which disk and snapshot.
        pub related_items: Vec<RelatedItem> = "RelatedItemSet" of "RelatedItem",
    }

    /// A disk or a snapshot.
    pub struct RelatedItem {
        /// `DiskId` or `SnapshotId`.
        pub name: &'static str = "Name",
        /// The id.
        pub value: String = "Value",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ResetDisks",
    effect: Effect::Write,
    access: Access::Action("ecs:ResetDisks"),
    idempotent: false,
    errors: &[
        &[
            ErrorCode::EcsInvalidParameter,
            ErrorCode::EcsMissingParameter,
            ErrorCode::EcsRegionNotFound,
            ErrorCode::DryRunOperation,
        ],
        &disk_reset::ERRORS,
        &Wording::RESET.codes(),
    ],
};

/// Most disks at once.
const MOST_DISKS: usize = 10;

/// A disk, and the snapshot it is to be reset to.
#[derive(Clone, Debug)]
pub struct Pair {
    disk_id: String,
    snapshot_id: String,
}

/// `Disk.N.DiskId` and `Disk.N.SnapshotId`, at least one of them.
#[derive(Clone, Debug)]
pub struct Pairs(Vec<Pair>);

impl Field for Pairs {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = true;
    const MEMBERS: &'static [&'static str] = &["DiskId", "SnapshotId"];

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let mut pairs = Vec::new();
        for (members, n) in reader.structures(name, MOST_DISKS)?.into_iter().zip(1..) {
            let id = |member: &str| match members.get(member).filter(|id| !id.is_empty()) {
                Some(id) => Ok((*id).to_owned()),
                None => Err(ApiError::with(ErrorCode::EcsMissingParameter, [format!("{name}.{n}.{member}")])),
            };
            pairs.push(Pair { disk_id: id("DiskId")?, snapshot_id: id("SnapshotId")? });
        }
        if pairs.is_empty() { Err(reader.missing(name)) } else { Ok(Self(pairs)) }
    }
}

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    let both = |pair: &Pair| [owned::arn(cx, "disk", &pair.disk_id), owned::arn(cx, "snapshot", &pair.snapshot_id)];
    Ok(request.disks.0.iter().flat_map(both).collect())
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let KnownRegion(region) = request.region;
    if request.dry_run == Some(true) {
        for pair in &request.disks.0 {
            prepare(cx, region, pair)?;
        }
        return Err(ErrorCode::DryRunOperation.into());
    }
    let mut progress = Vec::new();
    for pair in request.disks.0 {
        let reset = cx.apart(|cx| {
            let disk = prepare(cx, region, &pair)?;
            disk_reset::begin(cx, disk, &pair.snapshot_id)
        });
        let error = match reset {
            Ok(()) => None,
            // A fault of ours undoes everything.
            Err(error) if error.source().is_some() => return Err(error),
            Err(error) => Some(error),
        };
        progress.push(outcome(pair, error.as_ref()));
    }
    Ok(Response { progress })
}

fn prepare(cx: &mut Cx<'_>, region: Region, pair: &Pair) -> Result<Disk, ApiError> {
    let disk = disk_reset::prepare(cx, &pair.disk_id, &pair.snapshot_id)?;
    if disk.region == region { Ok(disk) } else { Err(ErrorCode::DiskNotFound.into()) }
}

fn outcome(pair: Pair, error: Option<&ApiError>) -> Progress {
    let item = |name, value| RelatedItem { name, value };
    Progress {
        error_code: error.map(|error| error.code_text().into_owned()).unwrap_or_default(),
        error_msg: error.map(|error| error.message().into_owned()).unwrap_or_default(),
        operation_status: if error.is_some() { "Failed" } else { "Success" },
        related_items: vec![item("DiskId", pair.disk_id), item("SnapshotId", pair.snapshot_id)],
    }
}
