//! The first start, and the ones after something was lost.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::Stdio;

use crate::site::{ACCOUNT, Site};

/// What a start on another data directory of the site says before it is ready, or why it is not.
fn started(site: &Site, data: &str, listen: &str) -> Result<String, String> {
    let mut serve = site.binary();
    serve.args(["serve", "--listen", listen, "--data", data]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = serve.spawn().unwrap();
    let mut said = String::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    while lines.read_line(&mut said).unwrap() > 0 && !said.contains("access key secret") && !said.contains("Python") {}
    let _ended_by_itself = child.kill();
    let output = child.wait_with_output().unwrap();
    if said.is_empty() { Err(String::from_utf8(output.stderr).unwrap()) } else { Ok(said) }
}

#[test]
fn a_first_start_that_fails_leaves_the_access_key_to_the_next() {
    let site = Site::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = started(&site, "other", &taken.local_addr().unwrap().to_string()).unwrap_err();
    assert!(refused.contains("can't listen on"), "{refused}");
    let said = started(&site, "other", "127.0.0.1:0").unwrap();
    assert!(said.contains("access key id       LTAI"), "{said}");
}

#[test]
fn a_first_start_whose_announcement_is_lost_says_how_to_get_a_key() {
    let site = Site::new();
    let mut serve = site.binary();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--data", "other"]);
    let ended = serve.stdout(fs::OpenOptions::new().write(true).open("/dev/full").unwrap()).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(!ended.status.success() && said.contains("`coffer account new-key` makes another"), "{said}");
}

#[test]
fn an_account_whose_access_key_was_lost_gets_another_in_the_data_directory() {
    let mut site = Site::new();
    let running = site.binary().args(["account", "new-key", "--data", "data"]).output().unwrap();
    assert!(
        !running.status.success() && String::from_utf8_lossy(&running.stderr).contains("in use by another process")
    );
    site.stop();
    let made = site.binary().args(["account", "new-key", "--data", "data"]).output().unwrap();
    let made = String::from_utf8(made.stdout).unwrap();
    let word = |name: &str| {
        let line = made.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].split_whitespace().next().unwrap().to_owned()
    };
    let key = (word("access key id"), word("access key secret"));
    assert_eq!(word("account"), ACCOUNT);
    let unknown = ["account", "new-key", "--data", "data", "--account", "9234567890123456"];
    let unknown = site.binary().args(unknown).output().unwrap();
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("there is no account 9234567890123456"));
    site.start();
    assert_eq!(site.call((&key.0, &key.1), "2015-04-01", "GetCallerIdentity", &[])["AccountId"], ACCOUNT);
}

#[test]
fn a_server_whose_database_is_gone_does_not_begin_anew_beside_its_disks() {
    let mut site = Site::new();
    let disk = site.disk(&[]);
    site.does(&["attach", &disk, "--print"]);
    site.stop();
    let database = site.data().join("coffer.db");
    for lose in [|path| fs::write(path, ""), |path| fs::remove_file(path)] as [fn(_) -> _; 2] {
        lose(&database).unwrap();
        let refused = started(&site, "data", "127.0.0.1:0").unwrap_err();
        assert!(refused.contains("there is no database of them") && refused.contains("coffer restore"), "{refused}");
    }
    assert!(!database.exists());
}
