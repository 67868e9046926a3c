//! Instances made by RunInstances and CreateInstance: what they show, which disks they get, and that no disk escapes the account's
//! default.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use coffer_base::{Region, Rng as _, SeededRng};
use coffer_cloud::bootstrap::{self, KmsService};
use coffer_cloud::settings::ExplicitUnencrypted;
use coffer_cloud::{Product, Settings};
use coffer_store::Record as _;
use serde_json::Value;
use support::compute::refusal;
use support::instances::*;
use support::{REGION, World, ZONE, owned, root, text};

#[test]
fn an_instance_that_is_run_is_pending_and_then_running() {
    let world = World::new();
    let ids = run(&world, &[("Amount", "3"), ("InstanceName", "web"), ("ZoneId", ZONE)]);
    assert_eq!(ids.len(), 3);
    assert!(ids.iter().all(|id| id.starts_with("i-bp1") && id.len() == 22));
    assert!(ids.iter().all(|id| status(&world, id) == "Pending"));
    world.settle();
    for id in &ids {
        let shown = instance(&world, id);
        assert_eq!(shown["Status"], "Running");
        assert_eq!((&shown["InstanceName"], &shown["ZoneId"]), (&"web".into(), &ZONE.into()));
        assert_ne!(shown["StartTime"], "");
    }
}

#[test]
fn an_instance_that_is_created_is_pending_and_then_stopped() {
    let world = World::new();
    let id = text(&world.ecs("CreateInstance", &asking(&[])), "InstanceId");
    assert_eq!(status(&world, &id), "Pending");
    world.settle();
    assert_eq!(status(&world, &id), "Stopped");
}

#[test]
fn an_instance_shows_what_it_was_made_with_and_the_vendors_defaults_for_the_rest() {
    let world = World::new();
    let plain = instance(&world, &running(&world, &[]));
    let id = text(&plain, "InstanceId");
    let bare = id.trim_start_matches("i-");
    let expected: [(&str, Value); 19] = [
        ("InstanceName", id.clone().into()),
        ("HostName", format!("iZ{bare}Z").into()),
        ("Cpu", 2.into()),
        ("Memory", 8192.into()),
        ("InstanceTypeFamily", "ecs.g7".into()),
        ("InstanceChargeType", "PostPaid".into()),
        ("InstanceNetworkType", "vpc".into()),
        ("InternetChargeType", "PayByTraffic".into()),
        ("InternetMaxBandwidthIn", 10.into()),
        ("InternetMaxBandwidthOut", 0.into()),
        ("SpotStrategy", "NoSpot".into()),
        ("SpotPriceLimit", 0.0.into()),
        ("ExpiredTime", "2999-09-08T16:00Z".into()),
        ("AutoReleaseTime", "".into()),
        ("StoppedMode", "Not-applicable".into()),
        ("OSType", "linux".into()),
        ("DeletionProtection", false.into()),
        ("IoOptimized", true.into()),
        ("KeyPairName", "".into()),
    ];
    for (name, value) in expected {
        assert_eq!(plain[name], value, "{name}");
    }
    for (list, item) in [
        ("PublicIpAddress", "IpAddress"),
        ("InnerIpAddress", "IpAddress"),
        ("OperationLocks", "LockReason"),
        ("SecurityGroupIds", "SecurityGroupId"),
        ("Tags", "Tag"),
    ] {
        assert_eq!(plain[list][item], Value::Array(Vec::new()), "{list}");
    }
    let address = plain["VpcAttributes"]["PrivateIpAddress"]["IpAddress"][0].as_str().unwrap();
    assert!(address.starts_with("172."), "{address}");
}

