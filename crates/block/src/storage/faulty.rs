//! A directory in which a call fails, to see what becomes of that: of any other directory.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};

use super::dice::Dice;
use super::{Directory, Storage};
use crate::geometry::SECTOR_BYTES;

const SECTOR: u64 = SECTOR_BYTES as u64;
const UNPOISONED: &str = "no panic while the lock is held";

/// Which calls fail.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// The first call that fails, as [`Faulty::calls`] counts them; 0 is the very first call.
    pub call: u64,
    /// Whether all later calls fail too, without any effect, as for a process that is gone. A sync that is cut off so loses nothing.
    pub lasting: bool,
    /// The error, as the system numbers it: `EIO`, `ENOSPC`, ...
    pub errno: i32,
}

/// Counts the calls to a directory and all its files, and lets one, or all from one on, fail.
///
/// The first call that fails may have had its effect, or a part of it, as a seed has it: some sectors of a write or of a punch, a file
/// made or removed, a new length. A sync that fails is Linux's: of the sectors that were not durable each may now be lost and hold what
/// it held before, but counts as written, so that the next sync succeeds without it. This is known of what was changed since
/// [`Faulty::fail`]. After a power cut of what is underneath a new one is needed.
pub struct Faulty {
    inner: Arc<dyn Directory>,
    plan: Arc<Mutex<Plan>>,
    unsynced: Mutex<BTreeMap<String, Arc<Mutex<Unsynced>>>>,
}

/// Sectors that changed since the last sync: what they held before.
type Unsynced = BTreeMap<u64, [u8; SECTOR_BYTES]>;

struct Plan {
    calls: u64,
    fault: Option<Fault>,
    failed: Option<String>,
    dice: Dice,
}

/// What is to become of a call.
enum Verdict {
    Done,
    /// With these choices of which parts of it are done.
    DoneInPart(Dice, io::Error),
    NotDone(io::Error),
}

impl Plan {
    fn judge(&mut self, call: impl FnOnce() -> String) -> Verdict {
        let number = self.calls;
        self.calls += 1;
        match self.fault {
            Some(fault) if number == fault.call => {
                self.failed = Some(call());
                Verdict::DoneInPart(Dice::new(self.dice.next()), io::Error::from_raw_os_error(fault.errno))
            }
            Some(fault) if number > fault.call && fault.lasting => {
                Verdict::NotDone(io::Error::from_raw_os_error(fault.errno))
            }
            _ => Verdict::Done,
        }
    }

    /// Whether a fault is still to come.
    fn is_armed(&self) -> bool {
        self.fault.is_some_and(|fault| self.calls <= fault.call)
    }
}

impl Faulty {
    /// Lets everything through until [`Faulty::fail`] is called.
    pub fn new(inner: Arc<dyn Directory>, seed: u64) -> Self {
        let plan = Plan { calls: 0, fault: None, failed: None, dice: Dice::new(seed) };
        Self { inner, plan: Arc::new(Mutex::new(plan)), unsynced: Mutex::default() }
    }

    /// From now on calls fail so, and none has failed yet.
    pub fn fail(&self, fault: Fault) {
        let mut plan = self.plan();
        (plan.fault, plan.failed) = (Some(fault), None);
    }

    /// From now on no call fails.
    pub fn mend(&self) {
        self.plan().fault = None;
    }

    /// How many calls there were, those that failed among them.
    pub fn calls(&self) -> u64 {
        self.plan().calls
    }

    /// Which call failed first since [`Faulty::fail`], in words.
    pub fn failed(&self) -> Option<String> {
        self.plan().failed.clone()
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().expect(UNPOISONED)
    }

    fn file(&self, name: &str, inner: Arc<dyn Storage>) -> Arc<dyn Storage> {
        let mut files = self.unsynced.lock().expect(UNPOISONED);
        let unsynced = Arc::clone(files.entry(name.to_owned()).or_default());
        Arc::new(FaultyFile { name: name.to_owned(), inner, plan: Arc::clone(&self.plan), unsynced })
    }

