//! AssumeRoleWithSAML: temporary credentials with a role's permissions, for whom a SAML provider vouches. The call is not signed: the
//! assertion that the provider signed is the proof. It must name the role, and the role's trust policy decides.

use coffer_base::{AccountId, ApiError, Arn, ErrorCode, limits};
use coffer_crypto::digest;
use coffer_store::assertions::{self, Taken};

use super::federated;
use super::issue::{self, Asked, AssumedRoleUser, Credentials, RoleArn, SessionName, SessionPolicy};
use super::saml::{self, Claims};
use crate::auth::context;
use crate::context::Cx;
use crate::costly::Step;
use crate::decode::{Invalid, Parameter, request};
use crate::operation::{Access, Effect, Operation};
use crate::settings::SamlProvider;
use crate::value::response;

request! {
    /// Which role, for how long, how restricted, and the assertion.
    pub struct Request {
        /// In seconds.
        pub duration_s: Option<i64> = "DurationSeconds",
        /// What the session is restricted to.
        pub policy: Option<SessionPolicy> = "Policy",
        /// The role.
        pub role: RoleArn = "RoleArn",
        /// A whole response with the assertion that the provider signed, in base64.
        pub assertion: Assertion = "SAMLAssertion",
        /// The provider.
        pub provider: String = "SAMLProviderArn",
    }
}

/// 4 to 100000 characters.
#[derive(Clone, Debug)]
pub struct Assertion(String);

impl Parameter for Assertion {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        if (4..=100_000).contains(&text.len()) { Ok(Self(text.to_owned())) } else { Err(Invalid::Value) }
    }
}

response! {
    /// The session.
    pub struct Response {
        /// Who the caller is now.
        pub user: AssumedRoleUser = "AssumedRoleUser",
        /// What to sign with.
        pub credentials: Credentials = "Credentials",
        /// What the assertion said.
        pub assertion: AssertionInfo = "SAMLAssertionInfo",
    }

    /// What an assertion said.
    pub struct AssertionInfo {
        /// Who signed.
        pub issuer: String = "Issuer",
        /// Where it was to be sent.
        pub recipient: String = "Recipient",
        /// Whom it is about.
        pub subject: String = "Subject",
        /// The kind of name that is.
        pub subject_type: String = "SubjectType",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "AssumeRoleWithSAML",
    effect: Effect::Write,
    access: Access::Anyone,
    idempotent: false,
    errors: &[&[
        ErrorCode::StsInvalidParameter,
        ErrorCode::StsDuration,
        ErrorCode::StsPolicyGrammar,
        ErrorCode::StsPolicySize,
        ErrorCode::StsFederatedNoPermission,
        ErrorCode::StsSamlProviderNotExist,
        ErrorCode::StsSamlInvalid,
        ErrorCode::StsSamlExpired,
    ]],
};

/// What is on record.
pub fn resources(_cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::ram(&request.role.account, &format!("role/{}", request.role.name))])
}

fn provider<'a>(cx: &Cx<'a>, request: &Request) -> Result<&'a SamlProvider, ApiError> {
    let provider = cx.settings.saml.iter().find(|provider| provider.arn == request.provider);
    Ok(provider.ok_or(ErrorCode::StsSamlProviderNotExist)?)
}

/// The assertion's reading.
pub fn costly(cx: &mut Cx<'_>, request: &Request) -> Result<Option<Step>, ApiError> {
    let (provider, assertion, now) = (provider(cx, request)?.clone(), request.assertion.0.clone(), cx.now);
    Ok(Some(federated::reading(move || saml::read(&provider, &assertion, now))))
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let provider = provider(cx, &request)?;
    let claims: &Claims = federated::claims(cx)?;
    // The transaction may have been waited for.
    if claims.expires_at <= cx.now {
        return Err(ErrorCode::StsSamlExpired.into());
    }
    cx.note("subject", claims.subject.clone());
    let session_name = SessionName::from_text(&claims.session_name).map_err(|_| ErrorCode::StsSamlInvalid)?;
    let role_arn = format!("acs:ram::{}:role/{}", request.role.account, request.role.name);
    let is_meant = |(role, by): &(String, String)| role.eq_ignore_ascii_case(&role_arn) && *by == provider.arn;
    if !claims.roles.iter().any(is_meant) {
        return Err(ErrorCode::StsFederatedNoPermission.into());
    }
    let context = context(cx).with("saml:recipient", claims.recipient.as_str());
    let role = federated::trusting_role(cx, &request.role, &provider.arn, &context)?;
    take(cx, &role.account, &provider.arn, claims)?;
    let Request { policy, duration_s, .. } = request;
    let asked = Asked { session_name, policy, duration_s, source_identity: None, ends_by: claims.session_ends_at };
    let (user, credentials) = issue::session(cx, &role, asked)?;
    let assertion = AssertionInfo {
        issuer: claims.issuer.clone(),
        recipient: claims.recipient.clone(),
        subject: claims.subject.clone(),
        subject_type: claims.subject_type.clone(),
    };
    Ok(Response { user, credentials, assertion })
}

/// Refuses an assertion that has opened a session ("Profiles for SAML 2.0", 4.1.4.5: bearer assertions are not replayed). One on which the
/// call fails later is not used up: what was taken is undone with the rest.
fn take(cx: &Cx<'_>, account: &AccountId, provider: &str, claims: &Claims) -> Result<(), ApiError> {
    let fingerprint = digest::sha256(&[provider.as_bytes(), b"\0", claims.id.as_bytes()].concat());
    match assertions::take(cx.tx, account, &fingerprint, claims.expires_at, cx.now, limits::ASSERTIONS)? {
        Taken::Now => Ok(()),
        Taken::Before => Err(ErrorCode::StsSamlInvalid.into()),
        Taken::Full => Err(ErrorCode::Throttling.into()),
    }
}
