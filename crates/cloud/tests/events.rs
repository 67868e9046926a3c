//! What happened: told in the transaction of what it tells, account by account, in order, and to whoever waits.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use std::thread;

use coffer_base::Region;
use coffer_cloud::{Product, Settings};
use serde_json::{Value, json};
use support::compute::DAY_MS;
use support::{Key, REGION, World, other, root, text};

fn list(world: &World, key: &Key, parameters: &[(&str, &str)]) -> Value {
    world.succeed(key, Product::Coffer, "ListEvents", parameters)
}

fn events(answer: &Value) -> Vec<Value> {
    answer["Events"]["Event"].as_array().unwrap().clone()
}

/// Kind and resource of what happened after a cursor.
fn since(world: &World, cursor: i64) -> Vec<(String, String)> {
    let answer = list(world, &root(), &[("Cursor", &cursor.to_string()), ("MaxResults", "1000")]);
    events(&answer).iter().map(|event| (text(event, "Kind"), text(event, "ResourceId"))).collect()
}

fn latest(world: &World) -> i64 {
    list(world, &root(), &[])["LatestCursor"].as_i64().unwrap()
}

fn detail(event: &Value, name: &str) -> Value {
    let pairs = event["Details"]["Detail"].as_array().unwrap();
    pairs.iter().find(|pair| pair["Name"] == name).map_or(Value::Null, |pair| pair["Value"].clone())
}

fn told(kinds: &[(&str, &str)]) -> Vec<(String, String)> {
    kinds.iter().map(|(kind, id)| ((*kind).to_owned(), (*id).to_owned())).collect()
}

#[test]
fn the_life_of_a_disk_and_its_snapshot_is_told_in_order() {
    let world = World::new();
    let start = latest(&world);
    let (disk_id, instance_id) = (world.disk(&[("Encrypted", "true")]), world.instance("Running"));
    let attached = [("DiskId", &*disk_id), ("InstanceId", &*instance_id)];
    world.ecs("AttachDisk", &attached);
    let snapshot_id = world.done_snapshot(&disk_id, &[]);
    world.ecs("DetachDisk", &attached);
    world.root(Product::Coffer, "RewrapDiskDataKey", &[("DiskId", &disk_id)]);
    world.ecs("DeleteSnapshot", &[("SnapshotId", &snapshot_id)]);
    world.ecs("DeleteDisk", &[("DiskId", &disk_id)]);
    let (disk, snapshot) = (&*disk_id, &*snapshot_id);
    let expected = [
        ("DiskCreated", disk),
        ("DiskAttached", disk),
        ("SnapshotBegun", snapshot),
        ("SnapshotCompleted", snapshot),
        ("DiskDetached", disk),
        ("DiskRewrapped", disk),
        ("SnapshotDeleted", snapshot),
        ("DiskDeleted", disk),
    ];
    assert_eq!(since(&world, start), told(&expected));
    let all = events(&list(&world, &root(), &[("Cursor", &start.to_string())]));
    assert_eq!((&all[0]["RegionId"], &all[0]["ResourceType"]), (&json!(REGION), &json!("disk")));
    assert_eq!((detail(&all[0], "encrypted"), detail(&all[1], "instanceId")), (json!("true"), json!(instance_id)));
    assert!(text(&all[0], "Principal").ends_with(":root") && !text(&all[0], "EventRequestId").is_empty());
    assert_eq!((&all[3]["Principal"], &all[3]["EventRequestId"]), (&json!("ecs.aliyuncs.com"), &json!("")));
}

#[test]
fn a_key_that_is_disabled_tells_what_hangs_on_it_and_what_is_then_refused() {
    let world = World::new();
    world.disk_encryption_role();
    let key_id = world.customer_key();
    let disk_id = world.disk(&[("Encrypted", "true"), ("KMSKeyId", &key_id)]);
    let instance_id = world.instance("Running");
    let start = latest(&world);
    world.root(Product::Kms, "DisableKey", &[("KeyId", &key_id)]);
    let (status, _) =
        world.call(&root(), Product::Ecs, "AttachDisk", &[("DiskId", &disk_id), ("InstanceId", &instance_id)]);
    assert_eq!(status, 403);
    world.root(Product::Kms, "EnableKey", &[("KeyId", &key_id)]);
    let expected = [("KeyDisabled", &*key_id), ("DiskAttachRefused", &*disk_id), ("KeyEnabled", &*key_id)];
    assert_eq!(since(&world, start), told(&expected));
    let all = events(&list(&world, &root(), &[("Cursor", &start.to_string())]));
    assert_eq!((detail(&all[0], "disks"), detail(&all[0], "snapshots")), (json!("1"), json!("0")));
    assert_eq!(detail(&all[1], "code"), "InvalidParameter.KMSKeyId.CMKNotEnabled");
}

#[test]
fn what_was_refused_or_undone_tells_nothing() {
    let world = World::new();
    let start = latest(&world);
    let (status, _) = world.call(&root(), Product::Ecs, "DeleteDisk", &[("DiskId", "d-none")]);
    assert_eq!(status, 404);
    let nobody = world.user("nobody", None);
    world.call(&nobody, Product::Ecs, "EnableDiskEncryptionByDefault", &[("RegionId", REGION)]);
    assert!(since(&world, start).is_empty());
}

