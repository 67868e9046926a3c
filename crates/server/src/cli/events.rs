//! `coffer events`: what happened in the account, a line of JSON each.

use std::io::{self, Write as _};

use clap::Args;
use coffer_cloud::Product;
use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::session::{Connection, Session};

/// From where on, and whether to stay.
#[derive(Args, Debug)]
pub(crate) struct Events {
    /// Stay, and print what happens
    #[arg(long)]
    follow: bool,
    /// Print what happened after that event [default: all that is kept; with --follow only what is new]
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<u64>,
    #[command(flatten)]
    connection: Connection,
}

/// How long the server lets a call wait.
const WAIT_S: &str = "5";

/// Prints them.
pub(crate) fn run(arguments: &Events) -> Result<(), Failure> {
    let mut session = arguments.connection.open()?;
    let wait = if arguments.follow { WAIT_S } else { "0" };
    let mut cursor = match arguments.cursor {
        Some(cursor) => cursor.to_string(),
        None if arguments.follow => ask(&mut session, "0", "0")?["LatestCursor"].to_string(),
        None => "0".to_owned(),
    };
    loop {
        let answer = ask(&mut session, &cursor, wait)?;
        if answer["Gap"] == true && cursor != "0" {
            writeln!(io::stderr(), "coffer: events after {cursor} were forgotten before they were read")?;
        }
        let events = answer["Events"]["Event"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut out = io::stdout().lock();
        for event in events {
            writeln!(out, "{}", line(event))?;
        }
        out.flush()?;
        if events.is_empty() && !arguments.follow {
            return Ok(());
        }
        cursor = answer["NextCursor"].to_string();
    }
}

fn ask(session: &mut Session, cursor: &str, wait: &str) -> Result<Value, Failure> {
    session.call(Product::Coffer, "ListEvents", &[("Cursor", cursor), ("WaitSeconds", wait), ("MaxResults", "1000")])
}

fn line(event: &Value) -> Value {
    let pairs = event["Details"]["Detail"].as_array().into_iter().flatten();
    let detail: Map<String, Value> =
        pairs.filter_map(|pair| Some((pair["Name"].as_str()?.to_owned(), pair["Value"].clone()))).collect();
    json!({
        "Cursor": event["Cursor"],
        "Time": event["Time"],
        "Kind": event["Kind"],
        "RegionId": event["RegionId"],
        "ResourceType": event["ResourceType"],
        "ResourceId": event["ResourceId"],
        "Principal": event["Principal"],
        "RequestId": event["EventRequestId"],
        "Detail": detail,
    })
}