#[test]
fn names_are_numbered_and_addresses_follow_one_another_where_that_is_asked_for() {
    let world = World::new();
    let named = [("InstanceName", "web"), ("HostName", "web"), ("UniqueSuffix", "true"), ("Amount", "2")];
    let address = [("VSwitchId", "vsw-bp1"), ("PrivateIpAddress", "10.1.2.3"), ("SecurityGroupId", "sg-bp1")];
    let ids = run(&world, &[&named[..], &address].concat());
    for (id, name, address) in [(&ids[0], "web001", "10.1.2.3"), (&ids[1], "web002", "10.1.2.4")] {
        let shown = instance(&world, id);
        assert_eq!((&shown["InstanceName"], &shown["HostName"]), (&name.into(), &name.into()));
        assert_eq!(shown["VpcAttributes"]["PrivateIpAddress"]["IpAddress"], Value::from(vec![address]));
        assert_eq!(shown["VpcAttributes"]["VSwitchId"], "vsw-bp1");
        assert_eq!(shown["SecurityGroupIds"]["SecurityGroupId"], Value::from(vec!["sg-bp1"]));
    }
    let hosts = run(&world, &[("Amount", "2"), ("HostNames.1", "a1"), ("HostNames.2", "b-${instance_id}")]);
    assert_eq!(instance(&world, &hosts[0])["HostName"], "a1");
    assert_eq!(instance(&world, &hosts[1])["HostName"], format!("b-{}", hosts[1]));
}

#[test]
fn an_instance_with_a_time_of_release_is_gone_by_then_with_its_disks() {
    let world = World::new();
    let id = running(&world, &[("AutoReleaseTime", "2026-05-28T23:00:00Z"), ("DeletionProtection", "true")]);
    let at = text(&instance(&world, &id), "AutoReleaseTime");
    assert_eq!(at, "2026-05-28T23:00Z");
    world.advance(24 * 60 * 60 * 1000);
    assert_eq!((instance(&world, &id), disks(&world, &[]).len()), (Value::Null, 0));
}

#[test]
fn an_image_of_another_architecture_does_not_run_on_a_type() {
    let world = World::new();
    let parameters = asking(&[("ImageId", ARM_IMAGE)]);
    is_refused(&world, "RunInstances", &parameters, 403, "ImageNotSupportInstanceType");
    let arm = running(&world, &[("ImageId", ARM_IMAGE), ("InstanceType", "ecs.g8y.large")]);
    assert_eq!(instance(&world, &arm)["OSType"], "linux");
    let windows = running(&world, &[("ImageId", WINDOWS_IMAGE), ("KeyPairName", "pair")]);
    let shown = instance(&world, &windows);
    assert_eq!((&shown["OSType"], &shown["KeyPairName"]), (&"windows".into(), &"".into()));
}

// ---- Disks ----

#[test]
fn disks_are_what_was_asked_for() {
    let world = World::new();
    let id = running(
        &world,
        &[
            ESSD,
            ("SystemDisk.Size", "50"),
            ("SystemDisk.DiskName", "root"),
            ("SystemDisk.Description", "the root"),
            ("SystemDisk.PerformanceLevel", "PL0"),
            ("DataDisk.1.Size", "100"),
            ("DataDisk.1.Category", "cloud_auto"),
            ("DataDisk.1.DiskName", "data"),
            ("DataDisk.1.Device", "/dev/xvdf"),
            ("DataDisk.1.DeleteWithInstance", "false"),
            ("DataDisk.1.ProvisionedIops", "100"),
            ("DataDisk.1.BurstingEnabled", "true"),
            ("DataDisk.2.Size", "20"),
            ("Tag.1.Key", "team"),
            ("Tag.1.Value", "a"),
            ("ZoneId", ZONE),
        ],
    );
    let all = disks_of(&world, &id);
    for (disk, kind, device, category, size, goes) in [
        (&all[0], "system", "/dev/xvda", "cloud_essd", 50, true),
        (&all[1], "data", "/dev/xvdb", "cloud_efficiency", 20, true),
        (&all[2], "data", "/dev/xvdf", "cloud_auto", 100, false),
    ] {
        assert_eq!((&disk["Type"], &disk["Device"]), (&kind.into(), &device.into()));
        assert_eq!((&disk["Category"], &disk["Size"]), (&category.into(), &size.into()));
        assert_eq!((&disk["Status"], &disk["ZoneId"]), (&"In_use".into(), &ZONE.into()));
        assert_eq!((&disk["Encrypted"], &disk["DeleteWithInstance"]), (&false.into(), &goes.into()));
        assert_eq!(disk["Tags"]["Tag"][0]["TagValue"], "a");
    }
    assert_eq!((&all[0]["DiskName"], &all[0]["Description"]), (&"root".into(), &"the root".into()));
    assert_eq!((&all[0]["PerformanceLevel"], &all[0]["ImageId"]), (&"PL0".into(), &IMAGE.into()));
    assert_eq!((&all[2]["ProvisionedIops"], &all[2]["BurstingEnabled"]), (&100.into(), &true.into()));
}

