//! What a version of a KMS key is made of, and everything that can be done with it.

use std::io;
use std::sync::OnceLock;

use coffer_base::{Rng, Secret};

use crate::locked::LockedBytes;
use crate::message::MessageKey;
use crate::seal::{Aead, OpenError};
use crate::{ec, rsa, sm2};

/// The kinds of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum KeySpec {
    Aes256,
    Aes192,
    Aes128,
    Sm4,
    Rsa2048,
    Rsa3072,
    Rsa4096,
    EcP256,
    EcP256k,
    EcSm2,
}

impl KeySpec {
    /// All kinds.
    pub const ALL: [Self; 10] = [
        Self::Aes256,
        Self::Aes192,
        Self::Aes128,
        Self::Sm4,
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::EcP256,
        Self::EcP256k,
        Self::EcSm2,
    ];

    /// The length of a symmetric key; `None` for an asymmetric one.
    pub const fn symmetric_bytes(self) -> Option<usize> {
        match self {
            Self::Aes256 => Some(32),
            Self::Aes192 => Some(24),
            Self::Aes128 | Self::Sm4 => Some(16),
            _ => None,
        }
    }

    /// Whether making such a key takes long: to be done before a transaction, not in it.
    pub const fn is_costly(self) -> bool {
        matches!(self, Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096)
    }
}

/// How a message is encrypted for the holder of a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncryptionAlgorithm {
    /// RSAES-OAEP with SHA-1, in the mask too (RFC 8017).
    OaepSha1,
    /// RSAES-OAEP with SHA-256, in the mask too.
    OaepSha256,
    /// RSAES-PKCS1-v1_5.
    Pkcs1,
    /// SM2 (GB/T 32918.4), C1C3C2.
    Sm2,
}

impl EncryptionAlgorithm {
    /// The longest message for a public key of a kind, in bytes (RFC 8017, 7.1.1 and 7.2.1); `None` where its length is no bound.
    pub const fn most_message_bytes(self, spec: KeySpec) -> Option<usize> {
        let overhead = match self {
            Self::OaepSha1 => 2 * 20 + 2,
            Self::OaepSha256 => 2 * 32 + 2,
            Self::Pkcs1 => 11,
            Self::Sm2 => return None,
        };
        match spec {
            KeySpec::Rsa2048 => Some(256 - overhead),
            KeySpec::Rsa3072 => Some(384 - overhead),
            KeySpec::Rsa4096 => Some(512 - overhead),
            _ => None,
        }
    }
}

/// How a digest is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// RSASSA-PSS, SHA-256, a salt of 32 bytes.
    RsaPss,
    /// RSASSA-PKCS1-v1_5, SHA-256.
    RsaPkcs1,
    /// ECDSA, SHA-256, signature in ASN.1.
    Ecdsa,
    /// SM2 (GB/T 32918.2) of an SM3 digest, signature in ASN.1.
    Sm2,
}

/// The bytes are no key of that kind, no ciphertext or signature under it, or the algorithm is not one of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not of this key")]
pub struct Unsuitable;

/// Secret key material: a symmetric key's bytes, a private scalar, or an RSA key in PKCS #8. It is made ready for use once, at its first.
pub struct Material {
    spec: KeySpec,
    bytes: Secret<Vec<u8>>,
    ready: OnceLock<Option<Ready>>,
}

/// A key as its algorithms want it.
enum Ready {
    Message(MessageKey),
    Rsa(Box<rsa::PrivateKey>),
    Ec(Box<ec::PrivateKey>),
    Sm2(Box<sm2::PrivateKey>),
}

impl Ready {
    fn new(spec: KeySpec, bytes: &[u8]) -> Option<Self> {
        Some(match spec {
            KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => Self::Rsa(Box::new(rsa::PrivateKey::new(bytes)?)),
            KeySpec::EcP256 | KeySpec::EcP256k => Self::Ec(Box::new(ec::PrivateKey::new(spec, bytes)?)),
            KeySpec::EcSm2 => Self::Sm2(Box::new(sm2::PrivateKey::new(bytes)?)),
            _ => Self::Message(MessageKey::new(spec, bytes)?),
        })
    }
}

