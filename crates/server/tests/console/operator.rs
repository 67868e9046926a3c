//! What an operator does daily, by the forms that the pages have: disks, snapshots, keys, and what is shown when it is refused.

use serde_json::Value;

use crate::http::{Browser, Form};
use crate::site::{ID, KMS, RAM, SECRET, Site};

const NEW: &str = "/console/disks/new?region=cn-hangzhou";

fn ecs(site: &Site, action: &str, parameters: &[(&str, &str)]) -> Value {
    let all = [&[("RegionId", "cn-hangzhou")], parameters].concat();
    site.call((ID, SECRET), "2014-05-26", action, &all)
}

/// A disk as DescribeDisks has it.
fn disk(site: &Site, id: &str) -> Value {
    ecs(site, "DescribeDisks", &[("DiskIds", &format!("[\"{id}\"]"))])["Disks"]["Disk"][0].clone()
}

/// A running instance: the one that another disk is attached to.
fn instance(site: &Site) -> String {
    let other = site.disk(&[]);
    site.does(&["attach", &other, "--print"]);
    disk(site, &other)["InstanceId"].as_str().unwrap().to_owned()
}

/// A user with that policy, signed in.
fn user<'s>(site: &'s Site, name: &str, policy: &str) -> Browser<'s> {
    let root = |action: &str, parameters: &[(&str, &str)]| site.call((ID, SECRET), RAM, action, parameters);
    root("CreateUser", &[("UserName", name)]);
    root("CreatePolicy", &[("PolicyName", name), ("PolicyDocument", policy)]);
    root("AttachPolicyToUser", &[("PolicyName", name), ("PolicyType", "Custom"), ("UserName", name)]);
    let made = root("CreateAccessKey", &[("UserName", name)]);
    let text = |name: &str| made["AccessKey"][name].as_str().unwrap();
    Browser::of_key(site, (text("AccessKeyId"), text("AccessKeySecret")))
}

/// The id at the end of where a browser is sent.
fn id(location: &str) -> String {
    location.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned()
}

#[test]
fn a_disk_is_made_attached_enlarged_detached_and_deleted_by_the_forms_of_its_pages() {
    let site = Site::new();
    let (browser, instance) = (Browser::of_root(&site), instance(&site));
    let location = browser.done(NEW, "CreateDisk", &[("Size", "20"), ("DiskName", "billing"), ("Encrypted", "true")]);
    let (id, page) = (id(&location), location.as_str());
    let made = disk(&site, &id);
    assert_eq!((&made["DiskName"], &made["Encrypted"]), (&"billing".into(), &true.into()));
    assert_eq!((&made["Size"], &made["Category"]), (&20.into(), &"cloud_essd".into()));
    assert!(browser.page(page).contains("The disk is made."));
    assert!(browser.page(page).contains(&format!("<option value=\"{instance}\">")), "it is offered");
    assert_eq!(browser.done(page, "AttachDisk", &[("InstanceId", &instance), ("Device", "/dev/xvdk")]), page);
    assert_eq!(disk(&site, &id)["Attachments"]["Attachment"][0]["Device"], "/dev/xvdk");
    assert!(!browser.page(page).contains("value=\"AttachDisk\""), "it is not free any more");
    browser.done(page, "ResizeDisk", &[("NewSize", "30"), ("Type", "offline")]);
    assert_eq!(disk(&site, &id)["Size"], 30);
    browser.done(page, "DetachDisk", &[]);
    assert_eq!(disk(&site, &id)["Status"], "Available");
    let form = Form::of(&browser.page(page), "DeleteDisk");
    assert_eq!((form.others.as_slice(), form.field("confirm")), (&["confirm".to_owned()][..], None));
    let sure = browser.submit(page, "DeleteDisk", &[]);
    assert!(sure.status == 400 && sure.body.contains("NotConfirmed") && sure.body.contains("<details open>"));
    assert_eq!(disk(&site, &id)["Size"], 30, "it is there still");
    let named = browser.page(page).replace(['\n', '\r'], " ");
    assert!(named.contains(&format!("Delete <span class=\"id\">{id}</span> (billing), 30 GiB, for good")), "{named}");
    let list = browser.done(page, "DeleteDisk", &[("confirm", "yes")]);
    assert_eq!(list, "/console/disks?region=cn-hangzhou");
    assert!(disk(&site, &id).is_null() && browser.page(&list).contains("The disk is deleted."));
}

