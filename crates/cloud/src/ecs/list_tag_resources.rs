//! ListTagResources: the tags of resources of one type, in order of resource and key.
//!
//! The vendor: by ids, by tags, or by patterns of tags (`env*`, `*env*`); several tags must all be there, several values of one key
//! are alternatives, and the first of them says how all are compared. Where it is silent: a resource that fits is listed with all its
//! tags, and a page holds the tags of 50 resources, so that a request for as many ids is answered in one.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::tags::{self, Filter, Pattern, Wanted};

use super::parameter::wanted_tags;
use super::tagged::{self, MOST_RESOURCES, ResourceIds, TaggedRegion, TaggedType, WithStop};
use crate::context::Cx;
use crate::decode::{Field, Reader, request};
use crate::operation::{Access, Effect, Operation};
use crate::page::Listing;
use crate::value::response;

request! {
    /// Which resources.
    pub struct Request {
        /// Where to go on.
        pub next_token: Option<String> = "NextToken",
        /// Where.
        pub region: TaggedRegion<WithStop> = "RegionId",
        /// Only these.
        pub resource_ids: ResourceIds = "ResourceId",
        /// Of which type.
        pub resource_type: TaggedType<WithStop> = "ResourceType",
        /// Only bearing all of these.
        pub tags: ExactTags = "Tag",
        /// Only bearing tags that fit all of these.
        pub patterns: TagPatterns = "TagFilter",
    }
}

response! {
    /// A page.
    pub struct Response {
        /// Where to go on; empty on the last page.
        pub next_token: String = "NextToken",
        /// The tags.
        pub tag_resources: Vec<TagResource> = "TagResources" of "TagResource",
    }

    /// A tag of a resource.
    pub struct TagResource {
        /// The resource.
        pub resource_id: String = "ResourceId",
        /// Its type.
        pub resource_type: &'static str = "ResourceType",
        /// The key.
        pub tag_key: String = "TagKey",
        /// The value.
        pub tag_value: String = "TagValue",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ListTagResources",
    effect: Effect::Read,
    access: Access::Action("ecs:ListTagResources"),
    idempotent: false,
    errors: &[
        &tagged::ERRORS,
        &[
            ErrorCode::TagRegionMissing,
            ErrorCode::TagResourceTypeMissing,
            ErrorCode::TagListUnbounded,
            ErrorCode::TagsTooMany,
            ErrorCode::TagMismatch,
            ErrorCode::TagFilterWithTags,
            ErrorCode::TagFilterMalformed,
            ErrorCode::TagFilterValuesTooMany,
            ErrorCode::TagNextToken,
        ],
    ],
};

/// `Tag.N.Key` and `Tag.N.Value`.
#[derive(Clone, Debug)]
pub struct ExactTags(Vec<Wanted>);

impl Field for ExactTags {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;
    const MEMBERS: &'static [&'static str] = &["Key", "Value"];

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let wanted = |(key, value): (String, Option<String>)| Wanted {
            key: Pattern::Exactly(key),
            values: value.into_iter().map(Pattern::Exactly).collect(),
        };
        Ok(Self(wanted_tags(reader, name, ErrorCode::TagsTooMany)?.into_iter().map(wanted).collect()))
    }
}

/// `TagFilter.N.TagKey` and `TagFilter.N.TagValues.M`.
#[derive(Clone, Debug)]
pub struct TagPatterns(Vec<Wanted>);

/// Most of each.
const MOST_PATTERNS: usize = 5;
const PATTERN_CHARACTERS: usize = 128;

impl Field for TagPatterns {
    const KIND: &'static str = "RepeatList";
    const REQUIRED: bool = false;
    const MEMBERS: &'static [&'static str] = &["TagKey", "TagValues"];

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {
        let filters = reader.structures(name, MOST_PATTERNS).map_err(|_| ErrorCode::TagFilterMalformed)?;
        let mut wanted = Vec::new();
        for filter in filters {
            let key = filter.get("TagKey").and_then(|text| pattern(text)).ok_or(ErrorCode::TagFilterMalformed)?;
            let texts: Vec<&str> = filter
                .iter()
                .filter(|(member, text)| member.starts_with("TagValues.") && !text.is_empty())
                .map(|(_, text)| *text)
                .collect();
            wanted.push(Wanted { values: values(&key, &texts)?, key });
        }
        Ok(Self(wanted))
    }
}

