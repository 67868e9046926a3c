//! What every implementation does alike: held against a `Vec<u8>`.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use super::dice::Dice;
use super::*;

const SECTOR: u64 = SECTOR_BYTES as u64;
/// A few blocks, so that operations meet often; not a multiple of one.
const MOST_SECTORS: u64 = 8 * 11 + 3;

/// A directory of the file system that is removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("coffer-storage-{name}-{}", std::process::id()));
        std::fs::remove_dir_all(&path).ok();
        Self(path)
    }

    fn directory(&self, driver: Driver, direct: bool) -> io::Result<LocalDirectory> {
        LocalDirectory::new(&self.0, Options { driver, direct })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).expect("the directory is there");
    }
}

/// Every operation at random against the same on a vector, and files opened again in between.
fn conforms(directory: &dyn Directory) {
    for seed in 0..20 {
        let mut dice = Dice::new(seed);
        let mut file = directory.create("data").unwrap();
        let mut model: Vec<u8> = Vec::new();
        for _ in 0..150 {
            step(&*file, &mut model, &mut dice);
            if dice.chance(1, 20) {
                file.sync().unwrap();
                file = directory.open("data").unwrap();
            }
        }
        let mut all = Buffer::new(model.len().max(1));
        file.read_at(0, &mut all[..model.len()]).unwrap();
        assert_eq!(all[..model.len()], model[..], "seed {seed}");
        directory.remove("data").unwrap();
    }
    names_are_kept(directory);
}

/// A stretch of whole sectors within the model, aligned to blocks half the time.
fn stretch(model: &[u8], dice: &mut Dice) -> Range<usize> {
    let grain = if dice.chance(1, 2) { SECTOR } else { ALIGNMENT as u64 };
    let mut bound = || {
        let bytes = dice.below(model.len() as u64 / grain + 1) * grain;
        usize::try_from(bytes).unwrap()
    };
    let (a, b) = (bound(), bound());
    a.min(b)..a.max(b)
}

fn step(file: &dyn Storage, model: &mut Vec<u8>, dice: &mut Dice) {
    let range = stretch(model, dice);
    let (offset, length) = (range.start as u64, range.len() as u64);
    // Memory that is aligned and memory that is not.
    let skip = if dice.chance(1, 4) { SECTOR_BYTES } else { 0 };
    let mut buffer = Buffer::new(range.len() + skip + 1);
    match dice.below(6) {
        0 => {
            let sectors = dice.below(MOST_SECTORS);
            file.set_length(sectors * SECTOR).unwrap();
            model.resize(usize::try_from(sectors).unwrap() * SECTOR_BYTES, 0);
            assert_eq!(file.length_bytes().unwrap(), model.len() as u64);
        }
        1 => {
            file.punch(offset, length).unwrap();
            model[range].fill(0);
        }
        2 => data_is_found(file, model, offset),
        3 => {
            file.prefetch(offset, length).unwrap();
            file.read_at(offset, &mut buffer[skip..skip + range.len()]).unwrap();
            assert_eq!(buffer[skip..skip + range.len()], model[range]);
        }
        4 => beyond_the_end_is_refused(file, model, dice),
        _ => {
            let data = &mut buffer[skip..skip + range.len()];
            data.fill_with(|| u8::try_from(dice.below(256)).unwrap());
            file.write_at(offset, data).unwrap();
            model[range].copy_from_slice(data);
        }
    }
}

fn data_is_found(file: &dyn Storage, model: &[u8], offset: u64) {
    let from = usize::try_from(offset).unwrap();
    let is_zero = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
    let Some(found) = file.next_data(offset).unwrap() else {
        assert!(is_zero(&model[from..]));
        return;
    };
    let (start, end) = (usize::try_from(found.start).unwrap(), usize::try_from(found.end).unwrap());
    assert!(from <= start && start < end && end <= model.len());
    assert!(is_zero(&model[from..start]));
}

fn beyond_the_end_is_refused(file: &dyn Storage, model: &[u8], dice: &mut Dice) {
    let offset = model.len() as u64 - model.len() as u64 % 4096 + dice.below(3) * 4096;
    let mut buffer = Buffer::new(4096 + ALIGNMENT);
    let kind = |result: io::Result<()>| result.unwrap_err().kind();
    assert_eq!(kind(file.read_at(offset, &mut buffer)), ErrorKind::UnexpectedEof);
    assert_eq!(kind(file.write_at(offset, &buffer)), ErrorKind::InvalidInput);
    assert_eq!(kind(file.punch(offset, buffer.len() as u64)), ErrorKind::InvalidInput);
    assert_eq!(file.length_bytes().unwrap(), model.len() as u64);
}

fn names_are_kept(directory: &dyn Directory) {
    assert!(!directory.contains("meta").unwrap());
    assert_eq!(directory.open("meta").err().unwrap().kind(), ErrorKind::NotFound);
    directory.create("meta").unwrap().set_length(SECTOR).unwrap();
    assert!(directory.contains("meta").unwrap());
    assert_eq!(directory.create("meta").err().unwrap().kind(), ErrorKind::AlreadyExists);
    assert_eq!(directory.open("meta").unwrap().length_bytes().unwrap(), SECTOR);
    directory.remove("meta").unwrap();
    directory.remove("meta").unwrap();
    assert!(!directory.contains("meta").unwrap());
    for name in ["", ".", "..", ".hidden", "a/b", "A", "a b", "a\0", &"a".repeat(256)] {
        assert_eq!(directory.contains(name).unwrap_err().kind(), ErrorKind::InvalidInput, "{name:?}");
        assert_eq!(directory.create(name).err().unwrap().kind(), ErrorKind::InvalidInput, "{name:?}");
    }
}

