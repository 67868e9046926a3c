//! What a volume must hold: for each sector the value last written, and those that a power cut may bring back instead.

use std::collections::HashMap;

/// Bytes of a sector.
pub(crate) const SECTOR: usize = 512;

/// What was written to a sector, by number; 0 is zeros. Each write has a number of its own.
pub(crate) type Value = u32;

/// A device as its user knows it.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    /// The value that a read gives, by sector.
    pub(crate) live: Vec<Value>,
    /// What a sector may be after a power cut besides: nothing since was made durable.
    unsettled: HashMap<usize, Vec<Value>>,
}

impl Device {
    pub(crate) fn new(sectors: usize) -> Self {
        Self { live: vec![0; sectors], unsettled: HashMap::new() }
    }

    /// One whose content is durable.
    pub(crate) fn of(live: Vec<Value>) -> Self {
        Self { live, unsettled: HashMap::new() }
    }

    /// A write that returned.
    pub(crate) fn write(&mut self, sectors: std::ops::Range<usize>, value: Value) {
        for sector in sectors {
            let old = self.live[sector];
            self.unsettled.entry(sector).or_default().push(old);
            self.live[sector] = value;
        }
    }

    /// A write that was cut off.
    pub(crate) fn write_cut_off(&mut self, sectors: std::ops::Range<usize>, value: Value) {
        for sector in sectors {
            self.unsettled.entry(sector).or_default().push(value);
        }
    }

    /// A flush that returned.
    pub(crate) fn flush(&mut self) {
        self.unsettled.clear();
    }

    /// Room for more, of zeros.
    pub(crate) fn grow(&mut self, sectors: usize) {
        self.live.resize(sectors, 0);
    }

    /// The bytes that a read of these sectors gives.
    pub(crate) fn expected(&self, sectors: std::ops::Range<usize>) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(sectors.len() * SECTOR);
        for sector in sectors {
            fill(&mut bytes, self.live[sector], sector);
        }
        bytes
    }

    /// Takes over what is there after a power cut; what must not be there is an error.
    pub(crate) fn settle(&mut self, bytes: &[u8]) -> Result<(), String> {
        assert_eq!(bytes.len(), self.live.len() * SECTOR);
        self.live = self.check(0, bytes)?;
        self.unsettled.clear();
        Ok(())
    }

    /// Takes over what is there after writes that failed; what must not be there is an error. Nothing of it need be durable.
    pub(crate) fn adopt(&mut self, bytes: &[u8]) -> Result<(), String> {
        for (sector, value) in self.check(0, bytes)?.into_iter().enumerate() {
            if value != self.live[sector] {
                self.write(sector..sector + 1, value);
            }
        }
        Ok(())
    }

    /// Which values the sectors from `first` on have; those that must not be there are an error.
    pub(crate) fn check(&self, first: usize, bytes: &[u8]) -> Result<Vec<Value>, String> {
        let mut scratch = Vec::with_capacity(SECTOR);
        let mut values = Vec::with_capacity(bytes.len() / SECTOR);
        for (sector, found) in (first..).zip(bytes.chunks_exact(SECTOR)) {
            let mut is = |value: Value| {
                scratch.clear();
                fill(&mut scratch, value, sector);
                scratch == found
            };
            let live = self.live[sector];
            let allowed = self.unsettled.get(&sector).map(Vec::as_slice).unwrap_or_default();
            let value = std::iter::once(&live).chain(allowed).copied().find(|value| is(*value));
            values.push(value.ok_or_else(|| {
                let found = describe(found, sector);
                format!("sector {sector}: {found} instead of write {live} or one of {allowed:?}")
            })?);
        }
        Ok(values)
    }
}

/// Appends the bytes of a value at a sector: no two values and no two sectors share any of their words.
pub(crate) fn fill(bytes: &mut Vec<u8>, value: Value, sector: usize) {
    if value == 0 {
        bytes.resize(bytes.len() + SECTOR, 0);
        return;
    }
    let word = u64::from(value) << 32 | sector as u64;
    for _ in 0..SECTOR / 8 {
        bytes.extend_from_slice(&word.to_le_bytes());
    }
}

/// What the bytes of a sector are, for a person.
pub(crate) fn describe(bytes: &[u8], sector: usize) -> String {
    if bytes.iter().all(|byte| *byte == 0) {
        return "zeros".to_owned();
    }
    let word = u64::from_le_bytes(bytes[..8].try_into().unwrap());
    let (value, at) = (word >> 32, word & 0xffff_ffff);
    if at == sector as u64 && bytes.chunks_exact(8).all(|part| part == word.to_le_bytes()) {
        format!("write {value}")
    } else if at < 1 << 24 {
        format!("(a part of) write {value} at sector {at}")
    } else {
        "garbage".to_owned()
    }
}
