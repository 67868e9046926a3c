//! `coffer volume check` on what a server left.

use std::fs;

use coffer_store::{Db, Options, Record as _, StoreError, volumes};

use crate::site::Site;

#[test]
fn a_sound_volume_is_sound_and_a_damaged_one_is_found() {
    let mut site = Site::new();
    let disk = site.disk(&["--encrypted", "true"]);
    let attached = site.json(&["attach", &disk, "--print"]);
    site.qemu_io(attached["Uri"].as_str().unwrap(), "write -P 1 0 5M");
    let data = site.data().display().to_string();
    let running = site.coffer(&["volume", "check", &disk, "--data", &data]);
    assert!(running.err.contains("a server has"), "{}", running.err);
    site.stop();

    let check = |target: &[&str]| {
        let mut command = site.binary();
        command.args(["volume", "check"]).args(target).args(["--data", &data]);
        crate::site::Ran::from(command.output().unwrap())
    };
    let closed = check(&[&disk]);
    assert_eq!((closed.code, closed.err.as_str()), (0, ""), "{}", closed.out);
    assert!(closed.out.contains("20 GiB") && closed.out.contains("sound"), "{}", closed.out);
    let volume = site.data().join("volumes").join(format!("{disk}.1"));
    assert_eq!(check(&[volume.to_str().unwrap()]).out, closed.out);
    // The record's system disk has one too.
    assert_eq!(check(&[]).out.lines().count(), 3);

    let file = fs::OpenOptions::new().write(true).open(volume.join("data")).unwrap();
    file.set_len(10 << 30).unwrap();
    let short = check(&[&disk]);
    assert_eq!(short.code, 1, "{}", short.out);
    assert!(short.out.contains("1 FOUND") && short.out.contains("data: it has 10737418240 bytes"), "{}", short.out);
    assert!(short.err.contains("1 finding\n"), "{}", short.err);

    fs::write(volume.join("meta"), [7; 100]).unwrap();
    let damaged = check(&[&disk, "--output", "json"]);
    assert_eq!(damaged.code, 1);
    let report: serde_json::Value = serde_json::from_str(&damaged.out).unwrap();
    assert!(report["Findings"][0]["Finding"].as_str().unwrap().contains("cut short"), "{report}");

    for nowhere in ["d-absent", "/nowhere"] {
        let ran = check(&[nowhere]);
        assert_eq!(ran.code, 7, "{}", ran.err);
        assert!(ran.err.contains("next: "), "{}", ran.err);
    }
}

#[test]
fn a_missing_object_of_a_snapshot_is_named() {
    let mut site = Site::new();
    let disk = site.disk(&["--encrypted", "true"]);
    let attached = site.json(&["attach", &disk, "--print"]);
    site.qemu_io(attached["Uri"].as_str().unwrap(), "write -P 1 0 5M");
    let snapshot = site.does(&["snapshot", "create", &disk, "--name", "first", "--wait"]);
    let listed = site.json(&["snapshot", "list", "--disk", &disk]);
    assert_eq!(
        (listed[0]["SnapshotId"].as_str(), listed[0]["Status"].as_str()),
        (Some(snapshot.trim()), Some("accomplished"))
    );
    let data = site.data().display().to_string();
    site.stop();

    let check = || {
        let mut command = site.binary();
        command.args(["volume", "check", &disk, "--snapshots", "--output", "json", "--data", &data]);
        let ran = crate::site::Ran::from(command.output().unwrap());
        (ran.code, serde_json::from_str::<serde_json::Value>(&ran.out).unwrap())
    };
    let (code, report) = check();
    assert_eq!(code, 0, "{report}");
    assert_eq!(report["Snapshots"][0]["SoundChunks"], 5);
    assert_eq!(report["Snapshots"][0]["Faults"], 0);

    let objects = site.data().join("objects").join(format!("{disk}.1")).join("1");
    fs::remove_file(objects.join("3")).unwrap();
    let (code, report) = check();
    assert_eq!(code, 1);
    assert_eq!(report["Snapshots"][0]["SoundChunks"], 4);
    assert!(report["Findings"][0]["Finding"].as_str().unwrap().contains(".1/1/3 is missing"), "{report}");
    fs::write(objects.join("manifest"), b"nothing").unwrap();
    let (code, report) = check();
    assert_eq!(code, 1);
    assert!(report["Findings"][0]["Finding"].as_str().unwrap().contains("its manifest is damaged"), "{report}");
    // The database knows what there should be, and what must be in it.
    let gone = format!("the manifest of {} is missing", snapshot.trim());
    fs::remove_file(objects.join("manifest")).unwrap();
    let lost = || {
        let (code, report) = check();
        assert_eq!(code, 1);
        assert_eq!(report["Findings"][0]["Subject"], format!("{disk}.1/1"), "{report}");
        assert!(report["Findings"][0]["Finding"].as_str().unwrap().contains(&gone), "{report}");
    };
    lost();
    fs::remove_dir_all(site.data().join("objects")).unwrap();
    lost();
}

#[test]
fn a_manifest_that_is_another_than_the_database_says_is_found() {
    let mut site = Site::new();
    let disk = site.disk(&["--encrypted", "true"]);
    let attached = site.json(&["attach", &disk, "--print"]);
    let uri = attached["Uri"].as_str().unwrap();
    site.qemu_io(uri, "write -P 1 0 1M");
    site.does(&["snapshot", "create", &disk, "--wait"]);
    site.stop();
    let db = Db::open(&site.data(), Options::default()).unwrap();
    let changed = db.write(|tx| -> Result<_, StoreError> {
        let manifest = volumes::kept(tx)?.pop().unwrap();
        volumes::Manifest { root: "00".repeat(32), ..manifest }.update(tx)
    });
    changed.wait().unwrap();
    drop(db);
    let mut command = site.binary();
    command.args(["volume", "check", &disk, "--snapshots", "--data", "data"]);
    let ran = crate::site::Ran::from(command.output().unwrap());
    assert!(ran.code == 1 && ran.out.contains("is not the one that was written for it"), "{}{}", ran.out, ran.err);
}
