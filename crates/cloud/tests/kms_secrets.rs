//! Secrets: their values, versions and stages, who may read them, and how they end.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use serde_json::{Value, json};
use support::{World, root, text};

type Refusal = (u16, &'static str, &'static str);

const DAY_MS: i64 = 24 * 3_600_000;
const NAME: (&str, &str) = ("SecretName", "app/db");
const NOT_FOUND: Refusal = (404, "Forbidden.ResourceNotFound", "Resource not found");
const PLANNED: Refusal = (409, "Rejected.ResourceInDeleteWindow", "The secret is planned to be deleted.");
const DISABLED: Refusal = (409, "Rejected.Disabled", "The request was rejected because the key state is Disabled.");
const NOT_SERVED: Refusal = (400, "UnsupportedOperation", "This action is not supported.");

#[track_caller]
fn refuses(world: &World, action: &str, parameters: &[(&str, &str)], expected: Refusal) {
    world.refuses(&root(), Product::Kms, action, parameters, expected);
}

#[track_caller]
fn invalid(world: &World, action: &str, parameters: &[(&str, &str)], name: &str) {
    let message = format!("The specified parameter \"{name}\" is not valid.");
    world.refuses(&root(), Product::Kms, action, parameters, (400, "InvalidParameter", &message));
}

fn create(world: &World, more: &[(&str, &str)]) -> Value {
    world.kms("CreateSecret", &[&[NAME, ("VersionId", "v1"), ("SecretData", "one")], more].concat())
}

fn put(world: &World, version: &str, data: &str, stages: &str) -> Value {
    let value = [NAME, ("VersionId", version), ("SecretData", data), ("VersionStages", stages)];
    world.kms("PutSecretValue", &value)
}

fn value(world: &World, more: &[(&str, &str)]) -> String {
    text(&world.kms("GetSecretValue", &[&[NAME], more].concat()), "SecretData")
}

/// The versions that have stages, newest first, each with those.
fn staged(world: &World) -> Vec<(String, Vec<String>)> {
    let listed = world.kms("ListSecretVersionIds", &[NAME]);
    let item = |item: &Value| {
        let stages = item["VersionStages"]["VersionStage"].as_array().unwrap();
        (text(item, "VersionId"), stages.iter().map(|stage| stage.as_str().unwrap().to_owned()).collect())
    };
    listed["VersionIds"]["VersionId"].as_array().unwrap().iter().map(item).collect()
}

fn on(version: &str, stages: &[&str]) -> (String, Vec<String>) {
    (version.to_owned(), stages.iter().map(|stage| (*stage).to_owned()).collect())
}

