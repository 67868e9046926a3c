//! `cargo xtask test`: everything, added up.

use std::process::Command;

use crate::report::{self, Counts};
use crate::{deny, docs, e2e, fuzz, reached, tidy, tools};

/// A step: its name, and what it does.
type Step = (&'static str, fn() -> Result<Counts, String>);

const STEPS: [Step; 7] = [
    ("tidy", || tidy::run(false)),
    ("deny", deny::run),
    ("tools", tools::run),
    ("rust", rust),
    ("fuzz", || fuzz::run(&[])),
    ("clients", e2e::run),
    ("docs", docs::run),
];

/// Runs every step, also after one that failed, and adds up.
pub(crate) fn run() -> Counts {
    let mut total = Counts::default();
    for (place, (name, step)) in STEPS.iter().enumerate() {
        println!("==> [{}/{}] {name}", place + 1, STEPS.len());
        let counts = step().unwrap_or_else(|error| {
            report::failed(name, &error);
            Counts { failed: 1, ..Counts::default() }
        });
        println!("<== {name}: {counts}");
        total += counts;
    }
    // Once more at the end, where they are found.
    for line in report::failures() {
        println!("{line}");
    }
    total
}

fn rust() -> Result<Counts, String> {
    let mut cargo = Command::new(env!("CARGO"));
    let mut counts = reached::recorded(cargo.args(["test", "--workspace", "--no-fail-fast"]))?;
    let mut traces = Command::new(env!("CARGO"));
    traces.args(["test", "--package", "coffer", "--features", "otel", "--test", "cli", "traces::"]);
    counts += report::counted(&mut traces, report::cargo_line)?;
    Ok(counts)
}
