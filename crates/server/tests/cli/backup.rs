//! A backup of a server that runs and of one that does not, and what is restored of it.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::Duration;

use coffer_store::keys::Key;
use coffer_store::{Db, Options, Record as _, StoreError};
use serde_json::Value;

use crate::site::{ID, KMS, Ran, SECRET, Site};

const ECS: &str = "2014-05-26";

fn run(site: &Site, arguments: &[&str]) -> Ran {
    site.binary().args(arguments).output().unwrap().into()
}

fn facts(site: &Site, arguments: &[&str]) -> Value {
    let ran = run(site, &[arguments, &["--output", "json"]].concat());
    assert_eq!(ran.code, 0, "{arguments:?}: {}{}", ran.out, ran.err);
    serde_json::from_str(&ran.out).unwrap()
}

/// Serves what was restored in place of what was there.
fn restore(site: &mut Site) -> Value {
    site.stop();
    fs::remove_dir_all(site.data()).unwrap();
    let restored = facts(site, &["restore", "backup", "--data", "data"]);
    site.start();
    restored
}

fn write(site: &Site, disk: &str, pattern: &str) -> String {
    let attached = site.json(&["attach", disk, "--print"]);
    site.qemu_io(attached["Uri"].as_str().unwrap(), &format!("write -P {pattern} 1M 1M"));
    attached["InstanceId"].as_str().unwrap().to_owned()
}

fn read(site: &Site, disk: &str, pattern: &str) {
    let attached = site.json(&["attach", disk, "--print"]);
    site.qemu_io(attached["Uri"].as_str().unwrap(), &format!("read -P {pattern} 1M 1M"));
}

/// What is beside the data directory: nothing that a restore left.
fn left_over(site: &Site) -> Vec<PathBuf> {
    let entries = fs::read_dir(&site.folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.to_string_lossy().contains("restoring") || path.to_string_lossy().contains("partial"))
        .collect()
}

#[test]
fn a_backup_of_a_server_that_runs_has_all_but_the_bytes_of_disks_and_those_say_so() {
    let mut site = Site::new();
    site.does(&["default-encryption", "enable"]);
    let (kept, lost) = (site.disk(&["--name", "kept"]), site.disk(&[]));
    let instance = write(&site, &kept, "7");
    let snapshot = site.does(&["snapshot", "create", &kept, "--wait"]).trim().to_owned();
    write(&site, &lost, "8");
    let made = facts(&site, &["backup", "backup", "--data", "data"]);
    assert_eq!((&made["HasVolumes"], &made["HasRootKey"]), (&false.into(), &true.into()));
    assert_eq!(fs::metadata(site.folder.join("backup")).unwrap().len(), made["Bytes"].as_u64().unwrap());
    let later = site.disk(&[]);

    let restored = restore(&mut site);
    assert_eq!(restored["Id"], made["Id"]);
    let disks = restored["Disks"].as_array().unwrap();
    let of = |id: &str| disks.iter().find(|disk| disk["DiskId"] == id).unwrap();
    assert_eq!((&of(&kept)["SnapshotId"], &of(&lost)["SnapshotId"]), (&snapshot.clone().into(), &Value::Null));
    assert!(left_over(&site).is_empty());
    assert!(!site.does(&["disk", "list"]).contains(&later), "it is of after the backup");

    let clone = site.disk(&["--snapshot", &snapshot]);
    read(&site, &clone, "7");
    for disk in [&kept, &lost] {
        assert_eq!(site.json(&["disk", "show", disk])["Encryption"]["DataStatus"], "NotInBackup");
        assert_eq!(site.json(&["disk", "show", disk])["Export"]["Status"], "Closed");
    }
    site.does(&["detach", &lost, "--instance", &instance]);
    let refused = site.coffer(&["attach", &lost, "--print"]);
    assert!(refused.code == 5 && refused.err.contains("IncorrectDiskStatus.NotInBackup"), "{}", refused.err);

    let root = (ID, SECRET);
    site.call(root, ECS, "StopInstance", &[("InstanceId", &instance)]);
    let reset = [("DiskId", kept.as_str()), ("SnapshotId", snapshot.as_str())];
    let stopped = || site.call(root, ECS, "DescribeInstances", &[("RegionId", "cn-hangzhou")]);
    while stopped()["Instances"]["Instance"][0]["Status"] != "Stopped" {
        std::thread::sleep(Duration::from_millis(20));
    }
    site.call(root, ECS, "ResetDisk", &reset);
    while site.json(&["disk", "show", &kept])["Status"] != "In_use" {
        std::thread::sleep(Duration::from_millis(20));
    }
    site.call(root, ECS, "StartInstance", &[("InstanceId", &instance)]);
    read(&site, &kept, "7");
    assert_eq!(site.json(&["disk", "show", &kept])["Encryption"]["DataStatus"], Value::Null);
}

