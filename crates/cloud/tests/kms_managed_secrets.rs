//! Secrets that KMS manages: what rotating them does to the access keys of their users, by itself and when asked, and what stops it.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use serde_json::{Value, json};
use support::{Key, World, root, text};

type Refusal = (u16, &'static str, &'static str);

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const NOT_FOUND: Refusal = (404, "Forbidden.ResourceNotFound", "Resource not found");
const UNSUPPORTED: Refusal = (400, "UnsupportedOperation", "This action is not supported.");
const NAME: &str = "acs/ram/user/app";
const OF_NAME: (&str, &str) = ("SecretName", NAME);
const CONFIG: &str = r#"{"SecretSubType":"RamUserAccessKey","UserName":"app"}"#;
const CUSTOM_DATA: &str = "ExtendedConfig.CustomData";
const EACH_WEEK: [(&str, &str); 2] = [("EnableAutomaticRotation", "true"), ("RotationInterval", "7d")];

#[track_caller]
fn refuses(world: &World, action: &str, parameters: &[(&str, &str)], expected: Refusal) {
    world.refuses(&root(), Product::Kms, action, parameters, expected);
}

#[track_caller]
fn invalid(world: &World, action: &str, parameters: &[(&str, &str)], name: &str) {
    let message = format!("The specified parameter \"{name}\" is not valid.");
    world.refuses(&root(), Product::Kms, action, parameters, (400, "InvalidParameter", &message));
}

fn world() -> World {
    let world = World::new();
    world.let_kms_manage_access_keys();
    world
}

/// The access key that a version of the secret holds.
fn held(world: &World, more: &[(&str, &str)]) -> Key {
    let data = text(&world.kms("GetSecretValue", &[&[OF_NAME], more].concat()), "SecretData");
    let data: Value = serde_json::from_str(&data).unwrap();
    (text(&data, "AccessKeyId"), text(&data, "AccessKeySecret"))
}

fn current(world: &World) -> Key {
    held(world, &[])
}

/// Whether an access key proves who calls.
fn works(world: &World, key: &Key) -> bool {
    world.call(key, Product::Sts, "GetCallerIdentity", &[]).0 == 200
}

fn rotate(world: &World, version_id: &str) -> Value {
    world.kms("RotateSecret", &[OF_NAME, ("VersionId", version_id)])
}

fn described(world: &World) -> Value {
    world.kms("DescribeSecret", &[OF_NAME])
}

/// The parameters of a secret of the user `app`.
fn managed(data: &str) -> [(&str, &str); 5] {
    [
        ("SecretName", "$Auto"),
        ("SecretType", "RAMCredentials"),
        ("ExtendedConfig", CONFIG),
        ("VersionId", "v1"),
        ("SecretData", data),
    ]
}

