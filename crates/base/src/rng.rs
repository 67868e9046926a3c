//! Randomness as a parameter.

use std::sync::Mutex;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A source of random bytes fit for keys. The production source is `crypto::SystemRng`.
pub trait Rng: Send + Sync {
    /// Fills the buffer with random bytes.
    fn fill(&self, bytes: &mut [u8]);

    /// `length` characters drawn uniformly from `alphabet` (ASCII, at most 256 characters).
    fn characters(&self, alphabet: &[u8], length: usize) -> String {
        assert!(!alphabet.is_empty() && alphabet.len() <= 256 && alphabet.is_ascii());
        // Rejection keeps the draw uniform: a byte above the last whole multiple of the alphabet's size is thrown away.
        let bound = 256 - 256 % alphabet.len();
        let mut text = String::with_capacity(length);
        let mut byte = [0u8];
        while text.len() < length {
            self.fill(&mut byte);
            let drawn = usize::from(byte[0]);
            if drawn < bound {
                text.push(char::from(alphabet[drawn % alphabet.len()]));
            }
        }
        text
    }

    /// A random (version 4) UUID in lower case, RFC 9562.
    fn uuid(&self) -> String {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut b = [0u8; 16];
        self.fill(&mut b);
        b[6] = (b[6] & 0x0f) | 0x40;
        b[8] = (b[8] & 0x3f) | 0x80;
        let mut text = String::with_capacity(36);
        for (i, byte) in b.iter().enumerate() {
            if matches!(i, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            text.push(char::from(HEX[usize::from(byte >> 4)]));
            text.push(char::from(HEX[usize::from(byte & 15)]));
        }
        text
    }
}

/// A reproducible source: the same seed gives the same bytes. For tests and for the server's test mode only.
pub struct SeededRng(Mutex<ChaCha20Rng>);

impl SeededRng {
    /// Starts the sequence that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(ChaCha20Rng::seed_from_u64(seed)))
    }

    /// Starts the sequence that belongs to a seed of 32 bytes.
    pub fn of(seed: [u8; 32]) -> Self {
        Self(Mutex::new(ChaCha20Rng::from_seed(seed)))
    }
}

impl Rng for SeededRng {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().expect("the generator can't panic while the lock is held").fill_bytes(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_identifiers() {
        assert_eq!(SeededRng::new(7).uuid(), SeededRng::new(7).uuid());
        assert_ne!(SeededRng::new(7).uuid(), SeededRng::new(8).uuid());
    }

    #[test]
    fn a_uuid_is_a_version_4_uuid() {
        let text = SeededRng::new(1).uuid();
        assert_eq!(text.len(), 36);
        assert_eq!(text.as_bytes()[14], b'4');
        assert!(matches!(text.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    }

    #[test]
    fn drawn_characters_come_from_the_alphabet() {
        let text = SeededRng::new(3).characters(b"abc", 200);
        assert_eq!(text.len(), 200);
        assert!(text.bytes().all(|c| b"abc".contains(&c)));
    }
}
