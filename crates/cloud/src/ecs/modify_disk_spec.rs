//! ModifyDiskSpec: another category, another performance level, other provisioned IOPS, if the data key can be opened at this moment.
//!
//! The vendor: between ultra disk, standard SSD, ESSD and ESSD AutoPL in any direction, from ESSD Entry to the latter two; not down to
//! PL0; no multi-attach disks. Where it is silent: the change shows at once, as bytes are not moved; a change of category is a task
//! that is over when the job has run, and until then no other is begun; there is no cooling period. An encrypted system disk, or one
//! from a snapshot, stays within the ESSD series, as it could not have been made elsewhere. `PerformanceLevel` is PL1 by default where
//! the category changes; otherwise a level that is not given stays.

use coffer_base::{ApiError, Arn, ErrorCode, ids};
use coffer_store::Record as _;
use coffer_store::disks::Disk;
use coffer_store::tasks::Task;

use super::data_key::Wrapped;
use super::disk_key::Wording;
use super::disk_types::{Category, Level};
use super::{existing_disk, owned};
use crate::context::Cx;
use crate::decode::{Field, Invalid, Parameter, Reader, request};
use crate::job::{self, Kind};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What a disk is to become.
    pub struct Request {
        /// Another zone, by invitation only.
        pub destination_zone_id: Option<String> = "DestinationZoneId",
        /// Its category.
        pub category: Option<NewCategory> = "DiskCategory",
        /// The disk.
        pub disk_id: String = "DiskId",
        /// Only to say whether the request is in order.
        pub dry_run: Option<bool> = "DryRun",
        /// The performance of disks in dedicated clusters.
        pub performance_control: NoPerformanceControl = "PerformanceControlOptions",
        /// An ESSD's level.
        pub performance_level: Option<Level> = "PerformanceLevel",
        /// IOPS beyond the baseline.
        pub provisioned_iops: Option<i64> = "ProvisionedIops",
    }
}

response! {
    /// What goes on.
    pub struct Response {
        /// The task, where the category changes.
        pub task_id: Option<String> = "TaskId",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ModifyDiskSpec",
    effect: Effect::Write,
    access: Access::Action("ecs:ModifyDiskSpec"),
    idempotent: false,
    errors: &[
        &[
            ErrorCode::EcsInvalidParameter,
            ErrorCode::SpecPerformanceControl,
            ErrorCode::SpecDestinationZone,
            ErrorCode::DiskCategoryNotSupported,
            ErrorCode::PerformanceLevelMalformed,
            ErrorCode::DiskNotFound,
            ErrorCode::SpecDiskNotReady,
            ErrorCode::DiskStatusIncorrect,
            ErrorCode::SpecInstanceStatus,
            ErrorCode::DiskSnapshotInProgress,
            ErrorCode::MultiAttachUnsupported,
            ErrorCode::SpecSourceCategory,
            ErrorCode::SpecTargetCategory,
            ErrorCode::SpecLevelMismatch,
            ErrorCode::SpecLevelTooLow,
            ErrorCode::SpecLevelSize,
            ErrorCode::ProvisionedIopsUnsupported,
            ErrorCode::ProvisionedIopsLimit,
            ErrorCode::SpecUnchanged,
            ErrorCode::DryRunOperation,
        ],
        &Wording::SPEC.codes(),
    ],
};

/// A category that a disk can be changed to.
#[derive(Clone, Copy, Debug)]
pub struct NewCategory(Category);

impl Parameter for NewCategory {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let category = Category::from_text(text)?;
        match category {
            Category::Essd | Category::Auto | Category::Ssd | Category::Efficiency => Ok(Self(category)),
            _ => Err(ErrorCode::DiskCategoryNotSupported.into()),
        }
    }
}

/// `PerformanceControlOptions.*`: only for disks in dedicated clusters, and no disk here is in one.
#[derive(Clone, Copy, Debug)]
pub struct NoPerformanceControl;

impl Field for NoPerformanceControl {
    const KIND: &'static str = "Struct";
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        if reader.text(name).is_some() || reader.members(name).next().is_some() {
            return Err(ErrorCode::SpecPerformanceControl.into());
        }
        Ok(Self)
    }
}

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![owned::arn(cx, "disk", &request.disk_id)])
}

/// What makes the specification of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Spec {
    category: Category,
    level: Option<Level>,
    provisioned_iops: i64,
}

impl Spec {
    fn of(disk: &Disk) -> Result<Self, ApiError> {
        let category = Category::parse(&disk.category);
        Ok(Self {
            category: category.ok_or_else(|| ApiError::internal("a disk of unknown category"))?,
            level: Level::parse(&disk.performance_level),
            provisioned_iops: disk.provisioned_iops.unwrap_or(0),
        })
    }

