//! The database: one writer, many readers, one process.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use coffer_base::limits;
use rusqlite::backup::Backup;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::writer::{Effect, Generation, Pending, Queue, WriterStats, write_inline};
use crate::{StoreError, Tx, migrations};

/// The database file within the data directory.
pub const FILE: &str = "coffer.db";
/// The file whose lock says that a process has the data directory.
pub const LOCK: &str = "lock";
/// Statements each connection keeps prepared: more than there are in this crate.
const PREPARED: usize = 512;

/// Pages in the log (of 4 KiB) at which its content is moved to the database: what a start after a crash has to read.
const CHECKPOINT_PAGES: i64 = 8192;

/// All pages in one step, to SQLite.
const ALL_PAGES: i32 = -1;

/// Pages the writer keeps in memory, in KiB (a negative number to SQLite): the indexes it inserts into at random places.
const WRITER_CACHE_KIB: i64 = 32 * 1024;

/// What can be chosen when opening.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Most writes that share a commit; 1 gives each its own (for comparison in benchmarks).
    pub write_batch: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { write_batch: limits::WRITE_BATCH }
    }
}

/// A handle on the database; clones share it. The last one to go stops the writer and closes the file.
#[derive(Clone)]
pub struct Db(Arc<Backend>);

enum Backend {
    /// One connection for everything, in memory: where each write runs on the caller's thread: for tests, and for test mode.
    Memory(Mutex<Connection>, AtomicU64),
    /// Files.
    Files(Files),
}

struct Files {
    path: PathBuf,
    readers: Mutex<Vec<Connection>>,
    queue: Option<Queue>,
    generation: Generation,
    writer: Option<JoinHandle<()>>,
    /// Held for as long as this process has the directory.
    _lock: File,
}

impl Db {
    /// Opens the database in `directory`, which is made (mode 0700) when it is not there, brings its schema up to date and starts
    /// the writer. Refuses a directory that another process has.
    pub fn open(directory: &Path, options: Options) -> Result<Self, StoreError> {
        let failed = |error| StoreError::Directory(directory.to_owned(), error);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
        let lock = lock(directory)?;
        let path = directory.join(FILE);
        let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // FULL: a commit returns only after the log is synced, so that what was acknowledged survives a power cut.
        connection.pragma_update(None, "synchronous", "FULL")?;
        // Keys are random, so each commit dirties many pages; checkpointing every few commits would write each of them twice over.
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
        // Each write of a batch is a savepoint, and the pages it might have to put back would otherwise go to a temporary file.
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        migrations::run(&connection)?;
        let generation = Generation::default();
        let started = Queue::start(connection, options.write_batch, Arc::clone(&generation));
        let (queue, writer) = started.map_err(failed)?;
        let (queue, writer) = (Some(queue), Some(writer));
        let files = Files { path, readers: Mutex::default(), queue, generation, writer, _lock: lock };
        Ok(Self(Arc::new(Backend::Files(files))))
    }

    /// Whether there is a database in `directory`.
    pub fn exists(directory: &Path) -> bool {
        directory.join(FILE).exists()
    }

    /// An empty database in memory, for tests: writes run on the calling thread and are done when [`Db::write`] returns.
    pub fn in_memory() -> Result<Self, StoreError> {
        let connection = Connection::open_in_memory()?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        migrations::run(&connection)?;
        Ok(Self(Arc::new(Backend::Memory(Mutex::new(connection), AtomicU64::new(0)))))
    }

    /// A copy of a database in memory as it stands, which goes its own way from here on. Nobody copies one of files so: an error.
    pub fn fork(&self) -> Result<Self, StoreError> {
        let Backend::Memory(connection, _) = &*self.0 else {
            return Err(StoreError::Corrupt("a database of files can't be forked"));
        };
        let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        let mut copy = Connection::open_in_memory()?;
        copy.set_prepared_statement_cache_capacity(PREPARED);
        Backup::new(&connection, &mut copy)?.step(ALL_PAGES)?;
        Ok(Self(Arc::new(Backend::Memory(Mutex::new(copy), AtomicU64::new(0)))))
    }

