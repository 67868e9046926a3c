//! Two accounts on one server. Whatever the second asks about what is the first's, it gets the answer that it would get if that did
//! not exist, to the letter, and the first finds everything as it was.
//!
//! For every operation two worlds are compared. In one, the first account has made what its own call of the operation needs; in the
//! other it has made nothing. The second account sends the same request in both, and both draw the same random numbers.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::{Access, Entry, Product, operations};
use serde_json::Value;
use support::{ALLOW_ALL, Dump, Key, Pairs, World, other, root};

const SEED: u64 = 77;

/// A world in which the second account has done what it needs to get as far as looking for keys and roles.
fn world() -> World {
    let world = World::new();
    world.let_ecs_use_keys(&other());
    world.succeed(&other(), Product::Ecs, "EnableDiskEncryptionByDefault", &[("RegionId", "cn-hangzhou")]);
    world
}

/// What a call brought: the answer, and the rows that went and came.
struct Outcome {
    answer: (u16, Value),
    gone: Vec<String>,
    come: Vec<String>,
}

fn outcome(world: &World, key: &Key, entry: &Entry, parameters: &Pairs) -> Outcome {
    world.reseed(SEED);
    let before = world.state();
    let answer = world.send(world.request(key, entry.product, entry.operation.name, parameters));
    let after = world.state();
    Outcome { answer, gone: missing(&before, &after), come: missing(&after, &before) }
}

/// The rows of `these` that `from` lacks.
fn missing(these: &Dump, from: &Dump) -> Vec<String> {
    let rows = these.iter().flat_map(|(table, rows)| rows.iter().map(move |row| (table, row)));
    rows.filter(|(table, row)| !from[*table].contains(row)).map(|(table, row)| format!("{table}: {row}")).collect()
}

/// Calls `check` with every operation.
fn each(mut check: impl FnMut(&Entry)) {
    let mut seen = 0;
    for entry in Product::ALL.iter().flat_map(|product| operations(*product)) {
        check(entry);
        seen += 1;
    }
    report(seen);
    assert!(seen >= 190, "{seen} operations");
}

/// For whoever asks what these tests are: `cargo test --test cross_account -- --nocapture`.
#[expect(clippy::print_stdout, reason = "figures for whoever runs the test")]
fn report(operations: usize) {
    println!("across accounts: {operations} operations, each in two worlds");
}

/// Makes the same call, by the caller that `caller` gives, in a world where the first account has what the request names and in one
/// where it has not, and holds what came of them against each other.
fn compare(entry: &Entry, caller: fn(&World) -> Key) {
    let action = entry.operation.name;
    // Whoever has a provider's token may assume the role that trusts it: accounts have no part in that.
    if entry.operation.access == Access::Anyone {
        return;
    }
    let (there, absent) = (world(), world());
    let (key, same_key) = (caller(&there), caller(&absent));
    assert_eq!(key, same_key, "the worlds are alike up to here");
    let parameters = there.sample(entry.product, action);
    let with = outcome(&there, &key, entry, &parameters);
    let without = outcome(&absent, &key, entry, &parameters);
    assert_eq!(with.answer, without.answer, "{action} tells that it is there");
    assert_eq!(with.gone, without.gone, "{action} takes away or changes");
    assert_eq!(with.come, without.come, "{action} adds or changes");
    // That the comparison means something: to its owner, what the request names is there. (Roles and passwords are for users, and an
    // alias is one of the few names that all accounts share.)
    if !["AssumeRole", "ChangePassword", "SetAccountAlias"].contains(&action) {
        let (status, body) = there.send(there.request(&root(), entry.product, action, &parameters));
        assert_eq!(status, 200, "{action}: {body}");
    }
}

#[test]
fn the_account_itself_learns_nothing_of_another_and_changes_nothing_there() {
    each(|entry| compare(entry, |_| other()));
}

#[test]
fn a_user_with_every_permission_learns_nothing_of_another_account_and_changes_nothing_there() {
    each(|entry| {
        // A role may trust another account; that it is there is then no secret.
        if entry.operation.name != "AssumeRole" {
            compare(entry, |world| world.user_of(&other(), "everything", Some(ALLOW_ALL)));
        }
    });
}

/// Calls every operation as the user without a policy that `caller` makes, where what it names is there and where it is not.
fn without_permission(caller: fn(&World) -> Key) {
    let (mut telling, mut compared) = (Vec::new(), 0);
    each(|entry| {
        if matches!(entry.operation.access, Access::Caller | Access::Anyone) {
            return;
        }
        let (there, absent) = (world(), world());
        let key = caller(&there);
        assert_eq!(key, caller(&absent), "the worlds are alike up to here");
        let sample = there.sample(entry.product, entry.operation.name);
        compared += 1;
        let answer = outcome(&there, &key, entry, &sample).answer;
        assert_eq!(answer.0, 403, "{}: {}", entry.operation.name, answer.1);
        if answer != outcome(&absent, &key, entry, &sample).answer {
            telling.push(entry.operation.name);
        }
    });
    assert!(compared >= 185, "{compared} operations");
    assert!(telling.is_empty(), "{} tell: {telling:?}", telling.len());
}

/// That a name is taken is told to nobody who may not use it.
#[test]
fn a_user_without_permission_does_not_learn_what_is_there() {
    without_permission(|world| world.user("nobody", None));
}

#[test]
fn a_user_without_permission_does_not_learn_what_another_account_has() {
    without_permission(|world| world.user_of(&other(), "nobody", None));
}

#[test]
fn the_first_accounts_number_in_an_arn_opens_nothing() {
    let world = world();
    let key = world.sample(Product::Kms, "DescribeKey").remove(0).1;
    let arn = |account: &str, key: &str| format!("acs:kms:cn-hangzhou:{account}:key/{key}");
    let absent = arn(world.account.as_str(), "00000000-0000-4000-8000-000000000000");
    let describe = |key_id: &str| {
        world.reseed(SEED);
        world.call(&other(), Product::Kms, "DescribeKey", &[("KeyId", key_id)])
    };
    let expected = describe(&absent);
    assert_eq!(expected.1["Code"], "Forbidden.KeyNotFound");
    for guess in [arn(world.account.as_str(), &key), arn(world.other.as_str(), &key)] {
        let (status, body) = world.call(&other(), Product::Kms, "DescribeKey", &[("KeyId", &guess)]);
        assert_eq!(
            (status, &body["Code"], &body["Message"]),
            (expected.0, &expected.1["Code"], &expected.1["Message"])
        );
    }
}

#[test]
fn the_same_names_stand_side_by_side() {
    let world = world();
    let disk = [("RegionId", "cn-hangzhou"), ("ZoneId", "cn-hangzhou-b"), ("Size", "20"), ("ClientToken", "same")];
    let mut ids = Vec::new();
    for key in [root(), other()] {
        ids.push(world.succeed(&key, Product::Ecs, "CreateDisk", &disk)["DiskId"].clone());
        world.succeed(&key, Product::Ram, "CreateUser", &[("UserName", "same")]);
    }
    assert_ne!(ids[0], ids[1], "a client token is one account's");
}
