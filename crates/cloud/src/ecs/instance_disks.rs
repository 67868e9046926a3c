//! The disks of an instance: what a request says about them, what they are to be once the image is known, and their making.

use std::collections::BTreeMap;

use coffer_base::{ApiError, ErrorCode, Region};
use coffer_store::Record as _;
use coffer_store::disks::{self, Attachment, Disk};
use coffer_store::images::ImageDisk;
use coffer_store::snapshots::Snapshot;
use coffer_store::tags::Tag;

use super::disk_types::{Category, Level};
use super::encryption::{self, Wish};
use super::existing_disk::SYSTEM_DEVICE;
use super::image_source::Source;
use super::instance_types::{InstanceType, MOST_DATA_DISKS};
use super::new_disk::{self, NewDisk, Performance};
use super::parameter::{Description, DiskName};
use crate::context::Cx;
use crate::decode::{Field, Invalid, Parameter, Reader};

/// The category of a disk when the request names none.
const DEFAULT_CATEGORY: Category = Category::Efficiency;
/// The size of a system disk when the request gives none and the image is not larger.
const DEFAULT_SYSTEM_GIB: i64 = 40;

/// The errors of planning and making disks, besides those of encryption.
pub const ERRORS: &[ErrorCode] = &[
    ErrorCode::SystemDiskCategoryNotSupported,
    ErrorCode::SystemDiskSmallerThanImage,
    ErrorCode::SystemDiskTooSmall,
    ErrorCode::SystemDiskTooLarge,
    ErrorCode::DataDiskCategoryNotSupported,
    ErrorCode::DataDiskSizeNotSupported,
    ErrorCode::DataDiskSnapshotNotFound,
    ErrorCode::DataDeviceMalformed,
    ErrorCode::DeviceInUse,
    ErrorCode::InstanceDiskNameMalformed,
    ErrorCode::InstanceDiskDescriptionMalformed,
    ErrorCode::InstanceDiskCountExceeded,
    ErrorCode::DiskCategoryInstanceTypeMismatch,
    ErrorCode::DiskSmallerThanSnapshot,
    ErrorCode::SnapshotNotReady,
    ErrorCode::SnapshotOfSystemDisk,
    ErrorCode::PerformanceLevelMalformed,
    ErrorCode::ProvisionedIopsUnsupported,
    ErrorCode::ProvisionedIopsLimit,
    ErrorCode::BurstingUnsupported,
    ErrorCode::BurstingTooSmall,
];

macro_rules! worded {
    ($($(#[$note:meta])* $type:ident ( $inner:ty ) $code:ident;)*) => {
        $(
            $(#[$note])*
            #[derive(Clone, Debug)]
            pub struct $type(pub $inner);

            impl Parameter for $type {
                fn from_text(text: &str) -> Result<Self, Invalid> {
                    Ok(Self(<$inner>::from_text(text).map_err(|_| ErrorCode::$code)?))
                }
            }
        )*
    };
}

worded! {
    /// A category, with the error for a system disk's.
    SystemCategory(Category) SystemDiskCategoryNotSupported;
    /// A category, with the error for a data disk's.
    DataCategory(Category) DataDiskCategoryNotSupported;
    /// A disk's name, with the error of the operations on instances.
    InstanceDiskName(DiskName) InstanceDiskNameMalformed;
    /// A disk's description, with the error of the operations on instances.
    InstanceDiskDescription(Description) InstanceDiskDescriptionMalformed;
}

/// `Encrypted`, which RunInstances types as text.
#[derive(Clone, Copy, Debug)]
pub struct EncryptedText(pub bool);

impl Parameter for EncryptedText {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        bool::from_text(text).map(Self)
    }
}

/// What a request says about a disk.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The category.
    pub category: Option<Category>,
    /// An ESSD's level.
    pub level: Option<Level>,
    /// The size in GiB.
    pub size_gib: Option<i64>,
    /// The name.
    pub disk_name: String,
    /// The description.
    pub description: String,
    /// Encryption.
    pub wish: Wish,
    /// Performance beyond the baseline.
    pub performance: Performance,
    /// The snapshot a data disk is made from.
    pub snapshot_id: Option<String>,
    /// Whether a data disk goes with its instance: it does unless the request says otherwise.
    pub delete_with_instance: Option<bool>,
    /// A data disk's device.
    pub device: Option<String>,
}

/// `DataDisk.N`. RunInstances takes more of it than CreateInstance: `ALL` says which of them reads.
#[derive(Clone, Debug, Default)]
pub struct DataDisks<const ALL: bool>(pub Vec<Asked>);

/// The members that both operations take, and how many they are.
const MEMBERS: [&str; 12] = [
    "Category",
    "DeleteWithInstance",
    "Description",
    "Device",
    "DiskName",
    "Encrypted",
    "KMSKeyId",
    "PerformanceLevel",
    "Size",
    "SnapshotId",
    // RunInstances alone takes these.
    "BurstingEnabled",
    "ProvisionedIops",
];
const SHARED_MEMBERS: usize = 10;

impl<const ALL: bool> Field for DataDisks<ALL> {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;
    const MEMBERS: &'static [&'static str] = if ALL { &MEMBERS } else { MEMBERS.split_at(SHARED_MEMBERS).0 };

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        // One more than fits, so that too many earn the documented error and not that of a bad parameter.
        let members = reader.structures(name, MOST_DATA_DISKS + 1).map_err(|_| ErrorCode::InstanceDiskCountExceeded)?;
        let taken = members.into_iter().map(|mut members| {
            members.retain(|name, _| Self::MEMBERS.contains(name));
            members
        });
        Ok(Self(taken.map(|members| data_disk(reader, &members)).collect::<Result<_, _>>()?))
    }
}

