//! What hangs on a key, on its page and in the list.

use crate::http::Browser;
use crate::site::{ID, KMS, SECRET, Site};

/// The address behind "More".
fn next(page: &str) -> String {
    let before = page.split("\" rel=\"next\"").next().unwrap();
    before.rsplit("href=\"").next().unwrap().replace("&#38;", "&")
}

#[test]
fn a_key_s_page_has_all_that_hangs_on_it_page_by_page_with_instances_versions_and_last_use() {
    let site = Site::new();
    let key = site.does(&["key", "create"]).trim().to_owned();
    site.let_ecs_use_keys();
    let disks: Vec<_> = (0..21).map(|_| site.disk(&["--key", &key])).collect();
    site.does(&["attach", &disks[0], "--print"]);
    site.does(&["snapshot", "create", &disks[0], "--wait"]);
    let browser = Browser::of_root(&site);
    let path = format!("/console/keys/{key}");
    let first = browser.page(&path);
    assert!(first.contains("<p>Disks: 21 (of running instances: 1)") && first.contains(", snapshots: 1."), "{first}");
    assert!(first.contains("It is in use") && first.contains("<dt>Last used</dt><dd>20"), "{first}");
    let second = browser.page(&next(&first));
    assert!(!second.contains("rel=\"next\""), "{second}");
    let listed =
        |disk: &&String| [&first, &second].iter().filter(|page| page.contains(&format!(">{disk}</a>"))).count();
    assert!(disks.iter().all(|disk| listed(&disk) == 1), "each is on one of the pages: {first}{second}");
    assert!(second.contains("<td>snapshot</td>"), "{second}");
    let attached = [&first, &second].into_iter().find(|page| page.contains(&format!(">{}</a>", disks[0]))).unwrap();
    assert!(attached.contains("</span> Running"), "{attached}");
    let line = browser.page("/console/keys");
    let line = line.split(&format!(">{key}</a>")).nth(1).unwrap().split("</tr>").next().unwrap();
    assert!(
        line.contains("data-label=\"disks\">21</td><td class=\"number\" data-label=\"snapshots\">1</td>"),
        "{line}"
    );
}

#[test]
fn a_rotated_key_shows_what_still_needs_the_old_version() {
    let site = Site::new();
    let key = site.does(&["key", "create"]).trim().to_owned();
    site.let_ecs_use_keys();
    let old = site.disk(&["--key", &key]);
    let of_service = site.json(&["default-encryption", "enable"])["KMSKeyId"].as_str().unwrap().to_owned();
    let browser = Browser::of_root(&site);
    for (key, can_be) in [(&key, true), (&of_service, false)] {
        let page = browser.page(&format!("/console/keys/{key}"));
        for action in ["CreateKeyVersion", "DisableKey", "ScheduleKeyDeletion"] {
            assert_eq!(page.contains(&format!("value=\"{action}\"")), can_be, "{page}");
        }
        assert_eq!(page.contains("The key is the service's own"), !can_be, "{page}");
    }
    assert_eq!(browser.act("CreateKeyVersion", &[("KeyId", &key)]).status, 303);
    let new = site.disk(&["--key", &key]);
    let listed = site.call((ID, SECRET), KMS, "ListKeyVersions", &[("KeyId", &key)]);
    let versions = listed["KeyVersions"]["KeyVersion"].as_array().unwrap().iter();
    let versions: Vec<_> = versions.map(|version| version["KeyVersionId"].as_str().unwrap()).collect();
    assert_eq!(versions.len(), 2);
    let page = browser.page(&format!("/console/keys/{key}"));
    assert!(versions.iter().all(|version| page.contains(&format!("version={version}\""))), "{page}");
    let needing = |version: &str| {
        let page = browser.page(&format!("/console/keys/{key}?version={version}"));
        [&old, &new].map(|disk| page.contains(&format!(">{disk}</a>")))
    };
    let both = [needing(versions[0]), needing(versions[1])];
    assert!(both.contains(&[true, false]) && both.contains(&[false, true]), "{both:?}");
}
