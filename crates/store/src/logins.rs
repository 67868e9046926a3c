//! How RAM users log on: passwords and MFA devices.

use coffer_base::{AccountId, Timestamp};

use crate::record::{Record as _, record, select};
use crate::{StoreError, Tx};

record! {
    /// A user's password and what goes with it.
    pub struct LoginProfile in "login_profiles" {
        /// Whose.
        pub user_id: String = "user_id",
        /// What is hashed with every password of this user.
        pub salt: Vec<u8> = "salt",
        /// The hash of the password.
        pub password_hash: Vec<u8> = "password_hash",
        /// Whether the password must be changed at the next logon.
        pub reset_required: bool = "reset_required",
        /// Whether an MFA device must be bound at the next logon.
        pub mfa_required: bool = "mfa_required",
        /// When it was made.
        pub created_at: Timestamp = "created_at",
    }
}

record! {
    /// A virtual MFA device.
    pub struct MfaDevice in "mfa_devices" {
        /// `acs:ram::<account>:mfa/<name>`.
        pub serial_number: String = "serial_number",
        /// The account it belongs to.
        pub account: AccountId = "account_id",
        /// The secret that its codes are made of, sealed.
        pub sealed_seed: Vec<u8> = "sealed_seed",
        /// Whom it is bound to.
        pub user_id: Option<String> = "user_id",
        /// When it was bound.
        pub activated_at: Option<Timestamp> = "activated_at",
        /// The latest time step whose code was taken; none is taken twice.
        pub last_step: i64 = "last_step",
        /// When it was made.
        pub created_at: Timestamp = "created_at",
    }
}

/// The hashes of the passwords a user had before, the latest first.
pub fn past_passwords(tx: &Tx<'_>, user_id: &str, limit: i64) -> Result<Vec<Vec<u8>>, StoreError> {
    let sql = "SELECT password_hash FROM past_passwords WHERE user_id = $1 ORDER BY place DESC LIMIT $2";
    tx.all(sql, &[user_id.into(), limit.into()], |row| row.blob(0))
}

/// Most passwords remembered of a user.
pub const MOST_PAST_PASSWORDS: i64 = 24;

/// Remembers a password that a user had.
pub fn remember_password(tx: &Tx<'_>, user_id: &str, hash: &[u8]) -> Result<(), StoreError> {
    let last = tx.count("SELECT coalesce(max(place), 0) FROM past_passwords WHERE user_id = $1", &[user_id.into()])?;
    let sql = "INSERT INTO past_passwords (user_id, place, password_hash) VALUES ($1, $2, $3)";
    tx.execute(sql, &[user_id.into(), (last + 1).into(), hash.into()])?;
    let sql = "DELETE FROM past_passwords WHERE user_id = $1 AND place <= $2";
    tx.execute(sql, &[user_id.into(), (last + 1 - MOST_PAST_PASSWORDS).into()]).map(drop)
}

/// Forgets a user's password and all it had before. `false` when there was none.
pub fn delete_profile(tx: &Tx<'_>, user_id: &str) -> Result<bool, StoreError> {
    tx.execute("DELETE FROM past_passwords WHERE user_id = $1", &[user_id.into()])?;
    Ok(tx.execute("DELETE FROM login_profiles WHERE user_id = $1", &[user_id.into()])? == 1)
}

/// The MFA device that is bound to a user.
pub fn mfa_of_user(tx: &Tx<'_>, user_id: &str) -> Result<Option<MfaDevice>, StoreError> {
    let sql = [&select::<MfaDevice>(), " WHERE r.user_id = $1"].concat();
    tx.first(&sql, &[user_id.into()], MfaDevice::read)
}

/// The MFA devices of an account, by serial number. A quota bounds their number.
pub fn mfa_devices(tx: &Tx<'_>, account: &AccountId) -> Result<Vec<MfaDevice>, StoreError> {
    let sql = [&select::<MfaDevice>(), " WHERE r.account_id = $1 ORDER BY r.serial_number"].concat();
    tx.all(&sql, &[account.into()], MfaDevice::read)
}

/// How many MFA devices an account has.
pub fn count_mfa_devices(tx: &Tx<'_>, account: &AccountId) -> Result<i64, StoreError> {
    tx.count("SELECT count(*) FROM mfa_devices WHERE account_id = $1", &[account.into()])
}
