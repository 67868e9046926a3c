//! `coffer seal`: how the root key of a data directory is kept, and changing that, by the server that runs on it or while none does.

mod directory;
mod online;
mod sealed;
mod settings;
#[cfg(test)]
mod tests;

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use coffer_crypto::RootKey;
use coffer_store::{Db, Options, accounts};

use directory::Held;
pub(crate) use directory::{open_database, opens};
use online::Change;
pub(crate) use online::Served;
use settings::Method;
pub(crate) use settings::SealSettings;

use crate::config;
use crate::serve::Error;

/// Where the data directory is, and the settings.
#[derive(Args)]
pub(crate) struct Place {
    /// The data directory [default: the configuration file's, else coffer-data]
    #[arg(long, env = "COFFER_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// The configuration file, with the section `seal`
    #[arg(long, env = "COFFER_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What to do about the root key.
#[derive(Subcommand)]
pub(crate) enum Seal {
    /// Say how the root key is kept and whether it opens the data directory. Reads only.
    Status {
        #[command(flatten)]
        place: Place,
    },
    /// Make a new root key, kept as the old one is, and seal everything under it. A server that runs on the directory does it, by its own
    /// configuration, and serves on. Cut off at any moment, the data directory opens all the same; run it again.
    Rotate {
        #[command(flatten)]
        place: Place,
    },
    /// Keep the root key in another way. A server that runs on the directory does it, by its own configuration (the file is read again),
    /// and serves on. Cut off at any moment, the data directory opens all the same; run it again.
    Migrate {
        #[command(flatten)]
        place: Place,
        /// How it is to be kept.
        #[arg(long, value_name = "METHOD")]
        to: Method,
        /// For another passphrase than the one that opens it now: the file whose first line it is.
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
    },
}

/// Does it.
pub(crate) fn run(command: &Seal) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    match command {
        Seal::Status { place } => {
            let (data, settings) = place.resolve()?;
            for file in directory::files(&data) {
                writeln!(out, "{}", file.display())?;
            }
            directory::must_exist(&data)?;
            let keys = accounts::peek_sealing_keys(&data)?;
            let found = directory::find(&data, &settings, &keys)?;
            writeln!(out, "method {}; opens all {} sealing keys", found.method.name(), keys.len())?;
            if directory::files(&data).len() > 1 {
                writeln!(out, "a change was cut off: run `coffer seal rotate` or `migrate` again")?;
            }
        }
        Seal::Rotate { place } => {
            writeln!(out, "{}", change(place, &Change::Rotate)?)?;
        }
        Seal::Migrate { place, to, new_passphrase_file } => {
            // A server has another working directory.
            let new_passphrase_file = new_passphrase_file.as_deref().map(std::path::absolute).transpose()?;
            writeln!(out, "{}", change(place, &Change::Migrate { to: *to, new_passphrase_file })?)?;
        }
    }
    Ok(out.flush()?)
}

/// Has the server on the data directory make the change, or makes it where there is none; what was done, in a sentence.
fn change(place: &Place, change: &Change) -> Result<String, Error> {
    let (data, settings) = place.resolve()?;
    if let Some(done) = online::ask(&data, change)? {
        return Ok(done);
    }
    change.make(&Held::take(&data, &settings)?)
}

impl Place {
    /// Takes a data directory that is there for this process, with its root key.
    pub(crate) fn open_database(&self) -> Result<(Db, RootKey), Error> {
        let (data, settings) = self.resolve()?;
        directory::must_exist(&data)?;
        open_database(&data, &settings, Options::default())
    }

    fn resolve(&self) -> Result<(PathBuf, SealSettings), Error> {
        let (data, settings) = config::seal(self.config.as_deref())?;
        Ok((self.data.clone().or(data).unwrap_or_else(|| config::USUAL_DATA.into()), settings))
    }
}
