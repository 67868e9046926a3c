//! Key policies: what they allow and deny together with the policies of users and roles, across accounts, and that nobody locks
//! themselves out.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use coffer_cloud::bootstrap::{self, KmsService};
use serde_json::json;
use support::{ALLOW_ALL, Key, World, other, root, text};

fn set(world: &World, key_id: &str, policy: &str) {
    world.kms("SetKeyPolicy", &[("KeyId", key_id), ("Policy", policy)]);
}

fn encrypts(world: &World, key: &Key, key_id: &str) -> bool {
    let (status, body) = world.call(key, Product::Kms, "Encrypt", &[("KeyId", key_id), ("Plaintext", "text")]);
    assert!(matches!(status, 200 | 403 | 404), "{body}");
    status == 200
}

fn arn(world: &World, key_id: &str) -> String {
    text(&world.kms("DescribeKey", &[("KeyId", key_id)])["KeyMetadata"], "Arn")
}

fn deny(principal: &str, action: &str, own: &str) -> String {
    format!(
        r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"kms:*","Principal":{{"RAM":"{own}"}},"Resource":"*"}},{{"Effect":"Deny","Action":"{action}","Principal":{{"RAM":["{principal}"]}},"Resource":["*"]}}]}}"#
    )
}

#[test]
fn a_policy_is_shown_as_it_was_set_and_the_default_one_before() {
    let world = World::new();
    let key_id = world.customer_key();
    let key = ("KeyId", &*key_id);
    let policy = |more: &[(&str, &str)]| text(&world.kms("GetKeyPolicy", &[&[key], more].concat()), "Policy");
    let default: serde_json::Value = serde_json::from_str(&policy(&[])).unwrap();
    let principal = format!("acs:ram::{}:*", world.account);
    assert_eq!(default["Statement"][0]["Principal"]["RAM"], json!([principal]));
    set(&world, &key_id, &policy(&[]));
    let own = world.key_policy();
    set(&world, &key_id, &own);
    assert_eq!(policy(&[("PolicyName", "default")]), own);
    let made = world.key_with(&[("Policy", &own)]);
    assert_eq!(text(&world.kms("GetKeyPolicy", &[("KeyId", &made)]), "Policy"), own);
    let no_policy = (404, "Forbidden.ResourceNotFound", "Policy not found.");
    let named = ("PolicyName", "another");
    world.refuses(&root(), Product::Kms, "GetKeyPolicy", &[key, named], no_policy);
    world.refuses(&root(), Product::Kms, "SetKeyPolicy", &[key, ("Policy", &own), named], no_policy);
}

#[test]
fn a_key_policy_allows_a_user_or_a_role_by_name_and_leaves_an_account_to_its_own_policies() {
    let world = World::new();
    let key_id = world.customer_key();
    let (nobody, everything) = (world.user("nobody", None), world.user("everything", Some(ALLOW_ALL)));
    let uses = |key_id: &str| (encrypts(&world, &nobody, key_id), encrypts(&world, &everything, key_id));
    assert_eq!(uses(&key_id), (false, true), "the default policy");
    let named = format!("acs:ram::{}:user/nobody", world.account);
    set(&world, &key_id, &world.key_policy_of(&named, "kms:Encrypt"));
    assert_eq!(uses(&key_id), (true, true));
    assert_eq!(world.call(&nobody, Product::Kms, "DescribeKey", &[("KeyId", &key_id)]).0, 403, "only what is named");
    assert!(!encrypts(&world, &nobody, &world.customer_key()), "only with this key");
    set(&world, &key_id, &world.key_policy_of(&format!("acs:ram::{}:*", world.account), "kms:Encrypt"));
    assert_eq!(uses(&key_id), (false, true), "an account is left to its own policies");
    let statement = r#"{"Version":"1","Statement":[{"Effect":"Deny","Action":"kms:Encrypt","Resource":"*"}]}"#;
    let denied = world.user("denied", Some(statement));
    let named = format!("acs:ram::{}:user/denied", world.account);
    set(&world, &key_id, &world.key_policy_of(&named, "kms:Encrypt"));
    assert!(!encrypts(&world, &denied, &key_id), "a user's own denial counts");
}

