//! Which key seals what of a snapshot.

use coffer_base::Secret;
use coffer_crypto::{Aead, mac};

use super::names::Chain;

/// What snapshots of plain disks are sealed under, so that there is one way through the code. It protects nothing.
const PUBLIC: [u8; 64] = *b"coffer: the snapshots of plain disks are sealed under this text.";

/// Whether a snapshot's key is a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Of a plain disk: sealed under a constant.
    Plain,
    /// Sealed under a data key.
    Sealed,
}

impl Kind {
    /// As it is stored.
    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::Plain => 0,
            Self::Sealed => 1,
        }
    }

    /// What [`Kind::byte`] has made.
    pub(crate) const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Plain),
            1 => Some(Self::Sealed),
            _ => None,
        }
    }
}

/// A snapshot's own data key.
#[derive(Clone)]
pub struct DataKey(Secret<[u8; 64]>);

impl DataKey {
    /// From its bytes.
    pub const fn new(bytes: [u8; 64]) -> Self {
        Self(Secret::new(bytes))
    }

    /// What stands for the key of a plain snapshot.
    pub(crate) const fn public() -> Self {
        Self::new(PUBLIC)
    }

    /// What seals the chunks that a snapshot has stored itself.
    pub(crate) fn batch(&self, chain: &Chain, sequence: u64) -> BatchKey {
        self.derive(&format!("coffer/batch-key/1/{}/{sequence}", chain.name()))
    }

    /// What seals the table of the batch keys that a snapshot needs.
    pub(crate) fn table(&self, chain: &Chain, sequence: u64) -> Aead {
        self.derive(&format!("coffer/manifest-key/1/{}/{sequence}", chain.name())).aead()
    }

    fn derive(&self, label: &str) -> BatchKey {
        BatchKey(Secret::new(mac::hmac_sha256(self.0.expose(), label.as_bytes())))
    }
}

/// What seals the chunks that one snapshot has stored; later snapshots that share them hold it too.
#[derive(Clone)]
pub(crate) struct BatchKey(Secret<[u8; 32]>);

impl BatchKey {
    /// From its bytes.
    pub(crate) const fn new(bytes: [u8; 32]) -> Self {
        Self(Secret::new(bytes))
    }

    /// Its bytes, for a key table.
    pub(crate) const fn bytes(&self) -> &[u8; 32] {
        self.0.expose()
    }

    /// Expanded for use.
    pub(crate) fn aead(&self) -> Aead {
        Aead::new(self.0.expose())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chain_and_number_has_keys_of_its_own() {
        let (a, b) = (Chain::new("d-a.1").unwrap(), Chain::new("d-a.11").unwrap());
        let key = DataKey::new([7; 64]);
        let keys = [key.batch(&a, 1), key.batch(&a, 2), key.batch(&b, 1), DataKey::public().batch(&a, 1)];
        for (number, key) in keys.iter().enumerate() {
            assert!(keys[number + 1..].iter().all(|other| other.bytes() != key.bytes()), "{number}");
        }
    }
}
