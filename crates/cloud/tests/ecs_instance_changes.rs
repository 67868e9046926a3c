//! Instances that exist: started, stopped, changed, deleted, one by one and several at once; their system disk replaced.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use coffer_cloud::bootstrap::{self, KmsService};
use coffer_store::Record as _;
use coffer_store::snapshots::Snapshot;
use serde_json::{Value, json};
use support::compute::refusal;
use support::disks::snapshot;
use support::instances::*;
use support::{REGION, World, ZONE, root, text};

const STATUS: &str = "The current status of the resource does not support this operation.";
const DRY: (&str, &str) = ("DryRun", "true");
const SUCCESS_FIRST: (&str, &str) = ("BatchOptimization", "SuccessFirst");

/// A data disk encrypted with a key.
fn encrypted_data(key: &str) -> [(&str, &str); 4] {
    [
        ("DataDisk.1.Category", "cloud_essd"),
        ("DataDisk.1.Size", "20"),
        ("DataDisk.1.Encrypted", "true"),
        ("DataDisk.1.KMSKeyId", key),
    ]
}

// ---- Starting, stopping and deleting one ----

#[test]
fn states_pass_in_order_and_everything_else_is_refused() {
    let world = World::new();
    let id = stopped(&world, &[]);
    let this = [("InstanceId", id.as_str())];
    let incorrect = |action| assert_eq!(world.refused(action, &this), refusal(403, "IncorrectInstanceStatus", STATUS));
    assert_eq!(status(&world, &id), "Stopped");
    incorrect("StopInstance");
    world.ecs("StartInstance", &this);
    assert_eq!(status(&world, &id), "Starting");
    incorrect("StartInstance");
    world.settle();
    assert_eq!(status(&world, &id), "Running");
    incorrect("StartInstance");
    incorrect("DeleteInstance");
    world.ecs("StopInstance", &[this[0], ("StoppedMode", "StopCharging")]);
    assert_eq!(status(&world, &id), "Stopping");
    incorrect("DeleteInstance");
    world.settle();
    assert_eq!(status(&world, &id), "Stopped");
    assert_eq!(instance(&world, &id)["StoppedMode"], "StopCharging");
    world.ecs("DeleteInstance", &this);
    assert_eq!(instance(&world, &id), Value::Null);
    let absent = refusal(404, "InvalidInstanceId.NotFound", "The specified InstanceId does not exist.");
    for action in ["StartInstance", "StopInstance", "DeleteInstance"] {
        assert_eq!(world.refused(action, &[("InstanceId", NOWHERE)]), absent, "{action}");
    }
}

#[test]
fn an_instance_that_uses_a_key_starts_only_while_the_key_can_be_used() {
    let world = World::new();
    world.disk_encryption_role();
    let key = world.customer_key();
    let id = stopped(&world, &encrypted_data(&key));
    let this = [("InstanceId", id.as_str())];
    world.root(Product::Kms, "DisableKey", &[("KeyId", &key)]);
    let disabled = refusal(403, "InvalidParameter.KMSKeyId.CMKNotEnabled", "The CMK needs to be enabled.");
    assert_eq!(world.refused("StartInstance", &this), disabled);
    assert_eq!(status(&world, &id), "Stopped");
    world.root(Product::Kms, "EnableKey", &[("KeyId", &key)]);
    world.ecs("StartInstance", &this);
    world.settle();
    assert_eq!(status(&world, &id), "Running");
    // Stopping and deleting need no key.
    world.root(Product::Kms, "DisableKey", &[("KeyId", &key)]);
    world.ecs("StopInstance", &this);
    world.settle();
    world.ecs("DeleteInstance", &this);
}

#[test]
fn an_instance_without_its_system_disk_does_not_start() {
    let world = World::new();
    let id = stopped(&world, &[]);
    let this = ("InstanceId", id.as_str());
    let disk = text(&disks_of(&world, &id)[0], "DiskId");
    world.ecs("DetachDisk", &[this, ("DiskId", &disk)]);
    // A system disk on another device is none.
    world.ecs("AttachDisk", &[this, ("DiskId", &disk)]);
    is_refused(&world, "StartInstance", &[this], 400, "InvalidInstance.NotFoundSystemDisk");
    world.ecs("DetachDisk", &[this, ("DiskId", &disk)]);
    world.ecs("AttachDisk", &[this, ("DiskId", &disk), ("Bootable", "true"), ("Password", "Passw0rd")]);
    world.ecs("StartInstance", &[this]);
}

