//! ListAliases: the account's aliases in the region by name, those of services included.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::keys;

use super::alias_item::AliasItem;
use super::parameter::{PageNumber, PageSize};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which page.
    pub struct Request {
        /// From 1.
        pub page_number: Option<PageNumber> = "PageNumber",
        /// At most this many.
        pub page_size: Option<PageSize<0, 100>> = "PageSize",
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
    name: "ListAliases",
    effect: Effect::Read,
    access: Access::Action("kms:ListAliases"),
    idempotent: false,
    errors: &[&[ErrorCode::KmsInvalidParameter, ErrorCode::KmsServiceNotEnabled]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::kms(cx.region(), cx.account(), "alias")])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let page_number = request.page_number.map_or(1, |PageNumber(number)| number);
    let page_size = request.page_size.map_or(10, |PageSize(size)| size);
    let region = cx.region();
    let (found, total_count) =
        keys::list_aliases(cx.tx, cx.account(), region, None, (page_number - 1) * page_size, page_size)?;
    let aliases = found.into_iter().map(|alias| AliasItem::of(region, cx.account(), alias));
    Ok(Response { aliases: aliases.collect(), page_number, page_size, total_count })
}
