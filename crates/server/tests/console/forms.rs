//! What is done by forms: with the caller's rights, and only from the console's own pages.

use crate::http::{Browser, Form};
use crate::site::{ID, RAM, SECRET, Site};

fn state(site: &Site, key: &str) -> String {
    site.json(&["key", "show", key])["KeyState"].as_str().unwrap().to_owned()
}

#[test]
fn a_form_without_the_session_s_token_or_from_elsewhere_is_refused_and_nothing_is_done() {
    let site = Site::new();
    let key = site.does(&["key", "create"]).trim().to_owned();
    let (browser, other) = (Browser::of_root(&site), Browser::of_root(&site));
    let (csrf, of_other) = (browser.get("/console").csrf(), other.get("/console").csrf());
    assert_ne!(csrf, of_other);
    let disable = [("do", "DisableKey"), ("KeyId", key.as_str())];
    for token in [None, Some(""), Some("0"), Some(of_other.as_str())] {
        let fields: Vec<_> = token.map(|token| ("csrf", token)).into_iter().chain(disable).collect();
        let answer = browser.post("/console/act", &[], &fields);
        assert_eq!(answer.status, 403, "{token:?}");
        assert!(answer.body.contains("InvalidForm"));
    }
    let good: Vec<_> = [("csrf", csrf.as_str())].into_iter().chain(disable).collect();
    for header in [("Origin", "http://evil.example"), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site")] {
        assert_eq!(browser.post("/console/act", &[header], &good).status, 403, "{header:?}");
    }
    assert_eq!(browser.get(&format!("/console/act?do=DisableKey&KeyId={key}&csrf={csrf}")).status, 404);
    assert_eq!(state(&site, &key), "Enabled");
    let own = format!("http://{}", site.address());
    assert_eq!(browser.post("/console/act", &[("Origin", &own)], &good).status, 303);
    assert_eq!(state(&site, &key), "Disabled");
}

#[test]
fn a_key_goes_through_its_states_and_each_page_says_once_what_was_done() {
    let site = Site::new();
    let key = site.does(&["key", "create"]).trim().to_owned();
    let browser = Browser::of_root(&site);
    let day = ("PendingWindowInDays", "7");
    for (action, more, said, then) in [
        ("DisableKey", &[][..], "The key is disabled.", "Disabled"),
        ("EnableKey", &[], "The key is enabled.", "Enabled"),
        ("ScheduleKeyDeletion", &[day, ("confirm", "yes")], "The key will be deleted.", "PendingDeletion"),
        ("CancelKeyDeletion", &[], "The key is kept.", "Enabled"),
    ] {
        let answer = browser.act(action, &[&[("KeyId", key.as_str())], more].concat());
        assert_eq!((answer.status, answer.header("location")), (303, Some("/console/keys?region=cn-hangzhou")));
        let live = browser.get_with("/console/keys", &[("HX-Request", "true")]);
        assert!(!live.body.contains(said), "a live update leaves it to the page");
        assert!(browser.page("/console/keys").contains(said), "{action}");
        assert!(!browser.page("/console/keys").contains(said), "{action}: said once");
        if action == "CancelKeyDeletion" {
            continue;
        }
        assert_eq!(state(&site, &key), then);
    }
}

#[test]
fn the_switch_is_switched_and_what_the_api_refuses_is_shown_with_its_code() {
    let site = Site::new();
    let browser = Browser::of_root(&site);
    assert!(browser.page("/console").contains("value=\"EnableDiskEncryptionByDefault\""));
    assert_eq!(browser.act("EnableDiskEncryptionByDefault", &[("region", "cn-beijing")]).status, 303);
    assert!(browser.page("/console?region=cn-beijing").contains("value=\"DisableDiskEncryptionByDefault\""));
    assert!(browser.page("/console").contains("value=\"EnableDiskEncryptionByDefault\""), "another region");
    let again = browser.act("EnableDiskEncryptionByDefault", &[("region", "cn-beijing")]);
    assert!(again.status >= 400 && again.body.contains("request <span"), "{}", again.body);
    let unknown = browser.act("DeleteInstance", &[("InstanceId", "i-1")]);
    assert_eq!(unknown.status, 400);
    assert!(unknown.body.contains("InvalidAction"));
    let (csrf, elsewhere) = (browser.get("/console").csrf(), "https://evil.example/console");
    let switch_off = [("do", "DisableDiskEncryptionByDefault"), ("region", "cn-beijing"), ("back", elsewhere)];
    let answer = browser.post("/console/act", &[], &[&[("csrf", csrf.as_str())], &switch_off[..]].concat());
    assert_eq!((answer.status, answer.header("location")), (303, Some("/console")));
}

