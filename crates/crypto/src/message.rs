//! Messages under a KMS key: AES-128, AES-192, AES-256 (FIPS 197) or SM4 (GB/T 32907-2016), each in GCM with a random 96-bit nonce.
//! The form is that of [`Aead::seal`](crate::Aead::seal): `nonce (12) ‖ ciphertext ‖ tag (16)`.

use std::io;

use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{Aead as _, AeadInOut as _, KeyInit as _, Payload};
use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM};
use coffer_base::{Rng, Secret};

use crate::locked::LockedBytes;
use crate::material::KeySpec;
use crate::seal::{Aead, NONCE_BYTES, OpenError, Parts};

type Sm4Gcm = aes_gcm::AesGcm<sm4::Sm4, U12>;

/// A symmetric key, expanded for use.
pub(crate) enum MessageKey {
    /// AES of any length.
    Aes(Aead),
    /// SM4; boxed, as its round keys are long.
    Sm4(Box<Sm4Gcm>),
}

impl MessageKey {
    /// Expands a key. `None` unless `spec` is symmetric and `key` of its length.
    pub(crate) fn new(spec: KeySpec, key: &[u8]) -> Option<Self> {
        if spec.symmetric_bytes() != Some(key.len()) {
            return None;
        }
        Some(match spec {
            KeySpec::Aes128 => Self::Aes(Aead::of(&AES_128_GCM, key)),
            KeySpec::Aes192 => Self::Aes(Aead::of(&AES_192_GCM, key)),
            KeySpec::Aes256 => Self::Aes(Aead::of(&AES_256_GCM, key)),
            KeySpec::Sm4 => Self::Sm4(Box::new(Sm4Gcm::new_from_slice(key).expect("SM4 takes keys of 16 bytes"))),
            _ => return None,
        })
    }

    /// Encrypts. `context` is authenticated, not stored.
    pub(crate) fn seal(&self, rng: &dyn Rng, context: &[u8], message: &[u8]) -> Vec<u8> {
        match self {
            Self::Aes(key) => key.seal(rng, context, message),
            Self::Sm4(key) => {
                let mut nonce = [0u8; NONCE_BYTES];
                rng.fill(&mut nonce);
                let sealed = key
                    .encrypt(&nonce.into(), Payload { msg: message, aad: context })
                    .expect("messages are far below GCM's 64 GiB");
                [&nonce[..], &sealed].concat()
            }
        }
    }

    /// Decrypts what [`MessageKey::seal`] made with the same key and context.
    pub(crate) fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Secret<Vec<u8>>, OpenError> {
        let parts = Parts::of(sealed)?;
        parts.open(|message| self.open_in_place(context, &parts, message))
    }

    /// As [`MessageKey::open`], into memory that is kept out of swap and dumps: the message is nowhere else. It is not empty.
    pub(crate) fn open_locked(&self, context: &[u8], sealed: &[u8]) -> io::Result<Result<LockedBytes, OpenError>> {
        let Ok(parts) = Parts::of(sealed) else { return Ok(Err(OpenError)) };
        if parts.body.is_empty() {
            return Ok(Err(OpenError));
        }
        let mut message = LockedBytes::copy_of(parts.body)?;
        Ok(self.open_in_place(context, &parts, &mut message).map(|()| message))
    }

    fn open_in_place(&self, context: &[u8], parts: &Parts<'_>, message: &mut [u8]) -> Result<(), OpenError> {
        match self {
            Self::Aes(key) => key.open_in_place(parts.nonce, parts.tag, context, message),
            Self::Sm4(key) => {
                let (nonce, tag) = (&(*parts.nonce).into(), &(*parts.tag).into());
                key.decrypt_inout_detached(nonce, context, message.into(), tag).map_err(|_| OpenError)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use coffer_base::SeededRng;

    use super::*;

    #[test]
    fn each_symmetric_key_opens_what_it_sealed_and_nothing_else() {
        let rng = SeededRng::new(1);
        for spec in KeySpec::ALL {
            let Some(bytes) = spec.symmetric_bytes() else {
                assert!(MessageKey::new(spec, &[1; 32]).is_none());
                continue;
            };
            let key = MessageKey::new(spec, &vec![1; bytes]).unwrap();
            let other = MessageKey::new(spec, &vec![2; bytes]).unwrap();
            assert!(MessageKey::new(spec, &vec![1; bytes + 1]).is_none());
            let sealed = key.seal(&rng, b"context", b"message");
            assert_eq!(sealed.len(), 12 + 7 + 16);
            assert_eq!(key.open(b"context", &sealed).unwrap().expose(), b"message");
            assert_eq!(key.open_locked(b"context", &sealed).unwrap().unwrap()[..], *b"message");
            assert!(key.open_locked(b"another", &sealed).unwrap().is_err());
            let empty = key.seal(&rng, b"", b"");
            assert!(
                key.open(b"", &empty).unwrap().expose().is_empty() && key.open_locked(b"", &empty).unwrap().is_err()
            );
            assert!(key.open(b"another", &sealed).is_err() && other.open(b"context", &sealed).is_err());
            for at in 0..sealed.len() {
                let mut changed = sealed.clone();
                changed[at] ^= 1;
                assert!(key.open(b"context", &changed).is_err(), "{spec:?} byte {at}");
                assert!(key.open(b"context", &sealed[..at]).is_err(), "{spec:?} length {at}");
            }
        }
    }

    #[test]
    fn sm4_gcm_is_that_of_rfc_8998() {
        // RFC 8998, A.1.
        let hex = |text: &str| -> Vec<u8> {
            (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
        };
        let key = MessageKey::new(KeySpec::Sm4, &hex("0123456789abcdeffedcba9876543210")).unwrap();
        let sealed = hex(concat!(
            "00001234567800000000abcd",
            "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735",
            "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d",
            "83de3541e4c2b58177e065a9bf7b62ec"
        ));
        let message = hex(concat!(
            "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd",
            "eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa"
        ));
        let context = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        assert_eq!(*key.open(&context, &sealed).unwrap().expose(), message);
    }
}
