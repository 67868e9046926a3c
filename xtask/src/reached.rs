//! `cargo xtask reached`: whether tests were answered with every error of the catalogue.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::report::{self, Counts};

/// Runs the service's tests and checks what they were answered with.
pub(crate) fn run() -> Result<Counts, String> {
    let mut cargo = Command::new(env!("CARGO"));
    recorded(cargo.args(["test", "--quiet", "-p", "coffer-cloud"]))
}

/// Runs tests, the service's among them, and checks what they were answered with: that counts as one test more.
pub(crate) fn recorded(tests: &mut Command) -> Result<Counts, String> {
    let folder = folder()?;
    let mut counts = report::counted(tests.env("COFFER_REACHED", &folder), report::cargo_line)?;
    let mut check = Command::new(env!("CARGO"));
    check.args(["run", "--quiet", "-p", "coffer-cloud", "--example", "coverage", "--", "--reached"]).arg(folder);
    counts += report::success(&mut check).unwrap_or_else(|error| {
        report::failed("reached", &error);
        Counts { failed: 1, ..Counts::default() }
    });
    Ok(counts)
}

/// An empty folder to record in.
fn folder() -> Result<PathBuf, String> {
    let failed = |error: std::io::Error| format!("target/reached: {error}");
    let folder = std::env::current_dir().map_err(failed)?.join("target/reached");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(failed)?;
    }
    fs::create_dir_all(&folder).map_err(failed)?;
    Ok(folder)
}