#[test]
fn a_dry_run_of_one_instance_does_nothing() {
    let world = World::new();
    let (down, up) = (stopped(&world, &[]), running(&world, &[]));
    for (action, id) in [("StartInstance", &down), ("StopInstance", &up), ("DeleteInstance", &down)] {
        is_refused(&world, action, &[("InstanceId", id), DRY], 400, "DryRunOperation");
    }
    is_refused(&world, "DeleteInstance", &[("InstanceId", &up), DRY], 403, "IncorrectInstanceStatus");
}

#[test]
fn a_running_instance_is_deleted_by_force_and_a_protected_or_new_one_not_at_all() {
    let world = World::new();
    let force = ("Force", "true");
    let id = running(&world, &[]);
    world.ecs("DeleteInstance", &[("InstanceId", &id), force]);
    assert_eq!(instance(&world, &id), Value::Null);
    let id = running(&world, &[]);
    world.ecs("DeleteInstance", &[("InstanceId", &id), force, ("ForceStop", "false")]);
    assert_eq!(status(&world, &id), "Stopping");
    world.settle();
    assert_eq!((instance(&world, &id), disks(&world, &[]).len()), (Value::Null, 0));
    let id = run(&world, &[("DeletionProtection", "true")]).pop().unwrap();
    is_refused(&world, "DeleteInstance", &[("InstanceId", &id), force], 403, "InvalidOperation.DeletionProtection");
    world.ecs("ModifyInstanceAttribute", &[("InstanceId", &id), ("DeletionProtection", "false")]);
    is_refused(&world, "DeleteInstance", &[("InstanceId", &id), force], 403, "IncorrectInstanceStatus.Initializing");
}

#[test]
fn disks_taken_off_an_instance_go_with_it_where_they_say_so_unless_they_are_in_use_again() {
    let world = World::new();
    let sizes = [("DataDisk.1.Size", "21"), ("DataDisk.2.Size", "22"), ("DataDisk.3.Size", "23")];
    let id = stopped(&world, &sizes);
    let other = stopped(&world, &[]);
    let all = disks_of(&world, &id);
    let disk = |place: usize| text(&all[place], "DiskId");
    let go = ("DeleteWithInstance", "true");
    for (place, more) in [(0, &[][..]), (1, &[go]), (2, &[go]), (3, &[])] {
        world.ecs("DetachDisk", &[&[("InstanceId", &*id), ("DiskId", &disk(place))], more].concat());
    }
    world.ecs("AttachDisk", &[("InstanceId", &other), ("DiskId", &disk(2)), go]);
    is_refused(&world, "DeleteDisk", &[("DiskId", &disk(0))], 403, "InvalidDiskStatus.DeleteProtection");
    world.ecs("DeleteInstance", &[("InstanceId", &id)]);
    let left = |world: &World| -> Vec<i64> {
        let mut sizes: Vec<_> = disks(world, &[]).iter().map(|disk| disk["Size"].as_i64().unwrap()).collect();
        sizes.sort_unstable();
        sizes
    };
    assert_eq!(left(&world), [22, 23, 40]);
    world.ecs("DeleteInstance", &[("InstanceId", &other)]);
    assert_eq!(left(&world), [23]);
}

#[test]
fn a_system_disk_that_is_to_stay_outlives_its_instance() {
    let world = World::new();
    let id = stopped(&world, &[]);
    let disk = text(&disks_of(&world, &id)[0], "DiskId");
    world.ecs("DetachDisk", &[("InstanceId", &id), ("DiskId", &disk), ("DeleteWithInstance", "false")]);
    world.ecs("DeleteInstance", &[("InstanceId", &id)]);
    assert_eq!(disks(&world, &[])[0]["Status"], "Available");
    world.ecs("DeleteDisk", &[("DiskId", &disk)]);
}

#[test]
fn automatic_snapshots_go_with_a_disk_and_all_others_stay() {
    let world = World::new();
    let theirs = world.other.clone();
    for action in ["DeleteInstance", "ReplaceSystemDisk"] {
        let id = stopped(&world, &[ESSD]);
        let disk = text(&disks_of(&world, &id)[0], "DiskId");
        world.ecs("ModifyDiskAttribute", &[("DiskId", &disk), ("DeleteAutoSnapshot", "true")]);
        let make = |kind: &'static str| {
            snapshot(&world, &disk, "accomplished", |snapshot| kind.clone_into(&mut snapshot.snapshot_type))
        };
        let (auto, user) = (make("auto"), make("user"));
        let copied = snapshot(&world, &disk, "accomplished", |snapshot| {
            "auto".clone_into(&mut snapshot.snapshot_type);
            snapshot.account.clone_from(&theirs);
        });
        let this = replacing(&id, &[]);
        // DeleteInstance has no use for the image.
        world.ecs(action, &this);
        let there = |id: &str| world.db.read(|tx| Snapshot::get(tx, id)).unwrap().is_some();
        assert_eq!((there(&auto), there(&user), there(&copied)), (false, true, true), "{action}");
    }
}