    /// Runs `work` on the database in `directory` as it stands, reading only, whether or not a process has it open.
    pub fn peek<T, E: From<StoreError>>(directory: &Path, work: impl FnOnce(&Tx<'_>) -> Result<T, E>) -> Result<T, E> {
        Self::peek_file(&directory.join(FILE), work)
    }

    /// The same on a database's file, wherever it is.
    pub fn peek_file<T, E: From<StoreError>>(file: &Path, work: impl FnOnce(&Tx<'_>) -> Result<T, E>) -> Result<T, E> {
        snapshot(&connect_to_read(file)?, None, work)
    }

    /// Writes everything committed so far in `directory` into the new file `into`, whether or not a process has the database open: a
    /// reader's consistent picture, which holds up no writer. The version of its schema.
    pub fn copy(directory: &Path, into: &Path) -> Result<i64, StoreError> {
        let connection = connect_to_read(&directory.join(FILE))?;
        let into = into.to_str().ok_or(StoreError::Corrupt("the name of a file that is no text"))?;
        connection.execute("VACUUM INTO $1", [into])?;
        Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
    }

    /// The version of the schema in `directory`, and the newest one that this program knows.
    pub fn versions(directory: &Path) -> Result<(i64, i64), StoreError> {
        let connection = connect_to_read(&directory.join(FILE))?;
        Ok((connection.pragma_query_value(None, "user_version", |row| row.get(0))?, migrations::newest()))
    }

    /// Reads the whole database in `directory`, which takes as long as reading the file does: what is wrong with it first, if
    /// anything is. Not whether its indexes have every row.
    pub fn fault(directory: &Path) -> Result<Option<String>, StoreError> {
        let check = |connection: Connection| Ok(connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?);
        match connect_to_read(&directory.join(FILE)).and_then(check) {
            Ok(text) if text == "ok" => Ok(None),
            Ok(text) => Ok(Some(text)),
            Err(error) if error.is_damage() => Ok(Some(error.to_string())),
            Err(error) => Err(error),
        }
    }

    /// Runs `work` on a consistent picture of everything committed so far. It can't write.
    pub fn read<T, E: From<StoreError>>(&self, work: impl FnOnce(&Tx<'_>) -> Result<T, E>) -> Result<T, E> {
        match &*self.0 {
            Backend::Memory(connection, generation) => {
                let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                snapshot(&connection, Some(generation), work)
            }
            Backend::Files(files) => {
                let connection = files.reader()?;
                let outcome = snapshot(&connection, Some(&files.generation), work);
                // A connection that can't end its transaction would show old data for ever: it is closed instead of reused.
                if connection.is_autocommit() {
                    files.readers.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
                }
                outcome
            }
        }
    }

    /// Has the writer run `work`, undone as a whole if it returns an error or panics. The result comes once it is durable.
    pub fn write<T, E>(&self, work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static) -> Pending<Result<T, E>>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.enqueue(Effect::Changes, work)
    }

    /// Like [`Db::write`], for what only adds to the record of what happened (the audit, nonces, when a key was last used): nothing that
    /// is remembered by [`Tx::generation`] may depend on it.
    pub fn record<T, E>(&self, work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static) -> Pending<Result<T, E>>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.enqueue(Effect::Records, work)
    }

    fn enqueue<T, E>(
        &self,
        effect: Effect,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Pending<Result<T, E>>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &*self.0 {
            Backend::Memory(connection, generation) => {
                write_inline(&connection.lock().unwrap_or_else(PoisonError::into_inner), generation, effect, work)
            }
            Backend::Files(files) => {
                let queue = files.queue.as_ref().expect("the queue is there until the last handle is dropped");
                queue.write(effect, work)
            }
        }
    }
}

impl Db {
    /// What the writer has done; of a database in memory, which has none, nothing.
    pub fn writer_stats(&self) -> Arc<WriterStats> {
        match &*self.0 {
            Backend::Memory(..) => Arc::default(),
            Backend::Files(files) => files.queue.as_ref().map(Queue::stats).unwrap_or_default(),
        }
    }
}

impl Files {
    fn reader(&self) -> Result<Connection, StoreError> {
        if let Some(connection) = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            return Ok(connection);
        }
        let connection = connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        // The writer's connection is the last to close: it alone can move the log into the database and remove it.
        self.readers.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        self.queue = None;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the database writer ended by a panic");
        }
    }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(connection)
}

