//! Events on the command line, and at a webhook that is not always there.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::Stdio;

use coffer_crypto::{digest, mac};
use serde_json::Value;

use crate::site::{ID, SECRET, Site};

const KEY: &str = "a-secret-of-the-webhook";

/// Takes one delivery, answers it with that status, and gives its events if its signature is right.
fn take(listener: &TcpListener, status: &str) -> Vec<Value> {
    let (stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(stream);
    let (mut length, mut time, mut signature) = (0, String::new(), String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            if line.trim_end().is_empty() {
                break;
            }
            continue;
        };
        match name {
            "content-length" => length = value.parse().unwrap(),
            "x-coffer-timestamp" => value.clone_into(&mut time),
            "x-coffer-signature" => value.clone_into(&mut signature),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let signed = [time.as_bytes(), b".", &body].concat();
    assert_eq!(signature, format!("sha256={}", digest::hex(&mac::hmac_sha256(KEY.as_bytes(), &signed))));
    write!(reader.get_mut(), "HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    body["Events"].as_array().unwrap().clone()
}

/// Takes deliveries until that disk is among them; all the events, in order.
fn take_until(listener: &TcpListener, disk: &str) -> Vec<Value> {
    let mut all = Vec::new();
    while !all.iter().any(|event: &Value| event["ResourceId"] == disk) {
        all.extend(take(listener, "204 No Content"));
    }
    all
}

#[test]
fn a_webhook_gets_every_event_in_order_also_after_failures_and_a_restart() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let secret = std::env::temp_dir().join(format!("coffer-webhook-{}", std::process::id()));
    fs::write(&secret, KEY).unwrap();
    let settings = format!("[events]\nwebhook_url = \"{url}\"\nwebhook_secret_file = \"{}\"\n", secret.display());
    let mut site = Site::with(&settings);
    let first = site.disk(&[]);
    let refused = take(&listener, "503 Service Unavailable");
    let events = take_until(&listener, &first);
    assert_eq!(events[0], refused[0], "what was not accepted is sent again");
    let numbers: Vec<i64> = events.iter().map(|event| event["Id"].as_i64().unwrap()).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    // When the next delivery comes, the one before is on record.
    take_until(&listener, &site.disk(&[]));
    site.stop();
    site.start();
    let second = site.disk(&[]);
    let events = take_until(&listener, &second);
    assert!(events.iter().all(|event| event["ResourceId"] != *first), "what was accepted is not sent again");
    drop(site);
    fs::remove_file(secret).unwrap();
}

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
