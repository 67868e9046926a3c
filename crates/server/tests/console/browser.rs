//! The pages in a browser: light, dark and on a phone. Pictures of all of them are left in the target directory, under `tmp/console`.

use std::fs;
use std::path::Path;

use crate::devtools::Chromium;
use crate::site::{ID, RAM, SECRET, Site};

/// What a page must have for those who do not see it as others do, each told by what is wrong: names for controls, headings, a language,
/// and text that stands out from what is behind it (WCAG 2.1, AA).
const FAULTS: &str = r"(() => {
  const faults = [];
  const named = e => (e.labels && e.labels.length) || e.getAttribute('aria-label')
    || (!e.matches('input, select') && e.textContent.trim());
  for (const e of document.querySelectorAll('input:not([type=hidden]), select, button, meter, progress, a'))
    if (!named(e) && e.getAttribute('aria-hidden') !== 'true') faults.push('no name: ' + e.outerHTML);
  if (document.querySelectorAll('h1').length !== 1) faults.push('not one h1');
  if (!document.querySelector('main') || !document.documentElement.lang) faults.push('no main or no language');
  for (const e of document.querySelectorAll('img:not([alt])')) faults.push('no alt: ' + e.outerHTML);
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  ids.filter((id, n) => ids.indexOf(id) !== n).forEach(id => faults.push('twice: ' + id));
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = colour => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = c => c.slice(0, 3).map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, n) => sum + v * [.2126, .7152, .0722][n], 0);
  const behind = e => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor);
    if (c[3] === 255) return c; } return [255, 255, 255]; };
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.getClientRects().length || e.closest('option')) continue;
    const style = getComputedStyle(e), svg = e.namespaceURI.endsWith('svg');
    const a = light(rgba(svg ? style.fill : style.color)), b = light(behind(e));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) faults.push(ratio.toFixed(2) + ': ' + e.outerHTML.slice(0, 120));
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.push('wider than the window');
  return faults.join('\n');
})()";

