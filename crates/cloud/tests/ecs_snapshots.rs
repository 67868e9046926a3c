//! Snapshots: made, listed, changed, deleted.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use coffer_store::Record as _;
use coffer_store::snapshots::Snapshot;
use serde_json::{Value, json};
use support::compute::{DAY_MS, OTHER, copy_of, refusal};
use support::{REGION, World, text};

/// Names and values.
type Parameters<'a> = Vec<(&'a str, &'a str)>;

#[test]
fn a_snapshot_is_progressing_and_then_accomplished_and_shows_what_it_was_made_of() {
    let world = World::new();
    let disk_id = world.used_disk(&[]);
    let given =
        [("SnapshotName", "first"), ("Description", "before"), ("Category", "Standard"), ("RetentionDays", "7")];
    let tags = [("Tag.1.Key", "team"), ("Tag.1.Value", "blue")];
    let snapshot_id = world.snapshot(&disk_id, &[given.as_slice(), &tags].concat());
    assert!(snapshot_id.starts_with("s-bp1") && snapshot_id.len() == 22, "{snapshot_id}");
    let shown = world.snapshot_shown(REGION, &snapshot_id);
    assert_eq!((&shown["Status"], &shown["Progress"]), (&json!("progressing"), &json!("0%")));
    assert_eq!((&shown["Available"], shown.get("RemainTime")), (&json!(false), None));
    world.advance(5000);
    let now = world.clock.now().to_iso8601();
    assert_eq!(
        world.snapshot_shown(REGION, &snapshot_id),
        json!({
            "Available": true, "Category": "standard", "CreationTime": shown["CreationTime"], "Description": "before",
            "Encrypted": false, "InstantAccess": false, "KMSKeyId": "", "LastModifiedTime": now, "ProductCode": "",
            "Progress": "100%", "RegionId": REGION, "RemainTime": 0, "ResourceGroupId": "", "RetentionDays": 7,
            "SnapshotId": snapshot_id, "SnapshotLinkId": format!("sl-{}", &disk_id[2..]), "SnapshotName": "first",
            "SnapshotSN": &snapshot_id[2..], "SnapshotType": "user", "SourceDiskId": disk_id, "SourceDiskSize": "20",
            "SourceDiskType": "data", "SourceRegionId": REGION, "SourceSnapshotId": "", "SourceStorageType": "disk",
            "Status": "accomplished", "Tags": {"Tag": [{"TagKey": "team", "TagValue": "blue"}]}, "Usage": "none",
        })
    );
}

#[test]
fn a_snapshot_without_a_name_or_an_end_shows_none_and_effectless_parameters_are_accepted() {
    let world = World::new();
    let disk_id = world.used_disk(&[]);
    let effectless = [("InstantAccess", "true"), ("InstantAccessRetentionDays", "3"), ("Category", "flash")];
    let shown = world.snapshot_shown(REGION, &world.done_snapshot(&disk_id, &effectless));
    assert_eq!((&shown["SnapshotName"], shown.get("RetentionDays")), (&json!(""), None));
    assert_eq!((&shown["Category"], &shown["InstantAccess"]), (&json!("flash"), &json!(false)));
}

#[test]
fn an_encrypted_disks_snapshot_has_a_data_key_of_its_own_under_the_same_key() {
    let world = World::new();
    world.disk_encryption_role();
    let key = world.customer_key();
    let disk_id = world.used_disk(&[("Encrypted", "true"), ("KMSKeyId", &key)]);
    let [first, second] = [(); 2].map(|()| world.done_snapshot(&disk_id, &[]));
    let shown = world.snapshot_shown(REGION, &first);
    assert_eq!((&shown["Encrypted"], &shown["KMSKeyId"]), (&json!(true), &json!(key)));
    let [first, second] = [world.snapshot_row(&first), world.snapshot_row(&second)];
    assert!(first.wrapped_data_key.is_some());
    assert_ne!(first.wrapped_data_key, second.wrapped_data_key);
    assert_eq!(first.snapshot_link_id, second.snapshot_link_id);
}

