//! UntagResources: takes tags off up to 50 resources of one type, all or none.
//!
//! Where the vendor is silent: a tag that is not there is no error.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::tags;

use super::parameter::MOST_TAGS;
use super::tagged::{self, SomeResourceIds, TaggedRegion, TaggedType, WithoutStop};
use crate::context::Cx;
use crate::decode::{Field, Reader, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which tags off what.
    pub struct Request {
        /// Whether all of them.
        pub all: Option<bool> = "All",
        /// Where.
        pub region: TaggedRegion<WithoutStop> = "RegionId",
        /// The resources.
        pub resource_ids: SomeResourceIds<WithoutStop> = "ResourceId",
        /// Their type.
        pub resource_type: TaggedType<WithoutStop> = "ResourceType",
        /// The keys.
        pub tag_keys: TagKeys = "TagKey",
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
    access: Access::Action("ecs:UntagResources"),
    idempotent: false,
    errors: &[
        &tagged::ERRORS,
        &[
            ErrorCode::EcsInvalidParameter,
            ErrorCode::UntagRegionMissing,
            ErrorCode::UntagResourceTypeMissing,
            ErrorCode::UntagResourceIdsMissing,
            ErrorCode::UntagTagsMissing,
            ErrorCode::TagsTooMany,
            ErrorCode::TagAllWithKeys,
        ],
    ],
};

/// `TagKey.N`.
#[derive(Clone, Debug)]
pub struct TagKeys(Vec<String>);

impl Field for TagKeys {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let keys = reader.items(name, MOST_TAGS).map_err(|_| ErrorCode::TagsTooMany)?;
        Ok(Self(keys.into_iter().filter(|key| !key.is_empty()).map(str::to_owned).collect()))
    }
}

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(tagged::arns(cx, request.region.0, request.resource_type.0, &request.resource_ids.0))
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let (all, TagKeys(keys)) = (request.all == Some(true), request.tag_keys);
    match (all, keys.is_empty()) {
        (true, false) => return Err(ErrorCode::TagAllWithKeys.into()),
        (false, true) => return Err(ErrorCode::UntagTagsMissing.into()),
        _ => {}
    }
    tagged::require(cx, request.region.0, request.resource_type.0, &request.resource_ids.0)?;
    for resource_id in &request.resource_ids.0 {
        if all {
            tags::clear(cx.tx, resource_id)?;
        }
        for key in &keys {
            tags::remove(cx.tx, resource_id, key)?;
        }
    }
    Ok(Response {})
}
