//! ListGroupsForUser: the groups that a user is in.

use coffer_base::{ApiError, Arn, ErrorCode, Timestamp};
use coffer_store::groups::{self, Group};

use super::entity;
use super::parameter::{NAME_ERRORS, UserName};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What it is about.
    pub struct Request {
        /// The user.
        pub user_name: UserName = "UserName",
    }
}

response! {
    /// The groups.
    pub struct Response {
        /// By name.
        pub groups: Vec<JoinedGroup> = "Groups" of "Group",
    }

    /// A group that the user is in.
    pub struct JoinedGroup {
        /// Its id.
        pub group_id: String = "GroupId",
        /// Its name.
        pub group_name: String = "GroupName",
        /// A remark.
        pub comments: String = "Comments",
        /// When the user joined.
        pub join_date: String = "JoinDate",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ListGroupsForUser",
    effect: Effect::Read,
    access: Access::Action("ram:ListGroupsForUser"),
    idempotent: false,
    errors: &[&NAME_ERRORS, &[ErrorCode::UserNotExist]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::user_arn(cx, &request.user_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let user = entity::user(cx, &request.user_name)?;
    let item = |(group, joined_at): (Group, Timestamp)| JoinedGroup {
        group_id: group.group_id,
        group_name: group.group_name,
        comments: group.comments,
        join_date: joined_at.to_iso8601(),
    };
    Ok(Response { groups: groups::of_user(cx.tx, &user.user_id)?.into_iter().map(item).collect() })
}
