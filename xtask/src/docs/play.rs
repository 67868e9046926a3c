//! Blocks under `<!-- run -->`: each runs against a fresh server.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::page::{Block, Mark};

const PLUGIN: &str = ".e2e/plugin";
pub(super) const HELPER: &str = "clients/go/coffertest";
const PYTHON: &str = ".e2e/venv/bin/python";
const ID: &str = "LTAIdocsdocsdocsdocsdocs";
const SECRET: &str = "docsdocsdocsdocsdocsdocsdocsdo";

/// A directory for what is done under that name.
pub(super) fn place(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("coffer-docs-{}-{name}", std::process::id()))
}

/// What a block says that it prints.
fn expected(block: &Block) -> Vec<&str> {
    block.text.lines().filter_map(|line| line.split_once("   # ").map(|(_, shown)| shown.trim())).collect()
}

/// Runs a block against a server of its own.
pub(super) fn play(binary: &Path, name: &str, block: &Block) -> Result<(), String> {
    let here = std::env::current_dir().map_err(|error| error.to_string())?;
    let mut command = match block.language.as_str() {
        "python pytest" | "go test" => return play_tests(binary, name, block),
        "python" => Command::new(here.join(PYTHON)),
        "sh" => Command::new("sh"),
        other => return Err(format!("no way to run {other}")),
    };
    command.args(if block.language == "sh" { &["-e", "-c"][..] } else { &["-c"] });
    command.env("PATH", path_with(binary)?);
    let data = place(name);
    let in_test_mode = block.mark == Some(Mark::InTestMode);
    let (mut running, address) = start(binary, &data, if in_test_mode { &["--test-mode"] } else { &[] })?;
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
    let place = self::place(&[name, "-place"].concat());
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
    let place = place(name);
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

fn go_tests(here: &Path, place: &Path, block: &Block) -> Result<Command, String> {
    write_go_module(place, &here.join(HELPER).to_string_lossy(), &block.text)?;
    let mut command = Command::new("go");
    command.args(["test", "-count=1", "."]);
    Ok(command)
}

/// Writes a module of tests, which needs what the helper needs, and the helper, which is found there.
pub(super) fn write_go_module(place: &Path, helper: &str, tests: &str) -> Result<(), String> {
    let read = |name: &str| fs::read_to_string(Path::new(HELPER).join(name)).map_err(|error| error.to_string());
    let needs = read("go.mod")?.replacen("module coffertest", "module block", 1);
    let module = format!("{needs}\nrequire coffertest v0.0.0\n\nreplace coffertest => {helper}\n");
    for (name, text) in [("go.mod", module.as_str()), ("go.sum", &read("go.sum")?), ("block_test.go", tests)] {
        fs::write(place.join(name), text).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// The path, with the binary that is tried out and what the clients' tests install before all others.
pub(super) fn path_with(binary: &Path) -> Result<OsString, String> {
    let here = std::env::current_dir().map_err(|error| error.to_string())?;
    let ours = [binary.parent().map(Path::to_owned), here.join(PYTHON).parent().map(Path::to_owned)];
    let others = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(ours.into_iter().flatten().chain(std::env::split_paths(&others)))
        .map_err(|error| error.to_string())
}

/// Starts a server on fresh data; where it listens. It says so once it does.
pub(super) fn start(binary: &Path, data: &Path, more: &[&str]) -> Result<(Child, String), String> {
    let mut serve = Command::new(binary);
    serve.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).args(more).env("RUST_LOG", "warn");
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
    fn what_follows_three_blanks_and_a_sign_is_what_a_block_prints() {
        let text = "first   # one\nsecond # no\nthird    # two".to_owned();
        let block = Block { line: 1, mark: Some(Mark::Served), language: "sh".to_owned(), text };
        assert_eq!(expected(&block), ["one", "two"]);
    }
}