#[test]
fn the_key_must_be_usable_to_make_a_snapshot_and_is_not_needed_to_delete_one() {
    let world = World::new();
    world.disk_encryption_role();
    let key = world.customer_key();
    let disk_id = world.used_disk(&[("Encrypted", "true"), ("KMSKeyId", &key)]);
    let snapshot_id = world.done_snapshot(&disk_id, &[]);
    world.root(Product::Kms, "DisableKey", &[("KeyId", &key)]);
    let refused = world.refused("CreateSnapshot", &[("DiskId", &disk_id)]);
    let expected = refusal(403, "InvalidParameter.KMSKeyId.CMKNotEnabled", "The CMK needs to be enabled.");
    assert_eq!(refused, expected);
    assert_eq!(world.snapshots(&[]).len(), 1);
    world.ecs("DeleteSnapshot", &[("SnapshotId", &snapshot_id)]);
    world.root(Product::Kms, "EnableKey", &[("KeyId", &key)]);
    let policy = [("PolicyType", "System"), ("PolicyName", "AliyunECSDiskEncryptRolePolicy")];
    let role = ("RoleName", "AliyunECSDiskEncryptDefaultRole");
    world.root(Product::Ram, "DetachPolicyFromRole", &[policy[0], policy[1], role]);
    let refused = world.refused("CreateSnapshot", &[("DiskId", &disk_id)]);
    let message = "ECS service have no right to access your KMS.";
    assert_eq!(refused, refusal(403, "InvalidParameter.KMSKeyId.KMSUnauthorized", message));
    world.root(Product::Ram, "AttachPolicyToRole", &[policy[0], policy[1], role]);
    world.root(Product::Kms, "ScheduleKeyDeletion", &[("KeyId", &key), ("PendingWindowInDays", "7")]);
    assert_eq!(world.refused("CreateSnapshot", &[("DiskId", &disk_id)]), expected);
    world.advance(8 * DAY_MS);
    let refused = world.refused("CreateSnapshot", &[("DiskId", &disk_id)]);
    let message = "The specified KMSKeyId does not exist.";
    assert_eq!(refused, refusal(400, "InvalidParameter.KMSKeyId.NotFound", message));
}

#[test]
fn only_a_disk_that_was_attached_once_and_is_at_rest_has_snapshots() {
    let world = World::new();
    let disk_id = world.disk(&[]);
    let refused = || world.refused("CreateSnapshot", &[("DiskId", &disk_id)]);
    let message = "The specified disk has never been attached to any instance.";
    assert_eq!(refused(), refusal(403, "IncorrectDiskStatus.NeverAttached", message));
    world.put_instance("i-bp1instance0000000001", "");
    world.attach(&disk_id, "i-bp1instance0000000001", "/dev/xvdb");
    for status in ["Pending", "Starting", "Stopping"] {
        world.instance_is("i-bp1instance0000000001", status);
        let message = "The current status of the resource does not support this operation.";
        assert_eq!(refused(), refusal(400, "IncorrectInstanceStatus", message), "{status}");
    }
    for status in ["Attaching", "Detaching", "Creating", "ReIniting"] {
        world.change_disk(&disk_id, move |disk| disk.status = status.to_owned());
        let message = "The current disk status does not support this operation.";
        assert_eq!(refused(), refusal(403, "IncorrectDiskStatus", message), "{status}");
    }
    world.change_disk(&disk_id, |disk| disk.status = "In_use".to_owned());
    for status in ["Running", "Stopped"] {
        world.instance_is("i-bp1instance0000000001", status);
        world.done_snapshot(&disk_id, &[]);
    }
    world.change_disk(&disk_id, |disk| disk.category = "elastic_ephemeral_disk_premium".to_owned());
    let message = "The type of the specified disk does not support creating a snapshot.";
    assert_eq!(refused(), refusal(400, "DiskCategory.OperationNotSupported", message));
}

