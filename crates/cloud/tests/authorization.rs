//! Every operation of every product, called unsigned, wrongly signed, twice, without permission, with exactly its permission, and
//! against an explicit deny. The requests are those of `support::samples`.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::{Access, Product, operations};
use support::{ALLOW_ALL, ROOT, World, root};

const REFUSALS: [&str; 3] = ["Forbidden.RAM", "Forbidden.NoPermission", "NoPermission"];

/// Calls `check` with each operation that a policy is asked about, and its action.
fn each(mut check: impl FnMut(Product, &'static str, &'static str)) {
    let mut seen = 0;
    for product in [Product::Ecs, Product::Kms, Product::Ram, Product::Sts, Product::Coffer] {
        for entry in operations(product) {
            if let Access::Action(action) = entry.operation.access {
                check(product, entry.operation.name, action);
                seen += 1;
            }
        }
    }
    assert!(seen >= 175, "{seen} operations");
}

#[test]
fn each_operation_is_refused_without_permission_and_by_a_deny_and_succeeds_with_exactly_its_own() {
    each(|product, name, action| {
        let world = World::new();
        let sample = world.sample(product, name);
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
        world.ready(name, "exactly");
        let (status, body) = world.send(world.request(&exactly, product, name, &sample));
        assert_eq!(status, 200, "{name}: {body}");
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
            if entry.operation.access != Access::Anyone {
                assert_eq!((status, body["Code"].as_str().unwrap()), (400, "MissingAccessKeyId"), "{name}");
            }
            let wrong = world.request(&(ROOT.0.to_owned(), "another".to_owned()), product, name, &[]);
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
