//! GetAccessKeyLastUsed: when an access key last signed a request that was let in.

use coffer_base::{ApiError, Arn, ErrorCode, Timestamp};
use coffer_store::accounts;

use super::entity;
use super::parameter::{AccessKeyId, NAME_ERRORS, UserName};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// What it is about.
    pub struct Request {
        /// The key.
        pub access_key_id: AccessKeyId = "UserAccessKeyId",
        /// The user; without one, the caller.
        pub user_name: Option<UserName> = "UserName",
    }
}

response! {
    /// It.
    pub struct Response {
        /// Described.
        pub last_used: LastUsed = "AccessKeyLastUsed",
    }

    /// When.
    pub struct LastUsed {
        /// The moment; absent for a key that was never used.
        pub date: Option<String> = "LastUsedDate",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "GetAccessKeyLastUsed",
    effect: Effect::Read,
    access: Access::Action("ram:GetAccessKeyLastUsed"),
    idempotent: false,
    errors: &[&NAME_ERRORS, &[ErrorCode::UserNotExist, ErrorCode::UserKeyNotExist]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::user_arn(cx, &entity::whose(cx, request.user_name.as_ref())?)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let user = entity::user(cx, &entity::whose(cx, request.user_name.as_ref())?)?;
    let keys = accounts::access_keys_of_user(cx.tx, &user.user_id)?;
    let key = keys.into_iter().find(|key| key.access_key_id == request.access_key_id.0);
    let key = key.ok_or(ErrorCode::UserKeyNotExist)?;
    let recorded = accounts::last_use(cx.tx, &key.access_key_id)?;
    let used_at = cx.uses.last(&key.access_key_id).max(recorded);
    Ok(Response { last_used: LastUsed { date: used_at.map(Timestamp::to_iso8601) } })
}
