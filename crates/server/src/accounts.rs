//! Accounts beside the main one: of a server that is running, or of a data directory.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Subcommand;
use coffer_base::{AccountId, Clock, Rng};
use coffer_cloud::Keyring;
use coffer_cloud::bootstrap::{self, KmsService, Preset, StartError};
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
        let (Self::Create { connection, .. } | Self::List { connection, .. }) = self;
        connection.names_server().then(|| match self {
            Self::Create { connection, output, account, .. } => {
                account::create(connection, *output, account.as_deref())
            }
            Self::List { connection, output, .. } => account::list(connection, *output),
        })
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
            let parse = |text: &String| AccountId::parse(text).ok_or("an account's number has 16 digits");
            let account = account.as_ref().map(parse).transpose()?;
            let (db, root) = place.open_database()?;
            let keyring = db.read(|tx| Keyring::open(root, tx))?;
            let (clock, rng): (_, Arc<dyn Rng>) = (Clock::system(now), Arc::new(SystemRng));
            let preset = Preset { account, access_key: None };
            let made = db.write(move |tx| -> Result<_, StartError> {
                bootstrap::create_account(tx, &keyring, &*rng, clock.now(), preset)
            });
            let (account, access) = made.wait()?;
            bootstrap::set_kms_service(&db, &account, KmsService::Open).map_err(|error| format!("{error:?}"))?;
            writeln!(out, "account             {account}")?;
            writeln!(out, "access key id       {}", access.access_key_id)?;
            writeln!(out, "access key secret   {}   (shown this once; keep it)", access.secret.expose())?;
        }
    }
    Ok(out.flush()?)
}