#[test]
fn the_form_of_a_new_disk_shows_what_the_default_makes_of_it_and_makes_nothing() {
    let site = Site::new();
    let browser = Browser::of_root(&site);
    let shown = |filled_in: &[(&str, &str)]| {
        let csrf = browser.get("/console").csrf();
        browser.post("/console/disks/new", &[], &[&[("csrf", csrf.as_str())], filled_in].concat()).body
    };
    assert!(shown(&[]).contains("It will not be encrypted"));
    let of_default = site.json(&["default-encryption", "enable"])["KMSKeyId"].as_str().unwrap().to_owned();
    let by_default = shown(&[("DiskName", "kept")]);
    assert!(by_default.contains(&format!(">{of_default}</a>: what the default of the region says")), "{by_default}");
    assert_eq!(Form::of(&by_default, "CreateDisk").field("DiskName"), Some("kept"));
    let refused = shown(&[("Encrypted", "false")]);
    assert!(refused.contains("the disk would not be made") && refused.contains("NotMatchDiskDefaultEncryption"));
    let of_no_key = shown(&[("Encrypted", "true"), ("KMSKeyId", "nothing")]);
    assert!(of_no_key.contains("InvalidParameter.KMSKeyId.NotFound"), "{of_no_key}");
    assert_eq!(ecs(&site, "DescribeDisks", &[])["TotalCount"], 0);
    assert_eq!(browser.post("/console/disks/new", &[], &[("Encrypted", "true")]).status, 403, "no token");
}

#[test]
fn a_refused_form_is_shown_again_where_it_stands_with_code_hint_and_all_that_was_filled_in() {
    let site = Site::new();
    site.does(&["default-encryption", "enable"]);
    let browser = Browser::of_root(&site);
    let filled_in =
        [("Size", "25"), ("Description", "mine & yours"), ("Encrypted", "false"), ("DiskCategory", "cloud_auto")];
    let refused = browser.submit(NEW, "CreateDisk", &filled_in);
    assert_eq!(refused.status, 403);
    for part in
        ["<h1>New disk", "class=\"problem\"", "NotMatchDiskDefaultEncryption", "What helps: leave it to the default"]
    {
        assert!(refused.body.contains(part), "{part}: {}", refused.body);
    }
    let form = Form::of(&refused.body, "CreateDisk");
    for (name, value) in filled_in {
        assert_eq!(form.field(name), Some(value), "{name}");
    }
    assert_ne!(form.field("ClientToken"), Form::of(&browser.page(NEW), "CreateDisk").field("ClientToken"));
    let disk = site.disk(&[]);
    let page = format!("/console/disks/{disk}?region=cn-hangzhou");
    let smaller = browser.submit(&page, "ResizeDisk", &[("NewSize", "10")]);
    assert!(smaller.status == 403 && smaller.body.matches("class=\"problem\"").count() == 1, "{}", smaller.body);
    let beside =
        smaller.body.split("name=\"do\" value=\"ResizeDisk\"").nth(1).unwrap().split("</form>").next().unwrap();
    assert!(
        beside.contains("InvalidDiskSize.TooSmall") && beside.contains("A disk only grows".to_lowercase().as_str())
    );
    assert!(!browser.page(&page).contains("class=\"problem\""), "said once");
    // Somebody else was faster: the form is not there any more.
    let form = Form::of(&browser.page(&page), "DeleteDisk");
    site.does(&["disk", "delete", &disk]);
    let fields: Vec<_> = form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let late = browser.post("/console/act", &[], &[&fields[..], &[("confirm", "yes")]].concat());
    assert!(late.status == 404 && late.body.contains("<h1>Refused") && late.body.contains("InvalidDiskId.NotFound"));
}

