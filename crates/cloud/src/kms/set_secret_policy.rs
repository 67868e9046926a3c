//! SetSecretPolicy: who may do what with a secret, besides those whom their own policies let.
//!
//! Where the vendor is silent: a policy under which the caller, or the account itself, could not set the next one is refused.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::Record as _;

use super::policy::{self, KeyPolicy, PolicyName};
use super::secret;
use crate::auth::authorize;
use crate::auth::key_policy::Guarded;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::product::Product;
use crate::value::response;

request! {
    /// The secret, and its policy.
    pub struct Request {
        /// The policy.
        pub policy: KeyPolicy = "Policy",
        /// `default`.
        pub policy_name: Option<PolicyName> = "PolicyName",
        /// Its name or ARN.
        pub secret_name: String = "SecretName",
    }
}

response! {
    /// Nothing.
    pub struct Response {}
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "SetSecretPolicy",
    effect: Effect::Write,
    access: Access::Action("kms:SetSecretPolicy"),
    idempotent: false,
    errors: &[
        secret::ERRORS,
        &[ErrorCode::KmsInvalidParameter, ErrorCode::SecretPlannedDeleted, ErrorCode::KmsPolicyNotFound],
    ],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    secret::resource(cx, &request.secret_name)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let mut record = secret::find(cx, &request.secret_name)?;
    secret::require_live(&record)?;
    record.policy = Some(request.policy.0);
    record.updated_at = cx.now;
    policy::require_changeable(cx, Guarded::Secret(&record), "kms:SetSecretPolicy")?;
    record.update(cx.tx)?;
    if authorize(cx, Product::Kms, &OPERATION, Ok(&[secret::arn(&record)])).is_err() {
        return Err(Product::Kms.invalid_parameter("Policy"));
    }
    Ok(Response {})
}