// ---- Several at once ----

fn outcomes(answer: &Value) -> Vec<Value> {
    answer["InstanceResponses"]["InstanceResponse"].as_array().unwrap().clone()
}

#[test]
fn several_instances_are_started_stopped_and_deleted_at_once() {
    let world = World::new();
    let ids = [stopped(&world, &[]), stopped(&world, &[])];
    let these = [HERE, ("InstanceId.1", &*ids[0]), ("InstanceId.2", &*ids[1])];
    let expected = |previous: &str, current: &str| -> Vec<Value> {
        let outcome = |id| json!({"Code": "200", "CurrentStatus": current, "InstanceId": id, "Message": "success", "PreviousStatus": previous});
        ids.iter().map(outcome).collect()
    };
    assert_eq!(outcomes(&world.ecs("StartInstances", &these)), expected("Stopped", "Starting"));
    world.settle();
    let mode = [("StoppedMode", "StopCharging"), ("ForceStop", "true")];
    let stop = world.ecs("StopInstances", &[&these[..], &mode].concat());
    assert_eq!(outcomes(&stop), expected("Running", "Stopping"));
    world.settle();
    assert!(ids.iter().all(|id| instance(&world, id)["StoppedMode"] == "StopCharging"));
    world.ecs("DeleteInstances", &these);
    assert_eq!((listed(&world, &[]).len(), disks(&world, &[]).len()), (0, 0));
}

#[test]
fn all_together_means_all_or_none() {
    let world = World::new();
    let (down, up) = (stopped(&world, &[]), running(&world, &[]));
    for mode in [&[][..], &[("BatchOptimization", "AllTogether")]] {
        for (action, code, first, second) in [
            ("StartInstances", "IncorrectInstanceStatus", &down, &*up),
            ("StopInstances", "IncorrectInstanceStatus", &up, &*down),
            ("StartInstances", "InvalidInstanceId.NotFound", &down, NOWHERE),
        ] {
            let status = if code == "IncorrectInstanceStatus" { 403 } else { 404 };
            let these = [&[HERE, ("InstanceId.1", first), ("InstanceId.2", second)], mode].concat();
            is_refused(&world, action, &these, status, code);
        }
    }
    let both = [HERE, ("InstanceId.1", &*down), ("InstanceId.2", &*up)];
    is_refused(&world, "DeleteInstances", &both, 403, "IncorrectInstanceStatus");
    world.ecs("DeleteInstances", &[&both[..], &[("Force", "true")]].concat());
    assert_eq!(listed(&world, &[]).len(), 0);
}

#[test]
fn success_first_changes_each_by_itself_and_says_how_it_went() {
    let world = World::new();
    world.disk_encryption_role();
    let key = world.customer_key();
    let (plain, encrypted) = (stopped(&world, &[]), stopped(&world, &encrypted_data(&key)));
    let up = running(&world, &[]);
    world.root(Product::Kms, "DisableKey", &[("KeyId", &key)]);
    let ids = [&*encrypted, &up, NOWHERE, &plain];
    let these = [
        HERE,
        SUCCESS_FIRST,
        ("InstanceId.1", ids[0]),
        ("InstanceId.2", ids[1]),
        ("InstanceId.3", ids[2]),
        ("InstanceId.4", ids[3]),
        ("InstanceId.5", ids[3]),
    ];
    let found = outcomes(&world.ecs("StartInstances", &these));
    let expected = [
        ("InvalidParameter.KMSKeyId.CMKNotEnabled", "The CMK needs to be enabled.", "Stopped", "Stopped"),
        ("IncorrectInstanceStatus", STATUS, "Running", "Running"),
        ("InvalidInstanceId.NotFound", "The specified InstanceId does not exist.", "", ""),
        ("200", "success", "Stopped", "Starting"),
    ];
    assert_eq!(found.len(), expected.len(), "an instance that is named twice counts once");
    for ((outcome, id), (code, message, previous, current)) in found.iter().zip(ids).zip(expected) {
        assert_eq!((&outcome["InstanceId"], &outcome["Code"]), (&id.into(), &code.into()));
        assert_eq!(outcome["Message"], message);
        assert_eq!((&outcome["PreviousStatus"], &outcome["CurrentStatus"]), (&previous.into(), &current.into()));
    }
    world.settle();
    assert_eq!((status(&world, &plain), status(&world, &encrypted)), ("Running".to_owned(), "Stopped".to_owned()));
    // StopInstances: none of them can be stopped but one.
    let stop = [HERE, SUCCESS_FIRST, ("InstanceId.1", &*encrypted), ("InstanceId.2", &*plain)];
    let codes: Vec<_> = outcomes(&world.ecs("StopInstances", &stop)).iter().map(|one| text(one, "Code")).collect();
    assert_eq!(codes, ["IncorrectInstanceStatus", "200"]);
}

