//! GetSecretPolicy: the policy of a secret as it was set, or the default one.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::policy::{self, PolicyName};
use super::secret;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// The secret.
    pub struct Request {
        /// `default`.
        pub policy_name: Option<PolicyName> = "PolicyName",
        /// Its name or ARN.
        pub secret_name: String = "SecretName",
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
    name: "GetSecretPolicy",
    effect: Effect::Read,
    access: Access::Action("kms:GetSecretPolicy"),
    idempotent: false,
    errors: &[secret::ERRORS, &[ErrorCode::KmsPolicyNotFound]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    secret::resource(cx, &request.secret_name)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let record = secret::find(cx, &request.secret_name)?;
    Ok(Response { policy: record.policy.unwrap_or_else(|| policy::default_document(&record.account, "secret")) })
}
