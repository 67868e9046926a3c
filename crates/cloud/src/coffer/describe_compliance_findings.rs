//! DescribeComplianceFindings: what of the account's disks, snapshots and keys in a region is not as it should be, each with the call
//! that mends it.

use coffer_base::{ApiError, Arn, ErrorCode};

use crate::compliance::{self, Finding, Kind, Place};
use crate::context::Cx;
use crate::decode::request;
use crate::ecs::parameter::KnownRegion;
use crate::operation::{Access, Effect, Operation};
use crate::page::Listing;
use crate::product::Product;
use crate::value::response;

/// Findings on a page unless it is said, at least, and at most.
const USUAL: i64 = 50;
const LEAST: i64 = 10;
const MOST: i64 = 100;

request! {
    /// Where, and of which kind.
    pub struct Request {
        /// Where.
        pub region: KnownRegion = "RegionId",
        /// Only of this kind.
        pub kind: Option<Kind> = "Kind",
        /// Most findings on a page; there may be fewer although more follow.
        pub max_results: Option<i64> = "MaxResults",
        /// Where to go on.
        pub next_token: Option<String> = "NextToken",
    }
}

response! {
    /// A page of findings.
    pub struct Response {
        /// The findings.
        pub findings: Vec<FindingItem> = "Findings" of "Finding",
        /// The token of the next page; empty on the last one.
        pub next_token: String = "NextToken",
    }

    /// Something that is not as it should be.
    pub struct FindingItem {
        /// What.
        pub kind: &'static str = "Kind",
        /// `disk`, `snapshot` or `key`.
        pub resource_type: &'static str = "ResourceType",
        /// Its id.
        pub resource_id: String = "ResourceId",
        /// Where it is.
        pub region_id: &'static str = "RegionId",
        /// The key in question.
        pub kms_key_id: Option<String> = "KMSKeyId",
        /// What is the matter, in a sentence.
        pub detail: String = "Detail",
        /// Whether what mends it is being done already.
        pub is_under_way: bool = "UnderWay",
        /// What mends it; nothing where no call does.
        pub remedy: Option<RemedyItem> = "Remedy",
    }

    /// A call that mends something.
    pub struct RemedyItem {
        /// The product.
        pub product: &'static str = "Product",
        /// The version of its interface.
        pub version: &'static str = "Version",
        /// The action.
        pub action: &'static str = "Action",
        /// Its parameters.
        pub parameters: Vec<ParameterItem> = "Parameters" of "Parameter",
        /// What does the same on the command line.
        pub command: String = "Command",
    }

    /// A parameter.
    pub struct ParameterItem {
        /// Its name.
        pub name: &'static str = "Name",
        /// Its value.
        pub value: String = "Value",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeComplianceFindings",
    effect: Effect::Read,
    access: Access::Action("coffer:DescribeComplianceFindings"),
    idempotent: false,
    errors: &[&[ErrorCode::EcsInvalidParameter, ErrorCode::EcsRegionNotFound]],
};

/// What a policy must allow it on.
pub fn resources(_cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::any()])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let (region, kind) = (request.region.0, request.kind);
    let filters = [region.id(), kind.map_or("", Kind::as_str)].join(" ");
    let listing = Listing { action: OPERATION.name, filters: &filters };
    let place = match &request.next_token {
        None => Place::BEGINNING,
        Some(token) => {
            let place = listing.position(cx, token)?.and_then(|text| Place::parse(&text));
            place.ok_or_else(|| Product::Coffer.invalid_parameter("NextToken"))?
        }
    };
    let most = request.max_results.unwrap_or(USUAL).clamp(LEAST, MOST);
    let most = usize::try_from(most).map_err(ApiError::internal)?;
    let (findings, next) = compliance::examine(cx, region, kind, place, most)?;
    let next_token = next.map(|place| listing.token(cx, &place.to_text())).transpose()?.unwrap_or_default();
    Ok(Response { findings: findings.into_iter().map(|finding| item(region.id(), finding)).collect(), next_token })
}

fn item(region_id: &'static str, finding: Finding) -> FindingItem {
    let (kind, id) = (finding.kind.as_str(), finding.resource_id.clone());
    let remedy = finding.remedy.map(|remedy| RemedyItem {
        product: remedy.product.code(),
        version: remedy.product.version(),
        action: remedy.action,
        parameters: remedy.parameters.into_iter().map(|(name, value)| ParameterItem { name, value }).collect(),
        command: format!("coffer compliance fix --region {region_id} --kind {kind} --resource {id}"),
    });
    FindingItem {
        kind,
        resource_type: finding.resource_type,
        resource_id: finding.resource_id,
        region_id,
        kms_key_id: finding.kms_key_id,
        detail: finding.detail,
        is_under_way: finding.is_under_way,
        remedy,
    }
}
