//! What hangs on a key: listed, counted, warned of; and when the key was last used.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use coffer_store::audit;
use serde_json::{Value, json};
use support::files::Files;
use support::instances::{ESSD, HERE, disks_of, running};
use support::{REGION, World, text};

const WEEK: (&str, &str) = ("PendingWindowInDays", "7");

fn described(world: &World, key_id: &str, more: &[(&str, &str)]) -> Value {
    world.root(Product::Coffer, "DescribeKeyDependants", &[&[("KeyId", key_id)], more].concat())
}

/// The kinds and ids of a page.
fn listed(page: &Value) -> Vec<(String, String)> {
    let items = page["Dependants"]["Dependant"].as_array().unwrap().iter();
    items.map(|item| (text(item, "Type"), text(item, "ResourceId"))).collect()
}

/// The warnings in the answer's headers, which must be a success.
fn warnings(world: &World, action: &str, parameters: &[(&str, &str)]) -> Vec<String> {
    let answer = world.answer(world.request(&support::root(), Product::Kms, action, &support::owned(parameters)));
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    answer.warnings
}

/// A key with the disk of a running instance, its snapshot, an image of that, a disk that is encrypted anew, a secret, and the default.
struct Scene {
    world: World,
    key: String,
    instance: String,
    disk: String,
    renewed: String,
    snapshot: String,
    image: String,
}

impl Scene {
    fn new() -> Self {
        let world = World::new();
        world.disk_encryption_role();
        let (key, other) = (world.customer_key(), world.customer_key());
        let renewed = world.disk(&[("Encrypted", "true"), ("KMSKeyId", &other)]);
        let system = [ESSD, ("SystemDisk.Encrypted", "true"), ("SystemDisk.KMSKeyId", &key)];
        let instance = running(&world, &system);
        let image = text(&world.ecs("CreateImage", &[HERE, ("InstanceId", &instance)]), "ImageId");
        world.settle();
        let disk = text(&disks_of(&world, &instance)[0], "DiskId");
        let snapshots = world.ecs("DescribeSnapshots", &[HERE, ("DiskId", &disk)]);
        let snapshot = text(&snapshots["Snapshots"]["Snapshot"][0], "SnapshotId");
        world.root(Product::Coffer, "ReencryptDisk", &[("DiskId", &renewed), ("KMSKeyId", &key)]);
        let secret = [("SecretName", "s"), ("VersionId", "v1"), ("SecretData", "x"), ("EncryptionKeyId", &key)];
        world.kms("CreateSecret", &secret);
        world.ecs("EnableDiskEncryptionByDefault", &[HERE]);
        world.ecs("ModifyDiskDefaultKMSKeyId", &[HERE, ("KMSKeyId", &key)]);
        Self { world, key, instance, disk, renewed, snapshot, image }
    }

    fn everything(&self) -> Vec<(String, String)> {
        [
            ("disk", &*self.disk),
            ("reencryption", &self.renewed),
            ("snapshot", &self.snapshot),
            ("image", &self.image),
            ("secret", "s"),
            ("default", REGION),
        ]
        .map(|(kind, id)| (kind.to_owned(), id.to_owned()))
        .to_vec()
    }
}

#[test]
fn everything_that_hangs_on_a_key_is_listed_with_its_versions_and_attachments_and_counted() {
    let scene = Scene::new();
    let (world, version) = (&scene.world, scene.world.newest_version(&scene.key));
    let shown = described(world, &scene.key, &[]);
    assert_eq!(listed(&shown), scene.everything());
    let items = &shown["Dependants"]["Dependant"];
    let attached = json!({"Attachment": [{"InstanceId": scene.instance, "Status": "Running"}]});
    assert_eq!(items[0]["Attachments"], attached);
    for place in 0..5 {
        assert_eq!(items[place]["KeyVersionIds"]["KeyVersionId"], json!([version]), "{}", items[place]);
    }
    assert_eq!(items[5]["KeyVersionIds"]["KeyVersionId"], json!([]));
    let counts = json!({"Disks": 1, "RunningDisks": 1, "Reencryptions": 1, "Snapshots": 1, "Images": 1, "Secrets": 1, "Defaults": 1});
    assert_eq!((&shown["Counts"], &shown["KeyState"], &shown["NextToken"]), (&counts, &json!("Enabled"), &json!("")));
    let unused = world.customer_key();
    assert_eq!(listed(&described(world, &unused, &[])), []);
}

