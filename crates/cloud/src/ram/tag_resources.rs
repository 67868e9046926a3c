//! TagResources: roles or custom policies get tags.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::ram_tags;

use super::parameter::{MOST_TAGS, ResourceNames, TaggedType, Tags};
use super::tagged;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What on what.
    pub struct Request {
        /// Their names.
        pub names: ResourceNames = "ResourceNames",
        /// `role` or `policy`.
        pub kind: TaggedType = "ResourceType",
        /// The tags.
        pub tags: Tags = "Tag",
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
    access: Access::Action("ram:TagResources"),
    idempotent: false,
    errors: &[&[
        ErrorCode::RamMissingParameter,
        ErrorCode::RamInvalidParameter,
        ErrorCode::RoleNotExist,
        ErrorCode::PolicyNotExist,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(tagged::arns(cx, request.kind, &request.names))
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let Tags(tags) = request.tags;
    for name in tagged::names(cx, request.kind, request.names)? {
        for tag in &tags {
            ram_tags::set(cx.tx, cx.account(), request.kind.as_str(), &name, tag)?;
        }
        if ram_tags::of(cx.tx, cx.account(), request.kind.as_str(), &name)?.len() > MOST_TAGS {
            return Err(ApiError::with(ErrorCode::RamInvalidParameter, ["Tag".to_owned()]));
        }
    }
    Ok(Response {})
}
