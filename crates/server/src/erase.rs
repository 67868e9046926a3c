//! `coffer erase`: the signed proofs that keys were destroyed.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use clap::Subcommand;
use coffer_cloud::kms::erasure;
use coffer_store::{Db, proofs};

use crate::records::Place;
use crate::serve::Error;

/// What to do with the proofs.
#[derive(Subcommand)]
pub(crate) enum Erase {
    /// Print each proof's number and key.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Print every proof with its signature as a line of JSON.
    Export {
        #[command(flatten)]
        place: Place,
    },
    /// Check an exported file: every signature, and that none was removed, added or moved. Prints the key that signed.
    Verify {
        /// The file.
        file: PathBuf,
        /// The public key that must have signed, as an earlier run printed it.
        #[arg(long, value_name = "HEX")]
        public_key: Option<String>,
    },
}

/// Does it.
pub(crate) fn run(command: &Erase) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    match command {
        Erase::List { place } => {
            for proof in Db::peek(&place.data, proofs::all)? {
                writeln!(out, "{} {}", proof.sequence, proof.key_id)?;
            }
        }
        Erase::Export { place } => {
            for proof in Db::peek(&place.data, proofs::all)? {
                writeln!(out, "{}", erasure::line(&proof))?;
            }
        }
        Erase::Verify { file, public_key } => {
            let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
            let (count, signer) = erasure::verify(&text, public_key.as_deref())?;
            writeln!(out, "{count} proofs, unbroken; signed by {signer}")?;
        }
    }
    Ok(out.flush()?)
}
