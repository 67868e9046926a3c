//! The example for CI, played as GitHub plays it: every `run` of its steps, in order, in a clean directory. What its actions do is
//! done by what stands beside them here; any other action, key, condition or expression is a failure.
//!
//! One command is not run: the build of the server. The binary under test is put where it would be.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use yaml_rust2::{Yaml, YamlLoader};

use super::page::Block;
use super::play;
use crate::report;

pub(super) const WORKFLOW: &str = "examples/ci/github-actions.yml";
/// Whose build and tests the example is: the blocks of this page.
pub(super) const PROGRAM: &str = "docs/testing.md";
/// The command that is not run.
const BUILD: &str = "cargo build --release --locked -p coffer";
/// How many lines are shown of what a command said that failed.
const MOST_SAID: usize = 40;
/// What `pip install` takes of each package: the versions that all other tests use.
const VERSIONS: &str = "e2e/python/requirements.txt";
const NO_CACHE: &str = "steps.built.outputs.cache-hit != 'true'";
/// The variables that a user of the example sets.
const VARIABLES: [(&str, &str); 2] = [("COFFER", "owner/coffer"), ("COFFER_COMMIT", "0123abc")];

/// A machine of GitHub's.
struct Runner<'a> {
    binary: &'a Path,
    blocks: &'a [Block],
    /// What belongs to the machine.
    place: PathBuf,
    environment: BTreeMap<String, String>,
    path: Vec<PathBuf>,
}

/// Plays the workflow; how many steps there were.
pub(super) fn play(binary: &Path, blocks: &[Block]) -> Result<u64, String> {
    let text = fs::read_to_string(WORKFLOW).map_err(|error| error.to_string())?;
    let place = play::place("workflow");
    let mut runner = Runner { binary, blocks, place: place.clone(), environment: BTreeMap::new(), path: Vec::new() };
    fs::create_dir_all(runner.workspace()).map_err(|error| error.to_string())?;
    let outcome = runner.play(&text);
    fs::remove_dir_all(&place).map_err(|error| error.to_string())?;
    outcome
}

impl Runner<'_> {
    fn workspace(&self) -> PathBuf {
        self.place.join("workspace")
    }

    fn play(&mut self, text: &str) -> Result<u64, String> {
        let documents = YamlLoader::load_from_str(text).map_err(|error| error.to_string())?;
        let [workflow] = &documents[..] else { return Err("it is not one document".to_owned()) };
        only(workflow, &["name", "on", "permissions", "env", "jobs"])?;
        for (name, value) in entries(&workflow["env"])? {
            let value = self.evaluate(value)?;
            self.environment.insert(name.to_owned(), value);
        }
        let mut steps = 0;
        for (_, job) in yaml_entries(&workflow["jobs"])? {
            only(job, &["runs-on", "timeout-minutes", "steps"])?;
            for step in job["steps"].as_vec().ok_or("a job has no steps")? {
                let name = text_of(step, "name").or(text_of(step, "uses")).unwrap_or_default();
                self.step(step).map_err(|error| format!("step {name:?}: {error}"))?;
                steps += 1;
            }
        }
        Ok(steps)
    }

    fn step(&mut self, step: &Yaml) -> Result<(), String> {
        only(step, &["name", "id", "uses", "with", "if", "run", "working-directory"])?;
        if let Some(condition) = text_of(step, "if").filter(|condition| *condition != NO_CACHE) {
            return Err(format!("whether {condition:?} is not known here"));
        }
        match (text_of(step, "uses"), text_of(step, "run")) {
            (Some(action), None) => self.act(action, &step["with"]),
            (None, Some(command)) => self.run(command, text_of(step, "working-directory").unwrap_or(".")),
            _ => Err("a step either uses an action or runs a command".to_owned()),
        }
    }

    /// What an action does.
    fn act(&mut self, action: &str, with: &Yaml) -> Result<(), String> {
        match action.split('@').next().unwrap_or_default() {
            "actions/checkout" if with.is_badvalue() => self.check_out_program(),
            "actions/checkout" => {
                only(with, &["repository", "ref", "path"])?;
                let (repository, commit) = (self.evaluate_in(with, "repository")?, self.evaluate_in(with, "ref")?);
                if [repository.as_str(), &commit] != VARIABLES.map(|(_, value)| value) {
                    return Err(format!("it takes {commit} of {repository}, and not what the variables say"));
                }
                Self::check_out_coffer(&self.workspace().join(text_of(with, "path").ok_or("no path")?))
            }
            // Nothing was kept before.
            "actions/cache" => only(with, &["path", "key"]),
            "actions/setup-python" => {
                only(with, &["python-version"])?;
                let python = self.place.join("python");
                report::success(Command::new("python3").args(["-m", "venv"]).arg(&python))?;
                self.path.push(python.join("bin"));
                Ok(())
            }
            // That of this machine.
            "actions/setup-go" => only(with, &["go-version"]),
            _ => Err(format!("what {action} does is not known here")),
        }
    }

    /// The user's program: tests in Python and in Go.
    fn check_out_program(&self) -> Result<(), String> {
        let block = |language: &str| self.blocks.iter().find(|block| block.language == language);
        let (python, go) = block("python pytest").zip(block("go test")).ok_or("the program has no tests")?;
        let workspace = self.workspace();
        fs::write(workspace.join("test_program.py"), &python.text).map_err(|error| error.to_string())?;
        play::write_go_module(&workspace, &format!("./.coffer/{}", play::HELPER), &go.text)
    }

    /// Coffer's repository, as it is here.
    fn check_out_coffer(place: &Path) -> Result<(), String> {
        let listed = Command::new("git").args(["ls-files", "-z"]).output().map_err(|error| error.to_string())?;
        let listed = String::from_utf8(listed.stdout).map_err(|error| error.to_string())?;
        for file in listed.split_terminator('\0').filter(|file| Path::new(file).is_file()) {
            let copy = place.join(file);
            copy.parent().map_or(Ok(()), fs::create_dir_all).map_err(|error| error.to_string())?;
            fs::copy(file, copy).map_err(|error| format!("{file}: {error}"))?;
        }
        Ok(())
    }

    fn run(&mut self, command: &str, directory: &str) -> Result<(), String> {
        let directory = self.workspace().join(directory);
        if command == BUILD {
            let release = directory.join("target/release");
            fs::create_dir_all(&release).map_err(|error| error.to_string())?;
            return fs::copy(self.binary, release.join("coffer")).map(drop).map_err(|error| error.to_string());
        }
        let noted = self.place.join("environment");
        fs::write(&noted, "").map_err(|error| error.to_string())?;
        let mut shell = Command::new("bash");
        shell.args(["-e", "-c", command]).current_dir(&directory);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("COFFER")) {
            shell.env_remove(name);
        }
        shell.envs(&self.environment).env("PATH", self.search_path()?).env("GITHUB_ENV", &noted);
        let versions = std::path::absolute(VERSIONS).map_err(|error| error.to_string())?;
        shell.env("PIP_CONSTRAINT", versions);
        let output = shell.env("GITHUB_WORKSPACE", self.workspace()).output().map_err(|error| error.to_string())?;
        if !output.status.success() {
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            let from = said.lines().count().saturating_sub(MOST_SAID);
            let said: Vec<&str> = said.lines().skip(from).collect();
            return Err(format!("`{command}`: {}\n{}", output.status, said.join("\n")));
        }
        let noted = fs::read_to_string(noted).map_err(|error| error.to_string())?;
        let noted = noted.lines().filter_map(|line| line.split_once('='));
        self.environment.extend(noted.map(|(name, value)| (name.to_owned(), value.to_owned())));
        Ok(())
    }

    fn search_path(&self) -> Result<OsString, String> {
        let others = std::env::var_os("PATH").unwrap_or_default();
        let places = self.path.iter().cloned().chain(std::env::split_paths(&others));
        std::env::join_paths(places).map_err(|error| error.to_string())
    }

    fn evaluate_in(&self, with: &Yaml, name: &str) -> Result<String, String> {
        self.evaluate(text_of(with, name).ok_or_else(|| format!("there is no {name}"))?)
    }

    /// A text, with what its expression stands for.
    fn evaluate(&self, text: &str) -> Result<String, String> {
        let Some(expression) = text.strip_prefix("${{ ").and_then(|rest| rest.strip_suffix(" }}")) else {
            return Ok(text.to_owned());
        };
        let variable = |name: &str| VARIABLES.iter().find(|known| known.0 == name).map(|known| known.1.to_owned());
        let value = match expression.split_once('.') {
            Some(("vars", name)) => variable(name),
            Some(("env", name)) => self.environment.get(name).cloned(),
            _ => None,
        };
        value.ok_or_else(|| format!("what {text} is is not known here"))
    }
}

