//! DescribeRegions: the regions that there are. Whoever can sign may ask.

use coffer_base::{ApiError, Arn, Region};

use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Nothing.
    pub struct Request {}
}

response! {
    /// The regions.
    pub struct Response {
        /// The regions.
        pub regions: Vec<RegionItem> = "Regions" of "Region",
    }

    /// A region.
    pub struct RegionItem {
        /// Its id.
        pub region_id: String = "RegionId",
    }
}

/// What it declares.
pub const OPERATION: Operation =
    Operation { name: "DescribeRegions", effect: Effect::Read, access: Access::Caller, idempotent: false, errors: &[] };

/// What a policy must allow it on.
pub fn resources(_cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::any()])
}

/// Does it.
pub fn run(_cx: &mut Cx<'_>, _request: Request) -> Result<Response, ApiError> {
    let regions = Region::all().map(|region| RegionItem { region_id: region.id().to_owned() });
    Ok(Response { regions: regions.collect() })
}
