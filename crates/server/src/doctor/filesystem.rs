//! What was acknowledged survives: the file systems are of a kind that keeps it, and sync.

use std::fs;
use std::path::Path;

use super::{Check, Data, Finding, Findings, Run};
use crate::cli::Failure;

pub(super) const CHECK: Check = Check { name: "filesystem", run: Run::Data(check) };

/// Magic numbers of statfs(2), and why there is a finding.
const FORGETFUL: [(i128, &str, &str); 4] = [
    (0x0102_1994, "tmpfs", "it is gone with the next restart of the machine"),
    (0x8584_58f6, "ramfs", "it is gone with the next restart of the machine"),
    (0x794c_7630, "overlayfs", "it is gone with the container, unless its upper layer is kept"),
    (0x6969, "nfs", "locks and syncs are only as good as the server's"),
];

fn check(data: &Data) -> Findings {
    let (config, mut findings) = (&data.config, Vec::new());
    for path in [&config.data, &config.volumes.volumes, &config.volumes.objects] {
        if !path.exists() {
            continue;
        }
        let failed = |error: std::io::Error| Failure::machine(path.display(), error);
        let magic = i128::from(rustix::fs::statfs(path).map_err(|error| failed(error.into()))?.f_type);
        if let Some((_, name, why)) = FORGETFUL.iter().find(|(number, ..)| *number == magic) {
            let what = format!("{} is on {name}: {why}", path.display());
            findings.push(Finding::warning(what, "keep it on a local disk: ext4 or xfs, in a container a volume"));
        }
        let mounts = fs::read_to_string("/proc/self/mountinfo").map_err(failed)?;
        if let Some(option) = unsynced(&mounts, &path.canonicalize().map_err(failed)?) {
            let what =
                format!("the file system of {} is mounted with {option}: syncs do not reach the disk", path.display());
            findings.push(Finding::error(what, format!("mount it without {option}")));
        }
    }
    if let Some(library) = std::env::var("LD_PRELOAD").ok().filter(|text| is_syncless(text)) {
        let what = format!("LD_PRELOAD is {library}: syncs are left out");
        findings.push(Finding::error(what, "start the server without it"));
    }
    Ok(findings)
}

fn is_syncless(preload: &str) -> bool {
    ["eatmydata", "nosync"].iter().any(|word| preload.contains(word))
}

/// The option by which the mount that a path is on leaves syncs out.
fn unsynced<'a>(mounts: &'a str, path: &Path) -> Option<&'a str> {
    let fields = |line: &'a str| {
        let words: Vec<&str> = line.split(' ').collect();
        Some((*words.get(4)?, *words.last()?))
    };
    let under = mounts.lines().filter_map(fields).filter(|(point, _)| path.starts_with(point));
    let (_, options) = under.max_by_key(|(point, _)| point.len())?;
    options.split(',').find(|option| ["nobarrier", "barrier=0", "volatile"].contains(option))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_that_leaves_syncs_out_is_found_by_the_longest_point_above_the_path() {
        let mounts = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
                      30 22 8:2 / /srv rw - ext4 /dev/sdb1 rw,nobarrier\n\
                      31 30 8:3 / /srv/safe rw - xfs /dev/sdc1 rw\n";
        assert_eq!(unsynced(mounts, Path::new("/srv/data")), Some("nobarrier"));
        assert_eq!(unsynced(mounts, Path::new("/srv/safe/data")), None);
        assert_eq!(unsynced(mounts, Path::new("/srvdata")), None);
        assert!(is_syncless("/usr/lib/libeatmydata.so") && !is_syncless("/usr/lib/libjemalloc.so"));
    }
}