#[test]
fn a_dry_run_of_several_says_so_with_the_batch_operations_own_code() {
    let world = World::new();
    let (down, up) = (stopped(&world, &[]), running(&world, &[]));
    for (action, fits, does_not) in
        [("StartInstances", &down, &up), ("StopInstances", &up, &down), ("DeleteInstances", &down, &up)]
    {
        let this = |id| [HERE, DRY, ("InstanceId.1", id)];
        is_refused(&world, action, &this(fits), 400, "DRYRUN.SUCCESS");
        is_refused(&world, action, &this(does_not), 403, "IncorrectInstanceStatus");
        if action != "DeleteInstances" {
            // The vendor: then it always is a success.
            is_refused(&world, action, &[&this(does_not)[..], &[SUCCESS_FIRST]].concat(), 400, "DRYRUN.SUCCESS");
        }
    }
}

#[test]
fn operations_on_several_instances_name_what_is_wrong_with_a_request() {
    let world = World::new();
    let id = stopped(&world, &[]);
    let names: Vec<_> = (1..=101).map(|n| format!("InstanceId.{n}")).collect();
    let many: Vec<_> = names.iter().map(|name| (&**name, &*id)).collect();
    for action in ["StartInstances", "StopInstances", "DeleteInstances"] {
        is_refused(&world, action, &[HERE], 400, "MissingInstanceId");
        is_refused(&world, action, &[("RegionId", "nowhere"), many[0]], 404, "InvalidRegionId.NotFound");
        is_refused(&world, action, &[("RegionId", "cn-beijing"), many[0]], 404, "InvalidInstanceId.NotFound");
        is_refused(&world, action, &[&[HERE], &many[..]].concat(), 400, "InvalidParameter");
    }
    is_refused(&world, "StartInstances", &[HERE, many[0], ("BatchOptimization", "Some")], 400, "InvalidParameter");
    is_refused(&world, "StopInstances", &[HERE, many[0], ("StoppedMode", "Some")], 400, "InvalidParameter");
}

#[test]
fn deleting_several_is_repeated_in_vain_with_the_same_token() {
    let world = World::new();
    let (first, second) = (stopped(&world, &[]), stopped(&world, &[]));
    let this = [HERE, ("ClientToken", "once"), ("InstanceId.1", &*first)];
    world.ecs("DeleteInstances", &this);
    let state = world.state();
    world.ecs("DeleteInstances", &this);
    assert!(state == world.state());
    let other = [HERE, this[1], ("InstanceId.1", &*second)];
    is_refused(&world, "DeleteInstances", &other, 400, "IdempotentParameterMismatch");
}

#[test]
fn permission_is_asked_for_each_of_several() {
    let world = World::new();
    let (one, two) = (stopped(&world, &[]), stopped(&world, &[]));
    let document = format!(
        r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"ecs:*","Resource":"acs:ecs:*:*:instance/{one}"}}]}}"#
    );
    let user = world.user("starter", Some(&document));
    for action in ["StartInstances", "DeleteInstances"] {
        let both = [HERE, ("InstanceId.1", &*one), ("InstanceId.2", &*two)];
        let (status, body) = world.call(&user, Product::Ecs, action, &both);
        assert_eq!((status, &body["Code"]), (403, &"Forbidden.RAM".into()), "{action}");
    }
    assert_eq!(world.call(&user, Product::Ecs, "StartInstances", &[HERE, ("InstanceId.1", &one)]).0, 200);
}

// ---- Attributes ----

