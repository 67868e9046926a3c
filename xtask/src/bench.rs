//! `cargo xtask bench`: what it costs, against peers in the same run.

use std::process::Command;

use crate::report::{self, Counts};

/// Builds with optimisation and measures everything, or what `coffer-bench` is told to.
pub(crate) fn run(arguments: &[&str]) -> Result<Counts, String> {
    let mut build = Command::new(env!("CARGO"));
    report::success(build.args(["build", "--release", "-p", "coffer", "-p", "coffer-bench"]))?;
    report::success(Command::new("target/release/coffer-bench").args(arguments))
}
