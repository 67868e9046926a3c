//! `cargo xtask deny`: the dependencies held to `deny.toml`: licences, one version of each, from crates.io alone.

use std::path::Path;
use std::process::Command;

use crate::report::{self, Counts};

/// Where a `cargo-deny` that was not there is installed: inside the repository, so that nothing outside changes.
const TOOLS: &str = "target/tools";
/// `advisories` is left out: it needs a clone of the advisory database, and a step of the tests may only need the registry.
const CHECKS: [&str; 3] = ["licenses", "bans", "sources"];

/// Installs `cargo-deny` when it is absent, and makes each check.
pub(crate) fn run() -> Result<Counts, String> {
    let tool = tool()?;
    let mut counts = Counts::default();
    for check in CHECKS {
        let mut deny = Command::new(&tool);
        deny.args(["--locked", "check", "--hide-inclusion-graph", check]);
        match report::success(&mut deny) {
            Ok(passed) => counts += passed,
            Err(error) => {
                report::failed("deny", &error);
                counts.failed += 1;
            }
        }
    }
    Ok(counts)
}

/// The command: the one on the path, or ours.
fn tool() -> Result<String, String> {
    if Command::new("cargo-deny").arg("--version").output().is_ok_and(|output| output.status.success()) {
        return Ok("cargo-deny".to_owned());
    }
    let ours = format!("{TOOLS}/bin/cargo-deny");
    if !Path::new(&ours).exists() {
        let mut install = Command::new(env!("CARGO"));
        report::success(install.args(["install", "--locked", "cargo-deny", "--root", TOOLS]))?;
    }
    Ok(ours)
}
