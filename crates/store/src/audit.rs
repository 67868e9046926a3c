//! The audit: one row a write, in the same transaction as what it did, each chained to the one before by SHA-256.

use coffer_base::{AccountId, Timestamp};

use crate::{Row, StoreError, Tx};

/// One entry. The chain's hash is computed by the caller, who holds the hash function.
pub struct Entry<'a> {
    /// When.
    pub at: Timestamp,
    /// The account that called.
    pub account: &'a AccountId,
    /// The caller's ARN.
    pub principal: &'a str,
    /// The access key that signed.
    pub access_key_id: &'a str,
    /// From where.
    pub peer: &'a str,
    /// `product:Action`.
    pub action: &'a str,
    /// The resources it was authorised on, separated by blanks.
    pub resources: &'a str,
    /// `OK`, or the error's code.
    pub outcome: &'a str,
    /// The request's id.
    pub request_id: &'a str,
    /// What else belongs on record, as JSON: for example the key and key version that were used.
    pub detail: &'a str,
}

impl Entry<'_> {
    /// The bytes that the chain covers: the previous row's chain, the sequence number and every column, each with its length, so
    /// that no two different rows give the same bytes.
    pub fn chained_bytes(&self, previous: &[u8], sequence: i64) -> Vec<u8> {
        let columns = [
            self.account.as_str(),
            self.principal,
            self.access_key_id,
            self.peer,
            self.action,
            self.resources,
            self.outcome,
            self.request_id,
            self.detail,
        ];
        let mut bytes = Vec::with_capacity(64 + columns.iter().map(|c| c.len() + 4).sum::<usize>());
        bytes.extend_from_slice(previous);
        bytes.extend_from_slice(&sequence.to_be_bytes());
        bytes.extend_from_slice(&self.at.unix_ms().to_be_bytes());
        for column in columns {
            let length = u32::try_from(column.len()).expect("columns come from requests of limited size");
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(column.as_bytes());
        }
        bytes
    }
}

/// The last row's sequence number and chain; 0 and nothing when the audit is empty.
pub fn head(tx: &Tx<'_>) -> Result<(i64, Vec<u8>), StoreError> {
    let sql = "SELECT sequence, chain FROM audit ORDER BY sequence DESC LIMIT 1";
    Ok(tx.first(sql, &[], |row| Ok((row.integer(0)?, row.blob(1)?)))?.unwrap_or_default())
}

/// The lowest sequence number; none when the audit is empty.
pub fn first(tx: &Tx<'_>) -> Result<Option<i64>, StoreError> {
    tx.first("SELECT sequence FROM audit ORDER BY sequence LIMIT 1", &[], |row| row.integer(0))
}

/// The nonce of a request, as it is kept with the row of a use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonce {
    /// What tells it from every other.
    pub fingerprint: [u8; 16],
    /// When the request is refused for its age.
    pub expires_at: Timestamp,
}

impl Nonce {
    /// As it is kept: the fingerprint, and the milliseconds since 1970 in 8 bytes, the highest first.
    fn bytes(self) -> Vec<u8> {
        [&self.fingerprint[..], &self.expires_at.unix_ms().to_be_bytes()].concat()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (fingerprint, expires_at) = bytes.split_first_chunk()?;
        let expires_at = i64::from_be_bytes(expires_at.try_into().ok()?);
        Some(Self { fingerprint: *fingerprint, expires_at: Timestamp::from_unix_ms(expires_at) })
    }
}

/// Gives `each` the nonces that are kept with the rows since `since`, with whose they are, the newest first.
pub fn nonces(tx: &Tx<'_>, since: Timestamp, mut each: impl FnMut(&AccountId, Nonce)) -> Result<(), StoreError> {
    let before = "SELECT sequence FROM audit WHERE at < $1 ORDER BY sequence DESC LIMIT 1";
    let before = tx.first(before, &[since.into()], |row| row.integer(0))?.unwrap_or_default();
    let sql = "SELECT account_id, nonce FROM audit WHERE sequence > $1 AND nonce IS NOT NULL ORDER BY sequence DESC";
    tx.all(sql, &[before.into()], |row| {
        each(&row.account(0)?, Nonce::read(&row.blob(1)?).ok_or(StoreError::Corrupt("nonce"))?);
        Ok(())
    })
    .map(drop)
}

/// Adds a row.
pub fn append(
    tx: &Tx<'_>,
    sequence: i64,
    entry: &Entry<'_>,
    chain: &[u8],
    nonce: Option<Nonce>,
) -> Result<(), StoreError> {
    let nonce = nonce.map(Nonce::bytes);
    let sql = "INSERT INTO audit (sequence, at, account_id, principal, access_key_id, peer, action, resources, outcome,
               request_id, detail, chain, nonce) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    let values = [
        sequence.into(),
        entry.at.into(),
        entry.account.into(),
        entry.principal.into(),
        entry.access_key_id.into(),
        entry.peer.into(),
        entry.action.into(),
        entry.resources.into(),
        entry.outcome.into(),
        entry.request_id.into(),
        entry.detail.into(),
        chain.into(),
        nonce.as_deref().into(),
    ];
    tx.execute(sql, &values).map(drop)
}

