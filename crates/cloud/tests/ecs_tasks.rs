//! Tasks: listed, looked at, cancelled; every refusal.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_base::{AccountId, Region, ids};
use coffer_store::Record;
use coffer_store::images::{self, Image, ImageDisk};
use coffer_store::snapshots::Snapshot;
use coffer_store::tags::{self, Resource, Tag};
use coffer_store::tasks::Task;
use serde_json::Value;
use support::disks::*;
use support::{REGION, World, text};

/// A disk whose category is being changed: its id and that of the task.
fn changing_disk(world: &World) -> (String, String) {
    let disk_id = disk(world, &[("DiskCategory", "cloud_ssd"), ("Size", "40")]);
    let answer = world.ecs("ModifyDiskSpec", &[("DiskId", &disk_id), ("DiskCategory", "cloud_essd")]);
    (disk_id, text(&answer, "TaskId"))
}

/// A page of DescribeTasks.
fn page(world: &World, filter: &[(&str, &str)]) -> Value {
    world.ecs("DescribeTasks", &[&[("RegionId", REGION)], filter].concat())
}

/// The ids on it.
fn listed_tasks(world: &World, filter: &[(&str, &str)]) -> Vec<String> {
    let answer = page(world, filter);
    answer["TaskSet"]["Task"].as_array().unwrap().iter().map(|task| text(task, "TaskId")).collect()
}

fn attribute(world: &World, task_id: &str) -> Value {
    world.ecs("DescribeTaskAttribute", &[("RegionId", REGION), ("TaskId", task_id)])
}

/// The row of a task.
fn task(world: &World, resource_id: &str, change: impl FnOnce(&mut Task)) -> String {
    let region = Region::parse(REGION).unwrap();
    let mut task = Task {
        task_id: ids::ecs_id("t", region, &*world.rng),
        account: world.account.clone(),
        region,
        task_action: "CopyImage".to_owned(),
        resource_id: resource_id.to_owned(),
        status: "Processing".to_owned(),
        progress: 30,
        supports_cancel: true,
        finished_at: None,
        created_at: world.clock.now(),
    };
    change(&mut task);
    let task_id = task.task_id.clone();
    world.store(move |tx| task.insert(tx));
    task_id
}

/// An image that is being copied, with a snapshot that is being made for it: their ids.
fn image_being_copied(world: &World) -> (String, String) {
    let region = Region::parse(REGION).unwrap();
    let disk_id = disk(world, OPEN);
    let snapshot_id = snapshot(world, &disk_id, "progressing", |_| {});
    let image = Image {
        image_id: ids::ecs_id("m", region, &*world.rng),
        account: world.account.clone(),
        region,
        image_name: "copy".to_owned(),
        image_version: String::new(),
        image_family: String::new(),
        description: String::new(),
        architecture: "x86_64".to_owned(),
        platform: "Ubuntu".to_owned(),
        os_name: "Ubuntu".to_owned(),
        os_type: "linux".to_owned(),
        boot_mode: String::new(),
        size_gib: 40,
        status: "Creating".to_owned(),
        progress: 30,
        is_copied: true,
        created_at: world.clock.now(),
    };
    let (image_id, now) = (image.image_id.clone(), world.clock.now());
    let makes = ImageDisk {
        device: "/dev/xvda".to_owned(),
        disk_type: "system".to_owned(),
        snapshot_id: snapshot_id.clone(),
        size_gib: 40,
    };
    let snapshot = snapshot_id.clone();
    world.store(move |tx| {
        image.insert(tx)?;
        images::set_disks(tx, &image.image_id, &[makes])?;
        let on = Resource { account: &image.account, region, resource_type: "image", resource_id: &image.image_id };
        tags::set(tx, on, &Tag { key: "env".to_owned(), value: "test".to_owned() })?;
        coffer_store::jobs::insert(tx, "ecs.complete-image", &image.image_id, now.plus_ms(1000), now)?;
        coffer_store::jobs::insert(tx, "ecs.complete-snapshot", &snapshot, now.plus_ms(1000), now)
    });
    (image_id, snapshot_id)
}

fn exists<T: Record>(world: &World, id: &str) -> bool {
    world.db.read(|tx| T::get(tx, id)).unwrap().is_some()
}

