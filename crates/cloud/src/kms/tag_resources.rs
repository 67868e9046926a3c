//! TagResources: tags on several keys or secrets, each in place of one with the same key: on all, or on none.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::tagging::{self, ResourceIds, ResourceType, TagField};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// On what, and which.
    pub struct Request {
        /// Where; the region of the request.
        pub region_id: String = "RegionId",
        /// Ids of keys, or names of secrets.
        pub resource_ids: ResourceIds = "ResourceId",
        /// What they are.
        pub resource_type: ResourceType = "ResourceType",
        /// The tags.
        pub tags: TagField = "Tag",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "TagResources",
    effect: Effect::Write,
    access: Access::Action("kms:TagResources"),
    idempotent: false,
    errors: &[tagging::ERRORS, tagging::CHANGE_ERRORS, &[ErrorCode::AliasNotAllowed, ErrorCode::KmsLimitExceeded]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    tagging::resources_of_all(cx, request.resource_type, &request.resource_ids.0)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    for tagged in tagging::all(cx, request.resource_type, &request.resource_ids.0)? {
        tagged.set(cx, &request.tags.0)?;
    }
    Ok(Response {})
}
