//! `cargo xtask docs`: the blocks of README.md and docs/*.md that stand under `<!-- run -->` do what they say.
//!
//! Each is run as it is against a fresh server; only `127.0.0.1:7600`, `"ID"`, `"SECRET"` and `coffer-data` become what that
//! server has, and `coffer` is the binary under test. What follows `   # ` in a block is what it must print, line by line. Under
//! `<!-- run in test mode -->` that server is in test mode. A block of `python pytest` or `go test` is a file of tests, which must pass.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::report::{self, Counts};
use crate::server;

const MARK: &str = "<!-- run -->";
const TEST_MARK: &str = "<!-- run in test mode -->";
const PLUGIN: &str = ".e2e/plugin";
const HELPER: &str = "clients/go/coffertest";
const PYTHON: &str = ".e2e/venv/bin/python";
const ID: &str = "LTAIdocsdocsdocsdocsdocs";
const SECRET: &str = "docsdocsdocsdocsdocsdocsdocsdo";

/// A marked block.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    /// `python`, `sh`, `python pytest` or `go test`.
    language: String,
    /// Whether its server is in test mode.
    in_test_mode: bool,
    text: String,
}

/// Runs them all.
pub(crate) fn run() -> Result<Counts, String> {
    let binary = server::build()?;
    // What the blocks import is what the clients' tests install.
    let mut install = Command::new("python3");
    report::success(install.args([
        "-c",
        "import sys; sys.path.insert(0, 'e2e'); import run; run.install_python(); run.install_plugin()",
    ]))?;
    let mut counts = Counts::default();
    for path in pages()? {
        let page = fs::read_to_string(&path).map_err(|error| error.to_string())?;
        for (number, block) in blocks(&page).iter().enumerate() {
            let name = format!("{}-{}", path.file_stem().unwrap_or_default().to_string_lossy(), number + 1);
            let outcome = play(&binary, &name, block);
            let place = format!("{}, block {}", path.display(), number + 1);
            match &outcome {
                Ok(()) => println!("{place}: as it says"),
                Err(error) => report::failed(&place, error),
            }
            counts.passed += u64::from(outcome.is_ok());
            counts.failed += u64::from(outcome.is_err());
        }
    }
    if counts == Counts::default() { Err("no page holds a block to run".to_owned()) } else { Ok(counts) }
}

fn pages() -> Result<Vec<PathBuf>, String> {
    let mut pages = vec![PathBuf::from("README.md")];
    for entry in fs::read_dir("docs").map_err(|error| error.to_string())? {
        let path = entry.map_err(|error| error.to_string())?.path();
        pages.extend(path.extension().is_some_and(|extension| extension == "md").then_some(path));
    }
    pages.sort();
    Ok(pages)
}

/// The marked blocks of a page.
fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if (line == MARK || line == TEST_MARK)
            && let Some(language) = lines.next().and_then(|fence| fence.strip_prefix("```"))
        {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push(Block {
                language: language.to_owned(),
                in_test_mode: line == TEST_MARK,
                text: text.join("\n"),
            });
        }
    }
    blocks
}

/// What a block says that it prints.
fn expected(block: &Block) -> Vec<&str> {
    block.text.lines().filter_map(|line| line.split_once("   # ").map(|(_, shown)| shown.trim())).collect()
}

/// Runs a block against a server of its own.
fn play(binary: &Path, name: &str, block: &Block) -> Result<(), String> {
    let here = std::env::current_dir().map_err(|error| error.to_string())?;
    let mut command = match block.language.as_str() {
        "python pytest" | "go test" => return play_tests(binary, name, block),
        "python" => Command::new(here.join(PYTHON)),
        "sh" => Command::new("sh"),
        other => return Err(format!("no way to run {other}")),
    };
    command.args(if block.language == "sh" { &["-e", "-c"][..] } else { &["-c"] });
    command.env("PATH", path_with(binary)?);
    let data = std::env::temp_dir().join(format!("coffer-docs-{}-{name}", std::process::id()));
    let (mut running, address) = start(binary, &data, block.in_test_mode)?;
    let data_text = data.to_string_lossy();
    let mut text = block.text.clone();
    let quoted = |text: &str| format!("\"{text}\"");
    for (written, meant) in [
        ("127.0.0.1:7600", address.as_str()),
        ("\"ID\"", &quoted(ID)),
        ("\"SECRET\"", &quoted(SECRET)),
        ("coffer-data", &data_text),
    ] {
        text = text.replace(written, meant);
    }
    // What a block writes must not stay, nor get among what belongs here.
    let place = data.with_extension("place");
    fs::create_dir_all(&place).map_err(|error| error.to_string())?;
    command.arg(text).current_dir(&place);
    let output = command.output().map_err(|error| format!("{command:?}: {error}"));
    let stopped = running.kill().and_then(|()| running.wait());
    for made in [&data, &place] {
        fs::remove_dir_all(made).map_err(|error| error.to_string())?;
    }
    stopped.map_err(|error| error.to_string())?;
    let output = output?;
    let printed = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return Err(format!("{}\n{}", output.status, String::from_utf8_lossy(&output.stderr)));
    }
    let printed: Vec<&str> = printed.lines().map(str::trim).collect();
    let expected = expected(block);
    if printed == expected { Ok(()) } else { Err(format!("it prints {printed:?} and says {expected:?}")) }
}

