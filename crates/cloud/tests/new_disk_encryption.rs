//! What is said of a new disk's encryption before it is made is what CreateDisk does.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use serde_json::{Value, json};
use support::{ALLOW_ALL, REGION, World, ZONE, root, text};

const EPHEMERAL: Option<(&str, &str)> = Some(("DiskCategory", "elastic_ephemeral_disk_standard"));

type Asked<'a> = Vec<(&'a str, &'a str)>;

fn forecast(world: &World, asked: &[(&str, &str)]) -> (u16, Value) {
    let asked = [&[("RegionId", REGION)], asked].concat();
    world.call(&root(), Product::Coffer, "DescribeNewDiskEncryption", &asked)
}

/// A code, or whether and with which key a disk is encrypted.
type Outcome = Result<(bool, Option<String>), String>;

fn outcome(status: u16, body: &Value) -> Outcome {
    if status != 200 {
        return Err(text(body, "Code"));
    }
    Ok((body["Encrypted"] == true, body["KMSKeyId"].as_str().filter(|key| !key.is_empty()).map(str::to_owned)))
}

/// What CreateDisk makes of it.
fn made(world: &World, asked: &[(&str, &str)]) -> Outcome {
    let asked = [&[("RegionId", REGION), ("ZoneId", ZONE), ("Size", "64")], asked].concat();
    let (status, body) = world.call(&root(), Product::Ecs, "CreateDisk", &asked);
    if status != 200 {
        return outcome(status, &body);
    }
    let ids = json!([text(&body, "DiskId")]).to_string();
    outcome(200, &world.ecs("DescribeDisks", &[("RegionId", REGION), ("DiskIds", &ids)])["Disks"]["Disk"][0])
}

/// That parameter with each of these values, and left out.
fn with<'a>(name: &'a str, values: &[&'a str]) -> Vec<Option<(&'a str, &'a str)>> {
    [vec![None], values.iter().map(|value| Some((name, *value))).collect()].concat()
}

/// Every combination of one of each.
fn combinations<'a>(parts: &[&[Option<(&'a str, &'a str)>]]) -> Vec<Asked<'a>> {
    parts.iter().fold(vec![Vec::new()], |sofar, part| {
        let with = |asked: &Asked<'a>| part.iter().map(|one| [asked.clone(), Vec::from_iter(*one)].concat()).collect();
        sofar.iter().flat_map::<Vec<_>, _>(with).collect()
    })
}

#[test]
fn it_comes_to_what_create_disk_does_with_the_switch_on_and_off_whatever_is_asked() {
    let world = World::new();
    world.disk_encryption_role();
    let (good, disabled, by_default) = (world.customer_key(), world.customer_key(), world.customer_key());
    let plain = world.done_snapshot(&world.used_disk(&[]), &[]);
    let encrypted = |key| [("Encrypted", "true"), ("KMSKeyId", key)];
    let of_good = world.done_snapshot(&world.used_disk(&encrypted(&good)), &[]);
    let of_disabled = world.done_snapshot(&world.used_disk(&encrypted(&disabled)), &[]);
    let (shared, _) = world.shared_snapshot();
    world.root(Product::Kms, "DisableKey", &[("KeyId", &disabled)]);
    let asked = combinations(&[
        &[None, Some(("Encrypted", "true")), Some(("Encrypted", "false"))],
        &with("KMSKeyId", &[&good, &disabled, "nothing"]),
        &with("SnapshotId", &[&plain, &of_good, &of_disabled, &shared, "s-nothing"]),
        &[None, Some(("DiskCategory", "cloud_essd")), EPHEMERAL],
    ]);
    // No ephemeral disk is made from a snapshot, encrypted or not.
    let is_ephemeral = |asked: &Asked<'_>| asked.last() == EPHEMERAL.as_ref();
    let asked: Vec<_> = asked
        .into_iter()
        .filter(|asked| !(is_ephemeral(asked) && asked.iter().any(|(name, _)| *name == "SnapshotId")))
        .collect();
    assert_eq!(asked.len(), 156);
    let compare = |setting: &str| {
        let mut codes = std::collections::BTreeSet::new();
        for asked in &asked {
            let (status, body) = forecast(&world, asked);
            let (said, then) = (outcome(status, &body), made(&world, asked));
            assert_eq!(said, then, "{setting}: {asked:?}");
            codes.extend(said.err());
        }
        codes
    };
    // The service key is there: what would be made first has no name.
    world.disk(&[("Encrypted", "true")]);
    let off = compare("off");
    assert!(off.len() > 4, "{off:?}");
    world.ecs("EnableDiskEncryptionByDefault", &[("RegionId", REGION)]);
    compare("on, service key");
    world.ecs("ModifyDiskDefaultKMSKeyId", &[("RegionId", REGION), ("KMSKeyId", &by_default)]);
    compare("on, customer's key");
}

#[test]
fn it_says_what_names_the_key_and_makes_nothing() {
    let world = World::new();
    world.disk_encryption_role();
    let said = |asked: &[(&str, &str)]| {
        let (status, body) = forecast(&world, asked);
        assert_eq!(status, 200, "{asked:?}: {body}");
        (body["Encrypted"].clone(), body.get("KeyNamedBy").cloned(), body.get("KMSKeyId").cloned())
    };
    let before = world.state();
    assert_eq!(said(&[]), (json!(false), None, None));
    let of_service = said(&[("Encrypted", "true")]);
    assert_eq!(of_service, (json!(true), Some(json!("Nothing")), None), "it would be made first");
    assert_eq!(world.state(), before, "nothing was");
    let key = world.customer_key();
    let asked = [("Encrypted", "true"), ("KMSKeyId", key.as_str())];
    let before = world.state();
    assert_eq!(said(&asked), (json!(true), Some(json!("Request")), Some(json!(key))));
    assert_eq!(world.state(), before, "the key was not tagged");
    world.ecs("EnableDiskEncryptionByDefault", &[("RegionId", REGION)]);
    let (_, named_by, of_default) = said(&[]);
    assert_eq!((named_by, of_default), (Some(json!("Default")), Some(json!(world.service_key_in(REGION)))));
    let snapshot = world.done_snapshot(&world.used_disk(&asked), &[]);
    let from = [("SnapshotId", snapshot.as_str()), ("DiskCategory", "cloud_essd")];
    assert_eq!(said(&from), (json!(true), Some(json!("Snapshot")), Some(json!(key))));
}

#[test]
fn who_may_make_disks_is_not_by_that_who_may_ask_this() {
    let world = World::new();
    let create = ALLOW_ALL.replacen("\"*\"", "\"ecs:*\"", 1);
    let (maker, any) = (world.user("maker", Some(&create)), world.user("any", Some(ALLOW_ALL)));
    let ask = |who| world.call(who, Product::Coffer, "DescribeNewDiskEncryption", &[("RegionId", REGION)]);
    let (status, body) = ask(&maker);
    assert_eq!((status, &body["AccessDeniedDetail"]["AuthAction"]), (403, &json!("coffer:DescribeNewDiskEncryption")));
    assert_eq!(ask(&any).0, 200);
}
