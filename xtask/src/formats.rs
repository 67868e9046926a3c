//! `cargo xtask formats`: data directories as released versions left them, served by today's server; `--write` puts today's on record.

use std::process::Command;

use crate::report::{self, Counts};

/// Opens them, or makes one of this version first.
pub(crate) fn run(write: bool) -> Result<Counts, String> {
    let test = |name: &str| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["test", "--quiet", "-p", "coffer", "--test", "cli", name]);
        cargo
    };
    if write {
        let mut made = test("formats::a_data_directory_of_this_version");
        report::success(made.env("COFFER_FORMATS_WRITE", "1"))?;
    }
    report::counted(&mut test("formats::"), report::cargo_line)
}
