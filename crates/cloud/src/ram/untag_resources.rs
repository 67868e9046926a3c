//! UntagResources: roles or custom policies lose tags.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::ram_tags;

use super::parameter::{ResourceNames, TagKeys, TaggedType};
use super::tagged;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What from what.
    pub struct Request {
        /// Whether all tags go.
        pub all: Option<bool> = "All",
        /// Their names.
        pub names: ResourceNames = "ResourceNames",
        /// `role` or `policy`.
        pub kind: TaggedType = "ResourceType",
        /// Which tags go.
        pub keys: Option<TagKeys> = "TagKeys",
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
    access: Access::Action("ram:UntagResources"),
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
    let keys = request.keys.map(|TagKeys(keys)| keys).unwrap_or_default();
    for name in tagged::names(cx, request.kind, request.names)? {
        if request.all == Some(true) {
            ram_tags::clear(cx.tx, cx.account(), request.kind.as_str(), &name)?;
        }
        for key in &keys {
            ram_tags::remove(cx.tx, cx.account(), request.kind.as_str(), &name, key)?;
        }
    }
    Ok(Response {})
}