#[test]
fn a_task_is_processing_and_then_finished() {
    let world = World::new();
    let (disk_id, task_id) = changing_disk(&world);
    let made = world.clock.now().to_iso8601_minutes();
    let before = page(&world, &[])["TaskSet"]["Task"][0].clone();
    let expected = serde_json::json!({
        "CreationTime": made, "FinishedTime": "", "ResourceId": disk_id, "SupportCancel": "false",
        "TaskAction": "ModifyDiskSpec", "TaskId": task_id, "TaskStatus": "Processing",
    });
    assert_eq!(before, expected);
    let during = attribute(&world, &task_id);
    assert_eq!(
        (&during["TaskProcess"], &during["SuccessCount"], &during["TotalCount"]),
        (&"0%".into(), &0.into(), &1.into())
    );
    assert_eq!(during["OperationProgressSet"]["OperationProgress"], serde_json::json!([]));
    world.advance(120_000);
    let after = attribute(&world, &task_id);
    assert_eq!(
        (&after["TaskStatus"], &after["TaskProcess"], &after["SuccessCount"]),
        (&"Finished".into(), &"100%".into(), &1.into())
    );
    assert_eq!(
        (&after["CreationTime"], &after["FinishedTime"]),
        (&(*made).into(), &world.clock.now().to_iso8601_minutes().into())
    );
    let part = &after["OperationProgressSet"]["OperationProgress"][0];
    assert_eq!((&part["OperationStatus"], &part["ErrorCode"]), (&"Success".into(), &"".into()));
    assert_eq!(part["RelatedItemSet"]["RelatedItem"], serde_json::json!([{"Name": "DiskId", "Value": disk_id}]));
}

#[test]
fn tasks_are_found_by_what_they_are() {
    let world = World::new();
    let (disk_id, first) = changing_disk(&world);
    world.advance(60_000);
    let start = world.clock.now().to_iso8601();
    let (_, second) = changing_disk(&world);
    let failed = task(&world, "m-bp1x", |task| {
        "Failed".clone_into(&mut task.status);
        task.created_at = task.created_at.plus_ms(60_000);
        task.finished_at = Some(task.created_at);
    });
    task(&world, "m-bp1x", |task| task.account = AccountId::parse("1999999999999999").unwrap());
    task(&world, "m-bp1x", |task| task.region = Region::parse("cn-beijing").unwrap());
    let both = format!("{first},{second},t-bp1x");
    for (filter, expected) in [
        (&[][..], &[&failed, &second, &first][..]),
        (&[("TaskIds", &*both)], &[&second, &first]),
        (&[("ResourceIds.1", &*disk_id), ("ResourceIds.2", "m-bp1x")], &[&failed, &first]),
        (&[("TaskAction", "ModifyDiskSpec")], &[&second, &first]),
        (&[("TaskAction", "ImportImage")], &[]),
        (&[("TaskStatus", "Finished")], &[&first]),
        (&[("TaskStatus", "Processing")], &[&second]),
        (&[("TaskStatus", "Failed")], &[&failed]),
        (&[("TaskStatus", "Paused")], &[&failed, &second, &first]),
        (&[("StartTime", &*start)], &[&failed, &second]),
        (&[("EndTime", &*start)], &[&second, &first]),
        (&[("PageSize", "1"), ("PageNumber", "2")], &[&second]),
        (&[("PageSize", "2"), ("PageNumber", "3")], &[]),
    ] {
        let expected: Vec<String> = expected.iter().map(|id| (*id).clone()).collect();
        assert_eq!(listed_tasks(&world, filter), expected, "{filter:?}");
    }
    let answer = page(&world, &[("PageSize", "1")]);
    assert_eq!(
        (&answer["TotalCount"], &answer["PageSize"], &answer["RegionId"]),
        (&3.into(), &1.into(), &REGION.into())
    );
    let of_failed = attribute(&world, &failed);
    assert_eq!((&of_failed["FailedCount"], &of_failed["SuccessCount"]), (&1.into(), &0.into()));
    assert_eq!(
        of_failed["OperationProgressSet"]["OperationProgress"][0]["RelatedItemSet"]["RelatedItem"][0]["Name"],
        "ImageId"
    );
}

