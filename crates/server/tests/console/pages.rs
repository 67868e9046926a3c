//! What the pages show.

use crate::http::Browser;
use crate::site::{ID, SECRET, Site};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The most that a page may weigh with all it loads.
const MOST_BYTES: usize = 150_000;

#[test]
fn every_page_is_small_and_keeps_to_itself() {
    let site = Site::new();
    let (disk, key) = (site.disk(&["--encrypted", "true"]), site.does(&["key", "create"]));
    let browser = Browser::of_root(&site);
    let assets = ["/console/assets/console.css", "/console/assets/htmx.js", "/console/assets/icon.svg"];
    let of_assets: usize = assets.iter().map(|path| browser.page(path).len()).sum();
    let (disk, key) = (format!("/console/disks/{disk}"), format!("/console/keys/{}", key.trim()));
    for path in [
        "/console",
        "/console/disks",
        "/console/disks/new",
        &disk,
        "/console/snapshots",
        "/console/keys",
        &key,
        "/console/compliance",
        "/console/jobs",
        "/console/audit",
        "/console/explain?Principal=root&AuthAction=ecs:CreateDisk",
        "/console/load",
        "/console/login",
    ] {
        let answer = browser.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        for (name, value) in [
            ("content-security-policy", POLICY),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("cache-control", "no-store"),
            ("referrer-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        for inline in ["<script>", "<style", " style=", " onclick=", "javascript:"] {
            assert!(!answer.body.contains(inline), "{path} has {inline}");
        }
        assert!(answer.body.len() + of_assets < MOST_BYTES, "{path}: {} and {of_assets}", answer.body.len());
    }
    let missing = browser.get("/console/nothing");
    assert!(missing.status == 404 && missing.header("content-security-policy") == Some(POLICY));
    assert!(browser.get("/consoles").body.contains("\"RequestId\""), "not the console's: the API's business");
}

#[test]
fn what_others_wrote_is_text_and_never_markup() {
    let site = Site::new();
    let evil = "<script>alert('1')</script>\"&";
    let escaped = "&#60;script&#62;alert(&#39;1&#39;)&#60;/script&#62;&#34;&#38;";
    let create = [("RegionId", "cn-hangzhou"), ("ZoneId", "cn-hangzhou-b"), ("Size", "20"), ("Description", evil)];
    let made = site.call((ID, SECRET), "2014-05-26", "CreateDisk", &create);
    let disk = made["DiskId"].as_str().unwrap();
    let key = site.does(&["key", "create", "--description", evil]).trim().to_owned();
    let browser = Browser::of_root(&site);
    let filter = "/console/audit?action=%3Cscript%3Ealert('1')%3C/script%3E%22%26";
    for path in [&format!("/console/disks/{disk}"), "/console/keys", &format!("/console/keys/{key}"), filter] {
        let page = browser.page(path);
        assert!(page.contains(escaped) && !page.contains("<script>"), "{path}: {page}");
    }
    let foreign = browser.page("/console?region=%22%3E%3Cscript%3E");
    assert!(foreign.contains("Dashboard: cn-hangzhou") && !foreign.contains("<script>"), "{foreign}");
}

#[test]
fn the_dashboard_counts_disks_and_names_the_key() {
    let site = Site::new();
    site.disk(&[]);
    let on = site.json(&["default-encryption", "enable"]);
    let key = on["KMSKeyId"].as_str().unwrap();
    site.disk(&["--name", "second"]);
    let browser = Browser::of_root(&site);
    let page = browser.page("/console");
    assert!(page.contains("<p class=\"figure\">1 <small>of 2 encrypted"), "{page}");
    assert!(page.contains(&format!("/console/keys/{key}?region=cn-hangzhou")), "{page}");
    assert!(browser.page("/console/disks?encrypted=true").contains("second"));
    assert!(!browser.page("/console/disks?encrypted=false").contains("second"));
    assert!(browser.page("/console?region=cn-beijing").contains("Dashboard: cn-beijing"));
    let of_key = browser.page(&format!("/console/keys/{key}"));
    assert!(of_key.contains("<p>Disks: 1 (of") && of_key.contains("The key is the service's own"), "{of_key}");
}

#[test]
fn long_lists_have_pages() {
    let site = Site::new();
    let disks: Vec<_> = (0..21).map(|n| site.disk(&["--name", &format!("number-{n}")])).collect();
    let browser = Browser::of_root(&site);
    let first = browser.page("/console/disks?encrypted=false");
    assert!(first.contains("21 in all, page 1 of 2") && first.contains(&disks[20]) && !first.contains(&disks[0]));
    let next = first.split("rel=\"next\"").next().unwrap().rsplit("href=\"").next().unwrap();
    let next = next.split('"').next().unwrap().replace("&#38;", "&");
    let second = browser.page(&next);
    assert!(second.contains(&disks[0]) && !second.contains(&disks[20]) && second.contains("rel=\"prev\""), "{second}");
    assert!(browser.page("/console/audit").contains("ecs:CreateDisk"));
}

#[test]
fn the_dashboard_lists_the_last_ten_events_of_its_region() {
    let site = Site::new();
    let elsewhere = site.disk(&["--region", "cn-beijing", "--zone", "cn-beijing-a"]);
    let disks: Vec<_> = (0..11).map(|_| site.disk(&[])).collect();
    let browser = Browser::of_root(&site);
    let page = browser.page("/console");
    let events = page.split("id=\"events\"").nth(1).unwrap();
    let place = |disk: &String| events.find(&format!(">{disk}</a>"));
    assert!(place(&disks[0]).is_none() && place(&elsewhere).is_none(), "{events}");
    assert!(disks[1..].is_sorted_by_key(|disk| std::cmp::Reverse(place(disk).unwrap())), "the newest first: {events}");
    let there = browser.page("/console?region=cn-beijing");
    assert!(there.contains(&format!(">{elsewhere}</a>")) && !there.contains(&disks[10]), "{there}");
}

#[test]
fn the_load_shows_what_was_asked_of_the_api() {
    let site = Site::new();
    site.disk(&[]);
    let page = Browser::of_root(&site).page("/console/load");
    assert!(page.contains("aria-label=\"API requests: answered"), "{page}");
    let line = page.split("class=\"line line1\" d=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(line.split('L').any(|point| !point.ends_with(" 120.0")), "some slot is not empty: {line}");
}
