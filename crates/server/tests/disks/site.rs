//! A server of disks, and what clients ask of it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use serde_json::Value;

use crate::client::{Answer, Client};
use crate::harness::{ECS, KMS, Server};
use crate::nbd::Nbd;

pub(crate) const COFFER: &str = "2026-01-01";
const RAM: &str = "2015-05-01";
pub(crate) const HERE: &str = "cn-hangzhou";
const ZONE: (&str, &str) = ("ZoneId", "cn-hangzhou-b");
pub(crate) const IMAGE: &str = "ubuntu_24_04_x64_20G_alibase_20250113.vhd";
const TRUST_ECS: &str = r#"{"Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":["ecs.aliyuncs.com"]}}],"Version":"1"}"#;
pub(crate) const REGION: (&str, &str) = ("RegionId", HERE);

/// How often something that is to come is looked for, and how long from one look to the next.
const LOOKS: u32 = 6000;
const LOOK: Duration = Duration::from_millis(10);

/// A server and its data directory, which goes with it unless the test failed.
pub(crate) struct Site {
    pub(crate) data: PathBuf,
    pub(crate) server: Option<Server>,
    pub(crate) client: Client,
    launcher: &'static str,
}

impl Site {
    pub(crate) fn new(name: &str) -> Self {
        Self::with(name, "", "exec")
    }

