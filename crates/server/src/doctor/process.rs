//! What the kernel tells of the process that has a data directory.

use std::collections::HashSet;
use std::fs;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
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

/// Where a process listens over TCP, if its files may be looked at: those of a server by root alone, as nobody is to read its memory.
pub(super) fn listening(process: u32) -> Option<Vec<SocketAddr>> {
    let entries = fs::read_dir(format!("/proc/{process}/fd")).ok()?;
    let mut sockets = HashSet::new();
    for entry in entries {
        match entry.and_then(|entry| fs::read_link(entry.path())) {
            Ok(target) => drop(sockets.insert(target.to_string_lossy().into_owned())),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => return None,
            // It was closed meanwhile.
            Err(_) => {}
        }
    }
    // There is no table of a protocol that the kernel does not have.
    let tables =
        ["tcp", "tcp6"].map(|table| fs::read_to_string(format!("/proc/{process}/net/{table}")).unwrap_or_default());
    Some(tables.iter().flat_map(|table| listening_of(table, &sockets)).collect())
}

/// Lines are `0: 0100007F:1DB0 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 5678 1 …`: the third is the state, of which
/// `0A` is listening, the ninth the socket's inode.
fn listening_of(table: &str, sockets: &HashSet<String>) -> Vec<SocketAddr> {
    let of_line = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        let (local, state, inode) = (words.next()?, words.nth(1)?, words.nth(5)?);
        let is_meant = state == "0A" && sockets.contains(&format!("socket:[{inode}]"));
        is_meant.then(|| address_of(local)).flatten()
    };
    table.lines().filter_map(of_line).collect()
}

/// An address as the kernel's tables have it: the words of 32 bits in the machine's own order of bytes, the port as a number.
fn address_of(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let words: Vec<u32> =
        (0..ip.len()).step_by(8).map_while(|at| u32::from_str_radix(ip.get(at..at + 8)?, 16).ok()).collect();
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let ip = match bytes.len() {
        4 => IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?),
        16 => IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?),
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
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
        let one = u32::from_ne_bytes([127, 0, 0, 1]);
        let tcp = format!(
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
                0: {one:08X}:1DB0 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 5678 1 0 100 0 0 10 0\n\
                1: {one:08X}:1DB1 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 99 1 0 100 0 0 10 0\n\
                2: {one:08X}:1DB2 {one:08X}:1DB0 01 00000000:00000000 00:00000000 00000000 0 0 5678 1 0 100 0 0 10 0\n"
        );
        let sockets = HashSet::from(["socket:[5678]".to_owned()]);
        assert_eq!(listening_of(&tcp, &sockets), ["127.0.0.1:7600".parse().unwrap()]);
        let last = u32::from_ne_bytes([0, 0, 0, 1]);
        assert_eq!(address_of(&format!("{:024X}{last:08X}:0050", 0)), Some("[::1]:80".parse().unwrap()));
        assert_eq!((address_of("0100:0050"), address_of("")), (None, None));
        let limits = "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 4096      files\n\
                      Max locked memory         unlimited            unlimited            bytes\n";
        assert_eq!((limit_of(limits, "Max open files"), limit_of(limits, "Max locked memory")), (Some(1024), None));
    }
}
