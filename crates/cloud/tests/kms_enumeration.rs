//! Every operation that takes a key, by its id, its ARN or an alias: who may not call it gets the same bytes whether what it names is
//! there, is not, or is another account's; who may, learns what is true.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::{Entry, Product, operations};
use support::{ALLOW_ALL, Key, Pairs, World, other, owned, root, text};

const SEED: u64 = 41;
const ALIAS: &str = "alias/guessed";
/// The parameters that name a key.
const NAMES: [&str; 4] = ["KeyId", "DestinationKeyId", "SourceKeyId", "ResourceId.1"];
const FORMS: [fn(&World, &str) -> String; 3] = [
    |_, id| id.to_owned(),
    |_, _| ALIAS.to_owned(),
    |world, id| format!("acs:kms:cn-hangzhou:{}:key/{id}", world.account),
];

/// A world in which `owner` has a key with the alias, if anybody has; with the key's id.
fn world(owner: Option<Key>) -> (World, String) {
    let world = World::new();
    world.reseed(SEED);
    let Some(owner) = owner else { return (world, String::new()) };
    let kms = |action, parameters: &[_]| world.succeed(&owner, Product::Kms, action, parameters);
    let key_id = text(&kms("CreateKey", &[])["KeyMetadata"], "KeyId");
    kms("CreateAlias", &[("KeyId", &key_id), ("AliasName", ALIAS)]);
    (world, key_id)
}

/// The bytes of the answer, by a user whose policy is given.
fn answer((world, _): &(World, String), policy: Option<&str>, entry: &Entry, parameters: &Pairs) -> (u16, String) {
    world.reseed(SEED + 1);
    let user = world.user("user", policy);
    world.reseed(SEED + 2);
    let outgoing = world.answer(world.request(&user, entry.product, entry.operation.name, parameters));
    (outgoing.status, String::from_utf8(outgoing.body).unwrap())
}

/// Calls `check` with each operation that names a key, and with its request for each of the parameters and forms that do.
fn each(mut check: impl FnMut(&Entry, &dyn Fn(&World, &str) -> Pairs)) {
    let mut seen = 0;
    for entry in operations(Product::Kms).iter().chain(operations(Product::Coffer)) {
        let sample = World::new().sample(entry.product, entry.operation.name);
        for name in NAMES.into_iter().filter(|name| sample.iter().any(|(sent, _)| sent == name)) {
            for form in FORMS {
                check(entry, &|world, key_id| {
                    let value = |sent: &str| (sent == name).then(|| form(world, key_id));
                    sample
                        .iter()
                        .map(|(sent, old)| (sent.clone(), value(sent).unwrap_or_else(|| old.clone())))
                        .collect()
                });
                seen += 1;
            }
        }
    }
    assert!(seen >= 100, "{seen} requests");
}

#[test]
fn without_permission_a_key_or_alias_that_is_there_one_that_is_not_and_another_accounts_are_the_same_to_the_byte() {
    each(|entry, request| {
        let (there, foreign) = (world(Some(root())), world(Some(other())));
        // Both accounts draw the same id for it, each in its own world.
        assert_eq!(there.1, foreign.1, "the worlds are alike but for the owner");
        let parameters = request(&there.0, &there.1);
        let answers = [there, foreign, world(None)].map(|world| answer(&world, None, entry, &parameters));
        let name = entry.operation.name;
        assert_eq!(answers[0].0, 403, "{name} {parameters:?}: {}", answers[0].1);
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{name} {parameters:?}: {answers:#?}");
    });
}

#[test]
fn permission_on_one_key_tells_nothing_of_others_but_serves_that_key_by_every_name() {
    let there = world(Some(root()));
    let describe = |named: &str, world: &(World, String), policy: &str| {
        let entry = operations(Product::Kms).iter().find(|entry| entry.operation.name == "DescribeKey").unwrap();
        answer(world, Some(policy), entry, &owned(&[("KeyId", named)]))
    };
    let allow = |resource: &str| {
        format!(
            r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"kms:*","Resource":"acs:kms:*:*:{resource}"}}]}}"#
        )
    };
    let another = allow("key/00000000-0000-4000-8000-000000000000");
    assert_eq!(describe(ALIAS, &there, &another), describe(ALIAS, &world(None), &another));
    for form in FORMS {
        let there = world(Some(root()));
        let named = form(&there.0, &there.1);
        assert_eq!(describe(&named, &there, &allow(&format!("key/{}", there.1))).0, 200, "{named}");
    }
}

#[test]
fn with_permission_what_is_not_there_is_not_found() {
    each(|entry, request| {
        let empty = world(None);
        let parameters = request(&empty.0, "00000000-0000-4000-8000-000000000000");
        let (status, body) = answer(&empty, Some(ALLOW_ALL), entry, &parameters);
        assert!(status != 403 && !body.contains("NoPermission"), "{} {parameters:?}: {body}", entry.operation.name);
    });
}

#[test]
fn a_key_that_is_only_needed_besides_is_no_more_told_of_than_one_that_an_operation_is_about() {
    let only = |action: &str| {
        format!(r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#)
    };
    let entry = operations(Product::Kms).iter().find(|entry| entry.operation.name == "CreateSecret").unwrap();
    for form in FORMS {
        let worlds = [world(Some(root())), world(Some(other())), world(None)];
        let named = form(&worlds[0].0, &worlds[0].1);
        let secret = [("SecretName", "s"), ("VersionId", "v"), ("SecretData", "d"), ("EncryptionKeyId", &*named)];
        let answers = worlds.map(|world| answer(&world, Some(&only("kms:CreateSecret")), entry, &owned(&secret)));
        assert_eq!(answers[0].0, 403, "{named}: {}", answers[0].1);
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{named}: {answers:#?}");
        let (status, body) = answer(&world(None), Some(ALLOW_ALL), entry, &owned(&secret));
        assert_eq!(status, 404, "{named}: {body}");
    }
}

#[test]
fn what_another_accounts_key_says_of_the_caller_does_not_count_under_the_callers_own_account() {
    let entry = operations(Product::Kms).iter().find(|entry| entry.operation.name == "ListTagResources").unwrap();
    let absent = world(None).0;
    let (user, owner) = (format!("acs:ram::{}:user/user", absent.account), format!("acs:ram::{}:root", absent.other));
    let statement = |effect: &str, principal: &str| {
        format!(r#"{{"Effect":"{effect}","Action":"kms:*","Principal":{{"RAM":"{principal}"}},"Resource":"*"}}"#)
    };
    for (effect, policy) in [("Deny", Some(ALLOW_ALL)), ("Allow", None)] {
        let (foreign, absent) = (world(Some(other())), world(None));
        let document =
            format!(r#"{{"Version":"1","Statement":[{},{}]}}"#, statement("Allow", &owner), statement(effect, &user));
        let set = [("KeyId", &*foreign.1), ("Policy", &document)];
        foreign.0.succeed(&other(), Product::Kms, "SetKeyPolicy", &set);
        let asked = owned(&[("RegionId", "cn-hangzhou"), ("ResourceType", "key"), ("ResourceId.1", &foreign.1)]);
        assert_eq!(answer(&foreign, policy, entry, &asked), answer(&absent, policy, entry, &asked), "{effect}");
    }
}