/// Runs a block of tests, which start the server that they need by themselves.
fn play_tests(binary: &Path, name: &str, block: &Block) -> Result<(), String> {
    let place = std::env::temp_dir().join(format!("coffer-docs-{}-{name}", std::process::id()));
    fs::create_dir_all(&place).map_err(|error| error.to_string())?;
    let here = std::env::current_dir().map_err(|error| error.to_string())?;
    let tests = if block.language == "go test" { go_tests(&here, &place, block) } else { pytest(&here, &place, block) };
    let output = tests.and_then(|mut tests| {
        tests.current_dir(&place).env("COFFER_BINARY", binary);
        tests.output().map_err(|error| format!("{tests:?}: {error}"))
    });
    fs::remove_dir_all(&place).map_err(|error| error.to_string())?;
    let output = output?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stdout).into_owned()) }
}

fn pytest(here: &Path, place: &Path, block: &Block) -> Result<Command, String> {
    fs::write(place.join("test_block.py"), &block.text).map_err(|error| error.to_string())?;
    let mut command = Command::new(here.join(PYTHON));
    command.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]).env("PYTHONPATH", here.join(PLUGIN));
    Ok(command)
}

/// In a module that needs what the helper needs, and the helper.
fn go_tests(here: &Path, place: &Path, block: &Block) -> Result<Command, String> {
    let helper = here.join(HELPER);
    let read = |name: &str| fs::read_to_string(helper.join(name)).map_err(|error| error.to_string());
    let needs = read("go.mod")?.replacen("module coffertest", "module block", 1);
    let module = format!("{needs}\nrequire coffertest v0.0.0\n\nreplace coffertest => {}\n", helper.display());
    for (name, text) in [("go.mod", &module), ("go.sum", &read("go.sum")?), ("block_test.go", &block.text)] {
        fs::write(place.join(name), text).map_err(|error| error.to_string())?;
    }
    let mut command = Command::new("go");
    command.args(["test", "-count=1", "."]);
    Ok(command)
}

/// The path, with the binary that is tried out before all others.
fn path_with(binary: &Path) -> Result<OsString, String> {
    let others = std::env::var_os("PATH").unwrap_or_default();
    let places = binary.parent().map(Path::to_owned).into_iter().chain(std::env::split_paths(&others));
    std::env::join_paths(places).map_err(|error| error.to_string())
}

/// Starts a server on fresh data; where it listens. It says so once it does.
fn start(binary: &Path, data: &Path, in_test_mode: bool) -> Result<(Child, String), String> {
    let mut serve = Command::new(binary);
    serve.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).env("RUST_LOG", "warn");
    serve.args(in_test_mode.then_some("--test-mode"));
    serve.env("COFFER_ROOT_ACCESS_KEY_ID", ID).env("COFFER_ROOT_ACCESS_KEY_SECRET", SECRET);
    let mut running = serve.stdout(Stdio::piped()).spawn().map_err(|error| format!("{serve:?}: {error}"))?;
    let mut output = BufReader::new(running.stdout.take().ok_or("no output")?);
    let mut line = String::new();
    while output.read_line(&mut line).map_err(|error| error.to_string())? > 0 {
        if let Some((_, rest)) = line.split_once("http://") {
            let address = rest.split_whitespace().next().unwrap_or_default().to_owned();
            // Kept open: what the server still has to say must not fail.
            running.stdout = Some(output.into_inner());
            return Ok((running, address));
        }
        line.clear();
    }
    Err("the server announced no endpoint".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_marked_blocks_are_found_with_what_they_print() {
        let page = "a\n```sh\nno\n```\n<!-- run -->\n```sh\nfirst   # one\nsecond # no\nthird    # two\n```\nrest\n\
                    <!-- run in test mode -->\n```go test\nx\n```";
        let found = blocks(page);
        let text = "first   # one\nsecond # no\nthird    # two".to_owned();
        let of_go = Block { language: "go test".to_owned(), in_test_mode: true, text: "x".to_owned() };
        assert_eq!(found, [Block { language: "sh".to_owned(), in_test_mode: false, text }, of_go]);
        assert_eq!(expected(&found[0]), ["one", "two"]);
    }
}
