//! One-time codes of authenticator apps: TOTP (RFC 6238) over HMAC-SHA1, six digits, a new one every thirty seconds.

use crate::mac;

/// Bytes of a seed: as many as SHA-1 gives.
pub const TOTP_SEED_BYTES: usize = 20;
/// Seconds that a code is for.
pub const TOTP_STEP_S: i64 = 30;

/// The code of a time step: its number is the time in seconds since 1970 over [`TOTP_STEP_S`].
pub fn totp(seed: &[u8], step: i64) -> String {
    format!("{:06}", truncated(seed, step) % 1_000_000)
}

/// The dynamic truncation of RFC 4226, section 5.3.
fn truncated(seed: &[u8], step: i64) -> u32 {
    let tag = mac::hmac_sha1(seed, &step.to_be_bytes());
    let offset = usize::from(tag[19] & 15);
    let word: [u8; 4] = std::array::from_fn(|place| tag[offset + place]);
    u32::from_be_bytes(word) & 0x7fff_ffff
}

/// Base32 (RFC 4648) without padding, as authenticator apps take seeds.
pub fn base32(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let group = |chunk: &[u8]| {
        let bits: Vec<u8> = chunk.iter().flat_map(|byte| (0..8).rev().map(move |place| (byte >> place) & 1)).collect();
        let digit = |five: &[u8]| (0..5).fold(0, |digit, place| (digit << 1) | five.get(place).copied().unwrap_or(0));
        bits.chunks(5).map(|five| char::from(DIGITS[usize::from(digit(five))])).collect::<String>()
    };
    bytes.chunks(5).map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_rfc_6238_hold() {
        let seed = b"12345678901234567890";
        for (seconds, code) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            let step = seconds / TOTP_STEP_S;
            assert_eq!(truncated(seed, step) % 100_000_000, code, "{seconds}");
            assert_eq!(totp(seed, step), format!("{:06}", code % 1_000_000));
        }
    }

    #[test]
    fn the_vectors_of_rfc_4648_hold() {
        for (bytes, text) in [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ")] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
        assert_eq!(base32(b"fooba"), "MZXW6YTB");
        assert_eq!(base32(b"foobar"), "MZXW6YTBOI");
    }
}