fn text_of<'y>(map: &'y Yaml, name: &str) -> Option<&'y str> {
    map[name].as_str()
}

fn yaml_entries(map: &Yaml) -> Result<Vec<(&str, &Yaml)>, String> {
    let map = map.as_hash().ok_or("there is no table where one belongs")?;
    map.iter().map(|(name, value)| Ok((name.as_str().ok_or("a name is no text")?, value))).collect()
}

fn entries(map: &Yaml) -> Result<Vec<(&str, &str)>, String> {
    let entries = yaml_entries(map)?.into_iter();
    entries.map(|(name, value)| Ok((name, value.as_str().ok_or_else(|| format!("{name} is no text"))?))).collect()
}

/// Checks that a table has no other names.
fn only(map: &Yaml, known: &[&str]) -> Result<(), String> {
    let other = yaml_entries(map)?.into_iter().find(|(name, _)| !known.contains(name));
    other.map_or(Ok(()), |(name, _)| Err(format!("what {name} means is not known here")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play_in(place: &str, text: &str) -> Result<u64, String> {
        let place = play::place(place);
        let binary = Path::new("/absent");
        let mut runner = Runner { binary, blocks: &[], place, environment: BTreeMap::new(), path: Vec::new() };
        fs::create_dir_all(runner.workspace()).unwrap();
        let outcome = runner.play(text);
        fs::remove_dir_all(&runner.place).unwrap();
        outcome
    }

    #[test]
    fn what_a_step_notes_is_in_the_environment_of_the_next() {
        let steps = "env: {A: \"${{ vars.COFFER }}\"}\njobs:\n  x:\n    steps:\n";
        let notes = "      - run: echo \"B=$A!\" >>\"$GITHUB_ENV\"\n      - run: test \"$B\" = 'owner/coffer!'\n";
        assert_eq!(play_in("notes", &[steps, notes].concat()), Ok(2));
    }

    #[test]
    fn a_step_that_fails_or_is_not_understood_is_a_failure() {
        for (number, step) in
            ["run: exit 3", "uses: a/b@v1", "run: 'true'\n        shell: sh", "run: 'true'\n        if: github.ref"]
                .iter()
                .enumerate()
        {
            let text = format!("env: {{}}\njobs:\n  x:\n    steps:\n      - {step}\n");
            assert!(play_in(&format!("failure-{number}"), &text).is_err(), "{step}");
        }
    }
}