#[test]
fn a_system_disk_without_a_size_has_forty_gib_or_its_images_size() {
    let world = World::new();
    let large = [ESSD, ("SystemDisk.Size", "60")];
    let id = running(&world, &large);
    assert_eq!(disks_of(&world, &running(&world, &[]))[0]["Size"], 40);
    let image = text(&world.ecs("CreateImage", &[HERE, ("InstanceId", &id)]), "ImageId");
    world.settle();
    let of_own = ("ImageId", &*image);
    assert_eq!(disks_of(&world, &running(&world, &[of_own]))[0]["Size"], 60);
    let smaller = asking(&[of_own, ("SystemDisk.Size", "59")]);
    is_refused(&world, "RunInstances", &smaller, 404, "InvalidSystemDiskSize.LessThanImageSize");
}

#[test]
fn a_data_disk_is_made_from_a_snapshot_that_is_complete_and_of_a_data_disk() {
    let world = World::new();
    let id = running(&world, &[("DataDisk.1.Size", "30"), ("DataDisk.1.Category", "cloud_essd")]);
    let all = disks_of(&world, &id);
    let source = world.snapshot(&text(&all[1], "DiskId"), &[]);
    let from = [("DataDisk.1.SnapshotId", &*source), ("DataDisk.1.Category", "cloud_essd")];
    is_refused(&world, "RunInstances", &asking(&from), 403, "InvalidSnapshotId.NotReady");
    world.settle();
    let made = disks_of(&world, &running(&world, &from));
    assert_eq!((&made[1]["Size"], &made[1]["SourceSnapshotId"]), (&30.into(), &(&*source).into()));
    let smaller = asking(&[&from[..], &[("DataDisk.1.Size", "29")]].concat());
    is_refused(&world, "RunInstances", &smaller, 403, "InvalidDiskSize.TooSmall");
    let of_system = world.done_snapshot(&text(&all[0], "DiskId"), &[]);
    let wrong = asking(&[("DataDisk.1.SnapshotId", &of_system)]);
    is_refused(&world, "RunInstances", &wrong, 403, "InvalidSnapshotId.NotDataDiskSnapshot");
    let unknown = asking(&[("DataDisk.1.SnapshotId", "s-bp1aaaaaaaaaaaaaaaaa")]);
    is_refused(&world, "CreateInstance", &unknown, 404, "InvalidDataDiskSnapshotId.NotFound");
}

#[test]
fn a_data_disk_from_an_encrypted_snapshot_is_encrypted_with_its_key() {
    let world = World::new();
    world.disk_encryption_role();
    let (key, other) = (world.customer_key(), world.customer_key());
    let encrypted = [("DataDisk.1.Encrypted", "true"), ("DataDisk.1.KMSKeyId", &*key)];
    let essd = [("DataDisk.1.Size", "30"), ("DataDisk.1.Category", "cloud_essd")];
    let id = running(&world, &[&essd[..], &encrypted].concat());
    let source = world.done_snapshot(&text(&disks_of(&world, &id)[1], "DiskId"), &[]);
    encrypt_by_default(&world, Some(&other));
    let from = [ESSD, ("DataDisk.1.SnapshotId", &*source), ("DataDisk.1.Category", "cloud_essd")];
    assert_eq!(keys_of(&world, &running(&world, &from)), [other.clone(), key]);
    let chosen = [("DataDisk.1.Encrypted", "true"), ("DataDisk.1.KMSKeyId", &*other)];
    assert_eq!(keys_of(&world, &running(&world, &[&from[..], &chosen].concat())), [&*other, &*other]);
    let slow = asking(&[ESSD, ("DataDisk.1.SnapshotId", &source), ("DataDisk.1.Category", "cloud_ssd")]);
    is_refused(&world, "RunInstances", &slow, 403, "NotSupportSnapshotEncrypted.DiskCategory");
}

