//! Disks that were attached, and the instances they are attached to, put into the store as they are.

use coffer_cloud::Product;
use coffer_cloud::ecs::share;
use coffer_store::Record as _;
use coffer_store::disks::{self, Attachment, Disk};
use coffer_store::instances::Instance;
use coffer_store::snapshots::Snapshot;
use serde_json::{Value, json};

use super::{Key, REGION, World, ZONE, other, text};

impl World {
    /// A running instance with nothing attached, made from that image.
    pub(crate) fn put_instance(&self, instance_id: &str, image_id: &str) {
        let mut instance = self.instance_row("Running");
        instance_id.clone_into(&mut instance.instance_id);
        image_id.clone_into(&mut instance.image_id);
        self.store(move |tx| instance.insert(tx));
    }

    /// Changes an instance's status.
    pub(crate) fn instance_is(&self, instance_id: &str, status: &'static str) {
        let instance_id = instance_id.to_owned();
        self.store(move |tx| {
            let instance = Instance::get(tx, &instance_id)?.unwrap();
            Instance { status: status.to_owned(), ..instance }.update(tx)
        });
    }

    /// A new disk of 20 GiB with these parameters besides; its id.
    pub(crate) fn disk(&self, parameters: &[(&str, &str)]) -> String {
        let mut all = vec![("RegionId", REGION), ("ZoneId", ZONE), ("DiskCategory", "cloud_essd"), ("Size", "20")];
        for parameter in parameters {
            all.retain(|(name, _)| *name != parameter.0);
            all.push(*parameter);
        }
        text(&self.ecs("CreateDisk", &all), "DiskId")
    }

    /// A new disk that was attached once, and is not any more; its id.
    pub(crate) fn used_disk(&self, parameters: &[(&str, &str)]) -> String {
        let disk_id = self.disk(parameters);
        let at = self.clock.now();
        self.change_disk(&disk_id, move |disk| disk.attached_at = Some(at));
        disk_id
    }

    /// Changes a disk's row.
    pub(crate) fn change_disk(&self, disk_id: &str, change: impl FnOnce(&mut Disk) + Send + 'static) {
        let disk_id = disk_id.to_owned();
        self.store(move |tx| {
            let mut disk = Disk::get(tx, &disk_id)?.unwrap();
            change(&mut disk);
            disk.update(tx)
        });
    }

    /// Attaches a disk; at `/dev/xvda` it becomes a system disk.
    pub(crate) fn attach(&self, disk_id: &str, instance_id: &str, device: &'static str) {
        let at = self.clock.now();
        self.change_disk(disk_id, move |disk| {
            "In_use".clone_into(&mut disk.status);
            disk.attached_at = Some(at);
            if device == "/dev/xvda" {
                "system".clone_into(&mut disk.disk_type);
            }
        });
        let attachment = Attachment {
            disk_id: disk_id.to_owned(),
            instance_id: instance_id.to_owned(),
            device: device.to_owned(),
            attached_at: at,
        };
        self.store(move |tx| disks::attach(tx, &attachment));
    }

    /// Begins a snapshot of a disk; its id.
    pub(crate) fn snapshot(&self, disk_id: &str, parameters: &[(&str, &str)]) -> String {
        let all: Vec<_> = [("DiskId", disk_id)].iter().chain(parameters).copied().collect();
        text(&self.ecs("CreateSnapshot", &all), "SnapshotId")
    }

    /// A complete snapshot of a disk; its id.
    pub(crate) fn done_snapshot(&self, disk_id: &str, parameters: &[(&str, &str)]) -> String {
        let snapshot_id = self.snapshot(disk_id, parameters);
        self.settle();
        snapshot_id
    }

    /// The snapshots that a listing in the world's region shows.
    pub(crate) fn snapshots(&self, parameters: &[(&str, &str)]) -> Vec<Value> {
        self.snapshots_in(REGION, parameters)
    }

    /// The snapshots that a listing in a region shows.
    pub(crate) fn snapshots_in(&self, region: &str, parameters: &[(&str, &str)]) -> Vec<Value> {
        let all: Vec<_> = [("RegionId", region)].iter().chain(parameters).copied().collect();
        self.ecs("DescribeSnapshots", &all)["Snapshots"]["Snapshot"].as_array().unwrap().clone()
    }

