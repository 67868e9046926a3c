//! Every parameter of the vendor's that is not honoured (`refused` in the operations, `metadata/exceptions.json` with the reasons) is
//! refused when it is sent with effect. Silence would promise what is not done.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::{Entry, Product, Refused, operations};
use support::{World, root};

/// Calls `check` with each parameter that is refused, and its operation.
fn each(check: impl Fn(&Entry, &Refused)) {
    let mut seen = 0;
    for entry in Product::ALL.iter().flat_map(|product| operations(*product)) {
        for refused in entry.refused {
            check(entry, refused);
            seen += 1;
        }
    }
    assert!(seen >= 14, "{seen} parameters");
}

/// The answer to the operation's sample with one parameter more, and whether the state is another then.
fn answer(entry: &Entry, name: &str, value: &str) -> (u16, serde_json::Value, bool) {
    let (world, product, action) = (World::new(), entry.product, entry.operation.name);
    let mut parameters = world.sample(product, action);
    parameters.push((name.to_owned(), value.to_owned()));
    let before = world.state();
    let (status, body) = world.send(world.request(&root(), product, action, &parameters));
    (status, body, before != world.state())
}

#[test]
fn a_parameter_that_is_not_honoured_is_refused_by_name_and_nothing_is_done() {
    each(|entry, refused| {
        let (action, name) = (entry.operation.name, refused.name.replace(".N.", ".1."));
        let (status, body, changed) = answer(entry, &name, "something");
        let expected = entry.product.invalid_parameter(&name);
        assert_eq!(status, expected.status(), "{action} {name}: {body}");
        assert_eq!(body["Code"], *expected.code_text(), "{action} {name}");
        assert_eq!(body["Message"], *expected.message(), "{action} {name}");
        assert!(!changed, "{action} {name}");
    });
}

#[test]
fn what_has_no_effect_passes() {
    each(|entry, refused| {
        let name = refused.name.replace(".N.", ".1.");
        for value in std::iter::once(&"").chain(refused.harmless) {
            let (status, body, _) = answer(entry, &name, value);
            assert_eq!(status, 200, "{} {name}={value}: {body}", entry.operation.name);
        }
    });
}

#[test]
fn a_name_that_the_vendor_does_not_have_is_ignored_as_the_vendor_does() {
    let entry = operations(Product::Ecs).iter().find(|entry| entry.operation.name == "CreateDisk").unwrap();
    for name in ["Unheard", "StorageSetIdOfMine", "OwnerId"] {
        assert_eq!(answer(entry, name, "1").0, 200, "{name}");
    }
}
