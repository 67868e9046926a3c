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
mod metadata;
mod pages;
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

use clap::{CommandFactory as _, Parser, Subcommand};

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
    let outcome = match Cli::parse().command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Audit(command) => records::audit(&command),
        Command::Erase(command) => erase::run(&command),
        Command::Seal(command) => seal::run(&command),
        Command::Account(command) => match command.ask() {
            Some(outcome) => return cli::exit(outcome),
            None => accounts::run(&command),
        },
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