    /// A snapshot as DescribeSnapshots shows it; `Null` when it does not.
    pub(crate) fn snapshot_shown(&self, region: &str, snapshot_id: &str) -> Value {
        let ids = format!("[\"{snapshot_id}\"]");
        self.snapshots_in(region, &[("SnapshotIds", &ids)]).pop().unwrap_or(Value::Null)
    }

    /// A snapshot's row.
    pub(crate) fn snapshot_row(&self, snapshot_id: &str) -> Snapshot {
        self.db.read(|tx| Snapshot::get(tx, snapshot_id)).unwrap().unwrap()
    }

    /// A complete copy of a snapshot; its id.
    pub(crate) fn copied(&self, snapshot_id: &str, to: &str, more: &[(&str, &str)]) -> String {
        let copy = text(&self.ecs("CopySnapshot", &copy_of(snapshot_id, to, more)), "SnapshotId");
        self.settle();
        copy
    }

    /// A snapshot of the other account's, encrypted with a key of its own and shared with the first account, which the share role
    /// lets read it; snapshot and key.
    pub(crate) fn shared_snapshot(&self) -> (String, String) {
        let neighbour = other();
        let call = |product, action, parameters: &[_]| self.succeed(&neighbour, product, action, parameters);
        self.let_ecs_use_keys(&neighbour);
        self.let_ecs_share(&neighbour, self.account.as_str());
        let key_id = text(&call(Product::Kms, "CreateKey", &[])["KeyMetadata"], "KeyId");
        let place = [("RegionId", REGION), ("ZoneId", ZONE), ("DiskCategory", "cloud_essd"), ("Size", "20")];
        let asked = [&place[..], &[("Encrypted", "true"), ("KMSKeyId", &key_id)]].concat();
        let disk_id = text(&call(Product::Ecs, "CreateDisk", &asked), "DiskId");
        let at = self.clock.now();
        self.change_disk(&disk_id, move |disk| disk.attached_at = Some(at));
        let snapshot_id = text(&call(Product::Ecs, "CreateSnapshot", &[("DiskId", &disk_id)]), "SnapshotId");
        self.settle();
        share::snapshot(&self.db, &snapshot_id, &self.account).unwrap();
        (snapshot_id, key_id)
    }

    /// Gives the account whose access key is given the role through which ECS reads what it shares, for the account `with`.
    pub(crate) fn let_ecs_share(&self, account: &Key, with: &str) {
        let trust = json!({"Version": "1", "Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow",
            "Principal": {"Service": [format!("{with}@ecs.aliyuncs.com")]}}]})
        .to_string();
        let role = ("RoleName", "AliyunECSShareEncryptSnapshotDefaultRole");
        self.succeed(account, Product::Ram, "CreateRole", &[role, ("AssumeRolePolicyDocument", &trust)]);
        let policy = [("PolicyType", "System"), ("PolicyName", "AliyunECSDiskEncryptRolePolicy"), role];
        self.succeed(account, Product::Ram, "AttachPolicyToRole", &policy);
    }

    /// A customer's key in a region.
    pub(crate) fn key_in(&self, region: &str) -> String {
        text(&self.root(Product::Kms, "CreateKey", &[("RegionId", region)])["KeyMetadata"], "KeyId")
    }

    /// The service key of a region, where it has been made.
    pub(crate) fn service_key_in(&self, region: &str) -> String {
        let aliases = self.root(Product::Kms, "ListAliases", &[("RegionId", region)]);
        let aliases = aliases["Aliases"]["Alias"].as_array().unwrap().clone();
        text(aliases.iter().find(|alias| alias["AliasName"] == "alias/acs/ecs").unwrap(), "KeyId")
    }
}

/// A refusal as [`World::refused`] returns it.
pub(crate) fn refusal(status: u16, code: &str, message: &str) -> (u16, String, String) {
    (status, code.to_owned(), message.to_owned())
}

/// Another region than the world's.
pub(crate) const OTHER: &str = "cn-beijing";
/// A day.
pub(crate) const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The parameters of CopySnapshot from the world's region.
pub(crate) fn copy_of<'a>(snapshot_id: &'a str, to: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let given = [
        ("RegionId", REGION),
        ("SnapshotId", snapshot_id),
        ("DestinationRegionId", to),
        ("DestinationSnapshotName", "copy"),
        ("DestinationSnapshotDescription", "a copy"),
    ];
    given.iter().chain(more).copied().collect()
}
