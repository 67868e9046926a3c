//! GetKeyPolicy: the policy of a key as it was set, or the default one.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::key::{self, Forms};
use super::policy::{self, PolicyName};
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The key.
    pub struct Request {
        /// Its id.
        pub key_id: String = "KeyId",
        /// `default`.
        pub policy_name: Option<PolicyName> = "PolicyName",
    }
}

response! {
    /// The policy.
    pub struct Response {
        /// The policy.
        pub policy: String = "Policy",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "GetKeyPolicy",
    effect: Effect::Read,
    access: Access::Action("kms:GetKeyPolicy"),
    idempotent: false,
    errors: &[key::ID_ERRORS, &[ErrorCode::KeyPolicyUnsupported, ErrorCode::KmsPolicyNotFound]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    key::resource(cx, &request.key_id, Forms::Id)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let key = key::find(cx, &request.key_id, Forms::Id)?;
    policy::require_policy(&key)?;
    Ok(Response { policy: key.policy.unwrap_or_else(|| policy::default_document(&key.account, "key")) })
}