#[test]
fn disks_that_go_with_their_instance_go_and_the_others_stay() {
    let world = World::new();
    let data = [("DataDisk.1.Size", "20"), ("DataDisk.1.DeleteWithInstance", "false"), ("DataDisk.2.Size", "30")];
    let id = stopped(&world, &data);
    assert_eq!(disks_of(&world, &id).len(), 3);
    world.ecs("DeleteInstance", &[("InstanceId", &id)]);
    let left = disks(&world, &[]);
    assert_eq!(left.len(), 1);
    assert_eq!((&left[0]["Size"], &left[0]["Status"]), (&20.into(), &"Available".into()));
}

// ---- The account's default ----

/// A system disk that may be encrypted and two data disks, about none of which the request says whether they are to be.
const SILENT: [(&str, &str); 5] = [
    ESSD,
    ("DataDisk.1.Size", "20"),
    ("DataDisk.1.Category", "cloud_essd"),
    ("DataDisk.2.Size", "20"),
    ("DataDisk.2.Category", "cloud_efficiency"),
];

#[test]
fn every_disk_obeys_the_default_whichever_operation_makes_it() {
    let world = World::new();
    world.disk_encryption_role();
    let key = world.customer_key();
    let all_have = |key: &str| {
        for id in [running(&world, &SILENT), stopped(&world, &SILENT)] {
            assert_eq!(keys_of(&world, &id), [key, key, key]);
            assert!(disks_of(&world, &id).iter().all(|disk| disk["Encrypted"] == !key.is_empty()));
        }
    };
    all_have("");
    encrypt_by_default(&world, None);
    all_have(&world.service_key_in(REGION));
    world.ecs("ModifyDiskDefaultKMSKeyId", &[HERE, ("KMSKeyId", &key)]);
    all_have(&key);
    world.ecs("ResetDiskDefaultKMSKeyId", &[HERE]);
    all_have(&world.service_key_in(REGION));
    world.ecs("DisableDiskEncryptionByDefault", &[HERE]);
    all_have("");
}

#[test]
fn two_zones_take_no_encrypted_system_disk_of_a_new_instance() {
    let world = World::new();
    let (asked, data) =
        (("SystemDisk.Encrypted", "true"), [("DataDisk.1.Size", "20"), ("DataDisk.1.Encrypted", "true")]);
    for (region, zone, other_zone) in
        [("cn-hongkong", "cn-hongkong-d", "cn-hongkong-c"), ("ap-southeast-1", "ap-southeast-1a", "ap-southeast-1b")]
    {
        let with = |zone, more: &[_]| asking(&[&[("RegionId", region), ("ZoneId", zone), ESSD], more].concat());
        let no = |action, more: &[_]| {
            is_refused(&world, action, &with(zone, more), 400, "NotSupportSnapshotEncrypted.ZoneId");
        };
        no("RunInstances", &[asked]);
        world.ecs("RunInstances", &with(other_zone, &[asked]));
        world.ecs("RunInstances", &with(zone, &[&data[..], &[("DataDisk.1.Category", "cloud_essd")]].concat()));
        world.ecs("CreateInstance", &with(zone, &[]));
        world.ecs("EnableDiskEncryptionByDefault", &[("RegionId", region)]);
        no("RunInstances", &[]);
        no("CreateInstance", &[]);
        world.ecs("CreateInstance", &with(other_zone, &[]));
        let nowhere = [("RegionId", region), ESSD];
        world.ecs("RunInstances", &asking(&nowhere));
    }
}

#[test]
fn the_default_of_a_region_does_not_reach_another() {
    let world = World::new();
    encrypt_by_default(&world, None);
    let made = world.ecs("RunInstances", &asking(&[&[("RegionId", "cn-beijing")], &SILENT[..]].concat()));
    let id = made["InstanceIdSets"]["InstanceIdSet"][0].as_str().unwrap().to_owned();
    let there = world.ecs("DescribeDisks", &[("RegionId", "cn-beijing"), ("InstanceId", &id)]);
    let there = there["Disks"]["Disk"].as_array().unwrap().clone();
    assert_eq!(there.len(), 3);
    assert!(there.iter().all(|disk| disk["Encrypted"] == false));
}

