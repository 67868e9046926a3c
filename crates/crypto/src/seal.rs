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

/// A key, of 256 bits unless it is a message's, expanded for use. The expanded form is in this value, in ordinary memory (unlike a disk's
/// key, see [`crate::Xts`]), and is wiped by aws-lc when dropped.
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
        let mut sealed = Vec::with_capacity(OVERHEAD_BYTES + message.len());
        sealed.extend_from_slice(&[0u8; NONCE_BYTES]);
        sealed.extend_from_slice(message);
        let (nonce, tag) = self.seal_in_place(rng, context, &mut sealed[NONCE_BYTES..]);
        sealed[..NONCE_BYTES].copy_from_slice(&nonce);
        sealed.extend_from_slice(&tag);
        sealed
    }

    /// Encrypts a message where it is; what opens it again is the nonce and the tag.
    pub fn seal_in_place(
        &self,
        rng: &dyn Rng,
        context: &[u8],
        message: &mut [u8],
    ) -> ([u8; NONCE_BYTES], [u8; TAG_BYTES]) {
        let mut nonce = [0u8; NONCE_BYTES];
        rng.fill(&mut nonce);
        let sealed =
            self.0.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), message);
        let tag = sealed.expect("messages are far below AES-GCM's 64 GiB");
        (nonce, tag.as_ref().try_into().expect("AES-GCM's tags have 16 bytes"))
    }

    /// Decrypts where it is what [`Aead::seal_in_place`] made with the same key and context. After an error the bytes are of no use.
    pub fn open_in_place(
        &self,
        nonce: &[u8; NONCE_BYTES],
        tag: &[u8; TAG_BYTES],
        context: &[u8],
        message: &mut [u8],
    ) -> Result<(), OpenError> {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.0.open_in_place_separate_tag(nonce, Aad::from(context), tag, message);
        opened.map(|_| ()).map_err(|_| OpenError)
    }

    /// Decrypts what [`Aead::seal`] made with the same key and context.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Secret<Vec<u8>>, OpenError> {
        let parts = Parts::of(sealed)?;
        parts.open(|message| self.open_in_place(parts.nonce, parts.tag, context, message))
    }
}

/// What [`Aead::seal`] has put together, taken apart.
pub(crate) struct Parts<'a> {
    pub(crate) nonce: &'a [u8; NONCE_BYTES],
    pub(crate) body: &'a [u8],
    pub(crate) tag: &'a [u8; TAG_BYTES],
}

impl<'a> Parts<'a> {
    pub(crate) fn of(sealed: &'a [u8]) -> Result<Self, OpenError> {
        let (nonce, rest) = sealed.split_first_chunk().ok_or(OpenError)?;
        let (body, tag) = rest.split_last_chunk().ok_or(OpenError)?;
        Ok(Self { nonce, body, tag })
    }

    /// The message, which `decrypt` makes of the body in place.
    pub(crate) fn open(
        &self,
        decrypt: impl FnOnce(&mut [u8]) -> Result<(), OpenError>,
    ) -> Result<Secret<Vec<u8>>, OpenError> {
        let mut message = Secret::new(self.body.to_vec());
        decrypt(message.expose_mut())?;
        Ok(message)
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

    /// Its bytes.
    pub(crate) const fn bytes(&self) -> &[u8; 32] {
        self.bytes.expose()
    }

    /// A digest of data that only this key makes: HMAC-SHA-256 under a key derived from this one.
    pub fn fingerprint(&self, context: &[u8], data: &[u8]) -> [u8; 32] {
        let derived = Secret::new(hmac_sha256(self.bytes.expose(), b"coffer/fingerprint/1"));
        hmac_sha256(derived.expose(), &[context, data].concat())
    }

    /// Seals what anybody may have sealed as often as he likes, under a key of its own for the purpose and the day: what this key itself
    /// may seal is not used up by it. `day (4, since 1970) ‖ sealed`.
    pub fn seal_of_day(&self, rng: &dyn Rng, purpose: &str, day: u32, context: &[u8], message: &[u8]) -> Vec<u8> {
        let sealed = self.of_day(purpose, day).seal(rng, context, message);
        [&day.to_be_bytes(), &sealed[..]].concat()
    }

    /// Opens what [`SealKey::seal_of_day`] made for the same purpose and context, on whatever day.
    pub fn open_of_day(&self, purpose: &str, context: &[u8], sealed: &[u8]) -> Result<Secret<Vec<u8>>, OpenError> {
        let (day, sealed) = sealed.split_first_chunk().ok_or(OpenError)?;
        self.of_day(purpose, u32::from_be_bytes(*day)).open(context, sealed)
    }

    /// The one step of HKDF-Expand (RFC 5869) that 32 bytes take; this key is uniform already.
    fn of_day(&self, purpose: &str, day: u32) -> Aead {
        let info = [b"coffer/of-day/1/", purpose.as_bytes(), b"/", &day.to_be_bytes(), &[1]].concat();
        Aead::new(Secret::new(hmac_sha256(self.bytes.expose(), &info)).expose())
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
    fn what_is_sealed_in_place_opens_in_place_and_nowhere_else() {
        let rng = SeededRng::new(4);
        let key = SealKey::generate(&rng);
        let mut message = b"a chunk".to_vec();
        let (nonce, tag) = key.aead().seal_in_place(&rng, b"1", &mut message);
        let attached = [&nonce[..], &message, &tag].concat();
        assert_eq!(key.aead().open(b"1", &attached).unwrap().expose(), b"a chunk");
        assert_eq!(key.aead().open_in_place(&nonce, &tag, b"2", &mut message.clone()), Err(OpenError));
        assert_eq!(key.aead().open_in_place(&nonce, &[0; TAG_BYTES], b"1", &mut message.clone()), Err(OpenError));
        assert_eq!(key.aead().open_in_place(&nonce, &tag, b"1", &mut message), Ok(()));
        assert_eq!(message, b"a chunk");
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
    fn what_is_sealed_of_a_day_is_under_no_key_of_another_purpose_or_day_nor_under_the_key_itself() {
        let rng = SeededRng::new(5);
        let key = SealKey::generate(&rng);
        let sealed = key.seal_of_day(&rng, "page", 20_000, b"c", b"m");
        assert_eq!(sealed.len(), 4 + 1 + OVERHEAD_BYTES);
        assert_eq!(key.open_of_day("page", b"c", &sealed).unwrap().expose(), b"m");
        assert!(key.open_of_day("token", b"c", &sealed).is_err() && key.open_of_day("page", b"d", &sealed).is_err());
        assert!(key.aead().open(b"c", &sealed[4..]).is_err());
        let another_day = [&20_001u32.to_be_bytes(), &sealed[4..]].concat();
        assert!(key.open_of_day("page", b"c", &another_day).is_err() && key.open_of_day("page", b"c", b"day").is_err());
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
