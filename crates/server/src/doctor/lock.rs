//! Whoever has the data directory serves it.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::{Check, Data, Finding, Findings, Run, process};
use crate::client::Endpoint;
use crate::config::from_this_machine;
use crate::http;

pub(super) const CHECK: Check = Check { name: "lock", run: Run::Data(check) };

const PATIENCE: Duration = Duration::from_secs(2);

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
    let has = format!("{who} has {}", data.config.data.display());
    let is_known = listening.is_some() || named.is_some() || data.is_listen_said;
    if !is_known && TcpStream::connect_timeout(&from_this_machine(data.config.listen), PATIENCE).is_err() {
        let what = format!("{has}; nothing listens at {}, and where it does this user may not see", data.config.listen);
        let remedy = "say with --listen or COFFER_ENDPOINT where it listens, or ask as root; it may not listen yet";
        return Ok(vec![Finding::warning(what, remedy)]);
    }
    let places = addresses.iter().map(ToString::to_string).chain(named.map(|endpoint| endpoint.address.clone()));
    let places: Vec<String> = places.collect();
    let fault = match &places[..] {
        [] => "listens nowhere".to_owned(),
        places => format!("does not answer at {}", places.join(", ")),
    };
    let remedy = data.process.map_or_else(
        || "find it with lslocks; end it, or say with --listen where it listens".to_owned(),
        |process| format!("look at its log; if it hangs, end it: kill {process}"),
    );
    Ok(vec![Finding::error(format!("{has}, but {fault}"), remedy)])
}

fn plain(listening: SocketAddr) -> Endpoint {
    Endpoint { address: from_this_machine(listening).to_string(), tls: None }
}

/// Whether HTTP is spoken there, whatever is said.
fn answers(endpoint: &Endpoint) -> bool {
    http::get(endpoint, "/healthz").is_ok_and(|answer| answer.starts_with("HTTP/"))
}
