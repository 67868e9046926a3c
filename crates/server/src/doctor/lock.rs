//! Whoever has the data directory serves it.

use std::net::TcpStream;
use std::time::Duration;

use super::{Check, Data, Finding, Findings, Run};

pub(super) const CHECK: Check = Check { name: "lock", run: Run::Data(check) };

const PATIENCE: Duration = Duration::from_secs(2);

fn check(data: &Data) -> Findings {
    let listen = data.config.listen;
    if !data.is_served || TcpStream::connect_timeout(&listen, PATIENCE).is_ok() {
        return Ok(Vec::new());
    }
    let who = data.process.map_or_else(|| "a process".to_owned(), |process| format!("process {process}"));
    let what = format!("{who} has {}, but nothing answers at {listen}", data.config.data.display());
    let remedy = data.process.map_or_else(
        || "find it with lslocks; end it, or say with --listen where it listens".to_owned(),
        |process| {
            format!(
                "if it listens elsewhere, say so with --listen; if it hangs, look at its log and end it: kill {process}"
            )
        },
    );
    Ok(vec![Finding::error(what, remedy)])
}
