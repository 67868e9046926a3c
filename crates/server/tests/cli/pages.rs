//! Health, metrics, and what is made for those who watch them.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use crate::site::{ID, SECRET, Site};

const ECS: &str = "2014-05-26";

fn get(site: &Site, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(site.address()).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// Asks for a page until it is so; the last one, whatever it says, after a minute.
fn until(site: &Site, path: &str, is_so: impl Fn(&(u16, String)) -> bool) -> (u16, String) {
    for _ in 0..6000 {
        let page = get(site, path);
        if is_so(&page) {
            return page;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    get(site, path)
}

fn repository(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}

/// The names of metrics in a text.
fn names(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("coffer_")).collect()
}

/// The names of the series that a server exports.
fn series(metrics: &str) -> BTreeSet<&str> {
    let lines = metrics.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split(['{', ' ']).next()).collect()
}

#[test]
fn readiness_tries_out_what_it_needs_and_tells_nobody_why_not() {
    let site = Site::new();
    assert_eq!(get(&site, "/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(get(&site, "/readyz"), (200, "ready\n".to_owned()));
    fs::rename(site.data().join("volumes"), site.data().join("away")).unwrap();
    let not_ready = until(&site, "/readyz", |(status, _)| *status != 200);
    assert_eq!(not_ready, (503, "not ready\n".to_owned()));
    assert_eq!(get(&site, "/healthz").0, 200);
    fs::rename(site.data().join("away"), site.data().join("volumes")).unwrap();
    assert_eq!(until(&site, "/readyz", |(status, _)| *status == 200).0, 200);
}

#[test]
fn requests_are_counted_by_product_action_and_code() {
    let site = Site::new();
    let disk = site.disk(&[]);
    assert_eq!(site.coffer(&["disk", "delete", "d-absent"]).code, 5);
    // A job may write at any time.
    let (_, metrics) = until(&site, "/metrics", |(_, metrics)| metrics.contains("coffer_writer_waiting 0\n"));
    for line in [
        "coffer_request_duration_seconds_count{product=\"ecs\",action=\"CreateDisk\",code=\"OK\"} 1",
        "coffer_request_duration_seconds_bucket{product=\"ecs\",action=\"CreateDisk\",code=\"OK\",le=\"+Inf\"} 1",
        "coffer_request_duration_seconds_count{product=\"ecs\",action=\"DeleteDisk\",code=\"InvalidDiskId.NotFound\"} 1",
        "coffer_writer_refused_total 0",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in {metrics}");
    }
    let value = |name: &str| {
        let line = metrics.lines().find(|line| line.starts_with(name)).unwrap();
        line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()
    };
    assert!(value("coffer_audit_rows_total") >= 1 && value("coffer_writer_commits_total") >= 1);
    assert!(!metrics.contains(SECRET) && !metrics.contains(ID));
    drop(disk);
}

#[test]
fn the_dashboard_the_alerts_and_the_document_name_what_the_server_exports() {
    let site = Site::new();
    let disk = site.disk(&[]);
    site.json(&["attach", &disk, "--print"]);
    // One that waits, for its kind to be there.
    let later = [("RegionId", "cn-hangzhou"), ("DiskId", disk.as_str()), ("RetentionDays", "1")];
    site.call((ID, SECRET), ECS, "CreateSnapshot", &later);
    let (_, metrics) = get(&site, "/metrics");
    let exported = series(&metrics);
    let dashboard: serde_json::Value = serde_json::from_str(&repository("packaging/grafana/coffer.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap_or(&Vec::new()).clone());
    let expressions: Vec<String> = targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect();
    assert!(expressions.len() > 10);
    for expression in expressions.iter().chain([&repository("packaging/prometheus/coffer.rules.yml")]) {
        for name in names(expression) {
            assert!(exported.contains(name), "{name} of {expression} is not exported");
        }
    }
    let document = repository("docs/operations.md");
    let described = names(&document);
    let families = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    for family in families {
        assert!(described.contains(family), "{family} is not in docs/operations.md");
    }
}

#[test]
fn every_alert_has_its_place_in_the_runbook() {
    let rules = repository("packaging/prometheus/coffer.rules.yml");
    let alerts: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() > 5);
    let document = repository("docs/operations.md");
    for alert in alerts {
        assert!(document.contains(&format!("| `{alert}` |")), "{alert} is not in the runbook");
    }
}
