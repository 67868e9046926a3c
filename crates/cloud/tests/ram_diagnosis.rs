//! What a refusal says of its reasons, and what conditions can ask of tags, roles that are passed on, and clients.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use serde_json::{Value, json};
use support::{ALLOW_ALL, Key, World, other, root, text};

fn ram(world: &World, action: &str, parameters: &[(&str, &str)]) -> Value {
    world.root(Product::Ram, action, parameters)
}

fn document(statements: &str) -> String {
    format!(r#"{{"Version":"1","Statement":[{statements}]}}"#)
}

/// The reasons of a refusal that `key` meets.
fn reasons(world: &World, key: &Key, token: &str, product: Product, action: &str) -> Value {
    let (status, refused) = world.send(world.session_request(key, token, product, action, &[]));
    assert_eq!(status, 403, "{refused}");
    let message = text(&refused["AccessDeniedDetail"], "EncodedDiagnosticMessage");
    ram(world, "DecodeDiagnosticMessage", &[("EncodedDiagnosticMessage", &message)])["DecodedDiagnosticMessage"].clone()
}

#[test]
fn a_refusal_tells_which_policy_denied() {
    let world = World::new();
    let key = world.user("alice", Some(ALLOW_ALL));
    ram(&world, "CreateGroup", &[("GroupName", "g")]);
    let deny = document(r#"{"Effect":"Deny","Action":"ram:List*","Resource":"*"}"#);
    ram(&world, "CreatePolicy", &[("PolicyName", "deny"), ("PolicyDocument", &deny)]);
    ram(&world, "CreatePolicyVersion", &[("PolicyName", "deny"), ("PolicyDocument", &deny), ("SetAsDefault", "true")]);
    ram(&world, "AttachPolicyToGroup", &[("PolicyType", "Custom"), ("PolicyName", "deny"), ("GroupName", "g")]);
    ram(&world, "AddUserToGroup", &[("UserName", "alice"), ("GroupName", "g")]);
    let found = reasons(&world, &key, "", Product::Ram, "ListUsers");
    assert_eq!((&found["ExplicitDeny"], &found["AuthAction"]), (&json!(true), &json!("ram:ListUsers")));
    assert_eq!(found["NoPermissionPolicyType"], "AccountLevelIdentityBasedPolicy");
    assert_eq!(found["AuthResource"], format!("acs:ram:*:{}:user/*", world.account));
    assert_eq!(found["AuthPrincipal"]["AuthPrincipalType"], "SubUser");
    let policy = |name, version, effect, entity| {
        json!({"PolicyIdentifier": name, "PolicyVersion": version, "PolicyType": "Custom", "Effect": effect,
               "AttachedScope": "Account", "AttachedEntityType": entity})
    };
    let both = json!([policy("alice", "v1", "Allow", "user"), policy("deny", "v2", "Deny", "group")]);
    assert_eq!(found["MatchedPolicies"], both);
    let conditions = found["AuthConditions"].as_array().unwrap();
    assert!(conditions.contains(&json!({"ConditionKey": "acs:SourceIp", "ConditionValues": ["127.0.0.1"]})));
}

#[test]
fn a_refusal_tells_that_no_policy_allows() {
    let world = World::new();
    let key = world.user("alice", None);
    let found = reasons(&world, &key, "", Product::Kms, "ListKeys");
    assert_eq!((&found["ExplicitDeny"], &found["MatchedPolicies"]), (&json!(false), &json!([])));
}

#[test]
fn a_refusal_tells_of_session_and_trust_policies() {
    let world = World::new();
    let key = world.user("alice", Some(ALLOW_ALL));
    let trust = document(
        r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":"*"},"Condition":{"StringEquals":{"sts:ExternalId":"ours"}}}"#,
    );
    ram(&world, "CreateRole", &[("RoleName", "r"), ("AssumeRolePolicyDocument", &trust)]);
    ram(
        &world,
        "AttachPolicyToRole",
        &[("PolicyType", "System"), ("PolicyName", "AdministratorAccess"), ("RoleName", "r")],
    );
    let arn = format!("acs:ram::{}:role/r", world.account);
    let narrow = document(r#"{"Effect":"Allow","Action":"ecs:*","Resource":"*"}"#);
    let assume = |id: &str| {
        let parameters = [("RoleArn", &*arn), ("RoleSessionName", "s1"), ("Policy", &*narrow), ("ExternalId", id)];
        world.call(&key, Product::Sts, "AssumeRole", &parameters)
    };
    let (status, refused) = assume("theirs");
    assert_eq!(status, 403);
    assert_eq!(refused["AccessDeniedDetail"]["PolicyType"], "AssumeRolePolicy");
    assert_eq!(refused["AccessDeniedDetail"]["NoPermissionType"], "ImplicitDeny");
    let made = assume("ours").1["Credentials"].clone();
    let session = (text(&made, "AccessKeyId"), text(&made, "AccessKeySecret"));
    let found = reasons(&world, &session, &text(&made, "SecurityToken"), Product::Ram, "ListUsers");
    assert_eq!(found["NoPermissionPolicyType"], "SessionPolicy");
    assert_eq!(found["AuthPrincipal"]["AuthPrincipalDisplayName"], "r:s1");
}

#[test]
fn a_message_is_its_accounts_and_does_not_last() {
    let world = World::new();
    let key = world.user("alice", None);
    let refused = world.call(&key, Product::Ram, "ListUsers", &[]).1;
    let message = text(&refused["AccessDeniedDetail"], "EncodedDiagnosticMessage");
    let decode = |key: &Key, message: &str| {
        let (status, body) =
            world.call(key, Product::Ram, "DecodeDiagnosticMessage", &[("EncodedDiagnosticMessage", message)]);
        (status, body.get("Code").cloned())
    };
    let none = (404, Some(json!("EntityNotExist")));
    assert_eq!(decode(&root(), &message), (200, None));
    assert_eq!(decode(&other(), &message), none);
    assert_eq!(decode(&root(), &message[4..]), none);
    assert_eq!(decode(&root(), "nonsense"), none);
    world.advance(86_400_000);
    assert_eq!(decode(&root(), &message), (400, Some(json!("EncodedMessageExpire"))));
}

#[test]
fn tags_of_requests_and_of_resources_can_be_conditions() {
    let world = World::new();
    let by_tag = |key: &str| {
        document(&format!(
            r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{"StringEquals":{{"{key}":"a"}}}}}}"#
        ))
    };
    let trust = r#"{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"RAM":"*"}}]}"#;
    for (name, tag) in [("mine", "a"), ("theirs", "b")] {
        let tag = format!(r#"[{{"Key":"team","Value":"{tag}"}}]"#);
        ram(&world, "CreateRole", &[("RoleName", name), ("AssumeRolePolicyDocument", trust), ("Tag", &tag)]);
    }
    let owner = world.user("owner", Some(&by_tag("acs:ResourceTag/team")));
    let get = |name| world.call(&owner, Product::Ram, "GetRole", &[("RoleName", name)]).0;
    assert_eq!((get("mine"), get("theirs"), get("nobodys")), (200, 403, 403));
    // By the product's own name of the key too; a deny that asks for it alone holds.
    let all = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    let deny = r#"{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"ram:tag/team":"a"}}}"#;
    let denied = world.user("denied", Some(&document(&format!("{all},{deny}"))));
    let get = |name| world.call(&denied, Product::Ram, "GetRole", &[("RoleName", name)]).0;
    assert_eq!((get("mine"), get("theirs"), get("nobodys")), (403, 200, 404));
    let maker = world.user("maker", Some(&by_tag("acs:RequestTag/team")));
    let make = |tag: &str| {
        let parameters = [("RoleName", "made"), ("AssumeRolePolicyDocument", trust), ("Tag", tag)];
        world.call(&maker, Product::Ram, "CreateRole", &parameters).0
    };
    assert_eq!(make(r#"[{"Key":"team","Value":"b"}]"#), 403);
    assert_eq!(make("[]"), 403);
    assert_eq!(make(r#"[{"Key":"team","Value":"a"}]"#), 200);
    // Disks, by either name of the key; and another account's disk bears no tag here.
    let disk = |key: &Key, team: &str| {
        let base = [("RegionId", "cn-hangzhou"), ("ZoneId", "cn-hangzhou-b"), ("Size", "20")];
        let tag = [("Tag.1.Key", "team"), ("Tag.1.Value", team)];
        text(&world.succeed(key, Product::Ecs, "CreateDisk", &[&base[..], &tag].concat()), "DiskId")
    };
    let (mine, theirs, foreign) = (disk(&root(), "a"), disk(&root(), "b"), disk(&other(), "a"));
    for (name, key) in [("ecs", "ecs:tag/team"), ("acs", "acs:ResourceTag/team")] {
        let user = world.user(name, Some(&by_tag(key)));
        let rename = |id: &str| {
            world.call(&user, Product::Ecs, "ModifyDiskAttribute", &[("DiskId", id), ("DiskName", "named")]).0
        };
        assert_eq!((rename(&mine), rename(&theirs), rename(&foreign)), (200, 403, 403), "{key}");
    }
}

#[test]
fn a_role_is_passed_on_to_the_service_that_the_policy_names() {
    let world = World::new();
    let trust = r#"{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":"ecs.aliyuncs.com"}}]}"#;
    ram(&world, "CreateRole", &[("RoleName", "machine"), ("AssumeRolePolicyDocument", trust)]);
    let passing = |service: &str| {
        let ecs = r#"{"Effect":"Allow","Action":"ecs:*","Resource":"*"}"#;
        let pass = format!(
            r#"{{"Effect":"Allow","Action":"ram:PassRole","Resource":"*","Condition":{{"StringEquals":{{"acs:Service":"{service}"}}}}}}"#
        );
        document(&format!("{ecs},{pass}"))
    };
    for (name, service, expected) in [("right", "ecs.aliyuncs.com", 200), ("wrong", "rds.aliyuncs.com", 403)] {
        let key = world.user(name, Some(&passing(service)));
        let image = ("ImageId", "ubuntu_24_04_x64_20G_alibase_20250113.vhd");
        let parameters =
            [("RegionId", "cn-hangzhou"), image, ("InstanceType", "ecs.g7.large"), ("RamRoleName", "machine")];
        assert_eq!(world.call(&key, Product::Ecs, "RunInstances", &parameters).0, expected, "{service}");
    }
}

#[test]
fn who_stands_behind_a_session_stays_so_along_a_chain_of_roles() {
    let world = World::new();
    let key = world.user("alice", Some(ALLOW_ALL));
    let trust = document(
        r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":"*"},"Condition":{"StringEquals":{"sts:SourceIdentity":"alice"}}}"#,
    );
    for role in ["first", "second"] {
        ram(&world, "CreateRole", &[("RoleName", role), ("AssumeRolePolicyDocument", &trust)]);
        let policy = [("PolicyType", "System"), ("PolicyName", "AliyunSTSAssumeRoleAccess"), ("RoleName", role)];
        ram(&world, "AttachPolicyToRole", &policy);
    }
    let assume = |key: &Key, token: &str, role: &str, more: &[(&str, &str)]| {
        let arn = format!("acs:ram::{}:role/{role}", world.account);
        let named = [("RoleArn", &*arn), ("RoleSessionName", "s1")];
        let parameters = support::owned(&[&named[..], more].concat());
        world.send(world.session_request(key, token, Product::Sts, "AssumeRole", &parameters))
    };
    assert_eq!(assume(&key, "", "first", &[]).0, 403);
    assert_eq!(assume(&key, "", "first", &[("SourceIdentity", "mallory")]).0, 403);
    let (status, made) = assume(&key, "", "first", &[("SourceIdentity", "alice")]);
    assert_eq!((status, &made["SourceIdentity"]), (200, &json!("alice")));
    let credentials = &made["Credentials"];
    let session = (text(credentials, "AccessKeyId"), text(credentials, "AccessKeySecret"));
    let chained = assume(&session, &text(credentials, "SecurityToken"), "second", &[("SourceIdentity", "mallory")]);
    assert_eq!((chained.0, &chained.1["SourceIdentity"]), (200, &json!("alice")));
}
