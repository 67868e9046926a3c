//! `cargo xtask package --try [SUITE]`: the package in a clean system that systemd has booted, as its users would have it:
//! installed, run, upgraded, removed, purged. What is done in there is `packaging/trial/inside.sh`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::report::{self, Counts};
use crate::tools;

const PLACE: &str = "target/package";
/// What makes the system, and what boots it.
const TOOLS: [(&str, &str); 2] = [("mmdebstrap", "mmdebstrap"), ("systemd-nspawn", "systemd-container")];
/// What the system has besides the least that a Debian is: what boots it, and what looks at the package.
const PACKAGES: &str = "systemd,adduser,procps,man-db,libnbd-bin";

/// Makes the system, from where this machine has its own packages; of another suite if one is named. Then tries.
pub(crate) fn run(package: &Path, suite: Option<&str>) -> Result<Counts, String> {
    tools::have(&TOOLS)?;
    let own = report::output(Command::new("sh").args(["-c", ". /etc/os-release; echo $VERSION_CODENAME"]))?;
    let suite = suite.unwrap_or(own.trim());
    let clean = Path::new(PLACE).join(format!("clean-{suite}"));
    if !clean.exists() {
        make(&clean, own.trim(), suite)?;
    }
    let root = Path::new(PLACE).join("trial");
    if root.exists() {
        fs::remove_dir_all(&root).map_err(text)?;
    }
    report::success(Command::new("cp").args(["-a", "--reflink=auto"]).arg(&clean).arg(&root))?;
    let trial = root.join("trial");
    fs::create_dir(&trial).map_err(text)?;
    fs::copy(package, trial.join("coffer.deb")).map_err(text)?;
    fs::copy("packaging/trial/inside.sh", trial.join("inside.sh")).map_err(text)?;
    fs::copy("packaging/trial/trial.service", root.join("etc/systemd/system/trial.service")).map_err(text)?;
    report::success(Command::new("systemctl").arg("--root").arg(&root).args(["--quiet", "enable", "trial.service"]))?;
    let mut boot = Command::new("systemd-nspawn");
    // A network of its own: nothing of this machine's is in its way.
    boot.args(["--quiet", "--boot", "--private-network", "--register=no", "--keep-unit", "--console=pipe", "-D"])
        .arg(&root);
    let outcome = report::success(boot.stdin(Stdio::null()).stdout(Stdio::null()));
    let said = fs::read_to_string(trial.join("said")).map_err(|error| format!("{error}; {outcome:?}"))?;
    println!("{said}");
    outcome?;
    // Each step is one thing that holds.
    let passed = said.lines().filter(|line| line.starts_with("==> ")).count() as u64;
    Ok(Counts { passed, ..Counts::default() })
}

/// Makes the clean system beside its place, so that half of one is never taken for one.
fn make(clean: &Path, own: &str, suite: &str) -> Result<(), String> {
    let sources = report::output(Command::new("apt-get").args([
        "indextargets",
        "--format",
        "$(CODENAME) $(COMPONENT) $(REPO_URI)",
        "Created-By: Packages",
    ]))?;
    let source = site(&sources, own).ok_or_else(|| format!("apt has no source of {own} main"))?;
    // How this machine's apt gets what it gets: by which proxy, for one.
    let settings = Path::new(PLACE).join("apt.conf");
    fs::write(&settings, report::output(Command::new("apt-config").args(["dump", "Acquire"]))?).map_err(text)?;
    let half = clean.with_extension("half");
    if half.exists() {
        fs::remove_dir_all(&half).map_err(text)?;
    }
    let mut bootstrap = Command::new("mmdebstrap");
    bootstrap.args(["--quiet", "--variant=minbase", "--include", PACKAGES, "--aptopt"]).arg(&settings);
    report::success(bootstrap.arg(suite).arg(&half).arg(format!("deb {source} {suite} main")))?;
    fs::rename(half, clean).map_err(text)
}

/// Where a suite's packages come from.
fn site<'a>(sources: &'a str, suite: &str) -> Option<&'a str> {
    sources.lines().find_map(|line| line.strip_prefix(suite)?.strip_prefix(" main "))
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_come_from_the_source_of_the_whole_suite() {
        let sources = "trixie-updates main http://a/\ntrixie contrib http://b/\ntrixie main http://c/\n";
        assert_eq!(site(sources, "trixie"), Some("http://c/"));
        assert_eq!(site(sources, "sid"), None);
    }
}