#[test]
fn memory_is_a_storage() {
    conforms(&MemoryDirectory::default());
}

#[test]
fn a_directory_without_faults_is_what_it_is_made_of() {
    conforms(&Faulty::new(Arc::new(MemoryDirectory::default()), 1));
}

#[test]
fn a_directory_that_is_not_slow_is_what_it_is_made_of() {
    conforms(&Slow::new(Arc::new(MemoryDirectory::default()), Arc::default()));
}

#[test]
fn a_slow_directory_takes_as_long_as_is_said_for_each_transfer_and_sync() {
    let delay_ms = Arc::new(AtomicU64::new(0));
    let directory = Slow::new(Arc::new(MemoryDirectory::default()), Arc::clone(&delay_ms));
    let file = directory.create("data").unwrap();
    file.set_length(SECTOR).unwrap();
    delay_ms.store(30, Ordering::Relaxed);
    #[expect(clippy::disallowed_methods, reason = "the least time that was asked for is looked for")]
    let begun = std::time::Instant::now();
    let mut buffer = [1; SECTOR_BYTES];
    file.write_at(0, &buffer).unwrap();
    file.read_at(0, &mut buffer).unwrap();
    file.sync().unwrap();
    assert!(begun.elapsed() >= std::time::Duration::from_millis(90));
}

#[test]
fn a_fork_of_memory_holds_what_was_there_and_goes_its_own_way() {
    let memory = MemoryDirectory::default();
    let file = memory.create("data").unwrap();
    file.set_length(2 * SECTOR).unwrap();
    file.write_at(0, &[1; SECTOR_BYTES]).unwrap();
    let fork = memory.fork();
    file.write_at(0, &[2; SECTOR_BYTES]).unwrap();
    memory.create("later").unwrap();
    let forked = fork.open("data").unwrap();
    forked.write_at(SECTOR, &[3; SECTOR_BYTES]).unwrap();
    let first = |file: &dyn Storage, offset| {
        let mut buffer = [0; SECTOR_BYTES];
        file.read_at(offset, &mut buffer).unwrap();
        buffer[0]
    };
    assert_eq!((first(&*file, 0), first(&*file, SECTOR)), (2, 0));
    assert_eq!((first(&*forked, 0), first(&*forked, SECTOR)), (1, 3));
    assert!(!fork.contains("later").unwrap());
}

#[test]
fn a_directory_before_a_crash_is_a_storage() {
    conforms(&Crashy::default());
}

#[test]
fn a_file_is_a_storage() {
    conforms(&Scratch::new("file").directory(Driver::Threads, false).unwrap());
}

/// Where the file system or the system refuses, the error must say what.
fn conforms_where_possible(name: &str, driver: Driver, direct: bool, named: &str) {
    let scratch = Scratch::new(name);
    match scratch.directory(driver, direct) {
        Ok(directory) => conforms(&directory),
        Err(error) => {
            assert!(error.to_string().contains(named), "{error}");
            eprintln!("not run here: {error}");
        }
    }
}

#[test]
fn a_file_past_the_page_cache_is_a_storage() {
    conforms_where_possible("direct", Driver::Threads, true, "refuses O_DIRECT");
}

#[test]
fn a_file_by_io_uring_is_a_storage() {
    conforms_where_possible("uring", Driver::Uring, false, "refuses io_uring");
}

#[test]
fn a_file_by_io_uring_past_the_page_cache_is_a_storage() {
    conforms_where_possible("uring-direct", Driver::Uring, true, "refuses");
}

#[test]
fn only_the_owner_may_look_at_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let scratch = Scratch::new("modes");
    scratch.directory(Driver::Auto, false).unwrap().create("data").unwrap();
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(scratch.0.clone()), mode(scratch.0.join("data"))), (0o700, 0o600));
}

/// Sectors of one block, some written aligned and some not, at the same time.
#[test]
fn writers_of_one_block_do_not_lose_each_others_sectors() {
    let scratch = Scratch::new("neighbours");
    let direct = scratch.directory(Driver::Threads, true);
    let directory = direct.or_else(|_| scratch.directory(Driver::Threads, false)).unwrap();
    let file = directory.create("data").unwrap();
    file.set_length(4 * ALIGNMENT as u64).unwrap();
    std::thread::scope(|scope| {
        for sector in 0..4 {
            let file = &file;
            scope.spawn(move || {
                for round in 0..100u8 {
                    let (offset, data) = (sector * SECTOR + 4096, [round; SECTOR_BYTES]);
                    file.write_at(offset, &data).unwrap();
                    let mut read = [0; SECTOR_BYTES];
                    file.read_at(offset, &mut read).unwrap();
                    assert_eq!(read, data);
                    let mut block = Buffer::new(ALIGNMENT);
                    block.fill(round);
                    file.write_at((sector % 2) * 2 * ALIGNMENT as u64, &block).unwrap();
                }
            });
        }
    });
}
