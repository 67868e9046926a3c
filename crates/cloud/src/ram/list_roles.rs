//! ListRoles: the roles of the account.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::identities::{self, Role};
use coffer_store::ram_tags;

use super::entity;
use super::item::TagItem;
use super::listing::Page;
use super::parameter::{TagFilter, Within};
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
        /// Only those that bear all of these tags.
        pub tags: Option<TagFilter> = "Tag",
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
        pub roles: Vec<RoleItem> = "Roles" of "Role",
    }

    /// A role.
    pub struct RoleItem {
        /// Its id.
        pub role_id: String = "RoleId",
        /// Its name.
        pub role_name: String = "RoleName",
        /// Its ARN.
        pub arn: String = "Arn",
        /// A description.
        pub description: String = "Description",
        /// Longest session in seconds.
        pub max_session_s: i64 = "MaxSessionDuration",
        /// When it was made.
        pub create_date: String = "CreateDate",
        /// When it was last changed.
        pub update_date: String = "UpdateDate",
        /// Its tags.
        pub tags: Vec<TagItem> = "Tags" of "Tag",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ListRoles",
    effect: Effect::Read,
    access: Access::Action("ram:ListRoles"),
    idempotent: false,
    errors: &[&[ErrorCode::RamInvalidParameter]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::ram(cx.account(), "role/*")])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let tags = request.tags.map(|TagFilter(tags)| tags).unwrap_or_default();
    let filters = format!("{tags:?}");
    let listing = Listing { action: "ListRoles", filters: &filters };
    let size = request.size.map_or(DEFAULT_SIZE, |Within(size)| size);
    let page = Page::new(cx, listing, "Marker", request.marker.as_deref(), size)?;
    let mut found = identities::roles(cx.tx, cx.account(), &tags, &page.after, page.limit())?;
    let marker = page.cut(cx, &mut found, |role| role.role_name.to_ascii_lowercase())?;
    let roles = found.into_iter().map(|role| item(cx, role)).collect::<Result<_, _>>()?;
    Ok(Response { is_truncated: marker.is_some(), marker, roles })
}

fn item(cx: &Cx<'_>, role: Role) -> Result<RoleItem, ApiError> {
    let tags = ram_tags::of(cx.tx, &role.account, "role", &role.role_name)?;
    Ok(RoleItem {
        arn: entity::shown_role_arn(&role),
        create_date: role.created_at.to_iso8601(),
        update_date: role.updated_at.to_iso8601(),
        role_id: role.role_id,
        role_name: role.role_name,
        description: role.description,
        max_session_s: role.max_session_s,
        tags: tags.into_iter().map(TagItem::from).collect(),
    })
}

/// Entries on a page when the request does not say.
const DEFAULT_SIZE: i64 = 100;
