//! Who a request says it is from, and whether its signature proves it. Pure: the clock, the nonces and the store are elsewhere.

mod percent;
mod v1;
mod v3;
mod v4;

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_base::{ApiError, ErrorCode, Secret, Timestamp, limits};
use coffer_crypto::{digest, mac};

use crate::exchange::Incoming;
use crate::parameters::Parameters;
use v3::{Authorization, Hash};

/// What a request says of itself before anything is proven.
#[derive(Clone, Debug)]
pub struct Claim {
    /// How it is signed.
    pub scheme: Scheme,
    /// The operation.
    pub action: String,
    /// The API version, which names the product.
    pub version: String,
    /// The access key.
    pub access_key_id: Option<String>,
    /// The token of a temporary access key.
    pub security_token: Option<String>,
    /// When it was signed.
    pub timestamp: Option<Timestamp>,
    /// What makes it unique. An empty one counts as one.
    pub nonce: Option<String>,
}

/// How a request is signed.
#[derive(Clone, Debug)]
pub enum Scheme {
    /// Version 1.0.
    V1 {
        /// The hash.
        hash: v1::Hash,
        /// The signature, base64.
        signature: String,
    },
    /// `ACS3-…`.
    V3(Authorization),
    /// `ACS4-…`.
    V4 {
        /// The header.
        authorization: Authorization,
        /// What the key is derived for.
        scope: v4::Scope,
    },
    /// A bearer token.
    Bearer,
    /// Not at all.
    Anonymous,
}

/// Headers that a V3 or V4 signature must cover, the hash of the body apart.
const SIGNED: [&str; 3] = ["x-acs-action", "x-acs-version", "x-acs-date"];
/// Headers that it must cover where they are sent, since what they say is used.
const SIGNED_IF_SENT: [&str; 2] = ["x-acs-security-token", "x-acs-signature-nonce"];

impl Claim {
    /// Reads what a request says of itself; gateway errors for what is missing or malformed.
    pub fn read(incoming: &Incoming, parameters: &Parameters) -> Result<Self, ApiError> {
        let authorization = incoming.header("authorization").unwrap_or_default();
        if authorization.starts_with("ACS") {
            return Self::read_headers(incoming, authorization);
        }
        let bearer = parameters.get("SignatureType") == Some("BEARERTOKEN") || authorization.starts_with("Bearer ");
        if parameters.get("Signature").is_some() && !bearer {
            return Self::read_v1(parameters);
        }
        let named = |parameter: &str, header: &str| {
            let text = parameters.get(parameter).or_else(|| incoming.header(header));
            text.filter(|text| !text.is_empty()).map(str::to_owned).ok_or_else(|| missing(parameter))
        };
        Ok(Self {
            scheme: if bearer { Scheme::Bearer } else { Scheme::Anonymous },
            action: named("Action", "x-acs-action")?,
            version: named("Version", "x-acs-version")?,
            access_key_id: None,
            security_token: None,
            timestamp: None,
            nonce: None,
        })
        .and_then(|claim| match parameters.get("AccessKeyId") {
            Some(_) if !bearer => Err(missing("Signature")),
            _ => Ok(claim),
        })
    }

    fn read_v1(parameters: &Parameters) -> Result<Self, ApiError> {
        // A V1 signature covers query and form. Parameters from a JSON body would be anybody's.
        if parameters.has_json_body() {
            return Err(ErrorCode::UnsupportedContentType.into());
        }
        let given = |name: &str| parameters.get(name).filter(|text| !text.is_empty()).map(str::to_owned);
        let needed = |name: &str| given(name).ok_or_else(|| missing(name));
        let hash = match parameters.get("SignatureMethod") {
            Some("HMAC-SHA1") => v1::Hash::Sha1,
            Some("HMAC-SHA256") => v1::Hash::Sha256,
            None | Some("") => return Err(missing("SignatureMethod")),
            Some(_) => return Err(ErrorCode::InvalidSignatureMethod.into()),
        };
        if parameters.get("SignatureVersion").is_some_and(|version| version != "1.0") {
            return Err(ErrorCode::IncompleteSignature.into());
        }
        Ok(Self {
            action: needed("Action")?,
            version: needed("Version")?,
            access_key_id: Some(needed("AccessKeyId")?),
            scheme: Scheme::V1 { hash, signature: needed("Signature")? },
            security_token: given("SecurityToken"),
            timestamp: Some(timestamp(&needed("Timestamp")?)?),
            nonce: nonce(parameters.get("SignatureNonce"))?,
        })
    }

    fn read_headers(incoming: &Incoming, authorization: &str) -> Result<Self, ApiError> {
        let authorization = parse_authorization(authorization)?;
        let (access_key_id, scheme) = if authorization.algorithm.starts_with("ACS4") {
            let (id, scope) = v4::Scope::parse(&authorization.credential).ok_or(ErrorCode::IncompleteSignature)?;
            (id.to_owned(), Scheme::V4 { scope, authorization: authorization.clone() })
        } else {
            (authorization.credential.clone(), Scheme::V3(authorization.clone()))
        };
        let given = |name: &str| incoming.header(name).filter(|text| !text.is_empty()).map(str::to_owned);
        let claim = Self {
            action: given("x-acs-action").ok_or_else(|| missing("Action"))?,
            version: given("x-acs-version").ok_or_else(|| missing("Version"))?,
            timestamp: Some(timestamp(&given("x-acs-date").ok_or_else(|| missing("Timestamp"))?)?),
            scheme,
            access_key_id: Some(access_key_id),
            security_token: given("x-acs-security-token"),
            nonce: nonce(incoming.header("x-acs-signature-nonce"))?,
        };
        check_signed_headers(incoming, &authorization)?;
        Ok(claim)
    }

