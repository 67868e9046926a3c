//! From a signed request to its caller.

use std::sync::Arc;

use coffer_base::{AccountId, ApiError, ErrorCode, Secret, Timestamp, limits};
use coffer_crypto::digest;
use coffer_store::audit::Nonce;
use coffer_store::{Tx, accounts, identities};

use super::policy::{Policy, PolicyKind};
use super::replay::{Fingerprint, Replays};
use super::session::Session;
use super::signature::{Claim, Coverage, Scheme};
use crate::caller::{Caller, Identity};
use crate::exchange::Incoming;
use crate::keyring::Keyring;
use crate::operation::Effect;
use crate::parameters::Parameters;

/// A request whose signature is good, whose timestamp is in the window and whose nonce is new to this process.
pub struct Authenticated {
    /// Who signed.
    pub caller: Caller,
    /// The nonce, to be recorded with what a write does, or with the use of what is used.
    pub nonce: Option<Nonce>,
    /// Which parameters the signature vouches for.
    pub coverage: Coverage,
}

/// A credential whose secret somebody has proven to know: what a session stands on.
#[derive(Clone, Debug)]
pub struct Login {
    /// The access key.
    pub access_key_id: String,
    /// What goes with a temporary one.
    pub security_token: Option<Secret<String>>,
}

/// What a secret belongs to.
struct Found {
    secret: Secret<String>,
    caller: Caller,
    active: bool,
}

impl Found {
    fn require_active(&self) -> Result<(), ApiError> {
        if self.active { Ok(()) } else { Err(ErrorCode::AccessKeyInactive.into()) }
    }
}

/// The context that an access key's secret is sealed with.
pub fn secret_context(access_key_id: &str) -> Vec<u8> {
    [b"coffer/access-key/1/".as_slice(), access_key_id.as_bytes()].concat()
}

/// Verifies a request against the credential it names.
#[expect(clippy::too_many_arguments, reason = "what a request is judged by")]
pub fn authenticate(
    tx: &Tx<'_>,
    keyring: &Keyring,
    replays: &Replays,
    now: Timestamp,
    incoming: &Incoming,
    parameters: &Parameters,
    claim: &Claim,
    effect: Effect,
) -> Result<Authenticated, ApiError> {
    if matches!(claim.scheme, Scheme::Bearer) {
        return Err(ErrorCode::InvalidSignatureMethod.into());
    }
    let access_key_id = claim.access_key_id.as_deref().ok_or_else(|| missing("AccessKeyId"))?;
    let found = find(tx, keyring, now, access_key_id, claim.security_token.as_deref())?;
    let coverage = claim.verify(incoming, parameters, &found.secret)?;
    found.require_active()?;
    let signed_at = claim.timestamp.ok_or_else(|| missing("Timestamp"))?;
    let fingerprint = match (&claim.nonce, claim.signature()) {
        (Some(nonce), _) => Some(fingerprint(&[access_key_id, nonce])),
        // Clients may leave the nonce out; what changes something is done once all the same. No access key is called so.
        (None, Some(signature)) if effect == Effect::Write => {
            Some(fingerprint(&["signature", access_key_id, signature]))
        }
        (None, _) => None,
    };
    replays.accept(&found.caller.account, now, signed_at, fingerprint)?;
    let expires_at = signed_at.plus_ms(limits::TIMESTAMP_WINDOW_MS);
    let nonce = fingerprint.map(|fingerprint| Nonce { fingerprint, expires_at });
    Ok(Authenticated { caller: found.caller, nonce, coverage })
}

/// The caller whose credential was proven before: as it is now, so that a key that was disabled or deleted since ends what stands on it.
pub fn resume(tx: &Tx<'_>, keyring: &Keyring, now: Timestamp, login: &Login) -> Result<Authenticated, ApiError> {
    let token = login.security_token.as_ref().map(|token| token.expose().as_str());
    let found = find(tx, keyring, now, &login.access_key_id, token)?;
    found.require_active()?;
    Ok(Authenticated { caller: found.caller, nonce: None, coverage: Coverage::Everything })
}

fn missing(name: &str) -> ApiError {
    ApiError::with(ErrorCode::MissingMandatory, [name.to_owned()])
}

