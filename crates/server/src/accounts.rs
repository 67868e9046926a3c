//! Accounts beside the main one: of a server that is running, or of a data directory.

use std::io::Write;

use clap::Subcommand;
use coffer_base::{AccountId, ApiError};
use coffer_cloud::Keyring;
use coffer_cloud::bootstrap::{self, KmsService, Preset, RootAccess, StartError};
use coffer_crypto::SystemRng;
use coffer_store::{Db, Options, StoreError, accounts};
use serde_json::{Value, json};

use crate::cli::{Connection, Failure, Output, Reason, account, chain};
use crate::place::Place;
use crate::seal;
use crate::serve::now;

/// What to do with accounts.
#[derive(Subcommand)]
pub(crate) enum Accounts {
    /// Make another account with an access key of its own, which is shown this once. With --endpoint, or with COFFER_ENDPOINT and without
    /// --data and --config, the server does it, asked by its main account; else it is done in the data directory, and the server on that
    /// must be stopped.
    Create {
        #[command(flatten)]
        place: Place,
        /// The account's number: 16 digits [default: random].
        #[arg(long, value_parser = number)]
        account: Option<AccountId>,
        #[command(flatten)]
        connection: Connection,
        #[command(flatten)]
        output: Output,
    },
    /// Make another access key for an account itself, which is shown this once: for who has lost the first. It is done in the data
    /// directory, and the server on that must be stopped. The account's other keys stay as they are.
    NewKey {
        #[command(flatten)]
        place: Place,
        /// The account's number [default: the main one].
        #[arg(long, value_parser = number)]
        account: Option<AccountId>,
        #[command(flatten)]
        output: Output,
    },
    /// Print the numbers of all accounts, the main one first: of the server, asked by its main account, or of the data directory, as for
    /// `create`.
    List {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        connection: Connection,
        #[command(flatten)]
        output: Output,
    },
}

fn number(text: &str) -> Result<AccountId, &'static str> {
    AccountId::parse(text).ok_or("an account's number has 16 digits")
}

/// Does it: in the data directory if one was given on the command line or no server is named, else has the server do it.
pub(crate) fn run(command: &Accounts, is_place_given: bool) -> Result<(), Failure> {
    let asks = match command {
        Accounts::Create { connection, .. } | Accounts::List { connection, .. } => {
            connection.names_server() && !is_place_given
        }
        Accounts::NewKey { .. } => false,
    };
    match command {
        Accounts::Create { connection, output, account, .. } if asks => {
            account::create(connection, *output, account.as_ref().map(AccountId::as_str))
        }
        Accounts::List { connection, output, .. } if asks => account::list(connection, *output),
        Accounts::Create { place, account, output, .. } => create(place, account.clone(), *output),
        Accounts::List { place, output, .. } => list(place, *output),
        Accounts::NewKey { place, account, output } => new_key(place, account.clone(), *output),
    }
}

fn list(place: &Place, output: Output) -> Result<(), Failure> {
    let accounts = Db::peek::<_, StoreError>(&place.existing()?.data, accounts::all)?;
    if output.is_json() {
        let item = |(place, account): (usize, &AccountId)| json!({"AccountId": account.as_str(), "IsMain": place == 0});
        let items: Vec<Value> = accounts.iter().enumerate().map(item).collect();
        return Ok(output.list(&[], &items)?);
    }
    let mut out = std::io::stdout().lock();
    for account in accounts {
        writeln!(out, "{account}")?;
    }
    Ok(out.flush()?)
}

fn create(place: &Place, account: Option<AccountId>, output: Output) -> Result<(), Failure> {
    let (db, keyring) = open(place)?;
    let preset = Preset { account, access_key: None };
    let made = db.write(move |tx| bootstrap::create_account(tx, &keyring, &SystemRng, now(), preset)).wait();
    let (account, access) = made.map_err(failed)?;
    let opened = bootstrap::set_kms_service(&db, &account, KmsService::Open);
    opened
        .map_err(|error: ApiError| Failure::machine("KMS could not be opened for the account", format!("{error:?}")))?;
    tell(&account, &access, output)
}

fn new_key(place: &Place, account: Option<AccountId>, output: Output) -> Result<(), Failure> {
    let (db, keyring) = open(place)?;
    let none =
        |what: String| Failure::new(Reason::Configuration, what).next("`coffer account list` shows which there are");
    let account = match account {
        Some(account) => account,
        None => db.read(bootstrap::main_account)?.ok_or_else(|| none("there is no account yet".to_owned()))?,
    };
    let of = account.clone();
    let made = db.write(move |tx| bootstrap::create_root_key(tx, &keyring, &SystemRng, now(), &of)).wait();
    let access = made.map_err(failed)?.ok_or_else(|| none(format!("there is no account {account}")))?;
    tell(&account, &access, output)
}

/// The database of a data directory that no server runs on, with its keys.
fn open(place: &Place) -> Result<(Db, Keyring), Failure> {
    let kept = place.existing()?;
    let opened = seal::open_database(&kept.data, &kept.seal, Options::default());
    let (db, root) = opened.map_err(seal::failed)?;
    let keyring = db.read(|tx| Keyring::open(root, tx).map_err(StartError::from)).map_err(failed)?;
    Ok((db, keyring))
}

fn failed(error: StartError) -> Failure {
    match error {
        StartError::Store(error) => Failure::from(error),
        error @ StartError::Keyring(_) => Failure::new(Reason::Machine, chain(&error)),
    }
}

fn tell(account: &AccountId, access: &RootAccess, output: Output) -> Result<(), Failure> {
    let (id, secret) = (&access.access_key_id, access.secret.expose());
    let facts = json!({"AccountId": account.as_str(), "AccessKeyId": id, "AccessKeySecret": secret});
    let sentence = format!(
        "account             {account}\naccess key id       {id}\naccess key secret   {secret}   (shown this once; keep it)"
    );
    Ok(output.done(&sentence, &facts)?)
}
