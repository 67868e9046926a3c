//! The verbs that ask a server, each in its module, and what they share: the session, results, failures.

pub(crate) mod account;
mod attach;
mod completions;
mod compliance;
mod console;
mod default_encryption;
mod detach;
mod disk;
mod events;
mod explain;
mod export;
mod failure;
mod impact;
mod kernel;
mod key;
mod local_host;
mod output;
mod profile;
mod reencrypt;
mod session;
mod snapshot;
mod status;
mod volume;
mod wait;
mod what_if;

pub(crate) use default_encryption::status as default_encryption_status;
pub(crate) use failure::{Failure, Reason, chain};
pub(crate) use output::{Output, plain};
pub(crate) use session::{Connection, Session, trust};
pub(crate) use snapshot::complete as snapshot_complete;
pub(crate) use volume::{Lock, faults as volume_faults, lock};

use std::process::ExitCode;

use clap::{Command, Subcommand};

/// A verb.
#[derive(Subcommand)]
pub(crate) enum Verb {
    /// Show which server answers, to whom, and how the account stands in the region
    Status(status::Status),
    /// Show or change whether new disks are encrypted, and with which key
    #[command(subcommand)]
    DefaultEncryption(default_encryption::DefaultEncryption),
    /// List, show, create, rewrap, reencrypt and delete disks
    #[command(subcommand)]
    Disk(disk::Disk),
    /// List, create and delete snapshots
    #[command(subcommand)]
    Snapshot(snapshot::Snapshot),
    /// List, show, create, enable and disable KMS keys
    #[command(subcommand)]
    Key(key::Key),
    /// Report what is not encrypted as it should be, and mend it
    #[command(subcommand)]
    Compliance(compliance::Compliance),
    /// Say which statement of which policy allows or denies something, and why others do not
    Explain(Box<explain::Explain>),
    /// Print what happened in the account as lines of JSON
    Events(events::Events),
    /// Attach a disk, and connect it as a device or print how it is reached
    Attach(attach::Attach),
    /// Disconnect and detach a disk
    Detach(detach::Detach),
    /// Print a link that opens the console in a browser, once
    Console(console::Console),
    /// Verify the files of volumes and snapshots, without a server
    #[command(subcommand)]
    Volume(volume::Volume),
    /// Print completions for a shell
    Completions(completions::Completions),
    /// Print or write man pages
    Man(completions::Man),
}

impl Verb {
    /// Does it. `command` is the whole command line's description.
    pub(crate) fn run(&self, command: Command) -> ExitCode {
        let outcome = match self {
            Self::Status(status) => status::run(status),
            Self::DefaultEncryption(verb) => default_encryption::run(verb),
            Self::Disk(verb) => disk::run(verb),
            Self::Snapshot(verb) => snapshot::run(verb),
            Self::Key(verb) => key::run(verb),
            Self::Compliance(verb) => compliance::run(verb),
            Self::Explain(arguments) => explain::run(arguments),
            Self::Events(arguments) => events::run(arguments),
            Self::Attach(attach) => attach::run(attach),
            Self::Detach(detach) => detach::run(detach),
            Self::Console(console) => console::run(console),
            Self::Volume(verb) => volume::run(verb),
            Self::Completions(completions) => completions::completions(completions, command),
            Self::Man(man) => completions::man(man, command),
        };
        exit(outcome)
    }
}

/// Tells what failed, if something did.
pub(crate) fn exit(outcome: Result<(), Failure>) -> ExitCode {
    outcome.map_or_else(|failure| failure.tell(), |()| ExitCode::SUCCESS)
}
