//! Test mode as a process: what starts it, what refuses it, and that a disk's bytes come back with everything else.
#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "../src/client.rs"]
#[allow(dead_code, reason = "a part is used")]
mod client;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use client::{Caller, Client, Endpoint};
use coffer_base::{Secret, Timestamp};
use serde_json::{Value, json};

const ID: &str = "LTAItestmodetestmodetest";
const SECRET: &str = "testmodetestmodetestmodetestmo";
const ECS: &str = "2014-05-26";
const KMS: &str = "2016-01-20";
const COFFER: &str = "2026-01-01";
/// Every path, and a body that it takes.
const PATHS: [(&str, &str); 8] = [
    ("GET /test/state", ""),
    ("POST /test/clock", r#"{"advance_s":1}"#),
    ("POST /test/snapshot", r#"{"name":"a"}"#),
    ("POST /test/restore", r#"{"name":"a"}"#),
    ("POST /test/forget", r#"{"name":"a"}"#),
    ("POST /test/fault", r#"{"kind":"kms-down"}"#),
    ("POST /test/mend", ""),
    ("POST /test/reset", ""),
];

#[expect(clippy::disallowed_methods, reason = "requests to a real server carry the real time")]
fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_unix_ms(i64::try_from(since.as_millis()).unwrap())
}

/// A folder of a test's own.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        // Short: the path of a Unix socket has 107 bytes at most.
        let path = std::env::temp_dir().join(format!("coffer-tm-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn serve(&self, options: &[&str]) -> Command {
        let mut serve = Command::new(env!("CARGO_BIN_EXE_coffer"));
        serve.env_clear().current_dir(&self.0).arg("serve").args(options);
        serve.env("COFFER_LISTEN", "127.0.0.1:0").env("COFFER_DATA", "data");
        serve.env("COFFER_ROOT_ACCESS_KEY_ID", ID).env("COFFER_ROOT_ACCESS_KEY_SECRET", SECRET);
        serve
    }

    fn start(&self, options: &[&str]) -> Server {
        let mut child = self.serve(options).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        while !said.contains("http://") {
            assert!(lines.read_line(&mut said).unwrap() > 0, "it did not start: {said}");
        }
        let address = said.split("http://").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        child.stdout = Some(lines.into_inner());
        Server { child, address, said }
    }

    /// How a server that does not start says why.
    fn refused(&self, options: &[&str]) -> String {
        let output = self.serve(options).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

struct Server {
    child: Child,
    address: String,
    said: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Server {
    /// One request without a signature: status, head and body.
    fn ask(&self, line: &str, body: &str) -> (u16, String, Value) {
        self.ask_with(line, "", body)
    }

    fn ask_with(&self, line: &str, header: &str, body: &str) -> (u16, String, Value) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        let head = format!("host: test\r\nconnection: close\r\n{header}content-length: {length}\r\n\r\n");
        write!(stream, "{line} HTTP/1.1\r\n{head}{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_owned(), serde_json::from_str(body).unwrap_or(Value::Null))
    }

    /// The same of test mode, which must be a success.
    fn does(&self, path: &str, body: Value) -> Value {
        let (status, _, answer) = self.ask(&format!("POST /test/{path}"), &body.to_string());
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    fn call(&self, version: &str, action: &str, parameters: &[(&str, &str)]) -> Value {
        let endpoint = Endpoint { address: self.address.clone(), tls: None };
        let secret = Secret::new(SECRET.to_owned());
        let caller = Caller { access_key_id: ID.to_owned(), secret, security_token: None };
        let answer = Client::new(endpoint, caller, now).call(version, action, parameters).unwrap();
        assert_eq!(answer.status, 200, "{action}: {}", answer.body);
        answer.body
    }

    fn ecs(&self, action: &str, parameters: &[(&str, &str)]) -> Value {
        self.call(ECS, action, &[parameters, &[("RegionId", "cn-hangzhou")]].concat())
    }

    fn disk(&self) -> String {
        let wanted = [("ZoneId", "cn-hangzhou-h"), ("DiskCategory", "cloud_essd"), ("Size", "20")];
        text(&self.ecs("CreateDisk", &wanted)["DiskId"])
    }

    /// A disk that is served to an instance that runs, and its socket.
    fn served_disk(&self) -> (String, PathBuf) {
        let wanted = [
            ("ZoneId", "cn-hangzhou-h"),
            ("ImageId", "ubuntu_24_04_x64_20G_alibase_20250113.vhd"),
            ("InstanceType", "ecs.g7.large"),
            ("SystemDisk.Category", "cloud_essd"),
        ];
        let instance = text(&self.ecs("RunInstances", &wanted)["InstanceIdSets"]["InstanceIdSet"][0]);
        // What is due is done.
        self.does("clock", json!({ "advance_s": 0 }));
        let disk = self.disk();
        self.ecs("AttachDisk", &[("InstanceId", &instance), ("DiskId", &disk)]);
        let socket = self.socket(&disk);
        (disk, socket)
    }

    fn socket(&self, disk: &str) -> PathBuf {
        text(&self.call(COFFER, "DescribeDiskExport", &[("DiskId", disk)])["Socket"]).into()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn qemu_io(socket: &Path, disk: &str, command: &str) -> String {
    let uri = format!("nbd+unix:///{disk}?socket={}", socket.display());
    let output = Command::new("qemu-io").args(["-f", "raw", "-c", command, &uri]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Whether a disk's first 64 KiB hold nothing but that.
fn holds(socket: &Path, disk: &str, pattern: &str) -> bool {
    let said = qemu_io(socket, disk, &format!("read -P {pattern} 0 64k"));
    assert!(said.contains("65536 bytes") || said.contains("Pattern verification failed"), "{said}");
    !said.contains("Pattern verification failed")
}

#[test]
fn outside_test_mode_each_path_of_it_is_refused_by_name_and_does_nothing() {
    let place = Place::new("off");
    let server = place.start(&[]);
    let disk = server.disk();
    for (line, body) in PATHS {
        let (status, head, answer) = server.ask(line, body);
        assert_eq!((status, text(&answer["Code"]).as_str()), (403, "OperationDenied.NotInTestMode"), "{line}");
        assert!(!head.contains("x-coffer-test-mode"), "{head}");
    }
    assert_eq!(text(&server.ecs("DescribeDisks", &[])["Disks"]["Disk"][0]["DiskId"]), disk);
    assert_eq!(server.call(KMS, "ListKeys", &[])["TotalCount"], 0, "and KMS is there");
    assert!(place.refused(&["--seed", "1"]).contains("--test-mode"));
}

#[test]
fn in_test_mode_each_path_answers_and_every_answer_says_so() {
    let place = Place::new("on");
    let server = place.start(&["--test-mode"]);
    assert!(server.said.contains("*** TEST MODE"), "{}", server.said);
    for (line, body) in PATHS {
        let (status, head, answer) = server.ask(line, body);
        assert_eq!(status, 200, "{line}: {answer}");
        assert!(head.contains("x-coffer-test-mode: on"), "{head}");
        assert!(answer["clock"]["now"].is_string(), "{answer}");
    }
    for (line, status, code) in
        [("POST /test/nothing", 404, "InvalidPath.NotFound"), ("GET /test/reset", 405, "MethodNotAllowed")]
    {
        let (found, head, answer) = server.ask(line, "");
        assert_eq!((found, text(&answer["Code"]).as_str()), (status, code), "{line}: {head}");
        assert!(answer["Message"].is_string() && head.contains("x-coffer-test-mode: on"), "{head}");
    }
    for line in ["GET /health/ready", "GET /"] {
        let (status, head, _) = server.ask(line, "");
        assert!(
            head.contains("x-coffer-test-mode: on") && (status == 200) == line.contains("health"),
            "{line}: {head}"
        );
    }
    assert_eq!(server.ask_with("POST /test/reset", "origin: http://example.com\r\n", "").0, 403);
}

#[test]
fn a_data_directory_is_for_test_mode_or_never() {
    let place = Place::new("mark");
    drop(place.start(&["--test-mode"]));
    assert!(place.refused(&[]).contains("is a data directory for test mode"));
    let server = place.start(&["--test-mode"]);
    assert!(place.refused(&["--test-mode"]).contains("another server has"));
    drop(server);
    fs::remove_dir_all(place.0.join("data")).unwrap();
    drop(place.start(&[]));
    assert!(place.refused(&["--test-mode"]).contains("a data directory of its own"));
    let elsewhere = ["--test-mode", "--data", "other", "--listen", "0.0.0.0:0"];
    assert!(place.refused(&elsewhere).contains("in test mode nothing may listen beyond loopback"));
    assert!(!place.0.join("other").exists());
}

#[test]
fn a_restore_brings_back_the_bytes_of_disks_and_snapshots_while_they_are_served() {
    let place = Place::new("bytes");
    let server = place.start(&["--test-mode"]);
    server.ecs("EnableDiskEncryptionByDefault", &[]);
    let (disk, socket) = server.served_disk();
    qemu_io(&socket, &disk, "write -P 0x11 0 64k");
    let snapshot = text(&server.ecs("CreateSnapshot", &[("DiskId", &disk)])["SnapshotId"]);
    server.does("clock", json!({ "advance_s": 0 }));
    qemu_io(&socket, &disk, "write -P 0x22 0 64k");
    server.does("snapshot", json!({ "name": "two" }));
    qemu_io(&socket, &disk, "write -P 0x33 0 64k");
    server.ecs("DeleteSnapshot", &[("SnapshotId", &snapshot), ("Force", "true")]);
    assert!(holds(&socket, &disk, "0x33"));
    for _ in 0..2 {
        server.does("restore", json!({ "name": "two" }));
        let socket = server.socket(&disk);
        assert!(holds(&socket, &disk, "0x22"));
        let wanted = [("ZoneId", "cn-hangzhou-h"), ("DiskCategory", "cloud_essd"), ("SnapshotId", snapshot.as_str())];
        let clone = text(&server.ecs("CreateDisk", &wanted)["DiskId"]);
        let instance = text(&server.ecs("DescribeInstances", &[])["Instances"]["Instance"][0]["InstanceId"]);
        server.ecs("AttachDisk", &[("InstanceId", &instance), ("DiskId", &clone)]);
        assert!(holds(&server.socket(&clone), &clone, "0x11"));
        qemu_io(&socket, &disk, "write -P 0x44 0 64k");
    }
    server.does("reset", json!({}));
    assert!(!socket.exists(), "the disk is gone, and so is its socket");
    assert_eq!(server.ecs("DescribeDisks", &[])["TotalCount"], 0);
}

#[test]
fn a_slow_disk_is_slow_until_it_is_mended() {
    let place = Place::new("slow");
    let server = place.start(&["--test-mode"]);
    let (disk, socket) = server.served_disk();
    server.does("fault", json!({ "kind": "slow-disk", "delay_ms": 300 }));
    #[expect(clippy::disallowed_methods, reason = "the least time that was asked for is looked for")]
    let begun = std::time::Instant::now();
    qemu_io(&socket, &disk, "write -P 0x11 0 64k");
    assert!(begun.elapsed().as_millis() >= 300);
    assert_eq!(server.does("mend", json!({}))["faults"], json!([]));
    assert!(holds(&socket, &disk, "0x11"));
}