#[test]
fn what_the_request_says_of_a_disk_comes_before_the_default() {
    let world = World::new();
    world.disk_encryption_role();
    let (key, other) = (world.customer_key(), world.customer_key());
    let chosen = [
        ("SystemDisk.Encrypted", "true"),
        ("SystemDisk.KMSKeyId", &*other),
        ("DataDisk.1.Encrypted", "true"),
        ("DataDisk.1.KMSKeyId", &*other),
        ("DataDisk.2.Encrypted", "true"),
    ];
    let all = [&SILENT[..], &chosen].concat();
    let id = running(&world, &all);
    assert_eq!(keys_of(&world, &id), [&*other, &other, &world.service_key_in(REGION)]);
    encrypt_by_default(&world, Some(&key));
    assert_eq!(keys_of(&world, &running(&world, &all)), [&*other, &other, &key]);
}

#[test]
fn disks_can_not_stay_plain_while_the_default_is_on_and_a_key_needs_encryption() {
    let world = World::new();
    world.disk_encryption_role();
    let key = world.customer_key();
    for (disk, actions) in [("SystemDisk", &["RunInstances"][..]), ("DataDisk.2", &["RunInstances", "CreateInstance"])]
    {
        let (encrypted, with_key) = (format!("{disk}.Encrypted"), format!("{disk}.KMSKeyId"));
        for more in [&[(&*with_key, &*key)][..], &[(&*with_key, &*key), (&*encrypted, "false")]] {
            let parameters = asking(&[&SILENT[..], more].concat());
            for action in actions {
                is_refused(&world, action, &parameters, 400, "InvalidParameter.EncryptedIllegal");
            }
        }
    }
    encrypt_by_default(&world, None);
    for (disk, actions) in [("SystemDisk", &["RunInstances"][..]), ("DataDisk.2", &["RunInstances", "CreateInstance"])]
    {
        let encrypted = format!("{disk}.Encrypted");
        let parameters = asking(&[&SILENT[..], &[(&*encrypted, "false")]].concat());
        for action in actions {
            is_refused(&world, action, &parameters, 403, "InvalidEncrypted.NotMatchDiskDefaultEncryption");
        }
    }
    let slow = asking(&[("SystemDisk.Category", "cloud_efficiency")]);
    for action in ["RunInstances", "CreateInstance"] {
        is_refused(&world, action, &slow, 403, "NotSupportSnapshotEncrypted.DiskCategory");
    }
}

#[test]
fn a_server_that_is_lenient_encrypts_what_was_to_stay_plain() {
    let mut settings = Settings::new(Region::parse(REGION).unwrap());
    settings.default_encryption.explicit_unencrypted = ExplicitUnencrypted::Encrypt;
    let world = World::with(settings);
    encrypt_by_default(&world, None);
    let plain = [("SystemDisk.Encrypted", "false"), ("DataDisk.1.Encrypted", "false")];
    let key = world.service_key_in(REGION);
    let id = running(&world, &[&SILENT[..], &plain].concat());
    assert_eq!(keys_of(&world, &id), [&*key, &key, &key]);
}

