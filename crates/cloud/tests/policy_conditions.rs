//! What conditions of policies are told: tags of what a request is about and of what it sets, and who asks.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use serde_json::{Value, json};
use support::{World, text};

const TRUST: &str =
    r#"{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"RAM":"*"}}]}"#;
const OF_ECS: &str = r#"{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":"ecs.aliyuncs.com"}}]}"#;
const SESSION: (&str, &str) = ("RoleSessionName", "session");

fn ram(world: &World, action: &str, parameters: &[(&str, &str)]) -> Value {
    world.root(Product::Ram, action, parameters)
}

/// A policy of these statements, each on everything.
fn policy(statements: &[(&str, &str, Value)]) -> String {
    let statement = |(effect, action, condition): &(&str, &str, Value)| json!({"Effect": effect, "Action": action, "Resource": "*", "Condition": condition});
    json!({"Version": "1", "Statement": statements.iter().map(statement).collect::<Vec<_>>()}).to_string()
}

fn equals(key: &str, value: &str) -> Value {
    json!({"StringEquals": {key: value}})
}

/// Everything is allowed but what is so.
fn all_but(condition: Value) -> String {
    policy(&[("Allow", "*", json!({})), ("Deny", "*", condition)])
}

fn tagged_role(world: &World, trust: &str) {
    let tags = ("Tag", r#"[{"Key":"team","Value":"secret"}]"#);
    ram(world, "CreateRole", &[("RoleName", "Admin"), ("AssumeRolePolicyDocument", trust), tags]);
}

#[test]
fn a_roles_tags_count_however_its_name_is_written() {
    let world = World::new();
    tagged_role(&world, TRUST);
    let denied = world.user("denied", Some(&all_but(equals("acs:ResourceTag/team", "secret"))));
    let allowed = world.user("allowed", Some(&policy(&[("Allow", "*", equals("ram:tag/team", "secret"))])));
    for name in ["Admin", "admin", "ADMIN"] {
        let arn = format!("acs:ram::{}:role/{name}", world.account);
        let names = format!(r#"["{name}"]"#);
        let attached = [("RoleName", name), ("PolicyType", "System"), ("PolicyName", "AliyunRAMReadOnlyAccess")];
        let calls: [(Product, &str, &[(&str, &str)]); 4] = [
            (Product::Sts, "AssumeRole", &[("RoleArn", &arn), SESSION]),
            (Product::Ram, "GetRole", &[("RoleName", name)]),
            (Product::Ram, "UpdateRole", &[("RoleName", name), ("NewDescription", "x")]),
            (
                Product::Ram,
                "UntagResources",
                &[("ResourceType", "role"), ("ResourceNames", &names), ("TagKeys", r#"["x"]"#)],
            ),
        ];
        for (product, action, parameters) in calls {
            assert_eq!(world.call(&denied, product, action, parameters).0, 403, "{action} of {name}");
            assert_eq!(world.call(&allowed, product, action, parameters).0, 200, "{action} of {name}");
        }
        assert_eq!(world.call(&denied, Product::Ram, "AttachPolicyToRole", &attached).0, 403, "{name}");
    }
}

#[test]
fn a_roles_tags_count_where_it_is_given_to_an_instance() {
    let world = World::new();
    tagged_role(&world, OF_ECS);
    let denied = world.user("denied", Some(&all_but(equals("ram:tag/team", "secret"))));
    let user = world.user("user", Some(&all_but(equals("ram:tag/team", "open"))));
    for name in ["Admin", "admin"] {
        let parameters = support::instances::asking(&[("RamRoleName", name)]);
        let (status, body) = world.call(&denied, Product::Ecs, "RunInstances", &parameters);
        assert_eq!((status, text(&body, "Code")), (403, "InvalidUser.PassRoleForbidden".to_owned()), "{name}");
        world.succeed(&user, Product::Ecs, "RunInstances", &parameters);
    }
}

/// The role through which ECS uses keys, with that policy.
fn let_ecs(world: &World, document: &str) {
    let role = ("RoleName", "AliyunECSDiskEncryptDefaultRole");
    ram(world, "CreateRole", &[role, ("AssumeRolePolicyDocument", OF_ECS)]);
    ram(world, "CreatePolicy", &[("PolicyName", "use"), ("PolicyDocument", document)]);
    ram(world, "AttachPolicyToRole", &[role, ("PolicyType", "Custom"), ("PolicyName", "use")]);
}

/// The outcome of making a disk under that key.
fn encrypted_disk(world: &World, key_id: &str) -> String {
    let disk =
        [("RegionId", support::REGION), ("ZoneId", support::ZONE), ("DiskCategory", "cloud_essd"), ("Size", "20")];
    let asked = [&disk[..], &[("Encrypted", "true"), ("KMSKeyId", key_id)]].concat();
    let (_, body) = world.call(&support::root(), Product::Ecs, "CreateDisk", &asked);
    body["Code"].as_str().unwrap_or("OK").to_owned()
}

fn tag_key(world: &World, key_id: &str, tags: &str) {
    world.root(Product::Kms, "TagResource", &[("KeyId", key_id), ("Tags", tags)]);
}

#[test]
fn a_services_role_may_use_what_bears_the_services_tag_alone() {
    let world = World::new();
    let on_tagged = json!({"StringEqualsIgnoreCase": {"kms:tag/acs:ecs:disk-encryption": "true"}});
    let use_of = |condition| ("Allow", "kms:*Dec*", condition);
    let document = policy(&[
        ("Allow", "kms:DescribeKey", json!({})),
        ("Allow", "kms:TagResource", json!({"StringNotEquals": {"kms:tag/closed": "true"}})),
        use_of(on_tagged.clone()),
        ("Allow", "kms:GenerateDataKey", on_tagged),
    ]);
    let_ecs(&world, &document);
    let (open, closed) = (world.customer_key(), world.customer_key());
    tag_key(&world, &open, r#"[{"TagKey":"closed","TagValue":"false"}]"#);
    tag_key(&world, &closed, r#"[{"TagKey":"closed","TagValue":"true"}]"#);
    assert_eq!(encrypted_disk(&world, &open), "OK");
    assert_eq!(encrypted_disk(&world, &open), "OK");
    assert_eq!(encrypted_disk(&world, &closed), "InvalidParameter.KMSKeyId.KMSUnauthorized");
}

#[test]
fn a_services_role_is_denied_what_a_tag_denies_it() {
    let world = World::new();
    let_ecs(&world, &all_but(equals("acs:ResourceTag/team", "secret")));
    let key_id = world.customer_key();
    assert_eq!(encrypted_disk(&world, &key_id), "OK");
    tag_key(&world, &key_id, r#"[{"TagKey":"team","TagValue":"secret"}]"#);
    assert_eq!(encrypted_disk(&world, &key_id), "InvalidParameter.KMSKeyId.KMSUnauthorized");
}

#[test]
fn conditions_are_told_which_role_a_service_acts_by() {
    let world = World::new();
    let arn = format!("acs:ram::{}:role/AliyunECSDiskEncryptDefaultRole", world.account);
    let by = |effect, condition| (effect, "kms:*", condition);
    let_ecs(
        &world,
        &policy(&[by("Allow", equals("acs:Service", "ecs.aliyuncs.com")), by("Deny", equals("team", "x"))]),
    );
    let key_id = world.customer_key();
    assert_eq!(encrypted_disk(&world, &key_id), "OK");
    let version = |document: &str| {
        let parameters = [("PolicyName", "use"), ("PolicyDocument", document), ("SetAsDefault", "true")];
        ram(&world, "CreatePolicyVersion", &parameters);
    };
    version(&policy(&[
        by("Allow", json!({})),
        by("Deny", json!({"StringLike": {"acs:PrincipalARN": arn.to_lowercase()}})),
    ]));
    assert_eq!(encrypted_disk(&world, &key_id), "InvalidParameter.KMSKeyId.KMSUnauthorized");
    version(&policy(&[by("Allow", json!({"Bool": {"acs:SecureTransport": "true"}}))]));
    assert_eq!(encrypted_disk(&world, &key_id), "OK");
}

#[test]
fn a_session_is_its_role_to_conditions_in_either_form_and_any_case() {
    let world = World::new();
    ram(&world, "CreateRole", &[("RoleName", "Admin"), ("AssumeRolePolicyDocument", TRUST)]);
    let user = world.user("user", Some(support::ALLOW_ALL));
    let arn = format!("acs:ram::{}:role/Admin", world.account);
    let session = world.succeed(&user, Product::Sts, "AssumeRole", &[("RoleArn", &arn), SESSION]);
    let credentials = &session["Credentials"];
    let (key, token) =
        ((text(credentials, "AccessKeyId"), text(credentials, "AccessKeySecret")), text(credentials, "SecurityToken"));
    ram(&world, "CreatePolicy", &[("PolicyName", "may"), ("PolicyDocument", support::ALLOW_ALL)]);
    ram(&world, "AttachPolicyToRole", &[("RoleName", "admin"), ("PolicyType", "Custom"), ("PolicyName", "may")]);
    let status = |condition: Value| {
        let document = policy(&[("Allow", "ram:ListUsers", condition)]);
        let rotate = ("RotateStrategy", "DeleteOldestNonDefaultVersionWhenLimitExceeded");
        let parameters = [("PolicyName", "may"), ("PolicyDocument", &document), ("SetAsDefault", "true"), rotate];
        ram(&world, "CreatePolicyVersion", &parameters);
        world.send(world.session_request(&key, &token, Product::Ram, "ListUsers", &[])).0
    };
    let account = &world.account;
    for (form, expected) in [
        (format!("acs:ram::{account}:role/admin"), 200),
        (format!("acs:ram::{account}:role/Admin"), 200),
        (format!("acs:ram:*:{account}:role/ADMIN"), 200),
        (format!("acs:ram::{account}:role/admins"), 403),
        (format!("acs:ram:cn-hangzhou:{account}:role/admin"), 403),
        ("acs:ram:*:*:role/admin".to_owned(), 403),
    ] {
        assert_eq!(status(equals("acs:PrincipalARN", &form)), expected, "{form}");
        assert_eq!(status(json!({"StringNotEquals": {"acs:principalarn": form}})), 603 - expected, "not {form}");
    }
    for (pattern, expected) in
        [("acs:ram:*:*:role/admin", 200), ("acs:ram::*:role/Adm?n", 200), ("acs:ram:*:*:user/*", 403)]
    {
        assert_eq!(status(json!({"StringLike": {"acs:PrincipalARN": pattern}})), expected, "{pattern}");
    }
}

#[test]
fn the_tags_of_a_request_are_those_that_it_sets() {
    let world = World::new();
    let user = world.user("user", Some(&policy(&[("Allow", "*", equals("acs:RequestTag/team", "a"))])));
    let disk =
        [("RegionId", support::REGION), ("ZoneId", support::ZONE), ("DiskCategory", "cloud_essd"), ("Size", "20")];
    let role = [("RoleName", "made"), ("AssumeRolePolicyDocument", TRUST)];
    let disk_id = world.disk(&[]);
    let region = [("RegionId", support::REGION)];
    let of_disk = [region[0], ("ResourceType", "disk"), ("ResourceId.1", &disk_id)];
    let key_id = world.customer_key();
    let of_key = [region[0], ("ResourceType", "key"), ("ResourceId.1", &key_id)];
    let (numbered, list) =
        ([("Tag.1.Key", "team"), ("Tag.1.Value", "a")], [("Tag", r#"[{"Key":"team","Value":"a"}]"#)]);
    let older = [("Tag.1.key", "team"), ("Tag.1.value", "a")];
    let of_kms = [("Tags", r#"[{"TagKey":"team","TagValue":"a"}]"#)];
    let instance = support::instances::asking(&[]);
    let calls: [(Product, &str, &[(&str, &str)], &[(&str, &str)], u16); 14] = [
        (Product::Ecs, "CreateDisk", &disk, &list, 403),
        (Product::Ecs, "CreateDisk", &disk, &of_kms, 403),
        (Product::Ecs, "CreateDisk", &disk, &numbered, 200),
        (Product::Ecs, "CreateDisk", &disk, &older, 200),
        (Product::Ecs, "RunInstances", &instance, &numbered, 200),
        (Product::Ecs, "TagResources", &of_disk, &numbered, 200),
        (Product::Ecs, "DescribeDisks", &region, &numbered, 403),
        (Product::Ecs, "DeleteDisk", &[("DiskId", &disk_id)], &numbered, 403),
        (Product::Ram, "CreateRole", &role, &numbered, 403),
        (Product::Ram, "CreateRole", &role, &list, 200),
        (Product::Ram, "ListRoles", &[], &list, 403),
        (Product::Kms, "TagResource", &[("KeyId", &key_id)], &of_kms, 200),
        (Product::Kms, "TagResources", &of_key, &numbered, 200),
        (Product::Kms, "CreateKey", &[], &numbered, 403),
    ];
    for (product, action, parameters, tags, expected) in calls {
        let (status, body) = world.call(&user, product, action, &[parameters, tags].concat());
        assert_eq!(status, expected, "{action} with {tags:?}: {body}");
    }
}

#[test]
fn a_tag_is_meant_as_it_is_spelled_before_one_of_another_case() {
    let world = World::new();
    let (both, one) = (world.customer_key(), world.customer_key());
    tag_key(&world, &both, r#"[{"TagKey":"team","TagValue":"secret"},{"TagKey":"TEAM","TagValue":"open"}]"#);
    tag_key(&world, &one, r#"[{"TagKey":"Team","TagValue":"secret"}]"#);
    let mut number = 0;
    let mut status = |key_id: &str, document: &str| {
        number += 1;
        let user = world.user(&format!("user{number}"), Some(document));
        world.call(&user, Product::Kms, "DescribeKey", &[("KeyId", key_id)]).0
    };
    let allow = |key, value| policy(&[("Allow", "*", equals(key, value))]);
    for (key_id, key, value, expected) in [
        (&both, "kms:tag/team", "secret", 200),
        (&both, "kms:tag/team", "open", 403),
        (&both, "KMS:Tag/TEAM", "open", 200),
        (&both, "acs:resourcetag/TEAM", "secret", 403),
        (&one, "kms:tag/team", "secret", 200),
        (&one, "acs:ResourceTag/TEAM", "secret", 200),
    ] {
        assert_eq!(status(key_id, &allow(key, value)), expected, "{key} {value}");
        assert_eq!(status(key_id, &all_but(equals(key, value))), 603 - expected, "{key} {value}");
    }
    assert_eq!(status(&both, &allow("acs:ResourceTag/TEAM", "open")), 200);
}

#[test]
fn one_plain_disk_is_not_let_in_by_an_encrypted_one_beside_it() {
    let world = World::new();
    let allow = |condition| ("Allow", "*", condition);
    let encrypted = json!({"StringEquals": {"ecs:IsDiskEncrypted": "true"}});
    let plain = json!({"StringEquals": {"ecs:IsDiskEncrypted": "false"}});
    let only = world.user("only", Some(&policy(&[allow(encrypted)])));
    let never = world.user("never", Some(&policy(&[allow(json!({})), ("Deny", "*", plain)])));
    let disk = |number: usize, encrypted: &str| {
        let member = |name: &str| format!("DataDisk.{number}.{name}");
        let members = [("Category", "cloud_essd"), ("Size", "20"), ("Encrypted", encrypted)];
        members.map(|(name, value)| (member(name), value.to_owned()))
    };
    let status = |key: &support::Key, encrypted: [&str; 2]| {
        let disks: Vec<_> = disk(1, encrypted[0]).into_iter().chain(disk(2, encrypted[1])).collect();
        let disks: Vec<_> = disks.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        world.call(key, Product::Ecs, "RunInstances", &support::instances::asking(&disks)).0
    };
    for key in [&only, &never] {
        assert_eq!(status(key, ["true", "true"]), 200);
        assert_eq!(status(key, ["true", "false"]), 403);
        assert_eq!(status(key, ["false", "true"]), 403);
    }
}

#[test]
fn a_role_that_trusts_others_beside_a_service_is_not_one_for_services() {
    let world = World::new();
    let trust = |principal: Value| {
        json!({"Version": "1", "Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": principal}]})
            .to_string()
    };
    let user = world.user("user", Some(&policy(&[("Allow", "*", equals("ram:TrustedPrincipalTypes", "Service"))])));
    let account = format!("acs:ram::{}:root", world.account);
    for (principal, expected) in [
        (json!({"Service": ["ecs.aliyuncs.com"], "RAM": [account]}), 403),
        (json!({"Service": ["ecs.aliyuncs.com", "rds.aliyuncs.com"]}), 200),
    ] {
        let parameters = [("RoleName", "made"), ("AssumeRolePolicyDocument", &*trust(principal))];
        assert_eq!(world.call(&user, Product::Ram, "CreateRole", &parameters).0, expected);
    }
}

/// What a condition asks, a request that meets it and one that does not.
type Told<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a [(&'a str, &'a str)]);

#[test]
fn conditions_are_told_what_an_instance_is_to_be() {
    let world = World::new();
    let image = support::instances::own_image(&world, &[]);
    let account = world.account.as_str();
    let (own, windows) = ([("ImageId", &*image)], [("ImageId", support::instances::WINDOWS_IMAGE)]);
    let (password, group) = ([("Password", "Sample-1-password")], [("SecurityGroupId", "sg-1")]);
    let other_type = [("InstanceType", "ecs.c7.large")];
    let public = [("InternetMaxBandwidthOut", "1")];
    let tokens = |word| [("HttpTokens", word)];
    let strategy = |word| [("SecurityEnhancementStrategy", word)];
    let told: [Told<'_>; 14] = [
        ("ecs:InstanceType", "ecs.g7.large", &[], &other_type),
        ("ecs:InstanceTypeFamily", "ecs.g7", &[], &other_type),
        ("ecs:ImageOwnerId", account, &own, &[]),
        ("ecs:ImageSource", "System", &[], &own),
        ("ecs:ImageSource", "Custom", &own, &[]),
        ("ecs:ImagePlatform", "Ubuntu", &[], &windows),
        ("ecs:AssociatePublicIpAddress", "false", &[("InternetMaxBandwidthOut", "0")], &public),
        ("ecs:PasswordInherit", "true", &[("PasswordInherit", "true")], &[]),
        ("ecs:PasswordCustomized", "true", &password, &[]),
        ("ecs:PasswordCustomized", "false", &[], &password),
        ("ecs:NotSpecifySecurityGroupId", "true", &[], &group),
        ("ecs:NotSpecifySecurityGroupId", "false", &group, &[]),
        ("ecs:SecurityHardeningMode", "true", &tokens("required"), &tokens("optional")),
        ("ecs:SecurityEnhancementStrategy", "Active", &strategy("Active"), &strategy("Deactive")),
    ];
    for (number, (key, value, meets, misses)) in told.into_iter().enumerate() {
        let operator = if matches!(value, "true" | "false") { "Bool" } else { "StringEquals" };
        let document = policy(&[("Allow", "*", json!({operator: {key: value}}))]);
        let user = world.user(&format!("user{number}"), Some(&document));
        for action in ["RunInstances", "CreateInstance"] {
            let status = |more| world.call(&user, Product::Ecs, action, &support::instances::asking(more)).0;
            assert_eq!((status(meets), status(misses)), (200, 403), "{action}: {key} {value}");
        }
    }
    let several = support::instances::asking(&[("SecurityGroupIds.1", "sg-1"), ("SecurityGroupIds.2", "sg-2")]);
    for (key, value, expected) in [
        ("ecs:NotSpecifySecurityGroupId", "false", 200),
        ("ecs:NotSpecifySecurityGroupId", "true", 403),
        ("ecs:LoginAsNonRoot", "false", 200),
        ("ecs:LoginAsNonRoot", "true", 403),
    ] {
        let document = policy(&[("Allow", "*", json!({"Bool": {key: value}}))]);
        let user = world.user(&format!("{}-{value}", &key[4..]), Some(&document));
        assert_eq!(world.call(&user, Product::Ecs, "RunInstances", &several).0, expected, "{key} {value}");
    }
}

#[test]
fn conditions_are_told_how_long_a_secret_waits_for_its_end() {
    let world = World::new();
    let long = json!({"NumericGreaterThanEquals": {"kms:RecoveryWindowInDays": "10"}});
    let user = world.user("user", Some(&policy(&[("Allow", "kms:DeleteSecret", long)])));
    let force = ("ForceDeleteWithoutRecovery", "true");
    for (number, (how, expected)) in [
        (Some(("RecoveryWindowInDays", "7")), 403),
        (Some(force), 403),
        (Some(("RecoveryWindowInDays", "10")), 200),
        (None, 200),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("secret{number}");
        let secret = [("SecretName", &*name), ("SecretData", "x"), ("VersionId", "v1")];
        world.root(Product::Kms, "CreateSecret", &secret);
        let parameters: Vec<_> = [("SecretName", &*name)].into_iter().chain(how).collect();
        assert_eq!(world.call(&user, Product::Kms, "DeleteSecret", &parameters).0, expected, "{how:?}");
    }
}