impl Material {
    /// A new one. An RSA key is drawn by aws-lc from the system's randomness, whatever `rng` is.
    pub fn generate(spec: KeySpec, rng: &dyn Rng) -> Self {
        let bytes = match spec {
            KeySpec::Aes256 | KeySpec::Aes192 | KeySpec::Aes128 | KeySpec::Sm4 => {
                let mut bytes = vec![0u8; spec.symmetric_bytes().expect("these are symmetric")];
                rng.fill(&mut bytes);
                Secret::new(bytes)
            }
            KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => rsa::generate(spec),
            KeySpec::EcP256 | KeySpec::EcP256k | KeySpec::EcSm2 => scalar(spec, rng),
        };
        Self::of(spec, bytes)
    }

    const fn of(spec: KeySpec, bytes: Secret<Vec<u8>>) -> Self {
        Self { spec, bytes, ready: OnceLock::new() }
    }

    fn ready(&self) -> Result<&Ready, Unsuitable> {
        self.ready.get_or_init(|| Ready::new(self.spec, self.bytes.expose())).as_ref().ok_or(Unsuitable)
    }

    /// From a symmetric key's bytes.
    pub fn symmetric(spec: KeySpec, bytes: Secret<Vec<u8>>) -> Result<Self, Unsuitable> {
        if spec.symmetric_bytes() == Some(bytes.expose().len()) { Ok(Self::of(spec, bytes)) } else { Err(Unsuitable) }
    }

    /// From a private key's bytes, as [`Material::bytes`] gives them.
    pub fn private(spec: KeySpec, bytes: Secret<Vec<u8>>) -> Result<Self, Unsuitable> {
        let material = Self::of(spec, bytes);
        material.public_key()?;
        Ok(material)
    }

    /// Its kind.
    pub const fn spec(&self) -> KeySpec {
        self.spec
    }

    /// The bytes, to be sealed or compared.
    pub const fn bytes(&self) -> &Secret<Vec<u8>> {
        &self.bytes
    }

    /// This, sealed under the key above it.
    pub fn sealed_under(&self, parent: &Aead, rng: &dyn Rng, context: &[u8]) -> Vec<u8> {
        parent.seal(rng, context, self.bytes.expose())
    }

    /// Opens what [`Material::sealed_under`] made.
    pub fn open_under(spec: KeySpec, parent: &Aead, context: &[u8], sealed: &[u8]) -> Result<Self, OpenError> {
        Ok(Self::of(spec, parent.open(context, sealed)?))
    }

    /// Encrypts a message under a symmetric key: `nonce (12) ‖ ciphertext ‖ tag (16)`. `context` is authenticated, not stored.
    pub fn seal(&self, rng: &dyn Rng, context: &[u8], message: &[u8]) -> Result<Vec<u8>, Unsuitable> {
        Ok(self.message_key()?.seal(rng, context, message))
    }

