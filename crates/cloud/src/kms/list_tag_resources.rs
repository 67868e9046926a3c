//! ListTagResources: the tags of keys or of secrets, those of services included: of those named, of those that bear all of some tags, or of all.
//!
//! A page has at most 200 tags; a resource's tags are on one page.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::secrets::Secret;
use coffer_store::tags::{self, Filter, Pattern, Tag, Wanted};
use coffer_store::{Record as _, secrets};

use super::tagging::{OptionalResourceIds, ResourceType, TagFilter};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::page::Listing;
use crate::product::Product;
use crate::value::response;

request! {
    /// Which, and where to go on.
    pub struct Request {
        /// Where to go on.
        pub next_token: Option<String> = "NextToken",
        /// Where; the region of the request.
        pub region_id: String = "RegionId",
        /// Only of these.
        pub resource_ids: OptionalResourceIds = "ResourceId",
        /// What they are.
        pub resource_type: ResourceType = "ResourceType",
        /// Only of those that bear these.
        pub tags: TagFilter = "Tag",
    }
}

response! {
    /// A page.
    pub struct Response {
        /// Where to go on; empty at the end.
        pub next_token: String = "NextToken",
        /// The tags.
        pub tags: Vec<TagItem> = "TagResources" of "TagResource",
    }

    /// A tag, and what it is on.
    pub struct TagItem {
        /// The key's id, or the secret's name.
        pub resource_id: String = "ResourceId",
        /// `key` or `secret`.
        pub resource_type: &'static str = "ResourceType",
        /// The tag's key.
        pub tag_key: String = "TagKey",
        /// The tag's value.
        pub tag_value: String = "TagValue",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ListTagResources",
    effect: Effect::Read,
    access: Access::Action("kms:ListTagResources"),
    idempotent: false,
    errors: &[&[ErrorCode::KmsInvalidParameter, ErrorCode::KmsServiceNotEnabled]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    let region = cx.region();
    let kind = request.resource_type.as_str();
    let arn = |id: &String| Arn::kms(region, cx.account(), &format!("{kind}/{id}"));
    Ok(match request.resource_ids.0.iter().map(arn).collect::<Vec<_>>() {
        named if !named.is_empty() => named,
        _ => vec![Arn::kms(region, cx.account(), kind)],
    })
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let kind = request.resource_type;
    let filters = format!("{} {kind:?} {:?} {:?}", cx.region(), request.resource_ids, request.tags);
    let listing = Listing { action: OPERATION.name, filters: &filters };
    let after = match &request.next_token {
        None => String::new(),
        Some(token) => listing.position(cx, token)?.ok_or_else(|| Product::Kms.invalid_parameter("NextToken"))?,
    };
    let named = ids(cx, kind, &request.resource_ids.0)?;
    if named.is_empty() && !request.resource_ids.0.is_empty() {
        return Ok(Response { next_token: String::new(), tags: Vec::new() });
    }
    let exactly = |(key, value): &(String, Option<String>)| Wanted {
        key: Pattern::Exactly(key.clone()),
        values: value.iter().cloned().map(Pattern::Exactly).collect(),
    };
    let tags: Vec<Wanted> = request.tags.0.iter().map(exactly).collect();
    let account = cx.account().clone();
    let filter = Filter {
        account: &account,
        region: cx.region(),
        resource_type: kind.as_str(),
        resource_ids: &named,
        tags: &tags,
    };
    let found = tags::resources(cx.tx, &filter, &after, MOST)?;
    let (page, last) = page(tags::of_many(cx.tx, &found)?);
    let more = last.filter(|last| found.last().is_some_and(|end| end != last) || is_full(&found));
    let next_token = more.map(|last| listing.token(cx, &last)).transpose()?.unwrap_or_default();
    let tags = page.into_iter().map(|(id, tag)| item(cx, kind, id, tag)).collect::<Result<_, _>>()?;
    Ok(Response { next_token, tags })
}

/// Most tags of a page, and most resources that are looked at for one.
const MOST: i64 = 200;

fn is_full(found: &[String]) -> bool {
    i64::try_from(found.len()).is_ok_and(|found| found == MOST)
}

/// The ids under which tags are stored: of a secret it is not its name. What is not there has no tags.
fn ids(cx: &Cx<'_>, kind: ResourceType, names: &[String]) -> Result<Vec<String>, ApiError> {
    if kind == ResourceType::Key {
        return Ok(names.to_vec());
    }
    let mut ids = Vec::new();
    for name in names {
        ids.extend(secrets::by_name(cx.tx, cx.account(), cx.region(), name)?.map(|secret| secret.secret_id));
    }
    Ok(ids)
}

/// As many whole resources as fit on a page, and the last of them.
fn page(mut tags: Vec<(String, Tag)>) -> (Vec<(String, Tag)>, Option<String>) {
    let most = usize::try_from(MOST).expect("a small number");
    if tags.len() > most {
        let cut = tags[most].0.clone();
        tags.truncate(most);
        tags.retain(|(id, _)| *id != cut);
    }
    let last = tags.last().map(|(id, _)| id.clone());
    (tags, last)
}

fn item(cx: &Cx<'_>, kind: ResourceType, id: String, tag: Tag) -> Result<TagItem, ApiError> {
    let resource_id = match kind {
        ResourceType::Key => id,
        ResourceType::Secret => {
            let secret = Secret::get(cx.tx, &id)?;
            secret.ok_or_else(|| ApiError::internal("a tag on a secret that is not there"))?.secret_name
        }
    };
    Ok(TagItem { resource_id, resource_type: kind.as_str(), tag_key: tag.key, tag_value: tag.value })
}
