//! The disk of a volume: power cuts, the calls before them, and faults planted into the order of calls to see that they are found.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use coffer_block::storage::{Crashy, Directory, Fault, Faulty, Storage};

/// An I/O error, as Linux numbers it.
pub(crate) const EIO: i32 = 5;
/// No space, likewise.
pub(crate) const ENOSPC: i32 = 28;

/// A fault of the kind that an engine could have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plant {
    /// The sync of the data file is left out.
    DataNotSynced,
    /// The sync of the metadata is left out.
    MetaNotSynced,
    /// The sync of the overlay is left out.
    OverlayNotSynced,
    /// The sync of the journal is left out.
    JournalNotSynced,
    /// Bits are made durable before the data that they speak of.
    BitsBeforeData,
    /// Write intents never reach the disk.
    IntentsLost,
    /// The superblock is always written to the same place.
    SuperblockInPlace,
    /// The pages of bitmaps are always written to the same place.
    PagesInPlace,
    /// What was copied back from the overlay stays there.
    OverlayKept,
    /// What a process that was killed left is taken for durable.
    LeftUnsettled,
}

/// All of them.
pub(crate) const PLANTS: [Plant; 10] = [
    Plant::DataNotSynced,
    Plant::MetaNotSynced,
    Plant::OverlayNotSynced,
    Plant::JournalNotSynced,
    Plant::BitsBeforeData,
    Plant::IntentsLost,
    Plant::SuperblockInPlace,
    Plant::PagesInPlace,
    Plant::OverlayKept,
    Plant::LeftUnsettled,
];

/// A disk that loses power.
pub(crate) struct Disk {
    crashy: Arc<Crashy>,
    faulty: Arc<Faulty>,
    plant: Option<Plant>,
    seed: u64,
    is_forgiven: bool,
}

impl Disk {
    pub(crate) fn new(plant: Option<Plant>, seed: u64) -> Self {
        let crashy = Arc::new(Crashy::default());
        let faulty = Arc::new(Faulty::new(Arc::clone(&crashy) as Arc<dyn Directory>, seed));
        Self { crashy, faulty, plant, seed, is_forgiven: false }
    }

    /// The directory without the planted fault: each is to be found in the life of a volume, not in its making.
    pub(crate) fn sound(&self) -> Arc<dyn Directory> {
        Arc::clone(&self.faulty) as Arc<dyn Directory>
    }

    /// The directory as the engine sees it.
    pub(crate) fn directory(&self) -> Arc<dyn Directory> {
        let directory: Arc<dyn Directory> = Arc::clone(&self.faulty) as Arc<dyn Directory>;
        match self.plant {
            None => directory,
            Some(plant) => Arc::new(Planted { directory, plant, is_owed: Arc::default() }),
        }
    }

    /// Has every call fail after so many more.
    pub(crate) fn fail_after(&mut self, calls: u64) {
        self.is_forgiven = false;
        self.faulty.fail(Fault { call: self.faulty.calls() + calls, lasting: true, errno: EIO });
    }

    /// Has one call fail, after so many more.
    pub(crate) fn fail_one_after(&mut self, calls: u64, errno: i32) {
        self.is_forgiven = false;
        self.faulty.fail(Fault { call: self.faulty.calls() + calls, lasting: false, errno });
    }

    /// No call fails any more, for those who have files open either.
    pub(crate) fn spare(&mut self) {
        self.is_forgiven = true;
        self.faulty.mend();
    }

    /// Has one call fail, counted from the first.
    pub(crate) fn fail_once(&mut self, call: u64, errno: i32) {
        self.faulty.fail(Fault { call, lasting: false, errno });
    }

    /// Calls so far.
    pub(crate) fn calls(&self) -> u64 {
        self.faulty.calls()
    }

    /// No call fails any more; what failed is as it is.
    pub(crate) fn mend(&mut self) {
        self.is_forgiven = false;
        self.faulty = Arc::new(Faulty::new(Arc::clone(&self.crashy) as Arc<dyn Directory>, self.seed));
    }

    /// Whether a call has failed since.
    pub(crate) fn has_failed(&self) -> bool {
        !self.is_forgiven && self.faulty.failed().is_some()
    }

    /// What went wrong is not to be put down to the power.
    pub(crate) fn forgive(&mut self) {
        self.is_forgiven = true;
    }