    /// Decrypts what [`Material::seal`] made with the same key and context.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Secret<Vec<u8>>, Unsuitable> {
        self.message_key()?.open(context, sealed).map_err(|OpenError| Unsuitable)
    }

    /// As [`Material::open`], into memory that is kept out of swap and dumps. Fails if there is none; nobody seals an empty message for it.
    pub fn open_locked(&self, context: &[u8], sealed: &[u8]) -> io::Result<Result<LockedBytes, Unsuitable>> {
        let Ok(key) = self.message_key() else { return Ok(Err(Unsuitable)) };
        Ok(key.open_locked(context, sealed)?.map_err(|OpenError| Unsuitable))
    }

    fn message_key(&self) -> Result<&MessageKey, Unsuitable> {
        match self.ready()? {
            Ready::Message(key) => Ok(key),
            _ => Err(Unsuitable),
        }
    }

    /// The public key as SubjectPublicKeyInfo in DER (RFC 5280).
    pub fn public_key(&self) -> Result<&[u8], Unsuitable> {
        match self.ready()? {
            Ready::Rsa(key) => Ok(key.public()),
            Ready::Ec(key) => Ok(key.public()),
            Ready::Sm2(key) => Ok(key.public()),
            Ready::Message(_) => Err(Unsuitable),
        }
    }

    /// Decrypts what was encrypted for this key.
    pub fn decrypt(&self, algorithm: EncryptionAlgorithm, ciphertext: &[u8]) -> Result<Secret<Vec<u8>>, Unsuitable> {
        match (self.ready()?, algorithm) {
            (Ready::Sm2(key), EncryptionAlgorithm::Sm2) => key.decrypt(ciphertext),
            (Ready::Rsa(key), _) if algorithm != EncryptionAlgorithm::Sm2 => key.decrypt(algorithm, ciphertext),
            _ => Err(Unsuitable),
        }
    }

    /// Signs a digest of 32 bytes.
    pub fn sign(&self, algorithm: SigningAlgorithm, rng: &dyn Rng, digest: &[u8; 32]) -> Result<Vec<u8>, Unsuitable> {
        match (self.ready()?, algorithm) {
            (Ready::Rsa(key), SigningAlgorithm::RsaPss | SigningAlgorithm::RsaPkcs1) => key.sign(algorithm, digest),
            (Ready::Ec(key), SigningAlgorithm::Ecdsa) => key.sign(digest),
            (Ready::Sm2(key), SigningAlgorithm::Sm2) => key.sign(rng, digest),
            _ => Err(Unsuitable),
        }
    }

    /// Whether a signature of a digest of 32 bytes is this key's.
    pub fn verify(&self, algorithm: SigningAlgorithm, digest: &[u8; 32], signature: &[u8]) -> Result<bool, Unsuitable> {
        let public = self.public_key()?;
        match (self.ready()?, algorithm) {
            (Ready::Rsa(_), SigningAlgorithm::RsaPss | SigningAlgorithm::RsaPkcs1) => {
                Ok(rsa::verify(public, algorithm, digest, signature))
            }
            (Ready::Ec(_), SigningAlgorithm::Ecdsa) => ec::verify(self.spec, public, digest, signature),
            (Ready::Sm2(_), SigningAlgorithm::Sm2) => sm2::verify(public, digest, signature),
            _ => Err(Unsuitable),
        }
    }
}

/// A private scalar, drawn until it is one: for these curves nearly every 32 bytes are.
fn scalar(spec: KeySpec, rng: &dyn Rng) -> Secret<Vec<u8>> {
    loop {
        let mut bytes = vec![0u8; 32];
        rng.fill(&mut bytes);
        let drawn = Material::of(spec, Secret::new(bytes));
        if drawn.public_key().is_ok() {
            return drawn.bytes;
        }
    }
}

/// Encrypts a message for whoever holds the private key to `public_key` (SubjectPublicKeyInfo in DER) of that kind.
pub fn encrypt_for(
    spec: KeySpec,
    public_key: &[u8],
    algorithm: EncryptionAlgorithm,
    rng: &dyn Rng,
    message: &[u8],
) -> Result<Vec<u8>, Unsuitable> {
    match (spec, algorithm) {
        (KeySpec::EcSm2, EncryptionAlgorithm::Sm2) => sm2::encrypt(public_key, rng, message),
        (KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096, _) if algorithm != EncryptionAlgorithm::Sm2 => {
            rsa::encrypt(spec, public_key, algorithm, message)
        }
        _ => Err(Unsuitable),
    }
}

#[cfg(test)]
mod tests {
    use coffer_base::SeededRng;

    use super::*;

    const ENCRYPTION: [EncryptionAlgorithm; 4] = [
        EncryptionAlgorithm::OaepSha1,
        EncryptionAlgorithm::OaepSha256,
        EncryptionAlgorithm::Pkcs1,
        EncryptionAlgorithm::Sm2,
    ];
    const SIGNING: [SigningAlgorithm; 4] =
        [SigningAlgorithm::RsaPss, SigningAlgorithm::RsaPkcs1, SigningAlgorithm::Ecdsa, SigningAlgorithm::Sm2];

    fn encrypts(spec: KeySpec, algorithm: EncryptionAlgorithm) -> bool {
        match spec {
            KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => algorithm != EncryptionAlgorithm::Sm2,
            KeySpec::EcSm2 => algorithm == EncryptionAlgorithm::Sm2,
            _ => false,
        }
    }

    fn signs(spec: KeySpec, algorithm: SigningAlgorithm) -> bool {
        match spec {
            KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => {
                matches!(algorithm, SigningAlgorithm::RsaPss | SigningAlgorithm::RsaPkcs1)
            }
            KeySpec::EcP256 | KeySpec::EcP256k => algorithm == SigningAlgorithm::Ecdsa,
            KeySpec::EcSm2 => algorithm == SigningAlgorithm::Sm2,
            _ => false,
        }
    }

