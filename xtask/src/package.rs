//! `cargo xtask package`: the release binary, a Debian package of it and the list of what it is made of, the same bytes wherever and
//! whenever they are made of the same source; then tried as it would be installed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::report::{self, Counts};
use crate::{sbom, trial};

/// Where everything is made.
const PLACE: &str = "target/package";
/// What goes where, with which mode.
const FILES: [(&str, &str, u32); 11] = [
    ("packaging/coffer.toml", "etc/coffer/coffer.toml", 0o644),
    ("packaging/systemd/coffer.service", "usr/lib/systemd/system/coffer.service", 0o644),
    ("packaging/systemd/coffer-backup.service", "usr/lib/systemd/system/coffer-backup.service", 0o644),
    ("packaging/systemd/coffer-backup.timer", "usr/lib/systemd/system/coffer-backup.timer", 0o644),
    ("packaging/grafana/coffer.json", "usr/share/coffer/grafana/coffer.json", 0o644),
    ("packaging/prometheus/coffer.rules.yml", "usr/share/coffer/prometheus/coffer.rules.yml", 0o644),
    ("docs/operations.md", "usr/share/doc/coffer/operations.md", 0o644),
    ("LICENSE", "usr/share/doc/coffer/copyright", 0o644),
    ("packaging/debian/postinst", "DEBIAN/postinst", 0o755),
    ("packaging/debian/prerm", "DEBIAN/prerm", 0o755),
    ("packaging/debian/postrm", "DEBIAN/postrm", 0o755),
];

/// Makes all of it: `--binary FILE` of one that is built, `--try [SUITE]` tries the package in a clean system too.
pub(crate) fn run(arguments: &[&str]) -> Result<Counts, String> {
    let (built, rest) = match *arguments {
        ["--binary", path, ref rest @ ..] => (Some(path), rest),
        _ => (None, arguments),
    };
    let (is_tried, suite) = match *rest {
        [] => (false, None),
        ["--try"] => (true, None),
        ["--try", suite] => (true, Some(suite)),
        _ => return Err(format!("{}: [--binary FILE] [--try [SUITE]] is meant", rest.join(" "))),
    };
    let package = pack(built)?;
    let mut counts = attempt(&package)?;
    if is_tried {
        counts += trial::run(&package, suite)?;
    }
    Ok(counts)
}

/// Packs the binary; what it came to is printed.
fn pack(built: Option<&str>) -> Result<PathBuf, String> {
    let epoch = line(Command::new("git").args(["log", "-1", "--format=%ct"]))?;
    let binary = match built {
        Some(path) => Path::new(path).canonicalize().map_err(text)?,
        None => build(&epoch)?.canonicalize().map_err(text)?,
    };
    let (place, version) = (Path::new(PLACE), env!("CARGO_PKG_VERSION"));
    let root = place.join("root");
    if root.exists() {
        fs::remove_dir_all(&root).map_err(text)?;
    }
    for (from, to, mode) in FILES {
        put(Path::new(from), &root.join(to), mode)?;
    }
    put(&binary, &root.join("usr/bin/coffer"), 0o755)?;
    manuals(&binary, &root)?;
    let bill = place.join("coffer.cdx.json");
    fs::write(&bill, sbom::cyclonedx(&epoch)?).map_err(text)?;
    put(&bill, &root.join("usr/share/doc/coffer/coffer.cdx.json"), 0o644)?;
    describe(&binary, &root, version)?;
    let package = place.join(format!("coffer_{version}_{}.deb", architecture()?));
    let mut pack = Command::new("dpkg-deb");
    pack.args(["--root-owner-group", "-Zxz", "--threads-max=1", "--build"])
        .arg(&root)
        .arg(&package)
        .env("SOURCE_DATE_EPOCH", &epoch);
    report::success(pack.stdout(Stdio::null()))?;
    for made in [&binary, &bill, &package] {
        print!("{}", report::output(Command::new("sha256sum").arg(made))?);
    }
    Ok(package)
}

/// The binary, with nothing in it that tells where or when it was made.
fn build(epoch: &str) -> Result<PathBuf, String> {
    let here = std::env::current_dir().map_err(text)?;
    let home = std::env::var("HOME").unwrap_or_default();
    let cargo = std::env::var("CARGO_HOME").unwrap_or_else(|_| format!("{home}/.cargo"));
    let sysroot = line(Command::new("rustc").args(["--print", "sysroot"]))?;
    // The last that fits wins.
    let places = [(cargo.as_str(), "/cargo"), (sysroot.as_str(), "/rust"), (&here.to_string_lossy(), "/coffer")];
    let flags = |flag: &str| places.map(|(from, to)| format!("{flag}{from}={to}")).join(" ");
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--release", "--locked", "--package", "coffer", "--target-dir", PLACE]);
    build.env("SOURCE_DATE_EPOCH", epoch).env("RUSTFLAGS", flags("--remap-path-prefix="));
    build.env("CARGO_INCREMENTAL", "0");
    // What is compiled of C names its files too.
    build.env("CFLAGS", flags("-ffile-prefix-map=")).env("CXXFLAGS", flags("-ffile-prefix-map="));
    report::success(&mut build)?;
    Ok(Path::new(PLACE).join("release/coffer"))
}

