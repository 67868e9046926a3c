//! What happened, for whoever follows it: an outbox that is written with what it tells.

use coffer_base::{AccountId, Timestamp};

use crate::{Row, StoreError, Tx};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// To whom.
    pub account: AccountId,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: String,
    /// Where; empty for what is in no region.
    pub region: String,
    /// `disk`, `snapshot`, `image`, `instance`, `key` or `region`.
    pub resource_type: String,
    /// Its id.
    pub resource_id: String,
    /// The ARN of who did it, or a service.
    pub principal: String,
    /// The request that did it; empty for what a service did by itself.
    pub request_id: String,
    /// What else there is to say: names and values, as JSON.
    pub detail: String,
}

/// An event with its places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its place among all.
    pub event_id: i64,
    /// Its place among the account's, from 1.
    pub number: i64,
    /// The event.
    pub event: Event,
}

/// Adds an event.
pub fn append(tx: &Tx<'_>, event: &Event) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO events (account_id, number, at, kind, region, resource_type, resource_id, principal, request_id,
               detail) SELECT $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9 FROM events
               WHERE account_id = $1";
    let values = [
        (&event.account).into(),
        event.at.into(),
        (&event.kind).into(),
        (&event.region).into(),
        (&event.resource_type).into(),
        (&event.resource_id).into(),
        (&event.principal).into(),
        (&event.request_id).into(),
        (&event.detail).into(),
    ];
    tx.execute(sql, &values).map(drop)
}

const COLUMNS: &str = "SELECT event_id, number, account_id, at, kind, region, resource_type, resource_id, principal,
    request_id, detail FROM events ";

fn read(row: &Row<'_>) -> Result<Told, StoreError> {
    let event = Event {
        account: row.account(2)?,
        at: row.moment(3)?,
        kind: row.text(4)?,
        region: row.text(5)?,
        resource_type: row.text(6)?,
        resource_id: row.text(7)?,
        principal: row.text(8)?,
        request_id: row.text(9)?,
        detail: row.text(10)?,
    };
    Ok(Told { event_id: row.integer(0)?, number: row.integer(1)?, event })
}

/// At most `limit` events of an account after one of its numbers, in order.
pub fn of_account(tx: &Tx<'_>, account: &AccountId, after: i64, limit: i64) -> Result<Vec<Told>, StoreError> {
    let sql = [COLUMNS, "WHERE account_id = $1 AND number > $2 ORDER BY number LIMIT $3"].concat();
    tx.all(&sql, &[account.into(), after.into(), limit.into()], read)
}

/// At most `limit` events of all accounts after one, in order.
pub fn after(tx: &Tx<'_>, event_id: i64, limit: i64) -> Result<Vec<Told>, StoreError> {
    let sql = [COLUMNS, "WHERE event_id > $1 ORDER BY event_id LIMIT $2"].concat();
    tx.all(&sql, &[event_id.into(), limit.into()], read)
}

/// The numbers of the oldest and the newest event of an account that are kept; 1 and 0 where there never was one.
pub fn bounds(tx: &Tx<'_>, account: &AccountId) -> Result<(i64, i64), StoreError> {
    let sql = "SELECT coalesce((SELECT min(number) FROM events WHERE account_id = $1), 1),
               coalesce((SELECT max(number) FROM events WHERE account_id = $1), 0)";
    Ok(tx.first(sql, &[account.into()], |row| Ok((row.integer(0)?, row.integer(1)?)))?.unwrap_or((1, 0)))
}

/// The newest event's place among all; 0 where there is none.
pub fn last(tx: &Tx<'_>) -> Result<i64, StoreError> {
    tx.count("SELECT coalesce(max(event_id), 0) FROM events", &[])
}

/// How far numbers jump where the database is one of earlier: more than the events that may have been told since, and less than are kept.
const JUMP: i64 = 500_000;

