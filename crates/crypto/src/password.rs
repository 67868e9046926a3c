//! Passwords: PBKDF2 with HMAC-SHA512 (RFC 8018), slow on purpose.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;
use coffer_base::Secret;

/// Bytes of a hash.
pub const PASSWORD_HASH_BYTES: usize = 32;
/// Rounds, as OWASP's sheet on storing passwords (2023) asks of this function.
const ROUNDS: NonZeroU32 = NonZeroU32::new(210_000).expect("not zero");

/// The hash of a password. Equal passwords have equal hashes under one salt and under no two.
pub fn hash_password(salt: &[u8], password: &str) -> Secret<[u8; PASSWORD_HASH_BYTES]> {
    derive(ROUNDS, salt, password)
}

fn derive(rounds: NonZeroU32, salt: &[u8], password: &str) -> Secret<[u8; PASSWORD_HASH_BYTES]> {
    let mut hash = [0; PASSWORD_HASH_BYTES];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA512, rounds, salt, password.as_bytes(), &mut hash);
    Secret::new(hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::hex;

    #[test]
    fn the_published_example_holds() {
        // The vectors of RFC 6070, computed with SHA-512 (in wide use since): password, salt, 1 and 4096 rounds.
        let rounds = |n| NonZeroU32::new(n).unwrap();
        let one = hex(derive(rounds(1), b"salt", "password").expose());
        assert_eq!(one, "867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252");
        let many = hex(derive(rounds(4096), b"salt", "password").expose());
        assert_eq!(many, "d197b1b33db0143e018b12f3d1d1479e6cdebdcc97c5c0f87f6902e072f457b5");
    }

    #[test]
    fn salt_and_password_both_count() {
        let hash = |salt: &[u8], password| *hash_password(salt, password).expose();
        let known = hash(b"a", "x");
        assert!(known == hash(b"a", "x") && known != hash(b"b", "x") && known != hash(b"a", "y"));
    }
}
