//! Files in memory of a machine whose power may be cut: what they hold now, what is durable, and what was done in between.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use super::dice::Dice;
use super::sparse::{PAGE_BYTES, Sparse};
use super::{Directory, Storage, already_exists, check_name, check_read, check_write, not_found};
use crate::geometry::SECTOR_BYTES;

const SECTOR: u64 = SECTOR_BYTES as u64;
const UNPOISONED: &str = "no panic while the lock is held";

/// A directory in memory that can lose what was not synced: [`Crashy::crash`].
///
/// Changes since the last sync of a file are kept in order. A power cut takes each of them as done, as not done, or as done in part: any
/// subset of a write's or a punch's sectors. So of a sector that was changed several times any version may be left. Making and
/// removing files is durable at once, as [`Directory`] has it.
///
/// A power cut and a sync cost as much as what was changed before them, whatever the size of the files.
#[derive(Default)]
pub struct Crashy {
    files: Mutex<BTreeMap<String, Arc<Mutex<Content>>>>,
    crashes: Arc<AtomicU64>,
}

#[derive(Default)]
struct Content {
    live: Sparse,
    durable: Sparse,
    pending: Vec<Change>,
}

enum Change {
    Write { offset: u64, data: Box<[u8]> },
    Punch { offset: u64, length: u64 },
    SetLength(u64),
}

impl Crashy {
    /// Cuts the power: the files are what one such cut, chosen by the seed, leaves of them. Handles from before fail from now on.
    pub fn crash(&self, seed: u64) {
        let mut files = self.files.lock().expect(UNPOISONED);
        // First, so that who waits for a file's lock finds out when it has it.
        self.crashes.fetch_add(1, Ordering::SeqCst);
        let mut dice = Dice::new(seed);
        for file in files.values_mut() {
            let mut content = std::mem::take(&mut *file.lock().expect(UNPOISONED));
            content.crash(&mut dice);
            *file = Arc::new(Mutex::new(content));
        }
    }

    /// How many changes are not durable. None: a power cut changes nothing.
    pub fn pending(&self) -> usize {
        let files = self.files.lock().expect(UNPOISONED);
        files.values().map(|file| file.lock().expect(UNPOISONED).pending.len()).sum()
    }

    fn handle(&self, content: Arc<Mutex<Content>>) -> Arc<dyn Storage> {
        let (crashes, opened) = (Arc::clone(&self.crashes), self.crashes.load(Ordering::SeqCst));
        Arc::new(Handle { content, crashes, opened })
    }
}

impl Content {
    /// Changes the live image, and remembers how.
    fn change(&mut self, change: Change) {
        change.apply(&mut self.live);
        self.pending.push(change);
    }

    fn sync(&mut self) {
        let (live, durable) = (&self.live, &mut self.durable);
        settle(live, durable, &self.pending);
        self.pending.clear();
    }

    fn crash(&mut self, dice: &mut Dice) {
        // Some cuts lose everything and some nothing.
        let (kept, torn) = (dice.below(5), dice.below(2));
        for change in &self.pending {
            if dice.chance(torn, 8) {
                change.apply_in_part(&mut self.durable, dice);
            } else if dice.chance(kept, 4) {
                change.apply(&mut self.durable);
            }
        }
        // What was written beyond the end that is left is gone.
        self.durable.set_length(self.durable.length());
        settle(&self.durable, &mut self.live, &self.pending);
        self.pending.clear();
    }
}

/// Makes `to` what `from` is, given the changes that one of them has had and the other may not have had.
fn settle(from: &Sparse, to: &mut Sparse, changes: &[Change]) {
    let mut touched = BTreeSet::new();
    for change in changes {
        match change {
            Change::Write { offset, data } => touched.extend(pages(*offset, data.len() as u64)),
            Change::Punch { offset, length } => {
                let stretch = *offset..*offset + *length;
                touched.extend(from.pages_in(stretch.clone()).chain(to.pages_in(stretch)));
            }
            Change::SetLength(length) => {
                touched.extend(from.pages_in(*length..u64::MAX).chain(to.pages_in(*length..u64::MAX)));
            }
        }
    }
    for page in touched {
        to.share(from, page);
    }
    to.set_length(from.length());
}

fn pages(offset: u64, length: u64) -> Range<u64> {
    offset / PAGE_BYTES..(offset + length).div_ceil(PAGE_BYTES)
}

impl Change {
    fn apply(&self, image: &mut Sparse) {
        match self {
            Self::Write { offset, data } => image.write(*offset, data),
            Self::Punch { offset, length } => image.punch(*offset, *length),
            Self::SetLength(length) => image.set_length(*length),
        }
    }

