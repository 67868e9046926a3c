//! The pages in a browser: light, dark and on a phone. Pictures of all of them are left in the target directory, under `tmp/console`.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::devtools::Chromium;
use crate::site::{ID, KMS, RAM, SECRET, Site};

/// What a page must have for those who do not see it as others do, each told by what is wrong: names for controls, headings, a language,
/// text and borders of controls that stand out from what is behind them, controls large enough to be hit, and what changes by itself said
/// (WCAG 2.2, AA). What is folded is looked at too.
const FAULTS: &str = r"(() => {
  const faults = [];
  for (const e of document.querySelectorAll('details')) e.open = true;
  const named = e => (e.labels && e.labels.length) || e.getAttribute('aria-label')
    || (!e.matches('input, select') && e.textContent.trim());
  for (const e of document.querySelectorAll('input:not([type=hidden]), select, button, meter, progress, a'))
    if (!named(e) && e.getAttribute('aria-hidden') !== 'true') faults.push('no name: ' + e.outerHTML);
  if (document.querySelectorAll('h1').length !== 1) faults.push('not one h1');
  if (!document.querySelector('main') || !document.documentElement.lang) faults.push('no main or no language');
  for (const e of document.querySelectorAll('img:not([alt])')) faults.push('no alt: ' + e.outerHTML);
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  ids.filter((id, n) => ids.indexOf(id) !== n).forEach(id => faults.push('twice: ' + id));
  for (const e of document.querySelectorAll('[aria-describedby], [aria-labelledby], label[for], [list]'))
    for (const name of ['aria-describedby', 'aria-labelledby', 'for', 'list'])
      for (const id of (e.getAttribute(name) || '').split(' '))
        if (id && !ids.includes(id)) faults.push('leads nowhere: ' + name + ' ' + id);
  for (const e of document.querySelectorAll('#live')) if (!e.querySelector('[role=status], .plot')) faults.push('changes unsaid');
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
  for (const e of document.querySelectorAll('input:not([type=hidden], [type=checkbox]), select, button')) {
    const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    if (!box.width) continue;
    const border = rgba(style.borderTopColor), b = light(behind(e.parentElement)), a = border[3] ? light(border) : b;
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 3) faults.push('border ' + ratio.toFixed(2) + ': ' + e.outerHTML.slice(0, 120));
  }
  for (const e of document.querySelectorAll('input:not([type=hidden]), select, button, summary, nav a, .button')) {
    const box = e.getBoundingClientRect();
    if (box.width && Math.min(box.width, box.height) < 24) faults.push('small: ' + e.outerHTML.slice(0, 120));
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.push('wider than the window');
  return faults.join('\n');
})()";

/// A site with something on every page.
fn furnished() -> (Site, Vec<(&'static str, String)>) {
    let site = Site::new();
    let plain = site.disk(&[]);
    site.let_ecs_use_keys();
    site.does(&["default-encryption", "enable"]);
    let key = site.does(&["key", "create", "--description", "billing"]).trim().to_owned();
    site.does(&["default-encryption", "set-key", &key]);
    let spare = site.does(&["key", "create", "--description", "old reports"]).trim().to_owned();
    site.does(&["key", "disable", &spare]);
    let disk = site.disk(&["--name", "billing"]);
    site.does(&["attach", &disk, "--print"]);
    site.call((ID, SECRET), KMS, "CreateKeyVersion", &[("KeyId", &key)]);
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
            browser.picture(&pictures.join(format!("{name}-{look}.png")));
            assert_eq!(browser.run(FAULTS), "", "{name} {look}");
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
        ("document.querySelector('#region').style.borderColor = 'transparent'", "border "),
        ("document.querySelector('summary').style.fontSize = '8px'", "small: <summary"),
        ("document.querySelector('nav').setAttribute('aria-labelledby', 'x')", "leads nowhere: aria-labelledby x"),
        ("document.querySelector('main').id = 'live'", "changes unsaid"),
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
    browser.until(&shows);
    assert_eq!(browser.run("document.activeElement.textContent"), "Dashboard");
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
}

#[test]
fn everything_is_done_without_scripts_by_keyboard_and_buttons_alone() {
    let site = Site::new();
    let mut browser = sign_in(&site);
    browser.ask("Emulation.setScriptExecutionDisabled", json!({"value": true}));
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

/// Where the keyboard goes: every control that can be seen, in the order of the page, each with a ring around it while it is there.
const STOPS: &str = r"[...document.querySelectorAll('a, button, input:not([type=hidden]), select, summary, .scroll')]
  .filter(e => e.checkVisibility() && !(e.closest('details:not([open])') && !e.matches('summary'))).length";
const HERE: &str = r"(() => { const e = document.activeElement, all = [...document.querySelectorAll('*')];
  if (e === document.body) return null;
  const style = getComputedStyle(e), box = e.getBoundingClientRect();
  return {place: all.indexOf(e), what: e.outerHTML.slice(0, 100), ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    seen: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth}; })()";

