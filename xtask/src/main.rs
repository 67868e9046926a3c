//! Chores of the repository: `cargo xtask VERB`. One verb is one file.

#![allow(clippy::print_stdout, reason = "a tool for the terminal")]

mod bench;
mod coverage;
mod deny;
mod docs;
mod e2e;
mod formats;
mod fuzz;
mod golden;
mod name;
mod new_operation;
mod package;
mod reached;
mod report;
mod sbom;
mod server;
mod sim;
mod test;
mod tidy;
mod tools;
mod trial;

use std::process::ExitCode;

const HELP: &str = "cargo xtask VERB
  test    everything: tidy, deny, tools, the Rust tests (the kill test among them), fuzz, the official clients, docs; ends with what failed and the counts
  tools   the NBD clients and other programs that the Rust tests run; installs what is absent
  tidy    layout, edges, sizes, formatting, lints; --fix formats
  deny    the dependencies held to deny.toml; installs cargo-deny when it is absent
  new-operation PRODUCT ACTION  begins one from the vendor's metadata: its file, its line, its sample
  golden  the exact bytes of every operation's answers against those on record; --write records them again
  formats  data directories as released versions left them, served by today's; --write puts today's on record, for a release
  sim SEED  one history of the simulation, step by step; the Rust tests play some
  fuzz [TARGET] [--seconds N]  what comes in through the port, fuzzed
  e2e     the official clients against a built server
  docs    the blocks of the documents, run or checked, each against a fresh server; their links; the example for CI
  coverage  what is served of the vendor's metadata, counted; --write makes docs/compatibility.md and docs/creation-matrix.md again
  reached  whether the tests of coffer-cloud were answered with every error of the catalogue
  package  the release binary, a Debian package and the bill of materials, reproducibly; then tried; --binary FILE packs one that is built;
           --try [SUITE] installs, runs, upgrades and removes it in a clean Debian that systemd boots (as root; installs what it needs)
  bench   what it costs, against peers in the same run (release build)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        ["test"] => Ok(test::run()),
        ["tidy"] => tidy::run(false),
        ["tidy", "--fix"] => tidy::run(true),
        ["tools"] => tools::run(),
        ["deny"] => deny::run(),
        ["e2e"] => e2e::run(),
        ["new-operation", product, action] => new_operation::run(product, action),
        ["formats"] => formats::run(false),
        ["formats", "--write"] => formats::run(true),
        ["golden"] => golden::run(false),
        ["golden", "--write"] => golden::run(true),
        ["reached"] => reached::run(),
        ["sim", seed] => sim::run(seed),
        ["fuzz", ref arguments @ ..] => fuzz::run(arguments),
        ["package", ref arguments @ ..] => package::run(arguments),
        ["docs"] => docs::run(),
        ["bench", ref arguments @ ..] => bench::run(arguments),
        ["coverage"] => coverage::run(&[]),
        ["coverage", "--write"] => coverage::run(&["--write"]),
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
