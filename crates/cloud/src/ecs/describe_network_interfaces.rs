//! DescribeNetworkInterfaces: the network interfaces of the account's instances in a region, newest first, by pages.
//!
//! There are none but the primary interface of each instance, which is always in use, bears no name and no tags, and has one address.
//! Where the vendor is silent: what asks for other interfaces finds none.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::instances::{self, Filter, Instance};

use super::describe_instances::{AnyAddress, security_groups};
use super::instance_parameter::words;
use super::listing::TagItem;
use super::network_interface::{self, PRIMARY, PrivateIp};
use super::paging::{Page, Paging};
use super::parameter::{KnownRegion, TagFilter};
use crate::context::Cx;
use crate::decode::{Field, Invalid, Parameter, Reader, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which interfaces, and which page of them.
    pub struct Request {
        ..paging: Paging,
        /// Only of this instance.
        pub instance_id: Option<String> = "InstanceId",
        /// Only with one of these IPv6 addresses.
        pub ipv6_addresses: AnyAddress = "Ipv6Address",
        /// Only these.
        pub network_interface_ids: InterfaceIds = "NetworkInterfaceId",
        /// Only of this name.
        pub network_interface_name: Option<String> = "NetworkInterfaceName",
        /// Only with this first address.
        pub primary_ip_address: Option<String> = "PrimaryIpAddress",
        /// Only with one of these further addresses.
        pub private_ip_addresses: AnyAddress = "PrivateIpAddress",
        /// Where.
        pub region: KnownRegion = "RegionId",
        /// Only of this resource group.
        pub resource_group_id: Option<String> = "ResourceGroupId",
        /// Only in this security group.
        pub security_group_id: Option<String> = "SecurityGroupId",
        /// Only those that a service made, or only others.
        pub service_managed: Option<bool> = "ServiceManaged",
        /// Only in this status.
        pub status: Option<Status> = "Status",
        /// Only bearing these tags.
        pub tags: TagFilter = "Tag",
        /// Only of this type.
        pub interface_type: Option<Type> = "Type",
        /// Only in this vSwitch.
        pub vswitch_id: Option<String> = "VSwitchId",
        /// Only in this VPC.
        pub vpc_id: Option<String> = "VpcId",
    }
}

response! {
    /// A page.
    pub struct Response {
        /// The interfaces.
        pub interfaces: Vec<InterfaceItem> = "NetworkInterfaceSets" of "NetworkInterfaceSet",
        /// Where to go on; empty on the last page.
        pub next_token: String = "NextToken",
        /// Which page by number this is.
        pub page_number: i64 = "PageNumber",
        /// Most interfaces on a page.
        pub page_size: i64 = "PageSize",
        /// How many there are on all pages by number.
        pub total_count: i64 = "TotalCount",
    }

    /// An interface.
    pub struct InterfaceItem {
        /// What it is attached to.
        pub attachment: Attachment = "Attachment",
        /// When it was made.
        pub creation_time: String = "CreationTime",
        /// Whether it goes with its instance.
        pub delete_on_release: bool = "DeleteOnRelease",
        /// Its description.
        pub description: &'static str = "Description",
        /// Its instance.
        pub instance_id: String = "InstanceId",
        /// Its IPv6 addresses.
        pub ipv6_addresses: Vec<Ipv6> = "Ipv6Sets" of "Ipv6Set",
        /// Its hardware address.
        pub mac_address: String = "MacAddress",
        /// Its id.
        pub network_interface_id: String = "NetworkInterfaceId",
        /// Its name.
        pub network_interface_name: &'static str = "NetworkInterfaceName",
        /// How it carries its traffic.
        pub traffic_mode: &'static str = "NetworkInterfaceTrafficMode",
        /// Its account.
        pub owner_id: String = "OwnerId",
        /// Its address.
        pub private_ip_address: String = "PrivateIpAddress",
        /// All its private addresses.
        pub private_ips: Vec<PrivateIp> = "PrivateIpSets" of "PrivateIpSet",
        /// Its resource group.
        pub resource_group_id: &'static str = "ResourceGroupId",
        /// Its security groups.
        pub security_group_ids: Vec<String> = "SecurityGroupIds" of "SecurityGroupId",
        /// Whether a service made it.
        pub service_managed: bool = "ServiceManaged",
        /// Whether only traffic of its own addresses passes.
        pub source_dest_check: bool = "SourceDestCheck",
        /// Its status.
        pub status: &'static str = "Status",
        /// Its tags.
        pub tags: Vec<TagItem> = "Tags" of "Tag",
        /// Its type.
        pub interface_type: &'static str = "Type",
        /// Its vSwitch.
        pub vswitch_id: String = "VSwitchId",
        /// Its VPC, which is not known here.
        pub vpc_id: &'static str = "VpcId",
        /// The zone it is in.
        pub zone_id: String = "ZoneId",
    }

    /// What an interface is attached to.
    pub struct Attachment {
        /// Its place among the instance's interfaces.
        pub device_index: i64 = "DeviceIndex",
        /// The instance.
        pub instance_id: String = "InstanceId",
        /// The instance's network card.
        pub network_card_index: i64 = "NetworkCardIndex",
    }

    /// An IPv6 address.
    pub struct Ipv6 {
        /// The address.
        pub ipv6_address: String = "Ipv6Address",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeNetworkInterfaces",
    effect: Effect::Read,
    access: Access::Action("ecs:DescribeNetworkInterfaces"),
    idempotent: false,
    errors: &[&[
        ErrorCode::EcsInvalidParameter,
        ErrorCode::EcsRegionNotFound,
        ErrorCode::TagMismatch,
        ErrorCode::TooManyTags,
    ]],
};

words! {
    /// `Status`.
    Status ["Available", "Attaching", "InUse", "Detaching", "Deleting"] Invalid::Value;
    /// `Type`.
    Type ["Primary", "Secondary"] Invalid::Value;
}

/// Most ids in a list of them.
const MOST_IDS: usize = 100;

/// `NetworkInterfaceId.N`: the instances of the interfaces that are named; `None` where none is.
#[derive(Clone, Debug)]
pub struct InterfaceIds(pub Option<Vec<String>>);

impl Field for InterfaceIds {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let items = reader.items(name, MOST_IDS)?;
        let ids = items.iter().filter_map(|id| network_interface::instance_of(id)).collect();
        Ok(Self((!items.is_empty()).then_some(ids)))
    }
}

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::ecs(request.region.0, cx.account(), "eni/*")])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let filter = filter(&request);
    // The filters' debug text differs whenever they do, which is all that a token needs.
    let filters = format!("{} {filter:?}", request.region.0);
    let page = request.paging.of(OPERATION.name, &filters, (1000, 500)).page(cx)?;
    let Some(filter) = filter else {
        let (interfaces, next_token) = (Vec::new(), String::new());
        return Ok(Response { interfaces, next_token, page_number: page.number, page_size: page.size, total_count: 0 });
    };
    listed(cx, &request, &filter, &page)
}

