//! Links that sign in once: a signed CreateConsoleSession request (signature V1, all in the query). The signature is that of any API call,
//! so the server checks it, its age and that it is new as it does for those.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use coffer_base::{Rng as _, Secret, Timestamp};
use coffer_cloud::Product;
use coffer_crypto::{SystemRng, mac};

use crate::client::{Caller, encode};

/// What a link asks for.
pub(super) const ACTION: &str = "CreateConsoleSession";

/// The path and query of a link for a caller.
pub(crate) fn path(caller: &Caller, now: Timestamp) -> String {
    format!("/console/link?{}", query(caller, now))
}

/// The signed query.
pub(super) fn query(caller: &Caller, now: Timestamp) -> String {
    let (date, nonce) = (now.to_iso8601(), SystemRng.uuid());
    let mut pairs = vec![
        ("AccessKeyId", caller.access_key_id.as_str()),
        ("Action", ACTION),
        ("Format", "JSON"),
        ("SignatureMethod", "HMAC-SHA256"),
        ("SignatureNonce", &nonce),
        ("SignatureVersion", "1.0"),
        ("Timestamp", &date),
        ("Version", Product::Coffer.version()),
    ];
    pairs.extend(caller.security_token.as_ref().map(|token| ("SecurityToken", token.expose().as_str())));
    pairs.sort_unstable();
    let encoded: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let query = encoded.join("&");
    let text = format!("GET&%2F&{}", encode(&query));
    let key = Secret::new(format!("{}&", caller.secret.expose()));
    let signature = BASE64.encode(mac::hmac_sha256(key.expose().as_bytes(), text.as_bytes()));
    format!("{query}&Signature={}", encode(&signature))
}
