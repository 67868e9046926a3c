//! What is asked of a data directory without a server: the audit, proofs, accounts, the root key.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use coffer_base::{AccountId, Timestamp};
use coffer_store::{Db, Options, StoreError, audit};
use serde_json::Value;

use crate::site::{ACCOUNT, ID, KMS, Ran, SECRET, Site};

/// Verbs that only read.
const READING: [&[&str]; 6] = [
    &["audit", "verify"],
    &["audit", "export"],
    &["erase", "list"],
    &["erase", "export"],
    &["account", "list"],
    &["seal", "status"],
];
/// Verbs that change something.
const WRITING: [&[&str]; 3] = [&["account", "create"], &["seal", "rotate"], &["seal", "migrate", "--to", "file"]];

fn ran(site: &Site, arguments: &[&str]) -> Ran {
    site.binary().args(arguments).output().unwrap().into()
}

/// That each of these ends so, and says that.
#[track_caller]
fn all_end(site: &Site, verbs: &[&[&str]], data: &str, (code, said): (i32, &str)) {
    for verb in verbs {
        let mut command = site.powerless();
        let ran: Ran = command.args(*verb).args(["--data", data]).output().unwrap().into();
        assert!(ran.code == code && ran.err.contains(said), "{verb:?}: {} {}{}", ran.code, ran.out, ran.err);
    }
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_directory_that_is_not_there_or_may_not_be_entered_is_no_broken_chain() {
    let mut site = Site::new();
    site.stop();
    let all: Vec<&[&str]> = READING.into_iter().chain(WRITING).collect();
    all_end(&site, &all, "nowhere", (3, "there is no data directory at nowhere\n  next: say with --data"));
    assert!(!site.folder.join("nowhere").exists());
    mode(&site.data(), 0o000);
    all_end(&site, &all, "data", (7, "may not read the data directory data"));
    all_end(&site, &[&["doctor"]], "data", (7, "may not read the data directory data"));
    mode(&site.data(), 0o700);
    fs::write(site.data().join("coffer.db"), [b'x'; 8192]).unwrap();
    all_end(&site, &[&["audit", "verify"]], "data", (7, "next: the database is damaged"));
}

#[test]
fn a_result_that_nobody_reads_or_that_does_not_fit_is_no_broken_chain() {
    let mut site = Site::new();
    site.does(&["key", "create"]);
    site.stop();
    for verb in READING {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let unread: Ran = site.binary().args(verb).args(["--data", "data"]).stdout(writer).output().unwrap().into();
        let full = Stdio::from(File::options().write(true).open("/dev/full").unwrap());
        let full: Ran = site.binary().args(verb).args(["--data", "data"]).stdout(full).output().unwrap().into();
        if verb[0] == "erase" {
            assert!(unread.code == 0 && full.code == 0, "there is no proof: nothing is written");
            continue;
        }
        assert_eq!((unread.code, unread.err.as_str()), (141, ""), "{verb:?}");
        assert!(full.code == 7 && full.err.contains("the result could not be written"), "{verb:?}: {}", full.err);
    }
}

#[test]
fn a_broken_chain_is_told_by_the_exit_code_one() {
    let mut site = Site::new();
    let empty = ran(&site, &["audit", "verify", "--data", "data"]);
    assert_eq!(empty.out, "0 rows, unbroken; anchor 0:\n");
    site.does(&["key", "create"]);
    site.stop();
    assert_eq!(ran(&site, &["audit", "verify", "--data", "data", "--anchor", "0:"]).code, 0);
    let whole = ran(&site, &["audit", "verify", "--data", "data", "--output", "json"]);
    let anchor: Value = serde_json::from_str(&whole.out).unwrap();
    let anchor = anchor["Anchor"].as_str().unwrap().to_owned();
    assert_eq!(ran(&site, &["audit", "verify", "--data", "data", "--anchor", &anchor]).code, 0);
    assert_eq!(ran(&site, &["audit", "verify", "--data", "data", "--anchor", "nonsense"]).code, 2);
    let db = Db::open(&site.data(), Options::default()).unwrap();
    let row = db.write(|tx| -> Result<_, StoreError> {
        let (last, account) = (audit::head(tx)?.0, AccountId::parse(ACCOUNT).unwrap());
        let (at, text) = (Timestamp::from_unix_ms(0), "made up");
        let entry = audit::Entry {
            at,
            account: &account,
            principal: text,
            access_key_id: text,
            peer: text,
            action: text,
            resources: text,
            outcome: text,
            request_id: text,
            detail: "{}",
        };
        audit::append(tx, last + 1, &entry, &[0; 32], None)?;
        Ok(last + 1)
    });
    let row = row.wait().unwrap();
    drop(db);
    let broken = ran(&site, &["audit", "verify", "--data", "data"]);
    assert!(broken.code == 1 && broken.err.contains(&format!("row {row} of the audit was changed")), "{}", broken.err);
}

#[test]
fn what_can_not_be_written_can_be_read() {
    let mut site = Site::new();
    site.does(&["key", "create"]);
    site.kill();
    // As a server leaves it that was cut off: with a log, and with or without the index of that.
    let log = |name: &str| site.folder.join(name).join("coffer.db-wal");
    for (name, files) in [
        ("indexed", &["coffer.db", "coffer.db-wal", "coffer.db-shm", "root.key"][..]),
        ("cut", &["coffer.db", "coffer.db-wal", "root.key"]),
    ] {
        fs::create_dir(site.folder.join(name)).unwrap();
        for file in files {
            let copy = site.folder.join(name).join(file);
            fs::copy(site.data().join(file), &copy).unwrap();
            mode(&copy, 0o400);
        }
        assert!(fs::metadata(log(name)).unwrap().len() > 0);
    }
    // Whoever has it for writing next brings the log in.
    drop(Db::open(&site.data(), Options::default()).unwrap());
    assert!(!log("data").exists());
    for file in fs::read_dir(site.data()).unwrap() {
        let path = file.unwrap().path();
        mode(&path, if path.is_dir() { 0o500 } else { 0o400 });
    }
    let all = |bits| ["data", "indexed", "cut"].map(|name| mode(&site.folder.join(name), bits));
    all(0o500);
    let ended = std::panic::catch_unwind(|| {
        all_end(&site, &READING, "data", (0, ""));
        all_end(&site, &READING, "indexed", (0, ""));
        all_end(
            &site,
            &READING,
            "cut",
            (7, "coffer.db-wal, that can't be read where nothing can be written: copy both"),
        );
    });
    all(0o700);
    for name in ["volumes", "objects", "nbd"].map(|name| site.data().join(name)) {
        if name.exists() {
            mode(&name, 0o700);
        }
    }
    ended.unwrap();
}

#[test]
fn results_of_a_data_directory_are_json_for_scripts() {
    let mut site = Site::new();
    let key = site.does(&["key", "create"]).trim().to_owned();
    let material = [("KeyId", key.as_str()), ("PendingWindowInDays", "7")];
    site.call((ID, SECRET), KMS, "ScheduleKeyDeletion", &material);
    site.stop();
    let json = |arguments: &[&str]| -> Value {
        let ran = ran(&site, &[arguments, &["--data", "data", "--output", "json"]].concat());
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.err);
        serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{arguments:?}: {}", ran.out))
    };
    assert!(json(&["audit", "verify"])["Rows"].as_i64().unwrap() > 1);
    assert_eq!(json(&["erase", "list"]), Value::Array(Vec::new()));
    assert_eq!(json(&["account", "list"])[0]["AccountId"], ACCOUNT);
    assert!(json(&["account", "create"])["AccessKeySecret"].is_string());
    let status = json(&["seal", "status"]);
    assert_eq!((&status["Method"], &status["CutOff"]), (&"file".into(), &false.into()));
    assert!(status["Files"][0].as_str().unwrap().ends_with("root.key") && status["SealingKeys"].is_number());
    assert!(json(&["seal", "rotate"])["Done"].as_str().unwrap().starts_with("a new root key"));
    assert_eq!(json(&["seal", "migrate", "--to", "file"])["Change"], "Migrate");
}

