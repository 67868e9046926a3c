//! Policy documents that are too long, too deep, say a thing twice or are nothing but wildcards, sent to every operation that takes one.
//! What an evaluation of the worst that is taken costs is counted in steps by the engine's own tests.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use support::{World, root};

/// A policy of that kind around a value for the element in which patterns stand.
fn document(kind: Kind, patterns: &str) -> String {
    let (action, more) = match kind {
        Kind::Identity => ("*", format!(r#""Resource":{patterns}"#)),
        Kind::Trust => ("sts:AssumeRole", format!(r#""Principal":{{"RAM":{patterns}}}"#)),
        Kind::Key => ("kms:*", format!(r#""Resource":"*","Principal":{{"RAM":{patterns}}}"#)),
    };
    format!(r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"{action}",{more}}}]}}"#)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Identity,
    Trust,
    Key,
}

/// An operation that takes a document, and how many characters of it.
struct Taker {
    product: Product,
    action: &'static str,
    parameter: &'static str,
    kind: Kind,
    most: usize,
}

const TAKERS: [Taker; 6] = [
    Taker {
        product: Product::Ram,
        action: "CreatePolicy",
        parameter: "PolicyDocument",
        kind: Kind::Identity,
        most: 6144,
    },
    Taker {
        product: Product::Ram,
        action: "CreatePolicyVersion",
        parameter: "PolicyDocument",
        kind: Kind::Identity,
        most: 6144,
    },
    Taker {
        product: Product::Ram,
        action: "CreateRole",
        parameter: "AssumeRolePolicyDocument",
        kind: Kind::Trust,
        most: 6144,
    },
    Taker {
        product: Product::Ram,
        action: "UpdateRole",
        parameter: "NewAssumeRolePolicyDocument",
        kind: Kind::Trust,
        most: 6144,
    },
    Taker { product: Product::Sts, action: "AssumeRole", parameter: "Policy", kind: Kind::Identity, most: 2048 },
    Taker { product: Product::Kms, action: "SetKeyPolicy", parameter: "Policy", kind: Kind::Key, most: 32_768 },
];

impl Taker {
    /// What is answered to the operation's sample with that document, and whether anything changed.
    fn answer(&self, document: &str) -> (u16, String, bool) {
        let world = World::new();
        let mut parameters = world.sample(self.product, self.action);
        parameters.retain(|(name, _)| name != self.parameter);
        parameters.push((self.parameter.to_owned(), document.to_owned()));
        let sender = world.sender(self.action);
        let before = world.state();
        let (status, body) = world.send(world.request(&sender, self.product, self.action, &parameters));
        (status, body["Code"].as_str().unwrap_or_default().to_owned(), before != world.state())
    }
}

#[test]
fn a_document_that_is_too_long_too_deep_or_says_a_thing_twice_is_refused_and_nothing_is_done() {
    for taker in &TAKERS {
        let (kind, name) = (taker.kind, taker.action);
        let room = taker.most - document(kind, "\"*\"").len();
        let blanks = |count: usize| document(kind, &format!("\"*\"{}", " ".repeat(count)));
        if kind != Kind::Key {
            assert_eq!(taker.answer(&blanks(room)).0, 200, "{name}: as long as it may be");
        }
        let plain = document(kind, "\"*\"");
        let cases = [
            ("too long", blanks(room + 1)),
            (
                "10,000 wildcards",
                document(kind, &format!("\"{}\"", "*".repeat(if kind == Kind::Key { 40_000 } else { 10_000 }))),
            ),
            ("100 lists deep", document(kind, &format!("{}\"*\"{}", "[".repeat(100), "]".repeat(100)))),
            ("100 objects deep", document(kind, &format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100)))),
            ("an element twice", plain.replace("\"Effect\":\"Allow\"", "\"Effect\":\"Allow\",\"Effect\":\"Deny\"")),
            ("a version twice", plain.replace("{\"Version\":\"1\"", "{\"Version\":\"1\",\"Version\":\"1\"")),
            ("no JSON", plain.replace('}', "")),
        ];
        for (what, text) in &cases {
            let (status, code, changed) = taker.answer(text);
            assert_eq!((status, changed), (400, false), "{name}, {what}: {code}");
            assert!(!code.is_empty(), "{name}, {what}");
        }
    }
}

#[test]
fn a_policy_of_nothing_but_wildcards_is_taken_as_far_as_it_may_be_long_and_decides() {
    let world = World::new();
    let room = 6144 - document(Kind::Identity, "\"\"").len();
    let user = world.user("alice", Some(&document(Kind::Identity, &format!("\"{}\"", "*".repeat(room)))));
    world.succeed(&user, Product::Ram, "ListUsers", &[]);
    let costly = document(Kind::Identity, &format!("\"{}\"", "*a".repeat(room / 2)));
    let user = world.user("bob", Some(&costly));
    assert_eq!(world.call(&user, Product::Ram, "GetUser", &[("UserName", &"a".repeat(64))]).0, 403);
    assert_eq!(world.call(&root(), Product::Ram, "GetUser", &[("UserName", "bob")]).0, 200);
}
