//! What the ways to a session share: what it is asked for with, and its credentials.

use coffer_base::{AccountId, ApiError, Arn, ErrorCode, Rng, Timestamp, ids};
use coffer_store::identities::Role;

use crate::audit;
use crate::auth::policy::{Policy, PolicyKind};
use crate::auth::session::Session;
use crate::context::Cx;
use crate::decode::{Invalid, Parameter};
use crate::keyring::Keyring;
use crate::value::response;

/// `acs:ram::<account>:role/<name>`.
#[derive(Clone, Debug)]
pub struct RoleArn {
    /// The account.
    pub account: AccountId,
    /// The role's name.
    pub name: String,
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
pub struct SessionName(pub String);

impl Parameter for SessionName {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        let allowed = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '@' | '-' | '_'));
        if allowed && (2..=64).contains(&text.len()) { Ok(Self(text.to_owned())) } else { Err(Invalid::Value) }
    }
}

/// A session policy, as it was sent.
#[derive(Clone, Debug)]
pub struct SessionPolicy(pub String);

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

/// What a session is to be.
pub struct Asked {
    /// Its name.
    pub session_name: SessionName,
    /// What it is restricted to.
    pub policy: Option<SessionPolicy>,
    /// In seconds.
    pub duration_s: Option<i64>,
    /// Who stands behind the caller.
    pub source_identity: Option<String>,
    /// When it is to end at the latest.
    pub ends_by: Option<Timestamp>,
}

/// What a session's token holds besides its role and its end.
pub struct Terms<'a> {
    /// The session's name.
    pub name: &'a str,
    /// What it is restricted to.
    pub policy: Option<String>,
    /// Who stands behind the caller.
    pub source_identity: Option<String>,
}

const LEAST_S: i64 = 900;
const DEFAULT_S: i64 = 3600;

/// A session of a role that trusts whoever asks: that was found before.
pub fn session(cx: &mut Cx<'_>, role: &Role, asked: Asked) -> Result<(AssumedRoleUser, Credentials), ApiError> {
    let duration_s = asked.duration_s.unwrap_or(DEFAULT_S.min(role.max_session_s));
    if !(LEAST_S..=role.max_session_s).contains(&duration_s) {
        let most = match role.max_session_s {
            s if s % 3600 == 0 => format!("{}hr", s / 3600),
            s => format!("{}min", s / 60),
        };
        return Err(ApiError::with(ErrorCode::StsDuration, [most]));
    }
    let SessionName(session_name) = asked.session_name;
    let user = AssumedRoleUser {
        arn: Arn::assumed_role(&role.account, &role.role_name, &session_name).to_string(),
        assumed_role_id: format!("{}:{session_name}", role.role_id),
    };
    let policy = asked.policy.map(|SessionPolicy(text)| text);
    if let Some(text) = &policy {
        cx.note(audit::SESSION_POLICY, text.as_str());
    }
    let terms = Terms { name: &session_name, policy, source_identity: asked.source_identity };
    let end = cx.now.plus_ms(duration_s * 1000);
    let end = asked.ends_by.map_or(end, |ends_by| ends_by.min(end));
    let credentials = seal(cx.keyring, cx.rng, role, terms, end)?;
    cx.note("sessionAccessKeyId", credentials.access_key_id.clone());
    Ok((user, credentials))
}

/// The credentials of a session.
pub fn seal(
    keyring: &Keyring,
    rng: &dyn Rng,
    role: &Role,
    terms: Terms<'_>,
    expires_at: Timestamp,
) -> Result<Credentials, ApiError> {
    let session = Session {
        access_key_id: ids::session_key_id(rng),
        secret: ids::access_key_secret(rng),
        account: role.account.to_string(),
        role_id: role.role_id.clone(),
        session_name: terms.name.to_owned(),
        policy: terms.policy,
        source_identity: terms.source_identity,
        expires_at_ms: expires_at.unix_ms(),
    };
    let key = keyring.sessions().ok_or_else(|| ApiError::internal("no session key"))?;
    Ok(Credentials {
        access_key_id: session.access_key_id.clone(),
        access_key_secret: session.secret.clone(),
        security_token: session.seal(&key, rng),
        expiration: expires_at.to_iso8601(),
    })
}
