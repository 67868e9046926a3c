//! `coffer erase`: the signed proofs that keys were destroyed.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use coffer_cloud::kms::erasure;
use coffer_store::proofs::{self, Proof};
use coffer_store::{Db, StoreError};
use serde_json::{Value, json};

use crate::cli::{Failure, Output, Reason};
use crate::place::Place;

/// What to do with the proofs.
#[derive(Subcommand)]
pub(crate) enum Erase {
    /// Print each proof's number and key.
    List {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        output: Output,
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
        #[command(flatten)]
        output: Output,
    },
}

/// Does it.
pub(crate) fn run(command: &Erase) -> Result<(), Failure> {
    match command {
        Erase::List { place, output } => {
            let listed = all(&place.existing()?.data)?;
            if output.is_json() {
                let item = |proof: &Proof| json!({"Sequence": proof.sequence, "KeyId": proof.key_id});
                let items: Vec<Value> = listed.iter().map(item).collect();
                return Ok(output.list(&[], &items)?);
            }
            lines(listed.iter().map(|proof| format!("{} {}", proof.sequence, proof.key_id)))
        }
        Erase::Export { place } => lines(all(&place.existing()?.data)?.iter().map(erasure::line)),
        Erase::Verify { file, public_key, output } => {
            let text = fs::read_to_string(file).map_err(|error| Failure::machine(file.display(), error))?;
            let verified = erasure::verify(&text, public_key.as_deref());
            let (count, signer) = verified.map_err(|what| Failure::new(Reason::Found, what))?;
            let sentence = format!("{count} proofs, unbroken; signed by {signer}");
            Ok(output.done(&sentence, &json!({"Proofs": count, "PublicKey": signer}))?)
        }
    }
}

fn all(data: &Path) -> Result<Vec<Proof>, StoreError> {
    Db::peek(data, proofs::all)
}

fn lines(lines: impl Iterator<Item = String>) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    for line in lines {
        writeln!(out, "{line}")?;
    }
    Ok(out.flush()?)
}
