//! Configuration that a page shows: a server is started with it.

use std::fs;
use std::path::Path;

use super::play;

/// Where a page's configuration has its files.
const PLACE: &str = "/etc/coffer/";

/// Starts a server with that configuration; only data directory and address are others. The files that it names below `/etc/coffer`
/// are made: those of certificates with a certificate, others with a secret.
pub(super) fn check(binary: &Path, name: &str, text: &str) -> Result<(), String> {
    let place = play::place(name);
    let files = place.join("etc");
    fs::create_dir_all(&files).map_err(|error| error.to_string())?;
    let outcome = started(binary, &place.join("data"), &files, text);
    fs::remove_dir_all(&place).map_err(|error| error.to_string())?;
    outcome
}

fn started(binary: &Path, data: &Path, files: &Path, text: &str) -> Result<(), String> {
    // The first start makes a certificate.
    start_and_stop(binary, data, &[])?;
    let certificate = fs::read_to_string(data.join("ca.pem")).map_err(|error| error.to_string())?;
    for named in text.split(PLACE).skip(1) {
        let name = named.split('"').next().unwrap_or_default();
        let content = if Path::new(name).extension().is_some_and(|extension| extension == "pem") {
            certificate.as_str()
        } else {
            "a secret for the documents"
        };
        fs::write(files.join(name), content).map_err(|error| format!("{name}: {error}"))?;
    }
    let file = files.join("coffer.toml");
    let own = format!("{}/", files.display());
    fs::write(&file, text.replace(PLACE, &own)).map_err(|error| error.to_string())?;
    start_and_stop(binary, data, &["--config", &file.to_string_lossy()])
}

fn start_and_stop(binary: &Path, data: &Path, more: &[&str]) -> Result<(), String> {
    let (mut server, _) = play::start(binary, data, more)?;
    server.kill().and_then(|()| server.wait()).map(drop).map_err(|error| error.to_string())
}
