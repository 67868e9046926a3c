//! What RAM refuses because of what there is: names that are taken, things that are in use, and limits; and that nothing changes then.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use coffer_store::identities::{self, Role, User};
use coffer_store::policies::{self, Policy};
use support::{ALLOW_ALL, World, root, text};

type Refusal = (u16, &'static str, &'static str);
type Parameters<'a> = &'a [(&'a str, &'a str)];

const TRUST: &str =
    r#"{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"RAM":"*"}}]}"#;
const USER: (&str, &str) = ("UserName", "name");
const ROLE: (&str, &str) = ("RoleName", "name");
const POLICY: (&str, &str) = ("PolicyName", "name");
const CUSTOM: (&str, &str) = ("PolicyType", "Custom");
const SYSTEM: (&str, &str) = ("PolicyType", "System");
const DOCUMENT: (&str, &str) = ("PolicyDocument", ALLOW_ALL);
const TRUSTING: (&str, &str) = ("AssumeRolePolicyDocument", TRUST);

fn ram(world: &World, action: &str, parameters: Parameters<'_>) -> serde_json::Value {
    world.root(Product::Ram, action, parameters)
}

#[track_caller]
fn refuses(world: &World, action: &str, parameters: Parameters<'_>, expected: Refusal) {
    world.refuses(&root(), Product::Ram, action, parameters, expected);
}

/// A user, a role and a policy, all called the same.
fn world() -> World {
    let world = World::new();
    ram(&world, "CreateUser", &[USER]);
    ram(&world, "CreateRole", &[ROLE, TRUSTING]);
    ram(&world, "CreatePolicy", &[POLICY, DOCUMENT]);
    world
}

#[test]
fn a_name_that_is_taken_is_not_given_again() {
    let world = world();
    let taken = |code, message| (409, code, message);
    refuses(&world, "CreateUser", &[USER], taken("EntityAlreadyExists.User", "The user does already EXIST."));
    refuses(&world, "CreateRole", &[ROLE, TRUSTING], taken("EntityAlreadyExists.Role", "The role does already EXIST."));
    let policy = taken("EntityAlreadyExists.Policy", "The group does already EXIST.");
    refuses(&world, "CreatePolicy", &[POLICY, DOCUMENT], policy);
    // The vendor's own policies have theirs for all accounts.
    refuses(&world, "CreatePolicy", &[("PolicyName", "AliyunECSFullAccess"), DOCUMENT], policy);
}

#[test]
fn a_policy_is_attached_once() {
    let world = world();
    for (action, to, expected) in [
        ("User", USER, (409, "EntityAlreadyExists.User.Policy", "The user has already been attached this policy.")),
        ("Role", ROLE, (409, "EntityAlreadyExists.Role.Policy", "The role has already been attached this policy.")),
    ] {
        for policy in [[POLICY, CUSTOM, to], [("PolicyName", "AdministratorAccess"), SYSTEM, to]] {
            ram(&world, &format!("AttachPolicyTo{action}"), &policy);
            refuses(&world, &format!("AttachPolicyTo{action}"), &policy, expected);
        }
    }
}

#[test]
fn what_is_in_use_is_not_deleted() {
    let world = world();
    let key_id = text(&ram(&world, "CreateAccessKey", &[USER])["AccessKey"], "AccessKeyId");
    ram(&world, "AttachPolicyToUser", &[POLICY, CUSTOM, USER]);
    ram(&world, "AttachPolicyToRole", &[POLICY, CUSTOM, ROLE]);
    let conflict = |code, message| (409, code, message);

    let keys = "The user CAN NOT has any access key while deleting the user.";
    refuses(&world, "DeleteUser", &[USER], conflict("DeleteConflict.User.AccessKey", keys));
    let users = "The policy CAN NOT been attached to any user while deleting the policy.";
    refuses(&world, "DeletePolicy", &[POLICY], conflict("DeleteConflict.Policy.User", users));
    ram(&world, "DeleteAccessKey", &[USER, ("UserAccessKeyId", &key_id)]);
    let attached = "The user CAN NOT has any attached policy while deleting the user.";
    refuses(&world, "DeleteUser", &[USER], conflict("DeleteConflict.User.Policy", attached));
    ram(&world, "DetachPolicyFromUser", &[POLICY, CUSTOM, USER]);
    ram(&world, "DeleteUser", &[USER]);

    let roles = "The policy CAN NOT been attached to any role while deleting the policy.";
    refuses(&world, "DeletePolicy", &[POLICY], conflict("DeleteConflict.Policy.Role", roles));
    let attached = "The role CAN NOT has any attached policy while deleting the role.";
    refuses(&world, "DeleteRole", &[ROLE], conflict("DeleteConflict.Role.Policy", attached));
    ram(&world, "DetachPolicyFromRole", &[POLICY, CUSTOM, ROLE]);
    ram(&world, "DeleteRole", &[ROLE]);
    ram(&world, "DeletePolicy", &[POLICY]);
}

