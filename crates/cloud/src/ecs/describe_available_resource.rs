//! DescribeAvailableResource: what can be had in each zone of a region.
//!
//! The vendor: what is asked about may be narrowed by what comes before it (zone, I/O optimization, type of instance, system disk, data
//! disk); vCPUs and memory narrow types of instances only. Where it is silent: what comes before need not be given; subscriptions,
//! reserved instances, dedicated hosts, the classic network and instances that are not I/O optimized can't be had, so that no zone is
//! listed for them; nor is one for a zone, a type or a category that there is not. Sizes of ESSDs are those of PL1.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::absent::NoHostToLookAt;
use super::available::{self, AVAILABLE, Destination, Supported, WITH_STOCK, Wanted, WantedDestination};
use super::disk_types::Category;
use super::instance_parameter::words;
use super::instance_types::InstanceType;
use super::parameter::AvailableRegion;
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What is asked about, and where.
    pub struct Request {
        /// vCPUs of an instance.
        pub vcpus: Option<i64> = "Cores",
        /// Only where data disks can be of this category.
        pub data_category: Option<String> = "DataDiskCategory",
        /// Only on this dedicated host.
        pub dedicated_host_id: Option<NoHostToLookAt> = "DedicatedHostId",
        /// What is asked about.
        pub destination: WantedDestination = "DestinationResource",
        /// Only what is sold this way.
        pub charge_type: Option<Charge> = "InstanceChargeType",
        /// Only for this type of instances.
        pub instance_type: Option<String> = "InstanceType",
        /// Only for instances that are I/O optimized, or are not.
        pub io_optimized: Option<IoOptimized> = "IoOptimized",
        /// An instance's memory in GiB.
        pub memory_gib: Option<f64> = "Memory",
        /// Only in this kind of network.
        pub network: Option<Network> = "NetworkCategory",
        /// Where.
        pub region: AvailableRegion = "RegionId",
        /// What kind of resource is to be made.
        pub resource_type: Option<ResourceType> = "ResourceType",
        /// Of reserved instances.
        pub scope: Option<Scope> = "Scope",
        /// For how long a spot instance is kept in any case: any is possible.
        pub spot_duration_h: Option<i64> = "SpotDuration",
        /// How instances are bid for: every way is possible.
        pub spot_strategy: Option<Spot> = "SpotStrategy",
        /// Only where system disks can be of this category.
        pub system_category: Option<String> = "SystemDiskCategory",
        /// Only there.
        pub zone_id: Option<String> = "ZoneId",
    }
}

words! {
    /// `InstanceChargeType`.
    Charge ["PostPaid", "PrePaid"] ErrorCode::AvailableChargeTypeInvalid;
    /// `IoOptimized`.
    IoOptimized ["optimized", "none"] ErrorCode::AvailableIoOptimizedInvalid;
    /// `NetworkCategory`.
    Network ["vpc", "classic"] ErrorCode::AvailableNetworkInvalid;
    /// `ResourceType`.
    ResourceType ["instance", "disk", "reservedinstance", "ddh"] ErrorCode::AvailableResourceTypeNotFound;
    /// `Scope`.
    Scope ["Region", "Zone"] ErrorCode::AvailableScopeInvalid;
    /// `SpotStrategy`.
    Spot ["NoSpot", "SpotWithPriceLimit", "SpotAsPriceGo"] ErrorCode::AvailableSpotStrategyInvalid;
}

response! {
    /// Where something of what is asked about can be had.
    pub struct Response {
        /// The zones, in order.
        pub zones: Vec<Zone> = "AvailableZones" of "AvailableZone",
    }

    /// A zone.
    pub struct Zone {
        /// Where it is.
        pub region_id: &'static str = "RegionId",
        /// Its id.
        pub zone_id: &'static str = "ZoneId",
        /// `Available`.
        pub status: &'static str = "Status",
        /// `WithStock`.
        pub status_category: &'static str = "StatusCategory",
        /// What can be had there.
        pub resources: Vec<Resource> = "AvailableResources" of "AvailableResource",
    }

    /// What is asked about.
    pub struct Resource {
        /// The word that the request used.
        pub destination: &'static str = "Type",
        /// Of what there is a choice.
        pub supported: Vec<Supported> = "SupportedResources" of "SupportedResource",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeAvailableResource",
    effect: Effect::Read,
    access: Access::Action("ecs:DescribeAvailableResource"),
    idempotent: false,
    errors: &[
        available::ERRORS,
        &[
            ErrorCode::AvailableChargeTypeInvalid,
            ErrorCode::AvailableDedicatedHostNotFound,
            ErrorCode::AvailableIoOptimizedInvalid,
            ErrorCode::AvailableNetworkInvalid,
            ErrorCode::AvailableResourceTypeNotFound,
            ErrorCode::AvailableScopeInvalid,
            ErrorCode::AvailableSpotStrategyInvalid,
        ],
    ],
};

/// What a policy must allow it on.
pub fn resources(_cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::any()])
}

