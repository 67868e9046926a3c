//! OpenID Connect tokens: JSON web tokens (RFC 7519) that an identity provider signed with RS256. The providers are the operator's
//! setting: the operations that register them belong to IMS.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use coffer_base::{ApiError, ErrorCode, Timestamp};
use coffer_crypto::is_signed_rs256;
use serde::Deserialize;

use crate::settings::OidcProvider;

/// How far the provider's clock may be ahead, in seconds.
const SKEW_S: i64 = 60;

/// What a token says that was found good.
#[derive(Debug)]
pub struct Claims {
    /// Who signed.
    pub issuer: String,
    /// Whom it is about.
    pub subject: String,
    /// For whom it was made: those of its clients that the provider's setting has.
    pub audiences: Vec<String>,
    /// When it was made.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

#[derive(Deserialize)]
struct Raw {
    iss: String,
    sub: String,
    aud: Audience,
    iat: i64,
    nbf: Option<i64>,
    exp: i64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Reads a token: it must be signed by a key of the provider, made by its issuer for one of its clients, have
/// begun, and not have ended.
pub fn read(provider: &OidcProvider, token: &str, now: Timestamp) -> Result<Claims, ApiError> {
    let invalid = || ApiError::new(ErrorCode::StsOidcInvalid);
    let (signed, signature) = token.rsplit_once('.').ok_or_else(invalid)?;
    let (header, claims) = signed.split_once('.').ok_or_else(invalid)?;
    let bytes = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| invalid());
    let header: Header = serde_json::from_slice(&bytes(header)?).map_err(|_| invalid())?;
    if header.alg != "RS256" {
        return Err(invalid());
    }
    let mut keys = provider.keys.iter().filter(|(id, _)| header.kid.as_ref().is_none_or(|kid| kid == id));
    let signature = bytes(signature)?;
    if !keys.any(|(_, key)| is_signed_rs256(key, signed.as_bytes(), &signature)) {
        return Err(invalid());
    }
    let raw: Raw = serde_json::from_slice(&bytes(claims)?).map_err(|_| invalid())?;
    let named = match raw.aud {
        Audience::One(name) => vec![name],
        Audience::Many(names) => names,
    };
    let audiences: Vec<String> = named.into_iter().filter(|name| provider.client_ids.contains(name)).collect();
    let moment = |seconds: i64| seconds.checked_mul(1000).map(Timestamp::from_unix_ms).ok_or_else(invalid);
    let (issued_at, expires_at) = (moment(raw.iat)?, moment(raw.exp)?);
    let begins_at = raw.nbf.map_or(Ok(issued_at), moment)?;
    let is_early = issued_at.max(begins_at) > now.plus_ms(SKEW_S * 1000);
    if raw.iss != provider.issuer || audiences.is_empty() || is_early {
        return Err(invalid());
    }
    if expires_at <= now {
        return Err(ErrorCode::StsOidcExpired.into());
    }
    Ok(Claims { issuer: raw.iss, subject: raw.sub, audiences, issued_at, expires_at })
}
