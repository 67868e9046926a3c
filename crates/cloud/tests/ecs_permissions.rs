//! What a policy must allow besides the action: every resource that an operation reads or changes, and disks being encrypted or not.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use serde_json::{Value, json};
use support::compute::copy_of;
use support::instances::{ESSD, HERE, IMAGE, Parameters, asking, own_image, stopped};
use support::{Key, REGION, World, ZONE};

const PLACE: [(&str, &str); 4] = [HERE, ("ZoneId", ZONE), ("DiskCategory", "cloud_essd"), ("Size", "20")];

/// A user who may do everything but what these statements deny.
fn but(world: &World, name: &str, denied: Value) -> Key {
    let mut statements = vec![json!({"Effect": "Allow", "Action": "*", "Resource": "*"})];
    statements.extend(denied.as_array().unwrap().iter().cloned());
    world.user(name, Some(&json!({"Version": "1", "Statement": statements}).to_string()))
}

#[test]
fn each_resource_of_an_operation_must_be_allowed() {
    let world = World::new();
    let disk = world.used_disk(&[]);
    let snapshot = world.done_snapshot(&disk, &[]);
    let (image, instance) = (own_image(&world, &[]), stopped(&world, &[ESSD]));
    let attached = world.disk(&[]);
    world.ecs("AttachDisk", &[("InstanceId", &instance), ("DiskId", &attached)]);
    let on = |kind: &str, id: &str| format!("acs:ecs:{REGION}:{}:{kind}/{id}", world.account);
    let [disk_arn, attached_arn] = [&disk, &attached].map(|id| on("disk", id));
    let [snapshot_arn, instance_arn] = [on("snapshot", &snapshot), on("instance", &instance)];
    let [image_arn, public_arn] = [&*image, IMAGE].map(|id| on("image", id));
    let elsewhere = format!("acs:ecs:cn-beijing:{}:snapshot/*", world.account);
    let both = [("InstanceId", &*instance), ("DiskId", &*disk)];
    let of_attached = [("InstanceId", &*instance), ("DiskId", &*attached)];
    let reset = [("DiskId", &*disk), ("SnapshotId", &*snapshot)];
    let from = [&PLACE[..], &[("SnapshotId", &*snapshot)]].concat();
    let data = asking(&[("DataDisk.1.SnapshotId", &snapshot)]);
    let mapping = vec![HERE, ("DiskDeviceMapping.1.SnapshotId", &snapshot), ("DiskDeviceMapping.1.DiskType", "system")];
    let mut by_family = asking(&[("ImageFamily", "acs:ubuntu_24_04_x64")]);
    by_family.retain(|(name, _)| *name != "ImageId");
    let replaced = vec![("InstanceId", &*instance), ("ImageId", &image)];
    let pairs = vec![HERE, ("Disk.1.DiskId", &disk), ("Disk.1.SnapshotId", &snapshot)];
    let cases: Vec<(&str, Parameters<'_>, Vec<&str>)> = vec![
        ("CreateDisk", from, vec![&snapshot_arn]),
        ("AttachDisk", both.to_vec(), vec![&disk_arn, &instance_arn]),
        ("DetachDisk", of_attached.to_vec(), vec![&attached_arn, &instance_arn]),
        ("ResetDisk", reset.to_vec(), vec![&disk_arn, &snapshot_arn]),
        ("ResetDisks", pairs, vec![&disk_arn, &snapshot_arn]),
        ("CreateSnapshot", vec![both[1]], vec![&disk_arn]),
        ("CopySnapshot", copy_of(&snapshot, "cn-beijing", &[]), vec![&snapshot_arn, &elsewhere]),
        ("RunInstances", asking(&[("ImageId", &image)]), vec![&image_arn]),
        ("RunInstances", by_family, vec![&public_arn]),
        ("RunInstances", data.clone(), vec![&snapshot_arn, &public_arn]),
        ("CreateInstance", data, vec![&snapshot_arn, &public_arn]),
        ("ReplaceSystemDisk", replaced, vec![&instance_arn, &image_arn]),
        ("CreateImage", vec![HERE, both[0]], vec![&instance_arn]),
        ("CreateImage", mapping, vec![&snapshot_arn]),
        ("CopyImage", vec![HERE, ("ImageId", &image)], vec![&image_arn]),
        ("CreateSnapshotGroup", vec![HERE, both[0], ("DiskId.1", &attached)], vec![&instance_arn, &attached_arn]),
    ];
    let (mut users, mut tried) = (0, 0);
    for (action, parameters, arns) in cases {
        for arn in arns {
            users += 1;
            let name = format!("user-{users}");
            let user = but(&world, &name, json!([{"Effect": "Deny", "Action": "ecs:*", "Resource": arn}]));
            let before = world.state();
            let (status, body) = world.call(&user, Product::Ecs, action, &parameters);
            assert_eq!((status, &body["Code"]), (403, &json!("Forbidden.RAM")), "{action} {arn}: {body}");
            assert!(world.state() == before, "{action} {arn}");
            tried += 1;
        }
    }
    assert_eq!(tried, 25);
}

