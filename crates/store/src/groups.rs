//! Groups of RAM users, and who is in them.

use coffer_base::{AccountId, Timestamp};

use crate::identities::User;
use crate::record::{Record as _, record, select};
use crate::{StoreError, Tx};

record! {
    /// A group.
    pub struct Group in "user_groups" {
        /// The numeric id.
        pub group_id: String = "group_id",
        /// The account it belongs to.
        pub account: AccountId = "account_id",
        /// The name, as it was written.
        pub group_name: String = "group_name",
        /// The name in lower case.
        pub name_key: String = "name_key",
        /// A remark.
        pub comments: String = "comments",
        /// When it was made.
        pub created_at: Timestamp = "created_at",
        /// When it was last changed.
        pub updated_at: Timestamp = "updated_at",
    }
}

/// The group of that name (compared without case).
pub fn group(tx: &Tx<'_>, account: &AccountId, group_name: &str) -> Result<Option<Group>, StoreError> {
    let sql = [&select::<Group>(), " WHERE r.account_id = $1 AND r.name_key = $2"].concat();
    tx.first(&sql, &[account.into(), (&group_name.to_ascii_lowercase()).into()], Group::read)
}

/// At most `limit` groups of an account by name, after the name `after` (in lower case).
pub fn page(tx: &Tx<'_>, account: &AccountId, after: &str, limit: i64) -> Result<Vec<Group>, StoreError> {
    let wanted = " WHERE r.account_id = $1 AND r.name_key > $2 ORDER BY r.name_key LIMIT $3";
    tx.all(&[&select::<Group>(), wanted].concat(), &[account.into(), after.into(), limit.into()], Group::read)
}

/// How many groups an account has.
pub fn count(tx: &Tx<'_>, account: &AccountId) -> Result<i64, StoreError> {
    tx.count("SELECT count(*) FROM user_groups WHERE account_id = $1", &[account.into()])
}

/// Adds a user to a group. `false` when it is in it.
pub fn join(tx: &Tx<'_>, group_id: &str, user_id: &str, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "INSERT INTO group_members (user_id, group_id, joined_at) VALUES ($1, $2, $3)
               ON CONFLICT (user_id, group_id) DO NOTHING";
    Ok(tx.execute(sql, &[user_id.into(), group_id.into(), now.into()])? == 1)
}

/// Takes a user out of a group. `false` when it is not in it.
pub fn leave(tx: &Tx<'_>, group_id: &str, user_id: &str) -> Result<bool, StoreError> {
    let sql = "DELETE FROM group_members WHERE user_id = $1 AND group_id = $2";
    Ok(tx.execute(sql, &[user_id.into(), group_id.into()])? == 1)
}

/// The groups a user is in, by name, each with when it joined.
pub fn of_user(tx: &Tx<'_>, user_id: &str) -> Result<Vec<(Group, Timestamp)>, StoreError> {
    let columns = Group::COLUMNS.join(", r.");
    let sql = [
        "SELECT r.",
        &columns,
        ", m.joined_at FROM group_members m JOIN user_groups r ON r.group_id = m.group_id
               WHERE m.user_id = $1 ORDER BY r.name_key",
    ]
    .concat();
    tx.all(&sql, &[user_id.into()], |row| Ok((Group::read(row)?, row.moment(Group::COLUMNS.len())?)))
}

/// At most `limit` users of a group by name, after the name `after` (in lower case), each with when it joined.
pub fn members(tx: &Tx<'_>, group_id: &str, after: &str, limit: i64) -> Result<Vec<(User, Timestamp)>, StoreError> {
    let columns = User::COLUMNS.join(", r.");
    let sql = [
        "SELECT r.",
        &columns,
        ", m.joined_at FROM group_members m JOIN users r ON r.user_id = m.user_id
               WHERE m.group_id = $1 AND r.name_key > $2 ORDER BY r.name_key LIMIT $3",
    ]
    .concat();
    tx.all(&sql, &[group_id.into(), after.into(), limit.into()], |row| {
        Ok((User::read(row)?, row.moment(User::COLUMNS.len())?))
    })
}
