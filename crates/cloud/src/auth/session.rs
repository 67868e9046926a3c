//! Session tokens of assumed roles: stateless, sealed under the server's session key. A token holds all that its session is; what it
//! can do is looked up at each use, so it dies with its role and follows the role's policies.

use coffer_base::{AccountId, Rng, Secret, Timestamp};
use coffer_crypto::SealKey;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What the sealed bytes are bound to.
const CONTEXT: &[u8] = b"coffer/session-token/1";
/// Longest token in characters: a session policy of 2048 bytes and everything else fit well.
const MOST_CHARACTERS: usize = 8192;

/// A session, as its token holds it.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Session {
    /// The temporary access key's id.
    pub access_key_id: String,
    /// Its secret.
    pub secret: String,
    /// The account that owns the role.
    pub account: String,
    /// The role.
    pub role_id: String,
    /// The session's name.
    pub session_name: String,
    /// The session policy as it was submitted.
    pub policy: Option<String>,
    /// Who stands behind the caller, as was said when it began.
    #[serde(default)]
    pub source_identity: Option<String>,
    /// When it ends, in milliseconds since the epoch.
    pub expires_at_ms: i64,
}

/// The token does not open, or holds no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl Session {
    /// Seals the session into a token: base64 text.
    pub fn seal(&self, key: &SealKey, rng: &dyn Rng) -> String {
        let mut plain = serde_json::to_vec(self).expect("a session is text and a number");
        let sealed = key.aead().seal(rng, CONTEXT, &plain);
        plain.zeroize();
        STANDARD.encode(sealed)
    }

    /// Opens a token.
    pub fn open(key: &SealKey, token: &str) -> Result<Self, Malformed> {
        if token.len() > MOST_CHARACTERS {
            return Err(Malformed);
        }
        let sealed = STANDARD.decode(token).map_err(|_| Malformed)?;
        let plain = key.aead().open(CONTEXT, &sealed).map_err(|_| Malformed)?;
        serde_json::from_slice(plain.expose()).map_err(|_| Malformed)
    }

    /// The temporary secret.
    pub fn secret(&self) -> Secret<String> {
        Secret::new(self.secret.clone())
    }

    /// The owner's account.
    pub fn account(&self) -> Option<AccountId> {
        AccountId::parse(&self.account)
    }

    /// Whether it has ended.
    pub const fn has_expired(&self, now: Timestamp) -> bool {
        now.unix_ms() >= self.expires_at_ms
    }
}

#[cfg(test)]
mod tests {
    use coffer_base::SeededRng;

    use super::*;

    fn session() -> Session {
        Session {
            access_key_id: "STS.x".to_owned(),
            secret: "s".to_owned(),
            account: "1234567890123456".to_owned(),
            role_id: "3".to_owned(),
            session_name: "n".to_owned(),
            policy: None,
            source_identity: None,
            expires_at_ms: 1000,
        }
    }

    #[test]
    fn a_token_opens_to_the_session_it_was_made_of() {
        let rng = SeededRng::new(1);
        let key = SealKey::generate(&rng);
        let token = session().seal(&key, &rng);
        let opened = Session::open(&key, &token).unwrap();
        assert_eq!((opened.access_key_id.as_str(), opened.secret.as_str()), ("STS.x", "s"));
        assert!(opened.has_expired(Timestamp::from_unix_ms(1000)));
        assert!(!opened.has_expired(Timestamp::from_unix_ms(999)));
    }

    #[test]
    fn a_changed_or_foreign_token_does_not_open() {
        let rng = SeededRng::new(2);
        let key = SealKey::generate(&rng);
        let token = session().seal(&key, &rng);
        assert!(Session::open(&SealKey::generate(&rng), &token).is_err());
        for place in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            assert!(Session::open(&key, std::str::from_utf8(&changed).unwrap()).is_err(), "{place}");
        }
        assert!(Session::open(&key, "").is_err());
        assert!(Session::open(&key, &"A".repeat(100_000)).is_err());
    }
}
