//! Work that outlives the request that asked for it: rows that a reconciler takes up when they are due.

use coffer_base::Timestamp;

use crate::connection::Condition;
use crate::{Row, StoreError, Tx};

/// A job that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub job_id: i64,
    /// What is to be done.
    pub kind: String,
    /// What it is to be done to.
    pub subject: String,
    /// How often it was tried before.
    pub attempts: i64,
}

/// Adds a job, not to be done before `due_at`; its number.
pub fn insert(tx: &Tx<'_>, kind: &str, subject: &str, due_at: Timestamp, now: Timestamp) -> Result<i64, StoreError> {
    let sql = "INSERT INTO jobs (kind, subject, due_at, state, attempts, created_at)
               VALUES ($1, $2, $3, 'waiting', 0, $4) RETURNING job_id";
    let values = [kind.into(), subject.into(), due_at.into(), now.into()];
    tx.first(sql, &values, |row| row.integer(0))?.ok_or(StoreError::Corrupt("a job without a number"))
}

/// Withdraws the waiting jobs of a kind on a subject.
pub fn cancel(tx: &Tx<'_>, kind: &str, subject: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM jobs WHERE subject = $1 AND kind = $2 AND state = 'waiting'";
    tx.execute(sql, &[subject.into(), kind.into()]).map(drop)
}

/// At most `limit` jobs of these kinds that are due, the longest overdue first.
pub fn due(tx: &Tx<'_>, kinds: &[String], now: Timestamp, limit: i64) -> Result<Vec<Job>, StoreError> {
    let sql = "SELECT job_id, kind, subject, attempts FROM jobs WHERE state = 'waiting' AND due_at <= $1";
    let mut wanted = Condition::new(sql, &[now.into()]);
    wanted.and_in("kind", kinds);
    let limit = wanted.value(limit);
    wanted.sql.extend([" ORDER BY due_at, job_id LIMIT ", limit]);
    tx.all(&wanted.sql, &wanted.values, read)
}

/// The jobs of a kind that wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The kind.
    pub kind: String,
    /// How many there are.
    pub waiting: i64,
    /// How many of them are due.
    pub due: i64,
    /// How many of them have failed before.
    pub failed: i64,
}

/// How many jobs wait, of each kind of which there are any.
pub fn waiting(tx: &Tx<'_>, now: Timestamp) -> Result<Vec<Waiting>, StoreError> {
    let sql = "SELECT kind, count(*), sum(due_at <= $1), sum(attempts > 0) FROM jobs WHERE state = 'waiting'
               GROUP BY kind ORDER BY kind";
    tx.all(sql, &[now.into()], |row| {
        Ok(Waiting { kind: row.text(0)?, waiting: row.integer(1)?, due: row.integer(2)?, failed: row.integer(3)? })
    })
}

/// When the next job is due, after one moment and not after another.
pub fn next_due(tx: &Tx<'_>, after: Timestamp, until: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT min(due_at) FROM jobs WHERE state = 'waiting' AND due_at > $1 AND due_at <= $2";
    Ok(tx.first(sql, &[after.into(), until.into()], |row| row.optional_moment(0))?.flatten())
}

fn read(row: &Row<'_>) -> Result<Job, StoreError> {
    Ok(Job { job_id: row.integer(0)?, kind: row.text(1)?, subject: row.text(2)?, attempts: row.integer(3)? })
}

/// Whether a job still waits (it may have been withdrawn since it was read).
pub fn waits(tx: &Tx<'_>, job_id: i64) -> Result<bool, StoreError> {
    Ok(tx.count("SELECT count(*) FROM jobs WHERE job_id = $1 AND state = 'waiting'", &[job_id.into()])? == 1)
}

/// Removes a job that is done: what it did is on record elsewhere, and every start of an instance is a job.
pub fn finish(tx: &Tx<'_>, job_id: i64) -> Result<(), StoreError> {
    tx.execute("DELETE FROM jobs WHERE job_id = $1", &[job_id.into()]).map(drop)
}

/// Has a job that waits for something else done at `due_at`.
pub fn wait(tx: &Tx<'_>, job_id: i64, due_at: Timestamp) -> Result<(), StoreError> {
    tx.execute("UPDATE jobs SET due_at = $2 WHERE job_id = $1", &[job_id.into(), due_at.into()]).map(drop)
}

/// Puts a job that failed off until `due_at`.
pub fn put_off(tx: &Tx<'_>, job_id: i64, due_at: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE jobs SET attempts = attempts + 1, due_at = $2 WHERE job_id = $1";
    tx.execute(sql, &[job_id.into(), due_at.into()]).map(drop)
}
