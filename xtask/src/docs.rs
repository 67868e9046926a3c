//! `cargo xtask docs`: the blocks of every page say what is so. A page is a file `*.md` of the repository.
//!
//! | block | is held to be so |
//! | --- | --- |
//! | under `<!-- run -->`, or `<!-- run in test mode -->` | run as it is against a fresh server of its own; what follows `   # ` is what it prints, line by line. `127.0.0.1:7600`, `"ID"`, `"SECRET"` and `coffer-data` become what that server has. One of `python pytest` or `go test` is a file of tests, which must pass |
//! | `console` | a transcript: the page's commands in one session, and what they print (`session`, `names`) |
//! | `toml` | a server starts with that configuration |
//! | `synopsis` | each line is a call of `coffer` that `--help` of the verb agrees with |
//! | `text` | a drawing, or a text that is nothing to type: no line begins with a program's name |
//! | in `ELSEWHERE` | not at all here, for the reason that stands there |
//!
//! Any other block is a failure. So are a call of `coffer` or `cargo xtask` amid a sentence that these do not know, and a link to a
//! file or a heading that is not there. The example for CI is played too, step by step (`workflow`).

mod configuration;
mod links;
mod names;
mod page;
mod play;
mod session;
mod synopsis;
mod workflow;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::report::{self, Counts};
use crate::{HELP, server};
use page::Block;
use session::Session;

/// Blocks that can't be run here: the page, how the block begins, and why not.
const ELSEWHERE: [(&str, &str, &str); 5] = [
    ("docs/container.md", "podman build", "needs podman, an image registry and a release build; it was run by hand"),
    (
        "README.md",
        "cargo run --release -- serve",
        "a release build, and all tests, of which this is one; docs/first-five-minutes.md runs the server",
    ),
    (
        "docs/operations.md",
        "apt install",
        "needs root and a machine to install on; `cargo xtask package` tries the package",
    ),
    (
        "metadata/README.md",
        "python3 -m venv venv",
        "needs the vendor's metadata, which is elsewhere; the conformance tests hold the code to what came of it",
    ),
    (
        "examples/terraform/README.md",
        "coffer serve --test-mode",
        "needs Terraform and its provider; e2e/terraform/run.sh does the same where they are",
    ),
];
/// What a line of a drawing does not begin with.
const PROGRAMS: [&str; 14] = [
    "$",
    "coffer",
    "cargo",
    "curl",
    "aliyun",
    "terraform",
    "docker",
    "apt",
    "apt-get",
    "pip",
    "python3",
    "go",
    "sudo",
    "export",
];
const CONFIGURATION: &str = "packaging/coffer.toml";

/// Checks them all.
pub(crate) fn run() -> Result<Counts, String> {
    let binary = server::build()?;
    // What the blocks import is what the clients' tests install.
    let mut install = Command::new("python3");
    report::success(install.args([
        "-c",
        "import sys; sys.path.insert(0, 'e2e'); import run; run.install_python(); run.install_plugin()",
    ]))?;
    let program = fs::read_to_string(workflow::PROGRAM).map_err(|error| error.to_string())?;
    let program = page::blocks(&program)?;
    // What it installs takes as long as all the rest.
    std::thread::scope(|scope| {
        let steps = scope.spawn(|| workflow::play(&binary, &program));
        let counts = check_pages(&binary);
        let steps = steps.join().map_err(|_| "playing the example for CI panicked".to_owned())?;
        let mut counts = counts?;
        tell(&mut counts, workflow::WORKFLOW, steps.map(|steps| println!("{}: {steps} steps", workflow::WORKFLOW)));
        Ok(counts)
    })
}

fn check_pages(binary: &Path) -> Result<Counts, String> {
    let mut counts = Counts::default();
    let mut met = BTreeSet::new();
    let mut calls = BTreeSet::new();
    for path in pages()? {
        let page = fs::read_to_string(&path).map_err(|error| error.to_string())?;
        counts += check_page(binary, &path, &page, &mut met)?;
        calls.extend(synopsis::spans(&page));
        tell(&mut counts, &format!("{}, links", path.display()), links::check(&path, &page));
    }
    for known in ELSEWHERE.iter().filter(|known| !met.contains(known)) {
        tell(&mut counts, &format!("{}, {:?}", known.0, known.1), Err("is no block any more".to_owned()));
    }
    for call in calls {
        let outcome = call.strip_prefix("cargo xtask ").map_or_else(|| synopsis::check(binary, &call), check_chore);
        tell(&mut counts, &format!("`{call}`"), outcome);
    }
    let text = fs::read_to_string(CONFIGURATION).map_err(|error| error.to_string())?;
    tell(&mut counts, CONFIGURATION, configuration::check(binary, "packaging", &text));
    Ok(counts)
}

