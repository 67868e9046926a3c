//! Every operation of every product, called unsigned, wrongly signed, twice, without permission, with exactly its permission, and
//! against an explicit deny. The requests are in one table: an operation that is not in it fails the test.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::{Access, Product, operations};
use support::{World, root, text};

const TRUST: &str =
    r#"{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"RAM":"*"}}]}"#;
const ALLOW_ALL: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// A request of each operation that is in order, so that only permission decides.
fn sample(world: &World, action: &str) -> Vec<(String, String)> {
    let key = || text(&world.root(Product::Kms, "CreateKey", &[])["KeyMetadata"], "KeyId");
    let region = ("RegionId", "cn-hangzhou".to_owned());
    let (user, role, policy) =
        (("UserName", "target".to_owned()), ("RoleName", "target".to_owned()), ("PolicyName", "target".to_owned()));
    let (custom, document) = (("PolicyType", "Custom".to_owned()), ("PolicyDocument", ALLOW_ALL.to_owned()));
    let pairs: Vec<(&str, String)> = match action {
        "DescribeRegions"
        | "OpenKmsService"
        | "DescribeAccountKmsStatus"
        | "CreateKey"
        | "ListKeys"
        | "ListAliases" => vec![],
        "DescribeZones"
        | "DescribeDisks"
        | "DescribeDiskEncryptionByDefaultStatus"
        | "DescribeDiskDefaultKMSKeyId"
        | "EnableDiskEncryptionByDefault"
        | "DisableDiskEncryptionByDefault"
        | "ResetDiskDefaultKMSKeyId" => vec![region],
        "ModifyDiskDefaultKMSKeyId" => vec![region, ("KMSKeyId", key())],
        "CreateDisk" => vec![region, ("ZoneId", "cn-hangzhou-b".to_owned()), ("Size", "20".to_owned())],
        "DeleteDisk" => vec![("DiskId", "d-bp1aaaaaaaaaaaaaaaaa".to_owned())],
        "DescribeKey" | "EnableKey" | "DisableKey" | "CancelKeyDeletion" | "GenerateDataKey" => {
            vec![("KeyId", key())]
        }
        "ScheduleKeyDeletion" => vec![("KeyId", key()), ("PendingWindowInDays", "7".to_owned())],
        "CreateAlias" => vec![("KeyId", key()), ("AliasName", "alias/target".to_owned())],
        "Encrypt" => vec![("KeyId", key()), ("Plaintext", "x".to_owned())],
        "Decrypt" => {
            let made = world.root(Product::Kms, "Encrypt", &[("KeyId", &key()), ("Plaintext", "x")]);
            vec![("CiphertextBlob", text(&made, "CiphertextBlob"))]
        }
        "CreateUser" | "GetUser" | "DeleteUser" | "CreateAccessKey" | "ListAccessKeys" => vec![user],
        "DeleteAccessKey" => vec![user, ("UserAccessKeyId", "LTAItarget".to_owned())],
        "UpdateAccessKey" => {
            vec![user, ("UserAccessKeyId", "LTAItarget".to_owned()), ("Status", "Active".to_owned())]
        }
        "CreatePolicy" => vec![policy, document],
        "GetPolicy" => vec![policy, custom],
        "DeletePolicy" => vec![policy],
        "AttachPolicyToUser" | "DetachPolicyFromUser" => vec![policy, custom, user],
        "AttachPolicyToRole" | "DetachPolicyFromRole" => vec![policy, custom, role],
        "CreateRole" => vec![role, ("AssumeRolePolicyDocument", TRUST.to_owned())],
        "GetRole" | "DeleteRole" => vec![role],
        "AssumeRole" => vec![
            ("RoleArn", format!("acs:ram::{}:role/target", world.account)),
            ("RoleSessionName", "session".to_owned()),
        ],
        other => panic!("{other} needs a sample request here"),
    };
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

const REFUSALS: [&str; 3] = ["Forbidden.RAM", "Forbidden.NoPermission", "NoPermission"];

/// Calls `check` with each operation that a policy is asked about, and its action.
fn each(mut check: impl FnMut(Product, &'static str, &'static str)) {
    let mut seen = 0;
    for product in [Product::Ecs, Product::Kms, Product::Ram, Product::Sts] {
        for entry in operations(product) {
            if let Access::Action(action) = entry.operation.access {
                check(product, entry.operation.name, action);
                seen += 1;
            }
        }
    }
    assert!(seen >= 42, "{seen} operations");
}

#[test]
fn each_operation_is_refused_without_permission_and_by_a_deny_and_gets_past_authorisation_with_exactly_its_own() {
    each(|product, name, action| {
        let world = World::new();
        let sample = sample(&world, name);
        let statement = |effect: &str, action: &str| {
            format!(r#"{{"Version":"1","Statement":[{{"Effect":"{effect}","Action":"{action}","Resource":"*"}}]}}"#)
        };
        let both = format!(
            r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"*","Resource":"*"}},{{"Effect":"Deny","Action":"{action}","Resource":"*"}}]}}"#
        );
        let nobody = world.user("nobody", None);
        let exactly = world.user("exactly", Some(&statement("Allow", action)));
        let others = world.user("others", Some(&statement("Allow", &format!("{action}Not"))));
        let denied = world.user("denied", Some(&both));
        for (key, kind) in [(&nobody, "ImplicitDeny"), (&others, "ImplicitDeny"), (&denied, "ExplicitDeny")] {
            let (status, body) = world.send(world.request(key, product, name, &sample));
            assert_eq!(status, 403, "{name}: {body}");
            assert!(REFUSALS.contains(&body["Code"].as_str().unwrap()), "{name}: {body}");
            assert_eq!(body["AccessDeniedDetail"]["NoPermissionType"], kind, "{name}");
            assert_eq!(body["AccessDeniedDetail"]["AuthAction"], action);
        }
        let (status, body) = world.send(world.request(&exactly, product, name, &sample));
        // What is asked for may not be there; that it is told so shows that permission was given.
        assert!(body.get("AccessDeniedDetail").is_none(), "{name}: {status} {body}");
    });
}

