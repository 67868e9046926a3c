//! Why something is allowed or refused: of any principal, of a request on record, of a refusal's message.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use serde_json::{Value, json};
use support::{ALLOW_ALL, Key, REGION, World, ZONE, other, root, text};

fn explain(world: &World, parameters: &[(&str, &str)]) -> Value {
    world.root(Product::Coffer, "ExplainAccess", parameters)
}

/// The only decision of an answer.
fn decision(answer: &Value) -> Value {
    let decisions = answer["Decisions"]["Decision"].as_array().unwrap();
    assert_eq!(decisions.len(), 1, "{answer}");
    decisions[0].clone()
}

fn of_user(world: &World, user: &str, action: &str, more: &[(&str, &str)]) -> Value {
    let principal = format!("user/{user}");
    decision(&explain(world, &[&[("Principal", &*principal), ("AuthAction", action)], more].concat()))
}

/// Of each statement: its policy, whether it decides, and what of it is not met.
fn statements(decision: &Value) -> Vec<(String, bool, Value)> {
    let of = |item: &Value| (text(item, "PolicyName"), item["Decides"] == true, item["Unmet"].clone());
    decision["Statements"]["Statement"].as_array().unwrap().iter().map(of).collect()
}

fn document(statements: &str) -> String {
    format!(r#"{{"Version":"1","Statement":[{statements}]}}"#)
}

fn create_disk<'a>() -> Vec<(&'a str, &'a str)> {
    vec![("RegionId", REGION), ("ZoneId", ZONE), ("Size", "20")]
}

/// The request id of a call.
fn call(world: &World, key: &Key, token: &str, action: &str, parameters: &[(&str, &str)]) -> (u16, String) {
    let incoming = world.session_request(key, token, Product::Ecs, action, &support::owned(parameters));
    let (status, body) = world.send(incoming);
    (status, text(&body, "RequestId"))
}

#[test]
fn the_statement_that_decides_is_named_and_the_others_say_what_is_not_met() {
    let world = World::new();
    let four = document(
        r#"{"Effect":"Allow","Action":"kms:*","Resource":"*"},
           {"Effect":"Allow","Action":"ecs:*","Resource":"acs:ecs:cn-beijing:*:*"},
           {"Effect":"Allow","Action":"ecs:*","Resource":"*","Condition":{"IpAddress":{"acs:SourceIp":"10.0.0.0/8"}}},
           {"Effect":"Allow","Action":"ecs:Create*","Resource":"*"}"#,
    );
    world.user("alice", Some(&four));
    let disk = format!("acs:ecs:{REGION}:{}:disk/*", world.account);
    let asked = [("AuthResource.1", &*disk), ("Context.1.Key", "acs:SourceIp"), ("Context.1.Value", "192.0.2.1")];
    let found = of_user(&world, "alice", "ecs:CreateDisk", &asked);
    assert_eq!((&found["Allowed"], found.get("NoPermissionType")), (&json!(true), None));
    let alice = |decides, unmet: Value| ("alice".to_owned(), decides, unmet);
    let unmet = [json!("Action"), json!("Resource"), json!("Condition")];
    let expected: Vec<_> =
        unmet.map(|unmet| alice(false, unmet)).into_iter().chain([alice(true, json!(null))]).collect();
    assert_eq!(statements(&found), expected);
    assert_eq!(found["Reason"], "Allowed by statement 3 of alice v1, attached to the user.");
    let told = &found["Statements"]["Statement"][2]["Detail"];
    assert_eq!(told, "Its condition on acs:SourceIp does not hold; the request has 192.0.2.1.");
    let found = of_user(&world, "alice", "ecs:DeleteDisk", &asked);
    assert_eq!((&found["Allowed"], &found["NoPermissionType"]), (&json!(false), &json!("ImplicitDeny")));
    assert_eq!(found["Reason"], "No statement of the policies attached allows it.");
}

