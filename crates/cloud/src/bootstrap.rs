//! The first start on a data directory, and what it is made of: the sealing keys, an account with its access key, KMS opened.

use std::sync::Arc;

use coffer_base::{AccountId, ApiError, Clock, Region, Rng, Secret, Timestamp, ids};
use coffer_crypto::RootKey;
use coffer_store::accounts::{self, AccessKey};
use coffer_store::{Db, StoreError, Tx, keys};

use crate::auth::secret_context;
use crate::keyring::{Keyring, KeyringError};

/// The fact that names the server's main account; it is there once the first start is complete.
const MAIN_ACCOUNT: &str = "main-account";

/// What an operator may choose for a new account.
#[derive(Debug, Default)]
pub struct Preset {
    /// The account's number; random when there is none.
    pub account: Option<AccountId>,
    /// The account's access key: id and secret; random when there is none.
    pub access_key: Option<(String, Secret<String>)>,
}

/// The account's own access key, shown once.
pub struct RootAccess {
    /// Its id.
    pub access_key_id: String,
    /// Its secret.
    pub secret: Secret<String>,
}

/// What a start finds or makes.
pub struct Started {
    /// The opened keys.
    pub keyring: Keyring,
    /// The main account.
    pub account: AccountId,
    /// The account's access key, when this start made it.
    pub root_access: Option<RootAccess>,
}

/// How KMS is to be found by the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KmsService {
    /// Open.
    Open,
    /// Never opened.
    Unopened,
    /// Closed after it was open.
    Suspended,
}

/// Whether the first start on this database is still to come.
pub fn is_new(db: &Db) -> Result<bool, StoreError> {
    db.read(|tx| accounts::fact(tx, MAIN_ACCOUNT)).map(|fact| fact.is_none())
}

/// The account that the first start was made for.
pub fn main_account(tx: &Tx<'_>) -> Result<Option<AccountId>, StoreError> {
    let number = accounts::fact(tx, MAIN_ACCOUNT)?;
    number.map(|text| AccountId::parse(&text).ok_or(StoreError::Corrupt("main account"))).transpose()
}

/// Opens what is there, or makes it, all of it in one transaction: a start that was cut off half-way leaves nothing.
pub fn start(db: &Db, clock: &Clock, rng: &Arc<dyn Rng>, root: RootKey, preset: Preset) -> Result<Started, StartError> {
    let keyring = db.read(|tx| Keyring::open(root, tx))?;
    if let Some(account) = db.read(main_account)? {
        return Ok(Started { keyring, account, root_access: None });
    }
    let (now, rng) = (clock.now(), Arc::clone(rng));
    let made = db.write(move |tx| -> Result<Started, StartError> {
        keyring.add_sessions(tx, &*rng)?;
        let (account, root_access) = create_account(tx, &keyring, &*rng, now, preset)?;
        accounts::set_fact(tx, MAIN_ACCOUNT, account.as_str())?;
        Ok(Started { keyring, account, root_access: Some(root_access) })
    });
    made.wait()
}

/// Makes an account with its domain key and its own access key, inside the caller's transaction. Its KMS is not open yet:
/// [`set_kms_service`] opens it. A number or an access key id that is taken is a [`StoreError`].
pub fn create_account(
    tx: &Tx<'_>,
    keyring: &Keyring,
    rng: &dyn Rng,
    now: Timestamp,
    preset: Preset,
) -> Result<(AccountId, RootAccess), StartError> {
    let account = preset.account.unwrap_or_else(|| AccountId::generate(rng));
    let (access_key_id, secret) =
        preset.access_key.unwrap_or_else(|| (ids::access_key_id(rng), Secret::new(ids::access_key_secret(rng))));
    accounts::insert(tx, &account, now)?;
    keyring.add_account(tx, rng, &account)?;
    add_root_key(tx, keyring, rng, now, &account, (access_key_id.clone(), secret.clone()))?;
    Ok((account, RootAccess { access_key_id, secret }))
}

/// Makes another access key for an account itself, for its owner who has lost the others, inside the caller's transaction. `None` where
/// there is no such account.
pub fn create_root_key(
    tx: &Tx<'_>,
    keyring: &Keyring,
    rng: &dyn Rng,
    now: Timestamp,
    account: &AccountId,
) -> Result<Option<RootAccess>, StartError> {
    if !accounts::all(tx)?.contains(account) {
        return Ok(None);
    }
    let (access_key_id, secret) = (ids::access_key_id(rng), Secret::new(ids::access_key_secret(rng)));
    add_root_key(tx, keyring, rng, now, account, (access_key_id.clone(), secret.clone()))?;
    Ok(Some(RootAccess { access_key_id, secret }))
}

fn add_root_key(
    tx: &Tx<'_>,
    keyring: &Keyring,
    rng: &dyn Rng,
    now: Timestamp,
    account: &AccountId,
    (access_key_id, secret): (String, Secret<String>),
) -> Result<(), StartError> {
    let domain = keyring.account(account).ok_or(StoreError::Corrupt("domain key"))?;
    let sealed_secret = domain.aead().seal(rng, &secret_context(&access_key_id), secret.expose().as_bytes());
    let key = AccessKey {
        access_key_id,
        account: account.clone(),
        user_id: None,
        sealed_secret,
        status: "Active".to_owned(),
        created_at: now,
    };
    Ok(accounts::insert_access_key(tx, &key)?)
}

/// Why a start fails.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
}

/// Opens or closes KMS for an account in every region, as an operator does.
pub fn set_kms_service(db: &Db, account: &AccountId, service: KmsService) -> Result<(), ApiError> {
    let account = account.clone();
    db.write(move |tx| write_kms_service(tx, &account, service).map_err(ApiError::from)).wait()
}

/// The same inside the caller's transaction.
pub fn write_kms_service(tx: &Tx<'_>, account: &AccountId, service: KmsService) -> Result<(), StoreError> {
    let status = match service {
        KmsService::Open => Some("Enabled"),
        KmsService::Unopened => None,
        KmsService::Suspended => Some("Suspended"),
    };
    Region::all().try_for_each(|region| keys::set_service_status(tx, account, region, status))
}
