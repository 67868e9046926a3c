//! One thin layer over the engine: statements with `$1`, `$2`… bound by name, and rows read by position.
//!
//! Engines disagree on what `$1` means (a name to SQLite, a position to PostgreSQL); binding by name serves both with one SQL text.

use std::cell::{Cell, RefCell};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use coffer_base::{Region, Timestamp};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection};

use crate::StoreError;

/// A value on its way into a statement.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// SQL NULL.
    Null,
    /// A 64-bit integer; booleans are 0 and 1, moments milliseconds since the epoch.
    Integer(i64),
    /// UTF-8 text.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Integer(n) => ValueRef::Integer(n),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl From<i64> for Value<'_> {
    fn from(n: i64) -> Self {
        Self::Integer(n)
    }
}

impl From<bool> for Value<'_> {
    fn from(yes: bool) -> Self {
        Self::Integer(i64::from(yes))
    }
}

impl From<Timestamp> for Value<'_> {
    fn from(moment: Timestamp) -> Self {
        Self::Integer(moment.unix_ms())
    }
}

impl From<Region> for Value<'_> {
    fn from(region: Region) -> Self {
        Self::Text(region.id())
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a coffer_base::AccountId> for Value<'a> {
    fn from(account: &'a coffer_base::AccountId) -> Self {
        Self::Text(account.as_str())
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Blob(bytes)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A row on its way out, read by position (from 0).
pub struct Row<'a>(&'a rusqlite::Row<'a>);

impl Row<'_> {
    /// Text.
    pub fn text(&self, column: usize) -> Result<String, StoreError> {
        Ok(self.0.get(column)?)
    }

    /// Text or NULL.
    pub fn optional_text(&self, column: usize) -> Result<Option<String>, StoreError> {
        Ok(self.0.get(column)?)
    }

    /// A 64-bit integer.
    pub fn integer(&self, column: usize) -> Result<i64, StoreError> {
        Ok(self.0.get(column)?)
    }

    /// A 64-bit integer or NULL.
    pub fn optional_integer(&self, column: usize) -> Result<Option<i64>, StoreError> {
        Ok(self.0.get(column)?)
    }

    /// A truth value.
    pub fn boolean(&self, column: usize) -> Result<bool, StoreError> {
        Ok(self.integer(column)? != 0)
    }

    /// A moment.
    pub fn moment(&self, column: usize) -> Result<Timestamp, StoreError> {
        self.integer(column).map(Timestamp::from_unix_ms)
    }

    /// A moment or NULL.
    pub fn optional_moment(&self, column: usize) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.optional_integer(column)?.map(Timestamp::from_unix_ms))
    }

    /// Bytes.
    pub fn blob(&self, column: usize) -> Result<Vec<u8>, StoreError> {
        Ok(self.0.get(column)?)
    }

    /// Bytes or NULL.
    pub fn optional_blob(&self, column: usize) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.get(column)?)
    }

    /// A region's id.
    pub fn region(&self, column: usize) -> Result<Region, StoreError> {
        Region::parse(&self.text(column)?).ok_or(StoreError::Corrupt("region"))
    }

    /// An account's number.
    pub fn account(&self, column: usize) -> Result<coffer_base::AccountId, StoreError> {
        coffer_base::AccountId::parse(&self.text(column)?).ok_or(StoreError::Corrupt("account"))
    }
}

/// A transaction, reading or writing. What it did is kept or undone as a whole by whoever opened it.
pub struct Tx<'a> {
    connection: &'a Connection,
    depth: Cell<usize>,
    /// Of one that reads: the generation of the database as it was before, and as it is.
    generation: Option<(u64, &'a AtomicU64)>,
    after_commit: RefCell<Vec<Hook>>,
    /// Whether a file could not be read or written, or is damaged.
    file_failed: Cell<bool>,
}

/// What is to be done after a commit.
type Hook = Box<dyn FnOnce() + Send>;

/// Most values in a statement: the tags of a page of 500 disks, or a listing with every filter, stay below.
const MOST_VALUES: usize = 1024;

/// Names of the parameters, by position.
static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| (1..=MOST_VALUES).map(|n| format!("${n}")).collect());

/// The condition of a listing as it grows: SQL, and the values it names.
pub(crate) struct Condition<'a> {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value<'a>>,
}

