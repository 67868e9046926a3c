//! DescribeEndpoints: this server, under the name by which the client reached it, for every product it serves. Where that name begins
//! with the Location service's own, as the vendor's do, the product's takes its place: under it the other products are refused.

use coffer_base::{ApiError, Arn, ErrorCode, Region};

use crate::context::Cx;
use crate::decode::{Invalid, Parameter, request};
use crate::operation::{Access, Effect, Operation};
use crate::product::Product;
use crate::value::response;

request! {
    /// What is looked for.
    pub struct Request {
        /// The region.
        pub region: Place = "Id",
        /// The product.
        pub service: Service = "ServiceCode",
        /// The kind of endpoint: `openAPI` is all there is.
        pub kind: Option<String> = "Type",
    }
}

/// A region, which must exist.
#[derive(Clone, Copy, Debug)]
pub struct Place(Region);

impl Parameter for Place {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        Ok(Self(Region::parse(text).ok_or(ErrorCode::LocationInvalidRegion)?))
    }
}

/// A product that is served here.
#[derive(Clone, Copy, Debug)]
pub struct Service(Product);

impl Parameter for Service {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        Ok(Self(Product::by_name(&text.to_ascii_lowercase()).ok_or(ErrorCode::LocationIllegalParameter)?))
    }
}

response! {
    /// The endpoints.
    pub struct Response {
        /// Whether it went well.
        pub success: bool = "Success",
        /// One.
        pub endpoints: Vec<EndpointItem> = "Endpoints" of "Endpoint",
    }

    /// An endpoint.
    pub struct EndpointItem {
        /// What it speaks.
        pub protocols: Vec<&'static str> = "Protocols" of "Protocols",
        /// The kind.
        pub kind: &'static str = "Type",
        /// The vendor's number for the product's interface.
        pub namespace: &'static str = "Namespace",
        /// The region.
        pub region_id: &'static str = "Id",
        /// The product. The vendor spells it so, and clients read it so.
        pub service_code: &'static str = "SerivceCode",
        /// Host, and port where there is one.
        pub endpoint: String = "Endpoint",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeEndpoints",
    effect: Effect::Read,
    access: Access::Caller,
    idempotent: false,
    errors: &[&[ErrorCode::LocationInvalidRegion, ErrorCode::LocationIllegalParameter]],
};

/// What a policy must allow it on.
pub fn resources(_cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::any()])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let endpoint = EndpointItem {
        protocols: vec!["HTTP", "HTTPS"],
        kind: "openAPI",
        namespace: "26842",
        region_id: request.region.0.id(),
        service_code: request.service.0.name(),
        endpoint: host_of(request.service.0, &cx.origin.host),
    };
    let wanted = request.kind.is_none_or(|kind| kind == "openAPI");
    Ok(Response { success: true, endpoints: if wanted { vec![endpoint] } else { Vec::new() } })
}

/// The host under which a product is reached, where the Location service is reached under `host`.
fn host_of(product: Product, host: &str) -> String {
    match host.split_once('.') {
        Some((label, rest)) if Product::by_name(label) == Some(Product::Location) => {
            format!("{}.{rest}", product.name())
        }
        _ => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_location_service_is_answered_with_one_of_the_product() {
        for (host, expected) in [
            ("location-readonly.aliyuncs.com", "ecs.aliyuncs.com"),
            ("location.localhost:7600", "ecs.localhost:7600"),
            ("127.0.0.1:7600", "127.0.0.1:7600"),
            ("localhost:7600", "localhost:7600"),
            ("coffer.example.com", "coffer.example.com"),
        ] {
            assert_eq!(host_of(Product::Ecs, host), expected);
        }
    }
}