    /// Applies it to some of its sectors: the first ones, the last ones, or any.
    fn apply_in_part(&self, image: &mut Sparse, dice: &mut Dice) {
        let stretch = match self {
            Self::Write { offset, data } => *offset..*offset + data.len() as u64,
            Self::Punch { offset, length } => *offset..*offset + *length,
            Self::SetLength(_) => {
                // Changed whole or not at all.
                if dice.chance(1, 2) {
                    self.apply(image);
                }
                return;
            }
        };
        let cut = stretch.start + dice.below((stretch.end - stretch.start) / SECTOR + 1) * SECTOR;
        match dice.below(3) {
            0 => self.apply_within(image, stretch.start..cut),
            1 => self.apply_within(image, cut..stretch.end),
            _ => {
                for sector in self.sectors(image) {
                    if dice.chance(1, 2) {
                        self.apply_within(image, sector..sector + SECTOR);
                    }
                }
            }
        }
    }

    /// Where the sectors are that it may change in an image. Punching a hole changes nothing.
    fn sectors(&self, image: &Sparse) -> Vec<u64> {
        let in_stretch =
            |stretch: Range<u64>| (stretch.start / SECTOR..stretch.end / SECTOR).map(|sector| sector * SECTOR);
        match self {
            Self::Write { offset, data } => in_stretch(*offset..*offset + data.len() as u64).collect(),
            Self::Punch { offset, length } => {
                let stretch = *offset..*offset + *length;
                let within = |page: u64| {
                    let (start, end) = (page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
                    in_stretch(start.max(stretch.start)..end.min(stretch.end))
                };
                image.pages_in(stretch.clone()).flat_map(within).collect()
            }
            Self::SetLength(_) => Vec::new(),
        }
    }

    fn apply_within(&self, image: &mut Sparse, part: Range<u64>) {
        match self {
            Self::Write { offset, data } => {
                let index = |at: u64| usize::try_from(at - offset).expect("within the data");
                image.write(part.start, &data[index(part.start)..index(part.end)]);
            }
            Self::Punch { .. } => image.punch(part.start, part.end - part.start),
            Self::SetLength(_) => unreachable!("a length has no parts"),
        }
    }
}

impl Directory for Crashy {
    fn create(&self, name: &str) -> io::Result<Arc<dyn Storage>> {
        check_name(name)?;
        let mut files = self.files.lock().expect(UNPOISONED);
        if files.contains_key(name) {
            return Err(already_exists(name));
        }
        let content = Arc::<Mutex<Content>>::default();
        files.insert(name.to_owned(), Arc::clone(&content));
        Ok(self.handle(content))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn Storage>> {
        check_name(name)?;
        let files = self.files.lock().expect(UNPOISONED);
        files.get(name).map(|content| self.handle(Arc::clone(content))).ok_or_else(|| not_found(name))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        check_name(name)?;
        self.files.lock().expect(UNPOISONED).remove(name);
        Ok(())
    }

    fn contains(&self, name: &str) -> io::Result<bool> {
        check_name(name)?;
        Ok(self.files.lock().expect(UNPOISONED).contains_key(name))
    }
}

/// A file, until the power is cut.
struct Handle {
    content: Arc<Mutex<Content>>,
    crashes: Arc<AtomicU64>,
    opened: u64,
}

impl Handle {
    fn content(&self) -> io::Result<MutexGuard<'_, Content>> {
        let content = self.content.lock().expect(UNPOISONED);
        if self.crashes.load(Ordering::SeqCst) != self.opened {
            return Err(io::Error::other("the power was cut after this file was opened"));
        }
        Ok(content)
    }
}

impl Storage for Handle {
    fn length_bytes(&self) -> io::Result<u64> {
        Ok(self.content()?.live.length())
    }

    fn set_length(&self, length_bytes: u64) -> io::Result<()> {
        self.content()?.change(Change::SetLength(length_bytes));
        Ok(())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let content = self.content()?;
        check_read(offset, buffer.len() as u64, content.live.length())?;
        content.live.read(offset, buffer);
        Ok(())
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut content = self.content()?;
        check_write(offset, data.len() as u64, content.live.length())?;
        content.change(Change::Write { offset, data: data.into() });
        Ok(())
    }

    fn punch(&self, offset: u64, length_bytes: u64) -> io::Result<()> {
        let mut content = self.content()?;
        check_write(offset, length_bytes, content.live.length())?;
        content.change(Change::Punch { offset, length: length_bytes });
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.content()?.sync();
        Ok(())
    }

    fn next_data(&self, offset: u64) -> io::Result<Option<Range<u64>>> {
        Ok(self.content()?.live.next_data(offset))
    }