    /// Runs a call that is done whole or not at all.
    fn whole<T>(&self, call: impl FnOnce() -> String, run: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let verdict = self.plan().judge(call);
        whole(verdict, run)
    }
}

fn whole<T>(verdict: Verdict, run: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    match verdict {
        Verdict::Done => run(),
        Verdict::NotDone(error) => Err(error),
        Verdict::DoneInPart(mut dice, error) => {
            if dice.chance(1, 2) {
                run()?;
            }
            Err(error)
        }
    }
}

impl Directory for Faulty {
    fn create(&self, name: &str) -> io::Result<Arc<dyn Storage>> {
        let made = self.whole(|| format!("create {name}"), || self.inner.create(name))?;
        Ok(self.file(name, made))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn Storage>> {
        let opened = self.whole(|| format!("open {name}"), || self.inner.open(name))?;
        Ok(self.file(name, opened))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.whole(
            || format!("remove {name}"),
            || {
                self.inner.remove(name)?;
                self.unsynced.lock().expect(UNPOISONED).remove(name);
                Ok(())
            },
        )
    }

    fn contains(&self, name: &str) -> io::Result<bool> {
        self.whole(|| format!("contains {name}"), || self.inner.contains(name))
    }
}

struct FaultyFile {
    name: String,
    inner: Arc<dyn Storage>,
    plan: Arc<Mutex<Plan>>,
    unsynced: Arc<Mutex<Unsynced>>,
}

impl FaultyFile {
    fn judge(&self, call: &str, offset: u64, length: u64) -> Verdict {
        let describe = || format!("{call} {length} bytes at {offset} of {}", self.name);
        self.plan.lock().expect(UNPOISONED).judge(describe)
    }

    fn judge_whole(&self, call: &str) -> Verdict {
        self.plan.lock().expect(UNPOISONED).judge(|| format!("{call} of {}", self.name))
    }

    /// Keeps what the sectors of a stretch hold before they are changed for the first time since a sync.
    fn remember(&self, unsynced: &mut Unsynced, stretch: Range<u64>) -> io::Result<()> {
        for sector in stretch.step_by(SECTOR_BYTES) {
            if let Entry::Vacant(entry) = unsynced.entry(sector) {
                let mut bytes = [0; SECTOR_BYTES];
                self.inner.read_at(sector, &mut bytes)?;
                entry.insert(bytes);
            }
        }
        Ok(())
    }

    /// The same for what is not zeros already in a stretch that is about to be punched.
    fn remember_data(&self, unsynced: &mut Unsynced, stretch: Range<u64>) -> io::Result<()> {
        let mut from = stretch.start;
        while let Some(data) = self.inner.next_data(from)?.filter(|data| data.start < stretch.end) {
            from = data.end.min(stretch.end);
            self.remember(unsynced, data.start..from)?;
        }
        Ok(())
    }

    /// Whether changes must be remembered, those of a call that is still to be judged too.
    fn is_armed(&self) -> bool {
        self.plan.lock().expect(UNPOISONED).is_armed()
    }

    fn is_lasting(&self) -> bool {
        self.plan.lock().expect(UNPOISONED).fault.is_some_and(|fault| fault.lasting)
    }

    /// Loses some of what was not durable, and takes the rest for durable.
    fn lose(&self, unsynced: &mut Unsynced, dice: &mut Dice) -> io::Result<()> {
        let length = self.inner.length_bytes()?;
        let lost = dice.below(5);
        for (sector, before) in std::mem::take(unsynced) {
            if sector < length && dice.chance(lost, 4) {
                self.inner.write_at(sector, &before)?;
            }
        }
        Ok(())
    }
}

/// The part of a stretch that is done of a call that fails: the first sectors, the last ones, all or none.
fn part(stretch: Range<u64>, dice: &mut Dice) -> Range<u64> {
    let cut = stretch.start + dice.below((stretch.end - stretch.start) / SECTOR + 1) * SECTOR;
    if dice.chance(1, 2) { stretch.start..cut } else { cut..stretch.end }
}

impl Storage for FaultyFile {
    fn length_bytes(&self) -> io::Result<u64> {
        whole(self.judge_whole("length"), || self.inner.length_bytes())
    }

