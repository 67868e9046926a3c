//! TagResources: tags for up to 50 resources of one type, all or none.
//!
//! The vendor: at most 20 tags a request and 20 a resource, whose keys differ in more than case. Where it is silent: a tag that is there gets the new value.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::tags::{self, Resource, Tag};

use super::parameter::{MOST_TAGS, new_tags, same_but_for_case};
use super::tagged::{self, SomeResourceIds, TaggedRegion, TaggedType, WithStop};
use crate::context::Cx;
use crate::decode::{Field, Reader, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which tags for what.
    pub struct Request {
        /// Where.
        pub region: TaggedRegion<WithStop> = "RegionId",
        /// The resources.
        pub resource_ids: SomeResourceIds<WithStop> = "ResourceId",
        /// Their type.
        pub resource_type: TaggedType<WithStop> = "ResourceType",
        /// The tags.
        pub tags: SomeTags = "Tag",
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
    access: Access::Action("ecs:TagResources"),
    idempotent: false,
    errors: &[
        &tagged::ERRORS,
        &[
            ErrorCode::TagRegionMissing,
            ErrorCode::TagResourceTypeMissing,
            ErrorCode::TagResourceIdsMissing,
            ErrorCode::TagsMissing,
            ErrorCode::TagsTooMany,
            ErrorCode::DuplicateTagKey,
            ErrorCode::TagKeyDuplication,
            ErrorCode::TagKeyMalformed,
            ErrorCode::TagValueMalformed,
            ErrorCode::TagQuota,
        ],
    ],
};

/// `Tag.N`: at least one, with keys that differ in more than case.
#[derive(Clone, Debug)]
pub struct SomeTags(Vec<Tag>);

impl Field for SomeTags {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = true;
    const MEMBERS: &'static [&'static str] = &["Key", "Value"];

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let tags = new_tags(reader, name, ErrorCode::TagsTooMany)?;
        if tags.is_empty() {
            return Err(ErrorCode::TagsMissing.into());
        }
        if same_but_for_case(&tags, &tags) {
            return Err(ErrorCode::TagKeyDuplication.into());
        }
        Ok(Self(tags))
    }

    fn tags(&self) -> &[Tag] {
        &self.0
    }
}

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(tagged::arns(cx, request.region.0, request.resource_type.0, &request.resource_ids.0))
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let (region, resource_type, ids) = (request.region.0, request.resource_type.0, &request.resource_ids.0);
    tagged::require(cx, region, resource_type, ids)?;
    for resource_id in ids {
        let there = tags::of(cx.tx, resource_id)?;
        let is_new = |tag: &&Tag| there.iter().all(|old| old.key != tag.key);
        let new: Vec<Tag> = request.tags.0.iter().filter(is_new).cloned().collect();
        if same_but_for_case(&there, &new) {
            return Err(ErrorCode::TagKeyDuplication.into());
        }
        if there.len() + new.len() > MOST_TAGS {
            return Err(ErrorCode::TagQuota.into());
        }
        let on = Resource { account: cx.account(), region, resource_type: resource_type.as_str(), resource_id };
        for tag in &request.tags.0 {
            tags::set(cx.tx, on, tag)?;
        }
    }
    Ok(Response {})
}