#[test]
fn the_service_key_has_the_default_that_names_no_key_and_no_other_key_has_it() {
    let world = World::new();
    world.ecs("EnableDiskEncryptionByDefault", &[HERE]);
    let key = text(&world.ecs("DescribeDiskDefaultKMSKeyId", &[HERE]), "KMSKeyId");
    assert_eq!(listed(&described(&world, &key, &[])), [("default".to_owned(), REGION.to_owned())]);
    assert_eq!(listed(&described(&world, &world.customer_key(), &[])), []);
    world.ecs("DisableDiskEncryptionByDefault", &[HERE]);
    assert_eq!(listed(&described(&world, &key, &[])), []);
}

#[test]
fn pages_go_on_where_the_last_one_ended_and_a_token_of_another_listing_is_refused() {
    let scene = Scene::new();
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let page = described(&scene.world, &scene.key, &[("MaxResults", "1"), ("NextToken", &token)]);
        assert_eq!(listed(&page).len(), 1);
        seen.extend(listed(&page));
        token = text(&page, "NextToken");
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, scene.everything());
    let token = text(&described(&scene.world, &scene.key, &[("MaxResults", "1")]), "NextToken");
    let other = scene.world.customer_key();
    for (name, value, key) in
        [("NextToken", &*token, &other), ("NextToken", "x", &scene.key), ("MaxResults", "501", &scene.key)]
    {
        let asked = [("KeyId", &**key), (name, value)];
        let (status, body) = scene.world.call(&support::root(), Product::Coffer, "DescribeKeyDependants", &asked);
        assert_eq!((status, &body["Code"]), (400, &json!("InvalidParameter")), "{body}");
    }
}

#[test]
fn a_version_has_what_was_encrypted_under_it_alone() {
    let scene = Scene::new();
    let (world, first) = (&scene.world, scene.world.newest_version(&scene.key));
    world.advance(1000);
    world.kms("CreateKeyVersion", &[("KeyId", &scene.key)]);
    let second = world.newest_version(&scene.key);
    let newer = world.disk(&[("Encrypted", "true"), ("KMSKeyId", &scene.key)]);
    let of = |version: &str| described(world, &scene.key, &[("KeyVersionId", version)]);
    assert_eq!(listed(&of(&first)), scene.everything()[..5]);
    assert_eq!(listed(&of(&second)), [("disk".to_owned(), newer)]);
    assert_eq!((&of(&second)["Counts"]["Disks"], &of(&second)["Counts"]["RunningDisks"]), (&json!(1), &json!(0)));
    assert_eq!(of(&second)["KeyVersions"]["KeyVersion"].as_array().unwrap().len(), 1);
    // The secret has a version under each.
    world.kms("PutSecretValue", &[("SecretName", "s"), ("VersionId", "v2"), ("SecretData", "y")]);
    let both = &described(world, &scene.key, &[])["Dependants"]["Dependant"][5];
    assert_eq!((&both["Type"], both["KeyVersionIds"]["KeyVersionId"].as_array().unwrap().len()), (&json!("secret"), 2));
    let foreign = world.newest_version(&world.customer_key());
    let asked = [("KeyId", &*scene.key), ("KeyVersionId", &foreign)];
    let (status, body) = world.call(&support::root(), Product::Coffer, "DescribeKeyDependants", &asked);
    assert_eq!((status, &body["Code"]), (404, &json!("Forbidden.KeyVersionNotFound")), "{body}");
}

#[test]
fn switching_off_or_destroying_a_key_in_use_warns_in_the_answer_and_on_record() {
    let scene = Scene::new();
    let world = &scene.world;
    let hangs = "1 disk (1 of running instances), 1 reencryption, 1 snapshot, 1 image, 1 secret, 1 default";
    let expected = format!("the key {} is in use: {hangs}", scene.key);
    for (action, more) in [("DisableKey", &[][..]), ("ScheduleKeyDeletion", &[WEEK])] {
        let parameters = [&[("KeyId", &*scene.key)], more].concat();
        assert_eq!(warnings(world, action, &parameters), std::slice::from_ref(&expected));
        let rows = world.db.read(|tx| audit::after(tx, 0, 10_000)).unwrap();
        let detail: Value = serde_json::from_str(&rows.last().unwrap().detail).unwrap();
        assert_eq!(detail["warning"], json!(expected), "{action}");
    }
    let unused = world.customer_key();
    assert_eq!(warnings(world, "DisableKey", &[("KeyId", &unused)]), [""; 0]);
    assert_eq!(warnings(world, "ScheduleKeyDeletion", &[("KeyId", &unused), WEEK]), [""; 0]);
}

