//! The connections and disks do not run out of file descriptors.

use super::{Check, Data, Finding, Findings, Run, process};
use crate::gateway::CONNECTIONS;

pub(super) const CHECK: Check = Check { name: "open_files", run: Run::Database(check) };

/// Files of a served disk, its socket and its clients.
const DISK_FILES: u64 = 16;
/// The database, logs, and what else there is.
const OTHER_FILES: u64 = 256;

fn check(data: &Data) -> Findings {
    let disks = process::served_disks(&data.config.data)?;
    let needed = CONNECTIONS as u64 + disks * DISK_FILES + OTHER_FILES;
    let limit = process::limit(data.process, "Max open files");
    Ok(limit.filter(|limit| *limit < needed).map_or_else(Vec::new, |limit| {
        let what =
            format!("{limit} files can be open; {CONNECTIONS} connections and {disks} served disks need {needed}");
        vec![Finding::warning(what, "LimitNOFILE=65536 in the unit, or `ulimit -n 65536` before the start")]
    }))
}
