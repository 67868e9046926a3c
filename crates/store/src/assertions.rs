//! The assertions of identity providers that were taken, until they would be refused for their age.

use coffer_base::{AccountId, Timestamp};

use crate::{StoreError, Tx};

/// What came of taking an assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was new.
    Now,
    /// It had been taken.
    Before,
    /// As many as may be are remembered.
    Full,
}

/// Takes an assertion that is good until `expires_at`, unless the account has taken it before or remembers `most`. Those whose time is
/// over are forgotten first.
pub fn take(
    tx: &Tx<'_>,
    account: &AccountId,
    fingerprint: &[u8],
    expires_at: Timestamp,
    now: Timestamp,
    most: i64,
) -> Result<Taken, StoreError> {
    let over = "DELETE FROM assertions WHERE account_id = $1 AND expires_at <= $2";
    tx.execute(over, &[account.into(), now.into()])?;
    let known = "SELECT 1 FROM assertions WHERE account_id = $1 AND fingerprint = $2";
    if tx.first(known, &[account.into(), fingerprint.into()], |row| row.integer(0))?.is_some() {
        return Ok(Taken::Before);
    }
    let insert = "INSERT INTO assertions (account_id, fingerprint, expires_at)
                  SELECT $1, $2, $3 WHERE (SELECT count(*) FROM assertions WHERE account_id = $1) < $4";
    let values = [account.into(), fingerprint.into(), expires_at.into(), most.into()];
    Ok(if tx.execute(insert, &values)? == 1 { Taken::Now } else { Taken::Full })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;

    #[test]
    fn an_assertion_is_taken_once_by_an_account_until_its_time_is_over_and_no_more_than_so_many_are_kept() {
        let db = Db::in_memory().unwrap();
        let [one, other] = ["1234567890123456", "6543210987654321"].map(|text| AccountId::parse(text).unwrap());
        let at = Timestamp::from_unix_ms;
        let take = |account: &AccountId, print: &'static [u8], expires_at, now| {
            let account = account.clone();
            let taken = db.write(move |tx| super::take(tx, &account, print, at(expires_at), at(now), 2));
            taken.wait().unwrap()
        };
        assert_eq!(take(&one, b"a", 100, 0), Taken::Now);
        assert_eq!(take(&one, b"a", 100, 99), Taken::Before);
        assert_eq!(take(&one, b"a", 300, 99), Taken::Before, "whatever else is said to end");
        assert_eq!(take(&other, b"a", 100, 0), Taken::Now);
        assert_eq!(take(&one, b"b", 200, 0), Taken::Now);
        assert_eq!(take(&one, b"c", 200, 0), Taken::Full);
        assert_eq!(take(&one, b"a", 100, 99), Taken::Before, "also when it is full");
        assert_eq!(take(&one, b"c", 200, 100), Taken::Now, "one is over");
    }
}