#[test]
fn an_option_on_the_command_line_wins_over_the_environment() {
    let site = Site::new();
    let mut other = Site::new();
    other.stop();
    let data = other.data().display().to_string();
    let made = site.json(&["account", "create", "--data", &data, "--account", "2234567890123456"]);
    assert_eq!(made["AccountId"], "2234567890123456");
    let listed = site.json(&["account", "list", "--data", &data]);
    assert_eq!((listed[0]["AccountId"].as_str(), listed[1]["IsMain"].as_bool()), (Some(ACCOUNT), Some(false)));
    assert_eq!(site.json(&["account", "list"]).as_array().unwrap().len(), 1, "nothing was made in the server");
    // Both by the environment alone: the server is asked.
    let endpoint = format!("http://{}", site.address());
    for verb in [&["account", "create"][..], &["account", "list"], &["key", "impact", "some"]] {
        let both = site.coffer(&[verb, &["--data", &data, "--endpoint", &endpoint]].concat());
        assert!(both.code == 2 && both.err.contains("one of them is too many"), "{verb:?}: {}", both.err);
    }
}

#[test]
fn the_configuration_file_says_where_the_data_is() {
    let mut site = Site::with("[volumes]\ndirectory = \"bytes\"\nobjects = \"kept\"\n");
    let disk = site.disk(&["--encrypted", "true"]);
    let attached = site.json(&["attach", &disk, "--print"]);
    site.qemu_io(attached["Uri"].as_str().unwrap(), "write -P 1 0 2M");
    site.does(&["snapshot", "create", &disk, "--wait"]);
    site.stop();
    fs::write(site.folder.join("all.toml"), "data = \"data\"\n[volumes]\ndirectory = \"bytes\"\nobjects = \"kept\"\n")
        .unwrap();
    for verb in READING {
        let ran = ran(&site, &[verb, &["--config", "all.toml"]].concat());
        assert_eq!(ran.code, 0, "{verb:?}: {}", ran.err);
    }
    let check = ["volume", "check", &disk, "--snapshots", "--output", "json"];
    assert_eq!(ran(&site, &check).code, 7, "the usual place has none");
    let found: Ran = site.binary().args(check).env("COFFER_CONFIG", "all.toml").output().unwrap().into();
    let report: Value = serde_json::from_str(&found.out).unwrap_or_else(|_| panic!("{}", found.err));
    assert_eq!((found.code, &report["Snapshots"][0]["SoundChunks"]), (0, &2.into()), "{report}");
    fs::write(site.folder.join("all.toml"), "nonsense = 1\n").unwrap();
    let wrong = ran(&site, &["audit", "verify", "--config", "all.toml"]);
    assert!(wrong.code == 3 && wrong.err.contains("next: correct the configuration file"), "{}", wrong.err);
}