    #[test]
    fn each_kind_of_key_does_what_it_is_for_and_nothing_else() {
        let rng = SeededRng::new(1);
        // RSA_4096 takes seconds to make, and is served by the same code.
        for spec in KeySpec::ALL.into_iter().filter(|spec| *spec != KeySpec::Rsa4096) {
            let (key, other) = (Material::generate(spec, &rng), Material::generate(spec, &rng));
            let public = key.public_key();
            assert_eq!(public.is_ok(), spec.symmetric_bytes().is_none(), "{spec:?}");
            for algorithm in ENCRYPTION {
                let sealed = encrypt_for(spec, public.unwrap_or_default(), algorithm, &rng, b"message");
                assert_eq!(sealed.is_ok(), encrypts(spec, algorithm), "{spec:?} {algorithm:?}");
                let Ok(sealed) = sealed else {
                    assert!(key.decrypt(algorithm, &[1; 256]).is_err());
                    continue;
                };
                assert_eq!(key.decrypt(algorithm, &sealed).unwrap().expose(), b"message");
                let foreign = other.decrypt(algorithm, &sealed);
                assert!(foreign.is_err() || foreign.unwrap().expose() != b"message");
                assert!(key.decrypt(algorithm, &sealed[1..]).is_err());
            }
            for algorithm in SIGNING {
                let signature = key.sign(algorithm, &rng, &[7; 32]);
                assert_eq!(signature.is_ok(), signs(spec, algorithm), "{spec:?} {algorithm:?}");
                let Ok(signature) = signature else {
                    assert!(key.verify(algorithm, &[7; 32], &[1; 64]).is_err());
                    continue;
                };
                assert!(key.verify(algorithm, &[7; 32], &signature).unwrap());
                assert!(!key.verify(algorithm, &[8; 32], &signature).unwrap());
                assert!(!other.verify(algorithm, &[7; 32], &signature).unwrap());
                for text in [&signature[1..], &[], &[0; 300]] {
                    assert!(!key.verify(algorithm, &[7; 32], text).unwrap(), "{spec:?} {algorithm:?}");
                }
            }
        }
    }

    #[test]
    fn material_survives_being_sealed_and_seeded_scalars_are_reproducible() {
        let rng = SeededRng::new(2);
        let parent = crate::SealKey::generate(&rng);
        for spec in [KeySpec::Aes192, KeySpec::Sm4, KeySpec::EcP256, KeySpec::EcP256k, KeySpec::EcSm2] {
            let key = Material::generate(spec, &SeededRng::new(3));
            let sealed = key.sealed_under(parent.aead(), &rng, b"version");
            let again = Material::open_under(spec, parent.aead(), b"version", &sealed).unwrap();
            assert_eq!(again.bytes().expose(), key.bytes().expose());
            assert_eq!(Material::generate(spec, &SeededRng::new(3)).bytes().expose(), key.bytes().expose());
        }
        assert!(Material::symmetric(KeySpec::Aes128, Secret::new(vec![0; 17])).is_err());
        assert!(Material::symmetric(KeySpec::EcSm2, Secret::new(vec![0; 32])).is_err());
    }

    #[test]
    fn a_message_too_long_for_the_key_is_refused() {
        let key = Material::generate(KeySpec::Rsa2048, &SeededRng::new(1));
        let public = key.public_key().unwrap();
        for (algorithm, most) in [
            (EncryptionAlgorithm::OaepSha256, 190),
            (EncryptionAlgorithm::OaepSha1, 214),
            (EncryptionAlgorithm::Pkcs1, 245),
        ] {
            let encrypt =
                |bytes: usize| encrypt_for(KeySpec::Rsa2048, public, algorithm, &SeededRng::new(1), &vec![1; bytes]);
            assert_eq!(key.decrypt(algorithm, &encrypt(most).unwrap()).unwrap().expose().len(), most);
            assert!(encrypt(most + 1).is_err());
            assert_eq!(algorithm.most_message_bytes(KeySpec::Rsa2048), Some(most));
            assert!(encrypt_for(KeySpec::Rsa3072, public, algorithm, &SeededRng::new(1), b"x").is_err());
        }
    }
}