    fn prefetch(&self, _offset: u64, _length_bytes: u64) -> io::Result<()> {
        self.content().map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECTORS: usize = 24;

    /// What each sector may be after a power cut: the first byte of each version since the last sync, all sectors being of one byte.
    struct Model {
        lengths: Vec<usize>,
        versions: Vec<Vec<u8>>,
    }

    impl Model {
        fn live(&self) -> usize {
            self.lengths[self.lengths.len() - 1]
        }

        fn change(&mut self, sectors: Range<usize>, version: u8) {
            self.versions[sectors].iter_mut().for_each(|versions| versions.push(version));
        }

        fn sync(&mut self) {
            self.lengths = vec![self.live()];
            self.versions.iter_mut().for_each(|versions| *versions = vec![versions[versions.len() - 1]]);
        }

        /// Takes what is left for what is durable, if it may be left.
        fn settle(&mut self, left: &[u8]) {
            assert!(self.lengths.contains(&left.len()), "a length that there never was");
            self.lengths = vec![left.len()];
            for (sector, versions) in self.versions.iter_mut().enumerate() {
                let found = left.get(sector).copied().unwrap_or_default();
                assert!(sector >= left.len() || versions.contains(&found), "sector {sector}: {found} of {versions:?}");
                *versions = vec![found];
            }
        }
    }

    fn bytes(sectors: usize) -> u64 {
        sectors as u64 * SECTOR
    }

    /// The first byte of each sector, which is the sector's every byte.
    fn read(file: &dyn Storage) -> Vec<u8> {
        let mut content = vec![0; usize::try_from(file.length_bytes().unwrap()).unwrap()];
        file.read_at(0, &mut content).unwrap();
        let sectors = content.chunks(SECTOR_BYTES);
        assert!(sectors.clone().all(|sector| sector.iter().all(|byte| *byte == sector[0])), "half a sector");
        sectors.map(|sector| sector[0]).collect()
    }

    fn act(file: &dyn Storage, model: &mut Model, dice: &mut Dice, version: u8) {
        let mut bound = || usize::try_from(dice.below(model.live() as u64 + 1)).unwrap();
        let (a, b) = (bound(), bound());
        let sectors = a.min(b)..a.max(b);
        match dice.below(8) {
            0 => {
                let length = usize::try_from(dice.below(SECTORS as u64 + 1)).unwrap();
                file.set_length(bytes(length)).unwrap();
                model.change(length..SECTORS, 0);
                model.lengths.push(length);
            }
            1 => {
                file.punch(bytes(sectors.start), bytes(sectors.len())).unwrap();
                model.change(sectors, 0);
            }
            2 => {
                file.sync().unwrap();
                model.sync();
            }
            _ => {
                file.write_at(bytes(sectors.start), &vec![version; sectors.len() * SECTOR_BYTES]).unwrap();
                model.change(sectors, version);
            }
        }
    }

    #[test]
    fn a_power_cut_leaves_of_each_sector_a_version_since_the_last_sync_and_nothing_else() {
        for seed in 0..2000 {
            let (directory, mut dice) = (Crashy::default(), Dice::new(seed));
            let mut file = directory.create("data").unwrap();
            let mut model = Model { lengths: vec![0], versions: vec![vec![0]; SECTORS] };
            for _ in 0..4 {
                for _ in 0..dice.below(12) {
                    let version = u8::try_from(1 + dice.below(255)).unwrap();
                    act(&*file, &mut model, &mut dice, version);
                }
                directory.crash(dice.next());
                assert!(file.sync().is_err() && file.length_bytes().is_err(), "an old handle");
                file = directory.open("data").unwrap();
                let left = read(&*file);
                model.settle(&left);
                assert_eq!(directory.pending(), 0);
                directory.crash(dice.next());
                file = directory.open("data").unwrap();
                assert_eq!(read(&*file), left, "the images differ after a power cut");
            }
        }
    }

    /// What 300 power cuts leave of four sectors written twice.
    fn cuts() -> BTreeSet<Vec<u8>> {
        let cut = |seed| {
            let directory = Crashy::default();
            let file = directory.create("data").unwrap();
            file.set_length(4 * SECTOR).unwrap();
            file.sync().unwrap();
            file.write_at(0, &[1; 4 * SECTOR_BYTES]).unwrap();
            file.write_at(0, &[2; 4 * SECTOR_BYTES]).unwrap();
            directory.crash(seed);
            read(&*directory.open("data").unwrap())
        };
        (0..300).map(cut).collect()
    }

    #[test]
    fn power_cuts_keep_lose_and_tear_and_leave_what_was_overwritten() {
        let cuts = cuts();
        assert!([[0; 4], [1; 4], [2; 4]].iter().all(|whole| cuts.contains(&whole[..])), "{cuts:?}");
        assert!(cuts.iter().any(|cut| cut.contains(&0) && cut.contains(&1) && !cut.contains(&2)), "{cuts:?}");
        assert!(cuts.iter().any(|cut| cut.contains(&1) && cut.contains(&2)), "{cuts:?}");
    }

    #[test]
    fn a_file_of_a_tebibyte_costs_what_was_touched_of_it() {
        let directory = Crashy::default();
        directory.create("data").unwrap().set_length(1 << 40).unwrap();
        for seed in 0..1000 {
            let file = directory.open("data").unwrap();
            file.set_length(1 << 40).unwrap();
            file.sync().unwrap();
            file.write_at(seed << 29, &[1; SECTOR_BYTES]).unwrap();
            file.punch(0, 1 << 40).unwrap();
            directory.crash(seed);
        }
    }

    #[test]
    fn files_are_made_and_removed_durably() {
        let directory = Crashy::default();
        directory.create("a").unwrap();
        directory.create("b").unwrap();
        directory.remove("a").unwrap();
        directory.crash(1);
        assert!(!directory.contains("a").unwrap() && directory.contains("b").unwrap());
    }
}