fn check_page(
    binary: &Path,
    path: &Path,
    page: &str,
    met: &mut BTreeSet<&(&str, &str, &str)>,
) -> Result<Counts, String> {
    let mut counts = Counts::default();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut session = None;
    let blocks = match page::blocks(page) {
        Ok(blocks) => blocks,
        Err(error) => {
            tell(&mut counts, &path.display().to_string(), Err(error));
            return Ok(counts);
        }
    };
    for block in blocks {
        let place = format!("{}:{}", path.display(), block.line);
        let is_it = |(page, begins, _): &&(&str, &str, &str)| path == Path::new(page) && block.text.starts_with(begins);
        if let Some(known) = ELSEWHERE.iter().find(is_it) {
            met.insert(known);
            println!("{place}: not here: {}", known.2);
            continue;
        }
        let name = format!("{stem}-{}", block.line);
        let outcome = if block.mark.is_none() && block.language == "console" {
            let session = match &mut session {
                Some(session) => session,
                none => none.insert(Session::start(binary, &name)?),
            };
            session.play(&block)
        } else {
            check_block(binary, &name, &block)
        };
        tell(&mut counts, &place, outcome);
    }
    Ok(counts)
}

/// Checks a block that stands for itself.
fn check_block(binary: &Path, name: &str, block: &Block) -> Result<(), String> {
    match (block.mark, block.language.as_str()) {
        (Some(_), _) => play::play(binary, name, block),
        (None, "toml") => configuration::check(binary, name, &block.text),
        (None, "synopsis") => block.text.lines().try_for_each(|line| synopsis::check(binary, line)),
        (None, "text") => check_drawing(&block.text),
        (None, language) => Err(format!("a block of {language:?} is neither run nor of a kind that is checked")),
    }
}

fn check_drawing(text: &str) -> Result<(), String> {
    let command = text.lines().find(|line| PROGRAMS.contains(&line.split_whitespace().next().unwrap_or_default()));
    command.map_or(Ok(()), |line| Err(format!("{line:?} is a command: it must be run")))
}

/// Checks that there is a verb of `cargo xtask`.
fn check_chore(call: &str) -> Result<(), String> {
    let verb = call.split(' ').next().unwrap_or_default();
    if chores().any(|known| known == verb) { Ok(()) } else { Err(format!("cargo xtask has no {verb}")) }
}

/// The verbs of `cargo xtask`.
fn chores() -> impl Iterator<Item = &'static str> {
    HELP.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
}

fn tell(counts: &mut Counts, what: &str, outcome: Result<(), String>) {
    counts.passed += u64::from(outcome.is_ok());
    counts.failed += u64::from(outcome.is_err());
    match outcome {
        Ok(()) => println!("{what}: as it says"),
        Err(error) => report::failed(what, &error),
    }
}

/// Every page that git knows or would add.
fn pages() -> Result<Vec<PathBuf>, String> {
    let mut pages = report::files("*.md")?;
    pages.sort();
    Ok(pages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_is_neither_run_nor_of_a_checked_kind_fails() {
        let block = |language: &str| Block { line: 1, mark: None, language: language.to_owned(), text: "x".to_owned() };
        for language in ["", "sh", "bash", "python", "go", "hcl", "json", "yaml"] {
            assert!(check_block(Path::new("/"), "x", &block(language)).is_err(), "{language}");
        }
        assert_eq!(check_block(Path::new("/"), "x", &block("text")), Ok(()));
        assert!(check_drawing("a\n  curl http://x\n").is_err());
    }

    #[test]
    fn every_chore_is_in_the_table_of_the_contributors() {
        let table = include_str!("../../CONTRIBUTING.md");
        for verb in chores() {
            assert!(table.contains(&format!("| `cargo xtask {verb}")), "{verb}");
            assert_eq!(check_chore(verb), Ok(()));
        }
        assert!(chores().count() > 5 && check_chore("absent").is_err());
    }
}