/// The filters as the store knows them; `None` when they ask for what no interface here can be.
fn filter(request: &Request) -> Option<Filter> {
    let absent = request.ipv6_addresses.0
        || request.private_ip_addresses.0
        || request.network_interface_name.is_some()
        || request.resource_group_id.is_some()
        || request.vpc_id.is_some()
        || request.service_managed == Some(true)
        || request.status.is_some_and(|status| status.0 != "InUse")
        || request.interface_type.is_some_and(|word| word.0 != PRIMARY)
        || !request.tags.0.is_empty();
    let mut instance_ids = request.network_interface_ids.0.clone();
    if let Some(id) = &request.instance_id {
        let fits = instance_ids.as_ref().is_none_or(|ids| ids.contains(id));
        instance_ids = Some(if fits { vec![id.clone()] } else { Vec::new() });
    }
    (!absent).then(|| Filter {
        instance_ids,
        private_ips: request.primary_ip_address.clone().map(|address| vec![address]),
        security_group_id: request.security_group_id.clone(),
        vswitch_id: request.vswitch_id.clone(),
        ..Filter::default()
    })
}

fn listed(cx: &Cx<'_>, request: &Request, filter: &Filter, page: &Page<'_>) -> Result<Response, ApiError> {
    let (region, account) = (request.region.0, cx.account());
    let mut found = instances::list(cx.tx, account, region, filter, &page.start, page.to_read())?;
    let next_token = page.close(cx, &mut found, |instance| (instance.created_at, &instance.instance_id))?;
    let total_count = if page.by_number() { instances::count(cx.tx, account, region, filter)? } else { 0 };
    let interfaces = found.into_iter().map(item).collect();
    Ok(Response { interfaces, next_token, page_number: page.number, page_size: page.size, total_count })
}

fn item(instance: Instance) -> InterfaceItem {
    InterfaceItem {
        attachment: Attachment { device_index: 0, instance_id: instance.instance_id.clone(), network_card_index: 0 },
        creation_time: instance.created_at.to_iso8601(),
        delete_on_release: true,
        description: "",
        ipv6_addresses: Vec::new(),
        mac_address: network_interface::mac_address(&instance.instance_id),
        network_interface_id: network_interface::id_of(&instance.instance_id),
        network_interface_name: "",
        traffic_mode: "Standard",
        owner_id: instance.account.to_string(),
        private_ips: network_interface::private_ips(&instance),
        resource_group_id: "",
        security_group_ids: security_groups(&instance),
        service_managed: false,
        source_dest_check: false,
        status: "InUse",
        tags: Vec::new(),
        interface_type: PRIMARY,
        vpc_id: "",
        instance_id: instance.instance_id,
        private_ip_address: instance.private_ip,
        vswitch_id: instance.vswitch_id,
        zone_id: instance.zone_id,
    }
}
