//! Policies of secrets: what they allow and deny together with the policies of users, across accounts, and that nobody locks
//! themselves out.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use serde_json::{Value, json};
use support::{ALLOW_ALL, Key, World, other, root, text};

const NAME: (&str, &str) = ("SecretName", "app/db");
const VALUE: [(&str, &str); 3] = [NAME, ("VersionId", "v1"), ("SecretData", "one")];

fn world() -> World {
    let world = World::new();
    world.kms("CreateSecret", &VALUE);
    world
}

fn set(world: &World, policy: &str) {
    world.kms("SetSecretPolicy", &[NAME, ("Policy", policy)]);
}

fn reads_as(world: &World, key: &Key, name: &str) -> bool {
    let (status, body) = world.call(key, Product::Kms, "GetSecretValue", &[("SecretName", name)]);
    assert!(matches!(status, 200 | 403 | 404), "{body}");
    status == 200
}

fn reads(world: &World, key: &Key) -> bool {
    reads_as(world, key, NAME.1)
}

fn arn(world: &World) -> String {
    text(&world.kms("DescribeSecret", &[NAME]), "Arn")
}

fn deny(principal: &str, action: &str, own: &str) -> String {
    format!(
        r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"kms:*","Principal":{{"RAM":"{own}"}},"Resource":"*"}},{{"Effect":"Deny","Action":"{action}","Principal":{{"RAM":["{principal}"]}},"Resource":["*"]}}]}}"#
    )
}

#[test]
fn a_policy_is_shown_as_it_was_set_and_the_default_one_before() {
    let world = world();
    let policy = |more: &[(&str, &str)]| text(&world.kms("GetSecretPolicy", &[&[NAME], more].concat()), "Policy");
    let default: Value = serde_json::from_str(&policy(&[])).unwrap();
    assert_eq!(default["Statement"][0]["Sid"], "kms default secret policy");
    let principal = format!("acs:ram::{}:*", world.account);
    assert_eq!(default["Statement"][0]["Principal"]["RAM"], json!([principal]));
    set(&world, &policy(&[]));
    let own = world.key_policy();
    set(&world, &own);
    assert_eq!(policy(&[("PolicyName", "default")]), own);
    world.kms("CreateSecret", &[("SecretName", "x"), VALUE[1], VALUE[2], ("Policy", &own)]);
    assert_eq!(text(&world.kms("GetSecretPolicy", &[("SecretName", "x")]), "Policy"), own);
    let no_policy = (404, "Forbidden.ResourceNotFound", "Policy not found.");
    let named = ("PolicyName", "another");
    world.refuses(&root(), Product::Kms, "GetSecretPolicy", &[NAME, named], no_policy);
    world.refuses(&root(), Product::Kms, "SetSecretPolicy", &[NAME, ("Policy", &own), named], no_policy);
}

#[test]
fn a_policy_allows_a_user_by_name_and_leaves_an_account_to_its_own_policies() {
    let world = world();
    let (nobody, everything) = (world.user("nobody", None), world.user("everything", Some(ALLOW_ALL)));
    assert_eq!((reads(&world, &nobody), reads(&world, &everything)), (false, true), "the default policy");
    set(&world, &world.key_policy_of(&format!("acs:ram::{}:user/nobody", world.account), "kms:GetSecretValue"));
    assert_eq!((reads(&world, &nobody), reads(&world, &everything)), (true, true));
    assert_eq!(world.call(&nobody, Product::Kms, "DescribeSecret", &[NAME]).0, 403, "only what is named");
    world.kms("CreateSecret", &[("SecretName", "x"), VALUE[1], VALUE[2]]);
    assert!(!reads_as(&world, &nobody, "x"), "only this secret");
    set(&world, &world.key_policy_of(&format!("acs:ram::{}:*", world.account), "kms:GetSecretValue"));
    assert_eq!((reads(&world, &nobody), reads(&world, &everything)), (false, true));
}

