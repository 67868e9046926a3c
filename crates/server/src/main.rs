//! The binary: configuration, the gateway, wiring. The only place that reads the machine's clock and starts threads.

mod accounts;
mod backup;
mod cli;
mod client;
mod config;
mod console;
mod default_role;
mod demo;
mod doctor;
mod erase;
mod findings;
mod gateway;
mod hints;
mod http;
mod inspect;
mod live;
mod manifests;
mod metadata;
mod pages;
mod place;
mod pools;
mod records;
mod seal;
mod serve;
mod test_mode;
mod tls;
#[cfg(feature = "otel")]
mod traces;
mod webhook;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

/// Account-level EBS default encryption, self-hosted: the ECS, KMS, RAM and STS operations behind it, for unmodified clients.
#[derive(Parser)]
#[command(name = "coffer", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API. Without options: plain HTTP and HTTPS on 127.0.0.1:7600, data in ./coffer-data.
    Serve(Box<config::ServeArguments>),
    /// Check or print the audit of a data directory, also while a server runs on it.
    #[command(subcommand)]
    Audit(records::Audit),
    /// Make or list the accounts of a server or of a data directory.
    #[command(subcommand)]
    Account(accounts::Accounts),
    /// List, export or check the signed proofs that keys were destroyed.
    #[command(subcommand)]
    Erase(erase::Erase),
    /// See or change how the root key of a data directory is kept.
    #[command(subcommand)]
    Seal(seal::Seal),
    /// Write everything that a server keeps into one file, also while it runs
    Backup(backup::Backup),
    /// Make a data directory again of a backup, which is verified first
    Restore(backup::Restore),
    /// Look for what is wrong with a data directory or a server, and say the remedy
    Doctor(Box<doctor::Doctor>),
    /// Play the whole story against a fresh server in a temporary directory, showing each step and its proof.
    Demo,
    #[command(flatten)]
    Verb(Box<cli::Verb>),
}

fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let is_given = |option| is_given(&matches, option);
    let is_place_given = is_given("data") || is_given("config");
    // These two look at both.
    let wants_both = matches!(cli.command, Command::Doctor(_) | Command::Backup(_));
    if is_place_given && is_given("endpoint") && !wants_both {
        let what = "--endpoint names a server, and --data and --config a directory: one of them is too many";
        Cli::command().error(ErrorKind::ArgumentConflict, what).exit();
    }
    let outcome = match cli.command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Audit(command) => return cli::exit(records::audit(&command)),
        Command::Erase(command) => return cli::exit(erase::run(&command)),
        Command::Seal(command) => return cli::exit(seal::run(&command)),
        Command::Account(command) => return cli::exit(accounts::run(&command, is_place_given)),
        Command::Backup(command) => return command.run(),
        Command::Restore(command) => return command.run(),
        Command::Doctor(command) => return command.run(),
        Command::Demo => demo::run(),
        Command::Verb(verb) => return verb.run(Cli::command()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One sentence for a person; the causes follow it.
            eprintln!("coffer: {error}");
            let mut cause = error.source();
            while let Some(inner) = cause {
                eprintln!("  because: {inner}");
                cause = inner.source();
            }
            ExitCode::FAILURE
        }
    }
}

/// Whether the verb has that option on the command line, not by the environment alone.
fn is_given(matches: &ArgMatches, option: &str) -> bool {
    let verb = std::iter::successors(Some(matches), |matches| matches.subcommand().map(|(_, of_verb)| of_verb)).last();
    verb.is_some_and(|verb| {
        verb.try_contains_id(option).is_ok() && verb.value_source(option) == Some(ValueSource::CommandLine)
    })
}
