//! Users, groups and roles: how they change, who is in what, what is listed and in which pages, what tags they bear.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use serde_json::{Value, json};
use support::{ALLOW_ALL, World, other, root, text};

const TRUST: &str =
    r#"{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"RAM":"*"}}]}"#;
const TRUSTING: (&str, &str) = ("AssumeRolePolicyDocument", TRUST);
const DOCUMENT: (&str, &str) = ("PolicyDocument", ALLOW_ALL);
const USER: (&str, &str) = ("UserName", "alice");
const GROUP: (&str, &str) = ("GroupName", "admins");

fn ram(world: &World, action: &str, parameters: &[(&str, &str)]) -> Value {
    world.root(Product::Ram, action, parameters)
}

#[track_caller]
fn refuses(world: &World, action: &str, parameters: &[(&str, &str)], expected: (u16, &str, &str)) {
    world.refuses(&root(), Product::Ram, action, parameters, expected);
}

/// The members of that name of a list.
fn names(list: &Value, member: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|item| text(item, member)).collect()
}

fn world() -> World {
    let world = World::new();
    ram(&world, "CreateUser", &[USER]);
    ram(&world, "CreateGroup", &[GROUP, ("Comments", "they may")]);
    world
}

#[test]
fn what_a_group_may_its_users_may_from_the_next_request_on() {
    let world = World::new();
    let key = world.user("bob", None);
    ram(&world, "CreateGroup", &[GROUP]);
    let attached = [("PolicyType", "System"), ("PolicyName", "AliyunRAMReadOnlyAccess"), GROUP];
    ram(&world, "AttachPolicyToGroup", &attached);
    let status = || world.call(&key, Product::Ram, "ListUsers", &[]).0;
    assert_eq!(status(), 403);
    ram(&world, "AddUserToGroup", &[("UserName", "bob"), GROUP]);
    assert_eq!(status(), 200);
    ram(&world, "DetachPolicyFromGroup", &attached);
    assert_eq!(status(), 403);
    ram(&world, "AttachPolicyToGroup", &attached);
    assert_eq!(status(), 200);
    // A deny of the group is a deny of the user, whatever the user's own policies allow.
    let deny = r#"{"Version":"1","Statement":[{"Effect":"Deny","Action":"ram:ListUsers","Resource":"*"}]}"#;
    ram(&world, "CreatePolicy", &[("PolicyName", "deny"), ("PolicyDocument", deny)]);
    let own = [("PolicyType", "System"), ("PolicyName", "AdministratorAccess"), ("UserName", "bob")];
    ram(&world, "AttachPolicyToUser", &own);
    ram(&world, "AttachPolicyToGroup", &[("PolicyType", "Custom"), ("PolicyName", "deny"), GROUP]);
    assert_eq!(status(), 403);
    ram(&world, "RemoveUserFromGroup", &[("UserName", "bob"), GROUP]);
    assert_eq!(status(), 200);
}