/// A row as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its place in the chain, from 1.
    pub sequence: i64,
    /// When.
    pub at: Timestamp,
    /// The account that called.
    pub account: AccountId,
    /// The caller's ARN.
    pub principal: String,
    /// The access key that signed.
    pub access_key_id: String,
    /// From where.
    pub peer: String,
    /// `product:Action`.
    pub action: String,
    /// The resources it was authorised on.
    pub resources: String,
    /// `OK`, or the error's code.
    pub outcome: String,
    /// The request's id.
    pub request_id: String,
    /// What else is on record, as JSON.
    pub detail: String,
    /// The row's chain.
    pub chain: Vec<u8>,
}

impl Recorded {
    /// About how many bytes it takes.
    pub const fn bytes(&self) -> usize {
        const REST: usize = 256;
        REST + self.principal.len() + self.resources.len() + self.detail.len()
    }

    /// The row as it went in, to compute its chain again.
    pub fn entry(&self) -> Entry<'_> {
        Entry {
            at: self.at,
            account: &self.account,
            principal: &self.principal,
            access_key_id: &self.access_key_id,
            peer: &self.peer,
            action: &self.action,
            resources: &self.resources,
            outcome: &self.outcome,
            request_id: &self.request_id,
            detail: &self.detail,
        }
    }
}

/// At most `limit` rows after `sequence`, in order.
pub fn after(tx: &Tx<'_>, sequence: i64, limit: i64) -> Result<Vec<Recorded>, StoreError> {
    let sql = [COLUMNS, "WHERE sequence > $1 ORDER BY sequence LIMIT $2"].concat();
    tx.all(&sql, &[sequence.into(), limit.into()], read)
}

/// At most `limit` rows of an account before one row and after another, the newest first.
pub fn recent(
    tx: &Tx<'_>,
    account: &AccountId,
    before: i64,
    after: i64,
    limit: i64,
) -> Result<Vec<Recorded>, StoreError> {
    let sql = "WHERE account_id = $1 AND sequence < $2 AND sequence > $3 ORDER BY sequence DESC LIMIT $4";
    tx.all(&[COLUMNS, sql].concat(), &[account.into(), before.into(), after.into(), limit.into()], read)
}

/// The row of a request of an account, among those after a row: requests are not found by an index, which every write would pay for.
pub fn of_request(
    tx: &Tx<'_>,
    account: &AccountId,
    request_id: &str,
    after: i64,
) -> Result<Option<Recorded>, StoreError> {
    let sql = "WHERE account_id = $1 AND request_id = $2 AND sequence > $3 ORDER BY sequence DESC LIMIT 1";
    tx.first(&[COLUMNS, sql].concat(), &[account.into(), request_id.into(), after.into()], read)
}

/// The rows of that action after a row, in any account, whose detail holds a text; at most `limit`, the newest first.
pub fn with_detail(tx: &Tx<'_>, action: &str, text: &str, after: i64, limit: i64) -> Result<Vec<Recorded>, StoreError> {
    let sql = "WHERE action = $1 AND detail LIKE '%' || $2 || '%' AND sequence > $3 ORDER BY sequence DESC LIMIT $4";
    tx.all(&[COLUMNS, sql].concat(), &[action.into(), text.into(), after.into(), limit.into()], read)
}

/// Goes back over the rows before `sequence`, the last one first, for as long as `each` says to. Only one is in memory at a time.
pub fn back(tx: &Tx<'_>, sequence: i64, mut each: impl FnMut(Recorded) -> bool) -> Result<(), StoreError> {
    let sql = [COLUMNS, "WHERE sequence < $1 ORDER BY sequence DESC"].concat();
    tx.each(&sql, &[sequence.into()], |row| Ok(each(read(row)?)))
}

const COLUMNS: &str = "SELECT sequence, at, account_id, principal, access_key_id, peer, action, resources, outcome,
    request_id, detail, chain FROM audit ";

fn read(row: &Row<'_>) -> Result<Recorded, StoreError> {
    Ok(Recorded {
        sequence: row.integer(0)?,
        at: row.moment(1)?,
        account: row.account(2)?,
        principal: row.text(3)?,
        access_key_id: row.text(4)?,
        peer: row.text(5)?,
        action: row.text(6)?,
        resources: row.text(7)?,
        outcome: row.text(8)?,
        request_id: row.text(9)?,
        detail: row.text(10)?,
        chain: row.blob(11)?,
    })
}