/// Gives the newest events, and so all that follow, places that no event had that happened after this database was copied: who has seen
/// those must not take new ones for them. The newest are told again.
pub fn jump(tx: &Tx<'_>) -> Result<(), StoreError> {
    let newest = "(SELECT max(n.number) FROM events n WHERE n.account_id = events.account_id)";
    tx.execute(&format!("UPDATE events SET number = number + $1 WHERE number = {newest}"), &[JUMP.into()])?;
    let newest = "(SELECT max(event_id) FROM events)";
    tx.execute(&format!("UPDATE events SET event_id = event_id + $1 WHERE event_id = {newest}"), &[JUMP.into()])?;
    Ok(())
}

/// Forgets at most `limit` of the oldest events: those of before `oldest`, and those beyond the newest `most`. The last one of an
/// account stays: the next one's number follows it.
pub fn forget(tx: &Tx<'_>, oldest: Timestamp, most: i64, limit: i64) -> Result<usize, StoreError> {
    let sql = "DELETE FROM events WHERE event_id IN (
                   SELECT e.event_id FROM events e
                   WHERE (e.at < $1 OR e.event_id <= (SELECT max(event_id) FROM events) - $2)
                   AND e.number < (SELECT max(n.number) FROM events n WHERE n.account_id = e.account_id)
                   AND e.event_id <= (SELECT min(event_id) FROM events) + $3)";
    tx.execute(sql, &[oldest.into(), most.into(), limit.into()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;

    fn event(account: &str, at: i64) -> Event {
        let text = str::to_owned;
        Event {
            account: AccountId::parse(account).unwrap(),
            at: Timestamp::from_unix_ms(at),
            kind: text("DiskCreated"),
            region: text("cn-hangzhou"),
            resource_type: text("disk"),
            resource_id: text("d-1"),
            principal: String::new(),
            request_id: String::new(),
            detail: text("{}"),
        }
    }

    #[test]
    fn accounts_count_for_themselves_and_a_number_is_never_given_twice() {
        let db = Db::in_memory().unwrap();
        let (one, two) = ("1234567890123456", "2234567890123456");
        let work = move |tx: &Tx<'_>| {
            for (account, at) in [(one, 1), (two, 2), (one, 3), (one, 4)] {
                append(tx, &event(account, at))?;
            }
            let account = AccountId::parse(one).unwrap();
            let numbers = of_account(tx, &account, 1, 10)?.iter().map(|told| told.number).collect::<Vec<_>>();
            assert_eq!((numbers, bounds(tx, &account)?), (vec![2, 3], (1, 3)));
            assert_eq!(forget(tx, Timestamp::from_unix_ms(100), 1000, 1000)?, 2, "the last of each stays");
            append(tx, &event(one, 5))?;
            assert_eq!((bounds(tx, &account)?, last(tx)?), ((3, 4), 5));
            assert_eq!(forget(tx, Timestamp::from_unix_ms(0), 1, 1000)?, 1, "there are too many");
            Ok::<_, StoreError>(after(tx, 2, 10)?.len())
        };
        assert_eq!(db.write(work).wait().unwrap(), 1);
    }

    #[test]
    fn after_a_jump_no_place_is_one_that_was_given_before_it_or_might_have_been() {
        let db = Db::in_memory().unwrap();
        let (one, two) = ("1234567890123456", "2234567890123456");
        let work = move |tx: &Tx<'_>| {
            for account in [one, two, one] {
                append(tx, &event(account, 1))?;
            }
            jump(tx)?;
            append(tx, &event(two, 2))?;
            let places = after(tx, 0, 10)?.into_iter().map(|told| (told.event_id, told.number)).collect::<Vec<_>>();
            assert_eq!(places, [(1, 1), (2, JUMP + 1), (JUMP + 3, JUMP + 2), (JUMP + 4, JUMP + 2)]);
            assert_eq!(forget(tx, Timestamp::from_unix_ms(0), 1_000_000, 1000)?, 0);
            Ok::<_, StoreError>(())
        };
        db.write(work).wait().unwrap();
    }
}