#[test]
fn an_instance_is_changed_and_what_is_not_named_stays() {
    let world = World::new();
    let id = stopped(&world, &[("InstanceName", "before"), ("Description", "as it was"), ("VSwitchId", "vsw-bp1")]);
    let this = ("InstanceId", &*id);
    let show = || world.ecs("DescribeInstanceAttribute", &[this]);
    let before = show();
    world.ecs("ModifyInstanceAttribute", &[this]);
    assert_eq!(before["InstanceName"], show()["InstanceName"]);
    world.ecs(
        "ModifyInstanceAttribute",
        &[
            this,
            ("InstanceName", "after"),
            ("HostName", "host-1"),
            ("DeletionProtection", "true"),
            ("SecurityGroupIds.1", "sg-1"),
            ("SecurityGroupIds.2", "sg-2"),
            ("UserData", "ZWNobw=="),
            ("Password", "Passw0rd"),
        ],
    );
    let after = show();
    assert_eq!((&after["InstanceName"], &after["HostName"]), (&"after".into(), &"host-1".into()));
    assert_eq!(after["SecurityGroupIds"]["SecurityGroupId"], json!(["sg-1", "sg-2"]));
    assert_eq!((&after["Description"], &after["Status"]), (&"as it was".into(), &"Stopped".into()));
    assert_eq!(instance(&world, &id)["DeletionProtection"], true);
    assert!(!format!("{:?}", world.state()).contains("Passw0rd"), "a password is not kept");
    world.ecs("ModifyInstanceAttribute", &[this, ("Description", "otherwise")]);
    let last = show();
    assert_eq!((&last["Description"], &last["InstanceName"]), (&"otherwise".into(), &"after".into()));
}

#[test]
fn the_attributes_of_an_instance_are_those_of_the_listing() {
    let world = World::new();
    let id = running(&world, &[("Description", "shown"), ("VSwitchId", "vsw-bp1"), ("SecurityGroupId", "sg-1")]);
    let (listed, shown) = (instance(&world, &id), world.ecs("DescribeInstanceAttribute", &[("InstanceId", &id)]));
    for (name, value) in shown.as_object().unwrap() {
        let own = ["RequestId", "DedicatedHostAttribute", "EipAddress", "EnableJumboFrame", "EnableNetworkEncryption"];
        let others = ["IoOptimized", "NetworkOptions", "SecurityOptions"];
        if !own.contains(&&**name) && !others.contains(&&**name) {
            assert_eq!(&listed[name], value, "{name}");
        }
    }
    assert_eq!(shown["IoOptimized"], "optimized");
    is_refused(&world, "DescribeInstanceAttribute", &[("InstanceId", NOWHERE)], 404, "InvalidInstanceId.NotFound");
}

#[test]
fn a_change_that_can_not_be_is_refused() {
    let world = World::new();
    let (linux, burstable) = (stopped(&world, &[]), stopped(&world, &[("InstanceType", "ecs.t6-c1m2.large")]));
    let windows = stopped(&world, &[("ImageId", WINDOWS_IMAGE)]);
    for (id, parameter, status, code) in [
        (NOWHERE, ("InstanceName", "web"), 404, "InvalidInstanceId.NotFound"),
        (&linux, ("InstanceName", "1"), 400, "InvalidInstanceName.Malformed"),
        (&linux, ("Description", "x"), 400, "InvalidDescription.Malformed"),
        (&linux, ("HostName", "a--b"), 400, "InvalidHostName.Malformed"),
        (&windows, ("HostName", "a.b"), 400, "InvalidHostName.Malformed"),
        (&linux, ("Password", "password"), 400, "InvalidPassword.Malformed"),
        (&windows, ("Password", "/Passw0rd"), 400, "InvalidPassword.Malformed"),
        (&linux, ("SecurityGroupIds.1", "group"), 404, "InvalidSecurityGroupId"),
        (&linux, ("UserData", "not base64"), 400, "InvalidParameter"),
        (&linux, ("CreditSpecification", "Unlimited"), 400, "InvalidParameter"),
        (&burstable, ("CreditSpecification", "Endless"), 400, "InvalidParameter"),
    ] {
        is_refused(&world, "ModifyInstanceAttribute", &[("InstanceId", id), parameter], status, code);
    }
    world.ecs("ModifyInstanceAttribute", &[("InstanceId", &burstable), ("CreditSpecification", "Unlimited")]);
    assert_eq!(instance(&world, &burstable)["CreditSpecification"], "Unlimited");
    world.ecs("StartInstance", &[("InstanceId", &linux)]);
    for parameter in [("HostName", "web"), ("Password", "Passw0rd")] {
        let starting = [("InstanceId", &*linux), parameter];
        is_refused(&world, "ModifyInstanceAttribute", &starting, 403, "IncorrectInstanceStatus");
    }
    let new = run(&world, &[]).pop().unwrap();
    let pending = [("InstanceId", &*new), ("HostName", "web")];
    is_refused(&world, "ModifyInstanceAttribute", &pending, 403, "IncorrectInstanceStatus");
}