/// Man pages and completions, as the binary prints them.
fn manuals(binary: &Path, root: &Path) -> Result<(), String> {
    let manuals = root.join("usr/share/man/man1");
    fs::create_dir_all(&manuals).map_err(text)?;
    report::success(Command::new(binary).args(["man", "--dir"]).arg(&manuals).stdout(Stdio::null()))?;
    for entry in fs::read_dir(&manuals).map_err(text)? {
        report::success(Command::new("gzip").args(["-n9"]).arg(entry.map_err(text)?.path()))?;
    }
    for (shell, path) in [
        ("bash", "usr/share/bash-completion/completions/coffer"),
        ("zsh", "usr/share/zsh/vendor-completions/_coffer"),
        ("fish", "usr/share/fish/vendor_completions.d/coffer.fish"),
    ] {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap_or(root)).map_err(text)?;
        fs::write(path, report::output(Command::new(binary).args(["completions", shell]))?).map_err(text)?;
    }
    Ok(())
}

/// The files by which dpkg knows the package.
fn describe(binary: &Path, root: &Path, version: &str) -> Result<(), String> {
    let glibc = newest_glibc(&fs::read(binary).map_err(text)?).ok_or("the binary needs no glibc")?;
    let size_kib = report::output(Command::new("du").args(["--apparent-size", "-sk"]).arg(root))?;
    let size_kib = size_kib.split_whitespace().next().unwrap_or_default().to_owned();
    let control = format!(
        "Package: coffer\nVersion: {version}\nArchitecture: {}\nMaintainer: Coffer\nInstalled-Size: {size_kib}\n\
         Depends: adduser, libc6 (>= {glibc}), libgcc-s1\nSection: admin\nPriority: optional\n\
         Description: account-level EBS default encryption, self-hosted\n \
         A wire-compatible implementation of the operations of ECS, KMS, RAM and STS behind it.\n",
        architecture()?
    );
    fs::write(root.join("DEBIAN/control"), control).map_err(text)?;
    fs::write(root.join("DEBIAN/conffiles"), "/etc/coffer/coffer.toml\n").map_err(text)?;
    let mut sums = Command::new("sh");
    sums.args(["-c", "find usr etc -type f | LC_ALL=C sort | xargs md5sum"]).current_dir(root);
    fs::write(root.join("DEBIAN/md5sums"), report::output(&mut sums)?).map_err(text)
}

/// The newest version of glibc that a binary asks for.
fn newest_glibc(binary: &[u8]) -> Option<String> {
    let mark = b"GLIBC_2.";
    let places = binary.windows(mark.len()).enumerate().filter(|(_, window)| window == mark);
    let minor = |(place, _): (usize, &[u8])| {
        let digits: String = binary[place + mark.len()..]
            .iter()
            .map(|byte| char::from(*byte))
            .take_while(char::is_ascii_digit)
            .collect();
        digits.parse::<u32>().ok()
    };
    places.filter_map(minor).max().map(|minor| format!("2.{minor}"))
}

/// The package unpacked, and its server started, backed up and looked at with its own program and settings.
fn attempt(package: &Path) -> Result<Counts, String> {
    let place = Path::new(PLACE).join("attempt");
    if place.exists() {
        fs::remove_dir_all(&place).map_err(text)?;
    }
    let mut counts = report::success(Command::new("dpkg-deb").arg("-x").arg(package).arg(&place))?;
    let script = "set -e; umask 077; trap 'kill $server' EXIT
        : > said; usr/bin/coffer serve --data data --listen 127.0.0.1:0 > said 2> log & server=$!
        until grep -q endpoint said; do kill -0 $server; sleep 0.1; done
        address=$(sed -n 's/.*endpoint *http:..\\([^ ]*\\) .*/\\1/p' said)
        usr/bin/coffer doctor --endpoint http://$address --only reached
        usr/bin/coffer backup --data data backup
        usr/bin/coffer restore backup --data restored
        usr/bin/coffer doctor --data restored --listen 127.0.0.1:0 --only schema --only root-key
        grep -q ExecStart=/usr/bin/coffer usr/lib/systemd/system/coffer.service";
    counts += report::success(Command::new("sh").args(["-c", script]).current_dir(&place))?;
    Ok(counts)
}

fn put(from: &Path, to: &Path, mode: u32) -> Result<(), String> {
    let failed = |error| format!("{}: {error}", from.display());
    fs::create_dir_all(to.parent().unwrap_or(to)).map_err(failed)?;
    fs::copy(from, to).map_err(failed)?;
    fs::set_permissions(to, fs::Permissions::from_mode(mode)).map_err(failed)
}

fn architecture() -> Result<String, String> {
    line(Command::new("dpkg").arg("--print-architecture"))
}

/// What a command prints, in a line.
fn line(command: &mut Command) -> Result<String, String> {
    Ok(report::output(command)?.trim().to_owned())
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_glibc_is_found_by_number() {
        assert_eq!(newest_glibc(b"..GLIBC_2.9\0GLIBC_2.34\0GLIBC_2.4\0").as_deref(), Some("2.34"));
        assert_eq!(newest_glibc(b"musl"), None);
    }
}