    fn set_length(&self, length_bytes: u64) -> io::Result<()> {
        let mut unsynced = self.unsynced.lock().expect(UNPOISONED);
        whole(self.judge_whole("set length"), || {
            self.inner.set_length(length_bytes)?;
            unsynced.split_off(&length_bytes);
            Ok(())
        })
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let verdict = self.judge("read", offset, buffer.len() as u64);
        whole(verdict, || self.inner.read_at(offset, buffer))
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let (mut unsynced, armed) = (self.unsynced.lock().expect(UNPOISONED), self.is_armed());
        let stretch = offset..offset + data.len() as u64;
        let (part, outcome) = match self.judge("write", offset, data.len() as u64) {
            Verdict::Done => (stretch, Ok(())),
            Verdict::DoneInPart(mut dice, error) => (part(stretch, &mut dice), Err(error)),
            Verdict::NotDone(error) => return Err(error),
        };
        let index = |at: u64| usize::try_from(at - offset).expect("within the data");
        let bytes = &data[index(part.start)..index(part.end)];
        if armed && part.end <= self.inner.length_bytes()? {
            self.remember(&mut unsynced, part.clone())?;
        }
        self.inner.write_at(part.start, bytes)?;
        outcome
    }

    fn punch(&self, offset: u64, length_bytes: u64) -> io::Result<()> {
        let (mut unsynced, armed) = (self.unsynced.lock().expect(UNPOISONED), self.is_armed());
        let stretch = offset..offset + length_bytes;
        let (part, outcome) = match self.judge("punch", offset, length_bytes) {
            Verdict::Done => (stretch, Ok(())),
            Verdict::DoneInPart(mut dice, error) => (part(stretch, &mut dice), Err(error)),
            Verdict::NotDone(error) => return Err(error),
        };
        if armed {
            self.remember_data(&mut unsynced, part.clone())?;
        }
        self.inner.punch(part.start, part.end - part.start)?;
        outcome
    }

    fn sync(&self) -> io::Result<()> {
        let mut unsynced = self.unsynced.lock().expect(UNPOISONED);
        match self.judge_whole("sync") {
            Verdict::Done => {
                self.inner.sync()?;
                unsynced.clear();
                Ok(())
            }
            Verdict::DoneInPart(mut dice, error) => {
                if !self.is_lasting() {
                    self.lose(&mut unsynced, &mut dice)?;
                }
                Err(error)
            }
            Verdict::NotDone(error) => Err(error),
        }
    }

    fn next_data(&self, offset: u64) -> io::Result<Option<Range<u64>>> {
        whole(self.judge_whole("next data"), || self.inner.next_data(offset))
    }

