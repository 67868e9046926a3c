//! What is not as it should be, and that the call beside each finding mends it.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use serde_json::{Value, json};
use support::compute::{DAY_MS, OTHER};
use support::{REGION, World, other, text};

fn page(world: &World, parameters: &[(&str, &str)]) -> Value {
    let all = [&[("RegionId", REGION)], parameters].concat();
    world.root(Product::Coffer, "DescribeComplianceFindings", &all)
}

fn items(page: &Value) -> Vec<Value> {
    page["Findings"]["Finding"].as_array().unwrap().clone()
}

fn findings(world: &World, kind: &str) -> Vec<Value> {
    items(&page(world, &[("Kind", kind)]))
}

/// Calls what a finding says mends it.
fn mend(world: &World, finding: &Value) -> Value {
    let remedy = &finding["Remedy"];
    let product = Product::by_version(remedy["Version"].as_str().unwrap()).unwrap();
    assert_eq!(remedy["Product"], product.code());
    let pairs = remedy["Parameters"]["Parameter"].as_array().unwrap();
    let pairs: Vec<_> = pairs.iter().map(|pair| (text(pair, "Name"), text(pair, "Value"))).collect();
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = world.root(product, remedy["Action"].as_str().unwrap(), &pairs);
    world.settle();
    answer
}

/// The ids of what is found.
fn ids(findings: &[Value]) -> Vec<String> {
    findings.iter().map(|finding| text(finding, "ResourceId")).collect()
}

#[test]
fn a_plain_disk_is_found_and_its_remedy_is_then_under_way() {
    let world = World::new();
    let plain = world.disk(&[]);
    world.disk(&[("Encrypted", "true")]);
    let found = findings(&world, "DiskNotEncrypted");
    assert_eq!(ids(&found), std::slice::from_ref(&plain));
    assert_eq!((&found[0]["UnderWay"], &found[0]["ResourceType"]), (&json!(false), &json!("disk")));
    let command = format!("coffer compliance fix --region {REGION} --kind DiskNotEncrypted --resource {plain}");
    assert_eq!(found[0]["Remedy"]["Command"], command);
    mend(&world, &found[0]);
    assert_eq!(findings(&world, "DiskNotEncrypted")[0]["UnderWay"], true);
}

#[test]
fn a_disk_that_can_not_be_encrypted_has_no_remedy() {
    let world = World::new();
    let disk_id = world.disk(&[]);
    world.change_disk(&disk_id, |disk| {
        "cloud_efficiency".clone_into(&mut disk.category);
        "system".clone_into(&mut disk.disk_type);
    });
    let found = findings(&world, "DiskNotEncrypted");
    assert_eq!((ids(&found), found[0].get("Remedy")), (vec![disk_id], None));
}

#[test]
fn a_disk_off_the_default_key_is_found_while_the_default_is_on_and_wrapping_it_again_mends_it() {
    let world = World::new();
    world.disk_encryption_role();
    let (first, second) = (world.customer_key(), world.customer_key());
    let disk_id = world.disk(&[("Encrypted", "true"), ("KMSKeyId", &first)]);
    let found = || findings(&world, "DiskNotOnDefaultKey");
    assert!(found().is_empty(), "there is no default");
    world.ecs("EnableDiskEncryptionByDefault", &[("RegionId", REGION)]);
    world.ecs("ModifyDiskDefaultKMSKeyId", &[("RegionId", REGION), ("KMSKeyId", &second)]);
    assert_eq!(ids(&found()), [disk_id]);
    mend(&world, &found()[0]);
    assert!(found().is_empty());
    world.ecs("ResetDiskDefaultKMSKeyId", &[("RegionId", REGION)]);
    assert_eq!(found().len(), 1, "the service key is the default now");
    world.ecs("DisableDiskEncryptionByDefault", &[("RegionId", REGION)]);
    assert!(found().is_empty());
}

#[test]
fn what_has_a_key_that_is_not_enabled_is_found_and_the_key_is_enabled_again() {
    let world = World::new();
    world.disk_encryption_role();
    let key_id = world.customer_key();
    let disk_id = world.used_disk(&[("Encrypted", "true"), ("KMSKeyId", &key_id)]);
    let snapshot_id = world.done_snapshot(&disk_id, &[]);
    let found = || [findings(&world, "DiskKeyUnusable"), findings(&world, "SnapshotKeyUnusable")].concat();
    assert!(found().is_empty());
    for (action, more) in [("DisableKey", None), ("ScheduleKeyDeletion", Some(("PendingWindowInDays", "7")))] {
        let parameters: Vec<_> = [("KeyId", &*key_id)].into_iter().chain(more).collect();
        world.root(Product::Kms, action, &parameters);
        assert_eq!(ids(&found()), [disk_id.clone(), snapshot_id.clone()], "{action}");
        mend(&world, &found()[0]);
        assert!(found().is_empty(), "{action}");
    }
    world.root(Product::Kms, "ScheduleKeyDeletion", &[("KeyId", &key_id), ("PendingWindowInDays", "7")]);
    world.advance(8 * DAY_MS);
    let lost = found();
    assert_eq!((ids(&lost), lost[0].get("Remedy")), (vec![disk_id, snapshot_id], None));
    assert_eq!(lost[0]["Detail"], format!("The key {key_id} is gone."));
    // Nor does a new wrapping help, which would have to open the data key first.
    world.ecs("EnableDiskEncryptionByDefault", &[("RegionId", REGION)]);
    let lost = findings(&world, "DiskNotOnDefaultKey");
    assert_eq!((lost.len(), lost[0].get("Remedy")), (1, None));
}

