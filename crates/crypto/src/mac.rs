//! HMAC (RFC 2104) over SHA-1, SHA-256 and SM3, and comparison in constant time.

use aws_lc_rs::{constant_time, hmac};
use coffer_base::Secret;
use hmac_generic::{Hmac, KeyInit as _, Mac as _};

/// HMAC-SHA1, the authenticator of V1 signatures. Its collision weakness does not touch HMAC.
pub fn hmac_sha1(key: &[u8], message: &[u8]) -> [u8; 20] {
    let mut out = [0u8; 20];
    out.copy_from_slice(tag(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key, message).as_ref());
    out
}

/// HMAC-SHA256.
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut out = [0u8; 32];
    out.copy_from_slice(tag(hmac::HMAC_SHA256, key, message).as_ref());
    out
}

/// A key for one purpose: HMAC-SHA256 of the parts that name it, each after its length (8 bytes, big-endian), so that no two lists of
/// parts give the same key.
pub fn derive(key: &[u8], parts: &[&[u8]]) -> Secret<[u8; 32]> {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut derived = [0u8; 32];
    derived.copy_from_slice(context.sign().as_ref());
    Secret::new(derived)
}

/// HMAC-SM3.
pub fn hmac_sm3(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<sm3::Sm3>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// Whether two byte strings are equal, in time that depends on their lengths only.
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

fn tag(algorithm: hmac::Algorithm, key: &[u8], message: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(algorithm, key), message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::hex;

    #[test]
    fn the_published_examples_hold() {
        // RFC 2202 case 2 and RFC 4231 case 2.
        assert_eq!(
            hex(&hmac_sha1(b"Jefe", b"what do ya want for nothing?")),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
        );
        assert_eq!(
            hex(&hmac_sha256(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn a_derived_key_is_the_hmac_of_its_parts_and_their_lengths() {
        let derive = |parts: &[&[u8]]| *derive(b"key", parts).expose();
        assert_eq!(derive(&[b"ab", b"c"]), hmac_sha256(b"key", b"\0\0\0\0\0\0\0\x02ab\0\0\0\0\0\0\0\x01c"));
        assert_ne!(derive(&[b"ab", b"c"]), derive(&[b"a", b"bc"]));
        assert_ne!(derive(&[b"ab"]), derive(&[b"ab", b""]));
    }

    #[test]
    fn only_equal_byte_strings_are_equal() {
        assert!(equal(b"same", b"same"));
        assert!(!equal(b"same", b"sane"));
        assert!(!equal(b"same", b"sam"));
    }
}
