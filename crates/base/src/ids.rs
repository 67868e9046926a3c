//! Identifiers, made and parsed.

use std::fmt;

use crate::{Region, Rng};

/// An Alibaba Cloud account: 16 decimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(String);

impl AccountId {
    /// Parses 16 decimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 16 && text.bytes().all(|c| c.is_ascii_digit())).then(|| Self(text.to_owned()))
    }

    /// A new random account number; it starts with 1 like the vendor's.
    pub fn generate(rng: &dyn Rng) -> Self {
        Self(format!("1{}", rng.characters(b"0123456789", 15)))
    }

    /// The number that no account has.
    pub fn nobody() -> Self {
        Self("0".repeat(16))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const LOWER_ALPHANUMERIC: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const ALPHANUMERIC: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A new ECS resource id: the type's prefix (`d`, `s`, `i`, `m`), the region's three characters and 17 random ones.
pub fn ecs_id(prefix: &str, region: Region, rng: &dyn Rng) -> String {
    format!("{prefix}-{}{}", region.id_tag(), rng.characters(LOWER_ALPHANUMERIC, 17))
}

/// A new request id: an upper-case UUID.
pub fn request_id(rng: &dyn Rng) -> String {
    rng.uuid().to_ascii_uppercase()
}

/// A new long-term access key id, in the shape public secret scanners know (`LTAI` and 20 characters).
pub fn access_key_id(rng: &dyn Rng) -> String {
    format!("LTAI{}", rng.characters(ALPHANUMERIC, 20))
}

/// A new temporary access key id.
pub fn session_key_id(rng: &dyn Rng) -> String {
    format!("STS.{}", rng.characters(ALPHANUMERIC, 25))
}

/// A new access key secret: 30 characters for a long-term key.
pub fn access_key_secret(rng: &dyn Rng) -> String {
    rng.characters(ALPHANUMERIC, 30)
}

/// A new numeric id of a RAM user, group or role: 18 digits, not starting with 0.
pub fn ram_entity_id(rng: &dyn Rng) -> String {
    format!("{}{}", rng.characters(b"23", 1), rng.characters(b"0123456789", 17))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededRng;

    #[test]
    fn an_account_is_sixteen_digits() {
        assert!(AccountId::parse("1234567890123456").is_some());
        for text in ["", "123456789012345", "12345678901234567", "123456789012345a", "１２３４５６７８９０１２３４５６"]
        {
            assert!(AccountId::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_disk_id_carries_its_region() {
        let id = ecs_id("d", Region::parse("cn-hangzhou").unwrap(), &SeededRng::new(1));
        assert_eq!(id.len(), 22);
        assert!(id.starts_with("d-bp1"));
    }
}
