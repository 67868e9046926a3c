//! ListTagResources: the tags that roles or custom policies bear.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::ram_tags::{self, Filter};

use super::listing::Page;
use super::parameter::{ResourceNames, TagFilter, TaggedType, Within};
use super::tagged;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::page::Listing;
use crate::value::response;

request! {
    /// What it is about.
    pub struct Request {
        /// Where the page begins.
        pub token: Option<String> = "NextToken",
        /// Most entries on it.
        pub size: Option<Within<1, 100>> = "PageSize",
        /// Only those of these resources.
        pub names: Option<ResourceNames> = "ResourceNames",
        /// `role` or `policy`.
        pub kind: TaggedType = "ResourceType",
        /// Only those of resources that bear all of these.
        pub tags: Option<TagFilter> = "Tag",
    }
}

response! {
    /// A page.
    pub struct Response {
        /// Where the next page begins, if there is one.
        pub token: Option<String> = "NextToken",
        /// By resource and key.
        pub tags: Vec<TagResource> = "TagResources",
    }

    /// A tag on a resource.
    pub struct TagResource {
        /// `role` or `policy`.
        pub kind: String = "ResourceType",
        /// The resource's name.
        pub name: String = "ResourceName",
        /// The tag's key.
        pub key: String = "TagKey",
        /// Its value.
        pub value: String = "TagValue",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ListTagResources",
    effect: Effect::Read,
    access: Access::Action("ram:ListTagResources"),
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
    Ok(match &request.names {
        Some(names) => tagged::arns(cx, request.kind, names),
        None => vec![Arn::ram(cx.account(), &format!("{}/*", request.kind.as_str()))],
    })
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let tags = request.tags.map(|TagFilter(tags)| tags).unwrap_or_default();
    let names = request.names.map(|names| tagged::names(cx, request.kind, names)).transpose()?.unwrap_or_default();
    let filters = format!("{:?}/{names:?}/{tags:?}", request.kind);
    let listing = Listing { action: "ListTagResources", filters: &filters };
    let size = request.size.map_or(DEFAULT_SIZE, |Within(size)| size);
    let page = Page::new(cx, listing, "NextToken", request.token.as_deref(), size)?;
    // A name has no `/`, so the first one parts it from the key.
    let after =
        page.after.split_once('/').map_or_else(Default::default, |(name, key)| (name.to_owned(), key.to_owned()));
    let kind = request.kind.as_str();
    let filter = Filter { account: cx.account(), resource_type: kind, names: &names, tags: &tags };
    let mut found = ram_tags::page(cx.tx, &filter, &after, page.limit())?;
    let token = page.cut(cx, &mut found, |on| format!("{}/{}", on.resource_name, on.tag.key))?;
    let item = |on: ram_tags::Tagged| TagResource {
        kind: on.resource_type,
        name: on.resource_name,
        key: on.tag.key,
        value: on.tag.value,
    };
    Ok(Response { token, tags: found.into_iter().map(item).collect() })
}

/// Entries on a page when the request does not say.
const DEFAULT_SIZE: i64 = 100;
