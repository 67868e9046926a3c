//! An OpenID Connect provider with a key of its own, and its tokens.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use coffer_base::SeededRng;
use coffer_cloud::settings::OidcProvider;
use coffer_crypto::{KeySpec, Material, SigningAlgorithm, digest};
use serde_json::{Value, json};

use super::NOW_MS;

/// The provider's ARN.
pub(crate) const ARN: &str = "acs:ram::1234567890123456:oidc-provider/forge";
/// Its issuer.
pub(crate) const ISSUER: &str = "https://forge.example.com";
/// The client its tokens are for.
pub(crate) const CLIENT: &str = "builds";

static KEY: LazyLock<Material> = LazyLock::new(key);

/// A new key of nobody's.
pub(crate) fn key() -> Material {
    Material::generate(KeySpec::Rsa2048, &SeededRng::new(1))
}

pub(super) fn provider() -> OidcProvider {
    let text = str::to_owned;
    let keys = vec![(text("key-1"), KEY.public_key().unwrap().to_vec())];
    OidcProvider { arn: text(ARN), issuer: text(ISSUER), client_ids: vec![text(CLIENT)], keys }
}

/// What a good token claims.
pub(crate) fn claims() -> Value {
    let now = NOW_MS / 1000;
    json!({"iss": ISSUER, "sub": "repo:coffer", "aud": CLIENT, "iat": now - 10, "exp": now + 600})
}

/// A token that the provider signed.
pub(crate) fn token(claims: &Value) -> String {
    signed(&json!({"alg": "RS256", "kid": "key-1", "typ": "JWT"}), claims, &KEY)
}

/// A token with this header, signed by this key.
pub(crate) fn signed(header: &Value, claims: &Value, key: &Material) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(header), part(claims));
    let digest = digest::sha256(text.as_bytes());
    let signature = key.sign(SigningAlgorithm::RsaPkcs1, &SeededRng::new(1), &digest).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}
