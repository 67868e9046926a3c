//! CreateGroup: a group of RAM users, empty and without policies.

use coffer_base::{ApiError, Arn, ErrorCode, ids};
use coffer_store::Record as _;
use coffer_store::groups::{self, Group};

use super::parameter::{Comments, GroupName, NAME_ERRORS};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The group.
    pub struct Request {
        /// A remark.
        pub comments: Option<Comments> = "Comments",
        /// The group.
        pub group_name: GroupName = "GroupName",
    }
}

response! {
    /// It.
    pub struct Response {
        /// Described.
        pub group: GroupItem = "Group",
    }

    /// A group.
    pub struct GroupItem {
        /// Its id.
        pub group_id: String = "GroupId",
        /// Its name.
        pub group_name: String = "GroupName",
        /// A remark.
        pub comments: String = "Comments",
        /// When it was made.
        pub create_date: String = "CreateDate",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "CreateGroup",
    effect: Effect::Write,
    access: Access::Action("ram:CreateGroup"),
    idempotent: false,
    errors: &[&NAME_ERRORS, &[ErrorCode::GroupExists, ErrorCode::TooManyGroups]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::ram(cx.account(), "group/*")])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    if groups::count(cx.tx, cx.account())? >= MOST_GROUPS {
        return Err(ErrorCode::TooManyGroups.into());
    }
    if groups::group(cx.tx, cx.account(), &request.group_name.0)?.is_some() {
        return Err(ErrorCode::GroupExists.into());
    }
    let group = Group {
        group_id: ids::ram_entity_id(cx.rng),
        account: cx.account().clone(),
        name_key: request.group_name.0.to_ascii_lowercase(),
        group_name: request.group_name.0,
        comments: request.comments.map(|Comments(text)| text).unwrap_or_default(),
        created_at: cx.now,
        updated_at: cx.now,
    };
    group.insert(cx.tx)?;
    let create_date = group.created_at.to_iso8601();
    let Group { group_id, group_name, comments, .. } = group;
    Ok(Response { group: GroupItem { group_id, group_name, comments, create_date } })
}

/// Most groups in an account ("Limits").
const MOST_GROUPS: i64 = 50;
