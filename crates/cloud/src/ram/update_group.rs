//! UpdateGroup: a group gets another name or remark.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::{Record as _, groups};

use super::entity;
use super::item::GroupItem;
use super::parameter::{Comments, GroupName, NAME_ERRORS, New};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What it is about.
    pub struct Request {
        /// The group.
        pub group_name: GroupName = "GroupName",
        /// The remark it is to have.
        pub comments: New<Comments> = "NewComments",
        /// The name it is to have.
        pub new_name: Option<GroupName> = "NewGroupName",
    }
}

response! {
    /// It.
    pub struct Response {
        /// Described.
        pub group: GroupItem = "Group",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "UpdateGroup",
    effect: Effect::Write,
    access: Access::Action("ram:UpdateGroup"),
    idempotent: false,
    errors: &[&NAME_ERRORS, &[ErrorCode::GroupNotExist, ErrorCode::GroupExists]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::group_arn(cx, &request.group_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let mut group = entity::group(cx, &request.group_name)?;
    if let Some(GroupName(name)) = request.new_name {
        let other = groups::group(cx.tx, cx.account(), &name)?;
        if other.is_some_and(|other| other.group_id != group.group_id) {
            return Err(ErrorCode::GroupExists.into());
        }
        group.name_key = name.to_ascii_lowercase();
        group.group_name = name;
    }
    request.comments.set(&mut group.comments);
    group.updated_at = cx.now;
    group.update(cx.tx)?;
    Ok(Response { group: group.into() })
}
