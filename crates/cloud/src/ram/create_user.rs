//! CreateUser: a RAM user, without credentials or permissions yet.

use coffer_base::{ApiError, Arn, ErrorCode, ids};
use coffer_store::identities::{self, User};

use super::parameter::{Comments, DisplayName, Email, MobilePhone, UserName};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The user.
    pub struct Request {
        /// A remark.
        pub comments: Option<Comments> = "Comments",
        /// Its name for people.
        pub display_name: Option<DisplayName> = "DisplayName",
        /// Its mail address.
        pub email: Option<Email> = "Email",
        /// Its telephone.
        pub mobile_phone: Option<MobilePhone> = "MobilePhone",
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
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "CreateUser",
    effect: Effect::Write,
    access: Access::Action("ram:CreateUser"),
    idempotent: false,
    errors: &[&[
        ErrorCode::RamMissingParameter,
        ErrorCode::RamInvalidChars,
        ErrorCode::RamTooLong,
        ErrorCode::RamFormat,
        ErrorCode::UserExists,
        ErrorCode::TooManyUsers,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::ram(cx.account(), "user/*")])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    if identities::count_users(cx.tx, cx.account())? >= MOST_USERS {
        return Err(ErrorCode::TooManyUsers.into());
    }
    let user = User {
        user_id: ids::ram_entity_id(cx.rng),
        account: cx.account().clone(),
        display_name: request.display_name.map_or_else(|| request.user_name.0.clone(), |DisplayName(name)| name),
        user_name: request.user_name.0,
        mobile_phone: request.mobile_phone.map(|MobilePhone(text)| text).unwrap_or_default(),
        email: request.email.map(|Email(text)| text).unwrap_or_default(),
        comments: request.comments.map(|Comments(text)| text).unwrap_or_default(),
        created_at: cx.now,
        updated_at: cx.now,
    };
    if !identities::insert_user(cx.tx, &user)? {
        return Err(ErrorCode::UserExists.into());
    }
    Ok(Response {
        user: UserItem {
            create_date: user.created_at.to_iso8601(),
            user_id: user.user_id,
            user_name: user.user_name,
            display_name: user.display_name,
            mobile_phone: user.mobile_phone,
            email: user.email,
            comments: user.comments,
        },
    })
}

/// Most users in an account ("Limits").
const MOST_USERS: i64 = 1000;
