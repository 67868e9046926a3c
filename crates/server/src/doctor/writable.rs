//! The server's user can write where the server writes.

use rustix::fs::{Access, StatVfsMountFlags, access, statvfs};

use super::{Check, Data, Finding, Findings, Run};
use crate::cli::Failure;

pub(super) const CHECK: Check = Check { name: "writable", run: Run::Data(check) };

fn check(data: &Data) -> Findings {
    let (config, mut findings, mut found) = (&data.config, Vec::new(), Vec::new());
    let database = config.data.join(coffer_store::FILE);
    for path in [&config.data, &database, &config.volumes.volumes, &config.volumes.objects, &config.volumes.sockets] {
        // What is below another finding has the same cause.
        if !path.exists() || found.iter().any(|above| path.starts_with(above)) {
            continue;
        }
        let mount = statvfs(path.as_path()).map_err(|error| Failure::machine(path.display(), error))?;
        let finding = if mount.f_flag.contains(StatVfsMountFlags::RDONLY) {
            Finding::error(
                format!("{} is on a file system that is mounted read-only", path.display()),
                "mount it for writing; if the kernel did that after an error, look at its log and mend the disk first",
            )
        } else if let Err(error) = access(path.as_path(), Access::WRITE_OK) {
            Finding::error(
                format!("{} can't be written by this user: {error}", path.display()),
                "run the server and this as the user that the directory belongs to, or give it to this one: chown -R",
            )
        } else {
            continue;
        };
        findings.push(finding);
        found.push(path.clone());
    }
    Ok(findings)
}