#[test]
fn erasing_the_material_of_a_key_in_use_warns() {
    let world = World::new();
    let key = world.key_in_state("Enabled", true);
    let secret = [("SecretName", "s"), ("VersionId", "v1"), ("SecretData", "x"), ("EncryptionKeyId", &*key)];
    world.kms("CreateSecret", &secret);
    let expected = format!("the key {key} is in use: 1 secret");
    assert_eq!(warnings(&world, "DeleteKeyMaterial", &[("KeyId", &key)]), [expected]);
}

#[test]
fn what_is_refused_does_not_warn() {
    let scene = Scene::new();
    scene.world.kms("ScheduleKeyDeletion", &[("KeyId", &scene.key), WEEK]);
    let again = support::owned(&[("KeyId", &scene.key), WEEK]);
    let answer = scene.world.answer(scene.world.request(&support::root(), Product::Kms, "ScheduleKeyDeletion", &again));
    assert_eq!((answer.status, answer.warnings), (409, Vec::new()));
}

#[test]
fn the_last_use_of_a_key_and_of_each_version_is_known_at_once_and_after_a_restart() {
    let mut files = Files::new("key-uses");
    let key = files.key_with(&[]);
    let first = files.newest_version(&key);
    let shown = described(&files, &key, &[]);
    assert_eq!((shown.get("LastUse"), shown["KeyVersions"]["KeyVersion"][0].get("LastUse")), (None, None));
    let encrypted = files.kms("Encrypt", &[("KeyId", &key), ("Plaintext", "x")]);
    let root = format!("acs:ram::{}:root", files.account);
    let used = |world: &World, action: &str, principal: &str, version: &str| json!({"Time": world.clock.now().to_iso8601(), "Action": action, "Principal": principal, "KeyVersionId": version});
    assert_eq!(described(&files, &key, &[])["LastUse"], used(&files, "kms:Encrypt", &root, &first));
    files.advance(60_000);
    files.kms("CreateKeyVersion", &[("KeyId", &key)]);
    let second = files.newest_version(&key);
    files.kms("GenerateDataKey", &[("KeyId", &key)]);
    let made = used(&files, "kms:GenerateDataKey", &root, &second);
    files.cloud.record_key_uses().unwrap();
    files.advance(60_000);
    let reader = files.user("reader", Some(support::ALLOW_ALL));
    files.succeed(&reader, Product::Kms, "Decrypt", &[("CiphertextBlob", &text(&encrypted, "CiphertextBlob"))]);
    let principal = format!("acs:ram::{}:user/reader", files.account);
    let read = used(&files, "kms:Decrypt", &principal, &first);
    let check = |world: &World| {
        let shown = described(world, &key, &[]);
        assert_eq!(shown["LastUse"], read);
        let versions = shown["KeyVersions"]["KeyVersion"].as_array().unwrap();
        let of = |id: &str| versions.iter().find(|version| version["KeyVersionId"] == id).unwrap()["LastUse"].clone();
        assert_eq!((of(&first), of(&second)), (read.clone(), made.clone()));
        assert_eq!(described(world, &key, &[("KeyVersionId", &second)])["LastUse"], made);
    };
    check(&files);
    files.cloud.record_key_uses().unwrap();
    files.restart();
    check(&files);
}

#[test]
fn opening_a_disk_is_a_use_of_its_key_and_a_deleted_keys_uses_go_with_it() {
    let world = World::new();
    world.disk_encryption_role();
    let key = world.customer_key();
    let disk = world.disk(&[("Encrypted", "true"), ("KMSKeyId", &key)]);
    assert_eq!(described(&world, &key, &[])["LastUse"]["Action"], "ecs:CreateDisk");
    world.advance(1000);
    world.ecs("AttachDisk", &[("InstanceId", &world.instance("Running")), ("DiskId", &disk)]);
    let last = described(&world, &key, &[])["LastUse"].clone();
    assert_eq!((&last["Action"], &last["Principal"]), (&json!("kms:Decrypt"), &json!("ecs.aliyuncs.com")));
    let recorded = || {
        world.cloud.record_key_uses().unwrap();
        world.db.read(coffer_store::dump::all).unwrap()["kms_key_uses"].len()
    };
    assert_eq!(recorded(), 1);
    world.kms("ScheduleKeyDeletion", &[("KeyId", &key), WEEK]);
    world.advance(8 * 24 * 3_600_000);
    assert_eq!(recorded(), 0);
}