#[test]
fn a_denial_of_the_key_counts_whoever_allows() {
    let world = World::new();
    let key_id = world.customer_key();
    let everything = world.user("everything", Some(ALLOW_ALL));
    let own = format!("acs:ram::{}:root", world.account);
    set(&world, &key_id, &deny(&format!("acs:ram::{}:user/everything", world.account), "kms:Encrypt", &own));
    let (status, body) = world.call(&everything, Product::Kms, "Encrypt", &[("KeyId", &key_id), ("Plaintext", "text")]);
    let detail = &body["AccessDeniedDetail"];
    assert_eq!((status, &detail["NoPermissionType"]), (403, &json!("ExplicitDeny")));
    assert_eq!(detail["PolicyType"], "ResourceBasedPolicy");
    assert!(encrypts(&world, &root(), &key_id));
    set(&world, &key_id, &deny(&own, "kms:Encrypt", &own));
    assert!(!encrypts(&world, &root(), &key_id), "the account can deny itself the use of a key");
    set(&world, &key_id, &world.key_policy());
    assert!(encrypts(&world, &root(), &key_id));
}

#[test]
fn nobody_can_lock_the_account_or_themselves_out() {
    let world = World::new();
    let key_id = world.customer_key();
    let own = format!("acs:ram::{}:root", world.account);
    let invalid = (400, "InvalidParameter", "The specified parameter \"Policy\" is not valid.");
    let refused = |key: &Key, policy: &str| {
        world.refuses(key, Product::Kms, "SetKeyPolicy", &[("KeyId", &key_id), ("Policy", policy)], invalid);
    };
    for action in ["kms:*", "kms:Set*", "kms:SetKeyPolicy", "*"] {
        refused(&root(), &deny(&own, action, &own));
        refused(&root(), &deny(&format!("acs:ram::{}:*", world.account), action, &own));
        let policy = deny(&own, action, &own);
        world.refuses(&root(), Product::Kms, "CreateKey", &[("Policy", &policy)], invalid);
    }
    let keeper = world.user("keeper", None);
    let user = format!("acs:ram::{}:user/keeper", world.account);
    set(&world, &key_id, &world.key_policy_of(&user, "kms:SetKeyPolicy"));
    refused(&keeper, &world.key_policy());
    refused(&keeper, &deny(&user, "kms:SetKeyPolicy", &own));
    let stays = world.key_policy_of(&user, "kms:*KeyPolicy");
    world.succeed(&keeper, Product::Kms, "SetKeyPolicy", &[("KeyId", &key_id), ("Policy", &stays)]);
}

#[test]
fn another_account_uses_a_key_where_both_accounts_allow_it_and_sees_nothing_else() {
    let world = World::new();
    let key_id = world.customer_key();
    let arn = arn(&world, &key_id);
    let nobody = world.user_of(&other(), "nobody", None);
    let everything = world.user_of(&other(), "everything", Some(ALLOW_ALL));
    let uses = |name: &str| [&other(), &nobody, &everything].map(|key| encrypts(&world, key, name));
    assert_eq!(uses(&arn), [false; 3]);
    set(&world, &key_id, &world.key_policy_of(&format!("acs:ram::{}:root", world.other), "kms:Encrypt"));
    assert_eq!(uses(&arn), [true, false, true]);
    assert_eq!(uses(&key_id), [false; 3], "by its ARN alone");
    set(&world, &key_id, &world.key_policy_of(&format!("acs:ram::{}:user/nobody", world.other), "kms:Encrypt"));
    assert_eq!(uses(&arn), [false; 3], "its own account must allow it too");
    set(&world, &key_id, &world.key_policy_of(&format!("acs:ram::{}:user/everything", world.other), "kms:*"));
    assert_eq!(uses(&arn), [false, false, true]);
    let call = |action: &str, more: &[(&str, &str)]| {
        world.call(&everything, Product::Kms, action, &[&[("KeyId", &*arn)], more].concat())
    };
    let made = call("GenerateDataKey", &[]);
    assert_eq!((made.0, &made.1["KeyId"]), (200, &json!(key_id)));
    let blob = text(&made.1, "CiphertextBlob");
    let opened = world.succeed(&everything, Product::Kms, "Decrypt", &[("CiphertextBlob", &blob)]);
    assert_eq!(opened["Plaintext"], made.1["Plaintext"]);
    assert_eq!(call("DescribeKey", &[]).0, 200);
    for (action, more) in [
        ("DisableKey", &[][..]),
        ("ScheduleKeyDeletion", &[("PendingWindowInDays", "7")]),
        ("SetKeyPolicy", &[("Policy", &*world.key_policy())]),
        ("GetKeyPolicy", &[]),
    ] {
        let (status, body) = call(action, more);
        assert_eq!((status, &body["Code"]), (404, &json!("Forbidden.KeyNotFound")), "{action}");
    }
}

