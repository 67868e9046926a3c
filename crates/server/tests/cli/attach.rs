//! Disks attached, used by others' programs through what was printed, detached, and attached again.

use std::fs;
use std::path::PathBuf;
use std::process::Child;
use std::time::Duration;

use serde_json::Value;

use crate::site::{ID, SECRET, Site};

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

#[test]
fn what_was_written_is_there_when_the_disk_is_attached_again() {
    let site = Site::new();
    let disk = site.disk(&["--encrypted", "true"]);
    let attached = site.json(&["attach", &disk, "--print"]);
    let uri = text(&attached, "Uri");
    assert_eq!(text(&attached, "SerialNumber"), &disk[2..]);
    assert!(PathBuf::from(text(&attached, "Socket")).is_absolute());
    site.qemu_io(uri, "write -P 0xa5 1M 3M");
    assert_eq!(site.json(&["attach", &disk, "--print"]), attached, "once is enough");

    assert!(site.does(&["detach", &disk]).contains(&format!("is detached from {}", text(&attached, "InstanceId"))));
    assert!(site.does(&["detach", &disk]).contains("there is nothing to do"));
    assert!(!PathBuf::from(text(&attached, "Socket")).exists(), "nothing is served any more");

    let again = site.json(&["attach", &disk, "--print"]);
    assert_eq!(text(&again, "InstanceId"), text(&attached, "InstanceId"), "this host's record is found again");
    let check = "import sys; d = h.pread(3 << 20, 1 << 20); sys.exit(set(d) != {0xa5} or any(h.pread(1 << 20, 0)))";
    site.run("nbdsh", &["--uri", text(&again, "Uri"), "-c", check]);
    site.qemu_io(text(&again, "Uri"), "read -P 0 4M 1M");
    let instances = site.json(&["status"])["Instances"].clone();
    assert_eq!(instances, 1, "one record for this host");
}

#[test]
fn a_person_gets_lines_that_work_when_they_are_pasted() {
    let site = Site::new();
    let disk = site.disk(&[]);
    let shown = site.does(&["attach", &disk, "--print"]);
    let serial = &disk[2..];
    for part in ["serial", "# QEMU, the long way", "nbdfuse", "nbd-client -unix", &format!("serial={serial}")] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let line = |start: &str| shown.lines().find(|line| line.starts_with(start)).unwrap().to_owned();
    site.run("sh", &["-c", &format!("{} -c 'h.pwrite(b\"pasted\", 512)'", line("nbdsh"))]);
    let blockdev = line("-blockdev driver=nbd").split(' ').nth(1).unwrap().to_owned();
    let said = site.run("qemu-io", &["--image-opts", "-c", "read -v 512 6", blockdev.trim_matches('\'')]);
    assert!(said.contains("pasted"), "{said}");
}

#[test]
fn lines_for_tls_work_with_the_files_that_were_written() {
    let site = Site::with("[volumes]\nnbd_listen = \"127.0.0.1\"\n");
    let disk = site.disk(&["--encrypted", "true"]);
    let tls = site.folder.join("tls");
    let attached = site.json(&["attach", &disk, "--print", "--tls-dir", tls.to_str().unwrap()]);
    let nbdsh = text(&attached["Commands"], "nbdsh-tls");
    site.run("sh", &["-c", &format!("{nbdsh} -c 'h.pwrite(b\"over TLS\", 4096)'")]);
    let known = site.run("sh", &["-c", text(&attached["Commands"], "nbdinfo-tls")]);
    assert!(known.contains("21474836480"), "{known}");
    let qemu = text(&attached["Commands"], "qemu-tls");
    let option = |name: &str| {
        let rest = qemu.split(&format!("{name} ")).nth(1).unwrap();
        rest.split(" -").next().unwrap().trim_matches('\'').to_owned()
    };
    let arguments = ["--object", &option("-object"), "--image-opts", "-c", "read -v 4096 8", &option("-blockdev")];
    let said = site.run("qemu-io", &arguments);
    assert!(said.contains("over.TLS"), "{said}");
    assert!(!attached.to_string().contains("PRIVATE KEY"));
}

/// The device as a file, as long as this lives.
struct Mounted<'a> {
    site: &'a Site,
    directory: PathBuf,
    program: Child,
}

impl<'a> Mounted<'a> {
    fn new(site: &'a Site, uri: &str) -> Self {
        let (directory, ready) = (site.folder.join("mounted"), site.folder.join("pid"));
        fs::create_dir_all(&directory).unwrap();
        let mut command = site.command("nbdfuse");
        let mut program = command.arg("-P").arg(&ready).arg(&directory).arg(uri).spawn().unwrap();
        while !ready.exists() {
            assert!(program.try_wait().unwrap().is_none(), "nbdfuse ended; does it find /dev/fuse?");
            std::thread::sleep(Duration::from_millis(20));
        }
        fs::remove_file(ready).unwrap();
        Self { site, directory, program }
    }

    fn file(&self) -> String {
        self.directory.join("nbd").display().to_string()
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        self.site.run("fusermount3", &["-u", self.directory.to_str().unwrap()]);
        assert!(self.program.wait().unwrap().success());
    }
}