#[test]
fn of_two_racing_snapshots_of_a_disk_the_second_is_refused_and_copies_do_not_count() {
    let world = World::new();
    let disk_id = world.used_disk(&[]);
    let first = world.snapshot(&disk_id, &[]);
    let refused = world.refused("CreateSnapshot", &[("DiskId", &disk_id)]);
    let message = "A previous snapshot creation is in process.";
    assert_eq!(refused, refusal(403, "IncorrectDiskStatus.CreatingSnapshot", message));
    world.settle();
    world.ecs("CopySnapshot", &copy_of(&first, OTHER, &[]));
    world.done_snapshot(&disk_id, &[]);
}

#[test]
fn a_disk_has_at_most_256_snapshots() {
    let world = World::new();
    let disk_id = world.used_disk(&[]);
    let template = world.snapshot_row(&world.done_snapshot(&disk_id, &[]));
    world.store(move |tx| {
        (1..256).try_for_each(|n| Snapshot { snapshot_id: format!("s-bp1filler{n}"), ..template.clone() }.insert(tx))
    });
    let refused = world.refused("CreateSnapshot", &[("DiskId", &disk_id)]);
    assert_eq!(refused, refusal(403, "QuotaExceed.Snapshot", "The snapshot quota exceeds."));
    world.ecs("DeleteSnapshot", &[("SnapshotId", "s-bp1filler1")]);
    world.done_snapshot(&disk_id, &[]);
}

