//! Events on the command line.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::site::{ID, SECRET, Site};

#[test]
fn events_are_lines_of_json_and_can_be_followed() {
    let site = Site::new();
    let disk = site.disk(&["--encrypted", "true"]);
    let lines = site.does(&["events"]);
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!((&last["Kind"], &last["ResourceId"]), (&"DiskCreated".into(), &disk.as_str().into()));
    assert_eq!(last["Detail"]["encrypted"], "true");
    let cursor = last["Cursor"].to_string();
    assert_eq!(site.does(&["events", "--cursor", &cursor]), "");
    let mut follow = site.binary();
    follow
        .args(["events", "--follow", "--cursor", &cursor])
        .env("COFFER_ENDPOINT", format!("http://{}", site.address()));
    follow.env("ALIBABA_CLOUD_ACCESS_KEY_ID", ID).env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET);
    let mut child = follow.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    site.does(&["disk", "delete", &disk]);
    let next: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!((&next["Kind"], &next["ResourceId"]), (&"DiskDeleted".into(), &disk.as_str().into()));
    child.kill().unwrap();
    child.wait().unwrap();
}