#[test]
fn a_snapshot_left_under_a_key_that_is_gone_has_no_remedy() {
    let world = World::new();
    world.disk_encryption_role();
    let (first, second) = (world.customer_key(), world.customer_key());
    let disk_id = world.used_disk(&[("Encrypted", "true"), ("KMSKeyId", &first)]);
    let snapshot_id = world.done_snapshot(&disk_id, &[]);
    world.root(Product::Coffer, "RewrapDiskDataKey", &[("DiskId", &disk_id), ("KMSKeyId", &second)]);
    world.root(Product::Kms, "ScheduleKeyDeletion", &[("KeyId", &first), ("PendingWindowInDays", "7")]);
    assert!(findings(&world, "SnapshotUnderOldKey")[0]["Remedy"].is_object());
    world.advance(8 * DAY_MS);
    let lost = findings(&world, "SnapshotUnderOldKey");
    assert_eq!((ids(&lost), lost[0].get("Remedy")), (vec![snapshot_id], None));
}

#[test]
fn a_snapshot_left_under_an_old_key_is_copied_and_then_superseded_and_then_deleted() {
    let world = World::new();
    world.disk_encryption_role();
    let (first, second) = (world.customer_key(), world.customer_key());
    let disk_id = world.used_disk(&[("Encrypted", "true"), ("KMSKeyId", &first)]);
    let snapshot_id = world.done_snapshot(&disk_id, &[("SnapshotName", "kept")]);
    world.copied(&snapshot_id, OTHER, &[]);
    let found = |kind| findings(&world, kind);
    assert!(found("SnapshotUnderOldKey").is_empty());
    world.root(Product::Coffer, "RewrapDiskDataKey", &[("DiskId", &disk_id), ("KMSKeyId", &second)]);
    assert_eq!(ids(&found("SnapshotUnderOldKey")), std::slice::from_ref(&snapshot_id));
    let copy = text(&mend(&world, &found("SnapshotUnderOldKey")[0]), "SnapshotId");
    let shown = world.snapshot_shown(REGION, &copy);
    assert_eq!((&shown["KMSKeyId"], &shown["SnapshotName"]), (&json!(second), &json!("kept")));
    assert!(found("SnapshotUnderOldKey").is_empty());
    assert_eq!(ids(&found("SnapshotSuperseded")), std::slice::from_ref(&snapshot_id));
    mend(&world, &found("SnapshotSuperseded")[0]);
    assert!(found("SnapshotSuperseded").is_empty() && world.snapshot_shown(REGION, &snapshot_id).is_null());
}

#[test]
fn a_key_is_past_its_rotation_age_until_it_is_rotated_and_only_a_customers_own_can_be() {
    let world = World::new();
    let key_id = world.customer_key();
    world.disk(&[("Encrypted", "true")]);
    world.advance(364 * DAY_MS);
    assert!(findings(&world, "KeyPastRotationAge").is_empty());
    world.advance(DAY_MS);
    let found = findings(&world, "KeyPastRotationAge");
    assert_eq!(found.len(), 2);
    let (own, service): (Vec<_>, Vec<_>) = found.into_iter().partition(|finding| finding["ResourceId"] == key_id);
    assert_eq!(service[0].get("Remedy"), None);
    mend(&world, &own[0]);
    assert_eq!(ids(&findings(&world, "KeyPastRotationAge")), ids(&service));
}

#[test]
fn pages_hold_every_finding_once_and_their_tokens_are_for_their_own_listing() {
    let world = World::new();
    let mut made: Vec<String> = (0..23).map(|_| world.disk(&[])).collect();
    made.sort_unstable();
    let (mut seen, mut token, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = page(&world, &[("MaxResults", "10"), ("NextToken", &token)]);
        seen.extend(ids(&items(&page)));
        token = text(&page, "NextToken");
        pages += 1;
        if token.is_empty() {
            break;
        }
        let asked = [("RegionId", REGION), ("Kind", "DiskNotEncrypted"), ("NextToken", &token)];
        let (status, body) = world.call(&support::root(), Product::Coffer, "DescribeComplianceFindings", &asked);
        assert_eq!((status, &body["Code"]), (400, &json!("InvalidParameter")));
    }
    seen.sort_unstable();
    assert_eq!((seen, pages), (made, 3));
}

#[test]
fn one_account_and_one_region_at_a_time() {
    let world = World::new();
    world.disk(&[]);
    let asked = |region| [("RegionId", region)];
    let of_other = world.succeed(&other(), Product::Coffer, "DescribeComplianceFindings", &asked(REGION));
    assert!(items(&of_other).is_empty());
    assert!(items(&world.root(Product::Coffer, "DescribeComplianceFindings", &asked(OTHER))).is_empty());
}
