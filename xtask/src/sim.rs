//! `cargo xtask sim SEED`: one history of the simulation again, step by step.

use std::process::Command;

use crate::report::{self, Counts};

/// Plays it.
pub(crate) fn run(seed: &str) -> Result<Counts, String> {
    let seed: u64 = seed.parse().map_err(|_| format!("{seed} is no seed: a number is"))?;
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "-p", "coffer-cloud", "--test", "simulation", "every_history", "--", "--nocapture"]);
    report::counted(cargo.env("COFFER_SIM_SEED", seed.to_string()), report::cargo_line)
}
