//! UpdateUser: a RAM user gets another name, or other things are said of it.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::identities;

use super::entity;
use super::item::UserItem;
use super::parameter::{Comments, DisplayName, Email, MobilePhone, NAME_ERRORS, New, UserName};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What it is about.
    pub struct Request {
        /// The remark it is to have.
        pub comments: New<Comments> = "NewComments",
        /// The name for people it is to have.
        pub display_name: New<DisplayName> = "NewDisplayName",
        /// The mail address it is to have.
        pub email: New<Email> = "NewEmail",
        /// The telephone it is to have.
        pub mobile_phone: New<MobilePhone> = "NewMobilePhone",
        /// The name it is to have.
        pub new_name: Option<UserName> = "NewUserName",
        /// The user.
        pub user_name: UserName = "UserName",
    }
}

response! {
    /// It.
    pub struct Response {
        /// Described.
        pub user: UserItem = "User",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "UpdateUser",
    effect: Effect::Write,
    access: Access::Action("ram:UpdateUser"),
    idempotent: false,
    errors: &[&NAME_ERRORS, &[ErrorCode::RamFormat, ErrorCode::UserNotExist, ErrorCode::UserExists]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::user_arn(cx, &request.user_name)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let mut user = entity::user(cx, &request.user_name)?;
    if let Some(UserName(name)) = request.new_name {
        user.user_name = name;
    }
    request.display_name.set(&mut user.display_name);
    request.mobile_phone.set(&mut user.mobile_phone);
    request.email.set(&mut user.email);
    request.comments.set(&mut user.comments);
    user.updated_at = cx.now;
    if !identities::update_user(cx.tx, &user)? {
        return Err(ErrorCode::UserExists.into());
    }
    Ok(Response { user: user.into() })
}
