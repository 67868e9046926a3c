//! The caller's own resources by id. An id of another account's is answered like one that does not exist.

use coffer_base::{ApiError, Arn, Region};
use coffer_store::disks::Disk;
use coffer_store::images::Image;
use coffer_store::instances::Instance;
use coffer_store::snapshots::{Snapshot, SnapshotGroup};
use coffer_store::{Record, tasks::Task};

use crate::context::Cx;

/// A row that belongs to an account and a region.
pub trait Owned: Record {
    /// Whether it is the caller's.
    fn is_owned_by_caller(&self, cx: &Cx<'_>) -> bool;
    /// Where it is.
    fn region(&self) -> Region;
}

macro_rules! owned {
    ($($type:ty),*) => {
        $(impl Owned for $type {
            fn is_owned_by_caller(&self, cx: &Cx<'_>) -> bool {
                self.account == *cx.account()
            }

            fn region(&self) -> Region {
                self.region
            }
        })*
    };
}
owned!(Disk, Image, Instance, Snapshot, SnapshotGroup, Task);

/// The caller's row of that id, in whichever region.
pub fn find<T: Owned>(cx: &Cx<'_>, id: &str) -> Result<Option<T>, ApiError> {
    Ok(T::get(cx.tx, id)?.filter(|row| row.is_owned_by_caller(cx)))
}

/// The caller's row of that id in a region.
pub fn find_in<T: Owned>(cx: &Cx<'_>, region: Region, id: &str) -> Result<Option<T>, ApiError> {
    Ok(find::<T>(cx, id)?.filter(|row| row.region() == region))
}

/// A resource as policies name it: `kind` is `disk`, `snapshot`, `instance` or `image`. Its id says where it is, so that asking for
/// permission tells nothing about whether it exists.
pub fn arn(cx: &Cx<'_>, kind: &str, id: &str) -> Arn {
    Arn::ecs(region_of(cx, id), cx.account(), &format!("{kind}/{id}"))
}

/// Where a resource of that id would be.
pub fn region_of(cx: &Cx<'_>, id: &str) -> Region {
    let tag = id.split_once('-').and_then(|(_, rest)| rest.get(..3));
    tag.and_then(Region::by_id_tag).unwrap_or_else(|| cx.region())
}
