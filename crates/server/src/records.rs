//! What an operator or an auditor asks of the audit in a data directory, reading only, also while a server runs on it.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use coffer_cloud::audit::{self, Broken};
use coffer_crypto::digest;
use coffer_store::Db;
use serde_json::json;

use crate::serve::Error;

/// Where the records are.
#[derive(Args, Debug)]
pub(crate) struct Place {
    /// The data directory.
    #[arg(long, env = "COFFER_DATA", value_name = "DIR", default_value = "coffer-data")]
    pub(crate) data: PathBuf,
}

/// What to do with the audit.
#[derive(Subcommand)]
pub(crate) enum Audit {
    /// Follow the hash chain from its beginning: a row that was changed, removed or moved is named. Prints the last row's number and
    /// hash, which later runs can be held to with --anchor: that shows also whether rows at the end were removed.
    Verify {
        #[command(flatten)]
        place: Place,
        /// A row's number and hash, as an earlier run printed them: NUMBER:HASH.
        #[arg(long, value_name = "NUMBER:HASH")]
        anchor: Option<String>,
    },
    /// Print every row as a line of JSON.
    Export {
        #[command(flatten)]
        place: Place,
    },
}

const PAGE: i64 = 1000;

/// Answers about the audit.
pub(crate) fn audit(command: &Audit) -> Result<(), Error> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    match command {
        Audit::Verify { place, anchor } => verify(place, anchor.as_deref(), &mut out),
        Audit::Export { place } => export(place, &mut out),
    }?;
    Ok(out.flush()?)
}

fn verify(place: &Place, anchor: Option<&str>, out: &mut impl Write) -> Result<(), Error> {
    let rows = match Db::peek(&place.data, audit::verify)? {
        Ok(rows) => rows,
        Err(Broken::Missing(row)) => return Err(format!("row {row} of the audit is missing or out of place").into()),
        Err(Broken::Added(row)) => {
            return Err(format!("row {row} of the audit was added: the first has number 1").into());
        }
        Err(Broken::Changed(row)) => return Err(format!("row {row} of the audit was changed, or one before it").into()),
    };
    if let Some(anchor) = anchor {
        let (number, hash) = anchor.split_once(':').ok_or("an anchor is NUMBER:HASH")?;
        let number: i64 = number.parse().map_err(|_| "an anchor is NUMBER:HASH")?;
        if chain_of(place, number)?.as_deref() != Some(hash) {
            return Err(format!("row {number} of the audit is not the one that the anchor was taken of").into());
        }
    }
    let last = chain_of(place, rows)?.unwrap_or_default();
    writeln!(out, "{rows} rows, unbroken; anchor {rows}:{last}")?;
    Ok(())
}

/// The hash of a row.
fn chain_of(place: &Place, number: i64) -> Result<Option<String>, Error> {
    let rows = Db::peek(&place.data, |tx| coffer_store::audit::after(tx, number - 1, 1))?;
    Ok(rows.into_iter().find(|row| row.sequence == number).map(|row| digest::hex(&row.chain)))
}

fn export(place: &Place, out: &mut impl Write) -> Result<(), Error> {
    let mut last = 0;
    loop {
        let rows = Db::peek(&place.data, |tx| coffer_store::audit::after(tx, last, PAGE))?;
        let Some(end) = rows.last() else { return Ok(()) };
        last = end.sequence;
        for row in &rows {
            let detail: serde_json::Value = serde_json::from_str(&row.detail)?;
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
