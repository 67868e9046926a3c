//! RSA (RFC 8017) by aws-lc, whose private operations are constant in time and blinded. Private keys are PKCS #8.

use aws_lc_rs::digest::{Digest, SHA256};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{
    KeyPair, KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey,
    OaepPublicEncryptingKey, Pkcs1PrivateDecryptingKey, Pkcs1PublicEncryptingKey, PrivateDecryptingKey,
    PublicEncryptingKey,
};
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256, RsaEncoding,
    UnparsedPublicKey, VerificationAlgorithm,
};
use coffer_base::Secret;

use crate::material::{EncryptionAlgorithm, KeySpec, SigningAlgorithm, Unsuitable};

const fn bits(spec: KeySpec) -> usize {
    match spec {
        KeySpec::Rsa3072 => 3072,
        KeySpec::Rsa4096 => 4096,
        _ => 2048,
    }
}

/// A new private key.
pub(crate) fn generate(spec: KeySpec) -> Secret<Vec<u8>> {
    let size = match spec {
        KeySpec::Rsa3072 => KeySize::Rsa3072,
        KeySpec::Rsa4096 => KeySize::Rsa4096,
        _ => KeySize::Rsa2048,
    };
    let key = PrivateDecryptingKey::generate(size).expect("the system's random source does not fail");
    let der: Pkcs8V1Der<'_> = key.as_der().expect("a new key can be written");
    Secret::new(der.as_ref().to_vec())
}

/// A private key, ready for use: to check one takes longer than many signatures.
pub(crate) struct PrivateKey {
    signing: KeyPair,
    decrypting: PrivateDecryptingKey,
    public: Vec<u8>,
}

fn oaep(algorithm: EncryptionAlgorithm) -> Option<&'static OaepAlgorithm> {
    match algorithm {
        EncryptionAlgorithm::OaepSha1 => Some(&OAEP_SHA1_MGF1SHA1),
        EncryptionAlgorithm::OaepSha256 => Some(&OAEP_SHA256_MGF1SHA256),
        EncryptionAlgorithm::Pkcs1 | EncryptionAlgorithm::Sm2 => None,
    }
}

/// Encrypts under a public key, which must be as long as `spec` says.
pub(crate) fn encrypt(
    spec: KeySpec,
    public: &[u8],
    algorithm: EncryptionAlgorithm,
    message: &[u8],
) -> Result<Vec<u8>, Unsuitable> {
    let key = PublicEncryptingKey::from_der(public).map_err(|_| Unsuitable)?;
    if key.key_size_bits() != bits(spec) {
        return Err(Unsuitable);
    }
    let mut out = vec![0u8; key.key_size_bytes()];
    let done = match oaep(algorithm) {
        Some(oaep) => OaepPublicEncryptingKey::new(key)
            .and_then(|key| key.encrypt(oaep, message, &mut out, None).map(|ciphertext| ciphertext.len())),
        None => Pkcs1PublicEncryptingKey::new(key)
            .and_then(|key| key.encrypt(message, &mut out).map(|ciphertext| ciphertext.len())),
    };
    let length = done.map_err(|_| Unsuitable)?;
    out.truncate(length);
    Ok(out)
}

impl PrivateKey {
    /// Reads and checks a private key.
    pub(crate) fn new(pkcs8: &[u8]) -> Option<Self> {
        let decrypting = PrivateDecryptingKey::from_pkcs8(pkcs8).ok()?;
        let der: PublicKeyX509Der<'_> = decrypting.public_key().as_der().ok()?;
        let public = der.as_ref().to_vec();
        Some(Self { signing: KeyPair::from_pkcs8(pkcs8).ok()?, decrypting, public })
    }

    /// Its public half.
    pub(crate) fn public(&self) -> &[u8] {
        &self.public
    }

    /// Decrypts.
    pub(crate) fn decrypt(
        &self,
        algorithm: EncryptionAlgorithm,
        ciphertext: &[u8],
    ) -> Result<Secret<Vec<u8>>, Unsuitable> {
        let key = self.decrypting.clone();
        if ciphertext.len() != key.key_size_bytes() {
            return Err(Unsuitable);
        }
        let mut out = vec![0u8; key.key_size_bytes()];
        let done = match oaep(algorithm) {
            Some(oaep) => OaepPrivateDecryptingKey::new(key)
                .and_then(|key| key.decrypt(oaep, ciphertext, &mut out, None).map(|message| message.len())),
            None => Pkcs1PrivateDecryptingKey::new(key)
                .and_then(|key| key.decrypt(ciphertext, &mut out).map(|message| message.len())),
        };
        let out = Secret::new(out);
        let length = done.map_err(|_| Unsuitable)?;
        Ok(Secret::new(out.expose()[..length].to_vec()))
    }

    /// Signs a SHA-256 digest.
    pub(crate) fn sign(&self, algorithm: SigningAlgorithm, hash: &[u8; 32]) -> Result<Vec<u8>, Unsuitable> {
        let encoding: &'static dyn RsaEncoding =
            if algorithm == SigningAlgorithm::RsaPss { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
        let mut signature = vec![0u8; self.signing.public_modulus_len()];
        self.signing.sign_digest(encoding, &digest(hash), &mut signature).map_err(|_| Unsuitable)?;
        Ok(signature)
    }
}

fn digest(digest: &[u8; 32]) -> Digest {
    Digest::import_less_safe(digest, &SHA256).expect("SHA-256 has 32 bytes")
}

/// Whether a signature of a SHA-256 digest is by the private half of `public`.
pub(crate) fn verify(public: &[u8], algorithm: SigningAlgorithm, hash: &[u8; 32], signature: &[u8]) -> bool {
    let verification: &'static dyn VerificationAlgorithm =
        if algorithm == SigningAlgorithm::RsaPss { &RSA_PSS_2048_8192_SHA256 } else { &RSA_PKCS1_2048_8192_SHA256 };
    UnparsedPublicKey::new(verification, public).verify_digest(&digest(hash), signature).is_ok()
}

/// Whether `signature` is the RSASSA-PKCS1-v1_5 signature with SHA-256 (`RS256` of RFC 7518) of `message` by the owner of `public`.
pub fn is_signed_rs256(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public).verify(message, signature).is_ok()
}