#[test]
fn a_key_that_can_not_be_used_leaves_nothing_behind() {
    let world = World::new();
    world.disk_encryption_role();
    let key = world.customer_key();
    encrypt_by_default(&world, Some(&key));
    let unusable = |status, code| {
        for action in ["RunInstances", "CreateInstance"] {
            is_refused(&world, action, &asking(&SILENT), status, code);
        }
        // The key of the last disk is the one that fails: the instance and its other disks are undone.
        let last = [("SystemDisk.Encrypted", "true"), ("DataDisk.1.Encrypted", "true"), ("Amount", "3")];
        is_refused(&world, "RunInstances", &asking(&[&SILENT[..], &last].concat()), status, code);
    };
    let on_key = [("KeyId", &*key)];
    world.root(Product::Kms, "DisableKey", &on_key);
    unusable(403, "InvalidParameter.KMSKeyId.CMKNotEnabled");
    world.root(Product::Kms, "ScheduleKeyDeletion", &[on_key[0], ("PendingWindowInDays", "7")]);
    unusable(403, "InvalidParameter.KMSKeyId.CMKNotEnabled");
    world.root(Product::Kms, "CancelKeyDeletion", &on_key);
    world.root(Product::Kms, "EnableKey", &on_key);
    let role = ("RoleName", "AliyunECSDiskEncryptDefaultRole");
    let policy = [("PolicyType", "System"), ("PolicyName", "AliyunECSDiskEncryptRolePolicy"), role];
    world.root(Product::Ram, "DetachPolicyFromRole", &policy);
    unusable(403, "InvalidParameter.KMSKeyId.KMSUnauthorized");
    world.root(Product::Ram, "AttachPolicyToRole", &policy);
    for service in [KmsService::Suspended, KmsService::Unopened] {
        bootstrap::set_kms_service(&world.db, &world.account, service).unwrap();
        unusable(400, "InvalidParameter.KmsNotEnabled");
    }
    bootstrap::set_kms_service(&world.db, &world.account, KmsService::Open).unwrap();
    assert_eq!(keys_of(&world, &running(&world, &SILENT)), [&*key, &key, &key]);
}

#[test]
fn a_key_that_is_not_there_or_of_the_wrong_region_is_not_found() {
    let world = World::new();
    world.disk_encryption_role();
    let elsewhere = world.key_in("cn-beijing");
    for key in ["11111111-2222-3333-4444-555555555555", &elsewhere] {
        let chosen = [("DataDisk.2.Encrypted", "true"), ("DataDisk.2.KMSKeyId", key)];
        for action in ["RunInstances", "CreateInstance"] {
            let parameters = asking(&[&SILENT[..], &chosen].concat());
            is_refused(&world, action, &parameters, 404, "InvalidParameter.KMSKeyId.NotFound");
        }
    }
}

#[test]
fn an_image_of_the_account_passes_its_key_on_and_a_plain_one_obeys_the_default() {
    let world = World::new();
    world.disk_encryption_role();
    let (key, other) = (world.customer_key(), world.customer_key());
    let plain = own_image(&world, &[]);
    let encrypted = own_image(&world, &[("SystemDisk.Encrypted", "true"), ("SystemDisk.KMSKeyId", &key)]);
    let from = |image| keys_of(&world, &running(&world, &[ESSD, ("ImageId", image)]));
    assert_eq!((from(&plain), from(&encrypted)), (vec![String::new()], vec![key.clone()]));
    encrypt_by_default(&world, Some(&other));
    assert_eq!((from(&plain), from(&encrypted)), (vec![other], vec![key.clone()]));
    world.root(Product::Kms, "DisableKey", &[("KeyId", &key)]);
    let disabled = asking(&[ESSD, ("ImageId", &encrypted)]);
    is_refused(&world, "RunInstances", &disabled, 403, "InvalidParameter.KMSKeyId.CMKNotEnabled");
}

// ---- Dry runs and retries ----

#[test]
fn a_dry_run_says_what_the_request_would_come_to_and_does_nothing() {
    let world = World::new();
    let dry = ("DryRun", "true");
    for action in ["RunInstances", "CreateInstance"] {
        is_refused(&world, action, &asking(&[dry]), 400, "DryRunOperation");
        is_refused(&world, action, &asking(&[dry, ("ImageId", "m-none")]), 404, "InvalidImageId.NotFound");
    }
}

#[test]
fn a_retry_with_the_same_token_makes_nothing_new() {
    let world = World::new();
    for action in ["RunInstances", "CreateInstance"] {
        let token = ("ClientToken", "once");
        let first = world.ecs(action, &asking(&[token]));
        let state = world.state();
        let again = world.ecs(action, &asking(&[token]));
        for name in ["InstanceId", "InstanceIdSets"] {
            assert_eq!(first.get(name), again.get(name));
        }
        assert!(state == world.state());
        let other = asking(&[token, ("InstanceName", "web")]);
        is_refused(&world, action, &other, 400, "IdempotentParameterMismatch");
    }
    assert_eq!(listed(&world, &[]).len(), 2);
}