#[test]
fn a_group_is_joined_once_left_once_and_deleted_when_it_is_empty() {
    let world = world();
    let both = [USER, GROUP];
    ram(&world, "AddUserToGroup", &both);
    let joined = (409, "EntityAlreadyExists.User.Group", "The user has already joined the group.");
    refuses(&world, "AddUserToGroup", &both, joined);
    let member = (409, "DeleteConflict.Group.User", "The group CAN NOT has any user member while deleting the group.");
    refuses(&world, "DeleteGroup", &[GROUP], member);
    let grouped = (409, "DeleteConflict.User.Group", "The user CAN NOT be in any group while deleting the user.");
    refuses(&world, "DeleteUser", &[USER], grouped);
    let groups = ram(&world, "ListGroupsForUser", &[USER]);
    assert_eq!(names(&groups["Groups"]["Group"], "GroupName"), ["admins"]);
    let users = ram(&world, "ListUsersForGroup", &[GROUP]);
    assert_eq!(users["Users"]["User"][0]["UserName"], "alice");
    assert_eq!(users["IsTruncated"], false);
    ram(&world, "RemoveUserFromGroup", &both);
    let absent = (404, "EntityNotExist.User.Group", "The user has not joined the group.");
    refuses(&world, "RemoveUserFromGroup", &both, absent);
    let attached = [("PolicyType", "System"), ("PolicyName", "AdministratorAccess"), GROUP];
    ram(&world, "AttachPolicyToGroup", &attached);
    let exists = (409, "EntityAlreadyExists.Group.Policy", "The group has already been attached this policy.");
    refuses(&world, "AttachPolicyToGroup", &attached, exists);
    let policy =
        (409, "DeleteConflict.Group.Policy", "The entity CAN NOT has any attached policy while deleting the group.");
    refuses(&world, "DeleteGroup", &[GROUP], policy);
    ram(&world, "DetachPolicyFromGroup", &attached);
    let gone = (404, "EntityNotExist.Group.Policy", "The indicate policy attached to the group does not exist.");
    refuses(&world, "DetachPolicyFromGroup", &attached, gone);
    ram(&world, "DeleteGroup", &[GROUP]);
    refuses(&world, "GetGroup", &[GROUP], (404, "EntityNotExist.Group", "The group does not exist."));
}

#[test]
fn a_user_is_in_five_groups_at_most_an_account_has_fifty_and_a_group_five_policies() {
    let world = World::new();
    ram(&world, "CreateUser", &[USER]);
    for number in 0..50 {
        ram(&world, "CreateGroup", &[("GroupName", &format!("g{number}"))]);
    }
    let most = (409, "LimitExceeded.Group", "The count of groups beyond the current limits.");
    refuses(&world, "CreateGroup", &[GROUP], most);
    for number in 0..5 {
        ram(&world, "AddUserToGroup", &[USER, ("GroupName", &format!("g{number}"))]);
    }
    let most = "The count of groups the target user joined beyond the current limits.";
    let most = (409, "LimitExceeded.User.Group", most);
    refuses(&world, "AddUserToGroup", &[USER, ("GroupName", "g5")], most);
    for number in 0..6 {
        let name = format!("p{number}");
        ram(&world, "CreatePolicy", &[("PolicyName", &name), DOCUMENT]);
        let attach = [("PolicyType", "Custom"), ("PolicyName", &*name), ("GroupName", "g0")];
        if number < 5 {
            ram(&world, "AttachPolicyToGroup", &attach);
        } else {
            let most = (409, "LimitExceeded.Group.Policy", "The policy count of the group beyond the current limits.");
            refuses(&world, "AttachPolicyToGroup", &attach, most);
        }
    }
}

#[test]
fn users_and_groups_are_renamed_and_keep_what_they_have() {
    let world = World::new();
    let key = world.user("Bob", Some(ALLOW_ALL));
    let before = ram(&world, "GetUser", &[("UserName", "bob")]);
    world.advance(1000);
    let parameters = [("UserName", "bob"), ("NewUserName", "robert"), ("NewComments", "the same man")];
    let after = ram(&world, "UpdateUser", &parameters);
    assert_eq!(after["User"]["UserId"], before["User"]["UserId"]);
    assert_eq!((&after["User"]["UserName"], &after["User"]["Comments"]), (&json!("robert"), &json!("the same man")));
    assert_ne!(after["User"]["UpdateDate"], before["User"]["UpdateDate"]);
    let who = world.succeed(&key, Product::Sts, "GetCallerIdentity", &[]);
    assert!(text(&who, "Arn").ends_with(":user/robert"));
    world.succeed(&key, Product::Ram, "ListUsers", &[]);
    // An empty text clears, as Terraform sends it; the name for people too.
    let cleared = ram(&world, "UpdateUser", &[("UserName", "robert"), ("NewComments", "")]);
    assert_eq!(cleared["User"]["Comments"], "");
    ram(&world, "CreateUser", &[USER]);
    let exists = (409, "EntityAlreadyExists.User", "The user does already EXIST.");
    refuses(&world, "UpdateUser", &[USER, ("NewUserName", "Robert")], exists);
    // Its own name in other letters is not taken.
    ram(&world, "UpdateUser", &[USER, ("NewUserName", "Alice")]);
    ram(&world, "CreateGroup", &[GROUP]);
    ram(&world, "CreateGroup", &[("GroupName", "others")]);
    let exists = (409, "EntityAlreadyExists.Group", "The group does already EXIST.");
    refuses(&world, "UpdateGroup", &[GROUP, ("NewGroupName", "OTHERS")], exists);
    refuses(&world, "CreateGroup", &[("GroupName", "Admins")], exists);
    ram(&world, "UpdateGroup", &[GROUP, ("NewGroupName", "owners"), ("NewComments", "ours")]);
    let group = ram(&world, "GetGroup", &[("GroupName", "OWNERS")]);
    assert_eq!((&group["Group"]["GroupName"], &group["Group"]["Comments"]), (&json!("owners"), &json!("ours")));
}

