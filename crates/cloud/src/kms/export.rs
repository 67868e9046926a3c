//! Data keys encrypted under a public key that the caller brings.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_base::{ApiError, Secret};
use coffer_crypto::encrypt_for;

use super::spec::{Encryption, WrappingSpec};
use crate::context::Cx;
use crate::product::Product;

/// The public key, and how to encrypt with it.
pub struct Wrapping<'a> {
    /// DER.
    pub public_key: &'a [u8],
    /// How.
    pub algorithm: Encryption,
    /// Its kind.
    pub spec: WrappingSpec,
}

impl Wrapping<'_> {
    /// Encrypts a data key, given as KMS keeps it, in base64. The answer is base64 too. One that is too long for the public key is the fault
    /// of the parameter `length`.
    pub fn export(&self, cx: &Cx<'_>, data_key: &str, length: &str) -> Result<String, ApiError> {
        let WrappingSpec(spec) = self.spec;
        if !self.algorithm.suits(spec) {
            return Err(Product::Kms.invalid_parameter("WrappingAlgorithm"));
        }
        // What Encrypt made need not be a data key.
        let bytes = STANDARD.decode(data_key).map(Secret::new);
        let bytes = bytes.map_err(|_| Product::Kms.invalid_parameter("CiphertextBlob"))?;
        if self.algorithm.0.most_message_bytes(spec).is_some_and(|most| bytes.expose().len() > most) {
            return Err(Product::Kms.invalid_parameter(length));
        }
        let wrapped = encrypt_for(spec, self.public_key, self.algorithm.0, cx.rng, bytes.expose());
        Ok(STANDARD.encode(wrapped.map_err(|_| Product::Kms.invalid_parameter("PublicKeyBlob"))?))
    }
}
