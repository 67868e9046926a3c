//! DescribeNewDiskEncryption: whether and with which key a disk would be encrypted that CreateDisk made now, or with which code that
//! would be refused. It asks what CreateDisk asks, and makes nothing: the service key may not be there yet.

use coffer_base::{ApiError, Arn, ErrorCode};

use crate::context::Cx;
use crate::decode::request;
use crate::ecs::disk_types::Category;
use crate::ecs::encryption::{self, Making, NamedBy, Wish};
use crate::ecs::new_disk;
use crate::ecs::parameter::KnownRegion;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What of CreateDisk's parameters decides it.
    pub struct Request {
        /// The category; that of CreateDisk unless it is given.
        pub category: Option<Category> = "DiskCategory",
        /// Whether it is to be encrypted.
        pub encrypted: Option<bool> = "Encrypted",
        /// The key it is to be encrypted with.
        pub kms_key_id: Option<String> = "KMSKeyId",
        /// Where.
        pub region: KnownRegion = "RegionId",
        /// The snapshot it is to be made from.
        pub snapshot_id: Option<String> = "SnapshotId",
    }
}

response! {
    /// What would be.
    pub struct Response {
        /// Whether it would be encrypted.
        pub encrypted: bool = "Encrypted",
        /// The key; nothing for a plain disk, and for a service key that would have to be made first.
        pub kms_key_id: Option<String> = "KMSKeyId",
        /// What names the key: `Request`, `Snapshot`, `Default`, or `Nothing`, which leaves the service key; nothing for a plain disk.
        pub named_by: Option<&'static str> = "KeyNamedBy",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeNewDiskEncryption",
    effect: Effect::Read,
    access: Access::Action("coffer:DescribeNewDiskEncryption"),
    idempotent: false,
    errors: &[
        &[
            ErrorCode::EcsInvalidParameter,
            ErrorCode::EcsRegionNotFound,
            ErrorCode::DiskCategoryNotSupported,
            ErrorCode::SnapshotNotFound,
            ErrorCode::SnapshotNotReady,
            ErrorCode::SnapshotOfSystemDisk,
        ],
        &encryption::ERRORS,
    ],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    let mut resources = vec![Arn::ecs(request.region.0, cx.account(), "disk/*")];
    let snapshot = request.snapshot_id.iter();
    resources.extend(snapshot.map(|id| Arn::ecs(request.region.0, cx.account(), &format!("snapshot/{id}"))));
    Ok(resources)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let region = request.region.0;
    let snapshot = request.snapshot_id.as_deref();
    let snapshot = snapshot.map(|id| new_disk::source(cx, region, id, ErrorCode::SnapshotNotFound)).transpose()?;
    let category = request.category.unwrap_or(Category::Cloud);
    let wish = Wish { encrypted: request.encrypted, kms_key_id: request.kms_key_id };
    let making = Making { category, is_system: false, snapshot: snapshot.as_ref(), instance_zone_id: None };
    let choice = encryption::forecast(cx, region, &wish, &making)?;
    let named_by = choice.as_ref().map(|choice| match choice.named_by {
        NamedBy::Request => "Request",
        NamedBy::Snapshot => "Snapshot",
        NamedBy::Default => "Default",
        NamedBy::Nothing => "Nothing",
    });
    Ok(Response { encrypted: choice.is_some(), kms_key_id: choice.and_then(|choice| choice.key_id), named_by })
}