#[test]
fn a_roles_trust_description_and_longest_session_change() {
    let world = World::new();
    let role = ("RoleName", "Operator");
    ram(&world, "CreateRole", &[role, TRUSTING, ("Description", "old")]);
    let trust = r#"{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":["ecs.aliyuncs.com"]}}]}"#;
    let parameters = [role, ("NewAssumeRolePolicyDocument", trust), ("NewMaxSessionDuration", "7200")];
    ram(&world, "UpdateRole", &parameters);
    let shown = ram(&world, "GetRole", &[role]);
    assert_eq!(shown["Role"]["AssumeRolePolicyDocument"], trust, "as it was sent");
    assert_eq!((&shown["Role"]["MaxSessionDuration"], &shown["Role"]["Description"]), (&json!(7200), &json!("old")));
    ram(&world, "UpdateRole", &[role, ("NewDescription", "")]);
    assert_eq!(ram(&world, "GetRole", &[role])["Role"]["Description"], "");
    let (status, body) =
        world.call(&root(), Product::Ram, "UpdateRole", &[role, ("NewAssumeRolePolicyDocument", ALLOW_ALL)]);
    assert_eq!((status, &body["Code"]), (400, &json!("MalformedPolicyDocument")));
}

#[test]
fn whom_a_role_is_to_trust_can_be_a_condition() {
    let world = World::new();
    let only_ecs = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":["ram:CreateRole","ram:UpdateRole"],"Resource":"*","Condition":{"StringEquals":{"ram:TrustedPrincipalTypes":"Service","ram:ServiceNames":"ecs.aliyuncs.com"}}}]}"#;
    let key = world.user("maker", Some(only_ecs));
    let service = r#"{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":"ecs.aliyuncs.com"}}]}"#;
    let status = |trust| {
        let parameters = [("RoleName", "r"), ("AssumeRolePolicyDocument", trust)];
        world.call(&key, Product::Ram, "CreateRole", &parameters).0
    };
    assert_eq!(status(TRUST), 403);
    assert_eq!(status(service), 200);
    let parameters = [("RoleName", "r"), ("NewAssumeRolePolicyDocument", TRUST)];
    assert_eq!(world.call(&key, Product::Ram, "UpdateRole", &parameters).0, 403);
}

/// Reads a listing page by page; the members of that name of its entries.
fn pages(world: &World, action: &str, size: &str, more: &[(&str, &str)], list: [&str; 2], member: &str) -> Vec<String> {
    let (mut marker, mut found) = (String::new(), Vec::new());
    loop {
        let page = ram(world, action, &[&[("MaxItems", size), ("Marker", &*marker)], more].concat());
        let entries = names(&page[list[0]][list[1]], member);
        assert!(entries.len() <= size.parse().unwrap());
        found.extend(entries);
        if page["IsTruncated"] == false {
            assert!(page.get("Marker").is_none(), "a marker only where there is more");
            return found;
        }
        marker = text(&page, "Marker");
    }
}