// ---- Replacing the system disk ----

/// Replaces an instance's system disk; the new one's id.
fn replace(world: &World, id: &str, more: &[(&str, &str)]) -> String {
    text(&world.ecs("ReplaceSystemDisk", &replacing(id, more)), "DiskId")
}

fn replacing<'a>(id: &'a str, more: &[(&'a str, &'a str)]) -> Parameters<'a> {
    let mut all = vec![("InstanceId", id)];
    if !more.iter().any(|(name, _)| *name == "ImageId") {
        all.push(("ImageId", OTHER_IMAGE));
    }
    [&all, more].concat()
}

#[test]
fn a_system_disk_is_replaced_by_a_new_one_of_its_kind_and_the_old_one_is_gone() {
    let world = World::new();
    let kind =
        [ESSD, ("SystemDisk.PerformanceLevel", "PL0"), ("SystemDisk.DiskName", "root"), ("SystemDisk.Size", "60")];
    let tag = [("Tag.1.Key", "team"), ("Tag.1.Value", "a"), ("DataDisk.1.Size", "20"), ("ZoneId", ZONE)];
    let id = stopped(&world, &[&kind[..3], &tag].concat());
    let settings = [("DeleteAutoSnapshot", "true"), ("EnableAutoSnapshot", "false"), ("DeleteWithInstance", "false")];
    let disk = text(&disks_of(&world, &id)[0], "DiskId");
    world.ecs("ModifyDiskAttribute", &[&[("DiskId", &*disk)], &settings[..]].concat());
    let old = disks_of(&world, &id);
    assert_eq!(old[0]["DeleteAutoSnapshot"], true);
    let new = replace(&world, &id, &[kind[3], ("KeyPairName", "pair")]);
    let now = disks_of(&world, &id);
    assert_eq!((now.len(), &now[1]), (2, &old[1]), "its data disk stays as it is");
    assert_eq!((&now[0]["DiskId"], now[0]["DiskId"] == old[0]["DiskId"]), (&(&*new).into(), false));
    assert_eq!((&now[0]["Size"], &now[0]["ImageId"]), (&60.into(), &OTHER_IMAGE.into()));
    for name in [
        "Device",
        "Type",
        "Status",
        "Category",
        "PerformanceLevel",
        "DiskName",
        "ZoneId",
        "Tags",
        settings[0].0,
        settings[1].0,
        settings[2].0,
    ] {
        assert_eq!(now[0][name], old[0][name], "{name}");
    }
    let shown = instance(&world, &id);
    assert_eq!((&shown["ImageId"], &shown["KeyPairName"]), (&OTHER_IMAGE.into(), &"pair".into()));
    assert!(text(&shown, "OSName").starts_with("Alibaba Cloud Linux"));
    assert_eq!(disks(&world, &[]).len(), 2);
    world.ecs("StartInstance", &[("InstanceId", &id)]);
    world.settle();
    assert_eq!(status(&world, &id), "Running");
}

#[test]
fn a_new_system_disk_without_a_size_has_what_a_new_instances_has() {
    let world = World::new();
    let id = stopped(&world, &[ESSD, ("SystemDisk.Size", "100")]);
    replace(&world, &id, &[]);
    assert_eq!(disks_of(&world, &id)[0]["Size"], 40);
    for (more, status, code) in [
        (&[("SystemDisk.Size", "19")][..], 404, "InvalidSystemDiskSize.LessThanMinSize"),
        (&[("SystemDisk.Size", "2049")], 404, "InvalidSystemDiskSize.MoreThanMaxSize"),
        (&[("SystemDisk.Size", "39"), ("ImageId", WINDOWS_IMAGE)], 404, "InvalidSystemDiskSize.LessThanImageSize"),
    ] {
        is_refused(&world, "ReplaceSystemDisk", &replacing(&id, more), status, code);
    }
}

#[test]
fn another_operating_system_makes_another_host() {
    let world = World::new();
    let id = stopped(&world, &[("HostName", "web.example"), ("KeyPairName", "pair")]);
    replace(&world, &id, &[("ImageId", WINDOWS_IMAGE), ("KeyPairName", "other")]);
    let shown = instance(&world, &id);
    assert_eq!((&shown["OSType"], &shown["KeyPairName"]), (&"windows".into(), &"".into()));
    assert!(text(&shown, "HostName").starts_with("iZ"), "a name that Windows does not take is replaced");
}

