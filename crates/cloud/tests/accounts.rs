//! The accounts of a server, made and listed while it serves.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_base::{AccountId, SeededRng, Timestamp};
use coffer_cloud::Product;
use coffer_store::{StoreError, accounts};
use serde_json::{Value, json};
use support::{Key, NOW_MS, World, root, text};

const NUMBER: &str = "2234567890123456";

fn numbers(world: &World) -> Vec<(String, bool)> {
    let listed = world.root(Product::Coffer, "ListAccounts", &[]);
    let account = |item: &Value| (text(item, "AccountId"), item["IsMain"].as_bool().unwrap());
    listed["Accounts"]["Account"].as_array().unwrap().iter().map(account).collect()
}

fn refused(world: &World, parameters: &[(&str, &str)]) -> (u16, Value) {
    let (status, body) = world.call(&root(), Product::Coffer, "CreateAccount", parameters);
    (status, body["Code"].clone())
}

#[test]
fn an_account_that_is_made_while_the_server_serves_works_at_once() {
    let world = World::new();
    let made = world.root(Product::Coffer, "CreateAccount", &[("AccountId", NUMBER)]);
    assert_eq!(made["AccountId"], NUMBER);
    let key: Key = (text(&made, "AccessKeyId"), text(&made, "AccessKeySecret"));
    let caller = world.succeed(&key, Product::Sts, "GetCallerIdentity", &[]);
    assert_eq!((&caller["AccountId"], &caller["IdentityType"]), (&json!(NUMBER), &json!("Account")));
    // Its domain key and KMS are there, and it sees nothing of the others.
    world.root(Product::Kms, "CreateKey", &[]);
    world.succeed(&key, Product::Kms, "CreateKey", &[]);
    assert_eq!(world.succeed(&key, Product::Kms, "ListKeys", &[])["TotalCount"], 1);
    let user = world.user_of(&key, "alice", Some(support::ALLOW_ALL));
    assert_eq!(world.succeed(&user, Product::Ram, "ListUsers", &[])["Users"]["User"][0]["UserName"], "alice");
    let known = numbers(&world);
    assert_eq!(known.iter().filter(|(_, is_main)| *is_main).count(), 1);
    assert!(known.contains(&(world.account.to_string(), true)) && known.contains(&(NUMBER.to_owned(), false)));
    // Who is not the main account may make none.
    assert_eq!(world.call(&key, Product::Coffer, "CreateAccount", &[]).0, 403);
}

#[test]
fn accounts_are_numbered_at_random_unless_a_number_is_given_and_there_is_an_end() {
    let world = World::new();
    let one = world.root(Product::Coffer, "CreateAccount", &[]);
    let other = world.root(Product::Coffer, "CreateAccount", &[]);
    assert_ne!(one["AccountId"], other["AccountId"]);
    for number in ["1", "x", "12345678901234567", "123456789012345x"] {
        assert_eq!(refused(&world, &[("AccountId", number)]), (400, json!("InvalidParameter")), "{number}");
    }
    let known = text(&one, "AccountId");
    assert_eq!(refused(&world, &[("AccountId", &known)]), (409, json!("EntityAlreadyExists.Account")));
    let main = world.account.to_string();
    assert_eq!(refused(&world, &[("AccountId", &main)]), (409, json!("EntityAlreadyExists.Account")));
    let there = numbers(&world).len();
    let filled = world.db.write(move |tx| -> Result<(), StoreError> {
        let rng = SeededRng::new(5);
        (there..999).try_for_each(|_| accounts::insert(tx, &AccountId::generate(&rng), Timestamp::from_unix_ms(NOW_MS)))
    });
    filled.wait().unwrap();
    world.root(Product::Coffer, "CreateAccount", &[("AccountId", NUMBER)]);
    assert_eq!(refused(&world, &[]), (403, json!("QuotaExceed.Account")));
}
