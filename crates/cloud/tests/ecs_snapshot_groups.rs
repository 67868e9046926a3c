//! Snapshots by groups and by chains, and what they take.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_base::Region;
use coffer_cloud::Product;
use coffer_store::Record as _;
use coffer_store::snapshots::SnapshotGroup;
use serde_json::{Value, json};
use support::compute::{OTHER, copy_of, refusal};
use support::{REGION, World, text};

const MACHINE: &str = "i-bp1instance0000000001";
const HERE: (&str, &str) = ("RegionId", REGION);
const OF_MACHINE: (&str, &str) = ("InstanceId", MACHINE);

/// Names and values.
type Parameters<'a> = Vec<(&'a str, &'a str)>;

impl World {
    /// A running instance with a system disk and two data disks; their ids.
    fn machine(&self) -> [String; 3] {
        self.put_instance(MACHINE, "");
        let devices = ["/dev/xvda", "/dev/xvdb", "/dev/xvdc"];
        devices.map(|device| {
            let disk_id = self.disk(&[("DiskName", "part")]);
            self.attach(&disk_id, MACHINE, device);
            disk_id
        })
    }

    /// Begins a group; its id.
    fn group(&self, parameters: &[(&str, &str)]) -> String {
        text(&self.ecs("CreateSnapshotGroup", &[&[HERE], parameters].concat()), "SnapshotGroupId")
    }

    fn groups(&self, parameters: &[(&str, &str)]) -> Vec<Value> {
        let listed = self.ecs("DescribeSnapshotGroups", &[&[HERE], parameters].concat());
        listed["SnapshotGroups"]["SnapshotGroup"].as_array().unwrap().clone()
    }

    fn links(&self, parameters: &[(&str, &str)]) -> Vec<Value> {
        let listed = self.ecs("DescribeSnapshotLinks", &[&[HERE], parameters].concat());
        listed["SnapshotLinks"]["SnapshotLink"].as_array().unwrap().clone()
    }
}

fn members(group: &Value) -> Vec<Value> {
    group["Snapshots"]["Snapshot"].as_array().unwrap().clone()
}

/// The disks of a group's snapshots, in order of ids.
fn disks_of(group: &Value) -> Vec<String> {
    let mut ids: Vec<String> = members(group).iter().map(|member| text(member, "SourceDiskId")).collect();
    ids.sort();
    ids
}

fn sorted(ids: &[&String]) -> Vec<String> {
    let mut ids: Vec<String> = ids.iter().map(|id| (*id).clone()).collect();
    ids.sort();
    ids
}

#[test]
fn a_group_has_a_snapshot_of_each_disk_and_is_accomplished_with_the_last_of_them() {
    let world = World::new();
    let [system, data, other] = world.machine();
    let given = [("Name", "nightly"), ("Description", "all of it"), ("Tag.1.Key", "team"), ("Tag.1.Value", "blue")];
    let effectless = [("InstantAccess", "true"), ("InstantAccessRetentionDays", "3")];
    let group_id = world.group(&[&[OF_MACHINE], given.as_slice(), &effectless].concat());
    assert!(group_id.starts_with("ssg-bp1"), "{group_id}");
    let shown = world.groups(&[]).remove(0);
    assert_eq!(shown["Status"], "progressing");
    assert!(members(&shown).iter().all(|member| member["Progress"] == "0%" && member["Available"] == false));
    let begun = world.clock.now().to_iso8601();
    world.advance(1000);
    let shown = world.groups(&[]).remove(0);
    assert_eq!(disks_of(&shown), sorted(&[&system, &data, &other]));
    let mut without_members = shown.clone();
    without_members.as_object_mut().unwrap().remove("Snapshots");
    assert_eq!(
        without_members,
        json!({
            "CreationTime": begun, "Description": "all of it", "InstanceId": MACHINE, "Name": "nightly",
            "ResourceGroupId": "", "SnapshotGroupId": group_id, "Status": "accomplished",
            "Tags": {"Tag": [{"Key": "team", "Value": "blue"}]},
        })
    );
    let of_system = members(&shown).into_iter().find(|member| member["SourceDiskId"] == system.as_str()).unwrap();
    assert_eq!(
        of_system,
        json!({
            "Available": true, "InstantAccess": false, "Progress": "100%", "SnapshotId": of_system["SnapshotId"],
            "SourceDiskId": system, "SourceDiskType": "system", "Tags": {"Tag": []},
        })
    );
    assert_eq!(world.snapshots(&[]).len(), 3);
}