#[test]
fn a_secret_holds_the_access_key_of_a_user_and_is_named_after_it() {
    let world = world();
    let (key, name) = world.managed_secret("app", &[]);
    assert_eq!((&*name, current(&world)), (NAME, key));
    let read = world.kms("GetSecretValue", &[OF_NAME, ("FetchExtendedConfig", "true")]);
    let value: Value = serde_json::from_str(&text(&read, "SecretData")).unwrap();
    assert_eq!(value["GenerateTimestamp"], "2026-05-28T20:26:40Z");
    let config: Value = serde_json::from_str(&text(&read, "ExtendedConfig")).unwrap();
    assert_eq!(config, json!({"SecretSubType": "RamUserAccessKey", "UserName": "app", "CustomData": {}}));
    assert!(world.kms("GetSecretValue", &[OF_NAME]).get("ExtendedConfig").is_none());
    assert_eq!((&read["SecretType"], &read["AutomaticRotation"]), (&json!("RAMCredentials"), &json!("Disabled")));
    world.kms("UpdateSecret", &[OF_NAME, (CUSTOM_DATA, r#"{"team":"a"}"#)]);
    let config: Value = serde_json::from_str(&text(&described(&world), "ExtendedConfig")).unwrap();
    assert_eq!((&config["CustomData"], &config["UserName"]), (&json!({"team": "a"}), &json!("app")));
    let room = 1024 - text(&described(&world), "ExtendedConfig").len() + "a".len();
    let custom = |length: usize| format!(r#"{{"team":"{}"}}"#, "a".repeat(length));
    invalid(&world, "UpdateSecret", &[OF_NAME, (CUSTOM_DATA, &custom(room + 1))], CUSTOM_DATA);
    world.kms("UpdateSecret", &[OF_NAME, (CUSTOM_DATA, &custom(room))]);
    assert_eq!(text(&described(&world), "ExtendedConfig").len(), 1024);
    let listed = world.kms("ListSecrets", &[("Filters", r#"[{"Key":"SecretType","Values":["RAMCredentials"]}]"#)]);
    assert_eq!((&listed["TotalCount"], &listed["SecretList"]["Secret"][0]["SecretName"]), (&json!(1), &json!(NAME)));
}

#[test]
fn a_rotation_makes_a_key_that_works_at_once_and_the_one_before_works_for_two_days() {
    let world = world();
    let (first, _) = world.managed_secret("app", &[]);
    let rotated = rotate(&world, "v2");
    assert_eq!((&rotated["SecretName"], &rotated["VersionId"]), (&json!(NAME), &json!("v2")));
    let second = current(&world);
    assert!(second != first && works(&world, &second) && works(&world, &first));
    assert_eq!(held(&world, &[("VersionStage", "ACSPrevious")]), first);
    assert_eq!(described(&world)["LastRotationDate"], "2026-05-28T20:26:40Z");
    world.advance(2 * DAY_MS - 1);
    assert!(works(&world, &first));
    world.advance(1);
    assert!(works(&world, &second) && !works(&world, &first));
    refuses(&world, "GetSecretValue", &[OF_NAME, ("VersionStage", "ACSPrevious")], NOT_FOUND);
    refuses(&world, "GetSecretValue", &[OF_NAME, ("VersionId", "v1")], NOT_FOUND);
    assert_eq!(current(&world), second);
}

#[test]
fn a_second_rotation_ends_the_first_key_at_once_and_the_same_version_again_does_nothing() {
    let world = world();
    let (first, _) = world.managed_secret("app", &[]);
    rotate(&world, "v2");
    let second = current(&world);
    rotate(&world, "v2");
    assert_eq!(current(&world), second);
    world.advance(DAY_MS);
    rotate(&world, "v3");
    let third = current(&world);
    assert_eq!([&first, &second, &third].map(|key| works(&world, key)), [false, true, true]);
    world.advance(DAY_MS);
    assert!(works(&world, &second), "its two days began with the second rotation");
    world.advance(DAY_MS);
    assert_eq!([&second, &third].map(|key| works(&world, key)), [false, true]);
}

#[test]
fn a_secret_rotates_by_itself_when_its_interval_is_over() {
    let world = world();
    let (first, _) = world.managed_secret("app", &EACH_WEEK);
    let about = described(&world);
    assert_eq!((&about["AutomaticRotation"], &about["RotationInterval"]), (&json!("Enabled"), &json!("604800s")));
    assert_eq!((&about["NextRotationDate"], about.get("LastRotationDate")), (&json!("2026-06-04T20:26:40Z"), None));
    world.advance(7 * DAY_MS - 1);
    assert_eq!(current(&world), first);
    world.advance(1);
    let second = current(&world);
    assert!(second != first && works(&world, &second));
    let about = described(&world);
    assert_eq!(about["LastRotationDate"], "2026-06-04T20:26:40Z");
    assert_eq!(about["NextRotationDate"], "2026-06-11T20:26:40Z");
    world.advance(7 * DAY_MS);
    let third = current(&world);
    assert!(third != second && works(&world, &second) && !works(&world, &first));
    world.kms("UpdateSecretRotationPolicy", &[OF_NAME, ("EnableAutomaticRotation", "false")]);
    world.advance(30 * DAY_MS);
    assert_eq!((current(&world), works(&world, &second)), (third.clone(), false));
    let daily = [OF_NAME, ("EnableAutomaticRotation", "true"), ("RotationInterval", "24h")];
    world.kms("UpdateSecretRotationPolicy", &daily);
    world.settle();
    assert_ne!(current(&world), third, "what was due is done");
}

#[test]
fn what_kms_does_by_itself_is_on_record() {
    let world = world();
    world.managed_secret("app", &EACH_WEEK);
    world.advance(7 * DAY_MS);
    world.advance(2 * DAY_MS);
    let rows = world.db.read(|tx| coffer_store::audit::after(tx, 0, 1000)).unwrap();
    let by_kms = rows.iter().map(|row| row.entry()).filter(|row| row.principal == "kms.aliyuncs.com");
    let actions: Vec<_> = by_kms.map(|row| (row.action.to_owned(), row.resources.ends_with(NAME))).collect();
    assert_eq!(actions, [("kms:RotateSecret".to_owned(), true), ("ram:DeleteAccessKey".to_owned(), true)]);
}

/// What lets KMS change the keys of the account's users.
const RIGHT: [(&str, &str); 3] = [
    ("PolicyType", "Custom"),
    ("PolicyName", "AliyunKMSManagedRAMCrendentialsRolePolicy"),
    ("RoleName", "AliyunKMSManagedRAMCrendentialsRole"),
];

#[test]
fn a_rotation_that_the_account_does_not_let_kms_do_shows_and_is_tried_again() {
    let world = world();
    let (first, _) = world.managed_secret("app", &EACH_WEEK);
    world.root(Product::Ram, "DetachPolicyFromRole", &RIGHT);
    let user = format!("acs:ram:*:{}:user/app", world.account);
    let message = format!("This operation for {user} is forbidden by permission system.");
    let parameters = [OF_NAME, ("VersionId", "v2")];
    world.refuses(&root(), Product::Kms, "RotateSecret", &parameters, (403, "Forbidden.NoPermission", &message));
    world.advance(7 * DAY_MS);
    assert_eq!((current(&world), described(&world)["AutomaticRotation"].clone()), (first.clone(), json!("Invalid")));
    world.root(Product::Ram, "AttachPolicyToRole", &RIGHT);
    world.advance(HOUR_MS);
    assert_eq!(described(&world)["AutomaticRotation"], "Enabled");
    assert!(current(&world) != first && works(&world, &current(&world)));
}

#[test]
fn a_rotation_policy_that_is_set_anew_is_planned_anew_and_forgets_what_failed() {
    let world = world();
    let (first, _) = world.managed_secret("app", &EACH_WEEK);
    world.root(Product::Ram, "DetachPolicyFromRole", &RIGHT);
    world.advance(7 * DAY_MS);
    let shown = || described(&world)["AutomaticRotation"].clone();
    assert_eq!(shown(), "Invalid");
    let set = |enable: &str, interval: &str| {
        let parameters = [OF_NAME, ("EnableAutomaticRotation", enable), ("RotationInterval", interval)];
        world.kms("UpdateSecretRotationPolicy", &parameters);
    };
    set("false", "7d");
    assert_eq!(shown(), "Disabled");
    set("true", "30d");
    assert_eq!((shown(), &described(&world)["NextRotationDate"]), (json!("Enabled"), &json!("2026-06-27T20:26:40Z")));
    set("true", "7d");
    world.settle();
    assert_eq!(shown(), "Invalid", "what was due is tried at once");
    set("false", "7d");
    set("true", "7d");
    world.settle();
    world.root(Product::Ram, "AttachPolicyToRole", &RIGHT);
    world.advance(HOUR_MS);
    assert_eq!(shown(), "Enabled", "and again each hour");
    assert!(current(&world) != first && works(&world, &current(&world)));
}

#[test]
fn a_secret_stays_with_its_user_whoever_has_the_name() {
    let world = world();
    let (first, _) = world.managed_secret("app", &[]);
    world.root(Product::Ram, "UpdateUser", &[("UserName", "app"), ("NewUserName", "renamed")]);
    let stranger = world.user("app", None);
    rotate(&world, "v2");
    let second = current(&world);
    let who = &world.succeed(&second, Product::Sts, "GetCallerIdentity", &[])["Arn"];
    assert!(who.as_str().unwrap().ends_with("user/renamed"), "{who}");
    assert!(works(&world, &stranger));
    for key in [&first, &second] {
        world.root(Product::Ram, "DeleteAccessKey", &[("UserName", "renamed"), ("UserAccessKeyId", &key.0)]);
    }
    rotate(&world, "v3");
    assert!(works(&world, &current(&world)), "also where its access keys were deleted by hand");
    let third = current(&world);
    world.root(Product::Ram, "DeleteAccessKey", &[("UserName", "renamed"), ("UserAccessKeyId", &third.0)]);
    world.root(Product::Ram, "DeleteUser", &[("UserName", "renamed")]);
    refuses(&world, "RotateSecret", &[OF_NAME, ("VersionId", "v4")], NOT_FOUND);
    assert!(works(&world, &stranger));
}

#[test]
fn a_secret_under_a_key_rotates_while_the_key_can_be_used() {
    let world = world();
    let key_id = world.customer_key();
    let (first, _) = world.managed_secret("app", &[("EncryptionKeyId", &*key_id), EACH_WEEK[0], EACH_WEEK[1]]);
    world.kms("DisableKey", &[("KeyId", &key_id)]);
    world.advance(7 * DAY_MS);
    assert_eq!(described(&world)["AutomaticRotation"], "Invalid");
    world.kms("EnableKey", &[("KeyId", &key_id)]);
    assert_eq!(current(&world), first, "nothing was made that could not be kept");
    world.advance(HOUR_MS);
    assert_ne!(current(&world), first);
}

#[test]
fn while_a_secret_is_to_be_deleted_it_does_not_rotate_and_its_access_key_stays() {
    let world = world();
    let (first, _) = world.managed_secret("app", &EACH_WEEK);
    world.kms("DeleteSecret", &[OF_NAME, ("RecoveryWindowInDays", "10")]);
    world.advance(8 * DAY_MS);
    world.kms("RestoreSecret", &[OF_NAME]);
    assert_eq!(current(&world), first);
    world.settle();
    let second = current(&world);
    assert_ne!(second, first, "what was due in the meantime is done");
    world.kms("DeleteSecret", &[OF_NAME, ("ForceDeleteWithoutRecovery", "true")]);
    world.advance(30 * DAY_MS);
    assert_eq!([&first, &second].map(|key| works(&world, key)), [true, true]);
    world.root(Product::Ram, "DeleteAccessKey", &[("UserName", "app"), ("UserAccessKeyId", &first.0)]);
}

#[test]
fn whoever_makes_such_a_secret_must_know_every_access_key_of_the_user() {
    let world = world();
    let app = world.user("app", None);
    let second = &world.root(Product::Ram, "CreateAccessKey", &[("UserName", "app")])["AccessKey"];
    let second = (text(second, "AccessKeyId"), text(second, "AccessKeySecret"));
    let key = |(id, secret): &Key| format!(r#"{{"AccessKeyId":"{id}","AccessKeySecret":"{secret}"}}"#);
    let keys = |keys: &[&Key]| {
        let keys: Vec<_> = keys.iter().map(|pair| key(pair)).collect();
        format!(r#"{{"AccessKeys":[{}]}}"#, keys.join(","))
    };
    let guessed = (app.0.clone(), "guessed".to_owned());
    for data in [
        keys(&[]),
        keys(&[&app]),
        keys(&[&app, &app]),
        keys(&[&app, &root()]),
        keys(&[&guessed, &second]),
        "x".to_owned(),
        r#"{"AccessKeys":{}}"#.to_owned(),
    ] {
        invalid(&world, "CreateSecret", &managed(&data), "SecretData");
    }
    world.kms("CreateSecret", &managed(&keys(&[&second, &app])));
    assert_eq!(current(&world), second);
    rotate(&world, "v2");
    assert_eq!([&app, &second, &current(&world)].map(|key| works(&world, key)), [false, true, true]);
}

#[test]
fn what_such_a_secret_can_not_be_is_refused() {
    let world = World::new();
    let (app, _) = (world.user("app", None), world.user("other", None));
    let data = format!(r#"{{"AccessKeys":[{{"AccessKeyId":"{}","AccessKeySecret":"{}"}}]}}"#, app.0, app.1);
    let good = managed(&data);
    let with = |name: &'static str, value: &'static str| {
        let mut changed = good.to_vec();
        changed.retain(|(known, _)| *known != name);
        changed.push((name, value));
        changed
    };
    let message = format!("This operation for acs:ram:*:{}:user/app is forbidden by permission system.", world.account);
    world.refuses(&root(), Product::Kms, "CreateSecret", &good, (403, "Forbidden.NoPermission", &message));
    world.let_kms_manage_access_keys();
    invalid(&world, "CreateSecret", &with("SecretName", "mine"), "SecretName");
    invalid(&world, "CreateSecret", &with("SecretType", "Generic"), "SecretName");
    invalid(&world, "CreateSecret", &with("SecretDataType", "binary"), "SecretDataType");
    for config in [
        "x",
        "{}",
        r#"{"SecretSubType":"Password","UserName":"app"}"#,
        r#"{"SecretSubType":"RamUserAccessKey","UserName":"app","CustomData":[]}"#,
        r#"{"SecretSubType":"RamUserAccessKey","UserName":"app","Other":1}"#,
    ] {
        invalid(&world, "CreateSecret", &with("ExtendedConfig", config), "ExtendedConfig");
    }
    let nobody = r#"{"SecretSubType":"RamUserAccessKey","UserName":"nobody"}"#;
    refuses(&world, "CreateSecret", &with("ExtendedConfig", nobody), NOT_FOUND);
    let missing = |name| format!("The parameter \"{name}\" is needed but not provided.");
    let without = missing("ExtendedConfig");
    world.refuses(
        &root(),
        Product::Kms,
        "CreateSecret",
        &with("ExtendedConfig", ""),
        (400, "MissingParameter", &without),
    );
    let interval = missing("RotationInterval");
    let on = with("EnableAutomaticRotation", "true");
    world.refuses(&root(), Product::Kms, "CreateSecret", &on, (400, "MissingParameter", &interval));
    let generic = [("SecretName", "generic"), ("VersionId", "v1"), ("SecretData", "x")];
    invalid(&world, "CreateSecret", &[&generic[..], &[("ExtendedConfig", CONFIG)]].concat(), "ExtendedConfig");
    world.kms("CreateSecret", &generic);
    let custom = [generic[0], (CUSTOM_DATA, "{}")];
    invalid(&world, "UpdateSecret", &custom, CUSTOM_DATA);
    refuses(&world, "RotateSecret", &[generic[0], ("VersionId", "v2")], UNSUPPORTED);
    world.kms("CreateSecret", &good);
    let exists = (409, "Rejected.ResourceExist", "The resource already exists.");
    refuses(&world, "CreateSecret", &good, exists);
    refuses(&world, "CreateSecret", &[&good[..], &[("RegionId", "cn-beijing")]].concat(), exists);
    refuses(&world, "PutSecretValue", &[OF_NAME, ("VersionId", "v2"), ("SecretData", "x")], UNSUPPORTED);
    let stage = [OF_NAME, ("VersionStage", "mine"), ("MoveToVersion", "v1")];
    refuses(&world, "UpdateSecretVersionStage", &stage, UNSUPPORTED);
    let on = [OF_NAME, ("EnableAutomaticRotation", "true")];
    world.refuses(&root(), Product::Kms, "UpdateSecretRotationPolicy", &on, (400, "MissingParameter", &interval));
    world.kms("DeleteSecret", &[OF_NAME]);
    let planned = (409, "Rejected.ResourceInDeleteWindow", "The secret is planned to be deleted.");
    refuses(&world, "RotateSecret", &[OF_NAME, ("VersionId", "v2")], planned);
}

#[test]
fn an_account_without_dedicated_instances_lists_none() {
    let world = World::new();
    let listed = world.kms("ListKmsInstances", &[("PageSize", "5"), ("PageNumber", "2")]);
    assert_eq!((&listed["KmsInstances"]["KmsInstance"], &listed["TotalCount"]), (&json!([]), &json!(0)));
    assert_eq!((&listed["PageSize"], &listed["PageNumber"]), (&json!(5), &json!(2)));
    invalid(&world, "ListKmsInstances", &[("Filters", "x")], "Filters");
    assert_eq!(world.kms("GetKmsInstanceQuotaInfos", &[])["KmsInstanceQuotaInfos"], json!([]));
    let instance = (403, "Forbidden.DKMSInstanceNotFound", "The specified DKMS Instance is not found.");
    refuses(&world, "GetKmsInstanceQuotaInfos", &[("KmsInstanceId", "kst-1")], instance);
}