#[test]
fn a_backup_of_a_stopped_server_has_everything() {
    let mut site = Site::new();
    let (plain, encrypted) = (site.disk(&[]), site.disk(&["--encrypted", "true"]));
    write(&site, &plain, "3");
    write(&site, &encrypted, "4");
    site.stop();
    fs::create_dir(site.folder.join("backups")).unwrap();
    let made = facts(&site, &["backup", "backups", "--data", "data"]);
    assert_eq!(made["HasVolumes"], true);
    assert!(made["Bytes"].as_u64().unwrap() < 100 << 20, "40 GiB of holes take no space");
    fs::rename(made["Path"].as_str().map(|path| site.folder.join(path)).unwrap(), site.folder.join("backup")).unwrap();
    site.start();
    assert_eq!(restore(&mut site)["Disks"].as_array().unwrap().len(), 0);
    read(&site, &plain, "3");
    read(&site, &encrypted, "4");
}

#[test]
fn a_backup_into_a_directory_takes_away_what_others_left_there_that_were_cut_off() {
    let site = Site::new();
    let place = site.folder.join("backups");
    fs::create_dir(&place).unwrap();
    let file = |name: &str| File::create(place.join(name)).unwrap();
    let _cut_off = file("coffer-1.backup.partial");
    file("coffer-1.backup.partial-database");
    let written = file("coffer-2.backup.partial");
    written.try_lock().unwrap();
    file("coffer-2.backup.partial-database");
    file("other.partial");
    let made = facts(&site, &["backup", "backups", "--data", "data"]);
    let made = made["Path"].as_str().unwrap().trim_start_matches("backups/").to_owned();
    let mut found: Vec<_> = fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    found.sort();
    let mut kept = ["coffer-2.backup.partial", "coffer-2.backup.partial-database", "other.partial", &made];
    kept.sort_unstable();
    assert_eq!(found, kept);
}

#[test]
fn without_the_root_key_it_is_of_no_use_until_that_is_put_beside_it() {
    let mut site = Site::new();
    let key = site.does(&["key", "create"]).trim().to_owned();
    facts(&site, &["backup", "backup", "--data", "data", "--without-root-key"]);
    site.stop();
    fs::rename(site.data(), site.folder.join("old")).unwrap();
    let ran = run(&site, &["restore", "backup", "--data", "data"]);
    assert!(ran.code == 0 && ran.err.contains("no root key"), "{}", ran.err);
    let serve = run(&site, &["serve", "--data", "data", "--listen", "127.0.0.1:0"]);
    assert!(serve.code == 1 && serve.err.contains("root.key"), "{}", serve.err);
    fs::copy(site.folder.join("old/root.key"), site.data().join("root.key")).unwrap();
    site.start();
    assert!(site.does(&["key", "list"]).contains(&key));
}

#[test]
fn what_is_no_whole_backup_or_not_the_expected_one_is_refused_before_anything_is_written() {
    let site = Site::new();
    let made = facts(&site, &["backup", "backup", "--data", "data"]);
    let whole = fs::read(site.folder.join("backup")).unwrap();
    let mut changed = whole.clone();
    changed[whole.len() / 3] ^= 4;
    for (name, bytes) in [("half", &whole[..whole.len() / 2]), ("changed", &changed), ("empty", &[])] {
        fs::write(site.folder.join(name), bytes).unwrap();
        let ran = run(&site, &["restore", name, "--data", "restored"]);
        assert!(ran.code == 1 && ran.err.contains("nothing was written"), "{name}: {}", ran.err);
    }
    let ran = run(&site, &["restore", "backup", "--data", "restored", "--expect", "00"]);
    assert!(ran.code == 1 && ran.err.contains(made["Id"].as_str().unwrap()), "{}", ran.err);
    let ran = run(&site, &["restore", "backup", "--data", "data"]);
    assert!(ran.code == 3 && ran.err.contains("data is not empty"), "{}", ran.err);
    assert!(!site.folder.join("restored").exists() && left_over(&site).is_empty());
    let ran = run(&site, &["restore", "backup", "--verify", "--expect", made["Id"].as_str().unwrap()]);
    assert!(ran.code == 0 && ran.out.contains("is whole"), "{}", ran.err);
    for (target, code, why) in [("data/backup", 3, "lost with it"), ("backup", 7, "there is a file of that name")] {
        let ran = run(&site, &["backup", target, "--data", "data"]);
        assert!(ran.code == code && ran.err.contains(why), "{target}: {}", ran.err);
    }
    let ran = run(&site, &["backup", "other", "--data", "nowhere"]);
    assert!(ran.code == 3 && ran.err.contains("no data directory"), "{}", ran.err);
}

