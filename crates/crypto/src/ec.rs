//! ECDSA (FIPS 186-5) over P-256 and secp256k1 by aws-lc. A private key is its scalar of 32 bytes.

use aws_lc_rs::digest::{Digest, SHA256};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256K1_SHA256_ASN1, ECDSA_P256K1_SHA256_ASN1_SIGNING,
    EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};
use coffer_base::Secret;

use crate::material::{KeySpec, Unsuitable};

/// Bytes of an uncompressed point.
pub(crate) const POINT_BYTES: usize = 65;

/// `ECPrivateKey` (RFC 5915) before the scalar and after it: the name of the curve, and no public key, which aws-lc computes.
const P256_PRIVATE: (&[u8], &[u8]) =
    (&[0x30, 0x31, 2, 1, 1, 4, 0x20], &[0xa0, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]);
const P256K_PRIVATE: (&[u8], &[u8]) = (&[0x30, 0x2e, 2, 1, 1, 4, 0x20], &[0xa0, 7, 6, 5, 0x2b, 0x81, 4, 0, 0x0a]);

/// SubjectPublicKeyInfo before the point (RFC 5480).
const P256_PUBLIC: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 3,
    0x42, 0,
];
const P256K_PUBLIC: &[u8] =
    &[0x30, 0x56, 0x30, 0x10, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4, 0, 0x0a, 3, 0x42, 0];

fn key_pair(spec: KeySpec, scalar: &[u8]) -> Result<EcdsaKeyPair, Unsuitable> {
    let (algorithm, (before, after)) = match spec {
        KeySpec::EcP256 => (&ECDSA_P256_SHA256_ASN1_SIGNING, P256_PRIVATE),
        _ => (&ECDSA_P256K1_SHA256_ASN1_SIGNING, P256K_PRIVATE),
    };
    let der = Secret::new([before, scalar, after].concat());
    EcdsaKeyPair::from_private_key_der(algorithm, der.expose()).map_err(|_| Unsuitable)
}

/// A private key, ready for use.
pub(crate) struct PrivateKey {
    pair: EcdsaKeyPair,
    public: Vec<u8>,
}

impl PrivateKey {
    /// From its scalar.
    pub(crate) fn new(spec: KeySpec, scalar: &[u8]) -> Option<Self> {
        let pair = key_pair(spec, scalar).ok()?;
        let point = pair.public_key().as_ref();
        assert_eq!(point.len(), POINT_BYTES, "aws-lc writes points uncompressed");
        let public = [if spec == KeySpec::EcP256 { P256_PUBLIC } else { P256K_PUBLIC }, point].concat();
        Some(Self { pair, public })
    }

    /// Its public half.
    pub(crate) fn public(&self) -> &[u8] {
        &self.public
    }

    /// Signs a SHA-256 digest; the signature is ASN.1.
    pub(crate) fn sign(&self, hash: &[u8; 32]) -> Result<Vec<u8>, Unsuitable> {
        Ok(self.pair.sign_digest(&digest(hash)).map_err(|_| Unsuitable)?.as_ref().to_vec())
    }
}

fn digest(hash: &[u8; 32]) -> Digest {
    Digest::import_less_safe(hash, &SHA256).expect("SHA-256 has 32 bytes")
}

/// Whether a signature of a SHA-256 digest is by the private half of `public`.
pub(crate) fn verify(spec: KeySpec, public: &[u8], hash: &[u8; 32], signature: &[u8]) -> Result<bool, Unsuitable> {
    let algorithm = if spec == KeySpec::EcP256 { &ECDSA_P256_SHA256_ASN1 } else { &ECDSA_P256K1_SHA256_ASN1 };
    let point = public.len().checked_sub(POINT_BYTES).map(|at| &public[at..]).ok_or(Unsuitable)?;
    Ok(UnparsedPublicKey::new(algorithm, point).verify_digest(&digest(hash), signature).is_ok())
}
