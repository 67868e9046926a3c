//! The errors that RAM documents for what stands in a parameter, asked for of every operation that has the parameter. Those that depend on
//! what there is are reached where that is tested (`ram_identities`, `ram_logins`, `ram_policies`); `cargo xtask reached` misses none.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::{Product, operations};
use serde_json::json;
use support::{World, root};

/// How a parameter is made wrong, and the last part of the code that it is refused with.
struct Wrong {
    names: &'static [&'static str],
    value: &'static str,
    times: usize,
    code: &'static str,
}

const NAMES: &[&str] = &[
    "UserName",
    "NewUserName",
    "DisplayName",
    "NewDisplayName",
    "GroupName",
    "NewGroupName",
    "PolicyName",
    "RoleName",
    "VirtualMFADeviceName",
];

const WRONG: [Wrong; 6] = [
    Wrong { names: NAMES, value: "a \u{7}<", times: 1, code: "InvalidChars" },
    Wrong { names: NAMES, value: "a", times: 7000, code: "Length" },
    Wrong {
        names: &["Comments", "NewComments", "Description", "NewDescription", "PolicyDocument"],
        value: "a",
        times: 7000,
        code: "Length",
    },
    Wrong {
        names: &["MobilePhone", "NewMobilePhone", "Email", "NewEmail", "VersionId", "AccountAlias"],
        value: "x y",
        times: 1,
        code: "Format",
    },
    Wrong { names: &["AuthenticationCode1", "AuthenticationCode2"], value: "12345x", times: 1, code: "Format" },
    Wrong { names: &["MinimumPasswordLength"], value: "7", times: 1, code: "Range" },
];

#[test]
fn each_operation_names_the_parameter_that_is_wrong_and_what_is_wrong_with_it() {
    let mut seen = 0;
    for entry in operations(Product::Ram) {
        let action = entry.operation.name;
        for fact in (entry.parameters)() {
            for wrong in WRONG.iter().filter(|wrong| wrong.names.contains(&fact.name)) {
                let world = World::new();
                let mut parameters = world.sample(Product::Ram, action);
                parameters.retain(|(name, _)| name != fact.name);
                parameters.push((fact.name.to_owned(), wrong.value.repeat(wrong.times)));
                let before = world.state();
                let (status, body) = world.send(world.request(&root(), Product::Ram, action, &parameters));
                // The two codes of a device are one to the vendor.
                let named = fact.name.strip_suffix(['1', '2']).unwrap_or(fact.name);
                let expected = format!("InvalidParameter.{named}.{}", wrong.code);
                assert_eq!((status, &body["Code"]), (400, &json!(expected)), "{action} {}", fact.name);
                assert!(before == world.state(), "{action} {}", fact.name);
                seen += 1;
            }
        }
    }
    assert!(seen >= 140, "{seen} requests");
}

#[test]
fn a_word_or_a_number_that_is_none_of_those_that_may_be_is_refused_by_its_parameter() {
    let mut seen = 0;
    for entry in operations(Product::Ram) {
        let action = entry.operation.name;
        for fact in (entry.parameters)() {
            let values: &[&str] = match fact.name {
                "PolicyType" => &["custom", "Session"],
                "MaxSessionDuration" | "NewMaxSessionDuration" => &["3599", "43201", "x"],
                _ => continue,
            };
            for value in values {
                let world = World::new();
                let mut parameters = world.sample(Product::Ram, action);
                parameters.retain(|(name, _)| name != fact.name);
                parameters.push((fact.name.to_owned(), (*value).to_owned()));
                let (status, body) = world.send(world.request(&root(), Product::Ram, action, &parameters));
                let expected = format!("InvalidParameter.{}", fact.name);
                assert_eq!((status, &body["Code"]), (400, &json!(expected)), "{action} {value}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 15, "{seen} requests");
}

#[test]
fn a_policy_that_is_not_attached_can_not_be_detached() {
    let world = World::new();
    for (kind, made) in [("User", "CreateUser"), ("Group", "CreateGroup"), ("Role", "CreateRole")] {
        let name = format!("{kind}Name");
        let trust =
            r#"{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"RAM":"*"}}]}"#;
        let named = (&*name, "target");
        world.root(Product::Ram, made, &[named, ("AssumeRolePolicyDocument", trust)]);
        let policy = [named, ("PolicyType", "System"), ("PolicyName", "ReadOnlyAccess")];
        let (status, body) = world.call(&root(), Product::Ram, &format!("DetachPolicyFrom{kind}"), &policy);
        assert_eq!((status, &body["Code"]), (404, &json!(format!("EntityNotExist.{kind}.Policy"))));
    }
}