#[test]
fn a_disk_is_encrypted_anew_held_up_and_shown_among_the_jobs() {
    let site = Site::new();
    let disk = site.disk(&["--encrypted", "true"]);
    let browser = Browser::of_root(&site);
    let of_disk = ("DiskId", disk.as_str());
    assert_eq!(browser.act("ReencryptDisk", &[of_disk, ("MebibytesPerSecond", "5"), ("KMSKeyId", " ")]).status, 303);
    let jobs = browser.page("/console/jobs");
    assert!(jobs.contains(&disk) && jobs.contains("Waiting"), "{jobs}");
    assert_eq!(browser.act("ModifyDiskReencryption", &[of_disk, ("Paused", "true")]).status, 303);
    let page = browser.page(&format!("/console/disks/{disk}"));
    assert!(page.contains("Re-encryption paused") && page.contains("Go on"), "{page}");
    assert!(page.contains("coffer:ReencryptDisk"), "its history");
    // What was said stays when the page brings itself up to date.
    let form = Form::of(&page, "ModifyDiskReencryption");
    let fields: Vec<_> = form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let refused = browser.post("/console/act", &[], &[&fields[..], &[("MebibytesPerSecond", "none")]].concat());
    assert!(refused.status == 400 && refused.body.contains("class=\"problem\""), "{}", refused.body);
    assert!(!refused.body.split("id=\"live\"").nth(1).unwrap().contains("class=\"problem\""), "{}", refused.body);
}

#[test]
fn a_user_without_rights_sees_named_refusals_and_can_not_act() {
    let site = Site::new();
    let root = |action: &str, parameters: &[(&str, &str)]| site.call((ID, SECRET), RAM, action, parameters);
    root("CreateUser", &[("UserName", "alice")]);
    let policy = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:DescribeDisks","Resource":"*"}]}"#;
    root("CreatePolicy", &[("PolicyName", "look"), ("PolicyDocument", policy)]);
    root("AttachPolicyToUser", &[("PolicyName", "look"), ("PolicyType", "Custom"), ("UserName", "alice")]);
    let made = root("CreateAccessKey", &[("UserName", "alice")]);
    let text = |name: &str| made["AccessKey"][name].as_str().unwrap().to_owned();
    let alice = Browser::of_key(&site, (&text("AccessKeyId"), &text("AccessKeySecret")));
    let (disk, key) = (site.disk(&[]), site.does(&["key", "create"]).trim().to_owned());
    assert!(alice.page("/console/disks").contains(&disk), "that is allowed");
    for (path, action) in [
        ("/console/snapshots", "ecs:DescribeSnapshots"),
        ("/console/keys", "kms:ListKeys"),
        ("/console/audit", "coffer:LookupAuditRecords"),
    ] {
        let answer = alice.get(path);
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.body.contains(&format!("must allow <code>{action}</code>")), "{path}: {}", answer.body);
    }
    let jobs = alice.page("/console/jobs");
    assert!(jobs.contains("coffer:DescribeDiskReencryptions") && jobs.contains("ecs:DescribeSnapshots"), "{jobs}");
    let load = alice.get("/console/load");
    assert!(load.status == 403 && load.body.contains("OperatorOnly"));
    assert!(!alice.page("/console").contains("/console/load"));
    let refused = alice.act("DisableKey", &[("KeyId", &key)]);
    assert!(refused.status == 403 && refused.body.contains("kms:DisableKey"), "{}", refused.body);
    assert_eq!(state(&site, &key), "Enabled");
    // That it was tried is on record, as for any other client.
    let tried = Browser::of_root(&site).page("/console/audit?action=DisableKey&outcome=Failed");
    assert!(tried.contains("user/alice"), "{tried}");
}