#[test]
fn a_role_is_passed_on_by_those_who_may() {
    let world = World::new();
    let trust = |service| {
        format!(
            r#"{{"Version":"1","Statement":[{{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{{"Service":"{service}"}}}}]}}"#
        )
    };
    for (role, service) in [("app", "ecs.aliyuncs.com"), ("other", "rds.aliyuncs.com")] {
        let document = trust(service);
        world.root(Product::Ram, "CreateRole", &[("RoleName", role), ("AssumeRolePolicyDocument", &document)]);
    }
    let with = |role| asking(&[("RamRoleName", role)]);
    assert_eq!(world.call(&root(), Product::Ecs, "RunInstances", &with("app")).0, 200);
    is_refused(&world, "RunInstances", &with("other"), 401, "InvalidRamRole.NotEcsRole");
    is_refused(&world, "RunInstances", &with("none"), 404, "InvalidRamRole.NotFound");
    let only_ecs = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:*","Resource":"*"}]}"#;
    let user = world.user("maker", Some(only_ecs));
    let (status, body) = world.call(&user, Product::Ecs, "RunInstances", &with("app"));
    assert_eq!((status, &body["Code"]), (403, &"InvalidUser.PassRoleForbidden".into()));
    assert_eq!(world.call(&user, Product::Ecs, "RunInstances", &asking(&[])).0, 200);
}

#[test]
fn an_image_that_is_another_accounts_is_not_there() {
    let (world, _, neighbour) = World::with_neighbour();
    let image = own_image(&world, &[]);
    let (status, body) = world.call(&neighbour, Product::Ecs, "RunInstances", &asking(&[("ImageId", &image)]));
    let expected = refusal(404, "InvalidImageId.NotFound", "The specified ImageId does not exist.");
    assert_eq!((status, text(&body, "Code"), text(&body, "Message")), expected);
}

#[test]
fn an_image_that_is_not_complete_makes_no_instances() {
    let world = World::new();
    let id = running(&world, &[ESSD]);
    let image = text(&world.ecs("CreateImage", &[HERE, ("InstanceId", &id)]), "ImageId");
    let expected = (403, "OperationDenied.ImageNotValid", "The specified Image is disabled or is deleted.");
    for action in ["RunInstances", "CreateInstance"] {
        world.refuses(&root(), Product::Ecs, action, &asking(&[("ImageId", &image)]), expected);
    }
    let stopped = stopped(&world, &[]);
    let replacing = [("InstanceId", &*stopped), ("ImageId", &*image)];
    // `stopped` did all work that was due, the image's too.
    world.ecs("ReplaceSystemDisk", &replacing);
    world.ecs("RunInstances", &asking(&[("ImageId", &image)]));
}

#[test]
fn when_every_address_that_is_drawn_is_taken_there_is_none_left() {
    const SEED: u64 = 5;
    let world = World::new();
    // The addresses that the server draws once it draws from this seed: three bytes at a time, out of the same sequence.
    let sequence = SeededRng::new(SEED);
    let drawn = (0..3000).map(|_| {
        let mut bytes = [0; 3];
        sequence.fill(&mut bytes);
        Ipv4Addr::new(172, 16 | (bytes[0] & 15), bytes[1], bytes[2])
    });
    for address in drawn.collect::<BTreeSet<_>>() {
        let mut instance = world.instance_row("Running");
        instance.private_ip = address.to_string();
        world.store(move |tx| instance.insert(tx));
    }
    let request = world.request(&root(), Product::Ecs, "RunInstances", &owned(&asking(&[])));
    world.rng.reseed(SEED);
    let message = "Don't have enough private IPs in this switch";
    world.refuses_request(request, (400, "QuotaExceeded.PrivateIpAddress", message));
    run(&world, &[("PrivateIpAddress", "10.0.0.1"), ("VSwitchId", "vsw-bp1abcdefghijklmnop")]);
}
