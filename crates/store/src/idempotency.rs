//! What makes a repeated request harmless: client tokens with the answer they got, and the nonces of writes.

use coffer_base::{AccountId, Timestamp};

use crate::{StoreError, Tx};

/// A request that was made with a client token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// SHA-256 over the parameters that count.
    pub fingerprint: Vec<u8>,
    /// The answer it got, as JSON.
    pub response: String,
}

/// What was done under a client token since `oldest`.
pub fn recall(
    tx: &Tx<'_>,
    account: &AccountId,
    action: &str,
    token: &str,
    oldest: Timestamp,
) -> Result<Option<Remembered>, StoreError> {
    let sql = "SELECT fingerprint, response FROM client_tokens
               WHERE account_id = $1 AND action = $2 AND token = $3 AND created_at >= $4";
    tx.first(sql, &[account.into(), action.into(), token.into(), oldest.into()], |row| {
        Ok(Remembered { fingerprint: row.blob(0)?, response: row.text(1)? })
    })
}

/// Remembers what was done under a client token, in place of anything older.
pub fn remember(
    tx: &Tx<'_>,
    account: &AccountId,
    action: &str,
    token: &str,
    done: &Remembered,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO client_tokens (account_id, action, token, fingerprint, response, created_at)
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account_id, action, token) DO UPDATE
               SET fingerprint = excluded.fingerprint, response = excluded.response, created_at = excluded.created_at";
    let values = [
        account.into(),
        action.into(),
        token.into(),
        done.fingerprint.as_slice().into(),
        (&done.response).into(),
        now.into(),
    ];
    tx.execute(sql, &values).map(drop)
}

/// Records the nonce of a request that may be repeated until `expires_at`. `false` when it is there: the request is a replay.
pub fn take_nonce(tx: &Tx<'_>, fingerprint: &[u8], expires_at: Timestamp) -> Result<bool, StoreError> {
    let sql = "INSERT INTO nonces (expires_at, fingerprint) VALUES ($1, $2)
               ON CONFLICT (expires_at, fingerprint) DO NOTHING";
    Ok(tx.execute(sql, &[expires_at.into(), fingerprint.into()])? == 1)
}

/// Deletes at most `limit` nonces that expired before `now` and client tokens older than `oldest`; how many went.
pub fn forget(tx: &Tx<'_>, now: Timestamp, oldest: Timestamp, limit: i64) -> Result<usize, StoreError> {
    let nonces = "DELETE FROM nonces WHERE (expires_at, fingerprint) IN
                  (SELECT expires_at, fingerprint FROM nonces WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
    let tokens = "DELETE FROM client_tokens WHERE (account_id, action, token) IN
                  (SELECT account_id, action, token FROM client_tokens WHERE created_at < $1 ORDER BY created_at LIMIT $2)";
    Ok(tx.execute(nonces, &[now.into(), limit.into()])? + tx.execute(tokens, &[oldest.into(), limit.into()])?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;

    #[test]
    fn a_nonce_is_taken_once_and_forgotten_when_it_has_expired() {
        let db = Db::in_memory().unwrap();
        let at = Timestamp::from_unix_ms;
        let take = |print: &'static [u8], expires_at| {
            db.write::<_, StoreError>(move |tx| take_nonce(tx, print, at(expires_at))).wait().unwrap()
        };
        assert!(take(b"a", 1000) && take(b"b", 1000));
        assert!(!take(b"a", 1000));
        let forgotten = db.write::<_, StoreError>(move |tx| forget(tx, at(1001), at(0), 1)).wait().unwrap();
        assert_eq!(forgotten, 1, "no more than asked for");
        assert_eq!(db.write::<_, StoreError>(move |tx| forget(tx, at(1001), at(0), 10)).wait().unwrap(), 1);
        assert!(take(b"a", 1000));
    }
}