#[test]
fn a_ciphertext_moves_between_accounts_where_each_direction_is_allowed_by_both() {
    let world = World::new();
    let (theirs, mine) =
        (world.customer_key(), text(&world.succeed(&other(), Product::Kms, "CreateKey", &[])["KeyMetadata"], "KeyId"));
    let (theirs_arn, principal) = (arn(&world, &theirs), format!("acs:ram::{}:root", world.other));
    let encrypted = |key: &Key, key_id: &str| {
        let made = world.succeed(key, Product::Kms, "Encrypt", &[("KeyId", key_id), ("Plaintext", "text")]);
        text(&made, "CiphertextBlob")
    };
    let (of_theirs, of_mine) = (encrypted(&root(), &theirs), encrypted(&other(), &mine));
    let statuses = |key: &Key| {
        let call = |blob: &str, to: &str| {
            world.call(key, Product::Kms, "ReEncrypt", &[("CiphertextBlob", blob), ("DestinationKeyId", to)]).0
        };
        [call(&of_theirs, &mine), call(&of_mine, &theirs_arn), call(&of_mine, &theirs), call(&of_theirs, &theirs_arn)]
    };
    let may = |action: &str| {
        let statement =
            format!(r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#);
        world.user_of(&other(), &action.replace([':', '*'], "-"), Some(&statement))
    };
    let users = ["kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:ReEncrypt*"].map(may);
    for (action, expected) in [
        ("kms:Decrypt", [404; 4]),
        ("kms:ReEncryptFrom", [200, 404, 404, 404]),
        ("kms:ReEncryptTo", [404, 200, 404, 404]),
        ("kms:ReEncrypt*", [200, 200, 404, 200]),
    ] {
        set(&world, &theirs, &world.key_policy_of(&principal, action));
        assert_eq!(statuses(&other()), expected, "{action}");
        assert_eq!(statuses(&users[2]), expected, "{action}, as the user's own account allows");
        for user in &users[..2] {
            assert!(statuses(user).iter().all(|status| matches!(status, 403 | 404)), "{action}: each wants both");
        }
    }
    let moved = world.succeed(
        &other(),
        Product::Kms,
        "ReEncrypt",
        &[("CiphertextBlob", &*of_mine), ("DestinationKeyId", &*theirs_arn)],
    );
    let opened = world.kms("Decrypt", &[("CiphertextBlob", &text(&moved, "CiphertextBlob"))]);
    assert_eq!((&opened["Plaintext"], &opened["KeyId"]), (&json!("text"), &json!(theirs)));
}

#[test]
fn an_account_that_closes_kms_closes_its_keys_for_others_too() {
    let world = World::new();
    let key_id = world.customer_key();
    set(&world, &key_id, &world.key_policy_of(&format!("acs:ram::{}:root", world.other), "kms:*"));
    let arn = arn(&world, &key_id);
    let encrypt = || world.call(&other(), Product::Kms, "Encrypt", &[("KeyId", &*arn), ("Plaintext", "text")]);
    let blob = text(&encrypt().1, "CiphertextBlob");
    let decrypt = || world.call(&other(), Product::Kms, "Decrypt", &[("CiphertextBlob", &*blob)]);
    assert_eq!((encrypt().0, decrypt().0), (200, 200));
    bootstrap::set_kms_service(&world.db, &world.account, KmsService::Suspended).unwrap();
    for (status, body) in [encrypt(), decrypt()] {
        assert_eq!((status, &body["Code"]), (403, &json!("Forbidden.KmsServiceNotEnabled")));
    }
    bootstrap::set_kms_service(&world.db, &world.account, KmsService::Open).unwrap();
    assert_eq!((encrypt().0, decrypt().0), (200, 200));
}

#[test]
fn a_policy_that_can_not_be_is_refused() {
    let world = World::new();
    let key_id = world.customer_key();
    let invalid = (400, "InvalidParameter", "The specified parameter \"Policy\" is not valid.");
    let good = world.key_policy();
    let own = format!("acs:ram::{}:root", world.account);
    for policy in [
        "x".to_owned(),
        "{}".to_owned(),
        good.replace("\"Version\":\"1\"", "\"Version\":\"2\""),
        good.replace("\"Resource\":\"*\"", "\"Resource\":\"acs:kms:*:*:*\""),
        good.replace(",\"Resource\":\"*\"", ""),
        good.replace("Allow", "Maybe"),
        good.replace(&own, "*"),
        good.replace(&own, "acs:ram::x:root"),
        good.replace(&own, "acs:ram::1:group/x"),
        good.replace("\"RAM\"", "\"Service\""),
        good.replace(&format!("\"{own}\""), "[]"),
        good.replace("kms:*", "*"),
        good.replace("kms:*", "ecs:*"),
        good.replace("\"kms:*\"", "[\"kms:*\",\"\"]"),
        good.replace("\"kms:*\"", "[]"),
        good.replace("\"Action\"", "\"NotAction\""),
        good.replace("\"Effect\"", "\"Sid\":\"a!b\",\"Effect\""),
        good.replace("\"Effect\"", "\"Sid\":\"é\",\"Effect\""),
        good.replace("\"Effect\"", &format!("\"Sid\":\"{}\",\"Effect\"", "a".repeat(129))),
        good.replace("\"Effect\"", "\"Sid\":5,\"Effect\""),
        format!("{}{good}", " ".repeat(32_768)),
    ] {
        let parameters = [("KeyId", &*key_id), ("Policy", &*policy)];
        world.refuses(&root(), Product::Kms, "SetKeyPolicy", &parameters, invalid);
    }
    let sid = format!("\"Sid\":\"{}\",\"Effect\"", "aZ0 _/+=.@-".repeat(11) + "1234567");
    set(&world, &key_id, &good.replace("\"Effect\"", &sid).replace("kms:*", "KMS:*"));
}

#[test]
fn a_key_policy_counts_for_disks_too() {
    let world = World::new();
    world.disk_encryption_role();
    let key_id = world.customer_key();
    let disk = [
        ("RegionId", "cn-hangzhou"),
        ("ZoneId", "cn-hangzhou-b"),
        ("Size", "20"),
        ("Encrypted", "true"),
        ("KMSKeyId", &key_id),
    ];
    world.ecs("CreateDisk", &disk);
    let own = format!("acs:ram::{}:root", world.account);
    let role = format!("acs:ram::{}:role/AliyunECSDiskEncryptDefaultRole", world.account);
    set(&world, &key_id, &deny(&role, "kms:GenerateDataKey", &own));
    let (status, body) = world.call(&root(), Product::Ecs, "CreateDisk", &disk);
    assert_eq!((status, &body["Code"]), (403, &json!("InvalidParameter.KMSKeyId.KMSUnauthorized")));
}
