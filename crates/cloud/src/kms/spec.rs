//! Kinds of keys, what they can be for, and the algorithms of each, in the vendor's words ("Key specs", "Algorithms").

use coffer_base::ApiError;
use coffer_crypto::{EncryptionAlgorithm, KeySpec, SigningAlgorithm};
use coffer_store::keys::Key;

use crate::decode::{Invalid, Parameter};

const NAMES: [(&str, KeySpec); 10] = [
    ("Aliyun_AES_256", KeySpec::Aes256),
    ("Aliyun_AES_192", KeySpec::Aes192),
    ("Aliyun_AES_128", KeySpec::Aes128),
    ("Aliyun_SM4", KeySpec::Sm4),
    ("RSA_2048", KeySpec::Rsa2048),
    ("RSA_3072", KeySpec::Rsa3072),
    ("RSA_4096", KeySpec::Rsa4096),
    ("EC_P256", KeySpec::EcP256),
    ("EC_P256K", KeySpec::EcP256k),
    ("EC_SM2", KeySpec::EcSm2),
];

/// The vendor's name of a kind.
pub fn name(spec: KeySpec) -> &'static str {
    let named = NAMES.iter().find(|(_, known)| *known == spec);
    named.expect("every kind has a name").0
}

/// The kind of a key.
pub fn of(key: &Key) -> Result<KeySpec, ApiError> {
    let spec = NAMES.iter().find(|(name, _)| *name == key.key_spec).map(|(_, spec)| *spec);
    spec.ok_or_else(|| ApiError::internal("a key of a kind that does not exist"))
}

/// `KeySpec` of a key.
#[derive(Clone, Copy, Debug)]
pub struct Spec(pub KeySpec);

impl Parameter for Spec {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        NAMES.iter().find(|(name, _)| *name == text).map(|(_, spec)| Self(*spec)).ok_or(Invalid::Value)
    }
}

/// `KeyUsage`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// `ENCRYPT/DECRYPT`.
    Encrypt,
    /// `SIGN/VERIFY`.
    Sign,
}

impl Parameter for Usage {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        [Self::Encrypt, Self::Sign].into_iter().find(|usage| usage.as_str() == text).ok_or(Invalid::Value)
    }
}

impl Usage {
    /// The vendor's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Encrypt => "ENCRYPT/DECRYPT",
            Self::Sign => "SIGN/VERIFY",
        }
    }

    /// What a key of a kind is for when nothing is said: to sign, if it can.
    pub const fn default_of(spec: KeySpec) -> Self {
        if spec.symmetric_bytes().is_some() { Self::Encrypt } else { Self::Sign }
    }

    /// Whether a key of a kind can be for this.
    pub const fn suits(self, spec: KeySpec) -> bool {
        match self {
            Self::Encrypt => !matches!(spec, KeySpec::EcP256 | KeySpec::EcP256k),
            Self::Sign => spec.symmetric_bytes().is_none(),
        }
    }
}

/// `Algorithm` of AsymmetricEncrypt and AsymmetricDecrypt.
#[derive(Clone, Copy, Debug)]
pub struct Encryption(pub EncryptionAlgorithm);

impl Parameter for Encryption {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        Ok(Self(match text {
            "RSAES_OAEP_SHA_256" => EncryptionAlgorithm::OaepSha256,
            "RSAES_OAEP_SHA_1" => EncryptionAlgorithm::OaepSha1,
            "SM2PKE" => EncryptionAlgorithm::Sm2,
            _ => return Err(Invalid::Value),
        }))
    }
}

impl Encryption {
    /// Whether it is one of a kind of key.
    pub const fn suits(self, spec: KeySpec) -> bool {
        match self.0 {
            EncryptionAlgorithm::Sm2 => matches!(spec, KeySpec::EcSm2),
            _ => matches!(spec, KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096),
        }
    }
}

/// `WrappingAlgorithm` of imported material, where the oldest padding is allowed too.
#[derive(Clone, Copy, Debug)]
pub struct ImportWrapping(pub EncryptionAlgorithm);

impl Parameter for ImportWrapping {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        match text {
            "RSAES_PKCS1_V1_5" => Ok(Self(EncryptionAlgorithm::Pkcs1)),
            _ => Encryption::from_text(text).map(|Encryption(algorithm)| Self(algorithm)),
        }
    }
}

/// `WrappingKeySpec`: `RSA_2048`, or `EC_SM2`.
#[derive(Clone, Copy, Debug)]
pub struct WrappingSpec(pub KeySpec);

impl Parameter for WrappingSpec {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        match text {
            "RSA_2048" => Ok(Self(KeySpec::Rsa2048)),
            "EC_SM2" => Ok(Self(KeySpec::EcSm2)),
            _ => Err(Invalid::Value),
        }
    }
}

/// `Algorithm` of AsymmetricSign and AsymmetricVerify.
#[derive(Clone, Copy, Debug)]
pub struct Signing(pub SigningAlgorithm);

impl Parameter for Signing {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        Ok(Self(match text {
            "RSA_PSS_SHA_256" => SigningAlgorithm::RsaPss,
            "RSA_PKCS1_SHA_256" => SigningAlgorithm::RsaPkcs1,
            "ECDSA_SHA_256" => SigningAlgorithm::Ecdsa,
            "SM2DSA" => SigningAlgorithm::Sm2,
            _ => return Err(Invalid::Value),
        }))
    }
}

impl Signing {
    /// Whether it is one of a kind of key.
    pub const fn suits(self, spec: KeySpec) -> bool {
        match self.0 {
            SigningAlgorithm::RsaPss | SigningAlgorithm::RsaPkcs1 => {
                matches!(spec, KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096)
            }
            SigningAlgorithm::Ecdsa => matches!(spec, KeySpec::EcP256 | KeySpec::EcP256k),
            SigningAlgorithm::Sm2 => matches!(spec, KeySpec::EcSm2),
        }
    }
}