#[test]
fn listings_come_in_pages_that_miss_nothing_and_repeat_nothing() {
    let world = World::new();
    ram(&world, "CreateGroup", &[GROUP]);
    for number in 0..5 {
        let name = format!("Name-{number}");
        ram(&world, "CreateUser", &[("UserName", &name)]);
        ram(&world, "AddUserToGroup", &[("UserName", &name), GROUP]);
        ram(&world, "CreateGroup", &[("GroupName", &name)]);
        ram(&world, "CreateRole", &[("RoleName", &name), TRUSTING]);
        ram(&world, "CreatePolicy", &[("PolicyName", &name), DOCUMENT]);
    }
    let expected: Vec<String> = (0..5).map(|number| format!("Name-{number}")).collect();
    let custom = [("PolicyType", "Custom")];
    for size in ["1", "2", "4", "5", "100"] {
        assert_eq!(pages(&world, "ListUsers", size, &[], ["Users", "User"], "UserName"), expected);
        assert_eq!(pages(&world, "ListUsersForGroup", size, &[GROUP], ["Users", "User"], "UserName"), expected);
        assert_eq!(pages(&world, "ListRoles", size, &[], ["Roles", "Role"], "RoleName"), expected);
        assert_eq!(pages(&world, "ListPolicies", size, &custom, ["Policies", "Policy"], "PolicyName"), expected);
        let groups = pages(&world, "ListGroups", size, &[], ["Groups", "Group"], "GroupName");
        assert_eq!(groups[1..], expected);
        let all = pages(&world, "ListPolicies", size, &[], ["Policies", "Policy"], "PolicyName");
        assert_eq!(all[..5], expected);
        let mut system = all[5..].to_vec();
        system.dedup();
        assert_eq!(system.len(), all.len() - 5);
        let vendors =
            pages(&world, "ListPolicies", size, &[("PolicyType", "System")], ["Policies", "Policy"], "PolicyName");
        assert_eq!(vendors, all[5..]);
    }
    let bad = |parameters: &[(&str, &str)]| world.call(&root(), Product::Ram, "ListUsers", parameters);
    assert_eq!(bad(&[("Marker", "made-up")]).1["Code"], "InvalidParameter.Marker");
    for size in ["0", "1001", "x"] {
        assert_eq!(bad(&[("MaxItems", size)]).1["Code"], "InvalidParameter.MaxItems");
    }
    // A marker is good for its listing and its account alone.
    let marker = text(&ram(&world, "ListUsers", &[("MaxItems", "1")]), "Marker");
    let elsewhere = world.call(&root(), Product::Ram, "ListRoles", &[("Marker", &marker)]);
    assert_eq!(elsewhere.1["Code"], "InvalidParameter.Marker");
    let foreign = world.call(&other(), Product::Ram, "ListUsers", &[("Marker", &marker)]);
    assert_eq!(foreign.1["Code"], "InvalidParameter.Marker");
}

