//! What each operation does when the key of a disk can't be used: disabled, waiting for its deletion, deleted, out of ECS's reach
//! because the role or the tag is missing, or because KMS is closed. What is refused leaves nothing behind, and works once the
//! cause is mended; what needs no key always works.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_base::Timestamp;
use coffer_cloud::bootstrap::{self, KmsService};
use coffer_cloud::{Product, audit as chain};
use coffer_store::audit::{self, Recorded};
use coffer_store::{proofs, tags};
use serde_json::{Value, json};
use support::compute::{DAY_MS, copy_of, refusal};
use support::disks::shown;
use support::instances::{ESSD, HERE, IMAGE, asking, disks_of, run, running};
use support::{NOW_MS, REGION, World, ZONE, root, text};

/// Why a key can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Disabled,
    PendingDeletion,
    Deleted,
    RoleMissing,
    TagMissing,
    KmsClosed,
}

use Fault::{Deleted, Disabled, KmsClosed, PendingDeletion, RoleMissing, TagMissing};

const FAULTS: [Fault; 6] = [Disabled, PendingDeletion, Deleted, RoleMissing, TagMissing, KmsClosed];

const ROLE: (&str, &str) = ("RoleName", "AliyunECSDiskEncryptDefaultRole");
const POLICY: [(&str, &str); 2] = [("PolicyType", "System"), ("PolicyName", "AliyunECSDiskEncryptRolePolicy")];
/// What the system policy allows, but for tagging.
const USE_ONLY: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Resource":"*",
    "Action":["kms:DescribeKey","kms:GenerateDataKey","kms:Decrypt"]}]}"#;
const TAG: &str = "acs:ecs:disk-encryption";

/// A world with everything that the operations are tried on, all of it under one key of the customer's.
struct Scene {
    world: World,
    key: String,
    /// Another key, which always can be used.
    sound: String,
    /// Attached to nothing.
    free: String,
    /// With a system disk and [`Scene::data`]; stopped, but started before.
    stopped: String,
    data: String,
    running: String,
    /// Of [`Scene::data`].
    snapshot: String,
    image: String,
}

impl Scene {
    fn new() -> Self {
        let world = World::new();
        world.disk_encryption_role();
        let (key, sound) = (world.customer_key(), world.customer_key());
        let encrypted = [("Encrypted", "true"), ("KMSKeyId", &*key)];
        let free = world.used_disk(&[&encrypted[..], &[("Size", "40")]].concat());
        let system = [ESSD, ("SystemDisk.Encrypted", "true"), ("SystemDisk.KMSKeyId", &key)];
        let ids = run(&world, &[&system[..], &[("Amount", "2")]].concat());
        let [running, stopped] = [0, 1].map(|place: usize| ids[place].clone());
        let data = world.disk(&encrypted);
        world.settle();
        world.ecs("AttachDisk", &[("InstanceId", &stopped), ("DiskId", &data)]);
        let snapshot = world.done_snapshot(&data, &[]);
        let image = text(&world.ecs("CreateImage", &[HERE, ("InstanceId", &running)]), "ImageId");
        world.ecs("StopInstance", &[("InstanceId", &stopped)]);
        world.settle();
        Self { world, key, sound, free, stopped, data, running, snapshot, image }
    }

    fn kms(&self, action: &str, more: &[(&str, &str)]) {
        self.world.root(Product::Kms, action, &[&[("KeyId", &*self.key)], more].concat());
    }

    fn ram(&self, action: &str, parameters: &[(&str, &str)]) {
        self.world.root(Product::Ram, action, parameters);
    }

    fn kms_is(&self, service: KmsService) {
        bootstrap::set_kms_service(&self.world.db, &self.world.account, service).unwrap();
    }

    fn bears_tag(&self) -> bool {
        let tags = self.world.db.read(|tx| tags::of(tx, &self.key)).unwrap();
        tags.iter().any(|tag| tag.key == TAG && tag.value == "true")
    }

