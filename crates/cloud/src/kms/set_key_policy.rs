//! SetKeyPolicy: who may do what with a key, besides those whom their own policies let.
//!
//! Where the vendor is silent: a policy under which the caller, or the account itself, could not set the next one is refused.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;

use super::key::{self, Forms};
use super::policy::{self, KeyPolicy, PolicyName};
use crate::auth::authorize;
use crate::auth::key_policy::Guarded;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::product::Product;
use crate::value::response;

request! {
    /// The key, and its policy.
    pub struct Request {
        /// Its id.
        pub key_id: String = "KeyId",
        /// The policy.
        pub policy: KeyPolicy = "Policy",
        /// `default`.
        pub policy_name: Option<PolicyName> = "PolicyName",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "SetKeyPolicy",
    effect: Effect::Write,
    access: Access::Action("kms:SetKeyPolicy"),
    idempotent: false,
    errors: &[
        key::ID_ERRORS,
        &[
            ErrorCode::KmsInvalidParameter,
            ErrorCode::KeyPendingDeletion,
            ErrorCode::KeyPolicyUnsupported,
            ErrorCode::KmsPolicyNotFound,
        ],
    ],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    key::resource(cx, &request.key_id, Forms::Id)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let mut key = key::find(cx, &request.key_id, Forms::Id)?;
    policy::require_policy(&key)?;
    key::require_changeable(&key)?;
    key.policy = Some(request.policy.0);
    policy::require_changeable(cx, Guarded::Key(&key), "kms:SetKeyPolicy")?;
    key.update(cx.tx)?;
    if authorize(cx, Product::Kms, &OPERATION, Ok(&[key::arn(&key)])).is_err() {
        return Err(Product::Kms.invalid_parameter("Policy"));
    }
    cx.note("keyId", key.key_id);
    Ok(Response {})
}