/// A site with something on every page.
fn furnished() -> (Site, Vec<(&'static str, String)>) {
    let site = Site::new();
    let plain = site.disk(&[]);
    let key = site.json(&["default-encryption", "enable"])["KMSKeyId"].as_str().unwrap().to_owned();
    let spare = site.does(&["key", "create", "--description", "old reports"]).trim().to_owned();
    site.does(&["key", "disable", &spare]);
    let disk = site.disk(&["--name", "billing"]);
    site.does(&["attach", &disk, "--print"]);
    let waits = site.disk(&["--name", "web-1"]);
    site.does(&["disk", "reencrypt", &waits]);
    site.does(&["snapshot", "create", &disk, "--name", "before-upgrade", "--wait"]);
    let snapshot = site.json(&["snapshot", "list"])[0]["SnapshotId"].as_str().unwrap().to_owned();
    site.does(&["disk", "reencrypt", &disk]);
    let (root, named) = ((ID, SECRET), ("UserName", "alice"));
    site.call(root, RAM, "CreateUser", &[named]);
    for policy in ["AliyunKMSFullAccess", "AliyunECSFullAccess"] {
        let attached = [named, ("PolicyName", policy), ("PolicyType", "System")];
        site.call(root, RAM, "AttachPolicyToUser", &attached);
    }
    let pages = [
        ("login", "login"),
        ("dashboard", ""),
        ("disks", "disks"),
        ("disk", &format!("disks/{disk}")),
        ("plain", &format!("disks/{plain}")),
        ("new-disk", "disks/new"),
        ("refused-disk", "disks/new?Encrypted=false"),
        ("snapshots", "snapshots"),
        ("snapshot", &format!("snapshots/{snapshot}")),
        ("keys", "keys"),
        ("key", &format!("keys/{key}")),
        ("compliance", "compliance"),
        ("jobs", "jobs"),
        ("audit", "audit"),
        ("explain", "explain?Principal=user/alice&AuthAction=ecs:CreateDisk"),
        ("load", "load"),
        ("missing", "nothing"),
    ];
    let pages = pages.map(|(name, path)| (name, format!("http://{}/console/{path}", site.address()))).into();
    (site, pages)
}

/// Opens the link, and is on the dashboard in the end.
fn sign_in(site: &Site) -> Chromium {
    let mut browser = Chromium::start(site);
    browser.open(site.does(&["console"]).trim());
    browser.wait_for_page();
    assert!(browser.run("document.title").as_str().unwrap().starts_with("Dashboard"));
    browser
}

#[test]
fn every_page_is_fit_to_be_read_in_light_and_dark_and_on_a_phone_and_breaks_no_policy() {
    let (site, pages) = furnished();
    let mut browser = sign_in(&site);
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("console");
    fs::create_dir_all(&pictures).unwrap();
    for (name, url) in pages {
        for (look, scheme, width) in [("light", "light", 1280), ("dark", "dark", 1280), ("phone", "light", 360)] {
            browser.look(scheme, width);
            browser.open(&url);
            let faults = browser.run(FAULTS);
            browser.picture(&pictures.join(format!("{name}-{look}.png")));
            assert_eq!(faults, "", "{name} {look}");
        }
        browser.complaints.retain(|text| name != "missing" || !text.contains("404"));
        assert!(browser.complaints.is_empty(), "{name}: {:?}", browser.complaints);
    }
}

#[test]
fn what_is_unfit_to_be_read_would_be_found() {
    let site = Site::new();
    let mut browser = sign_in(&site);
    for (damage, fault) in [
        ("document.querySelector('h1').style.color = getComputedStyle(document.body).backgroundColor", "1.00: <h1"),
        ("document.querySelector('label').remove()", "no name: <select"),
        ("document.querySelector('main').style.width = '3000px'", "wider than the window"),
        ("document.querySelector('h1').outerHTML = '<h2>x</h2>'", "not one h1"),
    ] {
        browser.run(damage);
        let faults = browser.run(FAULTS);
        assert!(faults.as_str().unwrap().contains(fault), "{damage}: {faults}");
    }
}

#[test]
fn a_page_brings_itself_up_to_date_and_keeps_the_focus() {
    let site = Site::new();
    let disk = site.disk(&["--encrypted", "true"]);
    let mut browser = sign_in(&site);
    browser.open(&format!("http://{}/console/jobs", site.address()));
    let shows = format!("document.getElementById('live').textContent.includes('{disk}')");
    assert_eq!(browser.run(&shows), false);
    browser.run("document.querySelector('header nav a').focus()");
    site.does(&["disk", "reencrypt", &disk]);
    let seen =
        format!("new Promise(done => {{ const look = () => {shows} ? done(true) : setTimeout(look, 20); look(); }})");
    assert_eq!(browser.run(&seen), true);
    assert_eq!(browser.run("document.activeElement.textContent"), "Dashboard");
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
}

#[test]
fn everything_is_done_without_scripts_by_keyboard_and_buttons_alone() {
    let site = Site::new();
    let mut browser = sign_in(&site);
    browser.ask("Emulation.setScriptExecutionDisabled", serde_json::json!({"value": true}));
    browser.open(&format!("http://{}/console", site.address()));
    // The first tab stop leads past the navigation.
    press(&mut browser, "Tab", 9, None);
    assert_eq!(browser.run("document.activeElement.className"), "skip");
    browser.run("document.querySelector('[value=EnableDiskEncryptionByDefault]').form.querySelector('button').focus()");
    press(&mut browser, "Enter", 13, Some("\r"));
    browser.wait_for_page();
    let said = browser.run("document.querySelector('[role=status]').textContent");
    assert_eq!(said, "New disks are encrypted from now on.");
    assert_eq!(site.json(&["default-encryption", "status"])["Encrypted"], true);
}

fn press(browser: &mut Chromium, key: &str, code: u32, text: Option<&str>) {
    let mut down = serde_json::json!({"type": "keyDown", "key": key, "windowsVirtualKeyCode": code});
    if let Some(text) = text {
        down["text"] = text.into();
    }
    browser.ask("Input.dispatchKeyEvent", down);
    let up = serde_json::json!({"type": "keyUp", "key": key, "windowsVirtualKeyCode": code});
    browser.ask("Input.dispatchKeyEvent", up);
}
