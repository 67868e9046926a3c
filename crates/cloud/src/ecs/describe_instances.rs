//! DescribeInstances: the account's instances in a region, newest first, by pages.
//!
//! The vendor: an unknown id is simply not listed; a name may hold `*`; `NextToken` or `MaxResults` asks for pages by token, where
//! `TotalCount` means nothing. What no instance here has (public addresses, network interfaces, dedicated hosts, locks) is empty, and
//! nothing is found by it.

use std::collections::HashMap;
use std::net::IpAddr;

use coffer_base::{ApiError, Arn, ErrorCode, Timestamp};
use coffer_store::instances::{self, Filter, Instance};
use coffer_store::tags::{self, Tag};

use super::instance_parameter::{HttpEndpoint, HttpTokens, MOST_INSTANCE_IDS, words};
use super::instance_types::{self, Family, InstanceType};
use super::listing::{self, OperationLock, TagItem};
use super::network_interface::{self, Interface};
use super::paging::{Page, Paging};
use super::parameter::{KnownRegion, TagFilter};
use super::time_filter::TimeFilter;
use crate::context::Cx;
use crate::decode::{Field, Invalid, Parameter, Reader, json_strings, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which instances, and which page of them.
    pub struct Request {
        ..paging: Paging,
        /// What to show besides: it is shown in any case.
        pub additional: Additional = "AdditionalAttributes",
        /// Only those that disks can be attached to, or only others.
        pub device_available: Option<bool> = "DeviceAvailable",
        /// Only to say whether the request is in order.
        pub dry_run: Option<bool> = "DryRun",
        /// Only with one of these elastic addresses.
        pub eip_addresses: Option<Addresses> = "EipAddresses",
        /// Only made at or after a moment.
        pub created_from: TimeFilter<1> = "Filter.1",
        /// Only made at or before a moment.
        pub created_until: TimeFilter<2> = "Filter.2",
        /// Only expiring at or after a moment.
        pub expires_from: TimeFilter<3> = "Filter.3",
        /// Only expiring at or before a moment.
        pub expires_until: TimeFilter<4> = "Filter.4",
        /// Only of this HPC cluster.
        pub hpc_cluster_id: Option<String> = "HpcClusterId",
        /// Only with this setting.
        pub http_endpoint: Option<HttpEndpoint> = "HttpEndpoint",
        /// Only with this setting.
        pub http_put_response_hop_limit: Option<i64> = "HttpPutResponseHopLimit",
        /// Only with this setting.
        pub http_tokens: Option<HttpTokens> = "HttpTokens",
        /// Only made from this image.
        pub image_id: Option<String> = "ImageId",
        /// Only with one of these addresses of the classic network.
        pub inner_ip_addresses: Option<Addresses> = "InnerIpAddresses",
        /// Only paid this way.
        pub charge_type: Option<ChargeFilter> = "InstanceChargeType",
        /// Only these.
        pub instance_ids: Option<InstanceIds> = "InstanceIds",
        /// Only of this name; `*` stands for any text.
        pub instance_name: Option<String> = "InstanceName",
        /// Only in this kind of network.
        pub network_type: Option<NetworkType> = "InstanceNetworkType",
        /// Only of this type.
        pub instance_type: Option<String> = "InstanceType",
        /// Only of this family of types.
        pub instance_type_family: Option<String> = "InstanceTypeFamily",
        /// Only with bandwidth paid this way.
        pub internet_charge_type: Option<InternetChargeFilter> = "InternetChargeType",
        /// Only I/O optimized ones, or only others.
        pub io_optimized: Option<bool> = "IoOptimized",
        /// Only with one of these IPv6 addresses.
        pub ipv6_addresses: AnyAddress = "Ipv6Address",
        /// Only with this key pair.
        pub key_pair_name: Option<String> = "KeyPairName",
        /// Only locked for this reason.
        pub lock_reason: Option<LockReason> = "LockReason",
        /// Only with one of these private addresses.
        pub private_ip_addresses: Option<Addresses> = "PrivateIpAddresses",
        /// Only with one of these public addresses.
        pub public_ip_addresses: Option<Addresses> = "PublicIpAddresses",
        /// Only with one of these RDMA addresses.
        pub rdma_ip_addresses: Option<Addresses> = "RdmaIpAddresses",
        /// Where.
        pub region: KnownRegion = "RegionId",
        /// Only of this resource group.
        pub resource_group_id: Option<String> = "ResourceGroupId",
        /// Only in this security group.
        pub security_group_id: Option<String> = "SecurityGroupId",
        /// Only in this status.
        pub status: Option<StatusFilter> = "Status",
        /// Only bearing all of these.
        pub tags: TagFilter = "Tag",
        /// Only in this vSwitch.
        pub vswitch_id: Option<String> = "VSwitchId",
        /// Only in this VPC.
        pub vpc_id: Option<String> = "VpcId",
        /// Only in this zone.
        pub zone_id: Option<String> = "ZoneId",
    }
    refused { "NeedSaleCycle" unless "false", }
}