    /// Loses power and gets it back.
    pub(crate) fn crash(&mut self, seed: u64) {
        self.crashy.crash(seed);
        self.seed = self.seed.wrapping_add(1);
        self.faulty = Arc::new(Faulty::new(Arc::clone(&self.crashy) as Arc<dyn Directory>, self.seed));
    }
}

struct Planted {
    directory: Arc<dyn Directory>,
    plant: Plant,
    /// Whether a sync of the data file was put off.
    is_owed: Arc<AtomicBool>,
}

impl Planted {
    fn file(&self, name: &str, file: Arc<dyn Storage>) -> io::Result<Arc<dyn Storage>> {
        let data = if name == "meta" && self.plant == Plant::BitsBeforeData {
            Some(self.directory.open("data")?)
        } else {
            None
        };
        let is_owed = Arc::clone(&self.is_owed);
        Ok(Arc::new(PlantedFile { file, name: name.to_owned(), plant: self.plant, is_owed, data }))
    }
}

impl Directory for Planted {
    fn create(&self, name: &str) -> io::Result<Arc<dyn Storage>> {
        self.file(name, self.directory.create(name)?)
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn Storage>> {
        self.file(name, self.directory.open(name)?)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.directory.remove(name)
    }

    fn contains(&self, name: &str) -> io::Result<bool> {
        self.directory.contains(name)
    }
}

struct PlantedFile {
    file: Arc<dyn Storage>,
    name: String,
    plant: Plant,
    is_owed: Arc<AtomicBool>,
    data: Option<Arc<dyn Storage>>,
}

impl PlantedFile {
    fn is(&self, plant: Plant, name: &str) -> bool {
        self.plant == plant && self.name == name
    }

    /// Does a sync of the data file that was put off.
    fn settle(&self) -> io::Result<()> {
        if self.name == "data" && self.is_owed.swap(false, Ordering::SeqCst) {
            return self.file.sync();
        }
        Ok(())
    }

    /// Where a write to the metadata goes: places and copies are 4096 bytes long, two by two.
    fn place(&self, offset: u64) -> u64 {
        let is_superblock = offset < 8192;
        let in_place = (self.is(Plant::SuperblockInPlace, "meta") && is_superblock)
            || (self.is(Plant::PagesInPlace, "meta") && !is_superblock);
        if in_place { offset & !4096 } else { offset }
    }
}

impl Storage for PlantedFile {
    fn length_bytes(&self) -> io::Result<u64> {
        self.file.length_bytes()
    }

    fn set_length(&self, length_bytes: u64) -> io::Result<()> {
        self.file.set_length(length_bytes)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.settle()?;
        let is_intent = data.len() == 4096 && data[..8] == *b"CFRVOLBP" && data[12] == 3;
        if self.is(Plant::IntentsLost, "meta") && is_intent && data[48..4080].iter().any(|byte| *byte != 0) {
            return Ok(());
        }
        self.file.write_at(self.place(offset), data)
    }

    fn punch(&self, offset: u64, length_bytes: u64) -> io::Result<()> {
        if self.is(Plant::OverlayKept, "overlay") {
            return Ok(());
        }
        self.file.punch(offset, length_bytes)
    }

    fn sync(&self) -> io::Result<()> {
        let missing = [
            (Plant::DataNotSynced, "data"),
            (Plant::MetaNotSynced, "meta"),
            (Plant::OverlayNotSynced, "overlay"),
            (Plant::JournalNotSynced, "journal"),
        ];
        if missing.into_iter().any(|(plant, name)| self.is(plant, name)) {
            return Ok(());
        }
        if self.is(Plant::BitsBeforeData, "data") {
            self.is_owed.store(true, Ordering::SeqCst);
            return Ok(());
        }
        self.file.sync()?;
        match &self.data {
            Some(data) if self.is_owed.swap(false, Ordering::SeqCst) => data.sync(),
            _ => Ok(()),
        }
    }

    fn settle(&self) -> io::Result<()> {
        if self.plant == Plant::LeftUnsettled { Ok(()) } else { self.sync() }
    }

    fn next_data(&self, offset: u64) -> io::Result<Option<Range<u64>>> {
        self.file.next_data(offset)
    }

    fn prefetch(&self, offset: u64, length_bytes: u64) -> io::Result<()> {
        self.file.prefetch(offset, length_bytes)
    }
}
