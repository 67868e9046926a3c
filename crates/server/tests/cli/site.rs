//! A server as a process, the binary that asks it, and the programs that use what it serves.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use coffer_base::{Secret, Timestamp};
use serde_json::Value;

use crate::client::{Caller, Client, Endpoint};

pub(crate) const ID: &str = "LTAIcliclicliclicliclicli";
pub(crate) const SECRET: &str = "cliclicliclicliclicliclicliclicl";
pub(crate) const ACCOUNT: &str = "1234567890123456";
/// The root programs of the system are not on everybody's path.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

pub(crate) const RAM: &str = "2015-05-01";
pub(crate) const KMS: &str = "2016-01-20";

#[expect(clippy::disallowed_methods, reason = "requests to a real server carry the real time")]
fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_unix_ms(i64::try_from(since.as_millis()).unwrap())
}

/// A server on a data directory of its own, stopped and removed when dropped.
pub(crate) struct Site {
    /// Everything of the test.
    pub(crate) folder: PathBuf,
    server: Option<(Child, String)>,
}

/// How a run of the binary ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Site {
    pub(crate) fn new() -> Self {
        Self::with("")
    }

    /// With that configuration file.
    pub(crate) fn with(configuration: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("coffer-cli-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        // Short: the path of a Unix socket has 107 bytes at most.
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("coffer.toml"), configuration).unwrap();
        let mut site = Self { folder, server: None };
        site.start();
        site
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub(crate) fn start(&mut self) {
        self.start_with(&[]);
    }

    /// With that in its environment besides.
    pub(crate) fn start_with(&mut self, environment: &[(&str, &str)]) {
        let mut serve = self.binary();
        // Relative, as the default is: what is printed must be of use from elsewhere all the same.
        serve.args(["serve", "--listen", "127.0.0.1:0", "--data", "data"]);
        serve.arg("--config").arg(self.folder.join("coffer.toml"));
        serve.env("COFFER_ROOT_ACCESS_KEY_ID", ID).env("COFFER_ROOT_ACCESS_KEY_SECRET", SECRET);
        serve.env("COFFER_ACCOUNT_ID", ACCOUNT).stderr(fs::File::create(self.folder.join("log")).unwrap());
        serve.envs(environment.iter().copied());
        let mut child = serve.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while lines.read_line(&mut line).unwrap() > 0 && !line.contains("http://") {
            line.clear();
        }
        let address = line.split("http://").nth(1).expect("it says where it listens").split(' ').next().unwrap();
        self.server = Some((child, address.to_owned()));
        // Kept open: what the server still has to say must not fail.
        self.server.as_mut().unwrap().0.stdout = Some(lines.into_inner());
    }

    /// Stops it in order.
    pub(crate) fn stop(&mut self) {
        if let Some((mut child, _)) = self.server.take() {
            let id = child.id().to_string();
            assert!(Command::new("kill").arg(id).status().unwrap().success());
            assert!(child.wait().unwrap().success());
        }
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        if let Some((mut child, _)) = self.server.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// The server's process.
    pub(crate) fn process(&self) -> String {
        self.server.as_ref().unwrap().0.id().to_string()
    }

    pub(crate) fn address(&self) -> &str {
        &self.server.as_ref().unwrap().1
    }

    /// Memory that the server has, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let id = self.server.as_ref().unwrap().0.id();
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// The binary, with nothing in its environment that a test did not put there.
    pub(crate) fn binary(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
        command.env_clear().env("PATH", PATH).env("HOME", &self.folder).current_dir(&self.folder);
        command
    }

    /// The binary with no more rights than files' modes give it, also where root runs the tests.
    pub(crate) fn powerless(&self) -> Command {
        if fs::metadata("/proc/self").unwrap().uid() != 0 {
            return self.binary();
        }
        let mut command = self.command("setpriv");
        command.args(["--bounding-set", "-all", "--inh-caps", "-all", env!("CARGO_BIN_EXE_coffer")]);
        command
    }

    /// The binary as the account's root, asking this server.
    pub(crate) fn coffer(&self, arguments: &[&str]) -> Ran {
        let mut command = self.binary();
        command.args(arguments).env("COFFER_ENDPOINT", format!("http://{}", self.address()));
        command.env("ALIBABA_CLOUD_ACCESS_KEY_ID", ID).env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET);
        command.output().unwrap().into()
    }

    /// The same, which must succeed; what it printed.
    pub(crate) fn does(&self, arguments: &[&str]) -> String {
        let ran = self.coffer(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {}{}", ran.out, ran.err);
        ran.out
    }

    /// The same for scripts.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.does(&[arguments, &["--output", "json"]].concat())).unwrap()
    }

    /// What no verb does, as that caller; it must succeed.
    pub(crate) fn call(&self, caller: (&str, &str), version: &str, action: &str, parameters: &[(&str, &str)]) -> Value {
        let endpoint = Endpoint { address: self.address().to_owned(), tls: None };
        let secret = Secret::new(caller.1.to_owned());
        let caller = Caller { access_key_id: caller.0.to_owned(), secret, security_token: None };
        let answer = Client::new(endpoint, caller, now).call(version, action, parameters).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }

    /// Gives ECS the right to use the account's keys.
    pub(crate) fn let_ecs_use_keys(&self) {
        let role = ("RoleName", "AliyunECSDiskEncryptDefaultRole");
        let trust = r#"{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":["ecs.aliyuncs.com"]}}]}"#;
        self.call((ID, SECRET), RAM, "CreateRole", &[role, ("AssumeRolePolicyDocument", trust)]);
        let policy = [role, ("PolicyType", "System"), ("PolicyName", "AliyunECSDiskEncryptRolePolicy")];
        self.call((ID, SECRET), RAM, "AttachPolicyToRole", &policy);
    }

    /// A new disk.
    pub(crate) fn disk(&self, options: &[&str]) -> String {
        self.does(&[&["disk", "create", "--size", "20"], options].concat()).trim().to_owned()
    }

    /// A program that others have made, as long as it runs.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(find(program));
        command.env_clear().env("PATH", PATH).env("HOME", &self.folder).current_dir(&self.folder);
        command
    }

    /// The same, to its end, which must be a success; what it said.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.command(program).args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {said}");
        said
    }

    /// One command of qemu-io on a device.
    pub(crate) fn qemu_io(&self, uri: &str, command: &str) -> String {
        let said = self.run("qemu-io", &["-f", "raw", "-c", command, uri]);
        assert!(!said.contains("failed"), "{said}");
        said
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("{}", fs::read_to_string(self.folder.join("log")).unwrap());
        }
        fs::remove_dir_all(&self.folder).unwrap();
    }
}

/// Where a program is.
fn find(program: &str) -> PathBuf {
    let mut places = PATH.split(':').map(|directory| Path::new(directory).join(program));
    let missing = "is not installed: see the packages at the top of tests/cli/main.rs";
    places.find(|path| path.is_file()).unwrap_or_else(|| panic!("{program} {missing}"))
}
