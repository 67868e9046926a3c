//! CreateConsoleSession: begins a session of the console for whoever signs this. The console itself calls it, with the request that a login
//! form or a link gave it; called from elsewhere it only says who calls. As a write it can be used once, and is on record.

use coffer_base::{ApiError, Arn};

use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Nothing.
    pub struct Request {}
}

response! {
    /// Whose session it is.
    pub struct Response {
        /// The account.
        pub account_id: String = "AccountId",
        /// The caller's ARN.
        pub arn: String = "Arn",
        /// The access key that signed.
        pub access_key_id: String = "AccessKeyId",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "CreateConsoleSession",
    effect: Effect::Write,
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
    Ok(Response {
        account_id: cx.account().to_string(),
        arn: cx.caller.arn().to_string(),
        access_key_id: cx.caller.access_key_id.clone(),
    })
}
