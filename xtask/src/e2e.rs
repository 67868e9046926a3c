//! `cargo xtask e2e`: the official clients against a built server.

use std::process::Command;

use crate::report::{self, Counts};
use crate::server;

/// Builds the server and runs every client's tests.
pub(crate) fn run() -> Result<Counts, String> {
    let mut clients = Command::new("python3");
    clients.arg("e2e/run.py").env("COFFER_BINARY", server::build()?);
    report::counted(&mut clients, report::closing_line)
}
