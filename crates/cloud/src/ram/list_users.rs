//! ListUsers: the RAM users of the account.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::identities;

use super::item::UserItem;
use super::listing::Page;
use super::parameter::Within;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::page::Listing;
use crate::value::response;

request! {
    /// Which page.
    pub struct Request {
        /// Where the page begins.
        pub marker: Option<String> = "Marker",
        /// Most entries on it.
        pub size: Option<Within<1, 1000>> = "MaxItems",
    }
}

response! {
    /// A page.
    pub struct Response {
        /// Whether there are more.
        pub is_truncated: bool = "IsTruncated",
        /// Where the next page begins, if there is one.
        pub marker: Option<String> = "Marker",
        /// By name.
        pub users: Vec<UserItem> = "Users" of "User",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ListUsers",
    effect: Effect::Read,
    access: Access::Action("ram:ListUsers"),
    idempotent: false,
    errors: &[&[ErrorCode::RamInvalidParameter]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::ram(cx.account(), "user/*")])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let listing = Listing { action: "ListUsers", filters: "" };
    let size = request.size.map_or(DEFAULT_SIZE, |Within(size)| size);
    let page = Page::new(cx, listing, "Marker", request.marker.as_deref(), size)?;
    let mut found = identities::users(cx.tx, cx.account(), &page.after, page.limit())?;
    let marker = page.cut(cx, &mut found, |user| user.user_name.to_ascii_lowercase())?;
    let users = found.into_iter().map(UserItem::from).collect();
    Ok(Response { is_truncated: marker.is_some(), marker, users })
}

/// Entries on a page when the request does not say.
const DEFAULT_SIZE: i64 = 100;
