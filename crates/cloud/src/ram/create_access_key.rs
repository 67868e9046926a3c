//! CreateAccessKey: an access key for a RAM user. The secret is in this reply and nowhere else in the clear. Without a name, a user makes one for itself.

use coffer_base::{ApiError, Arn, ErrorCode, ids};
use coffer_store::accounts::{self, AccessKey};

use super::entity;
use super::parameter::UserName;
use crate::auth::secret_context;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Whose.
    pub struct Request {
        /// The user.
        pub user_name: Option<UserName> = "UserName",
    }
}

response! {
    /// The key.
    pub struct Response {
        /// With its secret.
        pub access_key: AccessKeyItem = "AccessKey",
    }

    /// An access key.
    pub struct AccessKeyItem {
        /// Its id.
        pub access_key_id: String = "AccessKeyId",
        /// Its secret.
        pub access_key_secret: String = "AccessKeySecret",
        /// `Active`.
        pub status: &'static str = "Status",
        /// When it was made.
        pub create_date: String = "CreateDate",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "CreateAccessKey",
    effect: Effect::Write,
    access: Access::Action("ram:CreateAccessKey"),
    idempotent: false,
    errors: &[&[
        ErrorCode::RamMissingParameter,
        ErrorCode::RamInvalidChars,
        ErrorCode::RamTooLong,
        ErrorCode::UserNotExist,
        ErrorCode::TooManyUserKeys,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![entity::user_arn(cx, &entity::whose(cx, request.user_name.as_ref())?)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let user = entity::user(cx, &entity::whose(cx, request.user_name.as_ref())?)?;
    if accounts::access_keys_of_user(cx.tx, &user.user_id)?.len() >= MOST_KEYS {
        return Err(ErrorCode::TooManyUserKeys.into());
    }
    let access_key = make(cx, user.user_id)?;
    Ok(Response { access_key })
}

/// Makes an access key for a user, who may have one more.
pub fn make(cx: &mut Cx<'_>, user_id: String) -> Result<AccessKeyItem, ApiError> {
    let (access_key_id, secret) = (ids::access_key_id(cx.rng), ids::access_key_secret(cx.rng));
    let domain =
        cx.keyring.account(cx.account()).ok_or_else(|| ApiError::internal("an account without a domain key"))?;
    let key = AccessKey {
        sealed_secret: domain.aead().seal(cx.rng, &secret_context(&access_key_id), secret.as_bytes()),
        access_key_id: access_key_id.clone(),
        account: cx.account().clone(),
        user_id: Some(user_id),
        status: "Active".to_owned(),
        created_at: cx.now,
    };
    accounts::insert_access_key(cx.tx, &key)?;
    cx.note("userAccessKeyId", access_key_id.clone());
    let create_date = cx.now.to_iso8601();
    Ok(AccessKeyItem { access_key_id, access_key_secret: secret, status: "Active", create_date })
}

/// Most access keys of a user ("Limits").
const MOST_KEYS: usize = 2;
