//! `coffer snapshot`: snapshots listed, made and deleted.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use clap::{Args, Subcommand};
use coffer_cloud::Product;
use serde_json::{Value, json};

use super::disk::DiskId;
use super::failure::{Failure, Reason};
use super::output::Output;
use super::session::{Connection, Session};
use super::wait::until;

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Snapshot {
    /// List the region's snapshots
    List(List),
    /// Create a snapshot of a disk
    Create(Create),
    /// Delete a snapshot
    Delete(Delete),
}

/// Which.
#[derive(Args, Debug)]
pub(crate) struct List {
    /// Only those of that disk
    #[arg(long, value_name = "ID")]
    disk: Option<DiskId>,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    output: Output,
}

/// Of what.
#[derive(Args, Debug)]
pub(crate) struct Create {
    /// The disk
    disk: DiskId,
    /// Name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Days after which it is deleted by itself [default: never]
    #[arg(long, value_name = "DAYS")]
    retention_days: Option<u32>,
    /// Wait until it is complete, showing how far it is
    #[arg(long)]
    wait: bool,
    /// How long to wait with --wait
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
    timeout: u32,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    output: Output,
}

/// Which one.
#[derive(Args, Debug)]
pub(crate) struct Delete {
    /// The snapshot, for example s-bp1lozudczuei5aomu7p
    snapshot: String,
    /// Delete it even though disks were made from it, which then can't be initialised again
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    output: Output,
}

const COLUMNS: &[(&str, &str)] = &[
    ("SNAPSHOT", "SnapshotId"),
    ("NAME", "SnapshotName"),
    ("DISK", "SourceDiskId"),
    ("GIB", "SourceDiskSize"),
    ("STATUS", "Status"),
    ("PROGRESS", "Progress"),
    ("ENCRYPTED", "Encrypted"),
    ("KEY", "KMSKeyId"),
    ("CREATED", "CreationTime"),
];

/// Does it.
pub(crate) fn run(verb: &Snapshot) -> Result<(), Failure> {
    match verb {
        Snapshot::List(list) => list.run(),
        Snapshot::Create(create) => create.run(),
        Snapshot::Delete(delete) => delete.run(),
    }
}

impl List {
    fn run(&self) -> Result<(), Failure> {
        let mut session = self.connection.open()?;
        let parameters: Vec<_> = self.disk.iter().map(|disk| ("DiskId", disk.as_str())).collect();
        let listing = (Product::Ecs, "DescribeSnapshots");
        Ok(self.output.list(COLUMNS, &session.list(listing, &parameters, ("Snapshots", "Snapshot"))?)?)
    }
}

impl Create {
    fn run(&self) -> Result<(), Failure> {
        let mut session = self.connection.open()?;
        let days = self.retention_days.map(|days| days.to_string());
        let mut parameters = vec![("DiskId", self.disk.as_str())];
        parameters.extend(self.name.as_deref().map(|name| ("SnapshotName", name)));
        parameters.extend(days.as_deref().map(|days| ("RetentionDays", days)));
        let made = session.call(Product::Ecs, "CreateSnapshot", &parameters)?;
        let snapshot_id = made["SnapshotId"].as_str().unwrap_or_default();
        if self.wait {
            complete(&mut session, snapshot_id, Duration::from_secs(self.timeout.into()))?;
        }
        Ok(self.output.done(snapshot_id, &made)?)
    }
}

/// Waits until it is complete. On a terminal, how far it is stands in one line of standard error.
pub(crate) fn complete(session: &mut Session, snapshot_id: &str, patience: Duration) -> Result<(), Failure> {
    let ids = json!([snapshot_id]).to_string();
    let mut errors = std::io::stderr();
    let shows = errors.is_terminal();
    let outcome = until(patience, || {
        let found = session.ecs("DescribeSnapshots", &[("SnapshotIds", &ids)])?;
        let snapshot = &found["Snapshots"]["Snapshot"][0];
        if shows {
            write!(errors, "\r{snapshot_id} {}", bar(snapshot))?;
        }
        match snapshot["Status"].as_str() {
            Some("accomplished") => Ok(Some(())),
            Some("progressing") => Ok(None),
            other => Err(Failure::new(Reason::Found, format!("{snapshot_id} is {}", other.unwrap_or("gone")))
                .next("the server's log says why; delete it and create another")),
        }
    });
    if shows {
        writeln!(errors)?;
    }
    outcome?.ok_or_else(|| {
        Failure::new(Reason::TimedOut, format!("{snapshot_id} is still being made"))
            .next("`coffer snapshot list` shows how far it is")
    })
}

fn bar(snapshot: &Value) -> String {
    let text = snapshot["Progress"].as_str().unwrap_or("0%");
    let percent: usize = text.trim_end_matches('%').parse().unwrap_or_default();
    let done = percent.min(100) * 30 / 100;
    format!("[{}{}] {percent:>3}%", "=".repeat(done), " ".repeat(30 - done))
}

impl Delete {
    fn run(&self) -> Result<(), Failure> {
        let mut session = self.connection.open()?;
        let force = if self.force { "true" } else { "false" };
        session.call(Product::Ecs, "DeleteSnapshot", &[("SnapshotId", &self.snapshot), ("Force", force)])?;
        Ok(self.output.done(&format!("{} is deleted.", self.snapshot), &json!({"SnapshotId": self.snapshot}))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_what_is_done() {
        let bar = |progress: &str| bar(&json!({"Progress": progress}));
        assert_eq!(bar("0%"), format!("[{}]   0%", " ".repeat(30)));
        assert_eq!(bar("50%"), format!("[{}{}]  50%", "=".repeat(15), " ".repeat(15)));
        assert_eq!(bar("100%"), format!("[{}] 100%", "=".repeat(30)));
    }
}