#[test]
fn a_denial_counts_whoever_allows() {
    let world = world();
    let everything = world.user("everything", Some(ALLOW_ALL));
    let own = format!("acs:ram::{}:root", world.account);
    set(&world, &deny(&format!("acs:ram::{}:user/everything", world.account), "kms:GetSecretValue", &own));
    let (status, body) = world.call(&everything, Product::Kms, "GetSecretValue", &[NAME]);
    let detail = &body["AccessDeniedDetail"];
    assert_eq!((status, &detail["NoPermissionType"]), (403, &json!("ExplicitDeny")));
    assert_eq!(detail["PolicyType"], "ResourceBasedPolicy");
    assert!(reads(&world, &root()));
    set(&world, &deny(&own, "kms:GetSecretValue", &own));
    assert!(!reads(&world, &root()), "the account can deny itself the value");
    set(&world, &world.key_policy());
    assert!(reads(&world, &root()));
}

#[test]
fn conditions_of_a_policy_ask_for_the_secrets_tags() {
    let world = world();
    let nobody = world.user("nobody", None);
    let (own, user) = ("root", "user/nobody");
    let statement = |principal: &str, more: &str| {
        format!(
            r#"{{"Effect":"Allow","Action":"kms:*","Principal":{{"RAM":"acs:ram::{}:{principal}"}},"Resource":"*"{more}}}"#,
            world.account
        )
    };
    let tagged = r#","Condition":{"StringEquals":{"kms:tag/team":"a"}}"#;
    set(&world, &format!(r#"{{"Version":"1","Statement":[{},{}]}}"#, statement(own, ""), statement(user, tagged)));
    assert!(!reads(&world, &nobody));
    let tag = |value: &str| {
        world.kms("TagResource", &[NAME, ("Tags", &format!(r#"[{{"TagKey":"team","TagValue":"{value}"}}]"#))]);
    };
    tag("a");
    assert!(reads(&world, &nobody));
    tag("b");
    assert!(!reads(&world, &nobody));
    let document = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"kms:GetSecretValue","Resource":"*","Condition":{"StringEquals":{"acs:ResourceTag/team":"b"}}}]}"#;
    let by_tag = world.user("bytag", Some(document));
    assert!(reads(&world, &by_tag), "and so do those of a user's own policy");
    tag("a");
    assert!(!reads(&world, &by_tag));
}

#[test]
fn nobody_can_lock_the_account_or_themselves_out() {
    let world = world();
    let own = format!("acs:ram::{}:root", world.account);
    let invalid = (400, "InvalidParameter", "The specified parameter \"Policy\" is not valid.");
    let refused = |key: &Key, policy: &str| {
        world.refuses(key, Product::Kms, "SetSecretPolicy", &[NAME, ("Policy", policy)], invalid);
    };
    for action in ["kms:*", "kms:Set*", "kms:SetSecretPolicy", "*"] {
        refused(&root(), &deny(&own, action, &own));
        let policy = deny(&own, action, &own);
        let made = [("SecretName", "x"), VALUE[1], VALUE[2], ("Policy", &policy)];
        world.refuses(&root(), Product::Kms, "CreateSecret", &made, invalid);
    }
    refused(&root(), "x");
    let keeper = world.user("keeper", None);
    let user = format!("acs:ram::{}:user/keeper", world.account);
    set(&world, &world.key_policy_of(&user, "kms:SetSecretPolicy"));
    refused(&keeper, &world.key_policy());
    let stays = world.key_policy_of(&user, "kms:*SecretPolicy");
    world.succeed(&keeper, Product::Kms, "SetSecretPolicy", &[NAME, ("Policy", &stays)]);
    world.kms("DeleteSecret", &[NAME]);
    let planned = (409, "Rejected.ResourceInDeleteWindow", "The secret is planned to be deleted.");
    world.refuses(&root(), Product::Kms, "SetSecretPolicy", &[NAME, ("Policy", &stays)], planned);
}

#[test]
fn another_account_reads_a_secret_where_both_accounts_allow_it_and_the_key_too() {
    let world = world();
    let arn = arn(&world);
    let nobody = world.user_of(&other(), "nobody", None);
    let everything = world.user_of(&other(), "everything", Some(ALLOW_ALL));
    let reads = |name: &str| [&other(), &nobody, &everything].map(|key| reads_as(&world, key, name));
    assert_eq!(reads(&arn), [false; 3]);
    let root_of_other = format!("acs:ram::{}:root", world.other);
    set(&world, &world.key_policy_of(&root_of_other, "kms:*"));
    assert_eq!(reads(&arn), [true, false, true]);
    assert_eq!(reads(NAME.1), [false; 3], "by its ARN alone");
    let of = ("SecretName", &*arn);
    for action in ["DescribeSecret", "ListSecretVersionIds"] {
        assert_eq!(world.call(&everything, Product::Kms, action, &[of]).0, 200, "{action}");
    }
    for (action, more) in [
        ("DeleteSecret", &[][..]),
        ("GetSecretPolicy", &[]),
        ("SetSecretPolicy", &[("Policy", &*world.key_policy())]),
        ("PutSecretValue", &[("VersionId", "v2"), ("SecretData", "two")]),
        ("UpdateSecret", &[("Description", "x")]),
    ] {
        let (status, body) = world.call(&everything, Product::Kms, action, &[&[of], more].concat());
        assert_eq!((status, &body["Code"]), (404, &json!("Forbidden.ResourceNotFound")), "{action}");
    }
    for wrong in [
        arn.replace("cn-hangzhou", "cn-beijing"),
        arn.replace("secret/", "key/"),
        arn.replace(world.account.as_str(), "x"),
        "acs:kms:cn-hangzhou".to_owned(),
    ] {
        assert_eq!(reads(&wrong), [false; 3], "{wrong}");
    }
    let key_id = world.customer_key();
    let own_policy = world.key_policy_of(&root_of_other, "kms:GetSecretValue");
    let under_key = [("SecretName", "k"), VALUE[1], VALUE[2], ("EncryptionKeyId", &*key_id), ("Policy", &*own_policy)];
    let arn = text(&world.kms("CreateSecret", &under_key), "Arn");
    assert_eq!(reads(&arn), [false; 3], "its key is not shared");
    let key_policy = world.key_policy_of(&root_of_other, "kms:Decrypt");
    world.kms("SetKeyPolicy", &[("KeyId", &key_id), ("Policy", &key_policy)]);
    assert_eq!(reads(&arn), [true, false, true]);
}

#[test]
fn the_system_policies_for_secrets_allow_reading_them_and_managing_them_and_no_keys() {
    let world = world();
    let key_id = world.customer_key();
    let with = |name: &str, policy: &str| {
        let user = world.user(name, None);
        let attached = [("PolicyType", "System"), ("PolicyName", policy), ("UserName", name)];
        world.root(Product::Ram, "AttachPolicyToUser", &attached);
        user
    };
    let users = [with("user", "AliyunKMSSecretUserAccess"), with("admin", "AliyunKMSSecretAdminAccess")];
    for (action, parameters, expected) in [
        ("GetSecretValue", &VALUE[..1], [200, 200]),
        ("DescribeSecret", &VALUE[..1], [200, 200]),
        ("ListSecretVersionIds", &VALUE[..1], [200, 200]),
        ("PutSecretValue", &[NAME, ("VersionId", "v2"), VALUE[2]], [403, 200]),
        ("CreateSecret", &[("SecretName", "new"), VALUE[1], VALUE[2]], [403, 200]),
        ("ListSecrets", &[], [403, 200]),
        ("GetRandomPassword", &[], [403, 200]),
        ("TagResource", &[NAME, ("Tags", r#"[{"TagKey":"a"}]"#)], [403, 200]),
        ("DeleteSecret", &VALUE[..1], [403, 200]),
        ("DescribeKey", &[("KeyId", &*key_id)], [403, 403]),
        ("Encrypt", &[("KeyId", &*key_id), ("Plaintext", "text")], [403, 403]),
        ("CreateKey", &[], [403, 403]),
    ] {
        let answers = [0, 1].map(|at: usize| world.call(&users[at], Product::Kms, action, parameters).0);
        assert_eq!(answers, expected, "{action}");
    }
}
