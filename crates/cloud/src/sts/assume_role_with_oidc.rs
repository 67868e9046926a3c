//! AssumeRoleWithOIDC: temporary credentials with a role's permissions, for whom an OpenID Connect provider vouches. The call is not
//! signed: the provider's token is the proof, and the role's trust policy alone decides.

use coffer_base::{ApiError, Arn, ErrorCode};

use super::federated;
use super::issue::{self, Asked, AssumedRoleUser, Credentials, RoleArn, SessionName, SessionPolicy};
use super::oidc::{self, Claims};
use crate::auth::context;
use crate::context::Cx;
use crate::costly::Step;
use crate::decode::{Invalid, Parameter, request};
use crate::operation::{Access, Effect, Operation};
use crate::settings::OidcProvider;
use crate::value::response;

request! {
    /// Which role, for how long, how restricted, and the token.
    pub struct Request {
        /// In seconds.
        pub duration_s: Option<i64> = "DurationSeconds",
        /// The provider.
        pub provider: String = "OIDCProviderArn",
        /// What it signed.
        pub token: Token = "OIDCToken",
        /// What the session is restricted to.
        pub policy: Option<SessionPolicy> = "Policy",
        /// The role.
        pub role: RoleArn = "RoleArn",
        /// The session's name.
        pub session_name: SessionName = "RoleSessionName",
    }
}

/// 4 to 20000 characters.
#[derive(Clone, Debug)]
pub struct Token(String);

impl Parameter for Token {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        if (4..=20_000).contains(&text.len()) { Ok(Self(text.to_owned())) } else { Err(Invalid::Value) }
    }
}

response! {
    /// The session.
    pub struct Response {
        /// Who the caller is now.
        pub user: AssumedRoleUser = "AssumedRoleUser",
        /// What to sign with.
        pub credentials: Credentials = "Credentials",
        /// What the token said.
        pub token: TokenInfo = "OIDCTokenInfo",
    }

    /// What a token said.
    pub struct TokenInfo {
        /// For whom it was made, with `,` between them.
        pub client_ids: String = "ClientIds",
        /// When it ends.
        pub expiration_time: String = "ExpirationTime",
        /// When it was made.
        pub issuance_time: String = "IssuanceTime",
        /// Who signed.
        pub issuer: String = "Issuer",
        /// Whom it is about.
        pub subject: String = "Subject",
        /// That it was found good.
        pub verification: &'static str = "VerificationInfo",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "AssumeRoleWithOIDC",
    effect: Effect::Write,
    access: Access::Anyone,
    idempotent: false,
    errors: &[&[
        ErrorCode::StsInvalidParameter,
        ErrorCode::StsDuration,
        ErrorCode::StsPolicyGrammar,
        ErrorCode::StsPolicySize,
        ErrorCode::StsFederatedNoPermission,
        ErrorCode::StsOidcInvalid,
        ErrorCode::StsOidcExpired,
    ]],
};

/// What is on record.
pub fn resources(_cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::ram(&request.role.account, &format!("role/{}", request.role.name))])
}

fn provider<'a>(cx: &Cx<'a>, request: &Request) -> Result<&'a OidcProvider, ApiError> {
    let provider = cx.settings.oidc.iter().find(|provider| provider.arn == request.provider);
    // A provider and a role that are not there look like a role that does not trust: who calls is nobody yet.
    Ok(provider.ok_or(ErrorCode::StsFederatedNoPermission)?)
}

/// The token's reading.
pub fn costly(cx: &mut Cx<'_>, request: &Request) -> Result<Option<Step>, ApiError> {
    let (provider, token, now) = (provider(cx, request)?.clone(), request.token.0.clone(), cx.now);
    Ok(Some(federated::reading(move || oidc::read(&provider, &token, now))))
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    provider(cx, &request)?;
    let claims: &Claims = federated::claims(cx)?;
    // The transaction may have been waited for.
    if claims.expires_at <= cx.now {
        return Err(ErrorCode::StsOidcExpired.into());
    }
    cx.note("subject", claims.subject.clone());
    let mut context = context(cx).with("oidc:iss", claims.issuer.as_str()).with("oidc:sub", claims.subject.as_str());
    for audience in &claims.audiences {
        context = context.with("oidc:aud", audience.as_str());
    }
    let role = federated::trusting_role(cx, &request.role, &request.provider, &context)?;
    let Request { session_name, policy, duration_s, .. } = request;
    let asked = Asked { session_name, policy, duration_s, source_identity: None, ends_by: None };
    let (user, credentials) = issue::session(cx, &role, asked)?;
    Ok(Response { user, credentials, token: info(claims) })
}

fn info(claims: &Claims) -> TokenInfo {
    TokenInfo {
        client_ids: claims.audiences.join(","),
        expiration_time: claims.expires_at.to_iso8601(),
        issuance_time: claims.issued_at.to_iso8601(),
        issuer: claims.issuer.clone(),
        subject: claims.subject.clone(),
        verification: "Success",
    }
}