#[test]
fn roles_and_policies_bear_tags_and_are_found_by_them() {
    let world = World::new();
    let tagged = ("Tag", r#"[{"Key":"team","Value":"a"},{"Key":"stage","Value":"x"}]"#);
    ram(&world, "CreateRole", &[("RoleName", "Tagged"), TRUSTING, tagged]);
    ram(&world, "CreateRole", &[("RoleName", "bare"), TRUSTING]);
    ram(&world, "CreatePolicy", &[("PolicyName", "tagged"), DOCUMENT, tagged]);
    let role = ("ResourceType", "role");
    let all = ram(&world, "ListTagResources", &[role]);
    let keys = names(&all["TagResources"], "TagKey");
    assert_eq!(keys, ["stage", "team"]);
    assert_eq!(names(&all["TagResources"], "ResourceName"), ["Tagged", "Tagged"]);
    let found = |action, list: [&str; 2], member, filter| {
        names(&ram(&world, action, &[("Tag", filter)])[list[0]][list[1]], member)
    };
    let roles = |filter| found("ListRoles", ["Roles", "Role"], "RoleName", filter);
    assert_eq!(roles(r#"[{"Key":"team","Value":"a"}]"#), ["Tagged"]);
    assert_eq!(roles(r#"[{"Key":"team"},{"Key":"stage","Value":"x"}]"#), ["Tagged"]);
    assert!(roles(r#"[{"Key":"team","Value":"b"}]"#).is_empty());
    assert_eq!(found("ListPolicies", ["Policies", "Policy"], "PolicyName", r#"[{"Key":"team"}]"#), ["tagged"]);
    // Set anew, one by one, and taken away; names of roles compare without case.
    let names_of = ("ResourceNames", r#"["TAGGED","bare"]"#);
    ram(&world, "TagResources", &[role, names_of, ("Tag", r#"[{"Key":"team","Value":"b"}]"#)]);
    assert_eq!(roles(r#"[{"Key":"team","Value":"b"}]"#), ["bare", "Tagged"]);
    ram(&world, "UntagResources", &[role, names_of, ("TagKeys", r#"["team"]"#), ("TagKey.1", "team")]);
    assert!(roles(r#"[{"Key":"team"}]"#).is_empty());
    assert_eq!(roles(r#"[{"Key":"stage"}]"#), ["Tagged"]);
    ram(&world, "UntagResources", &[role, ("ResourceNames", r#"["tagged"]"#), ("All", "true")]);
    assert_eq!(ram(&world, "ListTagResources", &[role])["TagResources"], json!([]));
    let missing = [role, ("ResourceNames", r#"["bare","nobody"]"#), ("Tag", r#"[{"Key":"k","Value":"v"}]"#)];
    refuses(&world, "TagResources", &missing, (404, "EntityNotExist.Role", "The role not exists: nobody."));
    let policy = [("ResourceType", "policy"), ("ResourceNames", r#"["nothing"]"#), ("Tag", r#"[{"Key":"k"}]"#)];
    refuses(&world, "TagResources", &policy, (404, "EntityNotExist.Policy", "The policy does not exist."));
    // Gone with what bore them.
    ram(&world, "DeletePolicy", &[("PolicyName", "tagged")]);
    ram(&world, "CreatePolicy", &[("PolicyName", "tagged"), DOCUMENT]);
    assert_eq!(ram(&world, "ListTagResources", &[("ResourceType", "policy")])["TagResources"], json!([]));
}

#[test]
fn tags_come_in_pages_and_a_resource_bears_twenty() {
    let world = World::new();
    ram(&world, "CreateRole", &[("RoleName", "r"), TRUSTING]);
    let named = [("ResourceType", "role"), ("ResourceNames", r#"["r"]"#)];
    let tags: Vec<Value> = (0..20).map(|n| json!({"Key": format!("k{n:02}"), "Value": ""})).collect();
    let set = |tags: &[Value]| {
        let text = Value::from(tags).to_string();
        world.call(&root(), Product::Ram, "TagResources", &[&named[..], &[("Tag", &text)]].concat())
    };
    assert_eq!(set(&tags).0, 200);
    assert_eq!(set(&[json!({"Key": "more", "Value": ""})]).1["Code"], "InvalidParameter.Tag");
    assert_eq!(set(&[json!({"Key": "acs:mine", "Value": ""})]).1["Code"], "InvalidParameter.Tag");
    let twice = [json!({"Key": "team", "Value": "a"}), json!({"Key": "team", "Value": "b"})];
    assert_eq!(set(&twice).1["Code"], "InvalidParameter.Tag");
    let (mut token, mut found) = (String::new(), Vec::new());
    loop {
        let page = ram(&world, "ListTagResources", &[named[0], ("PageSize", "7"), ("NextToken", &token)]);
        found.extend(names(&page["TagResources"], "TagKey"));
        let Some(next) = page.get("NextToken") else { break };
        token = next.as_str().unwrap().to_owned();
    }
    assert_eq!(found, tags.iter().map(|tag| text(tag, "Key")).collect::<Vec<_>>());
}
