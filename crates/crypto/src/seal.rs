//! Authenticated encryption: AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce.
//!
//! A key seals at most 2^32 messages before the chance of a repeated nonce reaches 2^-32 (SP 800-38D, 8.3); sealing keys of records
//! stay far below, and a KMS key's versions are there to be rotated.

use aws_lc_rs::aead::{AES_256_GCM, Aad, Algorithm, LessSafeKey, Nonce, UnboundKey};
use coffer_base::{Rng, Secret};

use crate::mac::hmac_sha256;

/// Bytes of a nonce.
pub const NONCE_BYTES: usize = 12;
/// Bytes of an authentication tag.
pub const TAG_BYTES: usize = 16;
/// What sealing adds to a message.
pub const OVERHEAD_BYTES: usize = NONCE_BYTES + TAG_BYTES;

/// The sealed bytes were not made by this key for this purpose, or were changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sealed data does not open under this key for this purpose")]
pub struct OpenError;

/// A key, of 256 bits unless it is a message's, expanded for use. The expanded form is wiped by aws-lc when dropped.
pub struct Aead(LessSafeKey);

impl Aead {
    /// Expands a key.
    pub fn new(key: &[u8; 32]) -> Self {
        Self::of(&AES_256_GCM, key)
    }

    /// Expands a key of another algorithm with the same nonce and tag; the caller has seen to its length.
    pub(crate) fn of(algorithm: &'static Algorithm, key: &[u8]) -> Self {
        Self(LessSafeKey::new(UnboundKey::new(algorithm, key).expect("a key of the algorithm's length")))
    }

    /// Encrypts: `nonce (12) ‖ ciphertext ‖ tag (16)`. `context` is authenticated, not stored.
    pub fn seal(&self, rng: &dyn Rng, context: &[u8], message: &[u8]) -> Vec<u8> {
        let mut nonce = [0u8; NONCE_BYTES];
        rng.fill(&mut nonce);
        let mut sealed = Vec::with_capacity(OVERHEAD_BYTES + message.len());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(message);
        let tag = self
            .0
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context),
                &mut sealed[NONCE_BYTES..],
            )
            .expect("messages are far below AES-GCM's 64 GiB");
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    /// Decrypts what [`Aead::seal`] made with the same key and context.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Secret<Vec<u8>>, OpenError> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(OpenError)?;
        let mut body = body.to_vec();
        let opened = self
            .0
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(context), &mut body)
            .map_err(|_| OpenError)?
            .len();
        body.truncate(opened);
        Ok(Secret::new(body))
    }
}

/// A sealing key of 256 random bits: the plain bytes (to be sealed under the key above it) and the expanded form.
pub struct SealKey {
    bytes: Secret<[u8; 32]>,
    aead: Aead,
}

impl SealKey {
    /// A new random key.
    pub fn generate(rng: &dyn Rng) -> Self {
        let mut bytes = [0u8; 32];
        rng.fill(&mut bytes);
        Self::from_bytes(bytes)
    }

    /// From its bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        let aead = Aead::new(&bytes);
        Self { bytes: Secret::new(bytes), aead }
    }

    /// This key, sealed under the key above it.
    pub fn sealed_under(&self, parent: &Aead, rng: &dyn Rng, context: &[u8]) -> Vec<u8> {
        parent.seal(rng, context, self.bytes.expose())
    }

    /// Opens what [`SealKey::sealed_under`] made.
    pub fn open_under(parent: &Aead, context: &[u8], sealed: &[u8]) -> Result<Self, OpenError> {
        let plain = parent.open(context, sealed)?;
        let bytes: [u8; 32] = plain.expose().as_slice().try_into().map_err(|_| OpenError)?;
        Ok(Self::from_bytes(bytes))
    }

    /// A digest of data that only this key makes: HMAC-SHA-256 under a key derived from this one.
    pub fn fingerprint(&self, context: &[u8], data: &[u8]) -> [u8; 32] {
        let derived = Secret::new(hmac_sha256(self.bytes.expose(), b"coffer/fingerprint/1"));
        hmac_sha256(derived.expose(), &[context, data].concat())
    }

    /// The expanded key.
    pub const fn aead(&self) -> &Aead {
        &self.aead
    }
}

#[cfg(test)]
mod tests {
    use coffer_base::SeededRng;

    use super::*;

    #[test]
    fn sealed_bytes_open_only_with_the_same_key_and_context() {
        let rng = SeededRng::new(1);
        let key = SealKey::generate(&rng);
        let sealed = key.aead().seal(&rng, b"disk d-1", b"data key");
        assert_eq!(sealed.len(), 8 + OVERHEAD_BYTES);
        assert_eq!(key.aead().open(b"disk d-1", &sealed).unwrap().expose(), b"data key");
        assert!(key.aead().open(b"disk d-2", &sealed).is_err());
        assert!(SealKey::generate(&rng).aead().open(b"disk d-1", &sealed).is_err());
    }

    #[test]
    fn any_flipped_bit_and_any_truncation_is_noticed() {
        let rng = SeededRng::new(2);
        let key = SealKey::generate(&rng);
        let sealed = key.aead().seal(&rng, b"", b"x");
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(key.aead().open(b"", &changed).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(key.aead().open(b"", &sealed[..length]).is_err(), "length {length}");
        }
    }

    #[test]
    fn a_key_survives_being_sealed_under_another() {
        let rng = SeededRng::new(3);
        let (parent, child) = (SealKey::generate(&rng), SealKey::generate(&rng));
        let sealed = child.sealed_under(parent.aead(), &rng, b"domain");
        let again = SealKey::open_under(parent.aead(), b"domain", &sealed).unwrap();
        let message = child.aead().seal(&rng, b"", b"m");
        assert_eq!(again.aead().open(b"", &message).unwrap().expose(), b"m");
    }
}
