//! Snapshots copied, within their account and from another that shares them.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_base::AccountId;
use coffer_cloud::Product;
use coffer_cloud::bootstrap::{self, KmsService};
use coffer_cloud::ecs::share::{self, ShareError};
use coffer_store::Record as _;
use coffer_store::snapshots::{self, Snapshot};
use serde_json::{Value, json};
use support::compute::{DAY_MS, OTHER, copy_of, refusal};
use support::{REGION, World, text};

#[test]
fn a_data_key_that_was_moved_to_another_snapshot_does_not_open() {
    let world = World::new();
    let disk_id = world.used_disk(&[("Encrypted", "true")]);
    let [first, second] = [(); 2].map(|()| world.done_snapshot(&disk_id, &[]));
    let stolen = world.snapshot_row(&first).wrapped_data_key;
    let moved = Snapshot { wrapped_data_key: stolen, ..world.snapshot_row(&second) };
    world.store(move |tx| moved.update(tx));
    let (status, _) = world.call(&support::root(), Product::Ecs, "CopySnapshot", &copy_of(&second, OTHER, &[]));
    assert_eq!(status, 500);
    world.copied(&first, OTHER, &[]);
}

#[test]
fn a_source_stays_while_it_is_being_copied() {
    let world = World::new();
    let disk_id = world.used_disk(&[]);
    let snapshot_id = world.done_snapshot(&disk_id, &[("RetentionDays", "1")]);
    let copy = text(&world.ecs("CopySnapshot", &copy_of(&snapshot_id, OTHER, &[])), "SnapshotId");
    let refused = world.refused("DeleteSnapshot", &[("SnapshotId", &snapshot_id), ("Force", "true")]);
    let message = "The operation may conflicts with others, please retry later.";
    assert_eq!(refused, refusal(403, "Operation.Conflict", message));
    world.settle();
    world.ecs("DeleteSnapshot", &[("SnapshotId", &snapshot_id)]);
    assert_eq!(world.snapshot_shown(OTHER, &copy)["SourceSnapshotId"], snapshot_id);
}

#[test]
fn a_copy_in_another_region_has_a_chain_of_its_own_and_neither_tags_nor_retention_of_its_source() {
    let world = World::new();
    let disk_id = world.used_disk(&[]);
    let source = world.done_snapshot(&disk_id, &[("RetentionDays", "5"), ("Tag.1.Key", "a"), ("SnapshotName", "one")]);
    let first = world.copied(&source, OTHER, &[]);
    let second = world.copied(&source, OTHER, &[("RetentionDays", "1"), ("Tag.1.Key", "b")]);
    let shown = world.snapshot_shown(OTHER, &first);
    let expected =
        json!(["copy", "a copy", OTHER, REGION, source, disk_id, false, "", [], "accomplished", "20", "user", null]);
    let fields = [
        "SnapshotName",
        "Description",
        "RegionId",
        "SourceRegionId",
        "SourceSnapshotId",
        "SourceDiskId",
        "Encrypted",
        "KMSKeyId",
    ];
    let mut actual: Vec<Value> = fields.iter().map(|field| shown[field].clone()).collect();
    actual.push(shown["Tags"]["Tag"].clone());
    actual.extend(["Status", "SourceDiskSize", "SnapshotType", "RetentionDays"].map(|field| shown[field].clone()));
    assert_eq!(Value::from(actual), expected);
    assert!(first.starts_with("s-2ze"), "{first}");
    let chain = text(&shown, "SnapshotLinkId");
    assert!(chain.starts_with("sl-2ze") && chain.len() == 23, "{chain}");
    assert_eq!(world.snapshot_shown(OTHER, &second)["SnapshotLinkId"], chain.as_str());
    assert_ne!(world.snapshot_shown(REGION, &source)["SnapshotLinkId"], chain.as_str());
    assert_eq!(world.snapshot_shown(REGION, &first), Value::Null);
    world.advance(DAY_MS);
    assert_eq!(world.snapshot_shown(OTHER, &second), Value::Null);
    assert_eq!(world.snapshots_in(OTHER, &[]).len(), 1);
}