fn data_disk(reader: &Reader<'_>, members: &BTreeMap<&str, &str>) -> Result<Asked, ApiError> {
    let wish =
        Wish { encrypted: member(reader, members, "Encrypted")?, kms_key_id: member(reader, members, "KMSKeyId")? };
    let performance = Performance {
        provisioned_iops: member(reader, members, "ProvisionedIops")?,
        bursting: member(reader, members, "BurstingEnabled")?,
    };
    let name: Option<InstanceDiskName> = member(reader, members, "DiskName")?;
    let description: Option<InstanceDiskDescription> = member(reader, members, "Description")?;
    Ok(Asked {
        category: member::<DataCategory>(reader, members, "Category")?.map(|DataCategory(category)| category),
        level: member(reader, members, "PerformanceLevel")?,
        size_gib: member(reader, members, "Size")?,
        disk_name: name.map(|InstanceDiskName(DiskName(name))| name).unwrap_or_default(),
        description: description.map(|InstanceDiskDescription(Description(text))| text).unwrap_or_default(),
        wish,
        performance,
        snapshot_id: member(reader, members, "SnapshotId")?,
        delete_with_instance: member(reader, members, "DeleteWithInstance")?,
        device: member(reader, members, "Device")?,
    })
}

fn member<T: Parameter>(
    reader: &Reader<'_>,
    members: &BTreeMap<&str, &str>,
    name: &str,
) -> Result<Option<T>, ApiError> {
    let Some(text) = members.get(name).filter(|text| !text.is_empty()) else { return Ok(None) };
    match T::from_text(text) {
        Ok(value) => Ok(Some(value)),
        Err(Invalid::Value) => Err(reader.invalid(&format!("DataDisk.N.{name}"))),
        Err(Invalid::Code(code)) => Err(code.into()),
    }
}

/// A disk that is to be made: valid in itself, but for its encryption.
#[derive(Clone, Debug)]
pub struct Plan {
    device: String,
    category: Category,
    level: Option<Level>,
    size_gib: i64,
    is_system: bool,
    snapshot: Option<Snapshot>,
    image_id: String,
    delete_with_instance: bool,
    asked: Asked,
}

