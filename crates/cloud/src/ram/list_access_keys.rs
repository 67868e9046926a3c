//! ListAccessKeys: the access keys of a RAM user, without their secrets.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::accounts;

use super::entity;
use super::parameter::UserName;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Whose.
    pub struct Request {
        /// The user; without one, the caller.
        pub user_name: Option<UserName> = "UserName",
    }
}

response! {
    /// The keys.
    pub struct Response {
        /// Oldest first.
        pub access_keys: Vec<AccessKeyItem> = "AccessKeys" of "AccessKey",
    }

    /// An access key.
    pub struct AccessKeyItem {
        /// Its id.
        pub access_key_id: String = "AccessKeyId",
        /// `Active` or `Inactive`.
        pub status: String = "Status",
        /// When it was made.
        pub create_date: String = "CreateDate",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ListAccessKeys",
    effect: Effect::Read,
    access: Access::Action("ram:ListAccessKeys"),
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
    Ok(vec![entity::user_arn(cx, &entity::whose(cx, request.user_name.as_ref())?)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let user = entity::user(cx, &entity::whose(cx, request.user_name.as_ref())?)?;
    let keys = accounts::access_keys_of_user(cx.tx, &user.user_id)?;
    let item = |key: accounts::AccessKey| AccessKeyItem {
        access_key_id: key.access_key_id,
        status: key.status,
        create_date: key.created_at.to_iso8601(),
    };
    Ok(Response { access_keys: keys.into_iter().map(item).collect() })
}
