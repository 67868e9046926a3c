//! DescribeAccountAttributes: how much the account may have in a region, and how much of it is used.
//!
//! The vendor: up to eight attributes are asked about by name; none asks about all. Where it is silent: an attribute without a bound has
//! no values; what is not served here (dedicated hosts, Cloud Assistant) may be had 0 times; the quotas are those that an operator set
//! (`quotas`), the same in every zone.

use coffer_base::{ApiError, Arn, ErrorCode, Region};
use coffer_store::disks;

use super::parameter::KnownRegion;
use super::{instance_types, quota};
use crate::context::Cx;
use crate::decode::{Field, Reader, request};
use crate::operation::{Access, Effect, Operation};
use crate::product::Product;
use crate::value::response;

request! {
    /// What is asked about, and where.
    pub struct Request {
        /// The attributes.
        pub names: Names = "AttributeName",
        /// Where.
        pub region: AttributesRegion = "RegionId",
        /// In which zone.
        pub zone_id: Option<String> = "ZoneId",
    }
}

/// What can be asked about.
const ATTRIBUTES: [&str; 15] = [
    "instance-network-type",
    "max-security-groups",
    "max-elastic-network-interfaces",
    "max-postpaid-instance-vcpu-count",
    "max-spot-instance-vcpu-count",
    "used-postpaid-instance-vcpu-count",
    "used-spot-instance-vcpu-count",
    "max-postpaid-yundisk-capacity",
    "used-postpaid-yundisk-capacity",
    "max-dedicated-hosts",
    "supported-postpaid-instance-types",
    "max-axt-command-count",
    "max-axt-invocation-daily",
    "real-name-authentication",
    "max-cloud-assistant-activation-count",
];

/// `AttributeName.N`: at most eight of [`ATTRIBUTES`]; all, if there are none.
#[derive(Clone, Debug)]
pub struct Names(pub Vec<&'static str>);

impl Field for Names {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        const MOST: usize = 8;
        let known = |item: &str| ATTRIBUTES.into_iter().find(|known| *known == item);
        let names: Option<Vec<_>> = reader.items(name, MOST)?.into_iter().map(known).collect();
        let names = names.ok_or_else(|| reader.invalid(name))?;
        Ok(Self(if names.is_empty() { ATTRIBUTES.to_vec() } else { names }))
    }
}

/// The region, with the code of its own for one that is missing.
#[derive(Clone, Copy, Debug)]
pub struct AttributesRegion(pub Region);

impl Field for AttributesRegion {
    const KIND: &'static str = "String";
    const REQUIRED: bool = true;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let KnownRegion(region) = Option::read(reader, name)?.ok_or(ErrorCode::AttributesRegionMissing)?;
        Ok(Self(region))
    }
}

response! {
    /// The attributes.
    pub struct Response {
        /// In the order they were asked for.
        pub items: Vec<Item> = "AccountAttributeItems" of "AccountAttributeItem",
    }

    /// An attribute.
    pub struct Item {
        /// Its name.
        pub name: &'static str = "AttributeName",
        /// Its values; none for an amount that is not bounded.
        pub values: Vec<ValueItem> = "AttributeValues" of "ValueItem",
    }

    /// A value of an attribute.
    pub struct ValueItem {
        /// A number, or a word.
        pub value: String = "Value",
        /// The zone that was asked about.
        pub zone_id: Option<String> = "ZoneId",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeAccountAttributes",
    effect: Effect::Read,
    access: Access::Action("ecs:DescribeAccountAttributes"),
    idempotent: false,
    errors: &[&[ErrorCode::AttributesRegionMissing, ErrorCode::EcsInvalidParameter, ErrorCode::EcsRegionNotFound]],
};

/// What a policy must allow it on.
pub fn resources(_cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::any()])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let AttributesRegion(region) = request.region;
    if request.zone_id.as_deref().is_some_and(|zone| !region.zones().contains(&zone)) {
        return Err(Product::Ecs.invalid_parameter("ZoneId"));
    }
    let mut items = Vec::new();
    for name in request.names.0 {
        let item = |value| ValueItem { value, zone_id: request.zone_id.clone() };
        items.push(Item { name, values: values(cx, region, name)?.into_iter().map(item).collect() });
    }
    Ok(Response { items })
}

fn values(cx: &Cx<'_>, region: Region, name: &str) -> Result<Vec<String>, ApiError> {
    let quotas = cx.settings.quotas;
    let bound = |most: Option<i64>| most.iter().map(i64::to_string).collect();
    let word = |word: &str| vec![word.to_owned()];
    Ok(match name {
        "instance-network-type" => word("vpc"),
        "max-postpaid-instance-vcpu-count" => bound(quotas.vcpus),
        "max-spot-instance-vcpu-count" => bound(quotas.spot_vcpus),
        "used-postpaid-instance-vcpu-count" => bound(Some(quota::vcpus(cx, region)?.postpaid)),
        "used-spot-instance-vcpu-count" => bound(Some(quota::vcpus(cx, region)?.spot)),
        "max-postpaid-yundisk-capacity" => bound(quotas.data_disk_gib),
        "used-postpaid-yundisk-capacity" => bound(Some(disks::data_gib(cx.tx, cx.account(), region)?)),
        "supported-postpaid-instance-types" => instance_types::ALL.iter().map(|one| one.id.to_owned()).collect(),
        "real-name-authentication" => word("unnecessary"),
        // Ids of networks are taken as they are.
        "max-security-groups" | "max-elastic-network-interfaces" => Vec::new(),
        _ => word("0"),
    })
}
