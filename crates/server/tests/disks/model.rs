//! What a stretch of a disk may hold: every write to each sector, when it was sent, and when it was acknowledged.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) const SECTOR: usize = 512;
const NEVER: u64 = u64::MAX;

/// Counts what happens, so that it is known what came first.
#[derive(Default)]
pub(crate) struct Ticks(AtomicU64);

impl Ticks {
    pub(crate) fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }
}

/// The time in which a snapshot was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) asked: u64,
    pub(crate) answered: u64,
}

#[derive(Clone, Copy)]
struct Write {
    /// What the content is made of; 0: zeros.
    value: u64,
    sent: u64,
    acknowledged: u64,
}

#[derive(Clone)]
struct Sector {
    /// In the order in which they were sent: one at a time is under way.
    writes: Vec<Write>,
    /// What is before this one is gone.
    durable: usize,
}

impl Sector {
    fn holds(&self, place: usize, content: &[u8], sector: usize) -> bool {
        let mut expected = [0; SECTOR];
        fill(self.writes[place].value, sector, &mut expected);
        expected == *content
    }
}

/// A stretch of a disk.
#[derive(Clone)]
pub(crate) struct Area {
    pub(crate) offset: u64,
    sectors: Vec<Sector>,
}

/// What stood in a snapshot of an area.
pub(crate) struct Seen {
    /// When the newest write in it was sent.
    newest: u64,
    places: Vec<usize>,
}

impl Area {
    /// Zeros.
    pub(crate) fn new(offset: u64, length: usize) -> Self {
        let blank = Sector { writes: vec![Write { value: 0, sent: 0, acknowledged: 0 }], durable: 0 };
        Self { offset, sectors: vec![blank; length / SECTOR] }
    }

    pub(crate) fn sectors(&self) -> usize {
        self.sectors.len()
    }

    pub(crate) fn length(&self) -> usize {
        self.sectors.len() * SECTOR
    }

    /// What a disk that is made from a snapshot of this may hold.
    pub(crate) fn clone_of(&self, moment: Moment) -> Self {
        let sectors = self.sectors.iter().map(|sector| Sector {
            writes: candidates(sector, moment)
                .map(|place| Write { acknowledged: NEVER, ..sector.writes[place] })
                .collect(),
            durable: 0,
        });
        Self { offset: self.offset, sectors: sectors.collect() }
    }

    pub(crate) fn sent(&mut self, sectors: Range<usize>, value: u64, sent: u64) {
        for sector in &mut self.sectors[sectors] {
            sector.writes.push(Write { value, sent, acknowledged: NEVER });
        }
    }

    pub(crate) fn acknowledged(&mut self, sectors: Range<usize>, is_durable: bool, now: u64) {
        for sector in &mut self.sectors[sectors] {
            let place = sector.writes.len() - 1;
            sector.writes[place].acknowledged = now;
            if is_durable {
                sector.durable = place;
            }
        }
    }

    /// What a flush that is sent now covers.
    pub(crate) fn covered(&self) -> Vec<usize> {
        let last = |sector: &Sector| sector.writes.iter().rposition(|write| write.acknowledged != NEVER);
        self.sectors.iter().map(|sector| last(sector).unwrap_or(0)).collect()
    }

    pub(crate) fn flushed(&mut self, covered: &[usize]) {
        for (sector, place) in self.sectors.iter_mut().zip(covered) {
            sector.durable = sector.durable.max(*place);
        }
    }

    /// Compares what was read after a crash, which is what the area holds from now on. How many sectors have lost what was
    /// acknowledged and not flushed, or the first that holds what it may not.
    pub(crate) fn recovered(&mut self, content: &[u8], now: u64) -> Result<usize, String> {
        let mut lost = 0;
        for (index, (sector, bytes)) in self.sectors.iter_mut().zip(content.chunks_exact(SECTOR)).enumerate() {
            let mut places = (sector.durable..sector.writes.len()).rev();
            let Some(place) = places.find(|place| sector.holds(*place, bytes, index)) else {
                let older = (0..sector.durable).rev().find(|place| sector.holds(*place, bytes, index));
                return Err(format!(
                    "sector {index} of the area at {} holds {}",
                    self.offset,
                    match older {
                        Some(place) => format!("what was overwritten {} durable writes ago", sector.durable - place),
                        None if bytes.iter().all(|byte| *byte == 0) => "zeros that nobody wrote".to_owned(),
                        None => "what nobody wrote".to_owned(),
                    }
                ));
            };
            lost += usize::from(sector.writes[place + 1..].iter().any(|write| write.acknowledged != NEVER));
            let value = sector.writes[place].value;
            sector.writes.push(Write { value, sent: now, acknowledged: now });
            sector.durable = sector.writes.len() - 1;
        }
        Ok(lost)
    }

    /// Looks what a snapshot holds, or the first sector that holds what was not there at its moment.
    pub(crate) fn look(&self, content: &[u8], moment: Moment) -> Result<Seen, String> {
        let mut seen = Seen { newest: 0, places: Vec::with_capacity(self.sectors.len()) };
        for (index, (sector, bytes)) in self.sectors.iter().zip(content.chunks_exact(SECTOR)).enumerate() {
            let place = candidates(sector, moment).filter(|place| sector.holds(*place, bytes, index)).last();
            let place = place.ok_or_else(|| {
                let area = self.offset;
                format!("in a snapshot sector {index} of the area at {area} holds what was not there at its moment")
            })?;
            if sector.writes[place].value != 0 {
                seen.newest = seen.newest.max(sector.writes[place].sent);
            }
            seen.places.push(place);
        }
        Ok(seen)
    }

    /// Whether an area was seen at one moment with others, of which the newest write is known: nothing is missing that was
    /// acknowledged before that was sent.
    pub(crate) fn is_of_one_moment(&self, seen: &Seen, newest: u64) -> bool {
        let mut places = self.sectors.iter().zip(&seen.places);
        places.all(|(sector, place)| sector.writes[place + 1..].iter().all(|write| write.acknowledged >= newest))
    }
}

impl Seen {
    pub(crate) const fn newest(&self) -> u64 {
        self.newest
    }
}

/// Which writes a snapshot may show of a sector.
fn candidates(sector: &Sector, moment: Moment) -> impl Iterator<Item = usize> {
    let first = sector.writes.iter().rposition(|write| write.acknowledged <= moment.asked).unwrap_or(0);
    (first..sector.writes.len()).filter(move |place| sector.writes[*place].sent <= moment.answered)
}

/// The content of a sector after a write.
pub(crate) fn fill(value: u64, sector: usize, bytes: &mut [u8; SECTOR]) {
    if value == 0 {
        bytes.fill(0);
        return;
    }
    let mut dice = Dice(value << 20 ^ sector as u64);
    for word in bytes.chunks_exact_mut(8) {
        word.copy_from_slice(&dice.next().to_le_bytes());
    }
}

/// Numbers that look random: splitmix64.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }
}
