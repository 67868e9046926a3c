//! AssumeRole: temporary credentials with a role's permissions. Two must agree: the caller's policies and the role's trust policy.
//!
//! The vendor: the account itself may not assume roles. Order of checks: parameters, caller, the caller's policies, role, trust,
//! duration. A role that is missing is told only to callers that may ask for it.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::identities::{self, Role};

use super::issue::{self, Asked, AssumedRoleUser, Credentials, RoleArn, SessionName, SessionPolicy};
use crate::auth::policy::{Policy, PolicyKind, evaluate_trust};
use crate::auth::{context, key_policy, refused_by_trust};
use crate::caller::Identity;
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which role, for how long, how restricted.
    pub struct Request {
        /// In seconds.
        pub duration_s: Option<i64> = "DurationSeconds",
        /// Agreed between the role's owner and the caller.
        pub external_id: Option<ExternalId> = "ExternalId",
        /// What the session is restricted to.
        pub policy: Option<SessionPolicy> = "Policy",
        /// The role.
        pub role: RoleArn = "RoleArn",
        /// The session's name.
        pub session_name: SessionName = "RoleSessionName",
        /// Who stands behind the caller.
        pub source_identity: Option<SessionName> = "SourceIdentity",
    }
}

/// 2 to 1224 of letters, digits and `_+=,.@:/-`.
#[derive(Clone, Debug)]
pub struct ExternalId(String);

impl Parameter for ExternalId {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let allowed = text.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c));
        if allowed && (2..=1224).contains(&text.len()) { Ok(Self(text.to_owned())) } else { Err(Invalid::Value) }
    }
}

response! {
    /// The session.
    pub struct Response {
        /// Who the caller is now.
        pub user: AssumedRoleUser = "AssumedRoleUser",
        /// What to sign with.
        pub credentials: Credentials = "Credentials",
        /// Who stands behind the caller.
        pub source_identity: Option<String> = "SourceIdentity",
    }

}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "AssumeRole",
    effect: Effect::Write,
    access: Access::Action("sts:AssumeRole"),
    idempotent: false,
    errors: &[&[
        ErrorCode::StsInvalidParameter,
        ErrorCode::StsDuration,
        ErrorCode::StsPolicyGrammar,
        ErrorCode::StsPolicySize,
        ErrorCode::StsRootMayNotAssume,
        ErrorCode::StsNoPermission,
        ErrorCode::StsRoleNotExist,
    ]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    if cx.caller.is_account() {
        return Err(ErrorCode::StsRootMayNotAssume.into());
    }
    if let Some(identity) = source_identity(cx, request) {
        cx.conditions.push(("sts:SourceIdentity", identity));
    }
    Ok(vec![Arn::ram(&request.role.account, &format!("role/{}", request.role.name))])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let role = identities::role(cx.tx, &request.role.account, &request.role.name)?;
    let role = role.ok_or(ErrorCode::StsRoleNotExist)?;
    require_trust(cx, &role, request.external_id.as_ref())?;
    let source_identity = source_identity(cx, &request);
    let Request { session_name, policy, duration_s, .. } = request;
    let asked = Asked { session_name, policy, duration_s, source_identity: source_identity.clone(), ends_by: None };
    let (user, credentials) = issue::session(cx, &role, asked)?;
    Ok(Response { user, credentials, source_identity })
}

/// Who stands behind the caller: as was said when the caller's own session began, which stays so along a chain of roles, else as it
/// is said now.
fn source_identity(cx: &Cx<'_>, request: &Request) -> Option<String> {
    match &cx.caller.identity {
        Identity::Session { source_identity: Some(identity), .. } => Some(identity.clone()),
        _ => request.source_identity.as_ref().map(|SessionName(name)| name.clone()),
    }
}

/// Refuses unless the role's trust policy allows the caller.
fn require_trust(cx: &Cx<'_>, role: &Role, external_id: Option<&ExternalId>) -> Result<(), ApiError> {
    let trust = Policy::parse(&role.trust_policy, PolicyKind::Trust).map_err(ApiError::internal)?;
    let mut context = context(cx);
    if let Some(ExternalId(id)) = external_id {
        context = context.with("sts:ExternalId", id.as_str());
    }
    let verdict = evaluate_trust(&trust, &key_policy::principal(cx.caller), &context);
    refused_by_trust(cx, role, verdict, &context)
}
