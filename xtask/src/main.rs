//! Chores of the repository: `cargo xtask VERB`.

#![allow(clippy::print_stdout, reason = "a tool for the terminal")]

mod report;
mod tidy;

use std::path::Path;
use std::process::{Command, ExitCode};

use report::Counts;

const HELP: &str = "cargo xtask VERB
  test    everything: tidy, the Rust tests (the kill test among them), the official clients; ends with the counts
  tidy    layout, edges, sizes, formatting, lints; --fix formats
  e2e     the official clients against a built server
  coverage  what is served of the vendor's metadata, counted; --write makes docs/compatibility.md and docs/creation-matrix.md again
  bench   what it costs, against peers in the same run (release build)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        ["test"] => Ok(test()),
        ["tidy"] => tidy::run(false),
        ["tidy", "--fix"] => tidy::run(true),
        ["e2e"] => e2e(),
        ["bench"] => bench(),
        ["coverage"] => coverage(&[]),
        ["coverage", "--write"] => coverage(&["--write"]),
        _ => {
            eprintln!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(counts) => {
            println!("{counts}");
            if counts.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A step of `test`: its name, and what it does.
type Step = (&'static str, fn() -> Outcome);

/// A step's outcome: its counts, or why it could not run.
type Outcome = Result<Counts, String>;

/// Runs every step, also after one that failed, and adds up.
fn test() -> Counts {
    let steps: [Step; 3] = [("tidy", || tidy::run(false)), ("rust", rust), ("clients", e2e)];
    let mut total = Counts::default();
    for (place, (name, step)) in steps.iter().enumerate() {
        println!("==> [{}/{}] {name}", place + 1, steps.len());
        let counts = step().unwrap_or_else(|error| {
            eprintln!("{name}: {error}");
            Counts { failed: 1, ..Counts::default() }
        });
        println!("<== {name}: {counts}");
        total += counts;
    }
    total
}

fn rust() -> Outcome {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--workspace", "--no-fail-fast"]);
    report::counted(&mut cargo, report::cargo_line)
}

fn e2e() -> Outcome {
    let mut build = Command::new(env!("CARGO"));
    run(build.args(["build", "-p", "coffer"]))?;
    let binary = Path::new("target/debug/coffer").canonicalize().map_err(|error| error.to_string())?;
    let mut clients = Command::new("python3");
    clients.arg("e2e/run.py").env("COFFER_BINARY", binary);
    report::counted(&mut clients, report::closing_line)
}

fn coverage(arguments: &[&str]) -> Outcome {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "-p", "coffer-cloud", "--example", "coverage", "--"]).args(arguments);
    run(&mut cargo)?;
    Ok(Counts { passed: 1, ..Counts::default() })
}

fn bench() -> Outcome {
    let mut build = Command::new(env!("CARGO"));
    run(build.args(["build", "--release", "-p", "coffer", "-p", "coffer-bench"]))?;
    run(&mut Command::new("target/release/coffer-bench"))?;
    Ok(Counts { passed: 1, ..Counts::default() })
}

/// Runs a command whose success is all that matters.
fn run(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}")) }
}
