//! The programs of others that the Rust tests run against us: clients of our NBD server, a token, OpenSSL, a browser. Installed where they are missing; a test never does without.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::report::{self, Counts};

/// What the tests run, and the package that has it, by the names of Debian and Ubuntu.
const TOOLS: [(&str, &str); 16] = [
    ("qemu-img", "qemu-utils"),
    ("qemu-io", "qemu-utils"),
    ("nbdinfo", "libnbd-bin"),
    ("nbdcopy", "libnbd-bin"),
    ("nbdfuse", "libnbd-bin"),
    ("nbdsh", "python3-libnbd"),
    ("nbdkit", "nbdkit"),
    ("fio", "fio"),
    ("certtool", "gnutls-bin"),
    ("mke2fs", "e2fsprogs"),
    ("debugfs", "e2fsprogs"),
    ("fusermount3", "fuse3"),
    ("softhsm2-util", "softhsm2"),
    ("pkcs11-tool", "opensc"),
    ("openssl", "openssl"),
    ("chromium", "chromium"),
];
/// Where the tests look for them.
const PLACES: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
const FUSE: &str = "/dev/fuse";

/// Has every tool there: counts as one test.
pub(crate) fn run() -> Result<Counts, String> {
    have(&TOOLS)?;
    if !Path::new(FUSE).exists() {
        return Err(format!(
            "{FUSE} is missing: nbdfuse needs it (modprobe fuse; in a container: --device {FUSE} --cap-add SYS_ADMIN)"
        ));
    }
    Ok(Counts { passed: 1, ..Counts::default() })
}

/// Has these programs there, installing the packages of those that are not.
pub(crate) fn have(tools: &[(&str, &str)]) -> Result<(), String> {
    let absent: BTreeSet<&str> =
        tools.iter().filter(|(tool, _)| !is_there(tool)).map(|(_, package)| *package).collect();
    if !absent.is_empty() {
        install(&absent).map_err(|error| format!("{error}; install {} by hand", words(&absent)))?;
    }
    let still: Vec<_> = tools.iter().filter(|(tool, _)| !is_there(tool)).map(|(tool, _)| *tool).collect();
    if still.is_empty() { Ok(()) } else { Err(format!("still missing: {}", still.join(", "))) }
}

fn is_there(tool: &str) -> bool {
    PLACES.iter().any(|place| Path::new(place).join(tool).is_file())
}

fn install(packages: &BTreeSet<&str>) -> Result<(), String> {
    println!("installing {}", words(packages));
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        report::success(command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update", "-qq"])?;
    let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(packages);
    apt(&arguments).map(|_| ())
}

fn words(packages: &BTreeSet<&str>) -> String {
    packages.iter().copied().collect::<Vec<_>>().join(" ")
}
