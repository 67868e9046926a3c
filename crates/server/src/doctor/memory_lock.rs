//! The data keys of the disks that are served fit into locked memory.

use super::{Check, Data, Finding, Findings, Run, process};

pub(super) const CHECK: Check = Check { name: "memory_lock", run: Run::Database(check) };

/// Most that a served disk locks.
const DISK_BYTES: u64 = 80 * 1024;
/// For how many disks there is to be room at least.
const FEW: u64 = 16;

fn check(data: &Data) -> Findings {
    let disks = process::served_disks(&data.config.data)?;
    let needed = disks.max(FEW) * DISK_BYTES;
    let limit = process::limit(data.process, "Max locked memory");
    Ok(limit.filter(|limit| *limit < needed).map_or_else(Vec::new, |limit| {
        let what = format!(
            "{limit} bytes of memory can be locked; {disks} served disks need {needed}: data keys can be swapped out"
        );
        vec![Finding::warning(what, "LimitMEMLOCK=infinity in the unit, or `ulimit -l unlimited` before the start")]
    }))
}
