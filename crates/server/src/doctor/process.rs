//! What the kernel tells of the process that has a data directory.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use coffer_store::{Db, LOCK, StoreError, volumes};

/// How many disks instances that run have.
pub(super) fn served_disks(data: &Path) -> Result<u64, StoreError> {
    let statuses = ["Starting", "Running"].map(str::to_owned);
    Ok(Db::peek(data, |tx| volumes::disks_on_instances(tx, &statuses))?.len() as u64)
}

/// The process that holds the lock of a data directory, if it is one of this machine's that we may see.
pub(super) fn holder(data: &Path) -> Option<u32> {
    let inode = fs::metadata(data.join(LOCK)).ok()?.ino();
    holder_of(&fs::read_to_string("/proc/locks").ok()?, inode)
}

/// Lines are `1: FLOCK  ADVISORY  WRITE 1234 fd:01:5678 0 EOF`.
fn holder_of(locks: &str, inode: u64) -> Option<u32> {
    let inode = format!(":{inode}");
    locks.lines().find_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let (kind, process) = (words.next()?, words.nth(2)?);
        (kind == "FLOCK" && words.next()?.ends_with(&inode)).then(|| process.parse().ok())?
    })
}

/// A soft limit of the process that serves, else of this one; `None` for none.
pub(super) fn limit(process: Option<u32>, name: &str) -> Option<u64> {
    let of = |process: &str| fs::read_to_string(format!("/proc/{process}/limits")).ok();
    let text = process.and_then(|process| of(&process.to_string())).or_else(|| of("self"))?;
    limit_of(&text, name)
}

fn limit_of(limits: &str, name: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_tables_are_read() {
        let locks = "1: POSIX  ADVISORY  WRITE 7 00:1a:99 0 EOF\n2: FLOCK  ADVISORY  WRITE 1234 fd:01:5678 0 EOF\n";
        assert_eq!((holder_of(locks, 5678), holder_of(locks, 678), holder_of(locks, 99)), (Some(1234), None, None));
        let limits = "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 4096      files\n\
                      Max locked memory         unlimited            unlimited            bytes\n";
        assert_eq!((limit_of(limits, "Max open files"), limit_of(limits, "Max locked memory")), (Some(1024), None));
    }
}