    fn break_it(&self, fault: Fault) {
        match fault {
            Disabled => self.kms("DisableKey", &[]),
            PendingDeletion => self.kms("ScheduleKeyDeletion", &[("PendingWindowInDays", "7")]),
            Deleted => {
                self.kms("ScheduleKeyDeletion", &[("PendingWindowInDays", "7")]);
                self.world.advance(8 * DAY_MS);
            }
            RoleMissing => {
                self.ram("DetachPolicyFromRole", &[POLICY[0], POLICY[1], ROLE]);
                self.ram("DeleteRole", &[ROLE]);
            }
            TagMissing => {
                let key = self.key.clone();
                self.world.store(move |tx| tags::remove(tx, &key, TAG));
                self.ram("CreatePolicy", &[("PolicyName", "use-only"), ("PolicyDocument", USE_ONLY)]);
                self.ram("AttachPolicyToRole", &[("PolicyType", "Custom"), ("PolicyName", "use-only"), ROLE]);
                self.ram("DetachPolicyFromRole", &[POLICY[0], POLICY[1], ROLE]);
            }
            KmsClosed => self.kms_is(KmsService::Suspended),
        }
    }

    /// What is deleted can't be mended.
    fn mend(&self, fault: Fault) {
        match fault {
            Disabled => self.kms("EnableKey", &[]),
            PendingDeletion => {
                self.kms("CancelKeyDeletion", &[]);
                self.kms("EnableKey", &[]);
            }
            Deleted => unreachable!(),
            RoleMissing => self.world.disk_encryption_role(),
            TagMissing => self.ram("AttachPolicyToRole", &[POLICY[0], POLICY[1], ROLE]),
            KmsClosed => self.kms_is(KmsService::Open),
        }
    }

    /// The parameters of a request that needs everything there is to need.
    fn asked(&self, action: &str) -> Vec<(&str, &str)> {
        let on_disk = ("DiskId", &*self.free);
        let encrypted = [("Encrypted", "true"), ("KMSKeyId", &*self.key)];
        let stopped = ("InstanceId", &*self.stopped);
        let zone = [HERE, ("ZoneId", ZONE), ("DiskCategory", "cloud_essd"), ("Size", "20")];
        match action {
            "CreateDisk" => [&zone[..], &encrypted].concat(),
            "CreateDisk from" => {
                let sound = [("Encrypted", "true"), ("KMSKeyId", &*self.sound), ("SnapshotId", &self.snapshot)];
                [&zone[..], &sound].concat()
            }
            "RunInstances" => {
                asking(&[ESSD, ("SystemDisk.Encrypted", "true"), ("SystemDisk.KMSKeyId", &self.key), ("Amount", "2")])
            }
            "AttachDisk" => vec![on_disk, ("InstanceId", &self.running)],
            "DetachDisk" => vec![("DiskId", &self.data), stopped],
            "ResizeDisk" => vec![on_disk, ("NewSize", "60")],
            "ReInitDisk" => vec![("DiskId", &self.data)],
            "ResetDisk" => vec![("DiskId", &self.data), ("SnapshotId", &self.snapshot)],
            "CreateSnapshot" | "DeleteDisk" => vec![on_disk],
            "CopySnapshot" => copy_of(&self.snapshot, REGION, &encrypted),
            "CopySnapshot under" => {
                copy_of(&self.snapshot, REGION, &[("Encrypted", "true"), ("KMSKeyId", &self.sound)])
            }
            "CopyImage" => [&[HERE, ("ImageId", &*self.image)], &encrypted[..]].concat(),
            "CreateImage" => vec![HERE, ("InstanceId", &self.running)],
            "ModifyDiskSpec" => vec![on_disk, ("DiskCategory", "cloud_auto")],
            "StartInstance" | "DeleteInstance" => vec![stopped],
            "StopInstance" => vec![("InstanceId", &self.running)],
            "ReplaceSystemDisk" => [&[stopped, ("ImageId", IMAGE)], &encrypted[..]].concat(),
            "ReplaceSystemDisk of" => vec![stopped, ("ImageId", IMAGE)],
            "DeleteSnapshot" => vec![("SnapshotId", &self.snapshot)],
            "DeleteImage" => vec![HERE, ("ImageId", &self.image)],
            other => unreachable!("{other}"),
        }
    }

    /// Calls it; a word after the action says which of its cases.
    fn call(&self, case: &str) -> (u16, String, String) {
        let action = case.split(' ').next().unwrap();
        let (status, body) = self.world.call(&root(), Product::Ecs, action, &self.asked(case));
        let member = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        (status, member("Code"), member("Message"))
    }
}

type Refusal = (u16, &'static str, &'static str);

const OLD: &str = "The CMK needs to be enabled.";
const NEW: &str = "The CMK (Customer Master Key) must be in an active state.";
const OLD_TAG: &str = "The CMK needs to be added ECS tag.";
const NEW_TAG: &str = "The CMK(Customer Master Key) lacks authorization to add tags to the ECS service.";
const NO_KEY: &str = "The specified KMSKeyId does not exist.";
const NO_RIGHT: Refusal =
    (403, "InvalidParameter.KMSKeyId.KMSUnauthorized", "ECS service have no right to access your KMS.");
