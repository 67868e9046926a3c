//! Signature version 1.0: `METHOD&%2F&pct(sorted query)`, HMAC keyed with the secret and a trailing `&` ("Signature mechanism").

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_base::{ApiError, ErrorCode, Secret};
use coffer_crypto::mac;

use super::percent;
use crate::exchange::Incoming;
use crate::parameters::Parameters;

/// The hash under the HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// `HMAC-SHA1`, what every known client sends.
    Sha1,
    /// `HMAC-SHA256`.
    Sha256,
}

/// How a client made its string to sign. The standard one, and two that known clients make instead; each binds every non-empty value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Variant {
    Standard,
    /// Without the parameters whose value is empty (a Java client).
    SkipEmpty,
    /// A space as `+` before the second encoding (a Python credentials library).
    PlusForBlank,
}

/// Verifies a signature in constant time; the error shows the standard string to sign.
pub(super) fn verify(
    incoming: &Incoming,
    parameters: &Parameters,
    secret: &Secret<String>,
    hash: Hash,
    signature: &str,
) -> Result<(), ApiError> {
    let given = STANDARD.decode(signature).unwrap_or_default();
    let standard = string_to_sign(incoming, parameters, Variant::Standard);
    let agrees = |text: &str| mac::equal(&sign(secret, hash, text), &given);
    if agrees(&standard) {
        return Ok(());
    }
    for variant in [Variant::SkipEmpty, Variant::PlusForBlank] {
        let text = string_to_sign(incoming, parameters, variant);
        if text != standard && agrees(&text) {
            return Ok(());
        }
    }
    Err(ApiError::with(ErrorCode::SignatureMismatchV1, [standard]))
}

fn sign(secret: &Secret<String>, hash: Hash, text: &str) -> Vec<u8> {
    let key = Secret::new([secret.expose().as_bytes(), b"&"].concat());
    match hash {
        Hash::Sha1 => mac::hmac_sha1(key.expose(), text.as_bytes()).to_vec(),
        Hash::Sha256 => mac::hmac_sha256(key.expose(), text.as_bytes()).to_vec(),
    }
}

fn string_to_sign(incoming: &Incoming, parameters: &Parameters, variant: Variant) -> String {
    let encode = if variant == Variant::PlusForBlank { percent::encode_with_plus } else { percent::encode };
    let mut query = String::with_capacity(512);
    for (name, value) in parameters.iter() {
        if name == "Signature" || (variant == Variant::SkipEmpty && value.is_empty()) {
            continue;
        }
        if !query.is_empty() {
            query.push('&');
        }
        encode(&mut query, name);
        query.push('=');
        encode(&mut query, value);
    }
    let mut text = String::with_capacity(query.len() * 3 / 2);
    text.push_str(incoming.method.as_str());
    text.push_str("&%2F&");
    percent::encode(&mut text, &query);
    text
}
