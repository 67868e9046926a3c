//! There is room where the server writes.

use super::{Check, Data, Finding, Findings, Run};
use crate::cli::Failure;

pub(super) const CHECK: Check = Check { name: "free_space", run: Run::Data(check) };

fn check(data: &Data) -> Findings {
    let (config, mut seen, mut findings) = (&data.config, Vec::new(), Vec::new());
    for path in [&config.data, &config.volumes.volumes, &config.volumes.objects] {
        if !path.exists() {
            continue;
        }
        let found = rustix::fs::statvfs(path).map_err(|error| Failure::machine(path.display(), error))?;
        if seen.contains(&found.f_fsid) {
            continue;
        }
        seen.push(found.f_fsid);
        let free = found.f_bavail.saturating_mul(found.f_frsize);
        if free < data.free_bytes {
            let what = format!("{} MiB are free on the file system of {}", free >> 20, path.display());
            findings.push(Finding::error(
                what,
                "make room: delete snapshots, or move the directory to a larger file system",
            ));
        }
        // Some file systems have no fixed number of files.
        if found.f_files > 0 && found.f_favail < found.f_files / 100 {
            let what = format!("{} more files fit on the file system of {}", found.f_favail, path.display());
            findings
                .push(Finding::error(what, "a snapshot's object is a file a MiB: use a file system with more inodes"));
        }
    }
    Ok(findings)
}
