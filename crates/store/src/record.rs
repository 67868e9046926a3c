//! Tables whose rows are plain structures: one declaration gives the structure, its columns, and how it is read and written.

use coffer_base::{AccountId, Region, Timestamp};

use crate::connection::Condition;
use crate::{Row, StoreError, Tx, Value};

/// A type that a column can hold.
pub trait Column: Sized {
    /// Reads the column at a position (from 0).
    fn read(row: &Row<'_>, column: usize) -> Result<Self, StoreError>;
    /// The value to write.
    fn value(&self) -> Value<'_>;
}

macro_rules! column {
    ($($type:ty, $read:ident, $this:ident => $value:expr;)*) => {
        $(impl Column for $type {
            fn read(row: &Row<'_>, column: usize) -> Result<Self, StoreError> {
                row.$read(column)
            }

            fn value(&self) -> Value<'_> {
                let $this = self;
                $value.into()
            }
        })*
    };
}

column! {
    String, text, this => this;
    Option<String>, optional_text, this => this.as_deref();
    i64, integer, this => *this;
    Option<i64>, optional_integer, this => *this;
    Vec<u8>, blob, this => this.as_slice();
    bool, boolean, this => *this;
    Timestamp, moment, this => *this;
    Option<Timestamp>, optional_moment, this => *this;
    Region, region, this => *this;
    AccountId, account, this => this;
}

/// A row of a table whose first column is its primary key and which has a column `created_at`.
pub trait Record: Sized {
    /// The table.
    const TABLE: &'static str;
    /// Its columns; the first is the primary key.
    const COLUMNS: &'static [&'static str];

    /// Reads a row of exactly these columns.
    fn read(row: &Row<'_>) -> Result<Self, StoreError>;
    /// The values of the columns, in order.
    fn values(&self) -> Vec<Value<'_>>;

    /// The query for one row by its id. Made once: most requests ask it several times.
    fn by_id() -> &'static str;

    /// The row of that id, whoever owns it. Access is the caller's business.
    fn get(tx: &Tx<'_>, id: &str) -> Result<Option<Self>, StoreError> {
        tx.first(Self::by_id(), &[id.into()], Self::read)
    }

    /// Adds the row.
    fn insert(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        let names = Self::COLUMNS.join(", ");
        let places: Vec<String> = (1..=Self::COLUMNS.len()).map(|n| format!("${n}")).collect();
        let sql = ["INSERT INTO ", Self::TABLE, " (", &names, ") VALUES (", &places.join(", "), ")"].concat();
        tx.execute(&sql, &self.values()).map(drop)
    }

    /// Writes every column of the row of this id.
    fn update(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        let set: Vec<String> = (2..).zip(&Self::COLUMNS[1..]).map(|(n, column)| format!("{column} = ${n}")).collect();
        let sql = ["UPDATE ", Self::TABLE, " SET ", &set.join(", "), " WHERE ", Self::COLUMNS[0], " = $1"].concat();
        match tx.execute(&sql, &self.values())? {
            1 => Ok(()),
            _ => Err(StoreError::Corrupt("a row that was read is not there to be updated")),
        }
    }

    /// Deletes the row of that id.
    fn delete(tx: &Tx<'_>, id: &str) -> Result<(), StoreError> {
        let sql = ["DELETE FROM ", Self::TABLE, " WHERE ", Self::COLUMNS[0], " = $1"].concat();
        tx.execute(&sql, &[id.into()]).map(drop)
    }
}

/// Where a page of a listing, newest first, begins.
#[derive(Clone, Debug)]
pub enum Start {
    /// After so many.
    Offset(i64),
    /// After the row made at that moment with that id.
    After(Timestamp, String),
}

/// `SELECT` of all columns; the table goes by `r`.
pub(crate) fn select<T: Record>() -> String {
    ["SELECT r.", &T::COLUMNS.join(", r."), " FROM ", T::TABLE, " r"].concat()
}

/// How a listing of what an account has in a region is best read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lead {
    /// In the listing's own order, by the index of owners: most rows are let through, or the page is soon full.
    Owner,
    /// From what a filter names: few rows, sorted afterwards.
    Filter,
}

/// The rows of an account in a region: what a listing's filters are added to. Left to itself, the engine would read all rows of an
/// owner in order to find the few that a filter names; a `+` keeps it from using that index.
pub(crate) fn owned(account: &AccountId, region: Region, lead: Lead) -> Condition<'_> {
    let sql = match lead {
        Lead::Owner => " WHERE r.account_id = $1 AND r.region = $2",
        Lead::Filter => " WHERE +r.account_id = $1 AND +r.region = $2",
    };
    Condition::new(sql, &[account.into(), region.into()])
}

/// All rows that `wanted` lets through, the oldest first. The caller's condition bounds their number.
pub(crate) fn all<T: Record>(tx: &Tx<'_>, wanted: &Condition<'_>) -> Result<Vec<T>, StoreError> {
    let sql = [&select::<T>(), &wanted.sql, " ORDER BY r.created_at, r.", T::COLUMNS[0]].concat();
    tx.all(&sql, &wanted.values, T::read)
}

/// At most `limit` of the rows that `wanted` lets through, newest first.
pub(crate) fn page<'a, T: Record>(
    tx: &Tx<'_>,
    mut wanted: Condition<'a>,
    start: &'a Start,
    limit: i64,
) -> Result<Vec<T>, StoreError> {
    let key = T::COLUMNS[0];
    let mut offset = 0;
    match start {
        Start::Offset(rows) => offset = *rows,
        Start::After(created_at, id) => {
            let (created_at, id) = (wanted.value(*created_at), wanted.value(id));
            wanted.sql.extend([" AND (r.created_at < ", created_at, " OR (r.created_at = ", created_at]);
            wanted.sql.extend([" AND r.", key, " > ", id, "))"]);
        }
    }
    let (limit, offset) = (wanted.value(limit), wanted.value(offset));
    let order = [" ORDER BY r.created_at DESC, r.", key, " LIMIT ", limit, " OFFSET ", offset].concat();
    tx.all(&[select::<T>(), wanted.sql, order].concat(), &wanted.values, T::read)
}

/// How many rows `wanted` lets through.
pub(crate) fn count<T: Record>(tx: &Tx<'_>, wanted: &Condition<'_>) -> Result<i64, StoreError> {
    tx.count(&["SELECT count(*) FROM ", T::TABLE, " r", &wanted.sql].concat(), &wanted.values)
}

/// Declares a structure and the table it is a row of.
macro_rules! record {
    ($(#[$note:meta])* pub struct $type:ident in $table:literal { $($(#[$about:meta])* pub $field:ident : $kind:ty = $column:literal,)+ }) => {
        $(#[$note])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $type { $($(#[$about])* pub $field: $kind,)+ }

        impl $crate::record::Record for $type {
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [&'static str] = &[$($column,)+];

            fn read(row: &$crate::Row<'_>) -> Result<Self, $crate::StoreError> {
                let mut columns = 0..Self::COLUMNS.len();
                let mut next = || columns.next().ok_or($crate::StoreError::Corrupt("columns"));
                Ok(Self { $($field: $crate::record::Column::read(row, next()?)?,)+ })
            }

            fn by_id() -> &'static str {
                static SQL: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
                    [&$crate::record::select::<$type>(), " WHERE r.", $type::COLUMNS[0], " = $1"].concat()
                });
                &SQL
            }

            fn values(&self) -> Vec<$crate::Value<'_>> {
                vec![$($crate::record::Column::value(&self.$field),)+]
            }
        }
    };
}
pub(crate) use record;
