//! What goes wrong is planted, and found, and its remedy is said.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::site::{ID, RAM, Ran, SECRET, Site};

const ROLE: (&str, &str) = ("RoleName", "AliyunECSDiskEncryptDefaultRole");

/// What was found.
struct Found {
    code: i32,
    rows: Vec<Value>,
}

impl Found {
    fn of(command: &mut Command) -> Self {
        let ran: Ran = command.args(["--output", "json"]).output().unwrap().into();
        let rows: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}{}", ran.out, ran.err));
        Self { code: ran.code, rows: rows.as_array().unwrap().clone() }
    }

    fn row(&self, check: &str) -> &Value {
        self.rows.iter().find(|row| row["Check"] == check).unwrap_or_else(|| panic!("{check} is not among them"))
    }

    /// That a check has that result, and that its remedy is said.
    #[track_caller]
    fn has(&self, check: &str, result: &str, what: &str, remedy: &str) {
        let row = self.row(check);
        assert_eq!(row["Result"], result, "{row}");
        let text = |name: &str| row[name].as_str().unwrap();
        assert!(text("Finding").contains(what) && text("Remedy").contains(remedy), "{row}");
        assert_eq!(
            self.code,
            i32::from(self.rows.iter().any(|row| row["Result"] == "error" || row["Result"] == "unknown"))
        );
    }

    fn results(&self, result: &str) -> Vec<&Value> {
        self.rows.iter().filter(|row| row["Result"] == result).collect()
    }
}

/// Of a data directory.
fn look(site: &Site, arguments: &[&str]) -> Found {
    let mut command = site.binary();
    command.args(["doctor", "--data", "data"]).args(arguments);
    if !arguments.contains(&"--free-gib") {
        command.args(["--free-gib", "0"]);
    }
    if !arguments.contains(&"--listen") && !arguments.contains(&"--config") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    Found::of(&mut command)
}

/// Of the server.
fn ask(site: &Site, environment: &[(&str, &str)]) -> Found {
    let mut command = site.binary();
    command.args(["doctor", "--endpoint"]).arg(format!("http://{}", site.address()));
    command.env("ALIBABA_CLOUD_ACCESS_KEY_ID", ID).env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET);
    Found::of(command.envs(environment.iter().copied()))
}

fn stopped() -> Site {
    let mut site = Site::new();
    site.stop();
    site
}

fn configured(site: &Site, settings: &str) -> Found {
    fs::write(site.folder.join("doctor.toml"), settings).unwrap();
    look(site, &["--config", "doctor.toml"])
}

/// Files below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn nothing_is_wrong_with_what_was_just_made() {
    let mut site = Site::new();
    site.let_ecs_use_keys();
    site.does(&["default-encryption", "enable"]);
    let found = ask(&site, &[]);
    assert!(found.code == 0 && found.results("ok").len() == found.rows.len(), "{:?}", found.rows);
    let address = site.address().to_owned();
    let found = look(&site, &["--listen", &address]);
    assert!(found.code == 0 && found.results("error").is_empty(), "{:?}", found.rows);
    site.stop();
    let found = look(&site, &[]);
    assert!(found.code == 0 && found.results("error").is_empty(), "{:?}", found.rows);
    let table = site.binary().args(["doctor", "--data", "data", "--listen", "127.0.0.1:0"]).output().unwrap();
    assert!(String::from_utf8(table.stdout).unwrap().contains("ok       root-key "));
    let nowhere: Ran = site.binary().args(["doctor", "--data", "nowhere"]).output().unwrap().into();
    assert!(nowhere.code == 3 && nowhere.err.contains("no data directory"), "{}", nowhere.err);
}

