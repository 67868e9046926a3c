//! SM2 (GB/T 32918): signatures over SM3 digests that the caller made (with Z_A), and encryption. A private key is its scalar of 32
//! bytes; signatures are ASN.1 (GM/T 0009).
//!
//! A ciphertext is `C1 ‖ C3 ‖ C2`, 97 bytes longer than the message, C1 an uncompressed point: the lengths that the vendor documents fit
//! nothing else. ASN.1, as OpenSSL writes it, is understood too.

use coffer_base::{Rng, Secret};
use sm2::dsa::signature::hazmat::{PrehashVerifier as _, RandomizedPrehashSigner as _};
use sm2::dsa::{Signature, SigningKey, VerifyingKey};
use sm2::elliptic_curve::rand_core::{TryCryptoRng, TryRng};
use sm2::pke::{DecryptingKey, EncryptingKey};
use sm2::{PublicKey, SecretKey};

use crate::ec::POINT_BYTES;
use crate::material::Unsuitable;

/// SubjectPublicKeyInfo before the point: id-ecPublicKey over the SM2 curve, 1.2.156.10197.1.301.
const PUBLIC: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x82,
    0x2d, 3, 0x42, 0,
];
/// First byte of a ciphertext in ASN.1; one that is not begins with the form of its point, 4.
const ASN1_SEQUENCE: u8 = 0x30;
/// Who signs, where nothing else is agreed. It goes into Z_A alone, which is in the digest already.
const DEFAULT_ID: &str = "1234567812345678";

/// Our randomness as the curve's crate wants it.
struct Source<'a>(&'a dyn Rng);

impl TryRng for Source<'_> {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0u8; 4];
        self.0.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0u8; 8];
        self.0.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Source<'_> {}

/// The key in a SubjectPublicKeyInfo; a point that is not on the curve is refused.
fn parse(public: &[u8]) -> Result<PublicKey, Unsuitable> {
    let point = public.strip_prefix(PUBLIC).filter(|point| point.len() == POINT_BYTES).ok_or(Unsuitable)?;
    PublicKey::from_sec1_bytes(point).map_err(|_| Unsuitable)
}

/// A private key, ready for use.
pub(crate) struct PrivateKey {
    signing: SigningKey,
    decrypting: DecryptingKey,
    public: Vec<u8>,
}

impl PrivateKey {
    /// From its scalar.
    pub(crate) fn new(scalar: &[u8]) -> Option<Self> {
        let secret = SecretKey::from_slice(scalar).ok()?;
        let point = secret.public_key().to_sec1_bytes();
        assert_eq!(point.len(), POINT_BYTES, "points are written uncompressed");
        let signing = SigningKey::new(DEFAULT_ID, &secret).ok()?;
        Some(Self { signing, decrypting: DecryptingKey::new(secret), public: [PUBLIC, &point].concat() })
    }

    /// Its public half.
    pub(crate) fn public(&self) -> &[u8] {
        &self.public
    }

    /// Signs an SM3 digest.
    pub(crate) fn sign(&self, rng: &dyn Rng, digest: &[u8; 32]) -> Result<Vec<u8>, Unsuitable> {
        let signature = self.signing.sign_prehash_with_rng(&mut Source(rng), digest).map_err(|_| Unsuitable)?;
        Ok(signature.to_der().as_bytes().to_vec())
    }

    /// Decrypts.
    pub(crate) fn decrypt(&self, ciphertext: &[u8]) -> Result<Secret<Vec<u8>>, Unsuitable> {
        let plain = match ciphertext.first() {
            Some(&ASN1_SEQUENCE) => self.decrypting.decrypt_der(ciphertext),
            _ => self.decrypting.decrypt(ciphertext),
        };
        plain.map(Secret::new).map_err(|_| Unsuitable)
    }
}

/// Whether a signature of an SM3 digest is by the private half of `public`.
pub(crate) fn verify(public: &[u8], digest: &[u8; 32], signature: &[u8]) -> Result<bool, Unsuitable> {
    let key = VerifyingKey::new(DEFAULT_ID, parse(public)?).map_err(|_| Unsuitable)?;
    Ok(Signature::from_der(signature).is_ok_and(|signature| key.verify_prehash(digest, &signature).is_ok()))
}

/// Encrypts for whoever holds the private half of `public`. A message has at least one byte.
pub(crate) fn encrypt(public: &[u8], rng: &dyn Rng, message: &[u8]) -> Result<Vec<u8>, Unsuitable> {
    EncryptingKey::new(parse(public)?).encrypt(&mut Source(rng), message).map_err(|_| Unsuitable)
}

#[cfg(test)]
mod tests {
    use coffer_base::SeededRng;

    use super::*;

    #[test]
    fn a_ciphertext_is_97_bytes_longer_and_asn1_opens_as_well() {
        let (key, rng) = (PrivateKey::new(&[3; 32]).unwrap(), SeededRng::new(1));
        let public = key.public();
        let raw = encrypt(public, &rng, b"message").unwrap();
        assert_eq!((raw.len(), raw[0]), (97 + 7, 4));
        assert_eq!(key.decrypt(&raw).unwrap().expose(), b"message");
        let der = EncryptingKey::new(parse(public).unwrap()).encrypt_der(&mut Source(&rng), b"message").unwrap();
        assert_eq!(key.decrypt(&der).unwrap().expose(), b"message");
        for ciphertext in [&raw[..96], &raw[1..], &der[1..], &[][..], &[4; 97]] {
            assert!(key.decrypt(ciphertext).is_err());
        }
        assert!(encrypt(public, &rng, b"").is_err());
    }
}
