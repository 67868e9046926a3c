//! What an account has set for all its RAM users: alias, password policy, security preference.

use coffer_base::AccountId;

use crate::record::{Record, record};
use crate::{StoreError, Tx};

record! {
    /// What a password must be.
    pub struct PasswordPolicy in "password_policies" {
        /// Whose.
        pub account: AccountId = "account_id",
        /// Least number of characters.
        pub minimum_length: i64 = "minimum_length",
        /// Whether it must hold a lower-case letter.
        pub lowercase: bool = "lowercase",
        /// Whether it must hold an upper-case letter.
        pub uppercase: bool = "uppercase",
        /// Whether it must hold a digit.
        pub numbers: bool = "numbers",
        /// Whether it must hold a symbol.
        pub symbols: bool = "symbols",
        /// Whether nobody logs on with a password that is too old.
        pub hard_expiry: bool = "hard_expiry",
        /// After how many days it is too old; 0 for never.
        pub max_age_d: i64 = "max_age_d",
        /// How many of its predecessors it may not be.
        pub reuse_prevention: i64 = "reuse_prevention",
        /// Wrong passwords an hour; 0 for any number.
        pub max_login_attempts: i64 = "max_login_attempts",
    }
}

record! {
    /// What users may do for themselves, and how they log on.
    pub struct SecurityPreference in "security_preferences" {
        /// Whose.
        pub account: AccountId = "account_id",
        /// Whether a browser is remembered for seven days.
        pub save_mfa_ticket: bool = "save_mfa_ticket",
        /// Whether users change their passwords.
        pub change_password: bool = "change_password",
        /// Whether users manage their access keys.
        pub manage_access_keys: bool = "manage_access_keys",
        /// Whether users manage their MFA devices.
        pub manage_mfa_devices: bool = "manage_mfa_devices",
        /// Whether users manage their public keys.
        pub manage_public_keys: bool = "manage_public_keys",
        /// How long a logon lasts, in hours.
        pub login_session_h: i64 = "login_session_h",
        /// From where users log on: addresses and networks; empty for anywhere.
        pub login_network_masks: String = "login_network_masks",
    }
}

/// Sets one of these, in place of what was set before.
pub fn set<T: Record>(tx: &Tx<'_>, account: &AccountId, row: &T) -> Result<(), StoreError> {
    T::delete(tx, account.as_str())?;
    row.insert(tx)
}

/// The alias of an account.
pub fn alias(tx: &Tx<'_>, account: &AccountId) -> Result<Option<String>, StoreError> {
    tx.first("SELECT alias FROM account_aliases WHERE account_id = $1", &[account.into()], |row| row.text(0))
}

/// Sets the alias of an account. `false` when another account has it.
pub fn set_alias(tx: &Tx<'_>, account: &AccountId, alias: &str) -> Result<bool, StoreError> {
    let sql = "SELECT count(*) FROM account_aliases WHERE alias = $1 AND account_id <> $2";
    if tx.count(sql, &[alias.into(), account.into()])? > 0 {
        return Ok(false);
    }
    clear_alias(tx, account)?;
    tx.execute("INSERT INTO account_aliases (account_id, alias) VALUES ($1, $2)", &[account.into(), alias.into()])?;
    Ok(true)
}

/// Takes the alias of an account away.
pub fn clear_alias(tx: &Tx<'_>, account: &AccountId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM account_aliases WHERE account_id = $1", &[account.into()]).map(drop)
}
