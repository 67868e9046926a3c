//! Commands run, and counts of tests read from what test runners print.

use std::fmt;
use std::io::{BufRead as _, BufReader};
use std::ops::AddAssign;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// How many lines are kept of what a failed test says, and how many characters of each.
const MOST_LINES: usize = 8;
const MOST_CHARS: usize = 300;
/// What test runners other than cargo's begin the line of a failed test with: pytest, go, Maven, Node.
const FAILURES: [&str; 4] = ["FAILED ", "--- FAIL: ", "[ERROR] ", "not ok "];

/// What failed, for the end of a long run.
static FAILED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Says what failed, now and at the end.
pub(crate) fn failed(what: &str, why: &str) {
    eprintln!("{what}: {why}");
    note(&format!("{what}: {why}"));
}

/// Keeps a line on what failed.
fn note(line: &str) {
    let line = line.chars().take(MOST_CHARS).collect();
    FAILED.lock().unwrap_or_else(PoisonError::into_inner).push(line);
}

/// The lines on what failed until now.
pub(crate) fn failures() -> Vec<String> {
    std::mem::take(&mut *FAILED.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Finds the lines on what failed in what a test runner prints.
#[derive(Default)]
struct Watch {
    /// How many more lines belong to the failed test whose output was begun.
    left: usize,
}

impl Watch {
    /// Whether a line is to be kept.
    fn keeps(&mut self, line: &str) -> bool {
        if line.starts_with("---- ") && line.ends_with(" stdout ----") {
            self.left = MOST_LINES;
            return true;
        }
        if line == "stack backtrace:" || line == "failures:" {
            self.left = 0;
        }
        let belongs = self.left > 0 && !line.is_empty();
        self.left -= usize::from(belongs);
        belongs || FAILURES.iter().any(|start| line.trim_start().starts_with(start))
    }
}

/// How many tests passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// Runs a command, shows what it prints, and adds up the counts that `read` finds in its lines. A command that fails without a
/// failed test counts as one failure; one that ran no test does too.
pub(crate) fn counted(command: &mut Command, read: fn(&str) -> Option<Counts>) -> Result<Counts, String> {
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| format!("{command:?}: {error}"))?;
    let output = child.stdout.take().ok_or("no output")?;
    let (mut total, mut watch) = (Counts::default(), Watch::default());
    for line in BufReader::new(output).lines() {
        let line = line.map_err(|error| error.to_string())?;
        println!("{line}");
        if watch.keeps(&line) {
            note(&line);
        }
        if let Some(counts) = read(&line) {
            total += counts;
        }
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    if total.failed == 0 && (!status.success() || total == Counts::default()) {
        total.failed = 1;
    }
    Ok(total)
}

/// What a command prints. One that fails is an error, with what it says of that.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("{command:?}: {error}"))
}

/// The files of a pattern that git knows or would add.
pub(crate) fn files(pattern: &str) -> Result<Vec<PathBuf>, String> {
    let mut git = Command::new("git");
    let listed = output(git.args(["ls-files", "--cached", "--others", "--exclude-standard", pattern]))?;
    Ok(listed.lines().map(PathBuf::from).filter(|path| path.exists()).collect())
}

/// Runs a command whose success is all that matters: one that passed.
pub(crate) fn success(command: &mut Command) -> Result<Counts, String> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(Counts { passed: 1, ..Counts::default() }) } else { Err(format!("{command:?}: {status}")) }
}

/// `test result: ok. 5 passed; 0 failed; 1 ignored; …`
pub(crate) fn cargo_line(line: &str) -> Option<Counts> {
    let rest = line.strip_prefix("test result: ")?;
    let number =
        |word: &str| rest.split(['.', ';']).find_map(|part| part.trim().strip_suffix(word)?.trim().parse().ok());
    Some(Counts { passed: number("passed")?, failed: number("failed")?, skipped: number("ignored")? })
}

/// `5 passed, 0 failed, 1 skipped`
pub(crate) fn closing_line(line: &str) -> Option<Counts> {
    let mut parts = line.split(", ");
    let mut number = |word: &str| parts.next()?.strip_suffix(word)?.trim().parse().ok();
    Some(Counts { passed: number("passed")?, failed: number("failed")?, skipped: number("skipped")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_failed_test_its_name_and_first_words_are_kept() {
        let lines = [
            "test a ... FAILED",
            "---- a stdout ----",
            "",
            "thread 'a' panicked at x.rs:1:1:",
            "it is so",
            "stack backtrace:",
            "   0: main",
            "failures:",
            "    a",
            "FAILED test_b.py::test_c - assert 1 == 2",
            "ok",
        ];
        let mut watch = Watch::default();
        let kept: Vec<&str> = lines.into_iter().filter(|line| watch.keeps(line)).collect();
        let expected = [1, 3, 4, 9].map(|place| lines[place]);
        assert_eq!(kept, expected);
    }

    #[test]
    fn the_lines_of_both_runners_are_read() {
        let cargo = "test result: FAILED. 5 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        let expected = Counts { passed: 5, failed: 2, skipped: 1 };
        assert_eq!(cargo_line(cargo), Some(expected));
        assert_eq!(closing_line("5 passed, 2 failed, 1 skipped"), Some(expected));
        assert_eq!(closing_line("nothing of the kind"), None);
        assert_eq!(cargo_line("running 5 tests"), None);
    }
}