#[test]
fn a_deny_of_a_group_decides_over_an_allow_of_the_user() {
    let world = World::new();
    world.user("alice", Some(ALLOW_ALL));
    let ram = |action, parameters: &[_]| world.root(Product::Ram, action, parameters);
    ram("CreateGroup", &[("GroupName", "g")]);
    let deny = document(r#"{"Effect":"Deny","Action":"ecs:DeleteDisk","Resource":"*"}"#);
    ram("CreatePolicy", &[("PolicyName", "deny"), ("PolicyDocument", &deny)]);
    ram("AttachPolicyToGroup", &[("PolicyType", "Custom"), ("PolicyName", "deny"), ("GroupName", "g")]);
    ram("AddUserToGroup", &[("UserName", "alice"), ("GroupName", "g")]);
    let found = of_user(&world, "alice", "ecs:DeleteDisk", &[]);
    assert_eq!(found["Reason"], "Denied by statement 0 of deny v1, attached to the group.");
    assert_eq!(found["NoPermissionPolicyType"], "AccountLevelIdentityBasedPolicy");
    let (alice, deny) = (("alice".to_owned(), false, Value::Null), ("deny".to_owned(), true, Value::Null));
    assert_eq!(statements(&found), [alice, deny]);
}

#[test]
fn a_key_policy_decides_before_what_is_attached() {
    let world = World::new();
    world.user("alice", Some(ALLOW_ALL));
    world.user("bob", None);
    let key_id = world.customer_key();
    let resource = format!("acs:kms:{REGION}:{}:key/{key_id}", world.account);
    let asked = [("AuthResource.1", &*resource)];
    let of = |user| of_user(&world, user, "kms:Encrypt", &asked);
    assert_eq!(statements(&of("bob")), [(key_id.clone(), false, Value::Null)]);
    assert_eq!(
        of("bob")["Reason"],
        "The key's policy leaves it to the account, and no statement of the policies attached allows it."
    );
    let named = |user: &str| format!(r#"{{"RAM":["acs:ram::{}:user/{user}"]}}"#, world.account);
    let policy = document(&format!(
        r#"{{"Effect":"Allow","Action":"kms:*","Resource":"*","Principal":{{"RAM":["acs:ram::{}:*"]}}}},
           {{"Effect":"Deny","Action":"kms:Encrypt","Resource":"*","Principal":{}}},
           {{"Effect":"Allow","Action":"kms:Encrypt","Resource":"*","Principal":{}}}"#,
        world.account,
        named("alice"),
        named("bob")
    ));
    world.root(Product::Kms, "SetKeyPolicy", &[("KeyId", &key_id), ("Policy", &policy)]);
    let denied = of("alice");
    assert_eq!((&denied["NoPermissionPolicyType"], &denied["Allowed"]), (&json!("ResourceBasedPolicy"), &json!(false)));
    assert_eq!(denied["Reason"], "Denied by statement 1 of the key's policy.");
    assert_eq!(statements(&denied)[2].2, "Principal");
    let allowed = of("bob");
    assert_eq!((&allowed["Allowed"], statements(&allowed)[1].2.as_str()), (&json!(true), Some("Principal")));
}

#[test]
fn what_is_for_accounts_alone_is_refused_to_others_by_that_rule() {
    let world = World::new();
    world.user("alice", Some(ALLOW_ALL));
    let found = of_user(&world, "alice", "ecs:ModifyDiskDefaultKMSKeyId", &[]);
    assert_eq!((&found["Allowed"], &found["NoPermissionPolicyType"]), (&json!(false), &json!("AccountOnly")));
    let itself = explain(&world, &[("Principal", "root"), ("AuthAction", "ecs:ModifyDiskDefaultKMSKeyId")]);
    assert_eq!(decision(&itself)["Reason"], "The account itself may do everything that no key policy denies.");
}

#[test]
fn a_request_on_record_is_asked_again_with_its_own_conditions() {
    let world = World::new();
    let only_encrypted = document(
        r#"{"Effect":"Allow","Action":"ecs:CreateDisk","Resource":"*","Condition":{"Bool":{"ecs:IsDiskEncrypted":"true"}}}"#,
    );
    let alice = world.user("alice", Some(&only_encrypted));
    let (status, refused) = call(&world, &alice, "", "CreateDisk", &create_disk());
    assert_eq!(status, 403);
    let (status, made) = call(&world, &alice, "", "CreateDisk", &[create_disk(), vec![("Encrypted", "true")]].concat());
    assert_eq!(status, 200);
    let answer = explain(&world, &[("RequestId", &refused)]);
    assert_eq!(
        (&answer["Recorded"]["Operation"], &answer["Recorded"]["Outcome"]),
        (&json!("ecs:CreateDisk"), &json!("Forbidden.RAM"))
    );
    let told = &decision(&answer)["Statements"]["Statement"][0];
    assert_eq!(told["Detail"], "Its condition on ecs:IsDiskEncrypted does not hold; the request has false.");
    let answer = explain(&world, &[("RequestId", &made)]);
    assert_eq!((&answer["Recorded"]["Outcome"], &decision(&answer)["Allowed"]), (&json!("OK"), &json!(true)));
    world.root(
        Product::Ram,
        "DetachPolicyFromUser",
        &[("PolicyType", "Custom"), ("PolicyName", "alice"), ("UserName", "alice")],
    );
    let answer = explain(&world, &[("RequestId", &made)]);
    assert_eq!((&answer["Recorded"]["Outcome"], &decision(&answer)["Allowed"]), (&json!("OK"), &json!(false)));
}

#[test]
fn a_message_says_what_was_said_then_and_the_policies_what_they_say_now() {
    let world = World::new();
    let alice = world.user("alice", None);
    let (_, refused) = world.call(&alice, Product::Ram, "ListUsers", &[]);
    let message = text(&refused["AccessDeniedDetail"], "EncodedDiagnosticMessage");
    let answer = explain(&world, &[("EncodedDiagnosticMessage", &message)]);
    assert_eq!(answer["Recorded"]["Outcome"], "ImplicitDeny");
    assert_eq!(
        (&decision(&answer)["AuthAction"], &decision(&answer)["Allowed"]),
        (&json!("ram:ListUsers"), &json!(false))
    );
    let policy = [("PolicyType", "System"), ("PolicyName", "AdministratorAccess"), ("UserName", "alice")];
    world.root(Product::Ram, "AttachPolicyToUser", &policy);
    let answer = explain(&world, &[("EncodedDiagnosticMessage", &message)]);
    assert_eq!(decision(&answer)["Reason"], "Allowed by statement 0 of AdministratorAccess v1, attached to the user.");
    let theirs = world.call(&other(), Product::Coffer, "ExplainAccess", &[("EncodedDiagnosticMessage", &message)]);
    assert_eq!((theirs.0, &theirs.1["Code"]), (404, &json!("EntityNotExist")));
}

#[test]
fn a_sessions_own_policy_is_found_on_record() {
    let world = World::new();
    let alice = world.user("alice", Some(ALLOW_ALL));
    let trust = document(r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":"*"}}"#);
    world.root(Product::Ram, "CreateRole", &[("RoleName", "r"), ("AssumeRolePolicyDocument", &trust)]);
    let policy = [("PolicyType", "System"), ("PolicyName", "AdministratorAccess"), ("RoleName", "r")];
    world.root(Product::Ram, "AttachPolicyToRole", &policy);
    let arn = format!("acs:ram::{}:role/r", world.account);
    let narrow = document(r#"{"Effect":"Allow","Action":"ecs:Describe*","Resource":"*"}"#);
    let asked = [("RoleArn", &*arn), ("RoleSessionName", "session"), ("Policy", &*narrow)];
    let credentials = world.succeed(&alice, Product::Sts, "AssumeRole", &asked)["Credentials"].clone();
    let key = (text(&credentials, "AccessKeyId"), text(&credentials, "AccessKeySecret"));
    let (status, refused) = call(&world, &key, &text(&credentials, "SecurityToken"), "CreateDisk", &create_disk());
    assert_eq!(status, 403);
    let answer = explain(&world, &[("RequestId", &refused)]);
    assert_eq!(answer["SessionPolicyUnknown"], false);
    assert_eq!(decision(&answer)["Reason"], "No statement of the session's policy allows it.");
    let as_role = [("Principal", "role/r"), ("AuthAction", "ecs:CreateDisk")];
    assert_eq!(decision(&explain(&world, &as_role))["Allowed"], true);
    let narrowed = explain(&world, &[&as_role[..], &[("SessionPolicy", &narrow)]].concat());
    assert_eq!(decision(&narrowed)["NoPermissionPolicyType"], "SessionPolicy");
}

#[test]
fn what_is_not_there_and_what_is_no_question_is_refused() {
    let world = World::new();
    let refused = |parameters: &[(&str, &str)], expected| {
        world.refuses(&root(), Product::Coffer, "ExplainAccess", parameters, expected);
    };
    let nobody = (404, "InvalidPrincipal.NotFound", "The specified principal does not exist in this account.");
    let theirs = format!("acs:ram::{}:root", world.other);
    for name in ["user/nobody", "role/nobody", "nobody", "acs:x", &theirs] {
        refused(&[("Principal", name), ("AuthAction", "ecs:CreateDisk")], nobody);
    }
    let unknown = (404, "InvalidRequestId.NotFound", "The specified request is not among those on record.");
    refused(&[("RequestId", "none")], unknown);
    refused(&[], (400, "MissingPrincipal", "Principal is mandatory for this action."));
    refused(&[("Principal", "root")], (400, "MissingAuthAction", "AuthAction is mandatory for this action."));
    for both in [("RequestId", "x"), ("EncodedDiagnosticMessage", "x")] {
        let (status, body) = world.call(&root(), Product::Coffer, "ExplainAccess", &[both, ("Principal", "root")]);
        assert_eq!((status, &body["Code"]), (400, &json!("InvalidParameter")));
    }
    let (status, body) = world.call(
        &root(),
        Product::Coffer,
        "ExplainAccess",
        &[("Principal", "root"), ("AuthAction", "x"), ("SessionPolicy", "{")],
    );
    assert_eq!((status, &body["Code"]), (400, &json!("InvalidParameter")));
}
