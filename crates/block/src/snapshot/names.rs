//! What snapshots are called: chains, and the objects of a chain.

use coffer_crypto::digest;

use super::SnapshotError;

const LONGEST_CHAIN: usize = 100;

/// The snapshots of one volume, called after it. Its objects' names begin with its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    name: String,
    digest: [u8; 32],
}

impl Chain {
    /// At most 100 characters of `[a-z0-9.-]`, the first a letter or a digit.
    pub fn new(name: &str) -> Result<Self, SnapshotError> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
        let begins = name.bytes().next().is_some_and(|byte| !matches!(byte, b'.' | b'-'));
        if !begins || name.len() > LONGEST_CHAIN || !name.bytes().all(fits) {
            return Err(SnapshotError::NoChain);
        }
        Ok(Self { name: name.to_owned(), digest: digest::sha256(name.as_bytes()) })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What objects hold of the name: its SHA-256.
    pub(crate) const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Where everything is that one snapshot of the chain has made.
    pub(crate) fn directory(&self, sequence: u64) -> String {
        format!("{}/{sequence}", self.name)
    }

    /// The object of a chunk.
    pub(crate) fn chunk(&self, sequence: u64, index: u64) -> String {
        format!("{}/{sequence}/{index}", self.name)
    }

    /// The object of a manifest's page.
    pub(crate) fn page(&self, sequence: u64, index: u64) -> String {
        format!("{}/{sequence}/page-{index}", self.name)
    }

    /// The object of a manifest.
    pub(crate) fn manifest(&self, sequence: u64) -> String {
        format!("{}/{sequence}/manifest", self.name)
    }
}

/// One snapshot, and what it is held to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestRef {
    /// Its chain.
    pub chain: Chain,
    /// Its number in the chain, from 1.
    pub sequence: u64,
    /// SHA-256 over the manifest's header and page table: kept where who can write to the store can't.
    pub root: [u8; 32],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chains_name_leads_nowhere_else() {
        for name in ["", ".", "..", "-a", "a/b", "a#1", "A", "a b", "ä", &"a".repeat(101)] {
            assert!(Chain::new(name).is_err(), "{name}");
        }
        assert_eq!(Chain::new("d-2ze1.0").unwrap().chunk(3, 7), "d-2ze1.0/3/7");
    }
}
