//! DescribeRegions: the regions there are.
//!
//! The vendor: names are Chinese unless another language is asked for. A region's endpoint is the one the vendor's own would be;
//! clients that are pointed here by one address reach every region through it.

use coffer_base::{ApiError, Arn, ErrorCode, Region};

use super::parameter::{ChargeType, Language};
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What to list and how.
    pub struct Request {
        /// The language of names.
        pub language: Option<Language> = "AcceptLanguage",
        /// Only regions that sell this way: every region sells both.
        pub charge_type: Option<ChargeType> = "InstanceChargeType",
        /// Only regions that have this: every region has disks and instances.
        pub resource_type: Option<ResourceType> = "ResourceType",
    }
}

/// What a region may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceType {
    /// Instances or disks.
    Offered,
    /// Reserved instances or storage capacity units, which are about billing.
    Billing,
}

impl Parameter for ResourceType {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        match text {
            "instance" | "disk" => Ok(Self::Offered),
            "reservedinstance" | "scu" => Ok(Self::Billing),
            _ => Err(ErrorCode::InvalidResourceType.into()),
        }
    }
}

response! {
    /// The regions.
    pub struct Response {
        /// In the vendor's order.
        pub regions: Vec<RegionItem> = "Regions" of "Region",
    }

    /// A region.
    pub struct RegionItem {
        /// Its id.
        pub region_id: &'static str = "RegionId",
        /// Where ECS answers for it.
        pub endpoint: String = "RegionEndpoint",
        /// Its name.
        pub local_name: &'static str = "LocalName",
        /// Whether anything is left to be had.
        pub status: &'static str = "Status",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeRegions",
    effect: Effect::Read,
    access: Access::Action("ecs:DescribeRegions"),
    idempotent: false,
    errors: &[&[
        ErrorCode::InvalidAcceptLanguage,
        ErrorCode::InvalidInstanceChargeType,
        ErrorCode::InvalidResourceType,
    ]],
};

/// What a policy must allow it on.
pub fn resources(_cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::any()])
}

/// Does it.
pub fn run(_cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    if request.resource_type == Some(ResourceType::Billing) {
        return Ok(Response { regions: Vec::new() });
    }
    let item = |region: Region| RegionItem {
        region_id: region.id(),
        endpoint: format!("ecs.{region}.aliyuncs.com"),
        local_name: match request.language.unwrap_or(Language::Chinese) {
            Language::Chinese => region.name_zh(),
            Language::English => region.name_en(),
        },
        status: "available",
    };
    Ok(Response { regions: Region::all().map(item).collect() })
}
