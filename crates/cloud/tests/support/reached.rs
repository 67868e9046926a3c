//! A record of the errors that tests were answered with, for `cargo xtask reached`.

use std::fs::OpenOptions;
use std::io::Write as _;

use serde_json::{Value, json};

/// The folder to record in, a file a process.
const FOLDER: &str = "COFFER_REACHED";

/// Records a refusal: the action asked for, status, code and message, as a JSON array on a line of its own.
pub(crate) fn record(action: &str, status: u16, body: &Value) {
    let (Some(folder), true) = (std::env::var_os(FOLDER), status != 200) else { return };
    let path = std::path::Path::new(&folder).join(std::process::id().to_string());
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    let line = format!("{}\n", json!([action, status, body["Code"], body["Message"]]));
    file.write_all(line.as_bytes()).unwrap();
}