/// Does it.
pub fn run(_cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let WantedDestination(destination) = request.destination;
    wanted(&request).check(destination)?;
    let zone = |zone_id| Zone {
        region_id: request.region.0.id(),
        zone_id,
        status: AVAILABLE,
        status_category: WITH_STOCK,
        resources: vec![Resource {
            destination: destination.as_str(),
            supported: supported(&request, destination, zone_id),
        }],
    };
    let all = available::zones(request.region, request.zone_id.as_deref()).map(zone);
    Ok(Response { zones: all.filter(|zone| !zone.resources[0].supported.is_empty()).collect() })
}

fn wanted(request: &Request) -> Wanted<'_> {
    let instance_type = request.instance_type.as_deref();
    Wanted { instance_type, vcpus: request.vcpus, memory_gib: request.memory_gib }
}

/// What can be had of what is asked about.
fn supported(request: &Request, destination: Destination, zone_id: &str) -> Vec<Supported> {
    let resource_type = request.resource_type.map_or("instance", |ResourceType(word)| word);
    let never = request.charge_type == Some(Charge("PrePaid"))
        || request.io_optimized == Some(IoOptimized("none"))
        || request.network == Some(Network("classic"));
    match resource_type {
        _ if never => Vec::new(),
        "instance" => of_instances(request, destination, zone_id),
        "disk" => of_disks(request, destination, zone_id),
        _ => Vec::new(),
    }
}

/// Whether a category is the one that is asked for, if one is.
fn is_wanted(asked: Option<&str>, category: Category) -> bool {
    asked.is_none_or(|asked| asked == category.as_str())
}

fn of_instances(request: &Request, destination: Destination, zone_id: &str) -> Vec<Supported> {
    let (system, data) = (request.system_category.as_deref(), request.data_category.as_deref());
    let system: Vec<Category> =
        Category::ALL.into_iter().filter(|c| c.can_be_system() && is_wanted(system, *c)).collect();
    let data: Vec<Category> = Category::ALL.into_iter().filter(|c| is_wanted(data, *c)).collect();
    let suits = |one: &&InstanceType| {
        system.iter().any(|category| one.takes(*category)) && data.iter().any(|category| one.takes(*category))
    };
    let wanted = wanted(request);
    let types: Vec<&InstanceType> = wanted.types().filter(suits).collect();
    let taken = |category: &&Category| types.iter().any(|one| one.takes(**category));
    let plain = |value| if types.is_empty() { Vec::new() } else { vec![Supported::plain(value)] };
    match destination {
        Destination::Zone => plain(zone_id),
        Destination::IoOptimized => plain("optimized"),
        Destination::Network => plain("vpc"),
        Destination::InstanceType => types.iter().map(|one| Supported::plain(one.id)).collect(),
        Destination::SystemDisk => system.iter().filter(taken).map(|c| Supported::system_disk(*c)).collect(),
        Destination::DataDisk => data.iter().filter(taken).map(|c| Supported::data_disk(*c)).collect(),
        Destination::DedicatedHost => Vec::new(),
    }
}

/// Disks by themselves: they are data disks, and no instance narrows them.
fn of_disks(request: &Request, destination: Destination, zone_id: &str) -> Vec<Supported> {
    let asked = request.data_category.as_deref();
    let disks: Vec<Category> = Category::ALL.into_iter().filter(|category| is_wanted(asked, *category)).collect();
    match destination {
        Destination::Zone if !disks.is_empty() => vec![Supported::plain(zone_id)],
        Destination::DataDisk => disks.into_iter().map(Supported::data_disk).collect(),
        _ => Vec::new(),
    }
}
