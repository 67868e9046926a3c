//! Which key seals what of a snapshot.

use std::io;

use coffer_base::{Rng, Secret};
use coffer_crypto::{Aead, LockedBytes, NONCE_BYTES, OpenError, PlainKey, TAG_BYTES, XTS_KEY_BYTES, mac};

use super::fields::{array, put, u64_at};
use super::names::Chain;

/// What snapshots of plain disks are sealed under, so that there is one way through the code. It protects nothing.
const PUBLIC: &[u8; XTS_KEY_BYTES] = b"coffer: the snapshots of plain disks are sealed under this text.";
/// A key table is for one manifest: its root follows.
const TABLE_CONTEXT: &[u8] = b"coffer/key-table/1/";
/// A record of a key table: a snapshot's number and its batch key.
pub(crate) const RECORD_BYTES: usize = 40;
/// What is before the records of a sealed table.
pub(crate) const TABLE_OVERHEAD_BYTES: usize = NONCE_BYTES + TAG_BYTES;

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

/// What seals the chunks that a snapshot stores; without a data key, those of a plain one.
pub(crate) fn batch_key(key: Option<&PlainKey>, chain: &Chain, sequence: u64) -> BatchKey {
    BatchKey(derive(key, b"coffer/batch-key/1", chain, sequence))
}

/// What seals the table of the batch keys that a snapshot needs.
pub(crate) fn table_key(key: Option<&PlainKey>, chain: &Chain, sequence: u64) -> Aead {
    Aead::new(derive(key, b"coffer/manifest-key/1", chain, sequence).expose())
}

fn derive(key: Option<&PlainKey>, label: &[u8], chain: &Chain, sequence: u64) -> Secret<[u8; 32]> {
    let key = key.map_or(PUBLIC, PlainKey::expose);
    mac::derive(key, &[label, chain.name().as_bytes(), &sequence.to_be_bytes()])
}

/// What seals the chunks that one snapshot has stored; later snapshots that share them hold it too.
pub(crate) struct BatchKey(Secret<[u8; 32]>);

impl BatchKey {
    /// Expanded for use.
    pub(crate) fn aead(&self) -> Aead {
        Aead::new(self.0.expose())
    }
}

/// The batch keys of all snapshots whose objects a snapshot refers to, in order.
pub(crate) struct KeyTable(Option<LockedBytes>);

impl KeyTable {
    /// Of numbers and keys, the numbers in order.
    pub(crate) fn new(keys: &[(u64, BatchKey)]) -> io::Result<Self> {
        let mut table = Self::zeroed(keys.len() * RECORD_BYTES)?;
        for ((sequence, key), record) in keys.iter().zip(table.records_mut().chunks_exact_mut(RECORD_BYTES)) {
            put(record, 0, &sequence.to_le_bytes());
            put(record, 8, key.0.expose());
        }
        Ok(table)
    }

    /// The key of a snapshot.
    pub(crate) fn get(&self, sequence: u64) -> Option<BatchKey> {
        let records = self.records();
        let (mut low, mut high) = (0, records.len() / RECORD_BYTES);
        while low < high {
            let middle = usize::midpoint(low, high);
            let record = &records[middle * RECORD_BYTES..][..RECORD_BYTES];
            match u64_at(record, 0).cmp(&sequence) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(BatchKey(Secret::new(array(record, 8)))),
            }
        }
        None
    }

    /// For the manifest of a root: nonce, tag, ciphertext.
    pub(crate) fn seal(&self, key: &Aead, rng: &dyn Rng, root: &[u8; 32]) -> Vec<u8> {
        let mut sealed = vec![0; TABLE_OVERHEAD_BYTES];
        sealed.extend_from_slice(self.records());
        let (nonce, tag) = key.seal_in_place(rng, &context(root), &mut sealed[TABLE_OVERHEAD_BYTES..]);
        put(&mut sealed, 0, &nonce);
        put(&mut sealed, NONCE_BYTES, &tag);
        sealed
    }

    /// Opens what [`KeyTable::seal`] has made.
    pub(crate) fn open(key: &Aead, root: &[u8; 32], sealed: &[u8]) -> io::Result<Result<Self, OpenError>> {
        let (head, records) = sealed.split_at(TABLE_OVERHEAD_BYTES);
        let mut table = Self::zeroed(records.len())?;
        table.records_mut().copy_from_slice(records);
        let opened = key.open_in_place(&array(head, 0), &array(head, NONCE_BYTES), &context(root), table.records_mut());
        Ok(opened.map(|()| table))
    }

    /// Whether the same keys are in both.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        mac::equal(self.records(), other.records())
    }

    fn zeroed(length: usize) -> io::Result<Self> {
        if length == 0 { Ok(Self(None)) } else { Ok(Self(Some(LockedBytes::new(length)?))) }
    }

    fn records(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }

    fn records_mut(&mut self) -> &mut [u8] {
        self.0.as_deref_mut().unwrap_or_default()
    }
}

fn context(root: &[u8; 32]) -> Vec<u8> {
    [TABLE_CONTEXT, root].concat()
}

#[cfg(test)]
mod tests {
    use coffer_base::SeededRng;

    use super::*;

    fn chain(name: &str) -> Chain {
        Chain::new(name).unwrap()
    }

    #[test]
    fn every_chain_and_number_has_keys_of_its_own() {
        let key = PlainKey::new(&[7; 64]).unwrap();
        let (a, b) = (chain("d-a.1"), chain("d-a.11"));
        let keys = [(Some(&key), &a, 1), (Some(&key), &a, 2), (Some(&key), &b, 1), (None, &a, 1)];
        let keys = keys.map(|(key, chain, sequence)| batch_key(key, chain, sequence));
        for (number, key) in keys.iter().enumerate() {
            assert!(keys[number + 1..].iter().all(|other| other.0.expose() != key.0.expose()), "{number}");
        }
    }

    #[test]
    fn a_key_table_opens_for_its_manifest_alone_and_finds_every_key() {
        let (rng, a) = (SeededRng::new(1), chain("d-a.1"));
        for count in [0, 1, 2, 7] {
            let keys: Vec<_> = (0..count).map(|n| (n * 3 + 1, batch_key(None, &a, n))).collect();
            let table = KeyTable::new(&keys).unwrap();
            let key = table_key(None, &a, 1);
            let sealed = table.seal(&key, &rng, &[1; 32]);
            assert!(KeyTable::open(&key, &[2; 32], &sealed).unwrap().is_err());
            let table = KeyTable::open(&key, &[1; 32], &sealed).unwrap().unwrap();
            for sequence in 0..=count * 3 + 1 {
                let expected = keys.iter().find(|(of, _)| *of == sequence).map(|(_, key)| *key.0.expose());
                assert_eq!(table.get(sequence).map(|key| *key.0.expose()), expected);
            }
        }
    }
}
