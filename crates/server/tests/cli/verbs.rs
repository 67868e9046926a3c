//! The other verbs: thin, and the same as the API says.

use std::fs;
use std::time::{Duration, Instant};

use crate::site::{ACCOUNT, ID, KMS, SECRET, Site};

#[test]
fn default_encryption_is_switched_on_and_off_and_its_key_is_set_and_reset() {
    let site = Site::new();
    assert_eq!(site.json(&["default-encryption", "status"])["Encrypted"], false);
    let plain = site.disk(&[]);
    let on = site.json(&["default-encryption", "enable"]);
    assert_eq!(on["Encrypted"], true);
    let service_key = on["KMSKeyId"].as_str().unwrap().to_owned();
    let disk = site.json(&["disk", "show", &site.disk(&["--name", "kept"])]);
    assert_eq!((&disk["KMSKeyId"], &disk["DiskName"]), (&on["KMSKeyId"], &"kept".into()));
    assert_eq!(disk["Encryption"]["Algorithm"], "AES-256-XTS");
    let attached = site.json(&["attach", disk["DiskId"].as_str().unwrap(), "--print"]);
    let instance = attached["InstanceId"].as_str().unwrap();
    site.does(&["detach", disk["DiskId"].as_str().unwrap(), "--instance", instance]);

    let key = site.does(&["key", "create", "--description", "mine"]).trim().to_owned();
    let refused = site.coffer(&["default-encryption", "set-key", &key]);
    assert_eq!(refused.code, 5);
    assert!(
        refused.err.contains("next: let ECS use keys of yours: coffer default-encryption authorize"),
        "{}",
        refused.err
    );
    for _ in 0..2 {
        assert_eq!(site.json(&["default-encryption", "authorize"])["KMSKeyId"].as_str(), Some(service_key.as_str()));
    }
    assert_eq!(site.json(&["default-encryption", "set-key", &key])["KMSKeyId"].as_str(), Some(key.as_str()));
    let back = site.json(&["default-encryption", "reset-key"]);
    assert_eq!(back["KMSKeyId"].as_str(), Some(service_key.as_str()));
    let shown = site.does(&["default-encryption", "disable"]);
    assert!(shown.contains("new disks encrypted  no"), "{shown}");

    let encrypted = site.json(&["disk", "list", "--encrypted", "true"]);
    assert_eq!(encrypted.as_array().unwrap().len(), 2, "the disk, and the system disk of this host's record");
    let all = site.does(&["disk", "list"]);
    assert!(all.contains(&plain) && all.lines().count() == 4, "{all}");
    assert!(site.does(&["disk", "delete", &plain]).contains("is deleted"));
    assert_eq!(site.json(&["disk", "list"]).as_array().unwrap().len(), 2);
    assert_eq!(site.json(&["key", "show", &service_key])["Disks"], 2);
}

#[test]
fn accounts_are_made_and_listed_while_the_server_runs() {
    let site = Site::new();
    let made = site.json(&["account", "create", "--account", "2234567890123456"]);
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    let key = (text("AccessKeyId"), text("AccessKeySecret"));
    let caller = site.call((&key.0, &key.1), "2015-04-01", "GetCallerIdentity", &[]);
    assert_eq!(caller["AccountId"], "2234567890123456");
    let listed = site.does(&["account", "list"]);
    assert!(listed.contains(ACCOUNT) && listed.contains("2234567890123456"), "{listed}");
    let again = site.coffer(&["account", "create", "--account", "2234567890123456"]);
    assert!(again.code == 5 && again.err.contains("EntityAlreadyExists.Account"), "{}", again.err);
    let shown = site.does(&["account", "create"]);
    assert!(shown.contains("access key secret"), "{shown}");
}

#[test]
fn a_key_is_listed_shown_and_switched() {
    let site = Site::new();
    let key = site.does(&["key", "create", "--description", "mine", "--spec", "Aliyun_AES_256"]).trim().to_owned();
    let listed = site.does(&["key", "list"]);
    assert!(listed.contains(&key) && listed.contains("Aliyun_AES_256") && listed.contains("mine"), "{listed}");
    let state = || site.json(&["key", "show", &key])["KeyState"].clone();
    assert_eq!(state(), "Enabled");
    site.does(&["key", "disable", &key]);
    assert_eq!(state(), "Disabled");
    site.does(&["key", "enable", &key]);
    assert_eq!(state(), "Enabled");
}

