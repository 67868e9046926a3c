//! `cargo xtask golden`: the exact bytes of every operation's answers against those on record; `--write` records them again.

use std::process::Command;

use crate::report::{self, Counts};

/// Compares, or writes.
pub(crate) fn run(write: bool) -> Result<Counts, String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--quiet", "-p", "coffer-cloud", "--test", "golden"]);
    if write {
        cargo.env("COFFER_GOLDEN_WRITE", "1");
    }
    report::counted(&mut cargo, report::cargo_line)
}
