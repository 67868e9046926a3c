//! ListResourceTags: a key's tags, by their keys, those of services included.

use coffer_base::{ApiError, Arn};
use coffer_store::tags;

use super::key::{self, Forms};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The key.
    pub struct Request {
        /// Its id.
        pub key_id: String = "KeyId",
    }
}

response! {
    /// The tags.
    pub struct Response {
        /// The tags.
        pub tags: Vec<TagItem> = "Tags" of "Tag",
    }

    /// A tag.
    pub struct TagItem {
        /// The key's id.
        pub key_id: String = "KeyId",
        /// The tag's key.
        pub tag_key: String = "TagKey",
        /// The tag's value.
        pub tag_value: String = "TagValue",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ListResourceTags",
    effect: Effect::Read,
    access: Access::Action("kms:ListResourceTags"),
    idempotent: false,
    errors: &[key::ID_ERRORS],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    key::resource(cx, &request.key_id, Forms::Id)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let key = key::find(cx, &request.key_id, Forms::Id)?;
    let item = |tag: tags::Tag| TagItem { key_id: key.key_id.clone(), tag_key: tag.key, tag_value: tag.value };
    Ok(Response { tags: tags::of(cx.tx, &key.key_id)?.into_iter().map(item).collect() })
}