#[test]
fn each_operation_wants_a_good_signature_once() {
    for product in Product::ALL {
        for entry in operations(product) {
            let (world, name) = (World::new(), entry.operation.name);
            let good = world.request(&root(), product, name, &[]);
            let mut unsigned = good.clone();
            unsigned.headers.retain(|(header, _)| header != "authorization");
            let (status, body) = world.send(unsigned);
            assert_eq!((status, body["Code"].as_str().unwrap()), (400, "MissingAccessKeyId"), "{name}");
            let wrong = world.request(&(root().0, "another".to_owned()), product, name, &[]);
            let (status, body) = world.send(wrong);
            assert_eq!((status, body["Code"].as_str().unwrap()), (400, "SignatureDoesNotMatch"), "{name}");
            world.send(good.clone());
            let (status, body) = world.send(good);
            assert_eq!((status, body["Code"].as_str().unwrap()), (400, "SignatureNonceUsed"), "{name}");
            let unknown = world.request(&("LTAInobody".to_owned(), "x".to_owned()), product, name, &[]);
            assert_eq!(world.send(unknown).1["Code"], "InvalidAccessKeyId.NotFound", "{name}");
        }
    }
}

#[test]
fn only_the_account_changes_the_default_key() {
    let world = World::new();
    let user = world.user("everything", Some(ALLOW_ALL));
    let parameters = [("RegionId", "cn-hangzhou"), ("KMSKeyId", "x")];
    let (status, body) = world.call(&user, Product::Ecs, "ModifyDiskDefaultKMSKeyId", &parameters);
    assert_eq!((status, body["Code"].as_str().unwrap()), (403, "Forbidden.SubUser"));
    let (_, body) = world.call(&root(), Product::Ecs, "ModifyDiskDefaultKMSKeyId", &parameters);
    assert_eq!(body["Code"], "InvalidDefaultEncryption.NotFound");
}