fn find(
    tx: &Tx<'_>,
    keyring: &Keyring,
    now: Timestamp,
    access_key_id: &str,
    security_token: Option<&str>,
) -> Result<Found, ApiError> {
    match security_token {
        Some(token) => session(tx, keyring, now, access_key_id, token),
        None if access_key_id.starts_with("STS.") => Err(missing("SecurityToken")),
        None => long_term(tx, keyring, access_key_id),
    }
}

/// Who is nobody yet, for an operation that takes an identity provider's word. The account is that of the role asked for: what comes of the call is its business.
pub fn anonymous(parameters: &Parameters) -> Authenticated {
    let account = parameters.get("RoleArn").and_then(|arn| AccountId::parse(arn.split(':').nth(3)?));
    let account = account.unwrap_or_else(AccountId::nobody);
    let provider = ["OIDCProviderArn", "SAMLProviderArn"].into_iter().find_map(|name| parameters.get(name));
    let identity = Identity::Federated { provider: provider.unwrap_or_default().to_owned() };
    let caller = Caller { account, access_key_id: String::new(), identity };
    Authenticated { caller, nonce: None, coverage: Coverage::Everything }
}

fn fingerprint(parts: &[&str]) -> Fingerprint {
    let digest = digest::sha256(parts.join("\0").as_bytes());
    let (head, _) = digest.split_first_chunk().expect("a digest has 32 bytes");
    *head
}

fn long_term(tx: &Tx<'_>, keyring: &Keyring, access_key_id: &str) -> Result<Found, ApiError> {
    let credential = accounts::credential(tx, access_key_id).map_err(ApiError::internal)?;
    let credential = credential.ok_or(ErrorCode::AccessKeyNotFound)?;
    let secret = unseal(keyring, &credential.account, access_key_id, &credential.sealed_secret)?;
    let identity = match credential.user {
        Some((user_id, user_name)) => Identity::User { user_id, user_name },
        None => Identity::Account,
    };
    let caller = Caller { account: credential.account, access_key_id: access_key_id.to_owned(), identity };
    Ok(Found { secret, caller, active: credential.active })
}

/// The secret of an access key.
pub fn unseal(
    keyring: &Keyring,
    account: &AccountId,
    access_key_id: &str,
    sealed: &[u8],
) -> Result<Secret<String>, ApiError> {
    let domain = keyring.account(account).ok_or_else(|| ApiError::internal("an account without a domain key"))?;
    let plain = domain.aead().open(&secret_context(access_key_id), sealed).map_err(ApiError::internal)?;
    let text = std::str::from_utf8(plain.expose()).map_err(ApiError::internal)?;
    Ok(Secret::new(text.to_owned()))
}

fn session(
    tx: &Tx<'_>,
    keyring: &Keyring,
    now: Timestamp,
    access_key_id: &str,
    token: &str,
) -> Result<Found, ApiError> {
    let key = keyring.sessions().ok_or_else(|| ApiError::internal("no session key"))?;
    let session = Session::open(&key, token).map_err(|_| ErrorCode::TokenMalformed)?;
    if session.access_key_id != access_key_id {
        return Err(ErrorCode::TokenMismatch.into());
    }
    if session.has_expired(now) {
        return Err(ErrorCode::TokenExpired.into());
    }
    // A session ends with its role; a role made anew under the same name is another role.
    let role = identities::role_by_id(tx, &session.role_id).map_err(ApiError::internal)?;
    let role = role.ok_or(ErrorCode::TokenExpired)?;
    let policy = session.policy.as_deref().map(|text| Policy::parse(text, PolicyKind::Session)).transpose();
    let policy = policy.map_err(|_| ErrorCode::TokenMalformed)?.map(Arc::new);
    let identity = Identity::Session {
        role_id: role.role_id,
        role_name: role.role_name,
        session_name: session.session_name.clone(),
        policy,
        source_identity: session.source_identity.clone(),
    };
    let caller = Caller { account: role.account, access_key_id: access_key_id.to_owned(), identity };
    Ok(Found { secret: session.secret(), caller, active: true })
}