const NOT_ACTIVATED: Refusal =
    (400, "InvalidParameter.KmsNotEnabled", "Failed to perform this operation because KMS is not activated.");
const COPY_NEEDS: &str = "The specified operation need enable KMS.";

const fn disabled(text: &'static str) -> Refusal {
    (403, "InvalidParameter.KMSKeyId.CMKNotEnabled", text)
}

const fn untagged(text: &'static str) -> Refusal {
    (403, "InvalidParameter.KMSKeyId.CMKUnauthorized", text)
}

const fn gone(status: u16) -> Refusal {
    (status, "InvalidParameter.KMSKeyId.NotFound", NO_KEY)
}

const ATTACH_GONE: Refusal = (404, "InvalidKMSKeyId.NotFound", "The KMS key used by the disk does not exist.");
const SPEC_DISABLED: Refusal = (403, "InvalidOperation.CMKNotEnabled", NEW);
const SPEC_UNTAGGED: Refusal = (403, "InvalidOperation.CMKUnauthorized", NEW_TAG);

/// A row of the table: the refusals of a key that is disabled or waits for its deletion, that is deleted, without the role, without
/// the tag, and with KMS closed.
type Row = (&'static str, [Refusal; 5]);

const NEED_THE_KEY: [Row; 15] = [
    ("CreateDisk", [disabled(NEW), gone(404), NO_RIGHT, untagged(NEW_TAG), NOT_ACTIVATED]),
    ("CreateDisk from", [disabled(NEW), gone(404), NO_RIGHT, untagged(NEW_TAG), NOT_ACTIVATED]),
    ("RunInstances", [disabled(NEW), gone(404), NO_RIGHT, untagged(NEW_TAG), NOT_ACTIVATED]),
    ("ReplaceSystemDisk", [disabled(NEW), gone(404), NO_RIGHT, untagged(NEW_TAG), NOT_ACTIVATED]),
    ("AttachDisk", [disabled(OLD), ATTACH_GONE, NO_RIGHT, untagged(OLD_TAG), NO_RIGHT]),
    ("ResizeDisk", [disabled(OLD), ATTACH_GONE, NO_RIGHT, untagged(OLD_TAG), NO_RIGHT]),
    ("ReInitDisk", [disabled(OLD), ATTACH_GONE, NO_RIGHT, untagged(OLD_TAG), NO_RIGHT]),
    ("CreateImage", [disabled(OLD), ATTACH_GONE, NO_RIGHT, untagged(OLD_TAG), NO_RIGHT]),
    ("ResetDisk", [disabled(OLD), gone(404), NO_RIGHT, untagged(OLD_TAG), NO_RIGHT]),
    ("CreateSnapshot", [disabled(OLD), gone(400), NO_RIGHT, untagged("ECS tags must be added to the CMK."), NO_RIGHT]),
    ("CopySnapshot", COPY_SNAPSHOT),
    ("CopySnapshot under", COPY_SNAPSHOT),
    (
        "CopyImage",
        [disabled(NEW), gone(404), NO_RIGHT, untagged(NEW_TAG), (400, "InvalidParameter.KmsNotEnabled", COPY_NEEDS)],
    ),
    ("ModifyDiskSpec", [SPEC_DISABLED, SPEC_DISABLED, SPEC_UNTAGGED, SPEC_UNTAGGED, SPEC_UNTAGGED]),
    ("StartInstance", [disabled(OLD), gone(403), NO_RIGHT, untagged(OLD_TAG), NO_RIGHT]),
];

const COPY_SNAPSHOT: [Refusal; 5] =
    [disabled(NEW), gone(403), NO_RIGHT, untagged(NEW_TAG), (403, "InvalidParameter.KmsNotEnabled", COPY_NEEDS)];

const NEED_NO_KEY: [&str; 7] = [
    "DetachDisk",
    "StopInstance",
    "ReplaceSystemDisk of",
    "DeleteDisk",
    "DeleteSnapshot",
    "DeleteImage",
    "DeleteInstance",
];

const fn expected(row: &Row, fault: Fault) -> Refusal {
    let place = match fault {
        Disabled | PendingDeletion => 0,
        Deleted => 1,
        RoleMissing => 2,
        TagMissing => 3,
        KmsClosed => 4,
    };
    row.1[place]
}

#[test]
fn what_needs_the_key_is_refused_leaves_nothing_behind_and_works_once_the_key_does() {
    for row in &NEED_THE_KEY {
        for fault in FAULTS {
            let (scene, case) = (Scene::new(), row.0);
            scene.break_it(fault);
            let before = scene.world.state();
            let (status, code, message) = expected(row, fault);
            assert_eq!(scene.call(case), refusal(status, code, message), "{case} {fault:?}");
            assert!(scene.world.state() == before, "{case} {fault:?} leaves something behind");
            if fault != Deleted {
                scene.mend(fault);
                assert_eq!(scene.call(case).0, 200, "{case} after {fault:?}");
                assert!(scene.bears_tag(), "{case} after {fault:?}");
            }
        }
    }
}

#[test]
fn what_needs_no_key_works_whatever_happened_to_the_key() {
    for case in NEED_NO_KEY {
        for fault in FAULTS {
            let scene = Scene::new();
            scene.break_it(fault);
            assert_eq!(scene.call(case), (200, String::new(), String::new()), "{case} {fault:?}");
        }
    }
}

#[test]
fn using_a_key_tags_it_and_a_tag_that_is_there_needs_no_permission_to_tag() {
    let scene = Scene::new();
    assert!(scene.bears_tag());
    let of_unused = scene.world.db.read(|tx| tags::of(tx, &scene.sound)).unwrap();
    assert!(of_unused.is_empty());
    scene.break_it(TagMissing);
    // The tag comes back while the role may tag, and stays good when it no longer may.
    scene.mend(TagMissing);
    assert_eq!(scene.call("CreateSnapshot").0, 200);
    assert!(scene.bears_tag());
    scene.ram("DetachPolicyFromRole", &[POLICY[0], POLICY[1], ROLE]);
    assert_eq!(scene.call("StartInstance").0, 200);
}

#[test]
fn one_disk_whose_key_fails_keeps_an_instance_of_several_keys_from_starting() {
    let scene = Scene::new();
    let world = &scene.world;
    let other = world.disk(&[("Encrypted", "true"), ("KMSKeyId", &scene.sound)]);
    world.ecs("AttachDisk", &[("InstanceId", &scene.stopped), ("DiskId", &other)]);
    assert_eq!(disks_of(world, &scene.stopped).len(), 3);
    world.root(Product::Kms, "DisableKey", &[("KeyId", &scene.sound)]);
    assert_eq!(scene.call("StartInstance"), refusal(403, "InvalidParameter.KMSKeyId.CMKNotEnabled", OLD));
    world.ecs("DetachDisk", &[("InstanceId", &scene.stopped), ("DiskId", &other)]);
    assert_eq!(scene.call("StartInstance").0, 200);
}

/// The last row of the audit of an action that succeeded.
fn recorded(world: &World, action: &str) -> Recorded {
    let rows = world.db.read(chain::verify).unwrap().expect("the chain is whole");
    let rows = world.db.read(|tx| audit::after(tx, 0, rows)).unwrap();
    rows.into_iter().rfind(|row| row.action == action && row.outcome == "OK").unwrap()
}

#[test]
fn what_a_deleted_key_encrypted_stays_listed_and_its_loss_is_on_record() {
    let scene = Scene::new();
    let (world, under) = (&scene.world, [HERE, ("KMSKeyId", &*scene.key)]);
    let hanging = || {
        let [disks, snapshots] = ["DescribeDisks", "DescribeSnapshots"].map(|action| world.ecs(action, &under));
        [&disks, &snapshots].map(|answer| answer["TotalCount"].as_i64().unwrap())
    };
    // The system disks of both instances, one attached besides and one free; the snapshot of one, and that of the image.
    assert_eq!(hanging(), [4, 2]);
    let counts = |disks: &str| json!({"keyId": scene.key, "disks": disks, "reencryptions": "0", "snapshots": "2", "images": "1", "secrets": "0", "defaults": "0"});
    let detail = |row: &Recorded| serde_json::from_str::<Value>(&row.detail).unwrap();
    scene.kms("ScheduleKeyDeletion", &[("PendingWindowInDays", "7")]);
    let mut scheduled = counts("4");
    let hangs = "4 disks (1 of running instances), 2 snapshots, 1 image";
    scheduled["warning"] = json!(format!("the key {} is in use: {hangs}", scene.key));
    assert_eq!(detail(&recorded(world, "kms:ScheduleKeyDeletion")), scheduled);
    let lost = text(&world.ecs("CreateDisk", &[&scene.asked("CreateDisk")[..4], &[]].concat()), "DiskId");
    world.ecs("DeleteDisk", &[("DiskId", &scene.free)]);
    world.advance(8 * DAY_MS);
    let row = recorded(world, "kms:DeleteKey");
    assert_eq!((&row.account, &*row.principal), (&world.account, "kms.aliyuncs.com"));
    let arn = format!("acs:kms:{REGION}:{}:key/{}", world.account, scene.key);
    assert_eq!((row.resources, row.at), (arn, world.clock.now()));
    assert_eq!(detail(&recorded(world, "kms:DeleteKey")), counts("3"));
    assert_eq!(hanging(), [3, 2]);
    let proof = world.db.read(proofs::last).unwrap().unwrap();
    let proof: Value = serde_json::from_str(&proof.proof).unwrap();
    assert_eq!((&proof["keyId"], &proof["unreadable"]), (&json!(scene.key), &json!(5)), "a data key of each");
    assert_eq!(proof["wrappedDataKeys"].as_array().unwrap().iter().filter(|key| key["kind"] == "snapshot").count(), 2);
    assert!(!shown(world, &lost)["Encrypted"].as_bool().unwrap(), "what is plain is not counted");
    let (status, body) = world.call(&root(), Product::Kms, "DescribeKey", &[("KeyId", &scene.key)]);
    assert_eq!((status, &body["Code"]), (404, &json!("Forbidden.KeyNotFound")));
    // It happens once.
    let rows = world.db.read(chain::verify).unwrap().unwrap();
    world.advance(DAY_MS);
    assert_eq!(world.db.read(chain::verify).unwrap().unwrap(), rows);
}

#[test]
fn a_deletion_that_was_cancelled_leaves_the_key_and_no_record_of_a_loss() {
    let scene = Scene::new();
    scene.kms("ScheduleKeyDeletion", &[("PendingWindowInDays", "7")]);
    scene.kms("CancelKeyDeletion", &[]);
    scene.kms("EnableKey", &[]);
    scene.world.advance(8 * DAY_MS);
    let rows = scene.world.db.read(|tx| audit::after(tx, 0, 1000)).unwrap();
    assert!(!rows.iter().any(|row| row.action == "kms:DeleteKey"));
    assert_eq!(scene.call("StartInstance").0, 200);
}

#[test]
fn what_is_deleted_because_its_time_has_come_is_on_record_too() {
    let world = World::new();
    let disk = world.used_disk(&[]);
    let snapshot = world.done_snapshot(&disk, &[("RetentionDays", "1")]);
    let at = Timestamp::from_unix_ms(NOW_MS + DAY_MS).to_iso8601();
    let instance = running(&world, &[("AutoReleaseTime", &at)]);
    world.advance(2 * DAY_MS);
    for (action, resource) in
        [("ecs:DeleteSnapshot", format!("snapshot/{snapshot}")), ("ecs:DeleteInstance", format!("instance/{instance}"))]
    {
        let row = recorded(&world, action);
        assert_eq!((&*row.principal, &*row.request_id), ("ecs.aliyuncs.com", ""));
        assert_eq!(row.resources, format!("acs:ecs:{REGION}:{}:{resource}", world.account));
    }
}

#[test]
fn one_of_several_that_fails_leaves_nothing_behind_either() {
    let scene = Scene::new();
    let world = &scene.world;
    let other = world.disk(&[("Encrypted", "true"), ("KMSKeyId", &scene.sound)]);
    world.ecs("AttachDisk", &[("InstanceId", &scene.stopped), ("DiskId", &other)]);
    world.root(Product::Kms, "DisableKey", &[("KeyId", &scene.sound)]);
    // The first key would be tagged again before the other one fails.
    let key = scene.key.clone();
    world.store(move |tx| tags::remove(tx, &key, TAG));
    let before = world.state();
    let batch = [HERE, ("InstanceId.1", &*scene.stopped), ("BatchOptimization", "SuccessFirst")];
    let answer = world.ecs("StartInstances", &batch);
    let outcome = &answer["InstanceResponses"]["InstanceResponse"][0];
    assert_eq!(outcome["Code"], "InvalidParameter.KMSKeyId.CMKNotEnabled");
    assert!(world.state() == before);
    let row = recorded(world, "ecs:StartInstances");
    assert_eq!(row.detail, "{}", "no key was used");
}
