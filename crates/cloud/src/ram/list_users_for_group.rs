//! ListUsersForGroup: the users in a group.

use coffer_base::{ApiError, Arn, ErrorCode, Timestamp};
use coffer_store::groups;
use coffer_store::identities::User;

use super::entity;
use super::listing::Page;
use super::parameter::{GroupName, NAME_ERRORS, Within};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::page::Listing;
use crate::value::response;

request! {
    /// What it is about.
    pub struct Request {
        /// The group.
        pub group_name: GroupName = "GroupName",
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
        pub users: Vec<Member> = "Users" of "User",
    }

    /// A user in the group.
    pub struct Member {
        /// Its name.
        pub user_name: String = "UserName",
        /// Its name for people.
        pub display_name: String = "DisplayName",
        /// When it joined.
        pub join_date: String = "JoinDate",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ListUsersForGroup",
    effect: Effect::Read,
    access: Access::Action("ram:ListUsersForGroup"),
    idempotent: false,
    errors: &[&NAME_ERRORS, &[ErrorCode::RamInvalidParameter, ErrorCode::GroupNotExist]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::group_arn(cx, &request.group_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let group = entity::group(cx, &request.group_name)?;
    let listing = Listing { action: "ListUsersForGroup", filters: &group.group_id };
    let size = request.size.map_or(DEFAULT_SIZE, |Within(size)| size);
    let page = Page::new(cx, listing, "Marker", request.marker.as_deref(), size)?;
    let mut found = groups::members(cx.tx, &group.group_id, &page.after, page.limit())?;
    let marker = page.cut(cx, &mut found, |(user, _)| user.user_name.to_ascii_lowercase())?;
    let item = |(user, joined_at): (User, Timestamp)| Member {
        user_name: user.user_name,
        display_name: user.display_name,
        join_date: joined_at.to_iso8601(),
    };
    let users = found.into_iter().map(item).collect();
    Ok(Response { is_truncated: marker.is_some(), marker, users })
}

/// Entries on a page when the request does not say.
const DEFAULT_SIZE: i64 = 100;
