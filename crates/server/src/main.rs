//! The binary: configuration, the gateway, wiring. The only place that reads the machine's clock and starts threads.

mod accounts;
mod cli;
mod client;
mod config;
mod demo;
mod erase;
mod gateway;
mod inspect;
mod live;
mod metadata;
mod pools;
mod records;
mod seal;
mod serve;
mod test_mode;
mod tls;

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
    /// Make or list the accounts of a data directory.
    #[command(subcommand)]
    Account(accounts::Accounts),
    /// List, export or check the signed proofs that keys were destroyed.
    #[command(subcommand)]
    Erase(erase::Erase),
    /// See or change how the root key of a data directory is kept.
    #[command(subcommand)]
    Seal(seal::Seal),
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
        Command::Account(command) => accounts::run(&command),
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
