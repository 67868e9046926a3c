//! A key made of a passphrase: Argon2id (RFC 9106).

use argon2::{Algorithm, Argon2, Params, Version};
use coffer_base::{Rng, Secret};
use zeroize::Zeroizing;

use crate::seal::SealKey;

/// Most memory that a file may ask for, so that a damaged one can't exhaust the machine: 4 GiB.
const MOST_MEMORY_KIB: u32 = 4 * 1024 * 1024;
const MOST_PASSES: u32 = 100;
const MOST_LANES: u32 = 64;

/// How a passphrase is stretched: what is not secret about it, kept beside what the key seals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Random bytes, 8 to 64.
    pub salt: Vec<u8>,
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

/// The parameters are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the parameters of Argon2id are out of range")]
pub struct StretchError;

impl Stretch {
    /// The second choice of RFC 9106, section 4: 64 MiB, 3 passes, 4 lanes; a new salt.
    pub fn new(rng: &dyn Rng) -> Self {
        let mut salt = vec![0; 16];
        rng.fill(&mut salt);
        Self { salt, memory_kib: 64 * 1024, passes: 3, lanes: 4 }
    }

    /// The key that the passphrase makes.
    pub fn key(&self, passphrase: &Secret<String>) -> Result<SealKey, StretchError> {
        let within = self.memory_kib <= MOST_MEMORY_KIB && self.passes <= MOST_PASSES && self.lanes <= MOST_LANES;
        if !within || !(8..=64).contains(&self.salt.len()) {
            return Err(StretchError);
        }
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).map_err(|_| StretchError)?;
        let mut bytes = Zeroizing::new([0u8; 32]);
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let outcome = argon.hash_password_into(passphrase.expose().as_bytes(), &self.salt, &mut *bytes);
        outcome.map_err(|_| StretchError)?;
        Ok(SealKey::from_bytes(*bytes))
    }
}

#[cfg(test)]
mod tests {
    use coffer_base::SeededRng;

    use super::*;
    use crate::RootKey;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[test]
    fn another_implementation_makes_the_same_key() {
        // python3-argon2: hash_secret_raw(b"open sesame", b"saltsalt", 2, 256, 1, 32, Type.ID).
        let stretch = Stretch { salt: b"saltsalt".to_vec(), memory_kib: 256, passes: 2, lanes: 1 };
        let key = stretch.key(&secret("open sesame")).unwrap();
        assert_eq!(crate::digest::hex(key.bytes()), "c5ee7d48610a270de8b7c8709dcfe06be3496cd8e260a1017ae0fe3bb92733fb");
    }

    #[test]
    fn a_root_key_opens_with_the_same_passphrase_and_no_other() {
        let rng = SeededRng::new(1);
        let stretch = Stretch { memory_kib: 64, lanes: 1, ..Stretch::new(&rng) };
        let root = RootKey::ephemeral(&rng);
        let wrapped = root.wrapped_under(&stretch.key(&secret("right")).unwrap(), &rng);
        let again = RootKey::unwrap_under(&stretch.key(&secret("right")).unwrap(), &wrapped).unwrap();
        assert_eq!(again.bytes(), root.bytes());
        assert!(RootKey::unwrap_under(&stretch.key(&secret("wrong")).unwrap(), &wrapped).is_err());
        let other = Stretch { salt: vec![1; 16], ..stretch };
        assert!(RootKey::unwrap_under(&other.key(&secret("right")).unwrap(), &wrapped).is_err());
    }

    #[test]
    fn parameters_out_of_range_are_refused_before_any_memory_is_taken() {
        let good = Stretch { salt: vec![0; 16], memory_kib: 64, passes: 1, lanes: 1 };
        for bad in [
            Stretch { memory_kib: u32::MAX, ..good.clone() },
            Stretch { passes: u32::MAX, ..good.clone() },
            Stretch { lanes: u32::MAX, ..good.clone() },
            Stretch { passes: 0, ..good.clone() },
            Stretch { salt: vec![], ..good.clone() },
        ] {
            assert!(matches!(bad.key(&secret("x")), Err(StretchError)), "{bad:?}");
        }
    }
}
