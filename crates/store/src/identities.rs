//! RAM users and roles.

use coffer_base::{AccountId, Timestamp};

use crate::connection::Condition;
use crate::ram_tags::bearing;
use crate::record::{Record as _, record, select};
use crate::{StoreError, Tx};

record! {
    /// A RAM user.
    pub struct User in "users" {
        /// The numeric id.
        pub user_id: String = "user_id",
        /// The account it belongs to.
        pub account: AccountId = "account_id",
        /// The name, as it was written.
        pub user_name: String = "user_name",
        /// The name shown to people.
        pub display_name: String = "display_name",
        /// A telephone number.
        pub mobile_phone: String = "mobile_phone",
        /// A mail address.
        pub email: String = "email",
        /// A remark.
        pub comments: String = "comments",
        /// When it was made.
        pub created_at: Timestamp = "created_at",
        /// When it was last changed.
        pub updated_at: Timestamp = "updated_at",
    }
}

record! {
    /// A RAM role.
    pub struct Role in "roles" {
        /// The numeric id.
        pub role_id: String = "role_id",
        /// The account it belongs to.
        pub account: AccountId = "account_id",
        /// The name, as it was written.
        pub role_name: String = "role_name",
        /// A description.
        pub description: String = "description",
        /// Who may assume it: the policy document as it was submitted.
        pub trust_policy: String = "trust_policy",
        /// Longest session, in seconds.
        pub max_session_s: i64 = "max_session_s",
        /// When it was made.
        pub created_at: Timestamp = "created_at",
        /// When it was last changed.
        pub updated_at: Timestamp = "updated_at",
    }
}

/// Adds a user. `false` when the name is taken (names compare without case).
pub fn insert_user(tx: &Tx<'_>, user: &User) -> Result<bool, StoreError> {
    let sql =
        "INSERT INTO users (user_id, account_id, user_name, name_key, display_name, mobile_phone, email, comments,
               created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
               ON CONFLICT (account_id, name_key) DO NOTHING";
    let key = user.user_name.to_ascii_lowercase();
    let mut values = user.values();
    values.insert(3, (&key).into());
    Ok(tx.execute(sql, &values)? == 1)
}

/// Writes what may change of a user. `false` when another user has the name.
pub fn update_user(tx: &Tx<'_>, user: &User) -> Result<bool, StoreError> {
    let key = user.user_name.to_ascii_lowercase();
    let sql = "SELECT count(*) FROM users WHERE account_id = $1 AND name_key = $2 AND user_id <> $3";
    if tx.count(sql, &[(&user.account).into(), (&key).into(), (&user.user_id).into()])? > 0 {
        return Ok(false);
    }
    tx.execute("UPDATE users SET name_key = $1 WHERE user_id = $2", &[(&key).into(), (&user.user_id).into()])?;
    user.update(tx)?;
    Ok(true)
}

/// The user of that name (compared without case).
pub fn user(tx: &Tx<'_>, account: &AccountId, user_name: &str) -> Result<Option<User>, StoreError> {
    let sql = [&select::<User>(), " WHERE r.account_id = $1 AND r.name_key = $2"].concat();
    tx.first(&sql, &[account.into(), (&user_name.to_ascii_lowercase()).into()], User::read)
}

/// At most `limit` users of an account by name, after the name `after` (in lower case).
pub fn users(tx: &Tx<'_>, account: &AccountId, after: &str, limit: i64) -> Result<Vec<User>, StoreError> {
    let wanted = " WHERE r.account_id = $1 AND r.name_key > $2 ORDER BY r.name_key LIMIT $3";
    tx.all(&[&select::<User>(), wanted].concat(), &[account.into(), after.into(), limit.into()], User::read)
}

/// Deletes a user.
pub fn delete_user(tx: &Tx<'_>, user_id: &str) -> Result<(), StoreError> {
    User::delete(tx, user_id)
}

/// How many users an account has.
pub fn count_users(tx: &Tx<'_>, account: &AccountId) -> Result<i64, StoreError> {
    tx.count("SELECT count(*) FROM users WHERE account_id = $1", &[account.into()])
}

/// Adds a role. `false` when the name is taken (names compare without case).
pub fn insert_role(tx: &Tx<'_>, role: &Role) -> Result<bool, StoreError> {
    let sql = "INSERT INTO roles (role_id, account_id, role_name, name_key, description, trust_policy, max_session_s,
               created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
               ON CONFLICT (account_id, name_key) DO NOTHING";
    let key = role.role_name.to_ascii_lowercase();
    let mut values = role.values();
    values.insert(3, (&key).into());
    Ok(tx.execute(sql, &values)? == 1)
}

/// The role of that name (compared without case).
pub fn role(tx: &Tx<'_>, account: &AccountId, role_name: &str) -> Result<Option<Role>, StoreError> {
    let sql = [&select::<Role>(), " WHERE r.account_id = $1 AND r.name_key = $2"].concat();
    tx.first(&sql, &[account.into(), (&role_name.to_ascii_lowercase()).into()], Role::read)
}

/// The role of that id.
pub fn role_by_id(tx: &Tx<'_>, role_id: &str) -> Result<Option<Role>, StoreError> {
    Role::get(tx, role_id)
}

/// At most `limit` roles of an account that bear all of these tags, by name, after the name `after` (in lower case).
pub fn roles(
    tx: &Tx<'_>,
    account: &AccountId,
    tags: &[(String, Option<String>)],
    after: &str,
    limit: i64,
) -> Result<Vec<Role>, StoreError> {
    let from = [&select::<Role>(), " WHERE r.account_id = $1 AND $2 = $2 AND r.name_key > $3"].concat();
    let mut wanted = Condition::new(&from, &[account.into(), "role".into(), after.into()]);
    bearing(&mut wanted, "r.role_name", tags);
    let limit = wanted.value(limit);
    wanted.sql.extend([" ORDER BY r.name_key LIMIT ", limit]);
    tx.all(&wanted.sql, &wanted.values, Role::read)
}

/// Deletes a role.
pub fn delete_role(tx: &Tx<'_>, role_id: &str) -> Result<(), StoreError> {
    Role::delete(tx, role_id)
}

/// How many roles an account has.
pub fn count_roles(tx: &Tx<'_>, account: &AccountId) -> Result<i64, StoreError> {
    tx.count("SELECT count(*) FROM roles WHERE account_id = $1", &[account.into()])
}