#[test]
fn a_file_system_is_clean_after_the_disk_was_detached_and_the_server_stopped() {
    let mut site = Site::new();
    let disk = site.disk(&["--encrypted", "true"]);
    let attach = |site: &Site| text(&site.json(&["attach", &disk, "--print"]), "Uri").to_owned();
    let content = site.folder.join("content");
    fs::create_dir_all(&content).unwrap();
    for number in 0..100u8 {
        fs::write(content.join(number.to_string()), vec![number; usize::from(number) * 1000]).unwrap();
    }
    let mounted = Mounted::new(&site, &attach(&site));
    site.run("mke2fs", &["-q", "-F", "-t", "ext4", "-d", content.to_str().unwrap(), &mounted.file(), "1G"]);
    drop(mounted);
    site.does(&["detach", &disk]);
    site.stop();
    site.start();

    let mounted = Mounted::new(&site, &attach(&site));
    site.run("e2fsck", &["-f", "-n", &mounted.file()]);
    let back = site.folder.join("back");
    site.run("debugfs", &["-R", &format!("dump /99 {}", back.display()), &mounted.file()]);
    assert!(fs::read(&back).unwrap() == vec![99; 99_000]);
    drop(mounted);

    site.does(&["detach", &disk]);
    let data = site.data();
    let report = site.json(&["volume", "check", &disk, "--data", data.to_str().unwrap()]);
    assert_eq!(report["Volumes"][0]["Sound"], true);
    assert!(report["Volumes"][0]["StoredBytes"].as_u64().unwrap() > 4_000_000);
}

#[test]
fn an_instance_that_does_not_run_and_one_that_has_the_disk_are_named() {
    let site = Site::new();
    let disk = site.disk(&[]);
    let absent = site.coffer(&["attach", &disk, "--instance", "i-bp1absent000000000000"]);
    assert_eq!(absent.code, 5);
    assert!(absent.err.contains("InvalidInstanceId.NotFound"), "{}", absent.err);
    let attached = site.json(&["attach", &disk, "--print"]);
    let instance = text(&attached, "InstanceId");
    let named = site.json(&["attach", &disk, "--print", "--instance", instance]);
    assert_eq!(named["Uri"], attached["Uri"]);
    let nothing = site.does(&["detach", &disk, "--instance", "i-bp1absent000000000000"]);
    assert!(nothing.contains("nothing to do"));
    assert!(site.does(&["detach", &disk, "--instance", instance]).contains("is detached"));
    let absent = site.coffer(&["attach", "d-bp1absent000000000000"]);
    assert_eq!(absent.code, 5);
    assert!(absent.err.contains("coffer disk list"), "{}", absent.err);
}

#[test]
fn a_seventeenth_disk_gets_a_second_record() {
    let site = Site::new();
    let disks: Vec<String> = (0..17).map(|_| site.disk(&[])).collect();
    let mut instances: Vec<String> =
        disks.iter().map(|disk| text(&site.json(&["attach", disk, "--print"]), "InstanceId").to_owned()).collect();
    instances.dedup();
    assert_eq!(instances.len(), 2);
    assert_eq!(site.json(&["status"])["Instances"], 2);
    site.does(&["detach", &disks[16]]);
    site.does(&["detach", &disks[0]]);
}

#[test]
fn a_stopped_instance_is_not_waited_for() {
    let site = Site::new();
    let disk = site.disk(&[]);
    // The record of another machine, so to speak.
    let record = site.json(&["attach", &disk, "--print"]);
    site.does(&["detach", &disk]);
    let instance = text(&record, "InstanceId");
    let ecs = |action, parameters: &[(&str, &str)]| site.call((ID, SECRET), "2014-05-26", action, parameters);
    ecs("StopInstance", &[("InstanceId", instance)]);
    while ecs("DescribeInstances", &[("RegionId", "cn-hangzhou")])["Instances"]["Instance"][0]["Status"] != "Stopped" {
        std::thread::sleep(Duration::from_millis(20));
    }
    let ran = site.coffer(&["attach", &disk, "--instance", instance, "--timeout", "600"]);
    assert_eq!(ran.code, 6, "{}", ran.err);
    assert!(ran.err.contains("(Stopped)") && ran.err.contains("next: start the instance"), "{}", ran.err);
    let again = site.json(&["attach", &disk, "--print"]);
    assert_eq!(again, record, "this host's record is started again");
}

#[test]
fn a_disk_whose_key_is_disabled_is_refused_until_it_is_enabled_and_can_be_given_another() {
    let site = Site::new();
    site.let_ecs_use_keys();
    let key = site.does(&["key", "create"]).trim().to_owned();
    let disk = site.disk(&["--key", &key]);
    site.json(&["attach", &disk, "--print"]);
    site.does(&["detach", &disk]);
    site.does(&["key", "disable", &key]);
    let ran = site.coffer(&["attach", &disk, "--print"]);
    assert_eq!(ran.code, 5, "{}", ran.err);
    assert!(ran.err.contains("AttachDisk: ") && ran.err.contains("KMS"), "{}", ran.err);
    site.does(&["key", "enable", &key]);
    site.json(&["attach", &disk, "--print"]);

    let other = site.does(&["key", "create"]).trim().to_owned();
    let said = site.does(&["disk", "rewrap", &disk, "--key", &other]);
    assert!(said.contains(&format!("is wrapped under {other}, version ")), "{said}");
    let shown = site.json(&["disk", "show", &disk]);
    assert_eq!(shown["KMSKeyId"].as_str(), Some(other.as_str()));
    assert!(shown["Encryption"]["LastRewrapTime"].is_string(), "{shown}");
}