/// The plan of a system disk made from an image.
pub fn plan_system(cx: &Cx<'_>, instance_type: &InstanceType, image: &Source, asked: Asked) -> Result<Plan, ApiError> {
    let category = asked.category.unwrap_or(DEFAULT_CATEGORY);
    if !category.can_be_system() {
        return Err(ErrorCode::SystemDiskCategoryNotSupported.into());
    }
    require_taken(instance_type, category)?;
    let level = new_disk::level(category, asked.level)?;
    let size_gib = asked.size_gib.unwrap_or(DEFAULT_SYSTEM_GIB.max(image.size_gib()));
    let range = category.system_sizes_gib(level);
    if size_gib < *range.start() {
        return Err(ErrorCode::SystemDiskTooSmall.into());
    }
    if size_gib > *range.end() {
        return Err(ErrorCode::SystemDiskTooLarge.into());
    }
    if size_gib < image.size_gib() {
        return Err(ErrorCode::SystemDiskSmallerThanImage.into());
    }
    new_disk::check_performance(category, level, size_gib, asked.performance)?;
    let snapshot = match (image, image.disks().iter().find(|disk| disk.disk_type == "system")) {
        (Source::Public(_), _) => None,
        (Source::Own(..), Some(disk)) => Some(snapshot_of(cx, disk)?),
        (Source::Own(..), None) => return Err(ApiError::internal("an image without a system disk")),
    };
    Ok(Plan {
        device: SYSTEM_DEVICE.to_owned(),
        category,
        level,
        size_gib,
        is_system: true,
        snapshot,
        image_id: image.image_id().to_owned(),
        delete_with_instance: asked.delete_with_instance.unwrap_or(true),
        asked,
    })
}

/// Tells policies what will become of an instance's disks: those of the image, and those that the request asks for. What is not there
/// is left to the operation to refuse.
pub fn foresee(
    cx: &mut Cx<'_>,
    region: Region,
    image: Option<&Source>,
    system: &Wish,
    data: &[Asked],
) -> Result<(), ApiError> {
    let disks = image.map(Source::disks).unwrap_or_default();
    let snapshot = |cx: &Cx<'_>, disk: &ImageDisk| Snapshot::get(cx.tx, &disk.snapshot_id);
    let of_system = disks.iter().find(|disk| disk.disk_type == "system");
    let source = of_system.map(|disk| snapshot(cx, disk)).transpose()?.flatten();
    encryption::foresee(cx, region, system, source.as_ref(), true)?;
    let mut of_image: Vec<_> = disks.iter().filter(|disk| disk.disk_type != "system").collect();
    for one in data {
        let place = of_image.iter().position(|disk| one.device.as_deref() == Some(&disk.device));
        let disk = place.map(|place| of_image.remove(place));
        let source = match (&one.snapshot_id, disk) {
            (Some(id), _) => new_disk::readable(cx, region, id)?,
            (None, Some(disk)) => snapshot(cx, disk)?,
            (None, None) => None,
        };
        encryption::foresee(cx, region, &one.wish, source.as_ref(), false)?;
    }
    for disk in of_image {
        let source = snapshot(cx, disk)?;
        encryption::foresee(cx, region, &Wish::default(), source.as_ref(), false)?;
    }
    Ok(())
}

fn snapshot_of(cx: &Cx<'_>, disk: &ImageDisk) -> Result<Snapshot, ApiError> {
    Snapshot::get(cx.tx, &disk.snapshot_id)?.ok_or_else(|| ApiError::internal("an image without its snapshot"))
}

fn require_taken(instance_type: &InstanceType, category: Category) -> Result<(), ApiError> {
    if instance_type.takes(category) { Ok(()) } else { Err(ErrorCode::DiskCategoryInstanceTypeMismatch.into()) }
}

/// The plans of the data disks: those of the image, and those that the request asks for. What the request says of the device of an
/// image's disk is about that disk.
pub fn plan_data(
    cx: &Cx<'_>,
    region: Region,
    instance_type: &InstanceType,
    image: &Source,
    mut asked: Vec<Asked>,
) -> Result<Vec<Plan>, ApiError> {
    let mut plans = Vec::new();
    for disk in image.disks().iter().filter(|disk| disk.disk_type != "system") {
        let place = asked.iter().position(|one| one.device.as_deref() == Some(&disk.device));
        let mut one = place.map(|place| asked.remove(place)).unwrap_or_default();
        one.device = Some(disk.device.clone());
        let snapshot = match &one.snapshot_id {
            Some(id) => Some(data_snapshot(cx, region, id)?),
            None if disk.snapshot_id.is_empty() => None,
            None => Some(snapshot_of(cx, disk)?),
        };
        let held_gib = snapshot.as_ref().map_or(0, |snapshot| snapshot.source_disk_size_gib);
        plans.push(plan_one(instance_type, one, snapshot, disk.size_gib.max(held_gib), image.image_id())?);
    }
    for one in asked {
        let snapshot = one.snapshot_id.as_deref().map(|id| data_snapshot(cx, region, id)).transpose()?;
        let least_gib = snapshot.as_ref().map_or(0, |snapshot| snapshot.source_disk_size_gib);
        plans.push(plan_one(instance_type, one, snapshot, least_gib, "")?);
    }
    if plans.len() > MOST_DATA_DISKS {
        return Err(ErrorCode::InstanceDiskCountExceeded.into());
    }
    assign_devices(&mut plans)?;
    Ok(plans)
}

