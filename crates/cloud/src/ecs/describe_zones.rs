//! DescribeZones: the zones of a region, and what can be had there.
//!
//! Where the vendor's answer depends on stock, every zone here offers the same: all categories of disks, and all instance types
//! there are.

use coffer_base::{ApiError, Arn, ErrorCode, Region};

use super::disk_types::Category;
use super::instance_types;
use super::parameter::{ChargeType, KnownRegion, Language};
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which region, and how.
    pub struct Request {
        /// The language of names.
        pub language: Option<Language> = "AcceptLanguage",
        /// Only zones that sell this way: every zone sells both.
        pub charge_type: Option<ChargeType> = "InstanceChargeType",
        /// The region.
        pub region: KnownRegion = "RegionId",
        /// Only zones with such spot instances: every zone has them.
        pub spot_strategy: Option<SpotStrategy> = "SpotStrategy",
        /// Whether to say what can be had in each zone.
        pub verbose: Option<bool> = "Verbose",
    }
}

/// How spot instances are bid for.
#[derive(Clone, Copy, Debug)]
pub struct SpotStrategy;

impl Parameter for SpotStrategy {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        match text {
            "NoSpot" | "SpotWithPriceLimit" | "SpotAsPriceGo" => Ok(Self),
            _ => Err(ErrorCode::InvalidSpotStrategy.into()),
        }
    }
}

response! {
    /// The zones.
    pub struct Response {
        /// In order of their ids.
        pub zones: Vec<Zone> = "Zones" of "Zone",
    }

    /// A zone.
    pub struct Zone {
        /// Its id.
        pub zone_id: &'static str = "ZoneId",
        /// Its kind.
        pub zone_type: &'static str = "ZoneType",
        /// Its name.
        pub local_name: String = "LocalName",
        /// What can be combined.
        pub resources: Option<Vec<Resources>> = "AvailableResources" of "ResourcesInfo",
        /// What can be made.
        pub creation: Option<Vec<&'static str>> = "AvailableResourceCreation" of "ResourceTypes",
        /// Types of instances.
        pub instance_types: Option<Vec<&'static str>> = "AvailableInstanceTypes" of "InstanceTypes",
        /// Categories of disks.
        pub disk_categories: Option<Vec<&'static str>> = "AvailableDiskCategories" of "DiskCategories",
        /// Types of dedicated hosts.
        pub host_types: Option<Vec<&'static str>> = "AvailableDedicatedHostTypes" of "DedicatedHostType",
        /// Categories of shared block storage.
        pub volume_categories: Option<Vec<&'static str>> = "AvailableVolumeCategories" of "VolumeCategories",
        /// Generations of dedicated hosts.
        pub host_generations: Option<Vec<&'static str>> = "DedicatedHostGenerations" of "DedicatedHostGeneration",
    }

    /// What can be combined.
    pub struct Resources {
        /// Whether instances are I/O optimized.
        pub io_optimized: bool = "IoOptimized",
        /// Categories of system disks.
        pub system_disks: Vec<&'static str> = "SystemDiskCategories" of "supportedSystemDiskCategory",
        /// Categories of data disks.
        pub data_disks: Vec<&'static str> = "DataDiskCategories" of "supportedDataDiskCategory",
        /// Types of instances.
        pub instance_types: Vec<&'static str> = "InstanceTypes" of "supportedInstanceType",
        /// Families of instance types.
        pub families: Vec<&'static str> = "InstanceTypeFamilies" of "supportedInstanceTypeFamily",
        /// Generations of instance types.
        pub generations: Vec<&'static str> = "InstanceGenerations" of "supportedInstanceGeneration",
        /// Kinds of network.
        pub networks: Vec<&'static str> = "NetworkTypes" of "supportedNetworkCategory",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeZones",
    effect: Effect::Read,
    access: Access::Action("ecs:DescribeZones"),
    idempotent: false,
    errors: &[&[
        ErrorCode::EcsRegionNotFound,
        ErrorCode::InvalidAcceptLanguage,
        ErrorCode::InvalidInstanceChargeType,
        ErrorCode::InvalidSpotStrategy,
    ]],
};

/// What a policy must allow it on.
pub fn resources(_cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::any()])
}

/// Does it.
pub fn run(_cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let region = request.region.0;
    let language = request.language.unwrap_or(Language::Chinese);
    let verbose = request.verbose.unwrap_or(true);
    Ok(Response { zones: region.zones().iter().map(|zone_id| zone(region, zone_id, language, verbose)).collect() })
}

fn zone(region: Region, zone_id: &'static str, language: Language, verbose: bool) -> Zone {
    let categories = || Category::ALL.map(Category::as_str).to_vec();
    let system = || Category::ALL.into_iter().filter(|category| category.can_be_system()).map(Category::as_str);
    let types = || instance_types::ALL.iter().map(|instance_type| instance_type.id).collect();
    let resources = || Resources {
        io_optimized: true,
        system_disks: system().collect(),
        data_disks: categories(),
        instance_types: types(),
        families: instance_types::families().map(|family| family.id).collect(),
        generations: vec!["ecs-5"],
        networks: vec!["vpc"],
    };
    Zone {
        zone_id,
        zone_type: "AvailabilityZone",
        local_name: local_name(region, zone_id, language),
        resources: verbose.then(|| vec![resources()]),
        creation: verbose.then(|| vec!["VSwitch", "IoOptimized", "Instance", "Disk"]),
        instance_types: verbose.then(types),
        disk_categories: verbose.then(categories),
        host_types: verbose.then(Vec::new),
        volume_categories: verbose.then(Vec::new),
        host_generations: verbose.then(Vec::new),
    }
}

/// `Hangzhou Zone G`, from the region's `China (Hangzhou)` and the zone's last letter.
fn local_name(region: Region, zone_id: &str, language: Language) -> String {
    let letter = zone_id.chars().last().map_or(' ', |c| c.to_ascii_uppercase());
    let inner = |name: &'static str, open: char, close: char| -> &'static str {
        let inside = name.split_once(open).and_then(|(_, rest)| rest.split_once(close));
        inside.map_or(name, |(inside, _)| inside)
    };
    match language {
        Language::English => format!("{} Zone {letter}", inner(region.name_en(), '(', ')')),
        Language::Chinese => format!("{} 可用区{letter}", inner(region.name_zh(), '（', '）')),
    }
}