#[test]
fn a_refused_remedy_is_shown_beside_its_own_finding() {
    let site = Site::new();
    let disks = [site.disk(&[]), site.disk(&[])];
    let looker = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":["coffer:Describe*","ecs:Describe*"],"Resource":"*"}]}"#;
    let alice = user(&site, "alice", looker);
    let page = alice.page("/console/compliance");
    let second = page.split("<form ").filter(|form| form.contains("value=\"ReencryptDisk\"")).nth(1).unwrap();
    let form = Form::of(&format!("<form {second}"), "ReencryptDisk");
    let fields: Vec<_> = form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let refused = alice.post("/console/act", &[], &fields);
    assert!(refused.status == 403 && refused.body.matches("class=\"problem\"").count() == 1, "{}", refused.body);
    let beside = refused.body.split("class=\"problem\"").nth(1).unwrap().split("</form>").next().unwrap();
    let of = disks.iter().filter(|id| beside.contains(id.as_str())).count();
    assert!(of == 1 && beside.contains(form.field("DiskId").unwrap()), "{beside}");
    assert!(beside.contains("must allow <code>coffer:ReencryptDisk</code>"), "{beside}");
}

#[test]
fn who_may_not_is_told_which_permission_is_missing_and_why() {
    let site = Site::new();
    let looker =
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":["ecs:Describe*","coffer:*"],"Resource":"*"}]}"#;
    let alice = user(&site, "alice", looker);
    let refused = alice.submit(NEW, "CreateDisk", &[("Size", "20")]);
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("must allow <code>ecs:CreateDisk</code>"), "{}", refused.body);
    let link = refused.body.split("href=\"").find(|rest| rest.contains(">Explain this refusal<")).unwrap();
    let why = alice.page(&link.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&"));
    assert!(why.contains("ecs:CreateDisk") && why.contains("refused"), "{why}");
    assert_eq!(ecs(&site, "DescribeDisks", &[])["TotalCount"], 0);
}

#[test]
fn a_form_that_is_sent_twice_makes_one_disk() {
    let site = Site::new();
    let browser = Browser::of_root(&site);
    let mut fields = Form::of(&browser.page(NEW), "CreateDisk").fields;
    fields.retain(|(name, _)| name != "Size");
    fields.push(("Size".to_owned(), "20".to_owned()));
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let sent = [0, 1].map(|_| browser.post("/console/act", &[], &fields));
    assert_eq!(sent[0].header("location"), sent[1].header("location"));
    assert_eq!(ecs(&site, "DescribeDisks", &[])["TotalCount"], 1);
}

#[test]
fn a_snapshot_is_made_copied_and_deleted_by_forms_and_its_page_names_what_was_made_from_it() {
    let site = Site::new();
    let browser = Browser::of_root(&site);
    let disk = site.disk(&["--encrypted", "true"]);
    let page = format!("/console/disks/{disk}?region=cn-hangzhou");
    let never = browser.submit(&page, "CreateSnapshot", &[("SnapshotName", "kept")]);
    assert!(never.body.contains("IncorrectDiskStatus.NeverAttached") && never.body.contains("attach it first"));
    assert_eq!(Form::of(&never.body, "CreateSnapshot").field("SnapshotName"), Some("kept"));
    browser.done(&page, "AttachDisk", &[("InstanceId", &instance(&site))]);
    let snapshot = browser.done(&page, "CreateSnapshot", &[("SnapshotName", "before")]);
    let shows = |page: &str, text: &str| browser.page(page).contains(text);
    while shows(&snapshot, "It is being made") {
        std::thread::yield_now();
    }
    assert!(shows(&snapshot, "It is complete.") && shows(&snapshot, "before"));
    let copy = browser.done(
        &snapshot,
        "CopySnapshot",
        &[
            ("DestinationRegionId", "cn-beijing"),
            ("DestinationSnapshotName", "second"),
            ("DestinationSnapshotDescription", "far away"),
        ],
    );
    assert!(copy.starts_with("/console/snapshots/s-") && copy.ends_with("?region=cn-beijing"), "{copy}");
    assert!(shows(&copy, &id(&snapshot)), "it says what it is a copy of");
    while shows(&copy, "It is being made") {
        std::thread::yield_now();
    }
    let made = format!("{NEW}&SnapshotId={}", id(&snapshot));
    assert!(browser.page(&snapshot).replace("&amp;", "&").contains(&made), "the link");
    assert!(shows(&made, "the key of the snapshot"));
    let from = id(&browser.done(&made, "CreateDisk", &[]));
    assert!(shows(&snapshot, &format!(">{from}</a>")) && shows(&snapshot, "disks: 1, images: 0"));
    let kept = browser.submit(&snapshot, "DeleteSnapshot", &[("confirm", "yes")]);
    assert!(kept.body.contains("SnapshotCreatedDisk") && kept.body.contains("delete it by force"), "{}", kept.body);
    let list = browser.done(&snapshot, "DeleteSnapshot", &[("confirm", "yes"), ("Force", "true")]);
    assert_eq!((list.as_str(), browser.get(&snapshot).status), ("/console/snapshots?region=cn-hangzhou", 404));
}