response! {
    /// A page.
    pub struct Response {
        /// The instances.
        pub instances: Vec<InstanceItem> = "Instances" of "Instance",
        /// Where to go on; empty on the last page.
        pub next_token: String = "NextToken",
        /// Which page by number this is.
        pub page_number: i64 = "PageNumber",
        /// Most instances on a page.
        pub page_size: i64 = "PageSize",
        /// How many there are on all pages by number.
        pub total_count: i64 = "TotalCount",
    }

    /// An instance.
    pub struct InstanceItem {
        /// When it is to be released by itself.
        pub auto_release_time: String = "AutoReleaseTime",
        /// Its cluster.
        pub cluster_id: &'static str = "ClusterId",
        /// vCPUs.
        pub cpu: i64 = "Cpu",
        /// Cores and threads.
        pub cpu_options: CpuOptions = "CpuOptions",
        /// When it was made.
        pub creation_time: String = "CreationTime",
        /// How it is paid beyond its credits.
        pub credit_specification: String = "CreditSpecification",
        /// Its dedicated host.
        pub dedicated_host: DedicatedHost = "DedicatedHostAttribute",
        /// Its ties to a dedicated host.
        pub dedicated_instance: DedicatedInstance = "DedicatedInstanceAttribute",
        /// Whether it is kept from being deleted.
        pub deletion_protection: bool = "DeletionProtection",
        /// Its deployment set.
        pub deployment_set_id: &'static str = "DeploymentSetId",
        /// Its description.
        pub description: String = "Description",
        /// Whether disks can be attached.
        pub device_available: bool = "DeviceAvailable",
        /// Its reserved capacity.
        pub capacity_reservation: CapacityReservation = "EcsCapacityReservationAttr",
        /// Its elastic address.
        pub eip_address: EipAddress = "EipAddress",
        /// When it expires: never.
        pub expired_time: &'static str = "ExpiredTime",
        /// GPUs.
        pub gpu_amount: i64 = "GPUAmount",
        /// Their kind.
        pub gpu_spec: &'static str = "GPUSpec",
        /// Hibernation.
        pub hibernation: Hibernation = "HibernationOptions",
        /// The host's name.
        pub host_name: String = "HostName",
        /// Its HPC cluster.
        pub hpc_cluster_id: &'static str = "HpcClusterId",
        /// The image it was made from.
        pub image_id: String = "ImageId",
        /// Its addresses in the classic network.
        pub inner_ip_addresses: Vec<String> = "InnerIpAddress" of "IpAddress",
        /// How it is paid.
        pub charge_type: &'static str = "InstanceChargeType",
        /// Its id.
        pub instance_id: String = "InstanceId",
        /// Its name.
        pub instance_name: String = "InstanceName",
        /// Its kind of network.
        pub network_type: &'static str = "InstanceNetworkType",
        /// Its type.
        pub instance_type: String = "InstanceType",
        /// The family of its type.
        pub instance_type_family: &'static str = "InstanceTypeFamily",
        /// How bandwidth is paid.
        pub internet_charge_type: String = "InternetChargeType",
        /// Inbound bandwidth in Mbit/s.
        pub internet_max_bandwidth_in: i64 = "InternetMaxBandwidthIn",
        /// Outbound bandwidth in Mbit/s.
        pub internet_max_bandwidth_out: i64 = "InternetMaxBandwidthOut",
        /// Whether it is I/O optimized.
        pub io_optimized: bool = "IoOptimized",
        /// Its key pair.
        pub key_pair_name: String = "KeyPairName",
        /// Memory in MiB.
        pub memory_mib: i64 = "Memory",
        /// Its metadata service.
        pub metadata_options: MetadataOptions = "MetadataOptions",
        /// Its network interfaces.
        pub network_interfaces: Vec<Interface> = "NetworkInterfaces" of "NetworkInterface",
        /// The operating system, for people.
        pub os_name: String = "OSName",
        /// `linux` or `windows`.
        pub os_type: String = "OSType",
        /// What keeps it from being used.
        pub operation_locks: Vec<OperationLock> = "OperationLocks" of "LockReason",
        /// Its public addresses.
        pub public_ip_addresses: Vec<String> = "PublicIpAddress" of "IpAddress",
        /// Its RDMA addresses.
        pub rdma_ip_addresses: Vec<String> = "RdmaIpAddress" of "IpAddress",
        /// Whether it goes to a bin before it goes.
        pub recyclable: bool = "Recyclable",
        /// Where it is.
        pub region_id: &'static str = "RegionId",
        /// Its resource group.
        pub resource_group_id: &'static str = "ResourceGroupId",
        /// Its security groups.
        pub security_group_ids: Vec<String> = "SecurityGroupIds" of "SecurityGroupId",
        /// Its serial number.
        pub serial_number: String = "SerialNumber",
        /// For how long a spot instance is kept in any case, in hours.
        pub spot_duration_h: Option<i64> = "SpotDuration",
        /// What becomes of a spot instance that is not kept.
        pub spot_interruption: String = "SpotInterruptionBehavior",
        /// The most it may cost an hour.
        pub spot_price_limit: f64 = "SpotPriceLimit",
        /// How it is bid for.
        pub spot_strategy: String = "SpotStrategy",
        /// When it was last started.
        pub start_time: String = "StartTime",
        /// Its status.
        pub status: String = "Status",
        /// Whether it is paid for while it is stopped.
        pub stopped_mode: String = "StoppedMode",
        /// Its tags.
        pub tags: Vec<TagItem> = "Tags" of "Tag",
        /// Its network of the classic network.
        pub vlan_id: &'static str = "VlanId",
        /// Its place in a VPC.
        pub vpc: VpcAttributes = "VpcAttributes",
        /// The zone it is in.
        pub zone_id: String = "ZoneId",
    }

    /// Cores and threads.
    pub struct CpuOptions {
        /// Cores.
        pub cores: i64 = "CoreCount",
        /// Threads of a core.
        pub threads_per_core: i64 = "ThreadsPerCore",
    }

    /// A dedicated host.
    pub struct DedicatedHost {
        /// Its cluster.
        pub cluster_id: &'static str = "DedicatedHostClusterId",
        /// Its id.
        pub host_id: &'static str = "DedicatedHostId",
        /// Its name.
        pub host_name: &'static str = "DedicatedHostName",
    }

    /// Ties to a dedicated host.
    pub struct DedicatedInstance {
        /// Whether it stays on its host.
        pub affinity: &'static str = "Affinity",
        /// Whether it is on one.
        pub tenancy: &'static str = "Tenancy",
    }

    /// Reserved capacity.
    pub struct CapacityReservation {
        /// Its id.
        pub reservation_id: &'static str = "CapacityReservationId",
        /// Which may be used.
        pub preference: &'static str = "CapacityReservationPreference",
    }

    /// An elastic address.
    pub struct EipAddress {
        /// Its id.
        pub allocation_id: &'static str = "AllocationId",
        /// How its bandwidth is paid.
        pub internet_charge_type: &'static str = "InternetChargeType",
        /// The address.
        pub ip_address: &'static str = "IpAddress",
    }

    /// Hibernation.
    pub struct Hibernation {
        /// Whether it can hibernate.
        pub configured: bool = "Configured",
    }

    /// The metadata service of an instance.
    pub struct MetadataOptions {
        /// Whether it answers.
        pub http_endpoint: String = "HttpEndpoint",
        /// How far its answers travel.
        pub http_put_response_hop_limit: i64 = "HttpPutResponseHopLimit",
        /// Whether it wants tokens.
        pub http_tokens: String = "HttpTokens",
    }

    /// A place in a VPC.
    pub struct VpcAttributes {
        /// Its address for other VPCs.
        pub nat_ip_address: &'static str = "NatIpAddress",
        /// Its private addresses.
        pub private_ip_addresses: Vec<String> = "PrivateIpAddress" of "IpAddress",
        /// Its vSwitch.
        pub vswitch_id: String = "VSwitchId",
        /// The VPC, which is not known here.
        pub vpc_id: &'static str = "VpcId",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeInstances",
    effect: Effect::Read,
    access: Access::Action("ecs:DescribeInstances"),
    idempotent: false,
    errors: &[&[
        ErrorCode::EcsInvalidParameter,
        ErrorCode::EcsRegionNotFound,
        ErrorCode::ChargeTypeNotFound,
        ErrorCode::InternetChargeTypeNotFound,
        ErrorCode::LockReasonNotFound,
        ErrorCode::FilterKeyNotFound,
        ErrorCode::FilterValueInvalid,
        ErrorCode::NetworkTypeNotFound,
        ErrorCode::InstanceStatusNotFound,
        ErrorCode::TagMismatch,
        ErrorCode::TooManyTags,
        ErrorCode::DryRunOperation,
    ]],
};

words! {
    /// `InstanceChargeType`.
    ChargeFilter ["PostPaid", "PrePaid"] ErrorCode::ChargeTypeNotFound;
    /// `InstanceNetworkType`.
    NetworkType ["vpc", "classic"] ErrorCode::NetworkTypeNotFound;
    /// `InternetChargeType`.
    InternetChargeFilter ["PayByTraffic", "PayByBandwidth"] ErrorCode::InternetChargeTypeNotFound;
    /// `LockReason`.
    LockReason ["financial", "security", "recycling", "dedicatedhostfinancial", "refunded"] ErrorCode::LockReasonNotFound;
    /// `Status`.
    StatusFilter ["Pending", "Starting", "Running", "Stopping", "Stopped"] ErrorCode::InstanceStatusNotFound;
}

/// `InstanceIds`: a JSON array.
#[derive(Clone, Debug)]
pub struct InstanceIds(pub Vec<String>);

impl Parameter for InstanceIds {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        json_strings(text, MOST_INSTANCE_IDS).map(Self).ok_or(Invalid::Value)
    }
}