/// Nobody makes disks that are not encrypted ("Prevent RAM users from creating unencrypted disks").
fn no_plain_disks() -> Value {
    let deny = |actions: Value, key: &str| json!({"Effect": "Deny", "Action": actions, "Resource": "*", "Condition": {"StringLike": {key: "*false*"}}});
    let machines = json!(["ecs:RunInstances", "ecs:CreateInstance"]);
    json!([
        deny(machines.clone(), "ecs:IsDiskEncrypted"),
        deny(machines, "ecs:IsSystemDiskEncrypted"),
        deny(json!("ecs:CreateDisk"), "ecs:IsDiskEncrypted"),
    ])
}

#[test]
fn a_policy_can_deny_disks_that_are_not_encrypted() {
    let world = World::new();
    let user = but(&world, "careful", no_plain_disks());
    let call = |action: &str, parameters: &[(&str, &str)]| {
        let (status, body) = world.call(&user, Product::Ecs, action, parameters);
        (status, body["Code"].as_str().unwrap_or_default().to_owned())
    };
    let (allowed, denied) = ((200, String::new()), (403, "Forbidden.RAM".to_owned()));
    let yes = ("Encrypted", "true");
    let encrypted = world.done_snapshot(&world.used_disk(&[yes]), &[]);
    let plain = world.done_snapshot(&world.used_disk(&[]), &[]);
    let (of_encrypted, of_plain) = (("SnapshotId", &*encrypted), ("SnapshotId", &*plain));
    let disk = |more: &[(&str, &str)]| call("CreateDisk", &[&PLACE[..], more].concat());
    assert_eq!(disk(&[]), denied);
    assert_eq!(disk(&[("Encrypted", "false")]), denied);
    assert_eq!(disk(&[of_plain]), denied);
    assert_eq!(disk(&[yes]), allowed);
    assert_eq!(disk(&[of_plain, yes]), allowed);
    assert_eq!(disk(&[of_encrypted]), allowed);
    let image = own_image(&world, &[("SystemDisk.Encrypted", "true")]);
    let system = ("SystemDisk.Encrypted", "true");
    let data = |value: &'static str| {
        [("DataDisk.1.Category", "cloud_essd"), ("DataDisk.1.Size", "20"), ("DataDisk.1.Encrypted", value)]
    };
    let machine = |more: &[(&str, &str)]| call("RunInstances", &asking(&[&[ESSD], more].concat()));
    assert_eq!(machine(&[]), denied);
    assert_eq!(machine(&[system]), allowed);
    assert_eq!(machine(&[&[system], &data("false")[..]].concat()), denied);
    assert_eq!(machine(&[&[system], &data("true")[..]].concat()), allowed);
    // One plain disk among others is enough.
    let second = [("DataDisk.2.Category", "cloud_essd"), ("DataDisk.2.Size", "20")];
    assert_eq!(machine(&[&[system], &data("true")[..], &second].concat()), denied);
    assert_eq!(machine(&[("ImageId", &image)]), allowed, "what an image makes encrypted is");
    assert_eq!(call("CreateInstance", &asking(&[ESSD])), denied);
    // The default counts: what it encrypts is encrypted.
    world.ecs("EnableDiskEncryptionByDefault", &[HERE]);
    assert_eq!(disk(&[]), allowed);
    assert_eq!(machine(&second), allowed);
    assert_eq!(call("CreateInstance", &asking(&[ESSD])), allowed);
    assert_eq!(disk(&[("Encrypted", "false")]), denied);
}

#[test]
fn a_policy_can_ask_for_keys_of_the_customers_own() {
    let world = World::new();
    world.disk_encryption_role();
    let key = world.customer_key();
    let allowed = |action: &str, condition: &str| json!({"Effect": "Allow", "Action": action, "Resource": "*", "Condition": {"StringEquals": {condition: "true"}}});
    let policy = json!({"Version": "1", "Statement": [
        allowed("ecs:CreateDisk", "ecs:IsDiskByokEncrypted"),
        allowed("ecs:RunInstances", "ecs:IsSystemDiskByokEncrypted"),
    ]});
    let user = world.user("byok", Some(&policy.to_string()));
    let status = |action: &str, parameters: &[(&str, &str)]| world.call(&user, Product::Ecs, action, parameters).0;
    let disk = |more: &[(&str, &str)]| status("CreateDisk", &with(more));
    assert_eq!(disk(&[]), 403);
    assert_eq!(disk(&[("Encrypted", "true")]), 403, "the service key is not the customer's");
    assert_eq!(disk(&[("Encrypted", "true"), ("KMSKeyId", &key)]), 200);
    let system = [ESSD, ("SystemDisk.Encrypted", "true")];
    assert_eq!(status("RunInstances", &asking(&system)), 403);
    let own = [&system[..], &[("SystemDisk.KMSKeyId", &*key)]].concat();
    assert_eq!(status("RunInstances", &asking(&own)), 200);
    world.ecs("EnableDiskEncryptionByDefault", &[HERE]);
    assert_eq!(disk(&[]), 403);
    world.ecs("ModifyDiskDefaultKMSKeyId", &[HERE, ("KMSKeyId", &key)]);
    assert_eq!(disk(&[]), 200);
    let service = world.service_key_in(REGION);
    assert_eq!(disk(&[("Encrypted", "true"), ("KMSKeyId", &service)]), 403);
}

fn with<'a>(more: &[(&'a str, &'a str)]) -> Parameters<'a> {
    [&PLACE[..], more].concat()
}