    /// Whether the signature was made with `secret` over this very request.
    pub fn verify(
        &self,
        incoming: &Incoming,
        parameters: &Parameters,
        secret: &Secret<String>,
    ) -> Result<(), ApiError> {
        match &self.scheme {
            Scheme::V1 { hash, signature } => v1::verify(incoming, parameters, secret, *hash, signature)?,
            Scheme::V3(authorization) => {
                let key = Secret::new(secret.expose().as_bytes().to_vec());
                v3::verify(incoming, parameters, authorization, &key)?;
            }
            Scheme::V4 { authorization, scope } => {
                v3::verify(incoming, parameters, authorization, &scope.key(secret, authorization.hash))?;
            }
            Scheme::Bearer | Scheme::Anonymous => return Err(missing("Signature")),
        }
        check_content_md5(incoming)
    }

    /// The region that a V4 signature is made for.
    pub fn scope_region(&self) -> Option<&str> {
        match &self.scheme {
            Scheme::V4 { scope, .. } => Some(&scope.region),
            _ => None,
        }
    }
}

fn missing(name: &str) -> ApiError {
    ApiError::with(ErrorCode::MissingMandatory, [name.to_owned()])
}

fn timestamp(text: &str) -> Result<Timestamp, ApiError> {
    Ok(Timestamp::parse_iso8601(text).ok_or(ErrorCode::TimestampFormat)?)
}

fn nonce(text: Option<&str>) -> Result<Option<String>, ApiError> {
    match text {
        Some(text) if text.len() > limits::NONCE_BYTES => Err(ErrorCode::Unparsable.into()),
        text => Ok(text.map(str::to_owned)),
    }
}

/// `ALGORITHM Credential=…,SignedHeaders=a;b,Signature=…`, the fields in any order.
fn parse_authorization(text: &str) -> Result<Authorization, ApiError> {
    let incomplete = || ApiError::new(ErrorCode::IncompleteSignature);
    let (algorithm, fields) = text.split_once(' ').ok_or_else(incomplete)?;
    let (algorithm, hash) = match algorithm {
        "ACS3-HMAC-SHA256" => ("ACS3-HMAC-SHA256", Hash::Sha256),
        "ACS3-HMAC-SM3" => ("ACS3-HMAC-SM3", Hash::Sm3),
        "ACS4-HMAC-SHA256" => ("ACS4-HMAC-SHA256", Hash::Sha256),
        "ACS4-HMAC-SM3" => ("ACS4-HMAC-SM3", Hash::Sm3),
        _ => return Err(ErrorCode::InvalidSignatureMethod.into()),
    };
    let [mut credential, mut signed_headers, mut signature] = [None; 3];
    for field in fields.split(',') {
        let (name, value) = field.trim().split_once('=').ok_or_else(incomplete)?;
        let place = match name {
            "Credential" => &mut credential,
            "SignedHeaders" => &mut signed_headers,
            "Signature" => &mut signature,
            _ => return Err(incomplete()),
        };
        if value.is_empty() || place.replace(value.trim()).is_some() {
            return Err(incomplete());
        }
    }
    let signed_headers: &str = signed_headers.ok_or_else(incomplete)?;
    Ok(Authorization {
        algorithm,
        hash,
        credential: credential.ok_or_else(incomplete)?.to_owned(),
        signed_headers: signed_headers.split(';').map(str::to_ascii_lowercase).collect(),
        signature: signature.ok_or_else(incomplete)?.to_owned(),
    })
}

/// The signature covers every header whose word we take, none of them twice.
fn check_signed_headers(incoming: &Incoming, authorization: &Authorization) -> Result<(), ApiError> {
    let signed: HashSet<&str> = authorization.signed_headers.iter().map(String::as_str).collect();
    let count = |name: &str| incoming.headers.iter().filter(|(n, _)| n == name).count();
    let used = || SIGNED.iter().chain(&SIGNED_IF_SENT);
    let complete = signed.len() == authorization.signed_headers.len()
        && signed.iter().all(|name| count(name) > 0)
        && SIGNED.iter().all(|name| signed.contains(name))
        && SIGNED_IF_SENT.iter().all(|name| count(name) == 0 || signed.contains(name))
        && used().all(|name| count(name) <= 1)
        && (signed.contains("x-acs-content-sha256") || signed.contains("x-acs-content-sm3"));
    if complete { Ok(()) } else { Err(ErrorCode::IncompleteSignature.into()) }
}

fn check_content_md5(incoming: &Incoming) -> Result<(), ApiError> {
    let Some(given) = incoming.header("content-md5").filter(|_| !incoming.body.is_empty()) else { return Ok(()) };
    let given = STANDARD.decode(given).unwrap_or_default();
    if mac::equal(&given, &digest::md5(&incoming.body)) {
        return Ok(());
    }
    Err(ErrorCode::BodyDigestMismatch.into())
}

#[cfg(test)]
mod tests;