#[test]
fn a_secret_is_made_read_described_and_listed() {
    let world = World::new();
    let tags = ("Tags", r#"[{"TagKey":"team","TagValue":"a"}]"#);
    let made = create(&world, &[("Description", "of the shop"), tags, ("SecretDataType", "binary")]);
    let arn = format!("acs:kms:cn-hangzhou:{}:secret/app/db", world.account);
    assert_eq!((&made["Arn"], &made["VersionId"], &made["SecretType"]), (&json!(arn), &json!("v1"), &json!("Generic")));
    let read = world.kms("GetSecretValue", &[("SecretName", &arn)]);
    assert_eq!((&read["SecretData"], &read["SecretDataType"]), (&json!("one"), &json!("binary")));
    assert_eq!(read["VersionStages"]["VersionStage"], json!(["ACSCurrent"]));
    let described = world.kms("DescribeSecret", &[NAME, ("FetchTags", "true")]);
    assert_eq!(
        (&described["Description"], &described["CreateTime"]),
        (&json!("of the shop"), &json!("2026-05-28T20:26:40Z"))
    );
    assert_eq!(described["Tags"]["Tag"], json!([{"TagKey": "team", "TagValue": "a"}]));
    assert!(world.kms("DescribeSecret", &[NAME]).get("Tags").is_none());
    world.kms("CreateSecret", &[("SecretName", "other"), ("VersionId", "v1"), ("SecretData", "x")]);
    let listed = |filters: &str| {
        let listed = world.kms("ListSecrets", &[("Filters", filters), ("FetchTags", "true")]);
        let items = listed["SecretList"]["Secret"].as_array().unwrap().clone();
        assert_eq!(listed["TotalCount"], items.len());
        items.iter().map(|item| text(item, "SecretName")).collect::<Vec<_>>()
    };
    assert_eq!(listed("[]").len(), 2);
    let creator = format!(r#"[{{"Key":"Creator","Values":["{}"]}}]"#, world.account);
    for filters in [
        r#"[{"Key":"SecretName","Values":["app"]}]"#,
        r#"[{"Key":"Description","Values":["shop","none"]}]"#,
        r#"[{"Key":"TagKey","Values":["team"]},{"Key":"TagValue","Values":["a"]}]"#,
    ] {
        assert_eq!(listed(filters), ["app/db"], "{filters}");
    }
    assert_eq!((listed(&creator).len(), listed(r#"[{"Key":"SecretType","Values":["Generic"]}]"#).len()), (2, 2));
    for filters in [
        r#"[{"Key":"SecretName","Values":["none"]}]"#,
        r#"[{"Key":"Creator","Values":["1"]}]"#,
        r#"[{"Key":"DKMSInstanceId","Values":["kst-1"]}]"#,
        r#"[{"Key":"SecretType","Values":["Rds"]}]"#,
    ] {
        assert!(listed(filters).is_empty(), "{filters}");
    }
    for filters in ["x", "{}", r#"[{"Key":"Colour","Values":["x"]}]"#] {
        invalid(&world, "ListSecrets", &[("Filters", filters)], "Filters");
    }
}

#[test]
fn a_secrets_description_becomes_another_or_empty_and_stays_where_none_is_sent() {
    let world = World::new();
    create(&world, &[("Description", "of the shop")]);
    let described = || text(&world.kms("DescribeSecret", &[NAME]), "Description");
    for (sent, then) in
        [(&[][..], "of the shop"), (&[("Description", "of all")], "of all"), (&[("Description", "")], "")]
    {
        world.kms("UpdateSecret", &[&[NAME], sent].concat());
        assert_eq!(described(), then);
    }
}

#[test]
fn a_new_version_is_current_and_the_one_before_it_previous() {
    let world = World::new();
    create(&world, &[]);
    world.kms("PutSecretValue", &[NAME, ("VersionId", "v2"), ("SecretData", "two")]);
    assert_eq!(staged(&world), [on("v2", &["ACSCurrent"]), on("v1", &["ACSPrevious"])]);
    put(&world, "v3", "three", r#"["ACSNext"]"#);
    assert_eq!(value(&world, &[]), "two");
    assert_eq!(value(&world, &[("VersionStage", "ACSPrevious")]), "one");
    assert_eq!(value(&world, &[("VersionStage", "ACSNext")]), "three");
    assert_eq!(value(&world, &[("VersionId", "v1")]), "one");
    assert_eq!(value(&world, &[("VersionId", "v2"), ("VersionStage", "ACSCurrent")]), "two");
    for more in [
        &[("VersionId", "v1"), ("VersionStage", "ACSCurrent")][..],
        &[("VersionId", "v9")],
        &[("VersionStage", "none")],
    ] {
        refuses(&world, "GetSecretValue", &[&[NAME], more].concat(), NOT_FOUND);
    }
    let message = "The request would have succeeded, but the DryRun parameter is set.";
    refuses(&world, "GetSecretValue", &[NAME, ("DryRun", "true")], (400, "DryRunOperationError", message));
}

#[test]
fn the_same_version_again_is_no_error_and_another_value_for_it_is() {
    let world = World::new();
    create(&world, &[]);
    // As Terraform does right after CreateSecret.
    let again = put(&world, "v1", "one", r#"["ACSCurrent","ACSNext"]"#);
    assert_eq!(again["VersionStages"]["VersionStage"], json!(["ACSCurrent", "ACSNext"]));
    assert_eq!(staged(&world), [on("v1", &["ACSCurrent", "ACSNext"])]);
    put(&world, "v2", "two", r#"["ACSCurrent"]"#);
    let (before, about) = (staged(&world), world.kms("DescribeSecret", &[NAME]));
    world.advance(1000);
    let late = world.kms("PutSecretValue", &[NAME, ("VersionId", "v1"), ("SecretData", "one")]);
    assert_eq!(late["VersionStages"]["VersionStage"], json!(["ACSNext", "ACSPrevious"]));
    let later = world.kms("DescribeSecret", &[NAME]);
    assert_eq!((staged(&world), &later["UpdateTime"]), (before, &about["UpdateTime"]), "no change");
    let exists = (409, "Rejected.ResourceExist", "The request was rejected becasue key already exsit");
    let other = [NAME, ("VersionId", "v1"), ("SecretData", "two")];
    refuses(&world, "PutSecretValue", &other, exists);
    let binary = [NAME, ("VersionId", "v1"), ("SecretData", "one"), ("SecretDataType", "binary")];
    refuses(&world, "PutSecretValue", &binary, exists);
    let exists = (409, "Rejected.ResourceExist", "The resource already exists.");
    refuses(&world, "CreateSecret", &other, exists);
}

#[test]
fn of_more_than_ten_versions_the_oldest_go() {
    let world = World::new();
    create(&world, &[("Description", "x")]);
    put(&world, "v1", "one", r#"["kept"]"#);
    for n in 2..=14 {
        put(&world, &format!("v{n}"), "x", if n < 14 { r#"["ACSCurrent"]"# } else { r#"["next"]"# });
    }
    let all = world.kms("ListSecretVersionIds", &[NAME, ("IncludeDeprecated", "true"), ("PageSize", "100")]);
    assert_eq!((&all["TotalCount"], &all["VersionIds"]["VersionId"][0]["VersionId"]), (&json!(10), &json!("v14")));
    assert_eq!(staged(&world), [on("v14", &["next"]), on("v13", &["ACSCurrent"]), on("v12", &["ACSPrevious"])]);
    let page = world.kms("ListSecretVersionIds", &[NAME, ("PageSize", "2"), ("PageNumber", "2")]);
    assert_eq!(page["VersionIds"]["VersionId"][0]["VersionId"], "v12");
    assert_eq!((&page["TotalCount"], &page["PageSize"], &page["PageNumber"]), (&json!(3), &json!(2), &json!(2)));
}

#[test]
fn a_stage_moves_or_goes_and_the_current_one_only_moves() {
    let world = World::new();
    create(&world, &[]);
    put(&world, "v2", "two", r#"["ACSCurrent","mine"]"#);
    let update = |more: &[(&'static str, &'static str)]| [&[NAME], more].concat();
    let stage = |stage: &'static str| ("VersionStage", stage);
    world.kms("UpdateSecretVersionStage", &update(&[stage("ACSCurrent"), ("MoveToVersion", "v1")]));
    assert_eq!(staged(&world), [on("v2", &["ACSPrevious", "mine"]), on("v1", &["ACSCurrent"])]);
    let move_it = [stage("mine"), ("RemoveFromVersion", "v2"), ("MoveToVersion", "v1")];
    world.kms("UpdateSecretVersionStage", &update(&move_it));
    assert_eq!(staged(&world), [on("v2", &["ACSPrevious"]), on("v1", &["ACSCurrent", "mine"])]);
    let mismatch = (400, "Rejected.InvalidRequest", "param mismatch");
    refuses(&world, "UpdateSecretVersionStage", &update(&move_it), mismatch);
    world.kms("UpdateSecretVersionStage", &update(&[stage("mine"), ("RemoveFromVersion", "v1")]));
    assert_eq!(staged(&world).last(), Some(&on("v1", &["ACSCurrent"])));
    let unmovable = (400, "Rejected.UnsupportedOperation", "secret stages in unnormal status");
    for (name, version) in [("ACSCurrent", "v1"), ("ACSPrevious", "v2")] {
        let remove = [NAME, ("VersionStage", name), ("RemoveFromVersion", version)];
        refuses(&world, "UpdateSecretVersionStage", &remove, unmovable);
    }
    refuses(&world, "UpdateSecretVersionStage", &update(&[stage("x"), ("MoveToVersion", "none")]), NOT_FOUND);
    let missing = (400, "MissingParameter", "The parameter \"MoveToVersion\" is needed but not provided.");
    refuses(&world, "UpdateSecretVersionStage", &update(&[stage("x")]), missing);
}

#[test]
fn a_secret_under_a_key_takes_permission_on_the_key_and_the_key_itself() {
    let world = World::new();
    let key_id = world.customer_key();
    world.kms("CreateAlias", &[("KeyId", &key_id), ("AliasName", "alias/secrets")]);
    create(&world, &[("EncryptionKeyId", "alias/secrets")]);
    assert_eq!(world.kms("DescribeSecret", &[NAME])["EncryptionKeyId"], *key_id);
    assert_eq!(value(&world, &[]), "one");
    world.kms("CreateKeyVersion", &[("KeyId", &key_id)]);
    put(&world, "v2", "two", r#"["ACSCurrent"]"#);
    assert_eq!(value(&world, &[("VersionId", "v1")]), "one");
    let secrets = r#"{"Effect":"Allow","Action":"kms:*Secret*","Resource":"*"}"#;
    let only = |more: &str| format!(r#"{{"Version":"1","Statement":[{secrets}{more}]}}"#);
    let without = world.user("without", Some(&only("")));
    let reader = world.user("reader", Some(&only(r#",{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"}"#)));
    let (status, body) = world.call(&without, Product::Kms, "GetSecretValue", &[NAME]);
    assert_eq!((status, &body["AccessDeniedDetail"]["AuthAction"]), (403, &json!("kms:Decrypt")));
    world.succeed(&reader, Product::Kms, "GetSecretValue", &[NAME]);
    let more = [NAME, ("VersionId", "v3"), ("SecretData", "three")];
    let (status, body) = world.call(&reader, Product::Kms, "PutSecretValue", &more);
    assert_eq!((status, &body["AccessDeniedDetail"]["AuthAction"]), (403, &json!("kms:GenerateDataKey")));
    let writer = only(r#",{"Effect":"Allow","Action":"kms:GenerateDataKey","Resource":"*"}"#);
    let writer = world.user("writer", Some(&writer));
    for data in ["three", "three", "four"] {
        let (status, body) =
            world.call(&writer, Product::Kms, "PutSecretValue", &[more[0], more[1], ("SecretData", data)]);
        assert_eq!(status, if data == "three" { 200 } else { 409 }, "a retry takes no permission to read: {body}");
    }
    assert_eq!(world.call(&writer, Product::Kms, "GetSecretValue", &[NAME]).0, 403);
    world.kms("DisableKey", &[("KeyId", &key_id)]);
    refuses(&world, "PutSecretValue", &more, DISABLED);
    refuses(&world, "GetSecretValue", &[NAME], DISABLED);
    let new = [NAME, ("VersionId", "v4"), ("SecretData", "four")];
    refuses(&world, "PutSecretValue", &new, DISABLED);
    world.kms("ScheduleKeyDeletion", &[("KeyId", &key_id), ("PendingWindowInDays", "7")]);
    world.advance(7 * DAY_MS);
    let no_key = (404, "Forbidden.KeyNotFound", "The specified Key is not found.");
    refuses(&world, "GetSecretValue", &[NAME], no_key);
    let pair = world.pair("EC_SM2", "ENCRYPT/DECRYPT").0;
    let other = [("SecretName", "x"), ("VersionId", "v1"), ("SecretData", "x")];
    refuses(&world, "CreateSecret", &[&other[..], &[("EncryptionKeyId", &*pair)]].concat(), NOT_SERVED);
    refuses(&world, "CreateSecret", &[&other[..], &[("EncryptionKeyId", "none")]].concat(), no_key);
}

#[test]
fn a_secret_that_is_to_be_deleted_can_be_restored_until_it_is_gone() {
    let world = World::new();
    create(&world, &[]);
    let live = (409, "Rejected.ResourceInUse", "restore normal secret");
    refuses(&world, "RestoreSecret", &[NAME], live);
    let deleted = world.kms("DeleteSecret", &[NAME]);
    assert_eq!(deleted["PlannedDeleteTime"], "2026-06-27T20:26:40Z");
    assert_eq!(world.kms("DescribeSecret", &[NAME])["PlannedDeleteTime"], deleted["PlannedDeleteTime"]);
    let again = [NAME, ("VersionId", "v1"), ("SecretData", "one")];
    for (action, parameters) in [
        ("GetSecretValue", &again[..1]),
        ("DeleteSecret", &again[..1]),
        ("PutSecretValue", &again),
        ("CreateSecret", &again),
        ("UpdateSecret", &[NAME, ("Description", "x")]),
        ("UpdateSecretVersionStage", &[NAME, ("VersionStage", "x"), ("MoveToVersion", "v1")]),
        ("UpdateSecretRotationPolicy", &[NAME, ("EnableAutomaticRotation", "false")]),
        ("TagResource", &[NAME, ("Tags", "[]")]),
    ] {
        refuses(&world, action, parameters, PLANNED);
    }
    world.kms("RestoreSecret", &[NAME]);
    world.advance(31 * DAY_MS);
    assert_eq!(value(&world, &[]), "one");
    world.kms("DeleteSecret", &[NAME, ("RecoveryWindowInDays", "7")]);
    world.clock.advance_ms(7 * DAY_MS);
    refuses(&world, "GetSecretValue", &[NAME], NOT_FOUND);
    create(&world, &[]);
    world.settle();
    assert_eq!(value(&world, &[]), "one", "the deletion was of the one before");
    world.kms("DeleteSecret", &[NAME]);
    world.advance(30 * DAY_MS);
    refuses(&world, "DescribeSecret", &[NAME], NOT_FOUND);
    create(&world, &[]);
    // Terraform sends both.
    world.kms("DeleteSecret", &[NAME, ("ForceDeleteWithoutRecovery", "true"), ("RecoveryWindowInDays", "30")]);
    refuses(&world, "DescribeSecret", &[NAME], NOT_FOUND);
    let dump = world.state();
    for table in ["kms_secrets", "kms_secret_versions", "kms_secret_stages"] {
        assert!(dump[table].is_empty(), "{table}");
    }
    for days in ["6", "31", "x"] {
        invalid(&world, "DeleteSecret", &[NAME, ("RecoveryWindowInDays", days)], "RecoveryWindowInDays");
    }
}

#[test]
fn tags_of_secrets_go_by_their_names() {
    let world = World::new();
    create(&world, &[]);
    world.kms("TagResource", &[NAME, ("Tags", r#"[{"TagKey":"a","TagValue":"1"}]"#)]);
    let of = [("RegionId", "cn-hangzhou"), ("ResourceType", "secret"), ("ResourceId.1", NAME.1)];
    world.kms("TagResources", &[&of[..], &[("Tag.1.Key", "b")]].concat());
    let listed = || world.kms("ListTagResources", &of)["TagResources"]["TagResource"].as_array().unwrap().clone();
    assert_eq!(listed()[0], json!({"ResourceId": NAME.1, "ResourceType": "secret", "TagKey": "a", "TagValue": "1"}));
    assert_eq!(listed().len(), 2);
    world.kms("UntagResource", &[NAME, ("TagKeys", "a")]);
    world.kms("UntagResources", &[&of[..], &[("TagKey.1", "b")]].concat());
    assert!(listed().is_empty());
}

#[test]
fn what_a_secret_can_not_be_is_refused() {
    let world = World::new();
    let value = [("VersionId", "v1"), ("SecretData", "x")];
    let create = |more: &[(&'static str, &'static str)]| [&value[..], more].concat();
    let chinese = "密".repeat(65);
    for name in ["acs/ecs/x", "a b", "é", "ß", "١", "ａ", "あ", &chinese] {
        invalid(&world, "CreateSecret", &[&value[..], &[("SecretName", name)]].concat(), "SecretName");
    }
    let long = "x".repeat(193);
    invalid(&world, "CreateSecret", &[&value[..], &[("SecretName", &*long)]].concat(), "SecretName");
    invalid(&world, "CreateSecret", &create(&[NAME, ("SecretType", "None")]), "SecretType");
    invalid(&world, "CreateSecret", &create(&[NAME, ("SecretDataType", "json")]), "SecretDataType");
    for more in [("SecretType", "Rds"), ("EnableAutomaticRotation", "true")] {
        refuses(&world, "CreateSecret", &create(&[NAME, more]), NOT_SERVED);
    }
    for (kind, name) in [("ECS", "acs/ecs/x"), ("Rds", "acs/rds/x"), ("PolarDB", "$Auto"), ("Redis", "r")] {
        let config = ("ExtendedConfig", r#"{"SecretSubType":"Password"}"#);
        refuses(&world, "CreateSecret", &create(&[("SecretName", name), ("SecretType", kind), config]), NOT_SERVED);
    }
    let longest = chinese["密".len()..].to_owned() + &"-".repeat(128);
    world.kms("CreateSecret", &[&value[..], &[("SecretName", &*longest)]].concat());
    let instance = (403, "Forbidden.DKMSInstanceNotFound", "The specified DKMS Instance is not found.");
    refuses(&world, "CreateSecret", &create(&[NAME, ("DKMSInstanceId", "kst-1")]), instance);
    let large = "x".repeat(30_721);
    let parameters = [NAME, ("VersionId", "v1"), ("SecretData", &*large)];
    invalid(&world, "CreateSecret", &parameters, "SecretData");
    world.kms("CreateSecret", &[NAME, ("VersionId", "v1"), ("SecretData", &large[1..])]);
    for stages in ["x", "[]", r#"[""]"#, r#"["a b"]"#, "[1]"] {
        let put = [NAME, ("VersionId", "v2"), ("SecretData", "x"), ("VersionStages", stages)];
        invalid(&world, "PutSecretValue", &put, "VersionStages");
    }
    let on = [NAME, ("EnableAutomaticRotation", "true"), ("RotationInterval", "7d")];
    refuses(&world, "UpdateSecretRotationPolicy", &on, NOT_SERVED);
    let short = [NAME, ("EnableAutomaticRotation", "false"), ("RotationInterval", "5h")];
    invalid(&world, "UpdateSecretRotationPolicy", &short, "RotationInterval");
    world.kms("UpdateSecretRotationPolicy", &[NAME, ("EnableAutomaticRotation", "false")]);
}

#[test]
fn a_random_password_has_what_it_must_and_nothing_that_it_must_not() {
    let world = World::new();
    let password = |more: &[(&str, &str)]| text(&world.kms("GetRandomPassword", more), "RandomPassword");
    let has = |text: &str| {
        [
            text.contains(|c: char| c.is_ascii_lowercase()),
            text.contains(|c: char| c.is_ascii_uppercase()),
            text.contains(|c: char| c.is_ascii_digit()),
            text.contains(|c: char| c.is_ascii_punctuation()),
        ]
    };
    for _ in 0..50 {
        let (long, short) = (password(&[]), password(&[("PasswordLength", "8")]));
        assert_eq!((long.len(), short.len(), has(&long), has(&short)), (32, 8, [true; 4], [true; 4]));
        let letters =
            password(&[("ExcludeNumbers", "true"), ("ExcludePunctuation", "true"), ("PasswordLength", "128")]);
        assert_eq!(has(&letters), [true, true, false, false]);
        let no_vowels = password(&[("ExcludeCharacters", "aeiouAEIOU")]);
        assert!(!no_vowels.contains(|c| "aeiouAEIOU".contains(c)));
    }
    let all = ["Lowercase", "Uppercase", "Numbers", "Punctuation"].map(|kind| format!("Exclude{kind}"));
    let none: Vec<(&str, &str)> = all.iter().map(|name| (name.as_str(), "true")).collect();
    invalid(&world, "GetRandomPassword", &none, "ExcludeCharacters");
    for length in ["7", "129", "x"] {
        invalid(&world, "GetRandomPassword", &[("PasswordLength", length)], "PasswordLength");
    }
    invalid(&world, "GetRandomPassword", &[("ExcludeCharacters", "ä")], "ExcludeCharacters");
}
