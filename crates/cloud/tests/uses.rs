//! Uses of keys and secrets: on record before they are answered, by what holds at that moment, and changing nothing else.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_base::{Clock, Timestamp};
use coffer_cloud::{Effect, Product, audit, operations};
use coffer_store::audit::{Recorded, after};
use support::{ALLOW_ALL, NOW_MS, World, root, text};

fn last(world: &World) -> Recorded {
    world.db.read(|tx| after(tx, 0, 10_000)).unwrap().pop().unwrap()
}

fn on_disk(name: &str) -> (std::path::PathBuf, World) {
    let directory = std::env::temp_dir().join(format!("coffer-uses-{name}-{}", std::process::id()));
    std::fs::remove_dir_all(&directory).ok();
    let world = World::open(&directory, Clock::manual(Timestamp::from_unix_ms(NOW_MS)), 1);
    (directory, world)
}

#[test]
fn a_use_is_on_record_when_it_is_answered_whether_it_was_allowed_or_not_and_changes_nothing() {
    let (directory, world) = on_disk("record");
    let (key_id, nobody) = (world.customer_key(), world.user("nobody", None));
    let encrypt = [("KeyId", &*key_id), ("Plaintext", "text")];
    let before = world.state();
    let blob = text(&world.kms("Encrypt", &encrypt), "CiphertextBlob");
    let row = last(&world);
    assert_eq!((&*row.action, &*row.outcome), ("kms:Encrypt", "OK"));
    assert!(row.resources.ends_with(&key_id) && row.detail.contains(&key_id) && row.detail.contains("keyVersionId"));
    assert_eq!(text(&world.kms("Decrypt", &[("CiphertextBlob", &blob)]), "Plaintext"), "text");
    assert_eq!(last(&world).action, "kms:Decrypt");
    assert_eq!(world.call(&nobody, Product::Kms, "Encrypt", &encrypt).0, 403);
    assert_eq!((last(&world).outcome, last(&world).sequence), ("Forbidden.NoPermission".to_owned(), row.sequence + 2));
    assert!(world.db.read(audit::verify).unwrap().is_ok());
    assert!(before == world.state());
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn what_forbids_a_use_does_so_for_the_very_next_request() {
    let (directory, world) = on_disk("next");
    let (key_id, user) = (world.customer_key(), world.user("someone", None));
    let ram = |action: &str, more: &[(&str, &str)]| world.root(Product::Ram, action, more);
    let encrypt = || world.call(&user, Product::Kms, "Encrypt", &[("KeyId", &key_id), ("Plaintext", "text")]).0;
    let (group, policy) = (("GroupName", "group"), ("PolicyName", "policy"));
    ram("CreateGroup", &[group]);
    ram("CreatePolicy", &[policy, ("PolicyDocument", ALLOW_ALL)]);
    ram("AddUserToGroup", &[group, ("UserName", "someone")]);
    for _ in 0..3 {
        assert_eq!(encrypt(), 403);
        ram("AttachPolicyToGroup", &[group, policy, ("PolicyType", "Custom")]);
        assert_eq!([encrypt(), encrypt()], [200, 200]);
        world.kms("DisableKey", &[("KeyId", &key_id)]);
        assert_eq!(encrypt(), 409);
        world.kms("EnableKey", &[("KeyId", &key_id)]);
        assert_eq!(encrypt(), 200);
        ram("DetachPolicyFromGroup", &[group, policy, ("PolicyType", "Custom")]);
    }
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_use_is_answered_once() {
    let world = World::new();
    let key_id = world.customer_key();
    let parameters = support::owned(&[("KeyId", &key_id), ("Plaintext", "text")]);
    let request = || {
        world.reseed(7);
        world.request(&root(), Product::Kms, "Encrypt", &parameters)
    };
    assert_eq!(world.send(request()).0, 200);
    let (status, body) = world.send(request());
    assert_eq!((status, &*text(&body, "Code")), (400, "SignatureNonceUsed"));
}

#[test]
fn a_use_is_answered_once_also_by_the_next_process_and_the_next_use_by_both() {
    let (directory, world) = on_disk("restart");
    let key_id = world.customer_key();
    let encrypt = |world: &World| {
        let parameters = support::owned(&[("KeyId", &key_id), ("Plaintext", "text")]);
        world.request(&root(), Product::Kms, "Encrypt", &parameters)
    };
    let (answered, refused, unsent) = (encrypt(&world), encrypt(&world), encrypt(&world));
    assert_eq!(world.send(answered.clone()).0, 200);
    world.kms("DisableKey", &[("KeyId", &key_id)]);
    assert_eq!(world.send(refused.clone()).0, 409);
    world.kms("EnableKey", &[("KeyId", &key_id)]);
    let clock = world.clock.clone();
    drop(world);
    clock.advance_ms(60_000);
    let world = World::open(&directory, clock, 2);
    for captured in [answered, refused] {
        let (status, body) = world.send(captured);
        assert_eq!((status, &*text(&body, "Code")), (400, "SignatureNonceUsed"));
    }
    assert_eq!(world.send(unsent).0, 200, "signed before the restart and never answered");
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn no_use_takes_a_client_token_whose_answer_would_have_to_be_kept() {
    let all = Product::ALL.into_iter().flat_map(operations);
    let uses: Vec<_> = all.filter(|entry| entry.operation.effect == Effect::Use).collect();
    assert!(uses.len() > 10);
    assert!(uses.iter().all(|entry| !entry.operation.idempotent));
}