impl<'a> Condition<'a> {
    /// Starts with SQL that names `values` as `$1`, `$2`…
    pub(crate) fn new(sql: &str, values: &[Value<'a>]) -> Self {
        Self { sql: sql.to_owned(), values: values.to_vec() }
    }

    /// Adds a value; its name.
    pub(crate) fn value(&mut self, value: impl Into<Value<'a>>) -> &'static str {
        self.values.push(value.into());
        &NAMES[self.values.len() - 1]
    }

    /// `AND column = value`, where a value is given.
    pub(crate) fn and_equal(&mut self, column: &str, value: Option<impl Into<Value<'a>>>) {
        if let Some(value) = value {
            let name = self.value(value);
            self.sql.extend([" AND ", column, " = ", name]);
        }
    }

    /// `AND column = pattern`, where `*` in the pattern stands for any text.
    pub(crate) fn and_like(&mut self, column: &str, pattern: Option<&'a str>) {
        let Some(pattern) = pattern else { return };
        if !pattern.contains('*') {
            return self.and_equal(column, Some(pattern));
        }
        let name = self.value(pattern);
        // Only `*` is a wildcard: what LIKE knows besides is escaped.
        let escaped =
            ["replace(replace(replace(replace(", name, r", '\', '\\'), '%', '\%'), '_', '\_'), '*', '%')"].concat();
        self.sql.extend([" AND ", column, " LIKE ", &escaped, r" ESCAPE '\'"]);
    }

    /// `AND column IN (values)`; an empty list holds nothing and so matches nothing.
    pub(crate) fn and_in(&mut self, column: &str, values: &'a [String]) {
        self.sql.extend([" AND ", column]);
        self.in_list(values);
    }

    /// Made at or after the one moment, at or before the other.
    pub(crate) fn and_created(&mut self, from: Option<Timestamp>, until: Option<Timestamp>) {
        for (bound, moment) in [(" AND r.created_at >= ", from), (" AND r.created_at <= ", until)] {
            if let Some(moment) = moment {
                let name = self.value(moment);
                self.sql.extend([bound, name]);
            }
        }
    }

    /// Bearing all of these tags: the key, and the value where one is given. For listings of what an account (`$1`) has in a region
    /// (`$2`). Rare tags lead to what bears them; others are looked up for each row that the rest lets through.
    pub(crate) fn and_tags(
        &mut self,
        resource_type: &'static str,
        id: &str,
        tags: &'a [(String, Option<String>)],
        rare: bool,
    ) {
        for (key, value) in tags {
            let from = if rare {
                let kind = self.value(resource_type);
                [id, " IN (SELECT t.resource_id FROM resource_tags t WHERE t.account_id = $1 AND t.region = $2 AND t.resource_type = ", kind]
                    .concat()
            } else {
                ["EXISTS (SELECT 1 FROM resource_tags t WHERE t.resource_id = ", id].concat()
            };
            let key = self.value(key);
            self.sql.extend([" AND ", &from, " AND t.tag_key = ", key]);
            self.and_equal("t.tag_value", value.as_deref());
            self.sql.push(')');
        }
    }

    /// ` IN (values)`.
    pub(crate) fn in_list(&mut self, values: &'a [String]) {
        self.sql.push_str(" IN (");
        for (place, value) in values.iter().enumerate() {
            let name = self.value(value);
            self.sql.extend([if place == 0 { "" } else { ", " }, name]);
        }
        self.sql.push(')');
    }
}

impl<'a> Tx<'a> {
    /// One that writes, or one that reads: with the generation of the database, as it is before it begins.
    pub(crate) fn new(connection: &'a Connection, generation: Option<&'a AtomicU64>) -> Self {
        let generation = generation.map(|now| (now.load(Ordering::SeqCst), now));
        Self {
            connection,
            depth: Cell::new(0),
            generation,
            after_commit: RefCell::default(),
            file_failed: Cell::new(false),
        }
    }

    /// What was made from this transaction's picture of the database alone is still true in any other of the same generation. `None`
    /// in one that writes, which may see what is not committed and never will be.
    pub fn generation(&self) -> Option<u64> {
        self.generation.map(|(before, _)| before)
    }

    /// Whether nothing that this transaction read has changed since, as far as is known: never in one that writes. What it read may still be
    /// remembered then, if that is asked under the lock that [`Tx::after_commit`] takes to forget it.
    pub fn is_current(&self) -> bool {
        self.generation.is_some_and(|(before, now)| now.load(Ordering::SeqCst) == before)
    }

    /// Has something done once this transaction, which writes, is committed: after what is read is new, before anybody is told. If it is
    /// undone that may be done all the same: it is for forgetting what memory holds, not for more.
    pub fn after_commit(&self, work: impl FnOnce() + Send + 'static) {
        assert!(self.generation.is_none(), "a transaction that reads commits nothing");
        self.after_commit.borrow_mut().push(Box::new(work));
    }

    /// Does what is to be done after the commit.
    pub(crate) fn committed(&self) {
        self.after_commit.take().into_iter().for_each(|work| work());
    }

    /// Whether there is still a transaction: an error of the disk or of memory can make the engine undo all of it by itself, and what
    /// was run after that would be committed at once, each statement for itself.
    pub(crate) fn is_open(&self) -> bool {
        !self.connection.is_autocommit()
    }

    /// Whether a statement failed on a file: what the engine knows of it can't be relied on then.
    pub(crate) const fn file_failed(&self) -> bool {
        self.file_failed.get()
    }

    /// What the engine answers, with a look at how it failed.
    pub(crate) fn seen<T>(&self, outcome: rusqlite::Result<T>) -> Result<T, StoreError> {
        use rusqlite::ErrorCode::{DatabaseCorrupt, SystemIoFailure};
        let code = outcome.as_ref().err().and_then(rusqlite::Error::sqlite_error_code);
        if matches!(code, Some(SystemIoFailure | DatabaseCorrupt)) {
            self.file_failed.set(true);
        }
        Ok(outcome?)
    }

    /// A statement to be run in the transaction, if that is still there.
    fn prepare(&self, sql: &str, values: &[Value<'_>]) -> Result<CachedStatement<'a>, StoreError> {
        if !self.is_open() {
            return Err(StoreError::RolledBack);
        }
        let mut statement = self.seen(self.connection.prepare_cached(sql))?;
        bind(&mut statement, values)?;
        Ok(statement)
    }

    /// Begins or ends the transaction.
    pub(crate) fn control(&self, sql: &str) -> Result<(), StoreError> {
        self.seen(self.connection.prepare_cached(sql).and_then(|mut statement| statement.raw_execute())).map(drop)
    }

    /// Runs a statement; the number of rows it changed.
    pub(crate) fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<usize, StoreError> {
        self.seen(self.prepare(sql, values)?.raw_execute())
    }

    /// Runs a query; its first row, if any.
    pub(crate) fn first<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut statement = self.prepare(sql, values)?;
        match self.seen(statement.raw_query().next())? {
            Some(row) => read(&Row(row)).map(Some),
            None => Ok(None),
        }
    }

    /// Runs a query; all its rows. The caller's SQL bounds their number.
    pub(crate) fn all<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut out = Vec::new();
        self.each(sql, values, |row| {
            out.push(read(row)?);
            Ok(true)
        })?;
        Ok(out)
    }

    /// Runs a query; gives `each` its rows for as long as that says to go on.
    pub(crate) fn each(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut each: impl FnMut(&Row<'_>) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        let mut statement = self.prepare(sql, values)?;
        let mut rows = statement.raw_query();
        while let Some(row) = self.seen(rows.next())? {
            if !each(&Row(row))? {
                break;
            }
        }
        Ok(())
    }

    /// The single integer that a counting query returns.
    pub(crate) fn count(&self, sql: &str, values: &[Value<'_>]) -> Result<i64, StoreError> {
        Ok(self.first(sql, values, |row| row.integer(0))?.unwrap_or(0))
    }

    /// Runs `work` so that it is undone when it returns an error, while what came before it in this transaction stays.
    pub fn atomic<T, E: From<StoreError>>(&self, work: impl FnOnce(&Self) -> Result<T, E>) -> Result<T, E> {
        const BEGIN: [&str; 3] = ["SAVEPOINT s0", "SAVEPOINT s1", "SAVEPOINT s2"];
        const KEEP: [&str; 3] = ["RELEASE s0", "RELEASE s1", "RELEASE s2"];
        const UNDO: [&str; 3] = ["ROLLBACK TO s0", "ROLLBACK TO s1", "ROLLBACK TO s2"];
        let depth = self.depth.get();
        assert!(depth < BEGIN.len(), "transactions nest three deep: a write, its operation, one item of a batch");
        self.execute(BEGIN[depth], &[])?;
        self.depth.set(depth + 1);
        let outcome = work(self);
        self.depth.set(depth);
        if outcome.is_err() {
            self.execute(UNDO[depth], &[])?;
        }
        self.execute(KEEP[depth], &[])?;
        outcome
    }

    /// Undoes everything since the outermost open savepoint: for work that a panic abandoned half-way.
    pub(crate) fn abandon(&self) -> Result<(), StoreError> {
        self.depth.set(0);
        self.execute("ROLLBACK TO s0", &[])?;
        self.execute("RELEASE s0", &[])?;
        Ok(())
    }
}

fn bind(statement: &mut rusqlite::Statement<'_>, values: &[Value<'_>]) -> Result<(), StoreError> {
    assert!(values.len() <= MOST_VALUES, "listings bound their filters");
    for (name, value) in NAMES.iter().zip(values) {
        match statement.parameter_index(name)? {
            Some(index) => statement.raw_bind_parameter(index, value)?,
            None => return Err(StoreError::Corrupt("a statement does not use one of its values")),
        }
    }
    debug_assert_eq!(statement.parameter_count(), values.len(), "every parameter is bound");
    Ok(())
}
