//! GetCallerIdentity: who the caller is. Everyone may ask, whatever policies say.

use coffer_base::{ApiError, Arn};

use crate::caller::Identity;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Nothing.
    pub struct Request {}
}

response! {
    /// The caller.
    pub struct Response {
        /// `Account`, `RAMUser` or `AssumedRoleUser`.
        pub identity_type: &'static str = "IdentityType",
        /// The account.
        pub account_id: String = "AccountId",
        /// The account, the user's id, or role id and session.
        pub principal_id: String = "PrincipalId",
        /// The user's id; the account's number for the account itself.
        pub user_id: Option<String> = "UserId",
        /// The role's id.
        pub role_id: Option<String> = "RoleId",
        /// The caller's ARN.
        pub arn: String = "Arn",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "GetCallerIdentity",
    effect: Effect::Read,
    access: Access::Caller,
    idempotent: false,
    errors: &[],
};

/// What a policy must allow it on.
pub fn resources(_cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::any()])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, _request: Request) -> Result<Response, ApiError> {
    let account_id = cx.account().to_string();
    let (identity_type, principal_id, user_id, role_id) = match &cx.caller.identity {
        Identity::Federated { .. } => return Err(ApiError::internal("a caller without a signature")),
        Identity::Account => ("Account", account_id.clone(), Some(account_id.clone()), None),
        Identity::User { user_id, .. } => ("RAMUser", user_id.clone(), Some(user_id.clone()), None),
        Identity::Session { role_id, session_name, .. } => {
            ("AssumedRoleUser", format!("{role_id}:{session_name}"), None, Some(role_id.clone()))
        }
    };
    Ok(Response { identity_type, account_id, principal_id, user_id, role_id, arn: cx.caller.arn().to_string() })
}