/// A JSON array of at most 100 addresses.
#[derive(Clone, Debug)]
pub struct Addresses(pub Vec<String>);

impl Parameter for Addresses {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        const MOST: usize = 100;
        let addresses = json_strings(text, MOST).ok_or(Invalid::Value)?;
        if addresses.iter().any(|address| address.parse::<IpAddr>().is_err()) {
            return Err(Invalid::Value);
        }
        Ok(Self(addresses))
    }
}

/// A list of addresses that no instance has: all that matters is whether there are any.
#[derive(Clone, Copy, Debug)]
pub struct AnyAddress(pub bool);

impl Field for AnyAddress {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        Ok(Self(!reader.items(name, 100)?.is_empty()))
    }
}

/// `AdditionalAttributes.N`.
#[derive(Clone, Copy, Debug)]
pub struct Additional;

impl Field for Additional {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        const KNOWN: [&str; 6] = [
            "META_OPTIONS",
            "DDH_CLUSTER",
            "NETWORK_PRIMARY_ENI_IP",
            // Not on the operation's page, but asked for by Terraform's every reading of an instance.
            "LOGIN_AS_NON_ROOT",
            "DISK_HIGH_DENSITY_MODE",
            "CPU_OPTIONS_TOPOLOGY_TYPE",
        ];
        let known = reader.items(name, 10)?.iter().all(|item| KNOWN.contains(item));
        if known { Ok(Self) } else { Err(reader.invalid(name)) }
    }
}

