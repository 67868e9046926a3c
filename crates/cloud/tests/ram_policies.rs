//! Versions of policies and what they are attached to.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use serde_json::{Value, json};
use support::{ALLOW_ALL, World, root, text};

const POLICY: (&str, &str) = ("PolicyName", "p");
const CUSTOM: (&str, &str) = ("PolicyType", "Custom");
const TRUST: &str =
    r#"{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"RAM":"*"}}]}"#;
const DENY_ALL: &str = r#"{"Version":"1","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;

fn ram(world: &World, action: &str, parameters: &[(&str, &str)]) -> Value {
    world.root(Product::Ram, action, parameters)
}

#[track_caller]
fn refuses(world: &World, action: &str, parameters: &[(&str, &str)], expected: (u16, &str, &str)) {
    world.refuses(&root(), Product::Ram, action, parameters, expected);
}

fn versions(world: &World) -> Vec<(String, bool)> {
    let listed = ram(world, "ListPolicyVersions", &[POLICY, CUSTOM]);
    let list = listed["PolicyVersions"]["PolicyVersion"].as_array().unwrap();
    list.iter().map(|version| (text(version, "VersionId"), version["IsDefaultVersion"] == true)).collect()
}

fn add(world: &World, document: &str, more: &[(&str, &str)]) -> Value {
    ram(world, "CreatePolicyVersion", &[&[POLICY, ("PolicyDocument", document)], more].concat())
}

#[test]
fn the_version_in_force_counts_from_the_next_request_on() {
    let world = World::new();
    let key = world.user("p", Some(ALLOW_ALL));
    let status = || world.call(&key, Product::Ram, "ListUsers", &[]).0;
    assert_eq!(status(), 200);
    let added = add(&world, DENY_ALL, &[]);
    assert_eq!(added["PolicyVersion"]["VersionId"], "v2");
    assert_eq!(added["PolicyVersion"]["IsDefaultVersion"], false);
    assert_eq!(status(), 200);
    ram(&world, "SetDefaultPolicyVersion", &[POLICY, ("VersionId", "v2")]);
    assert_eq!(status(), 403);
    let third = add(&world, ALLOW_ALL, &[("SetAsDefault", "true")]);
    assert_eq!(third["PolicyVersion"]["IsDefaultVersion"], true);
    assert_eq!(status(), 200);
    let shown = ram(&world, "GetPolicy", &[POLICY, CUSTOM]);
    assert_eq!(shown["Policy"]["DefaultVersion"], "v3");
    assert_eq!(shown["DefaultPolicyVersion"]["PolicyDocument"], ALLOW_ALL);
    let second = ram(&world, "GetPolicyVersion", &[POLICY, CUSTOM, ("VersionId", "v2")]);
    assert_eq!(second["PolicyVersion"]["PolicyDocument"], DENY_ALL);
}

#[test]
fn a_policy_has_five_versions_and_its_numbers_are_never_given_again() {
    let world = World::new();
    ram(&world, "CreatePolicy", &[POLICY, ("PolicyDocument", ALLOW_ALL)]);
    for _ in 0..4 {
        add(&world, ALLOW_ALL, &[]);
    }
    let sixth = [POLICY, ("PolicyDocument", ALLOW_ALL)];
    let most = (409, "LimitExceeded.Policy.Version", "The count of policy version beyond the current limits.");
    refuses(&world, "CreatePolicyVersion", &sixth, most);
    refuses(&world, "CreatePolicyVersion", &[&sixth[..], &[("RotateStrategy", "None")]].concat(), most);
    let rotate = ("RotateStrategy", "DeleteOldestNonDefaultVersionWhenLimitExceeded");
    assert_eq!(add(&world, ALLOW_ALL, &[rotate])["PolicyVersion"]["VersionId"], "v6");
    // The oldest is in force and stays; the next oldest went.
    let ids = |world: &World| versions(world).into_iter().map(|(id, _)| id).collect::<Vec<_>>();
    assert_eq!(ids(&world), ["v1", "v3", "v4", "v5", "v6"]);
    let in_force =
        (409, "DeleteConflict.Policy.Version.Default", "The default policy version CAN NOT been deleted directly.");
    refuses(&world, "DeletePolicyVersion", &[POLICY, ("VersionId", "v1")], in_force);
    ram(&world, "DeletePolicyVersion", &[POLICY, ("VersionId", "v6")]);
    let gone = (404, "EntityNotExist.Policy.Version", "The policy version does not exist.");
    for action in ["DeletePolicyVersion", "SetDefaultPolicyVersion"] {
        refuses(&world, action, &[POLICY, ("VersionId", "v6")], gone);
    }
    let format =
        (400, "InvalidParameter.VersionId.Format", "The format of the parameter - \"VersionId\" is incorrect.");
    for id in ["6", "v0", "v06", "v-1", "latest"] {
        refuses(&world, "DeletePolicyVersion", &[POLICY, ("VersionId", id)], format);
    }
    assert_eq!(add(&world, ALLOW_ALL, &[])["PolicyVersion"]["VersionId"], "v7");
    let more = (409, "DeleteConflict.Policy.Version", "The policy CAN NOT has any version except the default version.");
    refuses(&world, "DeletePolicy", &[POLICY], more);
    ram(&world, "DeletePolicy", &[POLICY, ("CascadingDelete", "true")]);
    refuses(&world, "GetPolicy", &[POLICY, CUSTOM], (404, "EntityNotExist.Policy", "The policy does not exist."));
}

