//! What is served of what the vendor's metadata describes: prints the counts, and with `--write` makes `docs/compatibility.md` again.
//! Run by `cargo xtask coverage`.

#![allow(clippy::print_stdout, reason = "a tool for the terminal")]

#[path = "../tests/conformance/document.rs"]
mod document;
#[allow(dead_code, reason = "the conformance test uses all of it")]
#[path = "../tests/conformance/exceptions.rs"]
mod exceptions;
#[path = "../tests/conformance/gaps.rs"]
mod gaps;
#[allow(dead_code, reason = "the conformance test uses all of it")]
#[path = "../tests/conformance/sources.rs"]
mod sources;
#[allow(dead_code, reason = "the conformance test uses all of it")]
#[path = "../tests/conformance/vendor.rs"]
mod vendor;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => {
            print!("{}", document::summary());
            ExitCode::SUCCESS
        }
        ["--write"] => match std::fs::write(document::PATH, document::page()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{}: {error}", document::PATH);
                ExitCode::FAILURE
            }
        },
        _ => {
            eprintln!("coverage [--write]");
            ExitCode::from(2)
        }
    }
}
