//! Accounts beside the main one: of a server that is running, or of a data directory.

use std::io::Write;
use std::path::PathBuf;

use clap::Subcommand;
use coffer_base::AccountId;
use coffer_cloud::Keyring;
use coffer_cloud::bootstrap::{self, KmsService, Preset, RootAccess, StartError};
use coffer_crypto::SystemRng;
use coffer_store::{Db, accounts};

use crate::cli::{Connection, Failure, Output, account};
use crate::seal;
use crate::serve::{Error, now};

/// What to do with accounts.
#[derive(Subcommand)]
pub(crate) enum Accounts {
    /// Make another account with an access key of its own, which is shown this once. With --endpoint, or COFFER_ENDPOINT, the server does
    /// it, asked by its main account; without, it is done in the data directory, and the server on that must be stopped.
    Create {
        #[command(flatten)]
        place: seal::Place,
        /// The account's number: 16 digits [default: random].
        #[arg(long)]
        account: Option<String>,
        #[command(flatten)]
        connection: Connection,
        #[command(flatten)]
        output: Output,
    },
    /// Make another access key for an account itself, which is shown this once: for who has lost the first. It is done in the data
    /// directory, and the server on that must be stopped. The account's other keys stay as they are.
    NewKey {
        #[command(flatten)]
        place: seal::Place,
        /// The account's number [default: the main one].
        #[arg(long)]
        account: Option<String>,
    },
    /// Print the numbers of all accounts, the main one first: of the server, asked by its main account, or of the data directory.
    List {
        /// The data directory.
        #[arg(long, env = "COFFER_DATA", default_value = "coffer-data")]
        data: PathBuf,
        #[command(flatten)]
        connection: Connection,
        #[command(flatten)]
        output: Output,
    },
}

impl Accounts {
    /// Has the server do it, if one is named.
    pub(crate) fn ask(&self) -> Option<Result<(), Failure>> {
        match self {
            Self::Create { connection, output, account, .. } if connection.names_server() => {
                Some(account::create(connection, *output, account.as_deref()))
            }
            Self::List { connection, output, .. } if connection.names_server() => {
                Some(account::list(connection, *output))
            }
            _ => None,
        }
    }
}

/// Does it in the data directory.
pub(crate) fn run(command: &Accounts) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    match command {
        Accounts::List { data, .. } => {
            for account in Db::peek(data, accounts::all)? {
                writeln!(out, "{account}")?;
            }
        }
        Accounts::Create { place, account, .. } => {
            let account = account.as_deref().map(number).transpose()?;
            let (db, keyring) = open(place)?;
            let preset = Preset { account, access_key: None };
            let made = db.write(move |tx| -> Result<_, StartError> {
                bootstrap::create_account(tx, &keyring, &SystemRng, now(), preset)
            });
            let (account, access) = made.wait()?;
            bootstrap::set_kms_service(&db, &account, KmsService::Open).map_err(|error| format!("{error:?}"))?;
            tell(&mut out, &account, &access)?;
        }
        Accounts::NewKey { place, account } => {
            let account = account.as_deref().map(number).transpose()?;
            let (db, keyring) = open(place)?;
            let account = match account {
                Some(account) => account,
                None => db.read(bootstrap::main_account)?.ok_or("there is no account yet: the first start makes it")?,
            };
            let of = account.clone();
            let made = db.write(move |tx| bootstrap::create_root_key(tx, &keyring, &SystemRng, now(), &of));
            let access = made.wait()?.ok_or_else(|| format!("there is no account {account}"))?;
            tell(&mut out, &account, &access)?;
        }
    }
    Ok(out.flush()?)
}

fn number(text: &str) -> Result<AccountId, Error> {
    AccountId::parse(text).ok_or_else(|| "an account's number has 16 digits".into())
}

/// The database of a data directory that no server runs on, with its keys.
fn open(place: &seal::Place) -> Result<(Db, Keyring), Error> {
    let (db, root) = place.open_database()?;
    let keyring = db.read(|tx| Keyring::open(root, tx))?;
    Ok((db, keyring))
}

fn tell(out: &mut impl Write, account: &AccountId, access: &RootAccess) -> std::io::Result<()> {
    writeln!(out, "account             {account}")?;
    writeln!(out, "access key id       {}", access.access_key_id)?;
    writeln!(out, "access key secret   {}   (shown this once; keep it)", access.secret.expose())
}