#[test]
fn disks_are_taken_or_left_out_by_name_also_without_an_instance() {
    let world = World::new();
    let [system, data, other] = world.machine();
    let loose = world.used_disk(&[]);
    let cases: Vec<(Parameters<'_>, Vec<&String>)> = vec![
        (vec![OF_MACHINE, ("DiskId.1", &data)], vec![&data]),
        (vec![OF_MACHINE, ("ExcludeDiskId.1", &data)], vec![&system, &other]),
        (vec![("DiskId.1", &data), ("DiskId.2", &loose)], vec![&data, &loose]),
    ];
    for (parameters, expected) in cases {
        let group_id = world.group(&parameters);
        world.settle();
        let shown = world.groups(&[("SnapshotGroupId.1", &group_id)]).remove(0);
        assert_eq!(disks_of(&shown), sorted(&expected), "{parameters:?}");
        let instance = if parameters[0] == OF_MACHINE { MACHINE } else { "" };
        assert_eq!(shown["InstanceId"], instance);
    }
}

#[test]
fn a_group_is_made_of_all_its_disks_or_not_at_all() {
    let world = World::new();
    world.disk_encryption_role();
    let key = world.customer_key();
    let [_, data, _] = world.machine();
    let secret = world.disk(&[("Encrypted", "true"), ("KMSKeyId", &key)]);
    world.attach(&secret, MACHINE, "/dev/xvdd");
    let refused = || world.refused("CreateSnapshotGroup", &[HERE, OF_MACHINE]);
    let busy = world.snapshot(&data, &[]);
    let message = "A previous snapshot creation is in process.";
    assert_eq!(refused(), refusal(403, "IncorrectDiskStatus.CreatingSnapshot", message));
    world.settle();
    world.ecs("DeleteSnapshot", &[("SnapshotId", &busy)]);
    world.root(Product::Kms, "DisableKey", &[("KeyId", &key)]);
    let message = "The CMK needs to be enabled.";
    assert_eq!(refused(), refusal(403, "InvalidParameter.KMSKeyId.CMKNotEnabled", message));
    world.root(Product::Kms, "EnableKey", &[("KeyId", &key)]);
    world.instance_is(MACHINE, "Stopping");
    let message = "The current status of the resource does not support this operation.";
    assert_eq!(refused(), refusal(400, "IncorrectInstanceStatus", message));
    world.instance_is(MACHINE, "Stopped");
    assert!(world.snapshots(&[]).is_empty() && world.groups(&[]).is_empty());
    world.group(&[OF_MACHINE]);
    assert_eq!(refused().1, "IncorrectDiskStatus.CreatingSnapshot");
    world.settle();
    let encrypted = world.snapshots(&[("Encrypted", "true")]);
    assert_eq!((encrypted.len(), &encrypted[0]["KMSKeyId"]), (1, &json!(key)));
}

