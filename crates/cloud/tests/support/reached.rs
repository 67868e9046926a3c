//! A record of the errors that tests were answered with, for `cargo xtask reached`.

use std::fs::OpenOptions;
use std::io::Write as _;

use serde_json::Value;

/// The folder to record in, a file a process.
const FOLDER: &str = "COFFER_REACHED";

/// Records a refusal: status, code and message, between tabs.
pub(crate) fn record(status: u16, body: &Value) {
    let (Some(folder), true) = (std::env::var_os(FOLDER), status != 200) else { return };
    let path = std::path::Path::new(&folder).join(std::process::id().to_string());
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    let line = format!("{status}\t{}\t{}\n", body["Code"].as_str().unwrap(), body["Message"].as_str().unwrap());
    file.write_all(line.as_bytes()).unwrap();
}