#[test]
fn a_root_key_that_others_can_read_or_that_is_missing_or_of_another_store_is_found() {
    let site = stopped();
    let path = site.data().join("root.key");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    look(&site, &[]).has("root-key-mode", "error", "can be read by others (mode 0644)", "chmod 600");
    fs::rename(&path, site.folder.join("kept")).unwrap();
    look(&site, &[]).has("root-key", "error", "root.key", "from a backup");
    let other = stopped();
    fs::copy(other.data().join("root.key"), &path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    look(&site, &[]).has("root-key", "error", "belongs to another one", "this store's own root.key");
}

#[test]
fn a_file_system_that_is_full_or_forgets_is_found() {
    let site = stopped();
    look(&site, &["--free-gib", "1000000000"]).has("free-space", "error", "MiB are free", "make room");
    let memory = PathBuf::from(format!("/dev/shm/coffer-doctor-{}", std::process::id()));
    fs::create_dir(&memory).unwrap();
    for name in ["coffer.db", "root.key", "lock"] {
        fs::copy(site.data().join(name), memory.join(name)).unwrap();
    }
    let mut command = site.binary();
    command.args(["doctor", "--listen", "127.0.0.1:0", "--free-gib", "0", "--data"]).arg(&memory);
    let found = Found::of(&mut command);
    fs::remove_dir_all(&memory).unwrap();
    found.has("filesystem", "warning", "is on tmpfs: it is gone", "local disk");
    let mut command = site.binary();
    command.args(["doctor", "--data", "data", "--listen", "127.0.0.1:0", "--free-gib", "0"]);
    // A library that is not there is not loaded.
    let found = Found::of(command.env("LD_PRELOAD", "libeatmydata.so"));
    found.has("filesystem", "error", "syncs are left out", "without it");
}

#[test]
fn a_port_that_another_has_is_found_and_a_second_server_is_told_from_other_programs() {
    let site = stopped();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    // It answers nothing: it ends each connection.
    let closing = std::thread::Builder::new().spawn(move || drop(other.accept().unwrap())).unwrap();
    look(&site, &["--listen", &address]).has("port", "error", "another program has", "--listen");
    closing.join().unwrap();
    let second = Site::new();
    let address = second.address().to_owned();
    look(&site, &["--listen", &address]).has("port", "error", "another server has", "stop it");
    look(&site, &["--listen", "192.0.2.1:7600"]).has("port", "error", "no address of this machine", "--listen");
}

#[test]
fn a_port_of_another_endpoint_is_found_too() {
    let site = stopped();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = other.local_addr().unwrap();
    let closing = std::thread::Builder::new().spawn(move || drop(other.accept().unwrap())).unwrap();
    let settings = format!("listen = \"127.0.0.1:0\"\n[metadata]\nlisten = \"{listen}\"\nrole = \"programs\"\n");
    configured(&site, &settings).has("port", "error", &format!("another program has {listen}"), "metadata.listen");
    closing.join().unwrap();
}

#[test]
fn a_server_is_found_where_it_listens_and_one_that_hangs_is_told_of() {
    let site = Site::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    // Root sees where it listens, nobody else does.
    let found = configured(&site, &format!("listen = \"{free}\"\n"));
    assert!(found.row("lock")["Result"] != "error" && found.code == 0, "{:?}", found.rows);
    let alone = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = site.powerless();
        command.args(["doctor", "--data", "data", "--only", "lock"]).args(arguments);
        Found::of(command.envs(environment.iter().copied()))
    };
    fs::write(site.folder.join("doctor.toml"), format!("listen = \"{free}\"\n")).unwrap();
    let elsewhere = ["--config", "doctor.toml"];
    alone(&elsewhere, &[]).has("lock", "warning", "this user may not see", "COFFER_ENDPOINT");
    let endpoint = format!("http://{}", site.address());
    assert_eq!(alone(&elsewhere, &[("COFFER_ENDPOINT", &endpoint)]).row("lock")["Result"], "ok");
    assert_eq!(alone(&["--listen", site.address()], &[]).row("lock")["Result"], "ok");
    alone(&["--listen", &free], &[]).has("lock", "error", "does not answer at", "kill ");
    let tell = |signal: &str| assert!(Command::new("kill").args([signal, &site.process()]).status().unwrap().success());
    tell("-STOP");
    let found =
        [look(&site, &["--listen", site.address(), "--only", "lock"]), alone(&["--listen", site.address()], &[])];
    tell("-CONT");
    for found in found {
        found.has("lock", "error", "does not answer at", "kill ");
    }
}