    /// With what stands in the configuration file, and the shell's words before the server's command.
    pub(crate) fn with(name: &str, configuration: &str, launcher: &'static str) -> Self {
        let data = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&data).unwrap();
        fs::write(beside(&data, "toml"), configuration).unwrap();
        let server = start(&data, launcher);
        let client = server.client();
        Self { data, server: Some(server), client, launcher }
    }

    /// Kills the server with that signal. It must not stop by itself.
    pub(crate) fn signal(&mut self, signal: &str) -> ExitStatus {
        let mut server = self.server.take().unwrap();
        let pid = server.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        server.child.wait().unwrap()
    }

    pub(crate) fn start(&mut self) {
        let server = start(&self.data, self.launcher);
        self.client = server.client();
        self.server = Some(server);
    }

    pub(crate) fn kill(&mut self) {
        self.server.take().unwrap().kill();
    }

    /// Where all its servers have logged.
    pub(crate) fn log_file(&self) -> PathBuf {
        beside(&self.data, "log")
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap()
    }

    pub(crate) fn call(&mut self, version: &str, action: &str, parameters: &[(&str, &str)]) -> Answer {
        self.client.call(version, action, parameters).unwrap()
    }

    /// Calls what must succeed.
    #[track_caller]
    pub(crate) fn must(&mut self, version: &str, action: &str, parameters: &[(&str, &str)]) -> Value {
        let answer = self.call(version, action, parameters);
        assert_eq!(answer.status, 200, "{action} {parameters:?}: {}", answer.body);
        answer.body
    }

    #[track_caller]
    pub(crate) fn ecs(&mut self, action: &str, parameters: &[(&str, &str)]) -> Value {
        self.must(ECS, action, parameters)
    }

    /// A customer's key that ECS may use.
    pub(crate) fn customer_key(&mut self) -> String {
        let role = ("RoleName", "AliyunECSDiskEncryptDefaultRole");
        self.must(RAM, "CreateRole", &[role, ("AssumeRolePolicyDocument", TRUST_ECS)]);
        let policy = [("PolicyType", "System"), ("PolicyName", "AliyunECSDiskEncryptRolePolicy"), role];
        self.must(RAM, "AttachPolicyToRole", &policy);
        self.new_key(HERE)
    }

    pub(crate) fn new_key(&mut self, region: &str) -> String {
        text(&self.must(KMS, "CreateKey", &[("RegionId", region)])["KeyMetadata"]["KeyId"])
    }

    pub(crate) fn key(&mut self, action: &str, key_id: &str) {
        self.must(KMS, action, &[("KeyId", key_id)]);
    }

    /// An instance that runs, of an image.
    pub(crate) fn instance_of(&mut self, image_id: &str, more: &[(&str, &str)]) -> String {
        let asked = [
            REGION,
            ZONE,
            ("SystemDisk.Category", "cloud_essd"),
            ("ImageId", image_id),
            ("InstanceType", "ecs.g7.large"),
        ];
        let made = self.ecs("RunInstances", &[&asked[..], more].concat());
        let instance_id = text(&made["InstanceIdSets"]["InstanceIdSet"][0]);
        let ids = format!("[\"{instance_id}\"]");
        self.until("the instance runs", |site| {
            let listed = site.ecs("DescribeInstances", &[REGION, ("InstanceIds", &ids)]);
            listed["Instances"]["Instance"][0]["Status"] == "Running"
        });
        instance_id
    }

    pub(crate) fn instance(&mut self) -> String {
        self.instance_of(IMAGE, &[])
    }

    /// An encrypted disk of the smallest size, or what else is said.
    pub(crate) fn disk(&mut self, more: &[(&str, &str)]) -> String {
        let mut asked = vec![REGION, ZONE, ("Size", "20"), ("DiskCategory", "cloud_essd"), ("Encrypted", "true")];
        for (name, value) in more {
            asked.retain(|(known, _)| known != name);
            asked.push((name, value));
        }
        text(&self.ecs("CreateDisk", &asked)["DiskId"])
    }

    pub(crate) fn attach(&mut self, disk_id: &str, instance_id: &str) {
        self.ecs("AttachDisk", &[("DiskId", disk_id), ("InstanceId", instance_id)]);
    }

    pub(crate) fn detach(&mut self, disk_id: &str, instance_id: &str) {
        self.ecs("DetachDisk", &[("DiskId", disk_id), ("InstanceId", instance_id)]);
    }

    pub(crate) fn export(&mut self, disk_id: &str) -> Value {
        self.must(COFFER, "DescribeDiskExport", &[("DiskId", disk_id)])
    }

    /// Connects to a disk as soon as it is open.
    pub(crate) fn connect(&mut self, disk_id: &str) -> Nbd {
        self.until("the disk is open", |site| site.export(disk_id)["Status"] == "Open");
        Nbd::connect(Path::new(&text(&self.export(disk_id)["Socket"]))).unwrap()
    }

    /// Makes a disk, attaches it, connects to it.
    pub(crate) fn attached(&mut self, instance_id: &str, more: &[(&str, &str)]) -> (String, Nbd) {
        let disk_id = self.disk(more);
        self.attach(&disk_id, instance_id);
        let nbd = self.connect(&disk_id);
        (disk_id, nbd)
    }

    /// The one of its id in a listing of a region.
    pub(crate) fn listed(&mut self, region: &str, action: &str, (name, id): (&str, &str), path: &str) -> Value {
        let ids = format!("[\"{id}\"]");
        let listing = self.ecs(action, &[("RegionId", region), (name, &ids)]);
        listing.pointer(path).cloned().unwrap_or(Value::Null)
    }

    pub(crate) fn described(&mut self, disk_id: &str) -> Value {
        self.listed(HERE, "DescribeDisks", ("DiskIds", disk_id), "/Disks/Disk/0")
    }

    pub(crate) fn snapshot(&mut self, region: &str, snapshot_id: &str) -> Value {
        self.listed(region, "DescribeSnapshots", ("SnapshotIds", snapshot_id), "/Snapshots/Snapshot/0")
    }

    pub(crate) fn begin_snapshot(&mut self, disk_id: &str) -> String {
        text(&self.ecs("CreateSnapshot", &[("DiskId", disk_id)])["SnapshotId"])
    }

    pub(crate) fn until_accomplished(&mut self, region: &str, snapshot_id: &str) {
        self.until("the snapshot is accomplished", |site| {
            let snapshot = site.snapshot(region, snapshot_id);
            assert!(!snapshot.is_null() && snapshot["Status"] != "failed", "{snapshot}");
            snapshot["Status"] == "accomplished"
        });
    }

    pub(crate) fn done_snapshot(&mut self, disk_id: &str) -> String {
        let snapshot_id = self.begin_snapshot(disk_id);
        self.until_accomplished(HERE, &snapshot_id);
        snapshot_id
    }

    /// Looks until it is so.
    #[track_caller]
    pub(crate) fn until(&mut self, what: &str, mut is_so: impl FnMut(&mut Self) -> bool) {
        for _ in 0..LOOKS {
            if is_so(self) {
                return;
            }
            std::thread::sleep(LOOK);
        }
        panic!("it never comes about that {what}; the log:\n{}", self.log());
    }

    /// The volumes there are, by name.
    pub(crate) fn volumes(&self) -> Vec<String> {
        let entries = fs::read_dir(self.data.join("volumes")).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// The objects of snapshots.
    pub(crate) fn objects(&self) -> Vec<PathBuf> {
        files(&self.data.join("objects"))
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.kill();
        }
        if !std::thread::panicking() {
            fs::remove_dir_all(&self.data).unwrap();
            for extension in ["toml", "log"] {
                fs::remove_file(beside(&self.data, extension)).unwrap();
            }
        }
    }
}

/// By a shell that would let it leave a core dump.
fn start(data: &Path, launcher: &str) -> Server {
    let log = File::options().create(true).append(true).open(beside(data, "log")).unwrap();
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!(r#"ulimit -c "$(ulimit -H -c)" && {launcher} "$0" "$@""#), env!("CARGO_BIN_EXE_coffer")])
        .env("COFFER_CONFIG", beside(data, "toml"))
        .current_dir(data)
        .stderr(log);
    Server::launch(command, data)
}

fn beside(data: &Path, extension: &str) -> PathBuf {
    data.with_extension(extension)
}

/// All files below a directory.
pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let entries = match fs::read_dir(directory) {
        // The server, which runs, removed it since it was listed.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return found,
        entries => entries.unwrap(),
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