#[test]
fn the_tab_key_goes_through_all_controls_in_the_order_of_the_page_and_shows_where_it_is() {
    let (site, pages) = furnished();
    let mut browser = sign_in(&site);
    for (name, url) in pages {
        for width in [1280, 360] {
            browser.look("light", width);
            browser.open(&url);
            let stops = browser.run(STOPS).as_u64().unwrap();
            // A page may put the focus somewhere itself.
            browser.run("document.activeElement.blur(); document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')");
            let (mut last, mut count) = (0, 0);
            loop {
                press(&mut browser, "Tab", 9, None);
                let here = browser.run(HERE);
                // Past the last one it is the browser's own turn, then the first's again.
                let Some(place) = here["place"].as_u64().filter(|place| *place > last) else { break };
                assert!(here["ring"] == true && here["seen"] == true, "{name} {width}: {here}");
                (last, count) = (place, count + 1);
            }
            assert_eq!(count, stops, "{name} {width}: each is come to");
        }
    }
}

#[test]
fn a_disk_is_made_with_the_keyboard_alone_and_what_the_default_makes_of_it_is_said_at_once() {
    let site = Site::new();
    let key = site.json(&["default-encryption", "enable"])["KMSKeyId"].as_str().unwrap().to_owned();
    let mut browser = sign_in(&site);
    browser.open(&format!("http://{}/console/disks/new", site.address()));
    let says = |text: &str| format!("document.querySelector('#forecast[role=status]').textContent.includes('{text}')");
    browser.until(&says(&format!("It will be encrypted with {key}")));
    tab_to(&mut browser, "size");
    write(&mut browser, "20");
    tab_to(&mut browser, "name");
    write(&mut browser, "typed");
    tab_to(&mut browser, "encrypted");

    // As the default says, yes, no.
    for _ in 0..2 {
        press(&mut browser, "ArrowDown", 40, None);
    }
    browser.until(&says("the disk would not be made"));
    assert_eq!(browser.run("document.activeElement.id"), "encrypted", "the focus is where it was");
    assert_eq!(browser.run("document.getElementById('name').value"), "typed", "and what was typed");
    press(&mut browser, "ArrowUp", 38, None);
    browser.until(&says("It will be encrypted with"));
    let kept = "!location.search.includes('csrf') && !performance.getEntriesByType('resource').some(e => e.name.includes('csrf'))";
    assert_eq!(browser.run(kept), true, "no token in an address");
    tab_to(&mut browser, "size");
    press(&mut browser, "Enter", 13, Some("\r"));
    browser.wait_for_page();
    assert_eq!(browser.run("document.querySelector('[role=status]').textContent"), "The disk is made.");
    assert_eq!(browser.run("document.querySelector('h1').firstChild.textContent.trim()"), "typed");
    assert_eq!(site.json(&["disk", "list"])[0]["KMSKeyId"], key.as_str());
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
}

#[test]
fn what_was_refused_has_the_focus_and_is_fit_to_be_read_without_scripts_too() {
    let site = Site::new();
    let disk = site.disk(&[]);
    let mut browser = sign_in(&site);
    browser.ask("Emulation.setScriptExecutionDisabled", json!({"value": true}));
    browser.look("dark", 360);
    browser.open(&format!("http://{}/console/disks/{disk}", site.address()));
    tab_to(&mut browser, "new_size");
    write(&mut browser, "1");
    press(&mut browser, "Enter", 13, Some("\r"));
    browser.wait_for_page();
    browser.until("document.activeElement.className === 'problem'");
    let said = browser.run("document.activeElement.textContent");
    assert!(said.as_str().unwrap().contains("InvalidDiskSize.TooSmall"), "{said}");
    let seen = "(box => box.top >= 0 && box.bottom <= innerHeight)(document.activeElement.getBoundingClientRect())";
    assert_eq!(browser.run(seen), true, "it is in the window");
    assert_eq!(browser.run(FAULTS), "");
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("console");
    fs::create_dir_all(&pictures).unwrap();
    browser.picture(&pictures.join("refused-phone.png"));
    tab_to(&mut browser, "new_size");
    assert_eq!(browser.run("document.activeElement.value"), "1", "it is to be mended, not to be typed again");
    // Without scripts a button shows what the default makes of a disk.
    browser.open(&format!("http://{}/console/disks/new?DiskName=kept", site.address()));
    browser.run("document.querySelector('[formaction]').focus()");
    press(&mut browser, "Enter", 13, Some("\r"));
    browser.wait_for_page();
    assert_eq!(browser.run("document.getElementById('name').value"), "kept");
    assert!(
        browser.run("document.getElementById('forecast').textContent").as_str().unwrap().contains("not be encrypted")
    );
}

/// Goes on with the tab key until the control of that id has the focus.
fn tab_to(browser: &mut Chromium, id: &str) {
    let stops = browser.run(STOPS).as_u64().unwrap();
    for _ in 0..=2 * stops {
        press(browser, "Tab", 9, None);
        if browser.run("document.activeElement.id") == id {
            return;
        }
    }
    panic!("the tab key does not come to {id}");
}

/// Types, one key after the other.
fn write(browser: &mut Chromium, text: &str) {
    for letter in text.chars() {
        let code = u32::from(letter.to_ascii_uppercase());
        press(browser, &letter.to_string(), code, Some(&letter.to_string()));
    }
}

fn press(browser: &mut Chromium, key: &str, code: u32, text: Option<&str>) {
    let mut down = json!({"type": "keyDown", "key": key, "windowsVirtualKeyCode": code});
    if let Some(text) = text {
        down["text"] = text.into();
    }
    browser.ask("Input.dispatchKeyEvent", down);
    let up = json!({"type": "keyUp", "key": key, "windowsVirtualKeyCode": code});
    browser.ask("Input.dispatchKeyEvent", up);
}