#[test]
fn a_key_is_made_set_as_the_default_and_shows_what_hangs_on_it_before_it_is_deleted() {
    let site = Site::new();
    site.let_ecs_use_keys();
    let browser = Browser::of_root(&site);
    let late = browser.submit("/console/keys", "CreateKey", &[("EnableAutomaticRotation", "true")]);
    assert!(
        late.status == 400
            && late.body.contains("MissingParameter")
            && late.body.contains("<details class=\"card new\" open>")
    );
    assert_eq!(Form::of(&late.body, "CreateKey").field("EnableAutomaticRotation"), Some("true"));
    let filled_in = [("Description", "reports"), ("EnableAutomaticRotation", "true"), ("RotationInterval", "365d")];
    let page = browser.done("/console/keys", "CreateKey", &filled_in);
    let key = id(&page);
    let described = site.call((ID, SECRET), KMS, "DescribeKey", &[("KeyId", &key)])["KeyMetadata"].clone();
    assert_eq!((&described["Description"], &described["KeySpec"]), (&"reports".into(), &"Aliyun_AES_256".into()));
    assert_eq!(described["AutomaticRotation"], "Enabled");
    browser.done("/console", "EnableDiskEncryptionByDefault", &[]);
    let unknown = browser.submit("/console", "ModifyDiskDefaultKMSKeyId", &[("KMSKeyId", "nothing")]);
    assert!(
        unknown.body.contains("<h1>Dashboard") && unknown.body.contains("a key is of one region"),
        "{}",
        unknown.body
    );
    browser.done("/console", "ModifyDiskDefaultKMSKeyId", &[("KMSKeyId", &key)]);
    assert_eq!(site.json(&["default-encryption", "status"])["KMSKeyId"], key.as_str());
    let disk = site.disk(&[]);
    let shown = browser.page(&page);
    let warned = shown.split("Schedule its deletion").nth(1).unwrap().split("</form>").next().unwrap();
    assert!(warned.contains("Disks: 1 (of running instances: 0), default of regions: 1."), "{warned}");
    assert!(warned.contains(&format!("<span class=\"id\">{key}</span> (reports) for good")), "{warned}");
    assert!(shown.contains(&format!(">{disk}</a>")), "each of them by name");
    assert_eq!(browser.submit(&page, "ScheduleKeyDeletion", &[]).status, 400, "not without the box");
    browser.done(&page, "ScheduleKeyDeletion", &[("PendingWindowInDays", "7"), ("confirm", "yes")]);
    browser.done(&page, "CancelKeyDeletion", &[]);
    browser.done("/console", "ResetDiskDefaultKMSKeyId", &[]);
    assert_ne!(site.json(&["default-encryption", "status"])["KMSKeyId"], key.as_str());
}