#[test]
fn what_a_request_for_a_snapshot_may_not_say_is_named() {
    let world = World::new();
    let disk_id = world.used_disk(&[]);
    let long = "x".repeat(129);
    let name = refusal(400, "InvalidSnapshotName.Malformed", "The specified SnapshotName is wrongly formed.");
    let about = refusal(404, "InvalidDescription.Malformed", "The specified description is wrongly formed.");
    let days = refusal(400, "InvalidRetentionDays.Malformed", "The specified RetentionDays is not valid.");
    let category = refusal(403, "InvalidSnapshotCategory.Malformed", "The specified Category is not valid.");
    let group = "The ResourceGroup provided does not exist in our records.";
    let cases = [
        ("SnapshotName", "auto2026", name.clone()),
        ("SnapshotName", "1st", name.clone()),
        ("SnapshotName", "a", name.clone()),
        ("SnapshotName", &long, name.clone()),
        ("SnapshotName", "https://x", name),
        ("Description", "https://x", about.clone()),
        ("Description", "x", about),
        ("RetentionDays", "0", days.clone()),
        ("RetentionDays", "65537", days.clone()),
        ("RetentionDays", "week", days),
        ("Category", "archive", category.clone()),
        ("Category", "fast", category),
        ("ResourceGroupId", "rg-1", refusal(404, "InvalidResourceGroup.NotFound", group)),
        (
            "StorageLocationArn",
            "arn",
            refusal(400, "InvalidParameter", r#"The specified parameter "StorageLocationArn" is not valid."#),
        ),
        ("Tag.1.Key", "acs:x", refusal(400, "InvalidTagKey.Malformed", "The specified Tag.n.Key is not valid.")),
    ];
    for (parameter, value, expected) in cases {
        let refused = world.refused("CreateSnapshot", &[("DiskId", &disk_id), (parameter, value)]);
        assert_eq!(refused, expected, "{parameter}={value}");
    }
    assert_eq!(world.refused("CreateSnapshot", &[]).1, "MissingDiskId");
    let refused = world.refused("CreateSnapshot", &[("DiskId", "d-bp1nobody")]);
    assert_eq!(refused, refusal(404, "InvalidDiskId.NotFound", "The specified DiskId does not exist."));
    assert!(world.snapshots(&[]).is_empty());
}

#[test]
fn a_client_token_makes_a_retry_harmless_and_misuse_is_worded_as_create_snapshot_does() {
    let world = World::new();
    let disk_id = world.used_disk(&[]);
    let token = ("ClientToken", "n:snap");
    let first = world.snapshot(&disk_id, &[token]);
    assert_eq!(world.snapshot(&disk_id, &[token]), first);
    world.settle();
    assert_eq!(world.snapshot(&disk_id, &[token]), first);
    let refused = world.refused("CreateSnapshot", &[("DiskId", &disk_id), token, ("SnapshotName", "other")]);
    assert_eq!(refused, refusal(403, "IdempotentParameterMismatch", "The specified clientToken is used."));
    let long = "x".repeat(65);
    let refused = world.refused("CreateSnapshot", &[("DiskId", &disk_id), ("ClientToken", &long)]);
    assert_eq!((refused.0, refused.1.as_str()), (403, "InvalidClientToken.Malformed"));
    let copy = |name| {
        let more = [token, ("DestinationSnapshotName", name)];
        let mut all = copy_of(&first, OTHER, &more);
        all.retain(|pair| *pair != ("DestinationSnapshotName", "copy"));
        world.call(&support::root(), Product::Ecs, "CopySnapshot", &all)
    };
    let made = copy("one");
    assert_eq!((made.0, &copy("one").1["SnapshotId"]), (200, &made.1["SnapshotId"]));
    let (status, body) = copy("two");
    assert_eq!((status, &body["Code"]), (400, &json!("IdempotentParameterMismatch")));
    assert_eq!(world.snapshots_in(OTHER, &[]).len(), 1);
}

#[test]
fn a_snapshot_goes_when_its_retention_is_over_but_not_while_a_disk_is_made_from_it() {
    let world = World::new();
    let disk_id = world.used_disk(&[]);
    let short = world.done_snapshot(&disk_id, &[("RetentionDays", "1")]);
    let used = world.done_snapshot(&disk_id, &[("RetentionDays", "1")]);
    let kept = world.done_snapshot(&disk_id, &[]);
    let from_it = world.disk(&[("SnapshotId", &used)]);
    world.advance(DAY_MS - 1);
    assert_eq!(world.snapshots(&[]).len(), 3);
    world.advance(1);
    assert_eq!(world.snapshot_shown(REGION, &short), Value::Null);
    assert_eq!(world.snapshot_shown(REGION, &used)["Usage"], "disk");
    world.ecs("DeleteDisk", &[("DiskId", &from_it)]);
    world.advance(DAY_MS);
    assert_eq!(world.snapshot_shown(REGION, &used), Value::Null);
    assert_eq!(world.snapshots(&[])[0]["SnapshotId"], kept);
}

#[test]
fn retention_only_grows() {
    let world = World::new();
    let disk_id = world.used_disk(&[]);
    let snapshot_id = world.done_snapshot(&disk_id, &[("RetentionDays", "2")]);
    let id = ("SnapshotId", snapshot_id.as_str());
    let shorter = "The requested operation to decrease retention days for the snapshot is not supported.";
    let decreased = refusal(400, "InvalidOperation.DecreaseRetentionDaysUnsupported", shorter);
    assert_eq!(world.refused("ModifySnapshotAttribute", &[id, ("RetentionDays", "1")]), decreased);
    world.ecs("ModifySnapshotAttribute", &[id, ("RetentionDays", "2")]);
    world.ecs("ModifySnapshotAttribute", &[id, ("RetentionDays", "4")]);
    world.advance(3 * DAY_MS);
    assert_eq!(world.snapshot_shown(REGION, &snapshot_id)["RetentionDays"], 4);
    world.advance(DAY_MS);
    assert_eq!(world.snapshot_shown(REGION, &snapshot_id), Value::Null);
    let kept = world.done_snapshot(&disk_id, &[]);
    assert_eq!(world.refused("ModifySnapshotAttribute", &[("SnapshotId", &kept), ("RetentionDays", "9")]), decreased);
}

#[test]
fn names_and_descriptions_change_and_a_description_may_become_empty() {
    let world = World::new();
    let disk_id = world.used_disk(&[]);
    let snapshot_id = world.snapshot(&disk_id, &[("SnapshotName", "first"), ("Description", "before")]);
    let id = ("SnapshotId", snapshot_id.as_str());
    let refused = world.refused("ModifySnapshotAttribute", &[id, ("SnapshotName", "second")]);
    let message = "The specified snapshot has not completed yet.";
    assert_eq!(refused, refusal(400, "InvalidSnapshotId.NotReady", message));
    world.settle();
    world.advance(60_000);
    world.ecs("ModifySnapshotAttribute", &[id, ("SnapshotName", "second")]);
    let shown = world.snapshot_shown(REGION, &snapshot_id);
    assert_eq!((&shown["SnapshotName"], &shown["Description"]), (&json!("second"), &json!("before")));
    assert_eq!(shown["LastModifiedTime"], world.clock.now().to_iso8601());
    world.ecs("ModifySnapshotAttribute", &[id, ("Description", "")]);
    assert_eq!(world.snapshot_shown(REGION, &snapshot_id)["Description"], "");
    world.ecs("ModifySnapshotAttribute", &[id, ("DisableInstantAccess", "true")]);
    let cases = [
        (vec![id], refusal(400, "NoAttributeToModify", "No attribute to be modified in this request.")),
        (
            vec![id, ("SnapshotName", "auto")],
            refusal(400, "InvalidSnapshotName.Malformed", "The specified SnapshotName is wrongly formed."),
        ),
        (
            vec![id, ("Description", "http://x")],
            refusal(400, "InvalidDescription.Malformed", "The specified description is wrongly formed."),
        ),
        (
            vec![id, ("RetentionDays", "0")],
            refusal(400, "InvalidRetentionDays.Malformed", "The specified RetentionDays is not valid."),
        ),
        (
            vec![("SnapshotId", "s-bp1nobody"), ("SnapshotName", "x1")],
            refusal(404, "InvalidSnapshotId.NotFound", "The specified SnapshotId does not exist."),
        ),
    ];
    for (parameters, expected) in cases {
        assert_eq!(world.refused("ModifySnapshotAttribute", &parameters), expected, "{parameters:?}");
    }
}

#[test]
fn a_snapshot_that_disks_were_made_from_goes_only_by_force_and_the_disks_stay() {
    let world = World::new();
    let disk_id = world.used_disk(&[]);
    let snapshot_id = world.done_snapshot(&disk_id, &[]);
    let id = ("SnapshotId", snapshot_id.as_str());
    let from_it = world.disk(&[id]);
    let refused = world.refused("DeleteSnapshot", &[id]);
    let message = "The snapshot has been used to create disk(s).";
    assert_eq!(refused, refusal(403, "SnapshotCreatedDisk", message));
    world.ecs("DeleteSnapshot", &[id, ("Force", "true")]);
    assert!(world.snapshots(&[]).is_empty());
    let disks = world.ecs("DescribeDisks", &[("RegionId", REGION), ("SnapshotId", &snapshot_id)]);
    assert_eq!(disks["Disks"]["Disk"][0]["DiskId"], from_it);
    let refused = world.refused("DeleteSnapshot", &[id]);
    assert_eq!(refused, refusal(404, "InvalidSnapshotId.NotFound", "The specified snapshot is not found."));
    assert_eq!(world.refused("DeleteSnapshot", &[]).1, "MissingSnapshotId");
}

#[test]
fn deleting_a_progressing_snapshot_gives_it_up() {
    let world = World::new();
    let disk_id = world.used_disk(&[]);
    let snapshot_id = world.snapshot(&disk_id, &[("RetentionDays", "1"), ("Tag.1.Key", "a")]);
    world.ecs("DeleteSnapshot", &[("SnapshotId", &snapshot_id)]);
    world.advance(2 * DAY_MS);
    assert!(world.snapshots(&[]).is_empty());
    world.done_snapshot(&disk_id, &[]);
}

#[test]
fn every_filter_of_the_listing_filters() {
    let world = World::new();
    world.disk_encryption_role();
    let key = world.customer_key();
    world.put_instance("i-bp1instance0000000001", "");
    let (plain, secret) = (world.used_disk(&[]), world.disk(&[("Encrypted", "true"), ("KMSKeyId", &key)]));
    world.attach(&secret, "i-bp1instance0000000001", "/dev/xvda");
    let old = world.done_snapshot(&plain, &[("SnapshotName", "old"), ("Tag.1.Key", "team"), ("Tag.1.Value", "blue")]);
    world.advance(120_000);
    let from_old = world.disk(&[("SnapshotId", &old)]);
    let fast = world.done_snapshot(&plain, &[("Category", "Flash"), ("Tag.1.Key", "team"), ("Tag.1.Value", "red")]);
    let hidden = world.snapshot(&secret, &[("SnapshotName", "hidden")]);
    let ids = |parameters: &[(&str, &str)]| -> Vec<String> {
        let mut ids: Vec<String> = world.snapshots(parameters).iter().map(|s| text(s, "SnapshotId")).collect();
        ids.sort();
        ids
    };
    let chain = text(&world.snapshot_shown(REGION, &old), "SnapshotLinkId");
    let chains = format!("[\"{chain}\", \"sl-bp1nobody\"]");
    let some_ids = format!("[\"{old}\", \"s-bp1nobody\"]");
    let middle = coffer_base::Timestamp::from_unix_ms(world.clock.now().unix_ms() - 60_000).to_iso8601_minutes();
    let (from, until) = (("Filter.1.Key", "CreationStartTime"), ("Filter.2.Key", "CreationEndTime"));
    let cases: Vec<(Parameters<'_>, Vec<&String>)> = vec![
        (vec![], vec![&old, &fast, &hidden]),
        (vec![("DiskId", &plain)], vec![&old, &fast]),
        (vec![("DiskId", "d-bp1nobody")], vec![]),
        (vec![("InstanceId", "i-bp1instance0000000001")], vec![&hidden]),
        (vec![("SnapshotIds", &some_ids)], vec![&old]),
        (vec![("SnapshotIds", "[]")], vec![]),
        (vec![("SnapshotLinkId", &chain)], vec![&old, &fast]),
        (vec![("SnapshotLinkId", &chains)], vec![&old, &fast]),
        (vec![("SnapshotName", "old")], vec![&old]),
        (vec![("Status", "progressing")], vec![&hidden]),
        (vec![("Status", "accomplished")], vec![&old, &fast]),
        (vec![("Status", "failed")], vec![]),
        (vec![("Status", "all")], vec![&old, &fast, &hidden]),
        (vec![("SnapshotType", "user")], vec![&old, &fast, &hidden]),
        (vec![("SnapshotType", "all")], vec![&old, &fast, &hidden]),
        (vec![("SnapshotType", "auto")], vec![]),
        (vec![("Category", "flash")], vec![&fast]),
        (vec![("Category", "Standard")], vec![&old, &hidden]),
        (vec![("SourceDiskType", "System")], vec![&hidden]),
        (vec![("SourceDiskType", "DATA")], vec![&old, &fast]),
        (vec![("Encrypted", "true")], vec![&hidden]),
        (vec![("Encrypted", "false")], vec![&old, &fast]),
        (vec![("KMSKeyId", &key)], vec![&hidden]),
        (vec![("Usage", "disk")], vec![&old]),
        (vec![("Usage", "none")], vec![&fast, &hidden]),
        (vec![("Usage", "image")], vec![]),
        (vec![("Usage", "image_disk")], vec![]),
        (vec![("ResourceGroupId", "rg-1")], vec![]),
        (vec![("Tag.1.Key", "team")], vec![&old, &fast]),
        (vec![("Tag.1.Key", "team"), ("Tag.1.Value", "red")], vec![&fast]),
        (vec![from, ("Filter.1.Value", &middle)], vec![&fast, &hidden]),
        (vec![until, ("Filter.2.Value", &middle)], vec![&old]),
        (vec![("Encrypted", "false"), ("Category", "flash"), ("DiskId", &plain)], vec![&fast]),
        (vec![("Encrypted", "true"), ("Category", "flash")], vec![]),
    ];
    for (parameters, expected) in cases {
        let mut expected: Vec<String> = expected.into_iter().cloned().collect();
        expected.sort();
        assert_eq!(ids(&parameters), expected, "{parameters:?}");
    }
    assert_eq!(world.snapshot_shown(REGION, &old)["Usage"], "disk");
    assert!(world.snapshots_in(OTHER, &[]).is_empty());
    world.ecs("DeleteDisk", &[("DiskId", &from_old)]);
    assert_eq!(world.snapshot_shown(REGION, &old)["Usage"], "none");
}

#[test]
fn what_the_listing_does_not_know_is_named() {
    let world = World::new();
    let many = format!("[{}]", vec!["\"s-1\""; 101].join(","));
    let key = refusal(404, "InvalidFilterKey.NotFound", "The specified FilterKey is not found.");
    let value = refusal(404, "InvalidFilterValue", "The specified FilterValue exceeds the limit.");
    let ids = r#"The specified parameter "SnapshotIds" is not valid."#;
    let start = ("Filter.1.Key", "CreationStartTime");
    let cases: Vec<(Parameters<'_>, _)> = vec![
        (vec![("Status", "done")], refusal(404, "InvalidStatus.NotFound", "The specified Status is not found.")),
        (
            vec![("SnapshotType", "x")],
            refusal(404, "InvalidSnapshotType.NotFound", "The specfied SnapshotType is not found."),
        ),
        (vec![("Usage", "x")], refusal(404, "InvalidUsage", "The specifed Usage is not valid.")),
        (
            vec![("SourceDiskType", "x")],
            refusal(404, "InvalidSourceDiskType", "The specifed SourceDiskType is not valid."),
        ),
        (
            vec![("Category", "x")],
            refusal(403, "InvalidSnapshotCategory.Malformed", "The specified Category is not valid."),
        ),
        (vec![("SnapshotIds", "s-1")], refusal(400, "InvalidParameter", ids)),
        (
            vec![("SnapshotIds", &many)],
            refusal(
                403,
                "InvalidSnapshotIds.Malformed",
                "The amount of specified specified snapshot Ids exceeds the limit.",
            ),
        ),
        (
            vec![("SnapshotLinkId", "sl-bp1nobody")],
            refusal(404, "InvalidSnapshotLinkId.NotFound", "The specified snapshot link is not found."),
        ),
        (vec![("Filter.1.Key", "Size"), ("Filter.1.Value", "1")], key),
        (vec![start, ("Filter.1.Value", "yesterday")], value.clone()),
        (vec![start], value),
        (
            vec![("Tag.1.Value", "x")],
            refusal(400, "InvalidTag.Mismatch", "The specified Tag.n.Key and Tag.n.Value are not match."),
        ),
        (
            vec![("DryRun", "true")],
            refusal(400, "DryRunOperation", "Request validation has been passed with DryRun flag set."),
        ),
        (
            vec![("PageSize", "101")],
            refusal(400, "InvalidParameter", r#"The specified parameter "PageSize" is not valid."#),
        ),
    ];
    for (parameters, expected) in cases {
        let all: Vec<_> = [("RegionId", REGION)].into_iter().chain(parameters).collect();
        assert_eq!(world.refused("DescribeSnapshots", &all), expected, "{all:?}");
    }
    let refused = world.refused("DescribeSnapshots", &[("RegionId", "cn-atlantis")]);
    assert_eq!(refused, refusal(404, "InvalidRegionId.NotFound", "The specified RegionId does not exist."));
}

#[test]
fn pages_by_number_and_by_token_show_each_snapshot_once_and_a_token_wins_over_a_number() {
    let world = World::new();
    for _ in 0..25 {
        let disk_id = world.used_disk(&[]);
        world.done_snapshot(&disk_id, &[]);
    }
    let page = |parameters: &[(&str, &str)]| {
        let all: Vec<_> = [("RegionId", REGION)].iter().chain(parameters).copied().collect();
        world.ecs("DescribeSnapshots", &all)
    };
    let ids = |page: &Value| -> Vec<String> {
        page["Snapshots"]["Snapshot"].as_array().unwrap().iter().map(|s| text(s, "SnapshotId")).collect()
    };
    let mut by_number = Vec::new();
    for (number, length) in [("1", 10), ("2", 10), ("3", 5), ("4", 0)] {
        let shown = page(&[("PageSize", "10"), ("PageNumber", number)]);
        assert_eq!((ids(&shown).len(), &shown["TotalCount"]), (length, &json!(25)));
        by_number.extend(ids(&shown));
    }
    // As a client does that sends all of them at once.
    let (mut by_token, mut token, mut number) = (Vec::new(), String::new(), 1);
    loop {
        let number_text = number.to_string();
        let sent = [("PageSize", "10"), ("PageNumber", &number_text), ("MaxResults", "10"), ("NextToken", &token)];
        let shown = page(&sent);
        by_token.extend(ids(&shown));
        token = text(&shown, "NextToken");
        number += 1;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(by_token, by_number);
    assert_eq!(ids(&page(&[("MaxResults", "1000")])).len(), 25);
    let token = text(&page(&[("MaxResults", "10")]), "NextToken");
    let policy = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let user = world.user("reader", Some(policy));
    let again = [("RegionId", REGION), ("NextToken", token.as_str())];
    assert_eq!(world.call(&user, Product::Ecs, "DescribeSnapshots", &again).0, 200);
    let invalid = refusal(400, "InvalidParameter", r#"The specified parameter "NextToken" is not valid."#);
    for wrong in [
        vec![("RegionId", REGION), ("NextToken", "made-up")],
        vec![("RegionId", OTHER), again[1]],
        vec![again[0], again[1], ("Status", "accomplished")],
    ] {
        assert_eq!(world.refused("DescribeSnapshots", &wrong), invalid);
    }
    assert_eq!(world.refused("DescribeDisks", &again), invalid);
}

#[test]
fn another_account_sees_nothing_and_its_token_is_refused() {
    let (world, _, neighbour) = World::with_neighbour();
    let disk_id = world.used_disk(&[]);
    let snapshot_id = world.done_snapshot(&disk_id, &[]);
    for _ in 0..10 {
        world.done_snapshot(&disk_id, &[]);
    }
    let call = |action, parameters: &[(&str, &str)]| world.call(&neighbour, Product::Ecs, action, parameters);
    let (_, listed) = call("DescribeSnapshots", &[("RegionId", REGION)]);
    assert_eq!((&listed["TotalCount"], &listed["Snapshots"]["Snapshot"]), (&json!(0), &json!([])));
    let token = text(&world.ecs("DescribeSnapshots", &[("RegionId", REGION), ("MaxResults", "10")]), "NextToken");
    let (status, body) = call("DescribeSnapshots", &[("RegionId", REGION), ("NextToken", &token)]);
    assert_eq!((status, &body["Code"]), (400, &json!("InvalidParameter")));
    let id = ("SnapshotId", snapshot_id.as_str());
    assert_eq!(call("DeleteSnapshot", &[id, ("Force", "true")]).1["Code"], "InvalidSnapshotId.NotFound");
    assert_eq!(
        call("ModifySnapshotAttribute", &[id, ("SnapshotName", "mine")]).1["Code"],
        "InvalidSnapshotId.NotFound"
    );
    assert_eq!(call("CopySnapshot", &copy_of(&snapshot_id, OTHER, &[])).1["Code"], "InvalidSnapshotId.NotFound");
    assert_eq!(call("CreateSnapshot", &[("DiskId", &disk_id)]).1["Code"], "InvalidDiskId.NotFound");
}