/// When a pay-as-you-go instance expires: never.
pub const EXPIRED_TIME: &str = "2999-09-08T16:00Z";
/// The same, as a moment.
const EXPIRES_AT: Timestamp = Timestamp::from_unix_ms(32_493_801_600_000);

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    let ids = request.instance_ids.as_ref().map(|InstanceIds(ids)| ids.as_slice());
    Ok(listing::resources(cx, request.region.0, "instance", ids))
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let filter = filter(&request);
    // The filters' debug text differs whenever they do, which is all that a token needs.
    let filters = format!("{} {filter:?}", request.region.0);
    let page = request.paging.of(OPERATION.name, &filters, (100, 100)).page(cx)?;
    if request.dry_run == Some(true) {
        return Err(ErrorCode::DryRunOperation.into());
    }
    match filter {
        Some(filter) => listed(cx, &request, &filter, &page),
        None => Ok(Response {
            instances: Vec::new(),
            next_token: String::new(),
            page_number: page.number,
            page_size: page.size,
            total_count: 0,
        }),
    }
}

/// The filters as the store knows them; `None` when they ask for what no instance here can be.
fn filter(request: &Request) -> Option<Filter> {
    let absent = [
        request.eip_addresses.is_some(),
        request.inner_ip_addresses.is_some(),
        request.public_ip_addresses.is_some(),
        request.rdma_ip_addresses.is_some(),
        request.ipv6_addresses.0,
        request.hpc_cluster_id.is_some(),
        request.lock_reason.is_some(),
        request.resource_group_id.is_some(),
        request.vpc_id.is_some(),
        request.charge_type.is_some_and(|word| word.0 == "PrePaid"),
        request.network_type.is_some_and(|word| word.0 == "classic"),
        request.device_available == Some(false),
        request.io_optimized == Some(false),
        request.expires_from.0.is_some_and(|from| from > EXPIRES_AT),
        request.expires_until.0.is_some_and(|until| until < EXPIRES_AT),
    ];
    if absent.contains(&true) {
        return None;
    }
    let owned = |word: Option<&'static str>| word.map(str::to_owned);
    Some(Filter {
        instance_ids: request.instance_ids.as_ref().map(|InstanceIds(ids)| ids.clone()),
        ram_role_name: None,
        with_ram_role: false,
        private_ips: request.private_ip_addresses.as_ref().map(|Addresses(addresses)| addresses.clone()),
        zone_id: request.zone_id.clone(),
        instance_name: request.instance_name.clone(),
        image_id: request.image_id.clone(),
        instance_types: types(request.instance_type.as_deref(), request.instance_type_family.as_deref()),
        status: owned(request.status.map(|word| word.0)),
        vswitch_id: request.vswitch_id.clone(),
        security_group_id: request.security_group_id.clone(),
        key_pair_name: request.key_pair_name.clone(),
        internet_charge_type: owned(request.internet_charge_type.map(|word| word.0)),
        http_endpoint: owned(request.http_endpoint.map(|word| word.0)),
        http_tokens: owned(request.http_tokens.map(|word| word.0)),
        http_put_response_hop_limit: request.http_put_response_hop_limit,
        created_from: request.created_from.0,
        created_until: request.created_until.0,
        tags: request.tags.0.clone(),
    })
}