#[test]
fn a_new_system_disk_obeys_the_default_whatever_the_old_one_was() {
    let world = World::new();
    world.disk_encryption_role();
    let (key, other) = (world.customer_key(), world.customer_key());
    let id = stopped(&world, &[ESSD]);
    let after = |more: &[(&str, &str)]| {
        replace(&world, &id, more);
        keys_of(&world, &id)
    };
    let service = [("Encrypted", "true")];
    let chosen = [("Encrypted", "true"), ("KMSKeyId", &*other)];
    assert_eq!(after(&[]), [""]);
    assert_eq!(after(&service), [world.service_key_in(REGION)]);
    assert_eq!(after(&chosen), [&*other]);
    assert_eq!(after(&[]), [""], "what the old disk was encrypted with does not count");
    encrypt_by_default(&world, None);
    assert_eq!(after(&[]), [world.service_key_in(REGION)]);
    world.ecs("ModifyDiskDefaultKMSKeyId", &[HERE, ("KMSKeyId", &key)]);
    assert_eq!(after(&[]), [&*key]);
    assert_eq!(after(&service), [&*key]);
    assert_eq!(after(&chosen), [&*other]);
    let plain = replacing(&id, &[("Encrypted", "false")]);
    is_refused(&world, "ReplaceSystemDisk", &plain, 403, "InvalidEncrypted.NotMatchDiskDefaultEncryption");
    world.ecs("DisableDiskEncryptionByDefault", &[HERE]);
    assert_eq!(after(&[]), [""]);
}

#[test]
fn an_encrypted_image_passes_its_key_to_the_new_system_disk() {
    let world = World::new();
    world.disk_encryption_role();
    let (key, other) = (world.customer_key(), world.customer_key());
    let encrypted = own_image(&world, &[("SystemDisk.Encrypted", "true"), ("SystemDisk.KMSKeyId", &key)]);
    let id = stopped(&world, &[ESSD]);
    let from = ("ImageId", &*encrypted);
    replace(&world, &id, &[from]);
    assert_eq!(keys_of(&world, &id), [&*key]);
    replace(&world, &id, &[from, ("Encrypted", "true"), ("KMSKeyId", &other)]);
    assert_eq!(keys_of(&world, &id), [&*other]);
    let plain = replacing(&id, &[from, ("Encrypted", "false")]);
    is_refused(&world, "ReplaceSystemDisk", &plain, 403, "InvalidEncrypted.NotMatchSnapshot");
}

#[test]
fn a_key_that_can_not_be_used_leaves_the_old_system_disk_where_it_is() {
    let world = World::new();
    world.disk_encryption_role();
    let key = world.customer_key();
    let id = stopped(&world, &[ESSD]);
    let chosen = [("Encrypted", "true"), ("KMSKeyId", &*key)];
    let unusable = |more: &[(&str, &str)], status, code| {
        is_refused(&world, "ReplaceSystemDisk", &replacing(&id, more), status, code);
    };
    unusable(&[("KMSKeyId", &key)], 400, "InvalidParameter.EncryptedIllegal");
    unusable(&[("Encrypted", "true"), ("KMSKeyId", "none")], 404, "InvalidParameter.KMSKeyId.NotFound");
    world.root(Product::Kms, "DisableKey", &[("KeyId", &key)]);
    unusable(&chosen, 403, "InvalidParameter.KMSKeyId.CMKNotEnabled");
    world.root(Product::Kms, "EnableKey", &[("KeyId", &key)]);
    let role = ("RoleName", "AliyunECSDiskEncryptDefaultRole");
    let policy = [("PolicyType", "System"), ("PolicyName", "AliyunECSDiskEncryptRolePolicy"), role];
    world.root(Product::Ram, "DetachPolicyFromRole", &policy);
    unusable(&chosen, 403, "InvalidParameter.KMSKeyId.KMSUnauthorized");
    bootstrap::set_kms_service(&world.db, &world.account, KmsService::Suspended).unwrap();
    unusable(&chosen, 400, "InvalidParameter.KmsNotEnabled");
    bootstrap::set_kms_service(&world.db, &world.account, KmsService::Open).unwrap();
    encrypt_by_default(&world, None);
    let slow = stopped_on_slow_disk(&world);
    let silent = replacing(&slow, &[]);
    is_refused(&world, "ReplaceSystemDisk", &silent, 403, "NotSupportSnapshotEncrypted.DiskCategory");
}