#[test]
fn the_key_of_a_copy_is_chosen_by_precedence() {
    let world = World::new();
    world.disk_encryption_role();
    let [own, other] = [(); 2].map(|()| world.customer_key());
    let there = world.key_in(OTHER);
    let plain = world.done_snapshot(&world.used_disk(&[]), &[]);
    let encrypted = world.used_disk(&[("Encrypted", "true"), ("KMSKeyId", &own)]);
    let encrypted = world.done_snapshot(&encrypted, &[]);
    let key_of = |source: &str, to: &str, more: &[(&str, &str)]| {
        text(&world.snapshot_shown(to, &world.copied(source, to, more)), "KMSKeyId")
    };
    let yes = ("Encrypted", "true");
    // With the default off everywhere.
    assert_eq!(key_of(&plain, OTHER, &[]), "");
    assert_eq!(key_of(&plain, OTHER, &[("Encrypted", "false")]), "");
    assert_eq!(key_of(&plain, REGION, &[yes, ("KMSKeyId", &other)]), other);
    assert_eq!(key_of(&plain, REGION, &[yes]), world.service_key_in(REGION));
    assert_eq!(key_of(&encrypted, REGION, &[]), own);
    assert_eq!(key_of(&encrypted, REGION, &[yes]), own);
    assert_eq!(key_of(&encrypted, REGION, &[yes, ("KMSKeyId", &other)]), other);
    assert_eq!(key_of(&encrypted, OTHER, &[]), world.service_key_in(OTHER));
    assert_eq!(key_of(&encrypted, OTHER, &[yes, ("KMSKeyId", &there)]), there);
    // With the default on in the destination.
    for region in [OTHER, REGION] {
        world.ecs("EnableDiskEncryptionByDefault", &[("RegionId", region)]);
    }
    world.ecs("ModifyDiskDefaultKMSKeyId", &[("RegionId", OTHER), ("KMSKeyId", &there)]);
    world.ecs("ModifyDiskDefaultKMSKeyId", &[("RegionId", REGION), ("KMSKeyId", &other)]);
    assert_eq!(key_of(&plain, OTHER, &[]), there);
    assert_eq!(key_of(&plain, OTHER, &[("Encrypted", "false")]), there);
    assert_eq!(key_of(&plain, REGION, &[]), other);
    assert_eq!(key_of(&encrypted, OTHER, &[]), there);
    assert_eq!(key_of(&encrypted, REGION, &[]), own);
}