/// The types that both the type and the family let through.
fn types(id: Option<&str>, family: Option<&str>) -> Option<Vec<String>> {
    if id.is_none() && family.is_none() {
        return None;
    }
    let wanted = instance_types::ALL
        .iter()
        .filter(|one| id.is_none_or(|id| id == one.id) && family.is_none_or(|family| family == one.family.id));
    Some(wanted.map(|one| one.id.to_owned()).collect())
}

fn listed(cx: &Cx<'_>, request: &Request, filter: &Filter, page: &Page<'_>) -> Result<Response, ApiError> {
    let (region, account) = (request.region.0, cx.account());
    let mut found = instances::list(cx.tx, account, region, filter, &page.start, page.to_read())?;
    let next_token = page.close(cx, &mut found, |instance| (instance.created_at, &instance.instance_id))?;
    let total_count = if page.by_number() { instances::count(cx.tx, account, region, filter)? } else { 0 };
    let ids: Vec<String> = found.iter().map(|instance| instance.instance_id.clone()).collect();
    let mut tags: HashMap<String, Vec<Tag>> = HashMap::new();
    for (instance_id, tag) in tags::of_many(cx.tx, &ids)? {
        tags.entry(instance_id).or_default().push(tag);
    }
    let items = found.into_iter().map(|instance| {
        let tags = tags.remove(&instance.instance_id).unwrap_or_default();
        item(instance, tags)
    });
    let instances = items.collect::<Result<_, _>>()?;
    Ok(Response { instances, next_token, page_number: page.number, page_size: page.size, total_count })
}