    fn prefetch(&self, offset: u64, length_bytes: u64) -> io::Result<()> {
        whole(self.judge("prefetch", offset, length_bytes), || self.inner.prefetch(offset, length_bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::super::MemoryDirectory;
    use super::*;

    const BYTES: u64 = 16 * SECTOR;

    fn faulty(seed: u64, call: u64, lasting: bool) -> (Arc<MemoryDirectory>, Faulty) {
        let inner = Arc::new(MemoryDirectory::default());
        let faulty = Faulty::new(Arc::clone(&inner) as Arc<dyn Directory>, seed);
        faulty.fail(Fault { call, lasting, errno: libc::EIO });
        (inner, faulty)
    }

    /// One of each call; how many of them failed.
    fn work(directory: &Faulty) -> usize {
        let (mut buffer, data) = ([0; 4 * SECTOR_BYTES], [7; 4 * SECTOR_BYTES]);
        let file = directory.create("data").or_else(|_| {
            let opened = directory.open("data");
            opened.or_else(|_| directory.create("data"))
        });
        let Ok(file) = file else { return 3 };
        let done = [
            file.set_length(BYTES).or_else(|_| file.set_length(BYTES).and(Err(io::ErrorKind::Other.into()))),
            file.length_bytes().map(|_| ()),
            file.write_at(SECTOR, &data),
            file.prefetch(0, BYTES),
            file.read_at(0, &mut buffer),
            file.punch(SECTOR, 2 * SECTOR),
            file.next_data(0).map(|_| ()),
            file.sync(),
            directory.contains("data").map(|_| ()),
            directory.open("data").map(|_| ()),
            directory.remove("data"),
        ];
        done.iter().filter(|result| result.is_err()).count()
    }

    #[test]
    fn each_call_fails_in_its_turn_and_no_other_does() {
        let (_, whole) = faulty(0, u64::MAX, false);
        assert_eq!((work(&whole), whole.calls(), whole.failed()), (0, 12, None));
        for seed in 0..20 {
            // The first call is made again when it fails, in another way.
            for call in 1..12 {
                let (_, directory) = faulty(seed, call, false);
                assert_eq!(work(&directory), 1, "call {call}");
                assert!(directory.failed().is_some(), "call {call}");
            }
            let (_, directory) = faulty(seed, 0, false);
            assert_eq!((work(&directory), directory.failed().as_deref()), (0, Some("create data")));
        }
    }

    #[test]
    fn after_a_lasting_fault_nothing_is_done_any_more() {
        for call in 0..11 {
            let (_, directory) = faulty(1, call, true);
            assert!(work(&directory) >= 1);
            let (calls, file) = (directory.calls(), directory.create("late"));
            assert_eq!(file.err().unwrap().raw_os_error(), Some(libc::EIO));
            assert_eq!(directory.calls(), calls + 1);
            directory.mend();
            assert!(!directory.contains("late").unwrap());
        }
    }

    /// The sectors that hold each of the two things that were written, in the order of seeds.
    fn outcomes(run: impl Fn(u64) -> Vec<u8>) -> Vec<usize> {
        let count = |content: Vec<u8>| content.chunks(SECTOR_BYTES).filter(|sector| sector[0] == 2).count();
        (0..60).map(|seed| count(run(seed))).collect()
    }

    fn content(directory: &MemoryDirectory) -> Vec<u8> {
        let mut content = vec![0; 16 * SECTOR_BYTES];
        directory.open("data").unwrap().read_at(0, &mut content).unwrap();
        content
    }

    #[test]
    fn a_write_that_fails_may_have_been_done_in_part() {
        let counts = outcomes(|seed| {
            let (inner, directory) = faulty(seed, 3, false);
            let file = directory.create("data").unwrap();
            file.set_length(BYTES).unwrap();
            file.write_at(0, &[1; 16 * SECTOR_BYTES]).unwrap();
            assert!(file.write_at(0, &[2; 16 * SECTOR_BYTES]).is_err());
            content(&inner)
        });
        assert!(counts.contains(&0) && counts.contains(&16) && counts.iter().any(|count| (1..16).contains(count)));
    }

    #[test]
    fn a_sync_that_fails_may_lose_what_the_next_one_takes_for_durable() {
        let counts = outcomes(|seed| {
            let (inner, directory) = faulty(seed, 5, false);
            let file = directory.create("data").unwrap();
            file.set_length(BYTES).unwrap();
            file.write_at(0, &[1; 16 * SECTOR_BYTES]).unwrap();
            file.sync().unwrap();
            file.write_at(0, &[2; 16 * SECTOR_BYTES]).unwrap();
            assert!(file.sync().is_err());
            assert!(file.sync().is_ok());
            content(&inner)
        });
        assert!(counts.contains(&0) && counts.contains(&16) && counts.iter().any(|count| (1..16).contains(count)));
    }
}