#[test]
fn a_copy_cannot_be_less_than_its_source_and_errors_are_worded_as_copy_snapshot_does() {
    let world = World::new();
    world.disk_encryption_role();
    let key = world.customer_key();
    let plain = world.done_snapshot(&world.used_disk(&[]), &[]);
    let encrypted = world.used_disk(&[("Encrypted", "true"), ("KMSKeyId", &key)]);
    let encrypted_disk = encrypted.clone();
    let encrypted = world.done_snapshot(&encrypted, &[]);
    let no = ("Encrypted", "false");
    let yes = ("Encrypted", "true");
    let local = world.key_in("cn-fuzhou");
    let must = "The specified parameter Encrypted must be true when KmsKeyId is not empty.";
    let absent = refusal(403, "InvalidParameter.KMSKeyId.NotFound", "The specified KMSKeyId does not exist.");
    let cases = [
        (
            copy_of(&encrypted, OTHER, &[no]),
            refusal(
                403,
                "InvalidEncrypted.NotSupportDecrypt",
                "Encrypted snapshot not support copy to decrypt snapshot.",
            ),
        ),
        (copy_of(&plain, OTHER, &[("KMSKeyId", &key)]), refusal(403, "InvalidEncrypted.NotMatchKmsKeyId", must)),
        (copy_of(&plain, OTHER, &[no, ("KMSKeyId", &key)]), refusal(403, "InvalidEncrypted.NotMatchKmsKeyId", must)),
        (
            copy_of(&plain, REGION, &[]),
            refusal(
                403,
                "InvalidOperation.NotSupportCopyInSameRegion",
                "Copying snapshot in the same region is not supported.",
            ),
        ),
        // A key of the source's region is none of the destination's.
        (copy_of(&plain, OTHER, &[yes, ("KMSKeyId", &key)]), absent.clone()),
        (copy_of(&plain, OTHER, &[yes, ("KMSKeyId", "nobody")]), absent),
        (
            copy_of("s-bp1nobody", OTHER, &[]),
            refusal(403, "InvalidSnapshotId.NotFound", "The specified snapshot is not exists."),
        ),
        (copy_of(&plain, "cn-atlantis", &[]), refusal(403, "InvalidRegionId.NotExists", "Region not exists.")),
        (
            copy_of(&plain, OTHER, &[("RetentionDays", "0")]),
            refusal(403, "InvalidRetentionDays.Malformed", "The specified RetentionDays is not valid."),
        ),
        (
            copy_of(&plain, OTHER, &[("Arn.1.Rolearn", "x")]),
            refusal(403, "UserNotInTheWhiteList", "The user is not in Arns white list."),
        ),
        (
            copy_of(&plain, OTHER, &[("ResourceGroupId", "rg-1")]),
            refusal(400, "InvalidParameter", r#"The specified parameter "ResourceGroupId" is not valid."#),
        ),
        (
            copy_of(&plain, "cn-nanjing", &[yes]),
            refusal(
                400,
                "NotSupportSnapshotEncrypted.RegionId",
                "The specified region does not support creating encrypted disks with native snapshot encrypt.",
            ),
        ),
        (
            copy_of(&plain, "cn-fuzhou", &[yes, ("KMSKeyId", &local)]),
            refusal(403, "InvalidRegion.NotSupport", "The specified region does not support byok."),
        ),
    ];
    for (parameters, expected) in cases {
        assert_eq!(world.refused("CopySnapshot", &parameters), expected, "{parameters:?}");
    }
    let without_name: Vec<_> =
        copy_of(&plain, OTHER, &[]).into_iter().filter(|pair| pair.0 != "DestinationSnapshotName").collect();
    assert_eq!(world.refused("CopySnapshot", &without_name).1, "MissingDestinationSnapshotName");
    let progressing = world.snapshot(&encrypted_disk, &[]);
    let refused = world.refused("CopySnapshot", &copy_of(&progressing, OTHER, &[]));
    let message = "The specified snapshot has not completed yet.";
    assert_eq!(refused, refusal(403, "InvalidSnapshotId.NotReady", message));
    world.settle();
    world.root(Product::Kms, "DisableKey", &[("KeyId", &key)]);
    let refused = world.refused("CopySnapshot", &copy_of(&encrypted, OTHER, &[]));
    let message = "The CMK (Customer Master Key) must be in an active state.";
    assert_eq!(refused, refusal(403, "InvalidParameter.KMSKeyId.CMKNotEnabled", message));
    let account = world.account.clone();
    bootstrap::set_kms_service(&world.db, &account, KmsService::Suspended).unwrap();
    let refused = world.refused("CopySnapshot", &copy_of(&plain, OTHER, &[yes]));
    let message = "The specified operation need enable KMS.";
    assert_eq!(refused, refusal(403, "InvalidParameter.KmsNotEnabled", message));
    assert!(world.snapshots_in(OTHER, &[]).is_empty());
}

#[test]
fn of_two_racing_copies_of_a_disks_snapshots_the_second_is_refused() {
    let world = World::new();
    let disk_id = world.used_disk(&[]);
    let [first, second] = [(); 2].map(|()| world.done_snapshot(&disk_id, &[]));
    let cases = [
        (
            vec![],
            refusal(
                403,
                "InvalidOperation.UnfinishedCrossRegionCopy",
                "This disk has unfinished cross-region copy snapshots in the target region.",
            ),
        ),
        (
            vec![("Encrypted", "true")],
            refusal(
                403,
                "InvalidOperation.UnfinishedEncryptedSnapshotCopy",
                "This disk has unfinished encrypted copy snapshots in the target region.",
            ),
        ),
    ];
    for (more, expected) in cases {
        world.ecs("CopySnapshot", &copy_of(&first, OTHER, &more));
        assert_eq!(world.refused("CopySnapshot", &copy_of(&second, OTHER, &more)), expected);
        world.ecs("CopySnapshot", &copy_of(&second, "cn-shanghai", &more));
        world.settle();
    }
}

#[test]
fn a_shared_snapshot_is_copied_through_the_owners_role_and_under_a_key_of_the_copier() {
    let (world, other, neighbour) = World::with_neighbour();
    world.disk_encryption_role();
    let key = world.customer_key();
    let plain = world.done_snapshot(&world.used_disk(&[]), &[]);
    let service = world.used_disk(&[("Encrypted", "true")]);
    let service = world.done_snapshot(&service, &[]);
    let disk_id = world.used_disk(&[("Encrypted", "true"), ("KMSKeyId", &key)]);
    let snapshot_id = world.done_snapshot(&disk_id, &[]);
    let owner = world.account.clone();
    let nobody = AccountId::parse("1888888888888888").unwrap();
    let share = |snapshot_id: &str, with: &AccountId| share::snapshot(&world.db, snapshot_id, with);
    assert!(matches!(share("s-bp1nobody", &other), Err(ShareError::NoSuchSnapshot)));
    assert!(matches!(share(&snapshot_id, &owner), Err(ShareError::OwnAccount)));
    assert!(matches!(share(&snapshot_id, &nobody), Err(ShareError::NoSuchAccount)));
    assert!(matches!(share(&service, &other), Err(ShareError::ServiceKey)));
    let progressing = world.snapshot(&disk_id, &[]);
    assert!(matches!(share(&progressing, &other), Err(ShareError::NotComplete)));
    world.settle();
    share(&plain, &other).unwrap();
    share(&snapshot_id, &other).unwrap();
    share(&snapshot_id, &other).unwrap();
    let call = |action, parameters: &[(&str, &str)]| world.call(&neighbour, Product::Ecs, action, parameters);
    assert_eq!(call("CopySnapshot", &copy_of(&plain, OTHER, &[])).0, 200);
    let (status, body) = call("CopySnapshot", &copy_of(&snapshot_id, REGION, &[]));
    assert_eq!((status, &body["Code"]), (403, &json!("InvalidParameter.KMSKeyId.KMSUnauthorized")));
    world.let_ecs_share(&support::root(), other.as_str());
    let (status, body) = call("CopySnapshot", &copy_of(&snapshot_id, REGION, &[]));
    assert_eq!(status, 200, "{body}");
    let copy = world.snapshot_row(body["SnapshotId"].as_str().unwrap());
    assert_eq!((&copy.account, copy.source_disk_id), (&other, disk_id));
    let (_, aliases) = world.call(&neighbour, Product::Kms, "ListAliases", &[("RegionId", REGION)]);
    assert_eq!(copy.kms_key_id.as_deref(), aliases["Aliases"]["Alias"][0]["KeyId"].as_str());
    // What was shared is gone from the neighbour with the snapshot.
    world.settle();
    world.ecs("DeleteSnapshot", &[("SnapshotId", &snapshot_id)]);
    let shared = world.db.read(|tx| snapshots::is_shared_with(tx, &snapshot_id, &other)).unwrap();
    assert!(!shared);
}

#[test]
fn a_disk_can_be_made_from_a_copy_in_the_other_region() {
    let world = World::new();
    let source = world.done_snapshot(&world.used_disk(&[("Encrypted", "true")]), &[]);
    let copy = world.copied(&source, OTHER, &[]);
    let parameters =
        [("RegionId", OTHER), ("ZoneId", "cn-beijing-a"), ("DiskCategory", "cloud_essd"), ("SnapshotId", &copy)];
    let disk_id = text(&world.ecs("CreateDisk", &parameters), "DiskId");
    let disks = world.ecs("DescribeDisks", &[("RegionId", OTHER), ("SnapshotId", &copy)]);
    let disk = &disks["Disks"]["Disk"][0];
    assert_eq!((&disk["DiskId"], &disk["Encrypted"]), (&json!(disk_id), &json!(true)));
    assert_eq!(disk["KMSKeyId"], world.service_key_in(OTHER).as_str());
}