/// The type of an instance. Types are never taken out of the table while instances are of them.
pub fn type_of(instance: &Instance) -> Result<&'static InstanceType, ApiError> {
    InstanceType::find(&instance.instance_type).ok_or_else(|| {
        ApiError::internal(format!("an instance of a type that does not exist: {}", instance.instance_type))
    })
}

/// The ids of an instance's security groups.
pub fn security_groups(instance: &Instance) -> Vec<String> {
    instance.security_group_ids.split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect()
}

/// A moment in minutes, as instances show it; empty for none.
fn minutes(at: Option<Timestamp>) -> String {
    at.map(Timestamp::to_iso8601_minutes).unwrap_or_default()
}

fn cpu_options(instance_type: &InstanceType) -> CpuOptions {
    let Family { threads_per_core, .. } = *instance_type.family;
    CpuOptions { cores: instance_type.vcpus / threads_per_core, threads_per_core }
}

fn item(instance: Instance, tags: Vec<Tag>) -> Result<InstanceItem, ApiError> {
    let instance_type = type_of(&instance)?;
    #[expect(clippy::cast_precision_loss, reason = "at most a million, in thousandths")]
    let spot_price_limit = instance.spot_price_limit_milli.map_or(0.0, |milli| milli as f64 / 1000.0);
    Ok(InstanceItem {
        auto_release_time: minutes(instance.auto_release_at),
        cluster_id: "",
        cpu: instance_type.vcpus,
        cpu_options: cpu_options(instance_type),
        creation_time: instance.created_at.to_iso8601_minutes(),
        dedicated_host: DedicatedHost { cluster_id: "", host_id: "", host_name: "" },
        dedicated_instance: DedicatedInstance { affinity: "", tenancy: "" },
        deletion_protection: instance.deletion_protection,
        deployment_set_id: "",
        device_available: true,
        capacity_reservation: CapacityReservation { reservation_id: "", preference: "" },
        eip_address: EipAddress { allocation_id: "", internet_charge_type: "", ip_address: "" },
        expired_time: EXPIRED_TIME,
        gpu_amount: 0,
        gpu_spec: "",
        hibernation: Hibernation { configured: false },
        hpc_cluster_id: "",
        inner_ip_addresses: Vec::new(),
        charge_type: "PostPaid",
        network_type: "vpc",
        instance_type_family: instance_type.family.id,
        io_optimized: true,
        memory_mib: instance_type.memory_gib * 1024,
        network_interfaces: vec![network_interface::of(&instance)],
        operation_locks: Vec::new(),
        public_ip_addresses: Vec::new(),
        rdma_ip_addresses: Vec::new(),
        recyclable: false,
        region_id: instance.region.id(),
        resource_group_id: "",
        security_group_ids: security_groups(&instance),
        start_time: minutes(instance.started_at),
        spot_price_limit,
        tags: tags.into_iter().map(TagItem::from).collect(),
        vlan_id: "",
        vpc: VpcAttributes {
            nat_ip_address: "",
            private_ip_addresses: vec![instance.private_ip],
            vswitch_id: instance.vswitch_id,
            vpc_id: "",
        },
        metadata_options: MetadataOptions {
            http_endpoint: instance.http_endpoint,
            http_put_response_hop_limit: instance.http_put_response_hop_limit,
            http_tokens: instance.http_tokens,
        },
        credit_specification: instance.credit_specification,
        description: instance.description,
        host_name: instance.host_name,
        image_id: instance.image_id,
        instance_id: instance.instance_id,
        instance_name: instance.instance_name,
        instance_type: instance.instance_type,
        internet_charge_type: instance.internet_charge_type,
        internet_max_bandwidth_in: instance.internet_max_bandwidth_in,
        internet_max_bandwidth_out: instance.internet_max_bandwidth_out,
        key_pair_name: instance.key_pair_name,
        os_name: instance.os_name,
        os_type: instance.os_type,
        serial_number: instance.serial_number,
        spot_duration_h: instance.spot_duration_h,
        spot_interruption: instance.spot_interruption_behavior,
        spot_strategy: instance.spot_strategy,
        status: instance.status,
        stopped_mode: instance.stopped_mode,
        zone_id: instance.zone_id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moment_of_expiry_is_the_one_that_is_shown() {
        assert_eq!(EXPIRES_AT.to_iso8601_minutes(), EXPIRED_TIME);
    }
}