    /// What is asked for, with what is not asked for as it is.
    fn wished(self, request: &Request) -> Result<Self, ApiError> {
        let category = request.category.map_or(self.category, |NewCategory(category)| category);
        let changes = category != self.category;
        if category != Category::Essd && request.performance_level.is_some() {
            return Err(ErrorCode::SpecLevelMismatch.into());
        }
        if category != Category::Auto && request.provisioned_iops.is_some() {
            return Err(ErrorCode::ProvisionedIopsUnsupported.into());
        }
        let level = match category {
            Category::Essd if changes => Some(request.performance_level.unwrap_or(Level::Pl1)),
            _ if changes => None,
            _ => request.performance_level.or(self.level),
        };
        let kept = if changes { 0 } else { self.provisioned_iops };
        Ok(Self { category, level, provisioned_iops: request.provisioned_iops.unwrap_or(kept) })
    }
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let mut disk = existing_disk::find(cx, &request.disk_id)?;
    if request.destination_zone_id.is_some() {
        return Err(ErrorCode::SpecDestinationZone.into());
    }
    require_changeable(cx, &disk)?;
    let old = Spec::of(&disk)?;
    let new = old.wished(&request)?;
    require_possible(&disk, old, new)?;
    if new == old {
        return Err(ErrorCode::SpecUnchanged.into());
    }
    if let Some(wrapped) = Wrapped::of_disk(&disk) {
        drop(wrapped.open(cx, &Wording::SPEC)?);
    }
    if request.dry_run == Some(true) {
        return Err(ErrorCode::DryRunOperation.into());
    }
    new.category.as_str().clone_into(&mut disk.category);
    new.level.map_or("", Level::as_str).clone_into(&mut disk.performance_level);
    disk.provisioned_iops = (new.category == Category::Auto).then_some(new.provisioned_iops);
    disk.bursting_enabled &= new.category == Category::Auto;
    disk.update(cx.tx)?;
    cx.note("diskId", disk.disk_id.clone());
    let task_id = if new.category == old.category { None } else { Some(begin(cx, &disk)?) };
    Ok(Response { task_id })
}

/// Refuses a disk that is not to be touched now, or never.
fn require_changeable(cx: &Cx<'_>, disk: &Disk) -> Result<(), ApiError> {
    if !existing_disk::is_ready(disk) {
        return Err(ErrorCode::SpecDiskNotReady.into());
    }
    if existing_disk::is_multi_attach(disk) {
        return Err(ErrorCode::MultiAttachUnsupported.into());
    }
    if existing_disk::is_changing(cx, disk)? {
        return Err(ErrorCode::DiskStatusIncorrect.into());
    }
    existing_disk::require_instances(cx, disk, &["Running", "Stopped"], ErrorCode::SpecInstanceStatus)?;
    existing_disk::require_no_snapshot_in_progress(cx, disk, ErrorCode::DiskSnapshotInProgress)
}

/// Refuses what such a disk can't become.
fn require_possible(disk: &Disk, old: Spec, new: Spec) -> Result<(), ApiError> {
    let is_system = disk.disk_type == "system";
    let sizes_gib = |level| {
        if is_system { new.category.system_sizes_gib(level) } else { new.category.sizes_gib(level) }
    };
    if new.category != old.category {
        match old.category {
            Category::Essd | Category::Auto | Category::Ssd | Category::Efficiency => {}
            Category::EssdEntry if new.category.is_essd_series() => {}
            Category::EssdEntry => return Err(ErrorCode::SpecTargetCategory.into()),
            _ => return Err(ErrorCode::SpecSourceCategory.into()),
        }
        let smallest = new.level.map(|_| Level::Pl0);
        let leaves_series = disk.kms_key_id.is_some()
            && (is_system || !disk.source_snapshot_id.is_empty())
            && !new.category.is_essd_series();
        if leaves_series || !sizes_gib(smallest).contains(&disk.size_gib) {
            return Err(ErrorCode::SpecTargetCategory.into());
        }
    } else if new.level == Some(Level::Pl0) && old.level != Some(Level::Pl0) {
        return Err(ErrorCode::SpecLevelTooLow.into());
    }
    if !sizes_gib(new.level).contains(&disk.size_gib) {
        return Err(ErrorCode::SpecLevelSize.into());
    }
    if new.category == Category::Auto {
        let most = (1000 * disk.size_gib - new.category.iops(new.level, disk.size_gib)).clamp(0, 50_000);
        if !(0..=most).contains(&new.provisioned_iops) {
            return Err(ErrorCode::ProvisionedIopsLimit.into());
        }
    }
    Ok(())
}

/// Begins the task that a change of category is. Its id.
fn begin(cx: &Cx<'_>, disk: &Disk) -> Result<String, ApiError> {
    let task = Task {
        task_id: ids::ecs_id("t", disk.region, cx.rng),
        account: disk.account.clone(),
        region: disk.region,
        task_action: OPERATION.name.to_owned(),
        resource_id: disk.disk_id.clone(),
        status: "Processing".to_owned(),
        progress: 0,
        supports_cancel: false,
        finished_at: None,
        created_at: cx.now,
    };
    task.insert(cx.tx)?;
    job::soon(cx, Kind::SettleDisk, &disk.disk_id)?;
    Ok(task.task_id)
}
