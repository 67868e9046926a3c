//! What conditions of policies are told: tags of what a request is about and of what it sets, and who asks.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use serde_json::{Value, json};
use support::{World, text};

const TRUST: &str =
    r#"{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"RAM":"*"}}]}"#;
const OF_ECS: &str = r#"{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":"ecs.aliyuncs.com"}}]}"#;
const SESSION: (&str, &str) = ("RoleSessionName", "session");

fn ram(world: &World, action: &str, parameters: &[(&str, &str)]) -> Value {
    world.root(Product::Ram, action, parameters)
}

/// A policy of these statements, each on everything.
fn policy(statements: &[(&str, &str, Value)]) -> String {
    let statement = |(effect, action, condition): &(&str, &str, Value)| json!({"Effect": effect, "Action": action, "Resource": "*", "Condition": condition});
    json!({"Version": "1", "Statement": statements.iter().map(statement).collect::<Vec<_>>()}).to_string()
}

fn equals(key: &str, value: &str) -> Value {
    json!({"StringEquals": {key: value}})
}

/// Everything is allowed but what is so.
fn all_but(condition: Value) -> String {
    policy(&[("Allow", "*", json!({})), ("Deny", "*", condition)])
}

fn tagged_role(world: &World, trust: &str) {
    let tags = ("Tag", r#"[{"Key":"team","Value":"secret"}]"#);
    ram(world, "CreateRole", &[("RoleName", "Admin"), ("AssumeRolePolicyDocument", trust), tags]);
}

#[test]
fn a_roles_tags_count_however_its_name_is_written() {
    let world = World::new();
    tagged_role(&world, TRUST);
    let denied = world.user("denied", Some(&all_but(equals("acs:ResourceTag/team", "secret"))));
    let allowed = world.user("allowed", Some(&policy(&[("Allow", "*", equals("ram:tag/team", "secret"))])));
    for name in ["Admin", "admin", "ADMIN"] {
        let arn = format!("acs:ram::{}:role/{name}", world.account);
        let names = format!(r#"["{name}"]"#);
        let attached = [("RoleName", name), ("PolicyType", "System"), ("PolicyName", "AliyunRAMReadOnlyAccess")];
        let calls: [(Product, &str, &[(&str, &str)]); 4] = [
            (Product::Sts, "AssumeRole", &[("RoleArn", &arn), SESSION]),
            (Product::Ram, "GetRole", &[("RoleName", name)]),
            (Product::Ram, "UpdateRole", &[("RoleName", name), ("NewDescription", "x")]),
            (
                Product::Ram,
                "UntagResources",
                &[("ResourceType", "role"), ("ResourceNames", &names), ("TagKeys", r#"["x"]"#)],
            ),
        ];
        for (product, action, parameters) in calls {
            assert_eq!(world.call(&denied, product, action, parameters).0, 403, "{action} of {name}");
            assert_eq!(world.call(&allowed, product, action, parameters).0, 200, "{action} of {name}");
        }
        assert_eq!(world.call(&denied, Product::Ram, "AttachPolicyToRole", &attached).0, 403, "{name}");
    }
}

#[test]
fn a_roles_tags_count_where_it_is_given_to_an_instance() {
    let world = World::new();
    tagged_role(&world, OF_ECS);
    let denied = world.user("denied", Some(&all_but(equals("ram:tag/team", "secret"))));
    let user = world.user("user", Some(&all_but(equals("ram:tag/team", "open"))));
    for name in ["Admin", "admin"] {
        let parameters = support::instances::asking(&[("RamRoleName", name)]);
        let (status, body) = world.call(&denied, Product::Ecs, "RunInstances", &parameters);
        assert_eq!((status, text(&body, "Code")), (403, "InvalidUser.PassRoleForbidden".to_owned()), "{name}");
        world.succeed(&user, Product::Ecs, "RunInstances", &parameters);
    }
}
