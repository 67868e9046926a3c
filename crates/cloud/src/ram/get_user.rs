//! GetUser: a RAM user.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::entity;
use super::parameter::UserName;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The user.
    pub struct Request {
        /// Its name.
        pub user_name: UserName = "UserName",
    }
}

response! {
    /// The user.
    pub struct Response {
        /// Described.
        pub user: UserItem = "User",
    }

    /// A user.
    pub struct UserItem {
        /// Its id.
        pub user_id: String = "UserId",
        /// Its name.
        pub user_name: String = "UserName",
        /// Its name for people.
        pub display_name: String = "DisplayName",
        /// Its telephone.
        pub mobile_phone: String = "MobilePhone",
        /// Its mail address.
        pub email: String = "Email",
        /// A remark.
        pub comments: String = "Comments",
        /// When it was made.
        pub create_date: String = "CreateDate",
        /// When it was last changed.
        pub update_date: String = "UpdateDate",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "GetUser",
    effect: Effect::Read,
    access: Access::Action("ram:GetUser"),
    idempotent: false,
    errors: &[&[
        ErrorCode::RamMissingParameter,
        ErrorCode::RamInvalidChars,
        ErrorCode::RamTooLong,
        ErrorCode::UserNotExist,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::user_arn(cx, &request.user_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let user = entity::user(cx, &request.user_name)?;
    Ok(Response {
        user: UserItem {
            create_date: user.created_at.to_iso8601(),
            update_date: user.updated_at.to_iso8601(),
            user_id: user.user_id,
            user_name: user.user_name,
            display_name: user.display_name,
            mobile_phone: user.mobile_phone,
            email: user.email,
            comments: user.comments,
        },
    })
}
