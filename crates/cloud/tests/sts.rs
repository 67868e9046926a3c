//! Who may assume which role, and for how long.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use support::{ALLOW_ALL, World, other, root};

const SESSION: (&str, &str) = ("RoleSessionName", "session");
const NO_PERMISSION: (u16, &str, &str) =
    (403, "NoPermission", "You are not authorized to do this action. You should be authorized by RAM.");

/// A role `worker` of the first account that trusts that identity; its ARN.
fn role(world: &World, trusted: &str) -> String {
    let trust = format!(
        r#"{{"Version":"1","Statement":[{{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{{"RAM":"{trusted}"}}}}]}}"#
    );
    world.root(Product::Ram, "CreateRole", &[("RoleName", "worker"), ("AssumeRolePolicyDocument", &trust)]);
    format!("acs:ram::{}:role/worker", world.account)
}

#[test]
fn a_role_that_is_not_there_is_not_assumed_nor_any_by_the_account_itself() {
    let world = World::new();
    let user = world.user("user", Some(ALLOW_ALL));
    let arn = format!("acs:ram::{}:role/worker", world.account);
    let parameters = [("RoleArn", &*arn), SESSION];
    let absent = (404, "EntityNotExist.Role", "The specified Role not exists .");
    world.refuses(&user, Product::Sts, "AssumeRole", &parameters, absent);
    role(&world, "*");
    let by_account = (403, "NoPermission", "Roles may not be assumed by root accounts.");
    world.refuses(&root(), Product::Sts, "AssumeRole", &parameters, by_account);
    world.refuses(&other(), Product::Sts, "AssumeRole", &parameters, by_account);
    world.succeed(&user, Product::Sts, "AssumeRole", &parameters);
}

#[test]
fn a_role_is_assumed_by_whom_it_trusts_alone() {
    let world = World::new();
    let (trusted, another) = (world.user("trusted", Some(ALLOW_ALL)), world.user("another", Some(ALLOW_ALL)));
    let stranger = world.user_of(&other(), "trusted", Some(ALLOW_ALL));
    let arn = role(&world, &format!("acs:ram::{}:user/trusted", world.account));
    let parameters = [("RoleArn", &*arn), SESSION];
    for key in [another, stranger] {
        world.refuses(&key, Product::Sts, "AssumeRole", &parameters, NO_PERMISSION);
    }
    world.succeed(&trusted, Product::Sts, "AssumeRole", &parameters);
}

#[test]
fn a_session_lasts_a_quarter_of_an_hour_at_least_and_as_long_as_the_role_allows_at_most() {
    let world = World::new();
    let (user, arn) = (world.user("user", Some(ALLOW_ALL)), role(&world, "*"));
    let call = |seconds: &'static str| [("RoleArn", arn.clone()), ("DurationSeconds", seconds.to_owned())];
    let message = "The Min/Max value of DurationSeconds is 15min/1hr.";
    for seconds in ["899", "3601"] {
        let [role, duration] = &call(seconds);
        let parameters = [(role.0, &*role.1), (duration.0, &*duration.1), SESSION];
        world.refuses(
            &user,
            Product::Sts,
            "AssumeRole",
            &parameters,
            (400, "InvalidParameter.DurationSeconds", message),
        );
    }
    for seconds in ["900", "3600"] {
        let [role, duration] = &call(seconds);
        world.succeed(&user, Product::Sts, "AssumeRole", &[(role.0, &role.1), (duration.0, &duration.1), SESSION]);
    }
}

#[test]
fn a_session_policy_is_short_and_well_formed() {
    let world = World::new();
    let (user, arn) = (world.user("user", Some(ALLOW_ALL)), role(&world, "*"));
    let refuses = |policy: &str, expected| {
        world.refuses(&user, Product::Sts, "AssumeRole", &[("RoleArn", &arn), SESSION, ("Policy", policy)], expected);
    };
    let grammar = (400, "InvalidParameter.PolicyGrammar", "The parameter Policy has not passed grammar check.");
    refuses("{}", grammar);
    refuses(&" ".repeat(2048), grammar);
    let size = (400, "InvalidParameter.PolicySize", "The size of Policy must be smaller than 2048 bytes.");
    refuses(&" ".repeat(2049), size);
}
