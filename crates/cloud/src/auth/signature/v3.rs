//! Signature version 3 (`ACS3-HMAC-SHA256`, `ACS3-HMAC-SM3`): a canonical request, hashed and signed ("V3 request structure").

use coffer_base::{ApiError, ErrorCode, Secret};
use coffer_crypto::{digest, mac};

use super::percent;
use crate::exchange::Incoming;
use crate::parameters::Parameters;

/// The hash under everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SM3.
    Sm3,
}

impl Hash {
    /// The hash of `data`, in lower-case hexadecimal.
    pub fn hex(self, data: &[u8]) -> String {
        digest::hex(&match self {
            Self::Sha256 => digest::sha256(data),
            Self::Sm3 => digest::sm3(data),
        })
    }

    /// HMAC with this hash.
    pub fn hmac(self, key: &[u8], message: &[u8]) -> [u8; 32] {
        match self {
            Self::Sha256 => mac::hmac_sha256(key, message),
            Self::Sm3 => mac::hmac_sm3(key, message),
        }
    }
}

/// What an `Authorization` header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// `ACS3-HMAC-SHA256` and its like.
    pub algorithm: &'static str,
    /// The hash.
    pub hash: Hash,
    /// `Credential`: the access key, in V4 with the scope.
    pub credential: String,
    /// `SignedHeaders`, in their order.
    pub signed_headers: Vec<String>,
    /// `Signature`.
    pub signature: String,
}

/// Verifies a signature made with `key`, in constant time; the error shows the canonical request. Names in the query are taken
/// encoded, then, where that is safe, as they are: some clients sign them so.
pub(super) fn verify(
    incoming: &Incoming,
    parameters: &Parameters,
    authorization: &Authorization,
    key: &Secret<Vec<u8>>,
) -> Result<(), ApiError> {
    let hash = authorization.hash;
    let canonical = canonical_request(incoming, parameters, authorization, true);
    let text = string_to_sign(authorization, &canonical);
    let agrees = |text: &str| {
        let expected = digest::hex(&hash.hmac(key.expose(), text.as_bytes()));
        mac::equal(expected.as_bytes(), authorization.signature.as_bytes())
    };
    if agrees(&text) {
        return Ok(());
    }
    // Unencoded, `a=1&b` as one name reads like two parameters: such names are never taken as they are.
    let names = || parameters.query().iter().map(|(name, _)| name);
    if names().any(|name| !percent::is_plain(name)) && !names().any(|name| name.contains(['&', '=', '\n', '\r'])) {
        let raw = canonical_request(incoming, parameters, authorization, false);
        if agrees(&string_to_sign(authorization, &raw)) {
            return Ok(());
        }
    }
    Err(ApiError::with(ErrorCode::SignatureMismatchV3, [text, canonical]))
}

fn string_to_sign(authorization: &Authorization, canonical: &str) -> String {
    [authorization.algorithm, "\n", &authorization.hash.hex(canonical.as_bytes())].concat()
}

fn canonical_request(
    incoming: &Incoming,
    parameters: &Parameters,
    authorization: &Authorization,
    encode_names: bool,
) -> String {
    let mut text = String::with_capacity(1024);
    text.extend([incoming.method.as_str(), "\n", &incoming.path, "\n"]);
    for (place, (name, value)) in parameters.query().iter().enumerate() {
        if place > 0 {
            text.push('&');
        }
        if encode_names {
            percent::encode(&mut text, name);
        } else {
            text.push_str(name);
        }
        text.push('=');
        percent::encode(&mut text, value);
    }
    text.push('\n');
    let mut names: Vec<&str> = authorization.signed_headers.iter().map(String::as_str).collect();
    names.sort_unstable();
    for name in &names {
        text.extend([name, ":"]);
        let mut values: Vec<&str> =
            incoming.headers.iter().filter(|(n, _)| n == name).map(|(_, value)| value.trim()).collect();
        values.sort_unstable();
        for (place, value) in values.iter().enumerate() {
            text.extend([if place == 0 { "" } else { "," }, value]);
        }
        text.push('\n');
    }
    // The body's own hash, not what a header claims it to be: the header is signed, the body only through this line.
    text.extend(["\n", &names.join(";"), "\n", &authorization.hash.hex(&incoming.body)]);
    text
}
