//! DescribeResourcesModification: which types an instance could become, or which system disks it could have as one of them.
//!
//! The vendor: types are asked about by themselves, or by vCPUs and memory; system disks need the type. A condition `DiskCategory` shows
//! also the types that would take the instance with another category of disks. Where it is silent: an instance can become any other
//! type whose architecture its system runs on and that takes its disks; another zone than its own can be reached with
//! `MigrateAcrossZone` only. Instances are paid as they go, so that only upgrades can be asked about.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::disks;
use coffer_store::instances::Instance;

use super::available::{self, AVAILABLE, Destination, Supported, WITH_STOCK, Wanted, WantedDestination};
use super::describe_instances::type_of;
use super::disk_types::Category;
use super::instance_parameter::words;
use super::instance_types::InstanceType;
use super::owned;
use super::parameter::AvailableRegion;
use crate::context::Cx;
use crate::decode::{Field, Invalid, Parameter, Reader, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which instance, and what is asked about it.
    pub struct Request {
        /// On which conditions more could be had.
        pub conditions: Conditions = "Conditions",
        /// vCPUs of the other type.
        pub vcpus: Option<i64> = "Cores",
        /// What is asked about.
        pub destination: WantedDestination = "DestinationResource",
        /// The other type.
        pub instance_type: Option<String> = "InstanceType",
        /// Memory of the other type in GiB.
        pub memory_gib: Option<f64> = "Memory",
        /// Whether the instance may go elsewhere.
        pub migrate: Option<bool> = "MigrateAcrossZone",
        /// What is to be done.
        pub operation: Option<OperationType> = "OperationType",
        /// Where.
        pub region: AvailableRegion = "RegionId",
        /// The instance.
        pub instance_id: String = "ResourceId",
        /// The zone it is to be in then.
        pub zone_id: Option<String> = "ZoneId",
    }
}

words! {
    /// `OperationType`: what is paid as it goes can be upgraded only.
    OperationType ["Upgrade"] ErrorCode::ModificationOperationInvalid;
    /// `Conditions.N`.
    Condition ["DiskCategory"] ErrorCode::ModificationConditionInvalid;
}

/// Whether types are to be shown that want another category of disks.
#[derive(Clone, Copy, Debug)]
pub struct Conditions(pub bool);

impl Field for Conditions {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        const MOST: usize = 10;
        let items = reader.items(name, MOST)?;
        for item in &items {
            if let Err(Invalid::Code(code)) = Condition::from_text(item) {
                return Err(code.into());
            }
        }
        Ok(Self(!items.is_empty()))
    }
}

response! {
    /// Where something of what is asked about can be had.
    pub struct Response {
        /// The zone, if anything can be had there.
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
        /// Of what there would be one besides.
        pub conditional: Option<Vec<Conditional>> = "ConditionSupportedResources" of "ConditionSupportedResource",
    }

    /// Something that could be had on conditions.
    pub struct Conditional {
        /// What it is.
        pub value: &'static str = "Value",
        /// `Available`.
        pub status: &'static str = "Status",
        /// `WithStock`.
        pub status_category: &'static str = "StatusCategory",
        /// The conditions.
        pub conditions: Vec<ConditionItem> = "Conditions" of "Condition",
    }

    /// A condition.
    pub struct ConditionItem {
        /// `DiskCategory`: with another category of disks.
        pub key: &'static str = "Key",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeResourcesModification",
    effect: Effect::Read,
    access: Access::Action("ecs:DescribeResourcesModification"),
    idempotent: false,
    errors: &[
        available::ERRORS,
        &[
            ErrorCode::EcsMissingParameter,
            ErrorCode::ModificationConditionInvalid,
            ErrorCode::ModificationOperationInvalid,
            ErrorCode::ModificationResourceNotFound,
            ErrorCode::ModificationTypeNotSupported,
        ],
    ],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::ecs(request.region.0, cx.account(), &format!("instance/{}", request.instance_id))])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let WantedDestination(destination) = request.destination;
    if !matches!(destination, Destination::InstanceType | Destination::SystemDisk) {
        return Err(ErrorCode::AvailableDestinationNotFound.into());
    }
    wanted(&request).check(destination)?;
    let found: Option<Instance> = owned::find_in(cx, request.region.0, &request.instance_id)?;
    let instance = found.ok_or(ErrorCode::ModificationResourceNotFound)?;
    let current = type_of(&instance)?;
    let (supported, conditional) = match destination {
        Destination::SystemDisk => (system_disks(&request, current)?, None),
        _ => types(cx, &request, current)?,
    };
    let nothing = supported.is_empty() && conditional.as_ref().is_none_or(Vec::is_empty);
    let zone = zone(&request, &instance).filter(|_| !nothing);
    let resource = Resource { destination: destination.as_str(), supported, conditional };
    let zones = zone.map(|zone_id| Zone {
        region_id: instance.region.id(),
        zone_id,
        status: AVAILABLE,
        status_category: WITH_STOCK,
        resources: vec![resource],
    });
    Ok(Response { zones: zones.into_iter().collect() })
}

fn wanted(request: &Request) -> Wanted<'_> {
    let instance_type = request.instance_type.as_deref();
    Wanted { instance_type, vcpus: request.vcpus, memory_gib: request.memory_gib }
}

/// The zone that the instance would be in, if it can be there.
fn zone(request: &Request, instance: &Instance) -> Option<&'static str> {
    let zone_id = request.zone_id.as_deref().unwrap_or(&instance.zone_id);
    let reachable = zone_id == instance.zone_id || request.migrate == Some(true);
    available::zones(request.region, Some(zone_id)).next().filter(|_| reachable)
}

/// The types that the instance could become: with its disks, and, where that is asked about, with others.
fn types(
    cx: &Cx<'_>,
    request: &Request,
    current: &InstanceType,
) -> Result<(Vec<Supported>, Option<Vec<Conditional>>), ApiError> {
    let attached = disks::attached_to(cx.tx, &request.instance_id)?;
    let categories: Vec<Category> = attached.iter().filter_map(|(_, disk)| Category::parse(&disk.category)).collect();
    let wanted = wanted(request);
    let others = wanted.types().filter(|one| one.id != current.id && is_alike(one, current));
    let (suiting, rest): (Vec<_>, Vec<_>) =
        others.partition(|one| categories.iter().all(|category| one.takes(*category)));
    let conditional = |one: &'static InstanceType| Conditional {
        value: one.id,
        status: AVAILABLE,
        status_category: WITH_STOCK,
        conditions: vec![ConditionItem { key: "DiskCategory" }],
    };
    let Conditions(asked) = request.conditions;
    let conditional = asked.then(|| rest.into_iter().map(conditional).collect());
    Ok((suiting.into_iter().map(|one| Supported::plain(one.id)).collect(), conditional))
}

/// Whether what runs on one runs on the other.
fn is_alike(one: &InstanceType, other: &InstanceType) -> bool {
    one.family.architecture == other.family.architecture
}

/// The categories of system disks that the instance could have as the other type.
fn system_disks(request: &Request, current: &InstanceType) -> Result<Vec<Supported>, ApiError> {
    let missing = || ApiError::with(ErrorCode::EcsMissingParameter, ["InstanceType".to_owned()]);
    let id = request.instance_type.as_deref().ok_or_else(missing)?;
    let found = InstanceType::find(id).filter(|one| is_alike(one, current));
    let one = found.ok_or(ErrorCode::ModificationTypeNotSupported)?;
    let categories = Category::ALL.into_iter().filter(|category| category.can_be_system() && one.takes(*category));
    Ok(categories.map(Supported::system_disk).collect())
}
