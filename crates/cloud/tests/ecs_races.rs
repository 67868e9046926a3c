//! Two clients at once on the same thing, against a database in files as the server has it: exactly one of two calls that exclude each
//! other succeeds, the other is told what it would have been told a moment later, and what there is then is the winner's doing.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use std::sync::Barrier;
use std::thread;

use coffer_cloud::{Incoming, Product, operations};
use coffer_store::disks::{self, Disk};
use serde_json::Value;
use support::disks::{NO_DISK, NO_INSTANCE, NOT_AVAILABLE, RESOURCE_STATUS, disk};
use support::files::Files;
use support::instances::HERE;
use support::{Pairs, World, ZONE, owned, root, text};

type Answer = (u16, Value);
type Refusal = (u16, &'static str, &'static str);

const REPETITIONS: usize = 100;
const ESSD: &[(&str, &str)] = &[("DiskCategory", "cloud_essd"), ("Size", "20")];
const DISK_GONE: Refusal = (404, "InvalidDiskId.NotFound", NO_DISK);

/// A call: action and parameters.
type Call<'a> = (&'a str, &'a [(&'a str, &'a str)]);

fn request(world: &World, (action, parameters): Call<'_>) -> Incoming {
    world.request(&root(), Product::Ecs, action, &owned(parameters))
}

/// Sends both requests at the same time, each on a thread of its own.
fn at_once(world: &World, requests: [Incoming; 2]) -> [Answer; 2] {
    let ready = Barrier::new(2);
    let send = |incoming| {
        ready.wait();
        world.send(incoming)
    };
    thread::scope(|scope| {
        let clients = requests.map(|incoming| scope.spawn(|| send(incoming)));
        clients.map(|client| client.join().unwrap())
    })
}

