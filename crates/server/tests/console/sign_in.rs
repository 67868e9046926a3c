//! Into the console, and out of it.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::http::{Browser, over_tls, path_of, request, send};
use crate::site::{ID, RAM, SECRET, Site};

#[test]
fn a_link_signs_in_once_and_not_again() {
    let site = Site::new();
    let (mut browser, path) = (Browser::new(&site), path_of(&site.does(&["console"])));
    let tampered = browser.get(&path.replace("&Signature=", "&Signature=x"));
    assert!(tampered.body.contains("SignatureDoesNotMatch") && tampered.status == 400, "{}", tampered.body);
    let first = browser.get(&path);
    assert_eq!(first.status, 200);
    assert!(first.body.contains(":root") && first.body.contains("url=/console"), "{}", first.body);
    let again = browser.get(&path);
    assert_eq!(again.status, 400);
    assert!(again.body.contains("SignatureNonceUsed"), "{}", again.body);
    browser.cookie = first.cookie();
    assert!(browser.page("/console").contains("<h1>Dashboard"));
    let shown = site.json(&["console"]);
    assert!(shown["Url"].as_str().unwrap().starts_with(&format!("http://{}/console/link?", site.address())));
}

/// Starts a server on a data directory of its own, reads the line about the console, does something, and kills it.
fn announced(site: &Site, then: impl FnOnce(&str)) {
    let mut serve = site.binary();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--data", "second"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = serve.spawn().unwrap();
    // Kept until the end: what the server still has to say must not fail.
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.by_ref().map(Result::unwrap).find(|line| line.contains("/console")).unwrap();
    then(line.split_whitespace().nth(1).unwrap());
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn the_server_prints_a_link_when_it_makes_its_first_key_and_only_then() {
    let site = Site::new();
    announced(&site, |link| {
        let (host, path) = (link.split('/').nth(2).unwrap(), path_of(link));
        assert!(path.starts_with("/console/link?"), "{link}");
        let answer = send(host, &request(host, "", &format!("GET {path}"), &[], ""));
        assert_eq!(answer.status, 200, "{}", answer.body);
    });
    announced(&site, |link| assert!(link.ends_with("/console"), "{link}"));
}

#[test]
fn what_somebody_signed_for_another_purpose_does_not_sign_in_and_is_not_done() {
    let site = Site::new();
    let path = path_of(&site.does(&["console"]));
    for (from, to) in [
        ("Action=CreateConsoleSession", "Action=EnableDiskEncryptionByDefault"),
        ("Version=2026-01-01", "Version=2014-05-26"),
        ("Action=CreateConsoleSession&", ""),
    ] {
        let answer = Browser::new(&site).get(&path.replace(from, to));
        assert_eq!(answer.status, 400, "{to}");
        assert!(answer.body.contains("InvalidLink"), "{to}: {}", answer.body);
    }
}

#[test]
fn a_key_and_its_secret_sign_in_and_a_wrong_secret_does_not() {
    let site = Site::new();
    let browser = Browser::new(&site);
    let wrong = browser.sign_in(ID, "wrong");
    assert_eq!(wrong.status, 400);
    assert!(wrong.body.contains("SignatureDoesNotMatch") && !wrong.body.contains("wrong\""), "{}", wrong.body);
    assert!(browser.sign_in("LTAInobodynobodynobody", SECRET).body.contains("InvalidAccessKeyId.NotFound"));
    let signed_in = browser.sign_in(ID, SECRET);
    assert_eq!((signed_in.status, signed_in.header("location")), (303, Some("/console")));
    let cookie = signed_in.header("set-cookie").unwrap();
    assert!(cookie.starts_with("coffer_session=") && !cookie.contains("Secure"), "{cookie}");
    assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
    // No form was loaded: no cookie to compare with.
    let fields = [("csrf", "x"), ("access_key_id", ID), ("secret", SECRET)];
    let forged = browser.post("/console/login", &[], &fields);
    assert_eq!(forged.status, 403);
    assert!(forged.body.contains("InvalidForm"));
}

#[test]
fn over_tls_the_cookies_go_over_tls_alone() {
    let site = Site::new();
    let path = path_of(&site.does(&["console"]));
    let answer = over_tls(&site, &format!("GET {path}"));
    let cookie = answer.header("set-cookie").unwrap();
    assert_eq!(answer.status, 200);
    assert!(cookie.starts_with("__Host-coffer_session=") && cookie.contains("; Path=/;"), "{cookie}");
    assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Secure"), "{cookie}");
}

#[test]
fn without_a_session_there_is_only_the_form() {
    let site = Site::new();
    let mut browser = Browser::new(&site);
    for cookie in ["", "coffer_session=", "coffer_session=0000"] {
        browser.cookie = cookie.to_owned();
        for path in ["/console", "/console/audit", "/console/nothing"] {
            let answer = browser.get(path);
            assert_eq!((answer.status, answer.header("location")), (303, Some("/console/login")), "{path}");
        }
        let live = browser.get_with("/console/jobs", &[("HX-Request", "true")]);
        assert_eq!((live.status, live.header("hx-redirect")), (401, Some("/console/login")));
    }
    assert!(browser.get("/console/login").body.contains("Access key secret"));
}

#[test]
fn a_session_ends_when_it_is_signed_out_of_and_when_its_key_is_disabled() {
    let site = Site::new();
    let browser = Browser::of_root(&site);
    let csrf = browser.get("/console").csrf();
    assert_eq!(browser.post("/console/logout", &[], &[("csrf", "x")]).status, 403);
    let out = browser.post("/console/logout", &[], &[("csrf", &csrf)]);
    assert_eq!((out.status, out.header("location")), (303, Some("/console/login")));
    assert_eq!(browser.get("/console").status, 303);

    let root = |action: &str, parameters: &[(&str, &str)]| site.call((ID, SECRET), RAM, action, parameters);
    root("CreateUser", &[("UserName", "alice")]);
    let made = root("CreateAccessKey", &[("UserName", "alice")]);
    let text = |name: &str| made["AccessKey"][name].as_str().unwrap().to_owned();
    let (id, secret) = (text("AccessKeyId"), text("AccessKeySecret"));
    let alice = Browser::of_key(&site, (&id, &secret));
    root("UpdateAccessKey", &[("UserName", "alice"), ("UserAccessKeyId", &id), ("Status", "Inactive")]);
    let refused = alice.get("/console/disks");
    assert!(refused.body.contains("InvalidAccessKeyId.Inactive"), "{}", refused.body);
    assert_eq!(alice.get("/console/disks").status, 303, "and that was the end of it");
}