#[test]
fn a_served_disk_tells_that_its_key_is_gone_that_it_is_fenced_and_that_it_is_back() {
    let settings = Settings { fence_after_ms: Some(30_000), ..Settings::new(Region::parse(REGION).unwrap()) };
    let world = World::with(settings);
    world.disk_encryption_role();
    let key_id = world.customer_key();
    let disk_id = world.disk(&[("Encrypted", "true"), ("KMSKeyId", &key_id)]);
    world.ecs("AttachDisk", &[("DiskId", &disk_id), ("InstanceId", &world.instance("Running"))]);
    world.root(Product::Kms, "DisableKey", &[("KeyId", &key_id)]);
    let start = latest(&world);
    world.cloud.watch_volumes().unwrap();
    world.advance(31_000);
    world.cloud.watch_volumes().unwrap();
    world.cloud.watch_volumes().unwrap();
    world.root(Product::Kms, "EnableKey", &[("KeyId", &key_id)]);
    world.cloud.watch_volumes().unwrap();
    let disk = &*disk_id;
    let expected =
        [("DiskKeyUnavailable", disk), ("DiskFenced", disk), ("KeyEnabled", &*key_id), ("DiskKeyRestored", disk)];
    assert_eq!(since(&world, start), told(&expected));
}

#[test]
fn the_default_is_told_of_its_region() {
    let world = World::new();
    let start = latest(&world);
    world.ecs("EnableDiskEncryptionByDefault", &[("RegionId", REGION)]);
    world.ecs("DisableDiskEncryptionByDefault", &[("RegionId", REGION)]);
    let kinds = since(&world, start);
    assert!(kinds.contains(&("DefaultEncryptionEnabled".to_owned(), REGION.to_owned())), "{kinds:?}");
    assert_eq!(kinds.last().unwrap(), &("DefaultEncryptionDisabled".to_owned(), REGION.to_owned()));
}

#[test]
fn each_account_counts_its_own_and_pages_join() {
    let world = World::new();
    let made: Vec<String> = (0..5).map(|_| world.disk(&[])).collect();
    let theirs = list(&world, &other(), &[]);
    assert_eq!((events(&theirs).len(), &theirs["LatestCursor"]), (0, &json!(0)));
    let (mut cursor, mut seen) = (0, Vec::new());
    loop {
        let page = list(&world, &root(), &[("Cursor", &cursor.to_string()), ("MaxResults", "2")]);
        let next = page["NextCursor"].as_i64().unwrap();
        if next == cursor {
            break;
        }
        seen.extend(events(&page).iter().map(|event| text(event, "ResourceId")));
        cursor = next;
    }
    assert_eq!(seen[seen.len() - 5..], made);
}

#[test]
fn old_events_are_forgotten_and_a_reader_who_missed_some_is_told() {
    let world = World::new();
    let first = world.disk(&[]);
    world.advance(8 * DAY_MS);
    let second = world.disk(&[]);
    world.cloud.forget_expired().unwrap();
    let answer = list(&world, &root(), &[]);
    let ids: Vec<_> = events(&answer).iter().map(|event| text(event, "ResourceId")).collect();
    assert!(!ids.contains(&first) && ids.contains(&second), "{answer}");
    assert_eq!(answer["Gap"], true);
    let latest = answer["LatestCursor"].to_string();
    assert_eq!(list(&world, &root(), &[("Cursor", &latest)])["Gap"], false);
}

#[test]
fn a_cursor_that_this_server_never_gave_misses_nothing_and_is_told() {
    let world = World::new();
    let disk = world.disk(&[]);
    let answer = list(&world, &root(), &[("Cursor", "99999")]);
    assert_eq!((&answer["Gap"], &answer["NextCursor"]), (&true.into(), &answer["LatestCursor"]));
    assert!(events(&answer).iter().any(|event| text(event, "ResourceId") == disk), "{answer}");
}

/// The answer of a call that waits while something is done, and is woken as the server's jobs do.
fn waited(world: &World, meanwhile: impl FnOnce()) -> Value {
    let cursor = latest(world).to_string();
    let asked = [("Cursor", &*cursor), ("WaitSeconds", "5")];
    thread::scope(|scope| {
        let name = thread::Builder::new().name("waits".to_owned());
        let waiting = name.spawn_scoped(scope, || list(world, &root(), &asked)).unwrap();
        while world.cloud.waiting_for_events() == 0 {
            assert!(!waiting.is_finished(), "it did not wait");
            thread::yield_now();
        }
        meanwhile();
        while !waiting.is_finished() {
            world.cloud.run_due_jobs().unwrap();
            thread::yield_now();
        }
        waiting.join().unwrap()
    })
}

#[test]
fn whoever_waits_is_answered_when_something_happens() {
    let world = World::new();
    let answer = waited(&world, || drop(world.disk(&[])));
    assert_eq!(events(&answer)[0]["Kind"], "DiskCreated");
}

#[test]
fn whoever_waits_in_vain_is_answered_when_the_time_is_over() {
    let world = World::new();
    let answer = waited(&world, || world.clock.advance_ms(5000));
    assert_eq!((events(&answer).len(), &answer["NextCursor"]), (0, &answer["LatestCursor"]));
}
