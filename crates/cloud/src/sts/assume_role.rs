//! AssumeRole: temporary credentials with a role's permissions. Two must agree: the caller's policies and the role's trust policy.
//!
//! The vendor: the account itself may not assume roles. Order of checks: parameters, caller, the caller's policies, role, trust,
//! duration. A role that is missing is told only to callers that may ask for it.

use coffer_base::{AccountId, ApiError, Arn, ErrorCode, ids};
use coffer_store::identities::{self, Role};

use crate::auth::policy::{Policy, PolicyKind, evaluate_trust};
use crate::auth::session::Session;
use crate::auth::{context, key_policy, refused_by_trust};
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

/// `acs:ram::<account>:role/<name>`.
#[derive(Clone, Debug)]
pub struct RoleArn {
    account: AccountId,
    name: String,
}

impl Parameter for RoleArn {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let (account, name) =
            text.strip_prefix("acs:ram::").and_then(|rest| rest.split_once(":role/")).ok_or(Invalid::Value)?;
        let account = AccountId::parse(account).ok_or(Invalid::Value)?;
        let named = !name.is_empty() && name.len() <= 64 && !name.contains(['/', ':', '*', '?']);
        if named { Ok(Self { account, name: name.to_owned() }) } else { Err(Invalid::Value) }
    }
}

/// 2 to 64 of letters, digits and `.@-_`.
#[derive(Clone, Debug)]
pub struct SessionName(String);

impl Parameter for SessionName {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let allowed = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '@' | '-' | '_'));
        if allowed && (2..=64).contains(&text.len()) { Ok(Self(text.to_owned())) } else { Err(Invalid::Value) }
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

/// A session policy, as it was sent.
#[derive(Clone, Debug)]
pub struct SessionPolicy(String);

impl Parameter for SessionPolicy {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        if text.len() > 2048 {
            return Err(ErrorCode::StsPolicySize.into());
        }
        Policy::parse(text, PolicyKind::Session).map_err(|_| ErrorCode::StsPolicyGrammar)?;
        Ok(Self(text.to_owned()))
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

    /// Who the caller is now.
    pub struct AssumedRoleUser {
        /// The session's ARN.
        pub arn: String = "Arn",
        /// Role id and session.
        pub assumed_role_id: String = "AssumedRoleId",
    }

    /// What to sign with.
    pub struct Credentials {
        /// The temporary key's id.
        pub access_key_id: String = "AccessKeyId",
        /// Its secret.
        pub access_key_secret: String = "AccessKeySecret",
        /// To be sent with each request.
        pub security_token: String = "SecurityToken",
        /// When it ends.
        pub expiration: String = "Expiration",
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

const LEAST_S: i64 = 900;
const DEFAULT_S: i64 = 3600;

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    if cx.caller.is_account() {
        return Err(ErrorCode::StsRootMayNotAssume.into());
    }
    if let Some(SessionName(identity)) = &request.source_identity {
        cx.conditions.push(("sts:SourceIdentity", identity.clone()));
    }
    Ok(vec![Arn::ram(&request.role.account, &format!("role/{}", request.role.name))])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let role = identities::role(cx.tx, &request.role.account, &request.role.name)?;
    let role = role.ok_or(ErrorCode::StsRoleNotExist)?;
    require_trust(cx, &role, request.external_id.as_ref())?;
    let duration_s = request.duration_s.unwrap_or(DEFAULT_S.min(role.max_session_s));
    if !(LEAST_S..=role.max_session_s).contains(&duration_s) {
        let most = match role.max_session_s {
            s if s % 3600 == 0 => format!("{}hr", s / 3600),
            s => format!("{}min", s / 60),
        };
        return Err(ApiError::with(ErrorCode::StsDuration, [most]));
    }
    let SessionName(session_name) = request.session_name;
    let expires_at = cx.now.plus_ms(duration_s * 1000);
    let session = Session {
        access_key_id: ids::session_key_id(cx.rng),
        secret: ids::access_key_secret(cx.rng),
        account: role.account.to_string(),
        role_id: role.role_id.clone(),
        session_name: session_name.clone(),
        policy: request.policy.map(|SessionPolicy(text)| text),
        expires_at_ms: expires_at.unix_ms(),
    };
    let key = cx.keyring.sessions().ok_or_else(|| ApiError::internal("no session key"))?;
    cx.note("sessionAccessKeyId", session.access_key_id.clone());
    Ok(Response {
        user: AssumedRoleUser {
            arn: Arn::assumed_role(&role.account, &role.role_name, &session_name).to_string(),
            assumed_role_id: format!("{}:{session_name}", role.role_id),
        },
        credentials: Credentials {
            access_key_id: session.access_key_id.clone(),
            access_key_secret: session.secret.clone(),
            security_token: session.seal(&key, cx.rng),
            expiration: expires_at.to_iso8601(),
        },
        source_identity: request.source_identity.map(|SessionName(name)| name),
    })
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