/// Opens a database for reading only, also where nothing can be written: a database with a log has an index of it beside it, which
/// whoever reads first makes.
fn connect_to_read(file: &Path) -> Result<Connection, StoreError> {
    let connection = connect(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let looked = connection.pragma_query_value(None, "schema_version", |row| row.get::<_, i64>(0));
    let is_refused = |error: &rusqlite::Error| {
        matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
    };
    match looked {
        Err(error) if is_refused(&error) => {}
        Err(error) => return Err(error.into()),
        Ok(_) => return Ok(connection),
    }
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    if fs::metadata(log).is_ok_and(|log| log.len() > 0) {
        return Err(StoreError::Unindexed(file.to_owned()));
    }
    // Nobody writes here, nor is there anything that is not in the file: the engine may take it as it is.
    let immutable = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    connect(Path::new(&format!("file:{}?immutable=1", uri_path(file))), immutable)
}

/// A path as it stands in a URI.
fn uri_path(file: &Path) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte);
    let bytes = file.as_os_str().as_bytes().iter();
    bytes.map(|byte| if is_plain(*byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn snapshot<T, E: From<StoreError>>(
    connection: &Connection,
    generation: Option<&AtomicU64>,
    work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    // It takes the generation before the snapshot, which may then be of a later one but never of an earlier one.
    let tx = Tx::new(connection, generation);
    tx.control("BEGIN")?;
    let outcome = work(&tx);
    tx.control("ROLLBACK")?;
    outcome
}

fn lock(directory: &Path) -> Result<File, StoreError> {
    let failed = |error| StoreError::Directory(directory.to_owned(), error);
    let file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(directory.join(LOCK))
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(directory.to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(io::Error::new(error.kind(), error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("coffer-store-{name}-{}", std::process::id()));
        fs::remove_dir_all(&path).ok();
        path
    }

    fn put(db: &Db, name: &'static str) -> Result<(), StoreError> {
        db.write(move |tx| crate::accounts::set_fact(tx, name, "1")).wait()
    }

    fn has(db: &Db, name: &str) -> bool {
        db.read(|tx| crate::accounts::fact(tx, name)).unwrap().is_some()
    }

    #[test]
    fn what_was_written_is_there_after_reopening() {
        let dir = directory("reopen");
        let db = Db::open(&dir, Options::default()).unwrap();
        put(&db, "kept").unwrap();
        assert!(has(&db, "kept") && dir.join("coffer.db-wal").exists());
        drop(db);
        assert!(!dir.join("coffer.db-wal").exists(), "an orderly end leaves no log");
        let db = Db::open(&dir, Options::default()).unwrap();
        assert!(has(&db, "kept"));
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_path_in_a_uri_ends_nowhere_but_at_its_end() {
        assert_eq!(uri_path(Path::new("/srv/a b?c#d%e/coffer.db")), "/srv/a%20b%3Fc%23d%25e/coffer.db");
    }

    #[test]
    fn a_second_process_on_the_same_directory_is_refused() {
        let dir = directory("second");
        let db = Db::open(&dir, Options::default()).unwrap();
        assert!(matches!(Db::open(&dir, Options::default()), Err(StoreError::InUse(_))));
        drop(db);
        assert!(Db::open(&dir, Options::default()).is_ok());
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_failed_write_leaves_nothing_and_its_neighbours_stay() {
        let dir = directory("failed");
        for db in [Db::open(&dir, Options::default()).unwrap(), Db::in_memory().unwrap()] {
            let before = db.write(|tx| crate::accounts::set_fact(tx, "before", "1"));
            let failing = db.write::<(), StoreError>(|tx| {
                crate::accounts::set_fact(tx, "failing", "1")?;
                Err(StoreError::Corrupt("on purpose"))
            });
            let panicking = db.write::<(), StoreError>(|tx| {
                crate::accounts::set_fact(tx, "panicking", "1")?;
                panic!("on purpose");
            });
            let after = db.write(|tx| crate::accounts::set_fact(tx, "after", "1"));
            assert!(before.wait().is_ok() && after.wait().is_ok());
            assert!(matches!(failing.wait(), Err(StoreError::Corrupt(_))));
            assert!(matches!(panicking.wait(), Err(StoreError::Panicked(_))));
            assert!(has(&db, "before") && has(&db, "after") && !has(&db, "failing") && !has(&db, "panicking"));
        }
        fs::remove_dir_all(dir).unwrap();
    }

    /// A statement whose error makes the engine undo the whole transaction, as errors of the disk and of memory do.
    fn roll_back(tx: &Tx<'_>) -> Result<(), StoreError> {
        crate::accounts::set_fact(tx, "twice", "1")?;
        let failed = tx.execute("INSERT OR ROLLBACK INTO facts SELECT * FROM facts WHERE name = 'twice'", &[]);
        assert!(failed.is_err() && !tx.is_open());
        failed.map(drop)
    }

    #[test]
    fn when_the_engine_undoes_a_transaction_all_its_writes_fail_and_nothing_of_them_stays() {
        let dir = directory("undone");
        let db = Db::open(&dir, Options::default()).unwrap();
        // Held until all wait, so that they share a transaction.
        let (release, held) = std::sync::mpsc::channel::<()>();
        let before = db.write::<(), StoreError>(move |tx| {
            held.recv().unwrap();
            crate::accounts::set_fact(tx, "before", "1")
        });
        let undone = db.write::<(), StoreError>(|tx| {
            assert!(tx.atomic(roll_back).is_err());
            // Whoever goes on after it does not write outside of any transaction.
            assert!(crate::accounts::set_fact(tx, "outside", "1").is_err());
            assert!(tx.atomic(|tx| crate::accounts::set_fact(tx, "outside", "1")).is_err());
            Ok(())
        });
        let after = db.write(|tx| crate::accounts::set_fact(tx, "after", "1"));
        release.send(()).unwrap();
        let outcomes = [before.wait(), undone.wait()];
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(StoreError::CommitFailed(_)))), "{outcomes:?}");
        after.wait().unwrap();
        assert_eq!(["before", "twice", "outside", "after"].map(|name| has(&db, name)), [false, false, false, true]);
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn after_a_write_that_failed_on_a_file_nothing_is_written_any_more() {
        let dir = directory("file");
        let db = Db::open(&dir, Options::default()).unwrap();
        put(&db, "kept").unwrap();
        let failing = db.write::<(), StoreError>(|tx| {
            crate::accounts::set_fact(tx, "failing", "1")?;
            let failure = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_READ);
            assert!(tx.seen::<()>(Err(rusqlite::Error::SqliteFailure(failure, None))).is_err());
            Ok(())
        });
        assert!(matches!(failing.wait(), Err(StoreError::CommitFailed(_))));
        assert!(matches!(put(&db, "later"), Err(StoreError::Stopped)));
        assert!(has(&db, "kept") && !has(&db, "failing"));
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_fork_holds_what_was_there_and_goes_its_own_way() {
        let db = Db::in_memory().unwrap();
        put(&db, "before").unwrap();
        let fork = db.fork().unwrap();
        put(&db, "after").unwrap();
        put(&fork, "apart").unwrap();
        assert!(has(&fork, "before") && has(&fork, "apart") && !has(&fork, "after"));
        assert!(has(&db, "after") && !has(&db, "apart"));
        let dir = directory("fork");
        assert!(Db::open(&dir, Options::default()).unwrap().fork().is_err());
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn what_was_read_holds_until_a_write_may_have_changed_it() {
        let dir = directory("generation");
        for db in [Db::open(&dir, Options::default()).unwrap(), Db::in_memory().unwrap()] {
            let generation = || db.read(|tx| Ok::<_, StoreError>(tx.generation())).unwrap();
            let first = generation();
            assert!(first.is_some() && first == generation());
            db.record(|tx| crate::accounts::set_fact(tx, "recorded", "1")).wait().unwrap();
            assert_eq!(generation(), first, "a record changes nothing that is remembered");
            let inside = db.write(|tx| Ok::<_, StoreError>(tx.generation())).wait().unwrap();
            assert_eq!(inside, None, "what is not committed is not remembered");
            assert_ne!(generation(), first);
        }
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_reader_can_not_write() {
        let dir = directory("reader");
        let db = Db::open(&dir, Options::default()).unwrap();
        assert!(db.read(|tx| crate::accounts::set_fact(tx, "x", "1")).is_err());
        fs::remove_dir_all(dir).unwrap();
    }
}
