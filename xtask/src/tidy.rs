//! What the compiler does not check: which crate may use which, where SQL and `unsafe` live, sizes, names, formatting.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::name::snake_case;
use crate::report::{self, Counts};

/// Which of our crates each may use.
const EDGES: [(&str, &[&str]); 6] = [
    ("base", &[]),
    ("crypto", &["base"]),
    ("store", &["base"]),
    ("block", &["base", "crypto"]),
    ("cloud", &["base", "crypto", "store", "block"]),
    ("server", &["base", "crypto", "store", "block", "cloud"]),
];
const MOST_LINES: usize = 800;
const NO_MODULES: [&str; 4] = ["utils", "helpers", "common", "manager"];
const PRODUCTS: [&str; 6] = ["ecs", "kms", "ram", "sts", "location", "coffer"];

/// Checks everything; with `fix`, formats first.
pub(crate) fn run(fix: bool) -> Result<Counts, String> {
    let files = report::files("*.rs")?;
    let checks: [(&str, Vec<String>); 5] = [
        ("edges", edges()?),
        ("sizes and names", files.iter().flat_map(|file| size_and_name(file)).collect()),
        ("where SQL and unsafe live", files.iter().flat_map(|file| places(file)).collect()),
        ("operations", operations()?),
        ("formatting", formatting(&files, fix)?),
    ];
    let mut counts = Counts::default();
    for (name, findings) in checks {
        counts.passed += u64::from(findings.is_empty());
        counts.failed += u64::from(!findings.is_empty());
        for finding in findings {
            report::failed(name, &finding);
        }
    }
    let mut clippy = Command::new(env!("CARGO"));
    let lints =
        report::success(clippy.args(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]));
    counts.passed += u64::from(lints.is_ok());
    counts.failed += u64::from(lints.is_err());
    Ok(counts)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn edges() -> Result<Vec<String>, String> {
    let mut findings = Vec::new();
    for (name, allowed) in EDGES {
        let manifest =
            std::fs::read_to_string(format!("crates/{name}/Cargo.toml")).map_err(|error| error.to_string())?;
        findings
            .extend(uses(&manifest).filter(|used| !allowed.contains(used)).map(|used| format!("{name} uses {used}")));
    }
    Ok(findings)
}

/// Our crates that a manifest names as dependencies.
fn uses(manifest: &str) -> impl Iterator<Item = &str> {
    manifest.lines().filter_map(|line| line.strip_prefix("coffer-")?.split([' ', '=', '.']).next())
}

fn size_and_name(path: &Path) -> Vec<String> {
    let mut findings = Vec::new();
    let lines = read(path).lines().count();
    if lines > MOST_LINES {
        findings.push(format!("{} has {lines} lines; {MOST_LINES} are the most", path.display()));
    }
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    if NO_MODULES.contains(&stem) {
        findings.push(format!("{}: say what it holds", path.display()));
    }
    findings
}

fn places(path: &Path) -> Vec<String> {
    let text = read(path);
    let place = path.to_string_lossy();
    let mut findings = Vec::new();
    let sql = ["\"SELECT ", "\"INSERT INTO ", "\"DELETE FROM ", "\"UPDATE "];
    if !place.starts_with("crates/store/") && !place.starts_with("xtask/") && sql.iter().any(|word| text.contains(word))
    {
        findings.push(format!("{place} holds SQL; that belongs in crates/store"));
    }
    let unsafe_code = text.lines().any(|line| line.trim_start().starts_with("unsafe ") || line.contains(" unsafe {"));
    if unsafe_code
        && !place.starts_with("crates/crypto/")
        && !place.starts_with("crates/block/")
        && !place.starts_with("xtask/")
    {
        findings
            .push(format!("{place} holds unsafe code; that belongs in crates/crypto or the drivers of crates/block"));
    }
    findings
}

/// Every operation's file is in its product's table, and says in its first line which it is.
fn operations() -> Result<Vec<String>, String> {
    let mut findings = Vec::new();
    for product in PRODUCTS {
        let directory = format!("crates/cloud/src/{product}");
        let table = read(Path::new(&directory).join("mod.rs").as_path());
        for entry in std::fs::read_dir(&directory).map_err(|error| error.to_string())? {
            let path = entry.map_err(|error| error.to_string())?.path();
            let text = read(&path);
            if !text.contains("pub const OPERATION: Operation") {
                continue;
            }
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let name = text.split("name: \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
            let lines = [format!("{stem},"), format!("{stem}: costly,")];
            if !table.lines().any(|line| lines.iter().any(|known| line.trim() == known)) {
                findings.push(format!("{} is not in its product's table", path.display()));
            }
            if !text.starts_with(&format!("//! {name}: ")) || snake_case(name) != stem {
                findings.push(format!(
                    "{} does not begin with its action's name, or is not called after it",
                    path.display()
                ));
            }
        }
    }
    Ok(findings)
}

/// `cargo fmt` does not see modules that a macro declares, so each file is given to rustfmt by name.
fn formatting(files: &[PathBuf], fix: bool) -> Result<Vec<String>, String> {
    let mut rustfmt = Command::new("rustfmt");
    rustfmt
        .args(["--edition", "2024", "--config-path", "rustfmt.toml"])
        .args(if fix { &[][..] } else { &["--check", "-l"] })
        .args(files);
    let output = rustfmt.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(Vec::new());
    }
    let listed = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Ok(listed.lines().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_names_the_crates_it_uses() {
        let manifest = "[package]\nname = \"coffer-cloud\"\n[dependencies]\ncoffer-base = { workspace = true }\ncoffer-store.workspace = true\n";
        assert_eq!(uses(manifest).collect::<Vec<_>>(), ["base", "store"]);
    }
}
