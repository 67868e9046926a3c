//! What an operator or an auditor asks of the audit in a data directory, reading only, also while a server runs on it.

use std::io::{BufWriter, Write};
use std::path::Path;

use clap::Subcommand;
use coffer_cloud::audit::{self, Broken};
use coffer_crypto::digest;
use coffer_store::{Db, StoreError};
use serde_json::json;

use crate::cli::{Failure, Output, Reason};
use crate::place::Place;

/// What to do with the audit.
#[derive(Subcommand)]
pub(crate) enum Audit {
    /// Follow the hash chain from its beginning: a row that was changed, removed or moved is named. Prints the last row's number and
    /// hash, which later runs can be held to with --anchor: that shows also whether rows at the end were removed.
    Verify {
        #[command(flatten)]
        place: Place,
        /// A row's number and hash, as an earlier run printed them: NUMBER:HASH.
        #[arg(long, value_name = "NUMBER:HASH", value_parser = anchor)]
        anchor: Option<Anchor>,
        #[command(flatten)]
        output: Output,
    },
    /// Print every row as a line of JSON.
    Export {
        #[command(flatten)]
        place: Place,
    },
}

/// A row's number, and its hash.
type Anchor = (i64, String);

const PAGE: i64 = 1000;

fn anchor(text: &str) -> Result<Anchor, &'static str> {
    let parts = text.split_once(':').and_then(|(number, hash)| Some((number.parse().ok()?, hash.to_owned())));
    parts.ok_or("an anchor is NUMBER:HASH")
}

/// Answers about the audit.
pub(crate) fn audit(command: &Audit) -> Result<(), Failure> {
    match command {
        Audit::Verify { place, anchor, output } => verify(&place.existing()?.data, anchor.as_ref(), *output),
        Audit::Export { place } => {
            let data = place.existing()?.data;
            let mut out = BufWriter::new(std::io::stdout().lock());
            export(&data, &mut out)?;
            Ok(out.flush()?)
        }
    }
}

fn verify(data: &Path, anchor: Option<&Anchor>, output: Output) -> Result<(), Failure> {
    let broken = |what: String| Failure::new(Reason::Found, what).next("keep a copy of the data directory as it is");
    let rows = match Db::peek::<_, StoreError>(data, audit::verify)? {
        Ok(rows) => rows,
        Err(Broken::Missing(row)) => return Err(broken(format!("row {row} of the audit is missing or out of place"))),
        Err(Broken::Added(row)) => {
            return Err(broken(format!("row {row} of the audit was added: the first has number 1")));
        }
        Err(Broken::Changed(row)) => {
            return Err(broken(format!("row {row} of the audit was changed, or one before it")));
        }
    };
    if let Some((number, hash)) = anchor
        && chain_of(data, *number)?.as_ref() != Some(hash)
    {
        return Err(broken(format!("row {number} of the audit is not the one that the anchor was taken of")));
    }
    let anchor = format!("{rows}:{}", chain_of(data, rows)?.unwrap_or_default());
    Ok(output.done(&format!("{rows} rows, unbroken; anchor {anchor}"), &json!({"Rows": rows, "Anchor": anchor}))?)
}

/// The hash of a row; before the first one there is none to differ.
fn chain_of(data: &Path, number: i64) -> Result<Option<String>, StoreError> {
    if number == 0 {
        return Ok(Some(String::new()));
    }
    let rows = Db::peek(data, |tx| coffer_store::audit::after(tx, number.saturating_sub(1), 1))?;
    Ok(rows.into_iter().find(|row| row.sequence == number).map(|row| digest::hex(&row.chain)))
}

fn export(data: &Path, out: &mut impl Write) -> Result<(), Failure> {
    let mut last = 0;
    loop {
        let rows = Db::peek::<_, StoreError>(data, |tx| coffer_store::audit::after(tx, last, PAGE))?;
        let Some(end) = rows.last() else { return Ok(()) };
        last = end.sequence;
        for row in &rows {
            let detail: serde_json::Value = serde_json::from_str(&row.detail)
                .map_err(|error| Failure::machine(format!("row {} of the audit", row.sequence), error))?;
            let line = json!({
                "sequence": row.sequence,
                "at": row.at.to_iso8601(),
                "account": row.account.as_str(),
                "principal": row.principal,
                "accessKeyId": row.access_key_id,
                "peer": row.peer,
                "action": row.action,
                "resources": row.resources.split_whitespace().collect::<Vec<_>>(),
                "outcome": row.outcome,
                "requestId": row.request_id,
                "detail": detail,
                "chain": digest::hex(&row.chain),
            });
            writeln!(out, "{line}")?;
        }
    }
}
