//! The page of compliance: findings, remedies that it calls, and files.

use serde_json::Value;

use crate::http::Browser;
use crate::site::{ID, RAM, SECRET, Site};

/// Presses the button of a finding.
fn press(browser: &Browser<'_>, action: &str) {
    let location = browser.done("/console/compliance", action, &[]);
    assert_eq!(location, "/console/compliance?region=cn-hangzhou", "{action}");
}

#[test]
fn a_finding_has_its_command_and_a_button_that_mends_it() {
    let site = Site::new();
    site.let_ecs_use_keys();
    let browser = Browser::of_root(&site);
    assert!(browser.page("/console/compliance").contains("Nothing is found."));
    let plain = site.disk(&[]);
    let key = site.does(&["key", "create"]).trim().to_owned();
    let disk = site.disk(&["--key", &key]);
    site.does(&["key", "disable", &key]);
    let page = browser.page("/console/compliance");
    for (kind, id) in [("DiskNotEncrypted", &plain), ("DiskKeyUnusable", &disk)] {
        let command = format!("coffer compliance fix --region cn-hangzhou --kind {kind} --resource {id}</code>");
        assert!(page.contains(&command), "{page}");
    }
    let only = browser.page("/console/compliance?kind=DiskKeyUnusable");
    assert!(only.contains(&disk) && !only.contains(&plain), "{only}");
    press(&browser, "EnableKey");
    assert_eq!(site.json(&["key", "show", &key])["KeyState"], "Enabled");
    press(&browser, "ReencryptDisk");
    let page = browser.page("/console/compliance");
    assert!(page.contains("under way") && !page.contains("value=\"ReencryptDisk\"") && !page.contains(&disk), "{page}");
    assert!(browser.page("/console/jobs").contains(&plain));
    assert_eq!(browser.get("/console/compliance?kind=Anything").status, 400);
}

#[test]
fn a_snapshot_under_an_old_key_is_copied_from_the_page_and_deleted_on_its_own() {
    let site = Site::new();
    let browser = Browser::of_root(&site);
    let disk = site.disk(&["--encrypted", "true"]);
    site.does(&["attach", &disk, "--print"]);
    site.does(&["snapshot", "create", &disk, "--wait"]);
    let old = site.json(&["snapshot", "list"])[0]["SnapshotId"].as_str().unwrap().to_owned();
    site.let_ecs_use_keys();
    let key = site.does(&["key", "create"]).trim().to_owned();
    site.does(&["disk", "rewrap", &disk, "--key", &key]);
    let copy = browser.done("/console/compliance?kind=SnapshotUnderOldKey", "CopySnapshot", &[]);
    while browser.page(&copy).contains("It is being made") {
        std::thread::yield_now();
    }
    assert!(browser.page(&copy).contains(&format!(">{key}</a>")), "it is under the disk's key");
    let superseded = browser.page("/console/compliance?kind=SnapshotSuperseded");
    assert!(!superseded.contains("value=\"DeleteSnapshot\""), "not without a word of what goes");
    assert!(superseded.contains(&format!("/console/snapshots/{old}?")), "{superseded}");
}

#[test]
fn a_key_past_its_rotation_age_is_rotated_from_the_page() {
    let site = Site::with("[compliance]\nrotation_age_days = 0\n");
    site.does(&["key", "create"]);
    let browser = Browser::of_root(&site);
    press(&browser, "CreateKeyVersion");
    assert!(browser.page("/console/audit").contains("kms:CreateKeyVersion"));
}

#[test]
fn the_files_are_those_of_the_command_line_and_have_every_finding() {
    let site = Site::new();
    let disks: Vec<_> = (0..51).map(|_| site.disk(&[])).collect();
    let browser = Browser::of_root(&site);
    assert!(browser.page("/console/compliance").contains("rel=\"next\""), "the page has the first of them");
    for (form, kind) in [("csv", "text/csv; charset=utf-8"), ("json", "application/json")] {
        let answer = browser.get(&format!("/console/compliance/findings.{form}?region=cn-hangzhou&kind="));
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)));
        let name = format!("attachment; filename=\"findings.{form}\"");
        assert_eq!(answer.header("content-disposition"), Some(name.as_str()));
        assert_eq!(answer.body, site.does(&["compliance", "report", "--output", form]), "{form}");
        assert!(disks.iter().all(|disk| answer.body.contains(disk)), "{form}");
    }
    let others = browser.page("/console/compliance/findings.json?kind=SnapshotSuperseded");
    assert_eq!(serde_json::from_str::<Value>(&others).unwrap(), Value::Array(Vec::new()));
    assert_eq!(browser.get("/console/compliance/findings.xml").status, 404);
}

#[test]
fn who_may_not_see_findings_gets_neither_page_nor_file() {
    let site = Site::new();
    let root = |action: &str| site.call((ID, SECRET), RAM, action, &[("UserName", "alice")]);
    root("CreateUser");
    let made = root("CreateAccessKey");
    let text = |name: &str| made["AccessKey"][name].as_str().unwrap();
    let alice = Browser::of_key(&site, (text("AccessKeyId"), text("AccessKeySecret")));
    for path in ["/console/compliance", "/console/compliance/findings.csv"] {
        let answer = alice.get(path);
        assert!(answer.status == 403 && answer.body.contains("coffer:DescribeComplianceFindings"), "{}", answer.body);
    }
    assert!(alice.page("/console").contains("coffer:ListEvents"), "nor the events");
}
