//! Nobody but the server's user reads what is secret.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::{Check, Data, Finding, Findings, Run};
use crate::cli::Failure;

pub(super) const CHECK: Check = Check { name: "root_key_mode", run: Run::Data(check) };

/// What begins so, or is called so.
const SECRET: [&str; 3] = ["root.", "server.key", coffer_store::FILE];

fn check(data: &Data) -> Findings {
    let directory = &data.config.data;
    let failed = |error| Failure::machine(directory.display(), error);
    // A private directory hides the database, whose files have the modes that the engine gives them.
    let others = fs::metadata(directory).map_err(failed)?.permissions().mode() & 0o077;
    let mut findings = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let mode = entry.metadata().map_err(failed)?.permissions().mode() & 0o777;
        let is_key = name.starts_with(SECRET[0]) || name == SECRET[1];
        if mode & 0o077 != 0 && (is_key || (name.starts_with(SECRET[2]) && others != 0)) {
            let path = entry.path().display().to_string();
            let remedy = format!("chmod 600 {path}; if others had access to the machine: coffer seal rotate");
            findings.push(Finding::error(format!("{path} can be read by others (mode {mode:04o})"), remedy));
        }
    }
    Ok(findings)
}
