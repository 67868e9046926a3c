//! UntagResources: tags taken from several keys or secrets; all of them where no keys are given and `All` is true.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::tagging::{self, ResourceIds, ResourceType, TagKeyField};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// From what, and which.
    pub struct Request {
        /// Whether all tags go; counts only where no keys are given.
        pub every: Option<bool> = "All",
        /// Where; the region of the request.
        pub region_id: String = "RegionId",
        /// Ids of keys, or names of secrets.
        pub resource_ids: ResourceIds = "ResourceId",
        /// What they are.
        pub resource_type: ResourceType = "ResourceType",
        /// The keys of the tags.
        pub keys: TagKeyField = "TagKey",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "UntagResources",
    effect: Effect::Write,
    access: Access::Action("kms:UntagResources"),
    idempotent: false,
    errors: &[tagging::ERRORS, tagging::CHANGE_ERRORS, &[ErrorCode::AliasNotAllowed]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    tagging::resources_of_all(cx, request.resource_type, &request.resource_ids.0)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let every = request.keys.0.is_empty() && request.every == Some(true);
    for tagged in tagging::all(cx, request.resource_type, &request.resource_ids.0)? {
        if every {
            tagged.clear(cx)?;
        } else {
            tagged.remove(cx, &request.keys.0)?;
        }
    }
    Ok(Response {})
}