#[test]
fn disks_that_make_no_group_are_named() {
    let world = World::new();
    let [system, data, _] = world.machine();
    let big = world.used_disk(&[("Size", "32760")]);
    let elsewhere = world.used_disk(&[("ZoneId", "cn-hangzhou-g")]);
    let slow = world.used_disk(&[("DiskCategory", "cloud_efficiency")]);
    let shared = world.used_disk(&[("MultiAttach", "Enabled")]);
    let fresh = world.disk(&[]);
    world.put_instance("i-bp1empty", "");
    let many: Vec<(String, String)> = (1..=17).map(|n| (format!("DiskId.{n}"), format!("d-bp1{n}"))).collect();
    let many: Parameters<'_> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let absent = refusal(404, "InvalidDiskId.NotFound", "The specified DiskId does not exist.");
    let first = ("DiskId.1", data.as_str());
    let conflict = "The use of parameter 'ExcludeDiskIds' and 'DiskIds' at the same time is not supported.";
    let cases: Vec<(Parameters<'_>, _)> = vec![
        (vec![], refusal(400, "MissingParamter.InstanceId", "The specified InstanceId should not be null.")),
        (
            vec![OF_MACHINE, first, ("ExcludeDiskId.1", &system)],
            refusal(400, "InvalidParam.ExcludeDiskIdsAndDiskIds.Conflict", conflict),
        ),
        (
            vec![("InstanceId", "i-bp1nobody")],
            refusal(404, "InvalidInstanceId.NotFound", "The specified InstanceId does not exist."),
        ),
        (
            vec![("InstanceId", "i-bp1empty")],
            refusal(403, "InvalidInstance.NoDisk", "There is no disk mounted on the instance."),
        ),
        (vec![OF_MACHINE, ("DiskId.1", &fresh)], absent.clone()),
        (vec![OF_MACHINE, ("ExcludeDiskId.1", &fresh)], absent.clone()),
        (vec![first, ("DiskId.2", "d-bp1nobody")], absent),
        (many, refusal(403, "NumberExceed.TooManyDisks", "The number of all disks in the request exceeds.")),
        (
            vec![first, ("DiskId.2", &big)],
            refusal(403, "CapacityExceed.TooManyDisks", "The capacity of all disks in the request exceeds."),
        ),
        (
            vec![first, ("DiskId.2", &elsewhere)],
            refusal(400, "InvalidDiskIds.NotInSameZone", "The specified disks are not in the same availability zone."),
        ),
        (
            vec![first, ("DiskId.2", &slow)],
            refusal(
                400,
                "DiskCategory.OperationNotSupported",
                "The operation is not supported to the specified disk due to its disk category.",
            ),
        ),
        (
            vec![first, ("DiskId.2", &shared)],
            refusal(403, "InvalidOperation.MultiAttachDisk", "Multi attach disk does not support this operation."),
        ),
        (
            vec![first, ("DiskId.2", &fresh)],
            refusal(
                403,
                "IncorrectDiskStatus.NeverAttached",
                "The specified disk has never been attached to any instance.",
            ),
        ),
        (
            vec![first, ("DiskId.2", &data)],
            refusal(400, "InvalidParameter", r#"The specified parameter "DiskId" is not valid."#),
        ),
        (vec![OF_MACHINE, ("Name", "x")], refusal(400, "InvalidParameter.Name", "The specified Name is invalid.")),
        (
            vec![OF_MACHINE, ("Description", "x")],
            refusal(400, "InvalidParameter.Description", "The specified Description is invalid."),
        ),
    ];
    for (parameters, expected) in cases {
        let all: Vec<_> = [HERE].into_iter().chain(parameters).collect();
        assert_eq!(world.refused("CreateSnapshotGroup", &all), expected, "{all:?}");
    }
    assert!(world.snapshots(&[]).is_empty() && world.groups(&[]).is_empty());
}

#[test]
fn a_retry_with_a_client_token_makes_one_group() {
    let world = World::new();
    world.machine();
    let token = ("ClientToken", "once");
    assert_eq!(world.group(&[OF_MACHINE, token]), world.group(&[OF_MACHINE, token]));
    let refused = world.refused("CreateSnapshotGroup", &[HERE, OF_MACHINE, token, ("Name", "other")]);
    assert_eq!(refused, refusal(403, "IdempotentParameterMismatch", "The specified clientToken is used."));
}

#[test]
fn every_filter_of_the_groups_filters_and_pages_are_as_long_as_asked() {
    let world = World::new();
    let [_, data, _] = world.machine();
    let loose = world.used_disk(&[]);
    let first = world.group(&[OF_MACHINE, ("Name", "first"), ("Tag.1.Key", "team")]);
    world.settle();
    world.advance(1000);
    let second = world.group(&[("DiskId.1", &loose)]);
    let ids = |parameters: &[(&str, &str)]| -> Vec<String> {
        world.groups(parameters).iter().map(|group| text(group, "SnapshotGroupId")).collect()
    };
    let cases: Vec<(Parameters<'_>, Vec<&String>)> = vec![
        (vec![], vec![&second, &first]),
        (vec![OF_MACHINE], vec![&first]),
        (vec![("InstanceId", "i-bp1nobody")], vec![]),
        (vec![("Name", "first")], vec![&first]),
        (vec![("SnapshotGroupId.1", &second), ("SnapshotGroupId.2", "ssg-bp1nobody")], vec![&second]),
        (vec![("Status.1", "progressing")], vec![&second]),
        (vec![("Status.1", "accomplished"), ("Status.2", "failed")], vec![&first]),
        (vec![("Tag.1.Key", "team")], vec![&first]),
        (vec![("ResourceGroupId", "rg-1")], vec![]),
        (vec![OF_MACHINE, ("Status.1", "progressing")], vec![]),
    ];
    for (parameters, expected) in cases {
        assert_eq!(ids(&parameters), expected.into_iter().cloned().collect::<Vec<_>>(), "{parameters:?}");
    }
    world.settle();
    world.advance(1000);
    let third = world.group(&[("DiskId.1", &data)]);
    let page = |token: &str| {
        let shown = world.ecs("DescribeSnapshotGroups", &[HERE, ("MaxResults", "1"), ("NextToken", token)]);
        let groups = shown["SnapshotGroups"]["SnapshotGroup"].as_array().unwrap().clone();
        assert_eq!(groups.len(), 1);
        (text(&groups[0], "SnapshotGroupId"), text(&shown, "NextToken"))
    };
    let (newest, token) = page("");
    let (middle, last_token) = page(&token);
    let (oldest, end) = page(&last_token);
    assert_eq!([newest, middle, oldest, end], [third, second, first, String::new()]);
    let invalid =
        |name: &str| refusal(400, "InvalidParameter", &format!("The specified parameter \"{name}\" is not valid."));
    let status =
        "The specified parameter status is not valid. The expected status is progressing, accomplished or failed.";
    let cases = [
        (("MaxResults", "0"), invalid("MaxResults")),
        (("MaxResults", "101"), invalid("MaxResults")),
        (("NextToken", "made-up"), invalid("NextToken")),
        (("AdditionalAttributes.1", "SNAPSHOT_GROUP_PROGRESS_STATUS"), invalid("AdditionalAttributes")),
        (("Status.1", "done"), refusal(403, "InvalidStatus.ValueNotSupported", status)),
    ];
    for (parameter, expected) in cases {
        assert_eq!(world.refused("DescribeSnapshotGroups", &[HERE, parameter]), expected, "{parameter:?}");
    }
    let refused = world.refused("DescribeSnapshotGroups", &[("RegionId", "cn-atlantis")]);
    let message = "The RegionId provided does not exist in our records.";
    assert_eq!(refused, refusal(404, "InvalidRegionId.NotFound", message));
}

#[test]
fn a_group_goes_with_its_snapshots_but_for_those_that_are_needed() {
    let world = World::new();
    let [system, data, other] = world.machine();
    let group_id = world.group(&[OF_MACHINE, ("Tag.1.Key", "x")]);
    world.settle();
    let snapshot_of = |disk_id: &String| text(&world.snapshots(&[("DiskId", disk_id)])[0], "SnapshotId");
    let [system, data, other] = [system, data, other].map(|disk_id| snapshot_of(&disk_id));
    world.ecs("CreateImage", &[HERE, ("SnapshotId", &system)]);
    world.disk(&[("SnapshotId", &data)]);
    let id = ("SnapshotGroupId", group_id.as_str());
    let progress = world.ecs("DeleteSnapshotGroup", &[HERE, id]);
    let progress = progress["OperationProgressSet"]["OperationProgress"].as_array().unwrap().clone();
    let of = |snapshot_id: &String| {
        let found = progress.iter().find(|p| p["RelatedItemSet"]["RelatedItem"][0]["Value"] == snapshot_id.as_str());
        let found = found.unwrap();
        assert_eq!(found["RelatedItemSet"]["RelatedItem"][0]["Name"], "SnapshotId");
        ["OperationStatus", "ErrorCode", "ErrorMsg"].map(|name| text(found, name))
    };
    assert_eq!(progress.len(), 3);
    let image = "The snapshot has been used to create user defined image(s).";
    assert_eq!(of(&system), ["Failed", "SnapshotCreatedImage", image]);
    assert_eq!(of(&data), ["Failed", "SnapshotCreatedDisk", "The snapshot has been used to create disk(s)."]);
    assert_eq!(of(&other), ["Success", "", ""]);
    assert!(world.groups(&[]).is_empty());
    assert_eq!(world.snapshot_shown(REGION, &other), Value::Null);
    // What stayed stands by itself.
    world.ecs("DeleteSnapshot", &[("SnapshotId", &data), ("Force", "true")]);
    assert_eq!(world.snapshots(&[]).len(), 1);
    let message = "The SnapshotGroupId provided does not exist in our records.";
    let refused = world.refused("DeleteSnapshotGroup", &[HERE, id]);
    assert_eq!(refused, refusal(404, "InvalidSnapshotGroup.NotFound", message));
    let refused = world.refused("DeleteSnapshotGroup", &[("RegionId", "cn-atlantis"), id]);
    assert_eq!((refused.0, refused.1.as_str()), (404, "InvalidRegionId.NotFound"));
}

#[test]
fn a_group_is_accomplished_when_its_last_unfinished_snapshot_is_deleted_and_given_up_with_all_of_them() {
    let world = World::new();
    let [_, data, other] = world.machine();
    let group_id = world.group(&[OF_MACHINE, ("DiskId.1", &data), ("DiskId.2", &other)]);
    for disk_id in [&data, &other] {
        assert_eq!(world.groups(&[])[0]["Status"], "progressing");
        let snapshot_id = text(&world.snapshots(&[("DiskId", disk_id)])[0], "SnapshotId");
        world.ecs("DeleteSnapshot", &[("SnapshotId", &snapshot_id)]);
    }
    let shown = world.groups(&[]).remove(0);
    assert_eq!((&shown["Status"], members(&shown).len()), (&json!("accomplished"), 0));
    world.ecs("DeleteSnapshotGroup", &[HERE, ("SnapshotGroupId", &group_id)]);
    let unfinished = world.group(&[OF_MACHINE]);
    world.ecs("DeleteSnapshotGroup", &[HERE, ("SnapshotGroupId", &unfinished)]);
    world.settle();
    assert!(world.snapshots(&[]).is_empty() && world.groups(&[]).is_empty());
}

#[test]
fn chains_show_their_disk_and_how_many_snapshots_they_have() {
    let world = World::new();
    let [system, data, _] = world.machine();
    let of_system = world.done_snapshot(&system, &[]);
    world.advance(1000);
    let of_data = [(); 2].map(|()| world.done_snapshot(&data, &[]));
    world.advance(1000);
    let loose = world.used_disk(&[("DiskName", "loose"), ("Size", "30")]);
    let of_loose = world.done_snapshot(&loose, &[]);
    let links = world.links(&[]);
    let disks: Vec<String> = links.iter().map(|link| text(link, "SourceDiskId")).collect();
    assert_eq!(disks, [loose.clone(), data.clone(), system.clone()]);
    let chain = format!("sl-{}", &data[2..]);
    // An empty snapshot takes what says that it is empty.
    let size = links[1]["TotalSize"].as_u64().unwrap();
    assert!((1..1 << 20).contains(&size), "{size}");
    assert_eq!(
        links[1],
        json!({
            "Category": "standard", "InstanceId": MACHINE, "InstanceName": "web", "InstantAccess": false,
            "RegionId": REGION, "SnapshotLinkId": chain, "SourceDiskId": data, "SourceDiskName": "part",
            "SourceDiskSize": 20, "SourceDiskType": "data", "TotalCount": 2, "TotalSize": size,
        })
    );
    assert_eq!(world.snapshot_shown(REGION, &of_data[0])["SnapshotLinkId"], chain.as_str());
    // A chain outlives its disk, though not the disk's name.
    world.ecs("DeleteDisk", &[("DiskId", &loose)]);
    let shown = world.links(&[("DiskIds", &format!("[\"{loose}\"]"))]).remove(0);
    let shown = ["SourceDiskName", "InstanceId", "SourceDiskSize", "TotalCount"].map(|name| shown[name].clone());
    assert_eq!(Value::from(shown.to_vec()), json!(["", "", 30, 1]));
    for snapshot_id in [&of_system, &of_loose] {
        world.ecs("DeleteSnapshot", &[("SnapshotId", snapshot_id)]);
    }
    assert_eq!(world.links(&[]).len(), 1);
}

#[test]
fn every_filter_of_the_chains_filters_and_pages_show_each_once() {
    let world = World::new();
    let [system, data, _] = world.machine();
    for disk_id in [&system, &data] {
        world.done_snapshot(disk_id, &[]);
    }
    for _ in 0..12 {
        let disk_id = world.used_disk(&[]);
        world.done_snapshot(&disk_id, &[]);
    }
    let (chain, disk) = (format!("[\"sl-{}\", \"sl-x\"]", &data[2..]), format!("[\"{system}\"]"));
    let page = ("PageSize", "100");
    let counts: Vec<(Parameters<'_>, usize)> = vec![
        (vec![page], 14),
        (vec![OF_MACHINE], 2),
        (vec![("DiskIds", &disk)], 1),
        (vec![("SnapshotLinkIds", &chain)], 1),
        (vec![("SnapshotLinkIds", &chain), ("DiskIds", &disk)], 0),
        (vec![OF_MACHINE, ("DiskIds", &disk)], 1),
        (vec![("DiskIds", "[]")], 0),
        (vec![("SnapshotLinkIds", "[]")], 0),
    ];
    for (parameters, expected) in counts {
        assert_eq!(world.links(&parameters).len(), expected, "{parameters:?}");
    }
    let id = |link: &Value| text(link, "SnapshotLinkId");
    let all: Vec<String> = world.links(&[page]).iter().map(id).collect();
    let mut by_number = Vec::new();
    for number in ["1", "2", "3"] {
        by_number.extend(world.links(&[("PageSize", "5"), ("PageNumber", number)]).iter().map(id));
    }
    assert_eq!(by_number, all);
    let first = world.ecs("DescribeSnapshotLinks", &[HERE, ("MaxResults", "10")]);
    let token = text(&first, "NextToken");
    let rest = world.links(&[("NextToken", &token)]);
    assert_eq!(rest.iter().map(id).collect::<Vec<_>>(), all[10..]);
    let numbered = world.ecs("DescribeSnapshotLinks", &[HERE, ("PageSize", "5")]);
    assert_eq!((&numbered["TotalCount"], &numbered["PageNumber"]), (&json!(14), &json!(1)));
    let invalid = refusal(400, "InvalidParameter", r#"The specified parameter "NextToken" is not valid."#);
    let other_filter = [HERE, ("NextToken", token.as_str()), OF_MACHINE];
    assert_eq!(world.refused("DescribeSnapshotLinks", &other_filter), invalid);
    let cases = [
        (("DiskIds", "d-1"), refusal(400, "InvalidDiskIds", "The specified diskIds is invalid.")),
        (
            ("SnapshotLinkIds", "sl-1"),
            refusal(400, "InvalidSnapshotLinkIds", "The specified snapshotLinkIds is invalid."),
        ),
        (
            ("InstanceId", "i-bp1nobody"),
            refusal(400, "InvalidInstanceId.NotFound", "The specified instanceId is not exists."),
        ),
    ];
    for (parameter, expected) in cases {
        assert_eq!(world.refused("DescribeSnapshotLinks", &[HERE, parameter]), expected, "{parameter:?}");
    }
    let refused = world.refused("DescribeSnapshotLinks", &[("RegionId", "cn-atlantis")]);
    assert_eq!(refused, refusal(400, "InvalidRegionId", "The specified regionId is invalid."));
}

#[test]
fn usage_counts_what_is_in_a_region() {
    let world = World::new();
    let disk_id = world.used_disk(&[]);
    let usage = |region: &str| {
        let usage = world.ecs("DescribeSnapshotsUsage", &[("RegionId", region)]);
        [usage["SnapshotCount"].as_i64().unwrap(), usage["SnapshotSize"].as_i64().unwrap()]
    };
    assert_eq!(usage(REGION), [0, 0]);
    let snapshot_id = world.done_snapshot(&disk_id, &[]);
    let [_, one] = usage(REGION);
    world.done_snapshot(&disk_id, &[]);
    world.ecs("CopySnapshot", &copy_of(&snapshot_id, OTHER, &[]));
    assert_eq!((usage(REGION), usage(OTHER)), ([2, 2 * one], [1, 0]));
    world.settle();
    world.ecs("DeleteSnapshot", &[("SnapshotId", &snapshot_id)]);
    assert_eq!((usage(REGION), usage(OTHER)), ([1, one], [1, one]));
    let refused = world.refused("DescribeSnapshotsUsage", &[("RegionId", "cn-atlantis")]);
    assert_eq!(refused, refusal(403, "InvalidParam.RegionId", "The specified region is not exist."));
}

#[test]
fn another_account_has_no_part_in_groups_and_chains() {
    let (world, _, neighbour) = World::with_neighbour();
    world.machine();
    let group_id = world.group(&[OF_MACHINE]);
    world.settle();
    let call = |action, parameters: &[(&str, &str)]| world.call(&neighbour, Product::Ecs, action, parameters).1;
    assert_eq!(call("DescribeSnapshotGroups", &[HERE])["SnapshotGroups"]["SnapshotGroup"], json!([]));
    assert_eq!(call("DescribeSnapshotLinks", &[HERE])["SnapshotLinks"]["SnapshotLink"], json!([]));
    assert_eq!(call("DescribeSnapshotsUsage", &[HERE])["SnapshotCount"], 0);
    assert_eq!(call("CreateSnapshotGroup", &[HERE, OF_MACHINE])["Code"], "InvalidInstanceId.NotFound");
    let deleted = call("DeleteSnapshotGroup", &[HERE, ("SnapshotGroupId", &group_id)]);
    assert_eq!(deleted["Code"], "InvalidSnapshotGroup.NotFound");
}

#[test]
fn a_page_of_a_hundred_full_groups_is_shown() {
    let world = World::new();
    let disk = world.used_disk(&[]);
    for place in 0..100 {
        let group = SnapshotGroup {
            snapshot_group_id: format!("ssg-bp1{place:017}"),
            account: world.account.clone(),
            region: Region::parse(REGION).unwrap(),
            group_name: String::new(),
            description: String::new(),
            instance_id: String::new(),
            status: "accomplished".to_owned(),
            created_at: world.clock.now(),
        };
        for _ in 0..16 {
            let id = group.snapshot_group_id.clone();
            support::disks::snapshot(&world, &disk, "accomplished", |snapshot| snapshot.group_id = id);
        }
        world.store(move |tx| group.insert(tx));
    }
    let listed = world.ecs("DescribeSnapshotGroups", &[HERE, ("MaxResults", "100")]);
    let groups = listed["SnapshotGroups"]["SnapshotGroup"].as_array().unwrap();
    assert_eq!(groups.len(), 100);
    assert!(groups.iter().all(|group| members(group).len() == 16));
}
