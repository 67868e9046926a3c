//! What is served of what the vendor's metadata describes: prints the counts, and with `--write` makes
//! `docs/compatibility.md`, `docs/creation-matrix.md` and `docs/key-states.md` again. With `--reached FOLDER`, which errors tests were answered with.
//! Run by `cargo xtask coverage` and `cargo xtask reached`.

#![allow(clippy::print_stdout, reason = "a tool for the terminal")]

#[path = "../tests/conformance/document.rs"]
mod document;
#[allow(dead_code, reason = "the conformance test uses all of it")]
#[path = "../tests/conformance/exceptions.rs"]
mod exceptions;
#[path = "../tests/conformance/gaps.rs"]
mod gaps;
#[path = "../tests/key_states/matrix.rs"]
mod matrix;
#[path = "../tests/creation_matrix/oracle.rs"]
mod oracle;
#[path = "../tests/creation_matrix/page.rs"]
mod page;
#[path = "../tests/conformance/reached.rs"]
mod reached;
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
        ["--write"] => {
            let mut outcome = ExitCode::SUCCESS;
            for (path, text) in
                [(document::PATH, document::page()), (page::PATH, page::page()), (matrix::PATH, matrix::page())]
            {
                if let Err(error) = std::fs::write(path, text) {
                    eprintln!("{path}: {error}");
                    outcome = ExitCode::FAILURE;
                }
            }
            outcome
        }
        ["--reached", folder] => {
            let (count, findings) = reached::report(folder.as_ref());
            for finding in &findings {
                eprintln!("{finding}");
            }
            println!("{count}");
            if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        _ => {
            eprintln!("coverage [--write | --reached FOLDER]");
            ExitCode::from(2)
        }
    }
}
