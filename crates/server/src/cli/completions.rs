//! `coffer completions` and `coffer man`: what shells and `man` know of the command line, made from it.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_complete::Shell;

use super::failure::Failure;

/// The options of `coffer completions`.
#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// The options of `coffer man`.
#[derive(Args, Debug)]
pub(crate) struct Man {
    /// Write a page for each verb into this directory [default: print coffer(1)]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Prints a shell's completions.
pub(crate) fn completions(arguments: &Completions, mut command: Command) -> Result<(), Failure> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "coffer", &mut text);
    Ok(io::stdout().write_all(&text)?)
}

/// Prints the page of the program, or writes all pages.
pub(crate) fn man(arguments: &Man, mut command: Command) -> Result<(), Failure> {
    command.build();
    match &arguments.dir {
        None => Ok(io::stdout().write_all(&page(&command)?)?),
        Some(directory) => write(&command, directory).map_err(|error| Failure::machine(directory.display(), error)),
    }
}

fn page(command: &Command) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text)?;
    Ok(text)
}

fn write(command: &Command, directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    fs::write(directory.join(format!("{name}.1")), page(command)?)?;
    command.get_subcommands().filter(|verb| verb.get_name() != "help").try_for_each(|verb| write(verb, directory))
}