/// Makes two calls at once, of which exactly one may succeed; `refusals` are how each is refused when it loses. Which one won.
#[track_caller]
fn one_wins(world: &World, calls: [Call<'_>; 2], refusals: [Refusal; 2]) -> usize {
    let answers = at_once(world, calls.map(|call| request(world, call)));
    let winners: Vec<usize> = (0..2).filter(|client| answers[*client].0 == 200).collect();
    let [winner] = winners[..] else { panic!("{calls:?}: {answers:?}") };
    let (status, body) = &answers[1 - winner];
    let refusal = (*status, &*text(body, "Code"), &*text(body, "Message"));
    assert_eq!(refusal, refusals[1 - winner], "{calls:?}");
    winner
}

/// Makes the same call twice at once.
#[track_caller]
fn once(world: &World, call: Call<'_>, refusal: Refusal) {
    one_wins(world, [call, call], [refusal, refusal]);
}

/// The instances that a disk is attached to.
fn attached_to(world: &World, disk_id: &str) -> Vec<String> {
    let ids = [disk_id.to_owned()];
    let attachments = world.db.read(|tx| disks::attachments(tx, &ids)).unwrap();
    attachments.into_iter().map(|attachment| attachment.instance_id).collect()
}

#[test]
fn a_disk_is_attached_to_one_of_two_instances_and_detached_once() {
    let world = Files::new("race-attach");
    let instances = [world.instance("Running"), world.instance("Running")];
    let taken = (403, "IncorrectDiskStatus", NOT_AVAILABLE);
    let detached = (404, "InvalidDisk.AlreadyDetached", "The specified disk has been detached.");
    for _ in 0..REPETITIONS {
        let disk_id = disk(&world, ESSD);
        let on = [0, 1].map(|place: usize| [("DiskId", &*disk_id), ("InstanceId", &*instances[place])]);
        let winner = one_wins(&world, [("AttachDisk", &on[0]), ("AttachDisk", &on[1])], [taken, taken]);
        assert_eq!(attached_to(&world, &disk_id), [instances[winner].clone()]);
        once(&world, ("DetachDisk", &on[winner]), detached);
        assert!(attached_to(&world, &disk_id).is_empty());
        once(&world, ("AttachDisk", &on[winner]), taken);
        assert_eq!(attached_to(&world, &disk_id), [instances[winner].clone()]);
        world.ecs("DetachDisk", &on[winner]);
        once(&world, ("DeleteDisk", &[("DiskId", &disk_id)]), DISK_GONE);
    }
    assert_eq!(world.ecs("DescribeDisks", &[HERE])["TotalCount"], 0);
}

#[test]
fn of_attaching_and_deleting_a_disk_one_happens() {
    let world = Files::new("race-delete");
    let instance_id = world.instance("Running");
    let attached = (403, "DiskStillAttached", "The disk is still attached to the disk.");
    for _ in 0..REPETITIONS {
        let disk_id = disk(&world, ESSD);
        let on = [("DiskId", &*disk_id), ("InstanceId", &*instance_id)];
        let winner = one_wins(&world, [("AttachDisk", &on), ("DeleteDisk", &on[..1])], [DISK_GONE, attached]);
        if winner == 0 {
            assert_eq!(attached_to(&world, &disk_id), std::slice::from_ref(&instance_id));
            world.ecs("DetachDisk", &on);
            world.ecs("DeleteDisk", &on[..1]);
        }
        assert!(attached_to(&world, &disk_id).is_empty());
        assert_eq!(world.ecs("DescribeDisks", &[HERE])["TotalCount"], 0);
    }
}

#[test]
fn a_disk_grows_to_a_size_once_and_never_shrinks() {
    let world = Files::new("race-resize");
    let disk_id = disk(&world, ESSD);
    let size = || world.row::<Disk>(&disk_id).size_gib;
    let same = (403, "InvalidDiskSize", "Specified new disk size is less than or equal the original disk size.");
    for repetition in 0..REPETITIONS {
        let [smaller, larger] = [21, 22].map(|first| (first + 2 * repetition).to_string());
        let to = |size| [("DiskId", &*disk_id), ("NewSize", size)];
        once(&world, ("ResizeDisk", &to(&smaller)), same);
        assert_eq!(size().to_string(), smaller);
        once(&world, ("ResizeDisk", &to(&larger)), same);
        assert_eq!(size().to_string(), larger);
    }
}

#[test]
fn a_snapshot_is_deleted_once() {
    let world = Files::new("race-snapshot");
    let disk_id = world.used_disk(&[]);
    let gone = (404, "InvalidSnapshotId.NotFound", "The specified snapshot is not found.");
    for _ in 0..REPETITIONS {
        let snapshot_id = world.done_snapshot(&disk_id, &[]);
        once(&world, ("DeleteSnapshot", &[("SnapshotId", &snapshot_id)]), gone);
    }
    assert!(world.snapshots(&[]).is_empty());
}

#[test]
fn of_two_snapshots_of_a_disk_at_once_one_begins() {
    let world = Files::new("race-snapshots");
    let disk_id = world.used_disk(&[]);
    let progressing = (403, "IncorrectDiskStatus.CreatingSnapshot", "A previous snapshot creation is in process.");
    for begun in 1..=REPETITIONS {
        once(&world, ("CreateSnapshot", &[("DiskId", &disk_id)]), progressing);
        world.settle();
        assert_eq!(world.ecs("DescribeSnapshots", &[HERE])["TotalCount"], begun);
    }
}

#[test]
fn an_instance_is_started_once_and_one_that_is_started_is_not_deleted() {
    let world = Files::new("race-start");
    let running = (403, "IncorrectInstanceStatus", RESOURCE_STATUS);
    let gone = (404, "InvalidInstanceId.NotFound", NO_INSTANCE);
    for _ in 0..REPETITIONS {
        let made = world.ecs("CreateInstance", &support::instances::asking(&[]));
        world.settle();
        let instance_id = text(&made, "InstanceId");
        let instance = [("InstanceId", &*instance_id)];
        once(&world, ("StartInstance", &instance), running);
        world.settle();
        once(&world, ("StopInstance", &instance), running);
        world.settle();
        let winner = one_wins(&world, [("StartInstance", &instance), ("DeleteInstance", &instance)], [gone, running]);
        if winner == 0 {
            world.settle();
            world.ecs("DeleteInstance", &[instance[0], ("Force", "true")]);
        }
        assert_eq!(world.ecs("DescribeInstances", &[HERE])["TotalCount"], 0);
    }
}

#[test]
fn the_default_is_turned_on_once_and_off_once() {
    let world = Files::new("race-default");
    let message = "The specified region is already default encryption settings.";
    let on = (403, "InvalidOperation.DefaultEncryptionAlreadyEnabled", message);
    let message = "You have not configured default encryption setting in this region.";
    let off = (403, "InvalidDefaultEncryption.NotFound", message);
    for _ in 0..REPETITIONS {
        once(&world, ("EnableDiskEncryptionByDefault", &[HERE]), on);
        once(&world, ("DisableDiskEncryptionByDefault", &[HERE]), off);
    }
}

/// The answer without the request's id.
fn content(mut answer: Value) -> Value {
    answer.as_object_mut().unwrap().remove("RequestId");
    answer
}

/// Sends the same parameters twice at once with a client token; both must be answered alike. Then once more: nothing may change.
fn one_effect(world: &World, action: &str, mut parameters: Pairs) -> Value {
    parameters.push(("ClientToken".to_owned(), "the token".to_owned()));
    let request = || world.request(&root(), Product::Ecs, action, &parameters);
    let answers = at_once(world, [request(), request()]);
    let [first, second] = answers.map(|(status, body)| {
        assert_eq!(status, 200, "{action}: {body}");
        content(body)
    });
    assert_eq!(first, second, "{action}");
    let before = world.state();
    let (status, third) = world.send(request());
    assert_eq!((status, content(third)), (200, first.clone()), "{action}");
    assert!(before == world.state(), "{action} is done again");
    first
}

#[test]
fn a_client_token_makes_two_calls_at_once_one_whatever_the_operation() {
    let mut seen = 0;
    for entry in operations(Product::Ecs).iter().filter(|entry| entry.operation.idempotent) {
        let action = entry.operation.name;
        // How much a single call writes, in a world that is alike.
        let alone = World::new();
        let sample = alone.sample(Product::Ecs, action);
        alone.send(alone.request(
            &root(),
            Product::Ecs,
            action,
            &[sample, owned(&[("ClientToken", "the token")])].concat(),
        ));
        let rows =
            |world: &World| world.state().into_iter().map(|(table, rows)| (table, rows.len())).collect::<Vec<_>>();
        for _ in 0..4 {
            let world = Files::new(&format!("race-{action}"));
            let sample = world.sample(Product::Ecs, action);
            one_effect(&world, action, sample);
            assert_eq!(rows(&world), rows(&alone), "{action}");
        }
        seen += 1;
    }
    assert!(seen >= 11, "{seen} operations");
}

#[test]
fn of_two_different_calls_with_one_client_token_one_is_done() {
    let world = Files::new("race-token");
    let mismatch = (400, "IdempotentParameterMismatch", "The request is retried with updated parameters.");
    for repetition in 1..=REPETITIONS {
        let token = format!("token-{repetition}");
        let asking =
            |size| [HERE, ("ZoneId", ZONE), ("DiskCategory", "cloud_essd"), ("Size", size), ("ClientToken", &*token)];
        let (smaller, larger) = (asking("20"), asking("40"));
        one_wins(&world, [("CreateDisk", &smaller), ("CreateDisk", &larger)], [mismatch, mismatch]);
        assert_eq!(world.ecs("DescribeDisks", &[HERE])["TotalCount"], repetition);
    }
}
