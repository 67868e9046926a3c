//! Signatures on what was done: Ed25519 (RFC 8032).

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use crate::seal::SealKey;

/// A key that signs proofs. What it is made from is kept as sealing keys are, and seals nothing.
pub struct ProofKey(Ed25519KeyPair);

impl ProofKey {
    /// With the key's bytes as the seed of RFC 8032.
    pub fn new(seed: &SealKey) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(seed.bytes()).expect("a seed of 32 bytes"))
    }

    /// What others check its signatures with.
    pub fn public(&self) -> Vec<u8> {
        self.0.public_key().as_ref().to_vec()
    }

    /// Signs.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).as_ref().to_vec()
    }
}

/// Whether the holder of that public key signed the message.
pub fn is_proven(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public).verify(message, signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{from_hex, hex};

    #[test]
    fn the_second_example_of_rfc_8032_holds() {
        let seed = from_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").unwrap();
        let key = ProofKey::new(&SealKey::from_bytes(seed.try_into().unwrap()));
        assert_eq!(hex(&key.public()), "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        let signature = key.sign(&[0x72]);
        assert_eq!(
            hex(&signature),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        );
        assert!(is_proven(&key.public(), &[0x72], &signature));
        assert!(!is_proven(&key.public(), &[0x73], &signature) && !is_proven(&[1; 32], &[0x72], &signature));
    }
}