#[test]
fn a_restore_that_is_killed_leaves_no_data_directory_or_a_whole_one() {
    let mut site = Site::new();
    site.disk(&[]);
    facts(&site, &["backup", "backup", "--data", "data"]);
    site.stop();
    fs::rename(site.data(), site.folder.join("old")).unwrap();
    for delay_ms in (0..60).step_by(3) {
        let mut restore = site.binary();
        let mut child = restore.args(["restore", "backup", "--data", "data"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(delay_ms));
        child.kill().unwrap();
        child.wait().unwrap();
        if site.data().exists() {
            site.start();
            assert_eq!(site.json(&["disk", "list"]).as_array().unwrap().len(), 1);
            site.stop();
            fs::remove_dir_all(site.data()).unwrap();
        }
    }
    facts(&site, &["restore", "backup", "--data", "data"]);
    assert!(left_over(&site).is_empty(), "the next one clears up");
    site.start();
    assert_eq!(site.json(&["disk", "list"]).as_array().unwrap().len(), 1);
}

#[test]
fn no_object_is_removed_while_a_backup_is_made() {
    let site = Site::new();
    let disk = site.disk(&[]);
    write(&site, &disk, "5");
    let first = site.does(&["snapshot", "create", &disk, "--wait"]).trim().to_owned();
    let manifest = site.data().join("objects").join(format!("{disk}.1/1/manifest"));
    assert!(manifest.exists());
    let pin = File::create(site.data().join("backup.lock")).unwrap();
    pin.lock_shared().unwrap();
    site.does(&["snapshot", "delete", &first]);
    // It is a later job than the first one's end.
    site.does(&["snapshot", "create", &disk, "--wait"]);
    assert!(manifest.exists());
    pin.unlock().unwrap();
    while manifest.exists() {
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// `coffer backup` with its bytes of disks, as the account's root asks the server for them.
fn backup_with_disks(site: &Site, options: &[&str]) -> Ran {
    let arguments = ["backup", "backup", "--data", "data", "--with-disks", "--output", "json"];
    site.coffer(&[&arguments, options].concat())
}

#[test]
fn disks_that_are_written_to_become_again_what_they_held_when_the_backup_was_begun() {
    let mut site = Site::new();
    let (plain, fresh) = (site.disk(&[]), site.disk(&[]));
    let encrypted = site.disk(&["--encrypted", "true"]);
    write(&site, &plain, "3");
    let instance = write(&site, &encrypted, "4");
    let ran = backup_with_disks(&site, &[]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let made: Value = serde_json::from_str(&ran.out).unwrap();
    // Those two, the blank one that nothing was written to, and that of the instance.
    assert_eq!((&made["DisksFromSnapshots"], &made["MissingDisks"]), (&4.into(), &Value::Array(Vec::new())));
    assert_eq!(site.json(&["snapshot", "list"]), Value::Array(Vec::new()), "they are deleted again");
    write(&site, &encrypted, "5");

    let restored = restore(&mut site);
    assert_eq!(
        (restored["Disks"].as_array().unwrap().len(), restored["FromSnapshots"].as_array().unwrap().len()),
        (0, 4)
    );
    read(&site, &plain, "3");
    read(&site, &encrypted, "4");
    read(&site, &fresh, "0");
    write(&site, &encrypted, "6");
    site.does(&["detach", &encrypted, "--instance", &instance]);
    read(&site, &encrypted, "6");
    assert_eq!(site.json(&["disk", "show", &encrypted])["Encryption"]["DataStatus"], Value::Null);
    site.stop();
    assert_eq!(run(&site, &["audit", "verify", "--data", "data"]).code, 0);
    assert_eq!(run(&site, &["volume", "check", "--snapshots", "--data", "data"]).code, 0);
}

#[test]
fn a_disk_whose_key_is_disabled_is_not_in_the_backup_and_one_disabled_later_waits_for_it() {
    let mut site = Site::new();
    site.let_ecs_use_keys();
    let root = (ID, SECRET);
    let keys = [(); 2].map(|()| site.does(&["key", "create"]).trim().to_owned());
    let disks = [0, 1].map(|of| site.disk(&["--encrypted", "true", "--key", &keys[of]]));
    write(&site, &disks[0], "1");
    write(&site, &disks[1], "2");
    site.call(root, KMS, "DisableKey", &[("KeyId", &keys[0])]);
    let ran = backup_with_disks(&site, &["--keep-snapshots"]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains(&disks[0]) && !ran.err.contains(&disks[1]), "{}", ran.err);
    let made: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(made["MissingDisks"][0]["DiskId"], disks[0].as_str());
    let status = |site: &Site, disk: &str| site.json(&["disk", "show", disk])["Encryption"]["DataStatus"].clone();
    restore(&mut site);
    assert_eq!((status(&site, &disks[0]), status(&site, &disks[1])), ("NotInBackup".into(), Value::Null));
    read(&site, &disks[1], "2");

    site.stop();
    fs::remove_dir_all(site.data()).unwrap();
    facts(&site, &["restore", "backup", "--data", "data"]);
    let database = Db::open(&site.data(), Options::default()).unwrap();
    let key_id = keys[1].clone();
    let disabled = database.write(move |tx| {
        let mut key = Key::get(tx, &key_id)?.unwrap();
        "Disabled".clone_into(&mut key.state);
        key.update(tx)?;
        Ok::<_, StoreError>(())
    });
    disabled.wait().unwrap();
    drop(database);
    site.start();
    assert_eq!(status(&site, &disks[1]), "NotInBackup");
    let told = run(&site, &["doctor", "--data", "data", "--only", "volumes"]).out;
    let of = |disk: &str| told.split("warning").find(|finding| finding.contains(disk)).unwrap().to_owned();
    assert!(of(&disks[0]).contains("ResetDisk") && of(&disks[1]).contains("start the server"), "{told}");
    site.call(root, KMS, "EnableKey", &[("KeyId", &keys[1])]);
    while status(&site, &disks[1]) != Value::Null {
        std::thread::sleep(Duration::from_millis(50));
    }
    read(&site, &disks[1], "2");
    assert_eq!(status(&site, &disks[0]), "NotInBackup");
}

#[test]
fn a_backup_with_disks_that_asks_another_server_is_none() {
    let (site, other) = (Site::new(), Site::new());
    let disk = site.disk(&[]);
    write(&site, &disk, "1");
    let wrong = format!("http://{}", other.address());
    let ran = backup_with_disks(&site, &["--endpoint", &wrong]);
    assert!(ran.code == 1 && ran.err.contains(&disk), "the other server has no such disk: {}", ran.err);
    fs::remove_file(site.folder.join("backup")).unwrap();
    let ran = run(&site, &["backup", "backup", "--data", "data", "--with-disks", "--endpoint", "http://127.0.0.1:1"]);
    assert!(ran.code == 3 && ran.err.contains("no access key"), "{}", ran.err);
    assert!(!site.folder.join("backup").exists() && left_over(&site).is_empty());
}

#[test]
fn the_disks_of_other_accounts_are_not_in_a_backup_with_disks() {
    let site = Site::new();
    let made = site.json(&["account", "create"]);
    let other = |arguments: &[&str]| {
        let mut command = site.binary();
        command.args(arguments).env("COFFER_ENDPOINT", format!("http://{}", site.address()));
        command.env("ALIBABA_CLOUD_ACCESS_KEY_ID", made["AccessKeyId"].as_str().unwrap());
        command.env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", made["AccessKeySecret"].as_str().unwrap());
        let ran: Ran = command.output().unwrap().into();
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.err);
        ran.out.trim().to_owned()
    };
    let (own, others) = (site.disk(&[]), other(&["disk", "create", "--size", "20"]));
    write(&site, &own, "1");
    other(&["attach", &others, "--print"]);
    let ran = backup_with_disks(&site, &[]);
    assert!(ran.code == 1 && ran.err.contains(&others) && !ran.err.contains(&own), "{}", ran.err);
    let made: Value = serde_json::from_str(&ran.out).unwrap();
    let missing: Vec<&Value> = made["MissingDisks"].as_array().unwrap().iter().map(|disk| &disk["DiskId"]).collect();
    assert!(missing.contains(&&others.clone().into()) && !missing.contains(&&own.into()), "{}", ran.out);
}