/// An instance whose system disk is of a category that can't be encrypted, from before the default was on.
fn stopped_on_slow_disk(world: &World) -> String {
    world.ecs("DisableDiskEncryptionByDefault", &[HERE]);
    let id = stopped(world, &[("SystemDisk.Category", "cloud_efficiency")]);
    world.ecs("EnableDiskEncryptionByDefault", &[HERE]);
    id
}

#[test]
fn a_system_disk_is_replaced_only_while_its_instance_is_stopped_and_nothing_is_done_to_it() {
    let world = World::new();
    let refuses =
        |parameters: &[(&str, &str)], status, code| is_refused(&world, "ReplaceSystemDisk", parameters, status, code);
    let id = stopped(&world, &[ESSD]);
    let disk = text(&disks_of(&world, &id)[0], "DiskId");
    refuses(&replacing(NOWHERE, &[]), 404, "InvalidInstanceId.NotFound");
    refuses(&[("InstanceId", &id)], 400, "MissingParameter");
    refuses(&replacing(&id, &[("ImageId", "m-none")]), 404, "InvalidImageId.NotFound");
    refuses(&replacing(&id, &[("ImageId", ARM_IMAGE)]), 403, "ImageNotSupportInstanceType");
    refuses(&replacing(&id, &[("Password", "password")]), 400, "InvalidPassword.Malformed");
    refuses(
        &replacing(&id, &[("Password", "Passw0rd"), ("PasswordInherit", "true")]),
        400,
        "InvalidPasswordParam.Mismatch",
    );
    refuses(&replacing(&id, &[("KeyPairName", "1")]), 400, "InvalidParameter");
    refuses(&replacing(&id, &[("Arn.1.RoleType", "service")]), 403, "UserNotInTheWhiteList");
    world.ecs("StartInstance", &[("InstanceId", &id)]);
    refuses(&replacing(&id, &[]), 403, "IncorrectInstanceStatus");
    world.settle();
    refuses(&replacing(&id, &[]), 403, "IncorrectInstanceStatus");
    world.snapshot(&disk, &[]);
    world.ecs("StopInstance", &[("InstanceId", &id), ("ForceStop", "true")]);
    world.instance_is(&id, "Stopped");
    refuses(&replacing(&id, &[]), 403, "DiskCreatingSnapshot");
    world.settle();
    world.ecs("ReInitDisk", &[("DiskId", &disk)]);
    refuses(&replacing(&id, &[]), 403, "IncorrectDiskStatus");
    world.settle();
    world.ecs("DetachDisk", &[("InstanceId", &id), ("DiskId", &disk)]);
    refuses(&replacing(&id, &[]), 400, "InvalidInstance.NotFoundSystemDisk");
}

#[test]
fn an_image_with_data_disks_does_not_replace_a_system_disk() {
    let world = World::new();
    let source = running(&world, &[ESSD, ("DataDisk.1.Size", "20"), ("DataDisk.1.Category", "cloud_essd")]);
    let image = text(&world.ecs("CreateImage", &[HERE, ("InstanceId", &source)]), "ImageId");
    let id = stopped(&world, &[ESSD]);
    world.settle();
    let message = "The specified image contains the snapshot of the data disk,does not support this operation.";
    let refused = world.refused("ReplaceSystemDisk", &replacing(&id, &[("ImageId", &image)]));
    assert_eq!(refused, refusal(400, "OperationDenied", message));
}

#[test]
fn replacing_is_not_repeated_with_the_same_token_and_needs_permission() {
    let world = World::new();
    let id = stopped(&world, &[]);
    let first = replace(&world, &id, &[("ClientToken", "once")]);
    assert_eq!(replace(&world, &id, &[("ClientToken", "once")]), first);
    let other = replacing(&id, &[("ClientToken", "once"), ("SystemDisk.Size", "50")]);
    is_refused(&world, "ReplaceSystemDisk", &other, 400, "IdempotentParameterMismatch");
    let user = world.user("nobody", None);
    let (status, body) = world.call(&user, Product::Ecs, "ReplaceSystemDisk", &replacing(&id, &[]));
    assert_eq!((status, &body["Code"]), (403, &"Forbidden.RAM".into()));
    assert_eq!(world.call(&root(), Product::Ecs, "ReplaceSystemDisk", &replacing(&id, &[])).0, 200);
}