#[test]
fn a_policy_tells_whom_it_is_attached_to_and_is_not_deleted_before() {
    let world = World::new();
    let [user, group, role] = [("UserName", "u"), ("GroupName", "g"), ("RoleName", "R")];
    ram(&world, "CreateUser", &[user]);
    ram(&world, "CreateGroup", &[group]);
    ram(&world, "CreateRole", &[role, ("AssumeRolePolicyDocument", TRUST)]);
    ram(&world, "CreatePolicy", &[POLICY, ("PolicyDocument", ALLOW_ALL), ("Description", "all")]);
    for (kind, to) in [("User", user), ("Group", group), ("Role", role)] {
        ram(&world, &format!("AttachPolicyTo{kind}"), &[POLICY, CUSTOM, to]);
        let listed = ram(&world, &format!("ListPoliciesFor{kind}"), &[to]);
        let policy = &listed["Policies"]["Policy"][0];
        assert_eq!((&policy["PolicyName"], &policy["Description"]), (&json!("p"), &json!("all")));
        assert_eq!((&policy["DefaultVersion"], &policy["PolicyType"]), (&json!("v1"), &json!("Custom")));
    }
    let entities = ram(&world, "ListEntitiesForPolicy", &[POLICY, CUSTOM]);
    assert_eq!(entities["Users"]["User"][0]["UserName"], "u");
    assert_eq!(entities["Groups"]["Group"][0]["GroupName"], "g");
    assert_eq!(entities["Roles"]["Role"][0]["RoleName"], "R");
    assert!(text(&entities["Roles"]["Role"][0], "Arn").ends_with(":role/r"));
    assert_eq!(ram(&world, "GetPolicy", &[POLICY, CUSTOM])["Policy"]["AttachmentCount"], 3);
    let listed = ram(&world, "ListPolicies", &[CUSTOM]);
    assert_eq!(listed["Policies"]["Policy"][0]["AttachmentCount"], 3);
    for (kind, to, code) in [("User", user, "User"), ("Group", group, "Group"), ("Role", role, "Role")] {
        let message =
            format!("The policy CAN NOT been attached to any {} while deleting the policy.", kind.to_lowercase());
        let (status, body) = world.call(&root(), Product::Ram, "DeletePolicy", &[POLICY, ("CascadingDelete", "true")]);
        assert_eq!((status, text(&body, "Code")), (409, format!("DeleteConflict.Policy.{code}")));
        assert_eq!(text(&body, "Message"), message);
        ram(&world, &format!("DetachPolicyFrom{kind}"), &[POLICY, CUSTOM, to]);
    }
    ram(&world, "DeletePolicy", &[POLICY]);
}

#[test]
fn the_vendors_policies_have_one_version_and_are_not_changed() {
    let world = World::new();
    let vendors = [("PolicyName", "AdministratorAccess"), ("PolicyType", "System")];
    let listed = ram(&world, "ListPolicyVersions", &vendors);
    assert_eq!(listed["PolicyVersions"]["PolicyVersion"].as_array().unwrap().len(), 1);
    let version = ram(&world, "GetPolicyVersion", &[&vendors[..], &[("VersionId", "v1")]].concat());
    assert_eq!(version["PolicyVersion"]["IsDefaultVersion"], true);
    let gone = (404, "EntityNotExist.Policy", "The policy does not exist.");
    refuses(&world, "CreatePolicyVersion", &[vendors[0], ("PolicyDocument", ALLOW_ALL)], gone);
    refuses(&world, "DeletePolicy", &[vendors[0]], gone);
    refuses(&world, "UpdatePolicyDescription", &[vendors[0], ("NewDescription", "x")], gone);
    refuses(&world, "ListEntitiesForPolicy", &[("PolicyName", "Nothing"), vendors[1]], gone);
}

#[test]
fn a_policy_is_described_anew() {
    let world = World::new();
    ram(&world, "CreatePolicy", &[POLICY, ("PolicyDocument", ALLOW_ALL), ("Description", "old")]);
    world.advance(5000);
    let changed = ram(&world, "UpdatePolicyDescription", &[POLICY, ("NewDescription", "new")]);
    assert_eq!(changed["Policy"]["Description"], "new");
    let shown = ram(&world, "GetPolicy", &[POLICY, CUSTOM]);
    assert_eq!(shown["Policy"]["UpdateDate"], changed["Policy"]["UpdateDate"]);
    assert_ne!(shown["Policy"]["UpdateDate"], shown["Policy"]["CreateDate"]);
}

#[test]
fn a_power_user_may_everything_but_change_who_may_what() {
    let world = World::new();
    let key = world.user("power", None);
    let attached = [("PolicyType", "System"), ("PolicyName", "PowerUserAccess"), ("UserName", "power")];
    ram(&world, "AttachPolicyToUser", &attached);
    let status = |product, action, parameters: &[_]| world.call(&key, product, action, parameters).0;
    assert_eq!(status(Product::Kms, "CreateKey", &[]), 200);
    assert_eq!(status(Product::Ecs, "DescribeDisks", &[("RegionId", "cn-hangzhou")]), 200);
    assert_eq!(status(Product::Ram, "ListRoles", &[]), 200);
    assert_eq!(status(Product::Ram, "ListUsers", &[]), 403);
    assert_eq!(status(Product::Ram, "CreateUser", &[("UserName", "another")]), 403);
}
