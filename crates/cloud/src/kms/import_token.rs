//! Import tokens: the private half of the key that wraps material to be imported, sealed under the account's key of the day for them and bound
//! to the key that the material is for. Nothing is stored.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_base::{ApiError, ErrorCode, Secret, Timestamp};
use coffer_crypto::{EncryptionAlgorithm, KeySpec, Material};
use coffer_store::keys::Key;

use super::cipher;
use crate::context::Cx;

/// How long a token can be used.
pub const LIFETIME_MS: i64 = 24 * 60 * 60 * 1000;

const PURPOSE: &str = "import token";

/// What a token holds.
pub struct ImportToken {
    /// How the material is wrapped.
    pub algorithm: EncryptionAlgorithm,
    /// Until when it can be used.
    pub expires_at: Timestamp,
    /// The private key.
    pub wrapping_key: Arc<Material>,
}

const ALGORITHMS: [(u8, EncryptionAlgorithm, KeySpec); 4] = [
    (1, EncryptionAlgorithm::Pkcs1, KeySpec::Rsa2048),
    (2, EncryptionAlgorithm::OaepSha1, KeySpec::Rsa2048),
    (3, EncryptionAlgorithm::OaepSha256, KeySpec::Rsa2048),
    (4, EncryptionAlgorithm::Sm2, KeySpec::EcSm2),
];

/// Whether material can be wrapped so under a key of that kind.
pub fn suits(algorithm: EncryptionAlgorithm, spec: KeySpec) -> bool {
    ALGORITHMS.iter().any(|(_, known, of)| (*known, *of) == (algorithm, spec))
}

fn context(key: &Key) -> Vec<u8> {
    ["coffer/import-token/1", key.account.as_str(), &key.key_id].join("/").into_bytes()
}

impl ImportToken {
    /// The token's text: base64 of the sealed `algorithm (1) ‖ expiry in milliseconds (8, big-endian) ‖ private key`.
    pub fn seal(&self, cx: &Cx<'_>, key: &Key) -> Result<String, ApiError> {
        let known = ALGORITHMS.iter().find(|(_, known, _)| *known == self.algorithm);
        let (number, ..) = known.expect("every algorithm has a number");
        let expires_at = self.expires_at.unix_ms().to_be_bytes();
        let plain = Secret::new([&[*number], &expires_at[..], self.wrapping_key.bytes().expose()].concat());
        Ok(STANDARD.encode(cipher::seal_of_day(cx, &key.account, PURPOSE, &context(key), plain.expose())?))
    }

    /// Opens a token that was made for `key` and can still be used.
    pub fn open(cx: &Cx<'_>, key: &Key, text: &str) -> Result<Self, ApiError> {
        let domain = cipher::domain(cx, &key.account)?;
        let sealed = STANDARD.decode(text).map_err(|_| ErrorCode::ImportTokenInvalid)?;
        let plain = domain.open_of_day(PURPOSE, &context(key), &sealed).map_err(|_| ErrorCode::ImportTokenInvalid)?;
        let parsed = Self::parse(plain.expose());
        let token = parsed.ok_or_else(|| ApiError::internal("an import token that was not made here opens"))?;
        if token.expires_at <= cx.now {
            return Err(ErrorCode::ImportTokenExpired.into());
        }
        Ok(token)
    }

    fn parse(plain: &[u8]) -> Option<Self> {
        let (number, rest) = plain.split_first()?;
        let (expires_at, private) = rest.split_first_chunk::<8>()?;
        let (_, algorithm, spec) = ALGORITHMS.into_iter().find(|(known, ..)| known == number)?;
        Some(Self {
            algorithm,
            expires_at: Timestamp::from_unix_ms(i64::from_be_bytes(*expires_at)),
            wrapping_key: Arc::new(Material::private(spec, Secret::new(private.to_vec())).ok()?),
        })
    }
}
