//! The transcripts of a page: blocks of `console`, in which `$ ` begins a command, `> ` goes on with it, and the rest is what it
//! prints, to standard output or error. All of a page are one session in an empty home directory. `cargo run --release -- ` is the
//! binary under test; a server serves on a port of its own, which is shown as 7600, until the page is over.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::names::Names;
use super::page::Block;
use super::play;

/// What the home directory is called in a transcript.
const HOME: &str = "/home/you";
const ADDRESS: &str = "127.0.0.1:7600";
/// What the shell says after each command.
const DONE: &str = "--the-command-is-done--";

/// A shell, and servers that were started from it.
pub(super) struct Session {
    place: PathBuf,
    /// A file for the command that is run.
    command: PathBuf,
    path: std::ffi::OsString,
    shell: (Child, ChildStdin, BufReader<ChildStdout>),
    servers: Vec<(Child, BufReader<ChildStdout>)>,
    address: Option<String>,
    names: Names,
}

/// A command, and what it is to print.
#[derive(Debug, PartialEq, Eq)]
struct Step<'a> {
    command: String,
    shown: Vec<&'a str>,
}

impl Session {
    pub(super) fn start(binary: &Path, name: &str) -> Result<Self, String> {
        let place = play::place(name);
        fs::create_dir_all(&place).map_err(|error| error.to_string())?;
        let path = play::path_with(binary)?;
        let mut shell = command_in(&place, &path, "sh");
        let mut child = shell.stdin(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
        let input = child.stdin.take().ok_or("no input")?;
        let output = BufReader::new(child.stdout.take().ok_or("no output")?);
        let shell = (child, input, output);
        let command = play::place(&[name, "-command"].concat());
        fs::write(&command, "").map_err(|error| error.to_string())?;
        Ok(Self { place, command, path, shell, servers: Vec::new(), address: None, names: Names::default() })
    }

    /// Does what a block says.
    pub(super) fn play(&mut self, block: &Block) -> Result<(), String> {
        for Step { command, shown } in steps(&block.text)? {
            let mut command = self.names.put_into(&command)?.replace("cargo run --release -- ", "coffer ");
            if command.starts_with("coffer serve") {
                self.serve(&command, &shown)?;
                continue;
            }
            command = command.replace(HOME, &self.place.to_string_lossy());
            if let Some(address) = &self.address {
                command = command.replace(ADDRESS, address);
            }
            let printed = self.ask(&command)?;
            let printed: Vec<String> = printed.iter().map(|line| self.as_shown(line)).collect();
            self.learn(&command, &shown, &printed)?;
        }
        Ok(())
    }

    fn learn(&mut self, command: &str, shown: &[&str], printed: &[String]) -> Result<(), String> {
        let printed: Vec<&str> = printed.iter().map(String::as_str).filter(|line| !line.is_empty()).collect();
        let is_so = self.names.learn(shown, &printed);
        if is_so {
            Ok(())
        } else {
            Err(format!("`{command}` prints\n{}\nand not\n{}", printed.join("\n"), shown.join("\n")))
        }
    }

    /// A line as a transcript shows it.
    fn as_shown(&self, line: &str) -> String {
        let line = line.replace(&*self.place.to_string_lossy(), HOME);
        self.address.as_ref().map_or_else(|| line.clone(), |address| line.replace(address, ADDRESS))
    }

    /// Gives the shell a command; what it printed.
    fn ask(&mut self, command: &str) -> Result<Vec<String>, String> {
        // From a file, for one that is left open to end there; and what it would read must not be the next one.
        fs::write(&self.command, command).map_err(|error| error.to_string())?;
        let (_, input, output) = &mut self.shell;
        let file = self.command.display();
        let ask = [
            "(exit ${status_before:-0})".to_owned(),
            format!("{{ . {file}; }} </dev/null 2>&1"),
            "status_before=$?".to_owned(),
            format!("printf '\\n%s\\n' {DONE}\n"),
        ];
        input.write_all(ask.join("\n").as_bytes()).map_err(|error| error.to_string())?;
        let mut printed = Vec::new();
        for line in output.lines() {
            let line = line.map_err(|error| error.to_string())?;
            if line == DONE {
                return Ok(printed);
            }
            printed.push(line);
        }
        Err(format!("`{command}` ended the shell after {printed:?}"))
    }

    /// Starts a server and reads what it says until all that is shown was said.
    fn serve(&mut self, command: &str, shown: &[&str]) -> Result<(), String> {
        let mut serve = command_in(&self.place, &self.path, "sh");
        serve.args(["-c", &format!("exec {command}")]).env("COFFER_LISTEN", "127.0.0.1:0").env("RUST_LOG", "warn");
        let mut child = serve.spawn().map_err(|error| error.to_string())?;
        let output = BufReader::new(child.stdout.take().ok_or("no output")?);
        self.servers.push((child, output));
        let mut printed: Vec<String> = Vec::new();
        loop {
            let (_, output) = self.servers.last_mut().ok_or("no server")?;
            let mut line = String::new();
            let is_over = output.read_line(&mut line).map_err(|error| error.to_string())? == 0;
            if let Some((_, rest)) = line.split_once("http://")
                && self.address.is_none()
            {
                self.address = rest.split_whitespace().next().map(str::to_owned);
            }
            printed.push(self.as_shown(line.trim_end()));
            let outcome = self.learn(command, shown, &printed);
            if is_over || outcome.is_ok() {
                return outcome;
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let servers = self.servers.iter_mut().map(|(server, _)| server);
        for child in servers.chain([&mut self.shell.0]) {
            let ended = child.kill().and_then(|()| child.wait());
            ended.unwrap_or_else(|error| panic!("a process of a transcript can't be ended: {error}"));
        }
        fs::remove_file(&self.command).unwrap_or_else(|error| panic!("{}: {error}", self.command.display()));
        fs::remove_dir_all(&self.place).unwrap_or_else(|error| panic!("{}: {error}", self.place.display()));
    }
}

/// A program that knows of nothing but its home.
fn command_in(place: &Path, path: &std::ffi::OsStr, program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", path)
        .env("HOME", place)
        .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
        .current_dir(place)
        .stdout(Stdio::piped());
    command
}

fn steps(text: &str) -> Result<Vec<Step<'_>>, String> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step { command: command.to_owned(), shown: Vec::new() });
            continue;
        }
        let step = steps.last_mut().ok_or("a transcript begins with `$ ` and a command")?;
        let more = if line == ">" { Some("") } else { line.strip_prefix("> ") };
        match more {
            Some(more) if step.shown.is_empty() => step.command = [&step.command, "\n", more].concat(),
            _ => step.shown.push(line),
        }
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_is_commands_with_what_they_print() {
        let step = |command: &str, shown| Step { command: command.to_owned(), shown };
        let expected = [step("a <<E\nb\n\nE", vec!["c", "> d"]), step("e", vec![])];
        assert_eq!(steps("$ a <<E\n> b\n>\n> E\nc\n\n> d\n$ e").unwrap(), expected);
        assert!(steps("a").is_err());
    }
}
