//! ListKeyVersions: the versions of a key, newest first.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::keys;

use super::key::{self, Forms};
use super::parameter::{PageNumber, PageSize};
use super::version_item::VersionItem;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Of which key, and which page.
    pub struct Request {
        /// The key's id, alias or ARN.
        pub key_id: String = "KeyId",
        /// From 1.
        pub page_number: Option<PageNumber> = "PageNumber",
        /// At most this many.
        pub page_size: Option<PageSize<0, 101>> = "PageSize",
    }
}

response! {
    /// A page.
    pub struct Response {
        /// The versions.
        pub versions: Vec<VersionItem> = "KeyVersions" of "KeyVersion",
        /// Which page this is.
        pub page_number: i64 = "PageNumber",
        /// How many a page holds.
        pub page_size: i64 = "PageSize",
        /// How many there are.
        pub total_count: i64 = "TotalCount",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ListKeyVersions",
    effect: Effect::Read,
    access: Access::Action("kms:ListKeyVersions"),
    idempotent: false,
    errors: &[key::NAME_ERRORS, &[ErrorCode::KmsInvalidParameter]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    key::resource(cx, &request.key_id, Forms::IdOrAlias)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let page_number = request.page_number.map_or(1, |PageNumber(number)| number);
    let page_size = request.page_size.map_or(10, |PageSize(size)| size);
    let key = key::find(cx, &request.key_id, Forms::IdOrAlias)?;
    let (found, total_count) = keys::list_versions(cx.tx, &key.key_id, (page_number - 1) * page_size, page_size)?;
    Ok(Response { versions: found.into_iter().map(VersionItem::of).collect(), page_number, page_size, total_count })
}