#[test]
fn a_database_that_is_damaged_cut_off_or_empty_is_one_finding() {
    let site = stopped();
    let path = site.data().join("coffer.db");
    let whole = fs::read(&path).unwrap();
    // The second page, which a table or an index begins with.
    let mut zeroed = whole.clone();
    zeroed[4096..8192].fill(0);
    for damaged in [&zeroed[..], &whole[..whole.len() / 2], &[b'x'; 8192]] {
        fs::write(&path, damaged).unwrap();
        let found = look(&site, &[]);
        found.has("database", "error", "the database is damaged", "coffer restore");
        assert!(found.results("error").len() == 1 && found.results("unknown").is_empty(), "{:?}", found.rows);
    }
    fs::write(&path, "").unwrap();
    look(&site, &[]).has("database", "error", "the database is empty", "coffer restore");
    fs::write(&path, whole).unwrap();
    assert_eq!(look(&site, &[]).row("database")["Result"], "ok");
}

#[test]
fn settings_with_which_no_server_starts_are_found() {
    let site = stopped();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    fs::write(site.folder.join("own.pem"), certificate.pem()).unwrap();
    fs::write(site.folder.join("other.key"), rcgen::KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let far = "x".repeat(100);
    for (settings, check, what, remedy) in [
        ("[tls]\ncertificate = \"absent.pem\"\nkey = \"other.key\"\n", "certificate", "absent.pem", "tls.key"),
        ("[tls]\ncertificate = \"own.pem\"\nkey = \"absent.key\"\n", "certificate", "absent.key", "tls.key"),
        ("[tls]\ncertificate = \"own.pem\"\nkey = \"other.key\"\n", "certificate", "can't be used", "tls.key"),
        (
            "[events]\nwebhook_url = \"http://127.0.0.1:1/\"\nwebhook_secret_file = \"absent\"\n",
            "webhook",
            "absent",
            "events.webhook_secret_file",
        ),
        (&format!("[volumes]\nsockets = \"{far}\"\n"), "sockets", &far, "volumes.sockets"),
    ] {
        configured(&site, &format!("listen = \"127.0.0.1:0\"\n{settings}")).has(check, "error", what, remedy);
        let mut serve = site.binary();
        let serve: Ran = serve.args(["serve", "--data", "data", "--config", "doctor.toml"]).output().unwrap().into();
        assert!(serve.code == 1 && serve.err.contains(what), "{}", serve.err);
    }
}

#[test]
fn a_directory_of_test_mode_is_found() {
    let site = stopped();
    fs::write(site.data().join("test-mode"), "").unwrap();
    look(&site, &[]).has("test-mode", "error", "is a data directory for test mode", "--data");
    let marked = site.folder.join("marked");
    fs::create_dir(&marked).unwrap();
    fs::write(marked.join("test-mode"), "").unwrap();
    let mut command = site.binary();
    command.args(["doctor", "--data", "marked", "--listen", "127.0.0.1:0", "--free-gib", "0"]);
    let found = Found::of(&mut command);
    found.has("test-mode", "error", "is a data directory for test mode", "--data");
    assert!(found.results("unknown").is_empty(), "{:?}", found.rows);
}

#[test]
fn a_directory_that_can_not_be_written_is_found() {
    let site = stopped();
    let mode = |mode| fs::set_permissions(site.data(), fs::Permissions::from_mode(mode)).unwrap();
    mode(0o500);
    let mut command = site.powerless();
    command.args(["doctor", "--data", "data", "--listen", "127.0.0.1:0", "--free-gib", "0"]);
    let found = Found::of(&mut command);
    mode(0o700);
    found.has("writable", "error", "can't be written by this user", "chown");
    assert!(found.results("error").len() == 1 && found.results("unknown").is_empty(), "{:?}", found.rows);
    assert_eq!(look(&site, &[]).row("writable")["Result"], "ok");
}

#[test]
fn plain_http_for_everybody_is_found() {
    let found = configured(&stopped(), "listen = \"0.0.0.0:0\"\nallow_plaintext = true\n");
    found.has("plaintext", "error", "from beyond this machine", "allow_plaintext");
}

#[test]
fn a_certificate_that_has_expired_or_is_not_for_this_host_is_found() {
    let site = stopped();
    look(&site, &["--host", "coffer.example"]).has("certificate", "error", "not for coffer.example", "tls.certificate");
    assert_eq!(look(&site, &["--host", "localhost"]).row("certificate")["Result"], "ok");
    let mut parameters = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    parameters.not_before = rcgen::date_time_ymd(2019, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = parameters.self_signed(&key).unwrap();
    fs::write(site.folder.join("old.pem"), certificate.pem()).unwrap();
    fs::write(site.folder.join("old.key"), key.serialize_pem()).unwrap();
    let settings = "listen = \"127.0.0.1:0\"\n[tls]\ncertificate = \"old.pem\"\nkey = \"old.key\"\n";
    configured(&site, settings).has("certificate", "error", "has expired", "renew it");
}

#[test]
fn limits_that_are_too_small_are_found() {
    let site = stopped();
    let binary = env!("CARGO_BIN_EXE_coffer");
    let limited = |limit: &str| {
        let mut shell = site.command("sh");
        let doctor =
            format!("ulimit {limit} && exec {binary} doctor --data data --listen 127.0.0.1:0 --free-gib 0 \"$@\"");
        Found::of(shell.args(["-c", &doctor, "sh"]))
    };
    limited("-l 64").has("memory-lock", "warning", "65536 bytes of memory can be locked", "LimitMEMLOCK");
    limited("-n 256").has("open-files", "warning", "256 files can be open", "LimitNOFILE");
    let strict: Ran = site
        .command("sh")
        .args(["-c", &format!("ulimit -n 256 && exec {binary} doctor --data data --strict")])
        .output()
        .unwrap()
        .into();
    assert_eq!(strict.code, 1);
    let one = look(&site, &["--only", "root-key", "--only", "schema"]);
    assert!(one.code == 0 && one.rows.len() == 2, "{:?}", one.rows);
    let none: Ran = site.binary().args(["doctor", "--data", "data", "--only", "nonsense"]).output().unwrap().into();
    assert!(none.code == 3 && none.err.contains("root-key"), "{}", none.err);
}

#[test]
fn a_role_that_is_missing_or_may_nothing_is_found() {
    let site = Site::new();
    ask(&site, &[]).has("role", "warning", "there is no role", "coffer default-encryption authorize");
    let trust = r#"{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":["ecs.aliyuncs.com"]}}]}"#;
    site.call((ID, SECRET), RAM, "CreateRole", &[ROLE, ("AssumeRolePolicyDocument", trust)]);
    ask(&site, &[]).has("role", "error", "has no policy", "AttachPolicyToRole");
}

#[test]
fn a_default_key_that_is_disabled_or_to_be_deleted_is_found() {
    let site = Site::new();
    ask(&site, &[]).has("default-key", "warning", "are not encrypted", "default-encryption enable");
    site.let_ecs_use_keys();
    site.does(&["default-encryption", "enable"]);
    let key = site.does(&["key", "create"]).trim().to_owned();
    site.does(&["default-encryption", "set-key", &key]);
    site.does(&["key", "disable", &key]);
    ask(&site, &[]).has("default-key", "error", "is Disabled", "coffer key enable");
    let window = [("KeyId", key.as_str()), ("PendingWindowInDays", "7")];
    site.call((ID, SECRET), "2016-01-20", "ScheduleKeyDeletion", &window);
    ask(&site, &[]).has("default-key", "error", "is PendingDeletion", "CancelKeyDeletion");
}

#[test]
fn a_volume_that_is_damaged_or_gone_and_an_object_that_is_missing_are_found() {
    let mut site = Site::new();
    let disk = site.disk(&[]);
    let attached = site.json(&["attach", &disk, "--print"]);
    site.qemu_io(attached["Uri"].as_str().unwrap(), "write -P 3 1M 1M");
    site.does(&["snapshot", "create", &disk, "--wait"]);
    site.stop();
    assert_eq!(look(&site, &[]).row("objects")["Result"], "ok");
    let chunk = files(&site.data().join("objects")).into_iter().find(|path| path.ends_with("1/1")).unwrap();
    fs::remove_file(&chunk).unwrap();
    look(&site, &[]).has("objects", "error", "1 objects of s-", "from a backup");
    let manifest = files(&site.data().join("objects")).into_iter().find(|path| path.ends_with("manifest")).unwrap();
    fs::remove_file(manifest).unwrap();
    look(&site, &[]).has("objects", "error", "s-", "from a backup");

    let volume = site.data().join("volumes").join(format!("{disk}.1"));
    fs::write(volume.join("meta"), vec![7; 65536]).unwrap();
    look(&site, &[]).has("volumes", "error", &format!("{disk}.1"), "ResetDisk");
    fs::remove_dir_all(&volume).unwrap();
    look(&site, &[]).has("volumes", "error", "is missing", "ResetDisk");
}

#[test]
fn a_database_of_a_newer_version_is_found() {
    let site = stopped();
    let database = rusqlite::Connection::open(site.data().join("coffer.db")).unwrap();
    database.pragma_update(None, "user_version", 999).unwrap();
    drop(database);
    look(&site, &[]).has("schema", "error", "schema 999", "later one");
}

#[test]
fn each_check_of_a_server_can_be_made_alone() {
    let site = Site::new();
    site.let_ecs_use_keys();
    site.does(&["default-encryption", "enable"]);
    for check in ["reached", "clock", "credentials", "default-key", "role"] {
        let ran = site.coffer(&["doctor", "--only", check, "--output", "json"]);
        assert_eq!(ran.code, 0, "{check}: {}{}", ran.out, ran.err);
        assert!(ran.out.contains(&format!("\"Check\": \"{check}\"")) && ran.out.contains("\"ok\""), "{}", ran.out);
    }
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = site.binary();
    command.args(["doctor", "--only", "role", "--endpoint", &format!("http://{free}")]);
    Found::of(&mut command).has("role", "unknown", "does not answer", "see `reached`");
}

#[test]
fn credentials_that_are_wrong_are_found() {
    let site = Site::new();
    let wrong = ask(&site, &[("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "wrong")]);
    wrong.has("credentials", "error", "SignatureDoesNotMatch", "where it was copied from");
    let unknown = ask(&site, &[("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAIunknownunknownunknown")]);
    unknown.has("credentials", "error", "InvalidAccessKeyId", "another server");
}

#[test]
fn a_server_that_does_not_answer_or_whose_clock_is_off_is_found() {
    let site = Site::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = site.binary();
    Found::of(command.args(["doctor", "--endpoint", &format!("http://{free}")])).has(
        "reached",
        "error",
        "can't be asked",
        "coffer serve",
    );
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let answering = std::thread::Builder::new().spawn(move || {
        for _ in 0..2 {
            let mut stream = server.accept().unwrap().0;
            let (mut request, mut piece) = (Vec::new(), [0; 512]);
            while !request.ends_with(b"\r\n\r\n") {
                let length = stream.read(&mut piece).unwrap();
                request.extend_from_slice(&piece[..length]);
            }
            let head = "HTTP/1.1 200 OK\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-length: 3\r\n\r\nok\n";
            stream.write_all(head.as_bytes()).unwrap();
        }
    });
    let mut command = site.binary();
    let found = Found::of(command.args(["doctor", "--endpoint", &format!("http://{address}")]));
    answering.unwrap().join().unwrap();
    found.has("clock", "error", "ahead of the server's: every request is refused", "NTP");
}
