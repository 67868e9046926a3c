//! Which calls on record would have come out otherwise, had a change been made that was not; and that it is so once it is made.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use serde_json::{Value, json};
use support::{ALLOW_ALL, Key, REGION, World, ZONE, other, root, text};

fn what_if(world: &World, parameters: &[(&str, &str)]) -> Value {
    world.root(Product::Coffer, "SimulateChange", parameters)
}

/// Operation, before and after of each call that would change, the newest first.
fn changes(answer: &Value) -> Vec<(String, String, String)> {
    let of = |item: &Value| (text(item, "Operation"), text(item, "Before"), text(item, "After"));
    answer["Changes"]["Change"].as_array().unwrap().iter().map(of).collect()
}

fn change(operation: &str, before: &str, after: &str) -> (String, String, String) {
    (operation.to_owned(), before.to_owned(), after.to_owned())
}

fn document(statements: &str) -> String {
    format!(r#"{{"Version":"1","Statement":[{statements}]}}"#)
}

fn create(world: &World, key: &Key, more: &[(&str, &str)]) -> (u16, Value) {
    let place = [("RegionId", REGION), ("ZoneId", ZONE), ("Size", "20")];
    world.call(key, Product::Ecs, "CreateDisk", &[&place[..], more].concat())
}

#[test]
fn a_policy_that_is_to_be_attached_changes_the_calls_it_is_about_and_no_others() {
    let world = World::new();
    let (alice, bob) = (world.user("alice", Some(ALLOW_ALL)), world.user("bob", Some(ALLOW_ALL)));
    for key in [&alice, &bob] {
        assert_eq!(create(&world, key, &[]).0, 200);
        assert_eq!(create(&world, key, &[("Encrypted", "true")]).0, 200);
    }
    let deny_plain = document(
        r#"{"Effect":"Deny","Action":"ecs:CreateDisk","Resource":"*","Condition":{"Bool":{"ecs:IsDiskEncrypted":"false"}}}"#,
    );
    let asked = [("PolicyDocument", &*deny_plain), ("AttachTo", "user/alice")];
    let answer = what_if(&world, &asked);
    assert_eq!(changes(&answer), [change("ecs:CreateDisk", "Allowed", "Refused")]);
    let found = &answer["Changes"]["Change"][0];
    assert!(text(found, "Principal").ends_with("user/alice") && text(found, "Reason").contains("Denied by"), "{found}");
    assert!(answer["ExaminedCalls"].as_i64().unwrap() > 4);
    assert_eq!(create(&world, &alice, &[]).0, 200, "nothing was changed");
    // Once it is attached, it is so.
    let ram = |action, parameters: &[_]| world.root(Product::Ram, action, parameters);
    ram("CreatePolicy", &[("PolicyName", "encrypt"), ("PolicyDocument", &deny_plain)]);
    ram("AttachPolicyToUser", &[("PolicyType", "Custom"), ("PolicyName", "encrypt"), ("UserName", "alice")]);
    assert_eq!(create(&world, &alice, &[]).0, 403);
    assert!(changes(&what_if(&world, &asked)).is_empty(), "it is refused already");
}

#[test]
fn a_policy_that_is_to_be_detached_from_a_group_changes_what_its_members_did() {
    let world = World::new();
    let (alice, bob) = (world.user("alice", None), world.user("bob", Some(ALLOW_ALL)));
    let ram = |action, parameters: &[_]| world.root(Product::Ram, action, parameters);
    ram("CreateGroup", &[("GroupName", "g")]);
    let policy = [("PolicyType", "System"), ("PolicyName", "AdministratorAccess"), ("GroupName", "g")];
    ram("AttachPolicyToGroup", &policy);
    for user in ["alice", "bob"] {
        ram("AddUserToGroup", &[("UserName", user), ("GroupName", "g")]);
    }
    assert_eq!([create(&world, &alice, &[]).0, create(&world, &bob, &[]).0], [200, 200]);
    let asked = [("PolicyName", "AdministratorAccess"), ("PolicyType", "System"), ("DetachFrom", "group/g")];
    let answer = what_if(&world, &asked);
    assert_eq!(changes(&answer), [change("ecs:CreateDisk", "Allowed", "Refused")], "bob has a policy of his own");
    ram("DetachPolicyFromGroup", &policy);
    assert_eq!([create(&world, &alice, &[]).0, create(&world, &bob, &[]).0], [403, 200]);
    let granted = [("PolicyDocument", ALLOW_ALL), ("AttachTo", "group/g")];
    let answer = what_if(&world, &granted);
    assert_eq!(changes(&answer)[0], change("ecs:CreateDisk", "Refused", "Allowed"));
    assert_eq!(answer["Changes"]["Change"][0]["RecordedOutcome"], "Forbidden.RAM");
}

#[test]
fn what_ecs_may_no_longer_do_with_a_key_changes_the_calls_that_needed_it() {
    let world = World::new();
    world.disk_encryption_role();
    let key_id = world.customer_key();
    assert_eq!(create(&world, &root(), &[("Encrypted", "true"), ("KMSKeyId", &key_id)]).0, 200);
    assert_eq!(create(&world, &root(), &[("Encrypted", "true")]).0, 200, "under the service key");
    let role = "role/AliyunECSDiskEncryptDefaultRole";
    let asked = [("PolicyName", "AliyunECSDiskEncryptRolePolicy"), ("PolicyType", "System"), ("DetachFrom", role)];
    let answer = what_if(&world, &asked);
    let actions: Vec<String> = answer["Changes"]["Change"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| text(found, "Reason").split(": ").next().unwrap().to_owned())
        .collect();
    assert_eq!(actions, ["kms:DescribeKey", "kms:GenerateDataKey", "kms:Decrypt"], "{answer}");
}

#[test]
fn a_key_that_is_to_be_disabled_changes_the_calls_that_used_its_material() {
    let world = World::new();
    world.disk_encryption_role();
    let key_id = world.customer_key();
    assert_eq!(create(&world, &root(), &[("Encrypted", "true"), ("KMSKeyId", &key_id)]).0, 200);
    world.root(Product::Kms, "Encrypt", &[("KeyId", &key_id), ("Plaintext", "x")]);
    world.root(Product::Kms, "UpdateKeyDescription", &[("KeyId", &key_id), ("Description", "x")]);
    let answer = what_if(&world, &[("KeyId", &key_id)]);
    let expected = ["kms:Encrypt", "ecs:CreateDisk"].map(|action| change(action, "Allowed", "Refused"));
    assert_eq!(changes(&answer), expected);
    let answer = what_if(&world, &[("KeyId", &key_id), ("KeyState", "PendingDeletion"), ("MaxCalls", "1")]);
    assert_eq!((&answer["ExaminedCalls"], changes(&answer).len()), (&json!(1), 0));
    world.root(Product::Kms, "DisableKey", &[("KeyId", &key_id)]);
    assert!(changes(&what_if(&world, &[("KeyId", &key_id)])).is_empty(), "it is disabled already");
}

#[test]
fn the_default_switched_on_or_off_changes_the_disks_that_said_nothing() {
    let world = World::new();
    let switch = |on| changes(&what_if(&world, &[("RegionId", REGION), ("DefaultEncryption", on)]));
    create(&world, &root(), &[]);
    create(&world, &root(), &[("Encrypted", "false")]);
    create(&world, &root(), &[("Encrypted", "true")]);
    let expected = [change("ecs:CreateDisk", "Allowed", "Refused"), change("ecs:CreateDisk", "Plain", "Encrypted")];
    assert_eq!(switch("true"), expected);
    assert!(switch("false").is_empty(), "it is off");
    world.ecs("EnableDiskEncryptionByDefault", &[("RegionId", REGION)]);
    create(&world, &root(), &[]);
    assert_eq!(switch("false"), [change("ecs:CreateDisk", "Encrypted", "Plain")]);
    let elsewhere = what_if(&world, &[("RegionId", "cn-beijing"), ("DefaultEncryption", "true")]);
    assert!(changes(&elsewhere).is_empty());
}

#[test]
fn a_call_of_whom_nobody_knows_any_more_is_counted_and_not_guessed() {
    let world = World::new();
    let alice = world.user("alice", Some(ALLOW_ALL));
    assert_eq!(create(&world, &alice, &[]).0, 200);
    world.root(Product::Ram, "UpdateUser", &[("UserName", "alice"), ("NewUserName", "renamed")]);
    let answer = what_if(&world, &[("PolicyDocument", ALLOW_ALL), ("AttachTo", "user/renamed")]);
    assert_eq!((&answer["UnknownCalls"], changes(&answer).len()), (&json!(1), 0));
}

#[test]
fn one_change_is_named_and_what_it_names_is_there() {
    let world = World::new();
    world.user("alice", None);
    let key_id = world.customer_key();
    let code = |key: &Key, parameters: &[(&str, &str)]| {
        let (status, body) = world.call(key, Product::Coffer, "SimulateChange", parameters);
        assert!((400..500).contains(&status), "{body}");
        text(&body, "Code")
    };
    assert_eq!(code(&root(), &[]), "MissingPolicyDocument");
    assert_eq!(code(&root(), &[("PolicyDocument", ALLOW_ALL)]), "MissingAttachTo");
    let invalid: &[&[(&str, &str)]] = &[
        &[("PolicyDocument", "{}"), ("AttachTo", "user/alice")],
        &[("PolicyDocument", ALLOW_ALL), ("AttachTo", "user/alice"), ("KeyId", &key_id)],
        &[("PolicyName", "none"), ("DetachFrom", "user/alice")],
        &[("PolicyName", "none"), ("PolicyType", "Other"), ("DetachFrom", "user/alice")],
        &[("KeyId", "none")],
        &[("KeyId", &key_id), ("KeyState", "Lost")],
    ];
    for parameters in invalid {
        assert_eq!(code(&root(), parameters), "InvalidParameter", "{parameters:?}");
    }
    for nobody in ["user/none", "group/none", "role/none", "root"] {
        let asked = [("PolicyDocument", ALLOW_ALL), ("AttachTo", nobody)];
        assert_eq!(code(&root(), &asked), "InvalidPrincipal.NotFound", "{nobody}");
    }
    assert_eq!(code(&other(), &[("KeyId", &key_id)]), "InvalidParameter", "it is another account's");
}
