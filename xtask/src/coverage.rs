//! `cargo xtask coverage`: what is served of the vendor's metadata, counted; `--write` makes docs/compatibility.md and docs/creation-matrix.md again.

use std::process::Command;

use crate::report::{self, Counts};

/// Counts, or writes.
pub(crate) fn run(arguments: &[&str]) -> Result<Counts, String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "-p", "coffer-cloud", "--example", "coverage", "--"]).args(arguments);
    report::success(&mut cargo)
}
