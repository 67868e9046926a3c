//! ListAliasesByKeyId: a key's aliases by name.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::keys::{self, Key};

use super::alias_item::AliasItem;
use super::key::{self, Forms};
use super::parameter::{PageNumber, PageSize};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Of which key, and which page.
    pub struct Request {
        /// The key's id or ARN.
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
        /// The aliases.
        pub aliases: Vec<AliasItem> = "Aliases" of "Alias",
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
    name: "ListAliasesByKeyId",
    effect: Effect::Read,
    access: Access::Action("kms:ListAliasesByKeyId"),
    idempotent: false,
    errors: &[key::ID_ERRORS, &[ErrorCode::KmsInvalidParameter]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    key::resource(cx, &request.key_id, Forms::Id)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let page_number = request.page_number.map_or(1, |PageNumber(number)| number);
    let page_size = request.page_size.map_or(10, |PageSize(size)| size);
    let Key { key_id, region, .. } = key::find(cx, &request.key_id, Forms::Id)?;
    let offset = (page_number - 1) * page_size;
    let (found, total_count) = keys::list_aliases(cx.tx, cx.account(), region, Some(&key_id), offset, page_size)?;
    let aliases = found.into_iter().map(|alias| AliasItem::of(region, cx.account(), alias));
    Ok(Response { aliases: aliases.collect(), page_number, page_size, total_count })
}
