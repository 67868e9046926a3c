//! `coffer seal`: how the root key of a data directory is kept, and changing that, by the server that runs on it or while none does.

mod directory;
mod online;
mod sealed;
mod settings;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use clap::Subcommand;
use coffer_store::{StoreError, accounts};
use serde_json::json;

use directory::Held;
pub(crate) use directory::{open_database, opens};
use online::Change;
pub(crate) use online::Served;
use settings::Method;
pub(crate) use settings::SealSettings;

use crate::cli::{Failure, Output, Reason, chain};
use crate::config::Kept;
use crate::place::Place;
use crate::serve::Error;

/// What to do about the root key.
#[derive(Subcommand)]
pub(crate) enum Seal {
    /// Say how the root key is kept and whether it opens the data directory. Reads only.
    Status {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        output: Output,
    },
    /// Make a new root key, kept as the old one is, and seal everything under it. A server that runs on the directory does it, by its own
    /// configuration, and serves on. Cut off at any moment, the data directory opens all the same; run it again.
    Rotate {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        output: Output,
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
        #[command(flatten)]
        output: Output,
    },
}

/// Does it.
pub(crate) fn run(command: &Seal) -> Result<(), Failure> {
    match command {
        Seal::Status { place, output } => status(&place.existing()?, *output),
        Seal::Rotate { place, output } => tell(&place.existing()?, &Change::Rotate, *output),
        Seal::Migrate { place, to, new_passphrase_file, output } => {
            // A server has another working directory.
            let new_passphrase_file = new_passphrase_file.as_deref().map(std::path::absolute).transpose();
            let new_passphrase_file =
                new_passphrase_file.map_err(|error| Failure::machine("the new passphrase", error))?;
            tell(&place.existing()?, &Change::Migrate { to: *to, new_passphrase_file }, *output)
        }
    }
}

fn status(kept: &Kept, output: Output) -> Result<(), Failure> {
    let files: Vec<String> = directory::files(&kept.data).iter().map(|path| path.display().to_string()).collect();
    let keys = accounts::peek_sealing_keys(&kept.data)?;
    let found = directory::find(&kept.data, &kept.seal, &keys).map_err(failed)?;
    let (method, is_cut_off) = (found.method.name(), files.len() > 1);
    let mut lines = files.clone();
    lines.push(format!("method {method}; opens all {} sealing keys", keys.len()));
    lines.extend(is_cut_off.then(|| "a change was cut off: run `coffer seal rotate` or `migrate` again".to_owned()));
    let facts = json!({"Files": files, "Method": method, "SealingKeys": keys.len(), "CutOff": is_cut_off});
    Ok(output.done(&lines.join("\n"), &facts)?)
}

/// Has the server on the data directory make the change, or makes it where there is none; says what was done.
fn tell(kept: &Kept, change: &Change, output: Output) -> Result<(), Failure> {
    let asked = online::ask(&kept.data, change).map_err(failed)?;
    let done = match asked {
        Some(done) => done,
        None => Held::take(&kept.data, &kept.seal).and_then(|held| change.make(&held)).map_err(failed)?,
    };
    let name = match change {
        Change::Rotate => "Rotate",
        Change::Migrate { .. } => "Migrate",
    };
    Ok(output.done(&done, &json!({"Change": name, "Done": done}))?)
}

/// The root key could not be opened or changed.
pub(crate) fn failed(error: Error) -> Failure {
    match error.downcast::<StoreError>() {
        Ok(error) => Failure::from(*error),
        Err(error) => Failure::new(Reason::Found, chain(&*error)),
    }
}
