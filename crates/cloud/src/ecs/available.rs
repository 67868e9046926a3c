//! What can be had, as DescribeAvailableResource and DescribeResourcesModification tell it. There is no stock here that could run out:
//! what this server can make is always to be had, and what it can't make never is.

use coffer_base::{ApiError, ErrorCode};

use super::disk_types::Category;
use super::instance_types::{ALL, InstanceType};
use super::parameter::AvailableRegion;
use crate::decode::{Field, Invalid, Parameter, Reader};
use crate::value::response;

/// `Status` of what can be had.
pub const AVAILABLE: &str = "Available";
/// `StatusCategory` of the same.
pub const WITH_STOCK: &str = "WithStock";

response! {
    /// Something that can be had.
    pub struct Supported {
        /// What it is.
        pub value: String = "Value",
        /// `Available`.
        pub status: &'static str = "Status",
        /// `WithStock`.
        pub status_category: &'static str = "StatusCategory",
        /// The smallest, for a disk.
        pub min: Option<i64> = "Min",
        /// The largest, for a disk.
        pub max: Option<i64> = "Max",
        /// What both are counted in.
        pub unit: Option<&'static str> = "Unit",
    }
}

impl Supported {
    /// Something without a size.
    pub fn plain(value: &str) -> Self {
        let value = value.to_owned();
        Self { value, status: AVAILABLE, status_category: WITH_STOCK, min: None, max: None, unit: None }
    }

    /// A category of system disks. An ESSD's sizes are those of the level it has unless another is asked for.
    pub fn system_disk(category: Category) -> Self {
        let sizes = category.system_sizes_gib(None);
        Self::disk(category, *sizes.start(), *sizes.end())
    }

    /// A category of data disks, likewise.
    pub fn data_disk(category: Category) -> Self {
        let sizes = category.sizes_gib(None);
        Self::disk(category, *sizes.start(), *sizes.end())
    }

    fn disk(category: Category, min: i64, max: i64) -> Self {
        Self { min: Some(min), max: Some(max), unit: Some("GiB"), ..Self::plain(category.as_str()) }
    }
}

/// The errors of both operations.
pub const ERRORS: &[ErrorCode] = &[
    ErrorCode::EcsInvalidParameter,
    ErrorCode::AvailableRegionNotFound,
    ErrorCode::AvailableDestinationMissing,
    ErrorCode::AvailableDestinationNotFound,
    ErrorCode::AvailableTypeConflict,
    ErrorCode::AvailableCoresUnwanted,
    ErrorCode::AvailableMemoryUnwanted,
];

/// `DestinationResource`: what is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Zones.
    Zone,
    /// Whether instances are I/O optimized.
    IoOptimized,
    /// Types of instances.
    InstanceType,
    /// Categories of system disks.
    SystemDisk,
    /// Categories of data disks.
    DataDisk,
    /// Kinds of network.
    Network,
    /// Dedicated hosts.
    DedicatedHost,
}

impl Destination {
    /// The vendor's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Zone => "Zone",
            Self::IoOptimized => "IoOptimized",
            Self::InstanceType => "InstanceType",
            Self::SystemDisk => "SystemDisk",
            Self::DataDisk => "DataDisk",
            Self::Network => "Network",
            Self::DedicatedHost => "ddh",
        }
    }
}

impl Parameter for Destination {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let all = [
            Self::Zone,
            Self::IoOptimized,
            Self::InstanceType,
            Self::SystemDisk,
            Self::DataDisk,
            Self::Network,
            Self::DedicatedHost,
        ];
        let found = all.into_iter().find(|one| one.as_str() == text);
        Ok(found.ok_or(ErrorCode::AvailableDestinationNotFound)?)
    }
}

/// The same, with the code of its own for one that is missing.
#[derive(Clone, Copy, Debug)]
pub struct WantedDestination(pub Destination);

impl Field for WantedDestination {
    const KIND: &'static str = "String";
    const REQUIRED: bool = true;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        Ok(Self(Option::read(reader, name)?.ok_or(ErrorCode::AvailableDestinationMissing)?))
    }
}

/// Which types of instances a request means: one, or those of so many vCPUs and so much memory.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// `InstanceType`.
    pub instance_type: Option<&'a str>,
    /// `Cores`.
    pub vcpus: Option<i64>,
    /// `Memory`, in GiB.
    pub memory_gib: Option<f64>,
}

impl Wanted<'_> {
    /// Refuses a type beside figures, and figures where not types are asked about.
    pub fn check(&self, destination: Destination) -> Result<(), ErrorCode> {
        let by_figures = destination == Destination::InstanceType;
        match (self.vcpus, self.memory_gib) {
            (Some(_), _) if !by_figures => Err(ErrorCode::AvailableCoresUnwanted),
            (_, Some(_)) if !by_figures => Err(ErrorCode::AvailableMemoryUnwanted),
            (None, None) => Ok(()),
            _ if self.instance_type.is_some() => Err(ErrorCode::AvailableTypeConflict),
            _ => Ok(()),
        }
    }

    /// The types, by family and size.
    pub fn types(&self) -> impl Iterator<Item = &'static InstanceType> {
        ALL.iter().filter(|one| {
            self.instance_type.is_none_or(|id| one.id == id)
                && self.vcpus.is_none_or(|vcpus| one.vcpus == vcpus)
                // A memory that is given to three places, as clients round it.
                && self.memory_gib.is_none_or(|memory| (one.memory() - memory).abs() < 0.001)
        })
    }
}

/// The zones of a region, or the one that is asked for.
pub fn zones(AvailableRegion(region): AvailableRegion, zone_id: Option<&str>) -> impl Iterator<Item = &'static str> {
    region.zones().iter().copied().filter(move |zone| zone_id.is_none_or(|wanted| wanted == *zone))
}