#[test]
fn the_impact_of_a_key_is_shown_and_switching_it_off_warns() {
    let site = Site::new();
    let key = site.does(&["key", "create"]).trim().to_owned();
    let secret = [("SecretName", "mine"), ("VersionId", "v1"), ("SecretData", "x"), ("EncryptionKeyId", &*key)];
    site.call((ID, SECRET), KMS, "CreateSecret", &secret);
    let shown = site.does(&["key", "impact", &key]);
    assert!(["mine", "kms:CreateSecret", ":root"].iter().all(|word| shown.contains(word)), "{shown}");
    let facts = site.json(&["key", "impact", &key]);
    assert_eq!((&facts["Counts"]["Secrets"], &facts["LastUse"]["Action"]), (&1.into(), &"kms:CreateSecret".into()));
    let version = facts["KeyVersions"]["KeyVersion"][0]["KeyVersionId"].as_str().unwrap();
    assert!(site.does(&["key", "impact", &key, "--version", version]).contains("mine"));
    let read = site.json(&["key", "impact", &key, "--data", "data"]);
    assert_eq!((&read["Dependants"], &read["KeyState"]), (&facts["Dependants"], &"Enabled".into()));
    let arn = format!("acs:kms:cn-hangzhou:{ACCOUNT}:key/{key}");
    assert_eq!(site.json(&["key", "impact", &arn, "--data", "data"]), read);
    for unknown in ["other", "alias/mine", &key.to_uppercase()] {
        let refused = site.coffer(&["key", "impact", unknown, "--data", "data"]);
        assert!(refused.code == 3 && refused.err.contains("is no key that data has on record"), "{}", refused.err);
    }
    let ran = site.coffer(&["key", "disable", &key]);
    let warning = format!("coffer: warning: the key {key} is in use: 1 secret\n");
    assert_eq!((ran.code, &ran.err), (0, &warning));
}

#[test]
fn a_snapshot_is_made_used_and_deleted() {
    let site = Site::new();
    let disk = site.disk(&["--encrypted", "true"]);
    let attached = site.json(&["attach", &disk, "--print"]);
    site.qemu_io(attached["Uri"].as_str().unwrap(), "write -P 3 1M 1M");
    let snapshot = site.does(&["snapshot", "create", &disk, "--wait"]).trim().to_owned();
    let clone = site.disk(&["--snapshot", &snapshot]);
    let attached = site.json(&["attach", &clone, "--print"]);
    site.qemu_io(attached["Uri"].as_str().unwrap(), "read -P 3 1M 1M");
    assert!(site.does(&["snapshot", "list"]).contains(&snapshot));
    let status = site.json(&["status"]);
    assert_eq!((&status["EncryptedDisks"], &status["Snapshots"]), (&2.into(), &1.into()));
    site.does(&["snapshot", "delete", &snapshot, "--force"]);
    assert_eq!(site.json(&["snapshot", "list"]).as_array().unwrap().len(), 0);
}

#[test]
fn a_plain_disk_is_encrypted_while_it_is_used() {
    let site = Site::new();
    let disk = site.disk(&[]);
    let attached = site.json(&["attach", &disk, "--print"]);
    let uri = attached["Uri"].as_str().unwrap();
    site.qemu_io(uri, "write -P 9 0 64M");
    assert!(site.does(&["disk", "reencrypt", &disk, "--rate", "1"]).contains("is being encrypted anew"));
    assert_eq!(site.coffer(&["disk", "reencrypt", &disk]).code, 5, "it is under way");
    assert!(site.does(&["disk", "pause", &disk]).contains("is held up"));
    site.qemu_io(uri, "read -P 9 0 64M");
    assert!(site.does(&["disk", "resume", &disk, "--rate", "1024"]).contains("goes on"));
    while site.json(&["disk", "show", &disk])["Encryption"]["LastReencryptionTime"].is_null() {
        std::thread::sleep(Duration::from_millis(50));
    }
    site.qemu_io(uri, "read -P 9 0 64M");
    assert_eq!(site.json(&["disk", "show", &disk])["Encrypted"], true);
}

#[test]
fn a_listing_has_all_pages() {
    let site = Site::new();
    for _ in 0..101 {
        site.disk(&[]);
    }
    assert_eq!(site.json(&["disk", "list"]).as_array().unwrap().len(), 101);
}

#[test]
fn shells_and_man_know_the_verbs() {
    let site = Site::new();
    for shell in ["bash", "zsh", "fish"] {
        let text = site.does(&["completions", shell]);
        assert!(text.contains("default-encryption") && text.contains("attach"), "{shell}");
    }
    assert!(site.does(&["man"]).contains(".TH coffer 1"));
    let pages = site.folder.join("man");
    site.does(&["man", "--dir", pages.to_str().unwrap()]);
    for page in ["coffer.1", "coffer-attach.1", "coffer-volume-check.1", "coffer-default-encryption-set-key.1"] {
        assert!(fs::read_to_string(pages.join(page)).unwrap().contains(".SH SYNOPSIS"), "{page}");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it is the machine's time that a person waits")]
fn help_comes_within_twenty_milliseconds() {
    let site = Site::new();
    for verb in [&["--help"][..], &["attach", "--help"], &["disk", "create", "--help"], &["volume", "check", "--help"]]
    {
        // The best of some: what is measured is the program, not what else the machine does.
        let took = (0..20).map(|_| {
            let start = Instant::now();
            let help = site.binary().args(verb).output().unwrap();
            assert!(help.status.success(), "{verb:?}");
            start.elapsed()
        });
        let best = took.min().unwrap();
        assert!(best < Duration::from_millis(20), "{verb:?}: {best:?}");
    }
}