fn data_snapshot(cx: &Cx<'_>, region: Region, snapshot_id: &str) -> Result<Snapshot, ApiError> {
    new_disk::source(cx, region, snapshot_id, ErrorCode::DataDiskSnapshotNotFound)
}

fn plan_one(
    instance_type: &InstanceType,
    asked: Asked,
    snapshot: Option<Snapshot>,
    least_gib: i64,
    image_id: &str,
) -> Result<Plan, ApiError> {
    let category = asked.category.unwrap_or(DEFAULT_CATEGORY);
    require_taken(instance_type, category)?;
    let level = new_disk::level(category, asked.level)?;
    let size_gib = asked.size_gib.unwrap_or(least_gib);
    if asked.size_gib.is_some_and(|size_gib| size_gib < least_gib) {
        return Err(ErrorCode::DiskSmallerThanSnapshot.into());
    }
    if !category.sizes_gib(level).contains(&size_gib) {
        return Err(ErrorCode::DataDiskSizeNotSupported.into());
    }
    new_disk::check_performance(category, level, size_gib, asked.performance)?;
    Ok(Plan {
        device: asked.device.clone().unwrap_or_default(),
        category,
        level,
        size_gib,
        is_system: false,
        snapshot,
        image_id: image_id.to_owned(),
        delete_with_instance: asked.delete_with_instance.unwrap_or(true),
        asked,
    })
}

/// The devices of data disks, in order.
fn data_devices() -> impl Iterator<Item = String> {
    ('b'..='z').map(|letter| format!("/dev/xvd{letter}"))
}

/// Gives each data disk a device: the one it asks for, else the first that is free.
fn assign_devices(plans: &mut [Plan]) -> Result<(), ApiError> {
    let mut free: Vec<String> = data_devices().collect();
    for plan in plans.iter().filter(|plan| !plan.device.is_empty()) {
        match free.iter().position(|device| *device == plan.device) {
            Some(place) => drop(free.remove(place)),
            None if data_devices().any(|device| device == plan.device) => return Err(ErrorCode::DeviceInUse.into()),
            None => return Err(ErrorCode::DataDeviceMalformed.into()),
        }
    }
    let mut free = free.into_iter();
    for plan in plans.iter_mut().filter(|plan| plan.device.is_empty()) {
        plan.device = free.next().ok_or(ErrorCode::InstanceDiskCountExceeded)?;
    }
    Ok(())
}

/// Where a disk is made and attached.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The region.
    pub region: Region,
    /// The zone.
    pub zone_id: &'a str,
    /// The instance.
    pub instance_id: &'a str,
    /// Whether that is just being made.
    pub is_new: bool,
}

/// Makes a disk and attaches it: it is `In_use`.
pub fn make(cx: &mut Cx<'_>, place: Place<'_>, plan: &Plan, tags: &[Tag]) -> Result<Disk, ApiError> {
    let new = NewDisk {
        region: place.region,
        zone_id: if plan.category == Category::RegionalAuto { String::new() } else { place.zone_id.to_owned() },
        disk_name: plan.asked.disk_name.clone(),
        description: plan.asked.description.clone(),
        category: plan.category,
        level: plan.level,
        size_gib: plan.size_gib,
        wish: plan.asked.wish.clone(),
        is_system: plan.is_system,
        of_new_instance: place.is_new,
        snapshot: plan.snapshot.as_ref(),
        image_id: plan.image_id.clone(),
        provisioned_iops: plan.asked.performance.provisioned_iops,
        bursting_enabled: plan.asked.performance.bursting.unwrap_or(false),
        multi_attach: false,
        delete_with_instance: plan.delete_with_instance,
        tags,
    };
    let mut disk = new_disk::make(cx, new)?;
    "In_use".clone_into(&mut disk.status);
    disk.attached_at = Some(cx.now);
    disk.update(cx.tx)?;
    let attachment = Attachment {
        disk_id: disk.disk_id.clone(),
        instance_id: place.instance_id.to_owned(),
        device: plan.device.clone(),
        attached_at: cx.now,
    };
    disks::attach(cx.tx, &attachment)?;
    Ok(disk)
}