#[test]
fn a_user_has_two_keys_at_most() {
    let world = world();
    ram(&world, "CreateAccessKey", &[USER]);
    let second = text(&ram(&world, "CreateAccessKey", &[USER])["AccessKey"], "AccessKeyId");
    let message = "The access key count of the user access keys beyond the current limits.";
    refuses(&world, "CreateAccessKey", &[USER], (409, "LimitExceeded.User.AccessKey", message));
    ram(&world, "DeleteAccessKey", &[USER, ("UserAccessKeyId", &second)]);
    ram(&world, "CreateAccessKey", &[USER]);
}

#[test]
fn users_have_ten_policies_of_ones_own_roles_five_and_the_vendors_do_not_count_among_them() {
    let world = world();
    let names: Vec<String> = (0..11).map(|number| format!("policy-{number}")).collect();
    for name in &names {
        ram(&world, "CreatePolicy", &[("PolicyName", name), DOCUMENT]);
    }
    let users = "The policy count of the user attached policies beyond the current limits.";
    let roles = "The count of policies attached to the role beyond the current limits.";
    for (action, to, most, expected) in [
        ("AttachPolicyToUser", USER, 10, (409, "LimitExceeded.User.Policy", users)),
        ("AttachPolicyToRole", ROLE, 5, (409, "LimitExceeded.Role.Policy", roles)),
    ] {
        for name in &names[..most] {
            ram(&world, action, &[("PolicyName", name), CUSTOM, to]);
        }
        refuses(&world, action, &[("PolicyName", &names[most]), CUSTOM, to], expected);
        ram(&world, action, &[("PolicyName", "AdministratorAccess"), SYSTEM, to]);
    }
}

#[test]
fn an_account_has_a_thousand_users_a_thousand_roles_and_fifteen_hundred_policies_at_most() {
    let world = world();
    let (account, now) = (world.account.clone(), world.clock.now());
    world.store(move |tx| {
        for number in 1..1500 {
            let name = format!("name-{number}");
            let policy = Policy {
                account: account.clone(),
                policy_name: name.clone(),
                description: String::new(),
                default_version: 1,
                created_at: now,
                updated_at: now,
            };
            assert!(policies::insert(tx, &policy, ALLOW_ALL)?);
            if number >= 1000 {
                continue;
            }
            let role = Role {
                role_id: format!("role-{number}"),
                account: account.clone(),
                role_name: name.clone(),
                description: String::new(),
                trust_policy: TRUST.to_owned(),
                max_session_s: 3600,
                created_at: now,
                updated_at: now,
            };
            assert!(identities::insert_role(tx, &role)?);
            let user = User {
                user_id: format!("user-{number}"),
                account: account.clone(),
                user_name: name.clone(),
                display_name: name,
                mobile_phone: String::new(),
                email: String::new(),
                comments: String::new(),
                created_at: now,
                updated_at: now,
            };
            assert!(identities::insert_user(tx, &user)?);
        }
        Ok(())
    });
    let limit = |code, message| (409, code, message);
    let users = limit("LimitExceeded.User", "The count of users beyond the current limits.");
    refuses(&world, "CreateUser", &[("UserName", "more")], users);
    let roles = limit("LimitExceeded.Role", "The count of roles beyond the current limits.");
    refuses(&world, "CreateRole", &[("RoleName", "more"), TRUSTING], roles);
    let policies = limit("LimitExceeded.Policy", "The count of policy beyond the current limits.");
    refuses(&world, "CreatePolicy", &[("PolicyName", "more"), DOCUMENT], policies);
    // One less is room for one more.
    ram(&world, "DeleteUser", &[USER]);
    ram(&world, "CreateUser", &[("UserName", "more")]);
    ram(&world, "DeleteRole", &[ROLE]);
    ram(&world, "CreateRole", &[("RoleName", "more"), TRUSTING]);
    ram(&world, "DeletePolicy", &[POLICY]);
    ram(&world, "CreatePolicy", &[("PolicyName", "more"), DOCUMENT]);
}