fn values(key: &Pattern, texts: &[&str]) -> Result<Vec<Pattern>, ErrorCode> {
    if texts.len() > MOST_PATTERNS {
        return Err(ErrorCode::TagFilterValuesTooMany);
    }
    let patterns: Option<Vec<Pattern>> = texts.iter().map(|text| pattern(text)).collect();
    let mut patterns = patterns.ok_or(ErrorCode::TagFilterMalformed)?;
    // Values are looked for under one key.
    if !patterns.is_empty() && !matches!(key, Pattern::Exactly(_)) {
        return Err(ErrorCode::TagFilterMalformed);
    }
    if let Some(first) = patterns.first().map(std::mem::discriminant) {
        patterns.retain(|pattern| std::mem::discriminant(pattern) == first);
    }
    Ok(patterns)
}

/// `text`, `text*` or `*text*`; no other place for a star.
fn pattern(text: &str) -> Option<Pattern> {
    let (prefix, rest) = text.strip_suffix('*').map_or((false, text), |rest| (true, rest));
    let (infix, rest) = rest.strip_prefix('*').map_or((false, rest), |rest| (true, rest));
    if rest.is_empty() || rest.contains('*') || rest.chars().count() > PATTERN_CHARACTERS {
        return None;
    }
    match (infix, prefix) {
        (true, true) => Some(Pattern::Infix(rest.to_owned())),
        (false, true) => Some(Pattern::Prefix(rest.to_owned())),
        (false, false) => Some(Pattern::Exactly(rest.to_owned())),
        (true, false) => None,
    }
}

/// What a policy must allow it on.
pub fn resources(_cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::any()])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let (ResourceIds(ids), ExactTags(exact), TagPatterns(patterns)) =
        (&request.resource_ids, &request.tags, &request.patterns);
    if ids.is_empty() && exact.is_empty() && patterns.is_empty() {
        return Err(ErrorCode::TagListUnbounded.into());
    }
    if !exact.is_empty() && !patterns.is_empty() {
        return Err(ErrorCode::TagFilterWithTags.into());
    }
    let (region, resource_type) = (request.region.0, request.resource_type.0);
    tagged::require(cx, region, resource_type, ids)?;
    let filter = Filter {
        account: cx.account(),
        region,
        resource_type: resource_type.as_str(),
        resource_ids: ids,
        tags: if exact.is_empty() { patterns } else { exact },
    };
    // The filter's debug text differs whenever it does, which is all that a token needs.
    let filters = format!("{filter:?}");
    let listing = Listing { action: OPERATION.name, filters: &filters };
    let after = match &request.next_token {
        Some(token) => listing.position(cx, token)?.ok_or(ErrorCode::TagNextToken)?,
        None => String::new(),
    };
    // One more than fits tells whether there is a next page.
    let to_read = i64::try_from(MOST_RESOURCES + 1).unwrap_or(i64::MAX);
    let mut found = tags::resources(cx.tx, &filter, &after, to_read)?;
    let more = found.len() > MOST_RESOURCES;
    found.truncate(MOST_RESOURCES);
    let next_token = match found.last() {
        Some(last) if more => listing.token(cx, last)?,
        _ => String::new(),
    };
    let item = |(resource_id, tag): (String, tags::Tag)| TagResource {
        resource_id,
        resource_type: resource_type.as_str(),
        tag_key: tag.key,
        tag_value: tag.value,
    };
    Ok(Response { next_token, tag_resources: tags::of_many(cx.tx, &found)?.into_iter().map(item).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_at_the_end_or_at_both_ends() {
        let text = || "env".to_owned();
        assert_eq!(pattern("env"), Some(Pattern::Exactly(text())));
        assert_eq!(pattern("env*"), Some(Pattern::Prefix(text())));
        assert_eq!(pattern("*env*"), Some(Pattern::Infix(text())));
        for text in ["", "*", "**", "***", "*env", "e*v", "e*v*", &"e".repeat(129)] {
            assert_eq!(pattern(text), None, "{text}");
        }
    }
}
