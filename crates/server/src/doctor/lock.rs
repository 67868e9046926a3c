//! Whoever has the data directory serves it.

use std::net::SocketAddr;

use super::{Check, Data, Finding, Findings, Run, process};
use crate::client::Endpoint;
use crate::config::from_this_machine;
use crate::http;

pub(super) const CHECK: Check = Check { name: "lock", run: Run::Data(check) };

fn check(data: &Data) -> Findings {
    if !data.is_served {
        return Ok(Vec::new());
    }
    // Where it listens is what the kernel says, if that may be seen: the settings may be of another start.
    let listening = data.process.and_then(process::listening);
    let addresses = listening.clone().unwrap_or_else(|| vec![data.config.listen]);
    let named = data.endpoint.as_ref().filter(|_| listening.is_none());
    if addresses.iter().any(|address| answers(&plain(*address))) || named.is_some_and(answers) {
        return Ok(Vec::new());
    }
    let who = data.process.map_or_else(|| "a process".to_owned(), |process| format!("process {process}"));
    let places = addresses.iter().map(ToString::to_string).chain(named.map(|endpoint| endpoint.address.clone()));
    let places: Vec<String> = places.collect();
    let fault = if places.is_empty() {
        "listens nowhere".to_owned()
    } else {
        format!("does not answer at {}", places.join(", "))
    };
    let what = format!("{who} has {}, but {fault}", data.config.data.display());
    let remedy = data.process.map_or_else(
        || "find it with lslocks; end it, or say with --listen where it listens".to_owned(),
        |process| format!("look at its log; if it hangs, end it: kill {process}"),
    );
    Ok(vec![Finding::error(what, remedy)])
}

fn plain(listening: SocketAddr) -> Endpoint {
    Endpoint { address: from_this_machine(listening).to_string(), tls: None }
}

/// Whether HTTP is spoken there, whatever is said.
fn answers(endpoint: &Endpoint) -> bool {
    http::get(endpoint, "/healthz").is_ok_and(|answer| answer.starts_with("HTTP/"))
}
