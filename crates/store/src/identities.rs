//! RAM users and roles.

use coffer_base::{AccountId, Timestamp};

use crate::{Row, StoreError, Tx};

/// A RAM user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The numeric id.
    pub user_id: String,
    /// The account it belongs to.
    pub account: AccountId,
    /// The name, as it was written.
    pub user_name: String,
    /// The name shown to people.
    pub display_name: String,
    /// A telephone number.
    pub mobile_phone: String,
    /// A mail address.
    pub email: String,
    /// A remark.
    pub comments: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A RAM role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// The numeric id.
    pub role_id: String,
    /// The account it belongs to.
    pub account: AccountId,
    /// The name, as it was written.
    pub role_name: String,
    /// A description.
    pub description: String,
    /// Who may assume it: the policy document as it was submitted.
    pub trust_policy: String,
    /// Longest session, in seconds.
    pub max_session_s: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Adds a user. `false` when the name is taken (names compare without case).
pub fn insert_user(tx: &Tx<'_>, user: &User) -> Result<bool, StoreError> {
    let sql =
        "INSERT INTO users (user_id, account_id, user_name, name_key, display_name, mobile_phone, email, comments,
               created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
               ON CONFLICT (account_id, name_key) DO NOTHING";
    let key = user.user_name.to_ascii_lowercase();
    let values = [
        (&user.user_id).into(),
        (&user.account).into(),
        (&user.user_name).into(),
        (&key).into(),
        (&user.display_name).into(),
        (&user.mobile_phone).into(),
        (&user.email).into(),
        (&user.comments).into(),
        user.created_at.into(),
        user.updated_at.into(),
    ];
    Ok(tx.execute(sql, &values)? == 1)
}

/// The user of that name (compared without case).
pub fn user(tx: &Tx<'_>, account: &AccountId, user_name: &str) -> Result<Option<User>, StoreError> {
    let sql =
        "SELECT user_id, account_id, user_name, display_name, mobile_phone, email, comments, created_at, updated_at
               FROM users WHERE account_id = $1 AND name_key = $2";
    tx.first(sql, &[account.into(), (&user_name.to_ascii_lowercase()).into()], |row| {
        Ok(User {
            user_id: row.text(0)?,
            account: row.account(1)?,
            user_name: row.text(2)?,
            display_name: row.text(3)?,
            mobile_phone: row.text(4)?,
            email: row.text(5)?,
            comments: row.text(6)?,
            created_at: row.moment(7)?,
            updated_at: row.moment(8)?,
        })
    })
}

/// Deletes a user.
pub fn delete_user(tx: &Tx<'_>, user_id: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM users WHERE user_id = $1", &[user_id.into()]).map(drop)
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
    let values = [
        (&role.role_id).into(),
        (&role.account).into(),
        (&role.role_name).into(),
        (&key).into(),
        (&role.description).into(),
        (&role.trust_policy).into(),
        role.max_session_s.into(),
        role.created_at.into(),
        role.updated_at.into(),
    ];
    Ok(tx.execute(sql, &values)? == 1)
}

const ROLE: &str =
    "SELECT role_id, account_id, role_name, description, trust_policy, max_session_s, created_at, updated_at
                    FROM roles WHERE ";

fn read_role(row: &Row<'_>) -> Result<Role, StoreError> {
    Ok(Role {
        role_id: row.text(0)?,
        account: row.account(1)?,
        role_name: row.text(2)?,
        description: row.text(3)?,
        trust_policy: row.text(4)?,
        max_session_s: row.integer(5)?,
        created_at: row.moment(6)?,
        updated_at: row.moment(7)?,
    })
}

/// The role of that name (compared without case).
pub fn role(tx: &Tx<'_>, account: &AccountId, role_name: &str) -> Result<Option<Role>, StoreError> {
    let sql = [ROLE, "account_id = $1 AND name_key = $2"].concat();
    tx.first(&sql, &[account.into(), (&role_name.to_ascii_lowercase()).into()], read_role)
}

/// The role of that id.
pub fn role_by_id(tx: &Tx<'_>, role_id: &str) -> Result<Option<Role>, StoreError> {
    tx.first(&[ROLE, "role_id = $1"].concat(), &[role_id.into()], read_role)
}

/// Deletes a role.
pub fn delete_role(tx: &Tx<'_>, role_id: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM roles WHERE role_id = $1", &[role_id.into()]).map(drop)
}

/// How many roles an account has.
pub fn count_roles(tx: &Tx<'_>, account: &AccountId) -> Result<i64, StoreError> {
    tx.count("SELECT count(*) FROM roles WHERE account_id = $1", &[account.into()])
}