#[test]
fn cancelling_a_copy_takes_the_image_its_snapshots_and_their_work_away() {
    let world = World::new();
    let (image_id, snapshot_id) = image_being_copied(&world);
    let task_id = task(&world, &image_id, |_| {});
    assert_eq!(attribute(&world, &task_id)["SupportCancel"], "true");
    let parameters = [("RegionId", REGION), ("TaskId", &*task_id)];
    world.ecs("CancelTask", &parameters);
    assert_eq!((exists::<Image>(&world, &image_id), exists::<Snapshot>(&world, &snapshot_id)), (false, false));
    assert_eq!(world.db.read(|tx| images::disks_of(tx, &image_id)).unwrap(), []);
    assert_eq!(world.ecs("DescribeTags", &[("RegionId", REGION)])["TotalCount"], 0);
    let seen = attribute(&world, &task_id);
    assert_eq!(
        (&seen["TaskStatus"], &seen["FinishedTime"]),
        (&"Deleted".into(), &world.clock.now().to_iso8601_minutes().into())
    );
    world.settle();
    assert!(world.state()["jobs"].is_empty(), "work on what is gone is left");
    refused(
        &world,
        "CancelTask",
        &parameters,
        403,
        "InvalidTaskId.IncorrectTaskStatus",
        "The specified task status is not invalid.",
    );
}

#[test]
fn only_what_can_be_cancelled_is() {
    let world = World::new();
    let (disk_id, task_id) = changing_disk(&world);
    let over = task(&world, "m-bp1x", |task| task.finished_at = Some(task.created_at));
    let theirs = task(&world, "m-bp1x", |task| task.account = AccountId::parse("1999999999999999").unwrap());
    let elsewhere = task(&world, "m-bp1x", |task| task.region = Region::parse("cn-beijing").unwrap());
    let no_task = "The specified \"TaskId\" is not found.";
    for (task_id, status, code, message) in [
        (&*task_id, 403, "InvalidTaskId.TaskActionNotSupport", "The specified task action not support."),
        (&over, 403, "InvalidTaskId.IncorrectTaskStatus", "The specified task status is not invalid."),
        (&theirs, 400, "InvalidTaskId.NotFound", no_task),
        (&elsewhere, 400, "InvalidTaskId.NotFound", no_task),
        ("t-bp1x", 400, "InvalidTaskId.NotFound", no_task),
    ] {
        refused(&world, "CancelTask", &[("RegionId", REGION), ("TaskId", task_id)], status, code, message);
    }
    for task_id in [&*theirs, &elsewhere, "t-bp1x"] {
        let parameters = [("RegionId", REGION), ("TaskId", task_id)];
        refused(&world, "DescribeTaskAttribute", &parameters, 400, "InvalidTaskId.NotFound", no_task);
    }
    world.settle();
    assert_eq!(attribute(&world, &task_id)["TaskStatus"], "Finished");
    assert_eq!(shown(&world, &disk_id)["Category"], "cloud_essd");
}

#[test]
fn requests_about_tasks_are_checked() {
    let world = World::new();
    for (action, rest) in
        [("DescribeTasks", &[][..]), ("DescribeTaskAttribute", &[("TaskId", "t")]), ("CancelTask", &[("TaskId", "t")])]
    {
        let message = "The specified RegionId does not exist.";
        refused(&world, action, &[&[("RegionId", "mars")], rest].concat(), 400, "InvalidRegionId.NotFound", message);
        refused(&world, action, rest, 400, "MissingRegionId", "RegionId is mandatory for this action.");
        if !rest.is_empty() {
            refused(
                &world,
                action,
                &[("RegionId", REGION)],
                400,
                "MissingTaskId",
                "TaskId is mandatory for this action.",
            );
        }
    }
    let many_ids = vec!["t-bp1x"; 101].join(",");
    let many_resources: Vec<(String, &str)> = (1..=101).map(|n| (format!("ResourceIds.{n}"), "d")).collect();
    let many_resources: Vec<(&str, &str)> = many_resources.iter().map(|(name, id)| (&**name, *id)).collect();
    for (filter, name) in [
        (&[("TaskIds", &*many_ids)][..], "TaskIds"),
        (&[("TaskIds", "t-bp1x,,t-bp1y")], "TaskIds"),
        (&many_resources, "ResourceIds"),
        (&[("StartTime", "2026-05-28T00:00Z")], "StartTime"),
        (&[("EndTime", "now")], "EndTime"),
        (&[("PageNumber", "0")], "PageNumber"),
        (&[("PageSize", "101")], "PageSize"),
        (&[("TaskGroupId", "g")], "TaskGroupId"),
    ] {
        let message = format!("The specified parameter \"{name}\" is not valid.");
        refused(
            &world,
            "DescribeTasks",
            &[&[("RegionId", REGION)], filter].concat(),
            400,
            "InvalidParameter",
            &message,
        );
    }
}
