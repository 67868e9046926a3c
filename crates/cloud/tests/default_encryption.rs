//! How the operations on the account's default encryption refuse, in which order, and that the default stays as it was.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use std::collections::HashSet;

use coffer_base::Region;
use coffer_cloud::bootstrap::{self, KmsService};
use coffer_cloud::{Product, Settings};
use support::{REGION, World, other, root};

type Refusal = (u16, &'static str, &'static str);

/// The four operations that change the default.
const CHANGES: [&str; 4] = [
    "EnableDiskEncryptionByDefault",
    "DisableDiskEncryptionByDefault",
    "ModifyDiskDefaultKMSKeyId",
    "ResetDiskDefaultKMSKeyId",
];
const ROLE: (&str, &str) = ("RoleName", "AliyunECSDiskEncryptDefaultRole");
const NOT_SUPPORTED: Refusal = (403, "Abs.InvalidAction.RegionNotSupport", "This region does not support this action.");

/// Every operation that is named refuses in a region; the key is looked at by one of them alone.
#[track_caller]
fn all_refuse(world: &World, actions: &[&str], region: &str, key_id: &str, expected: Refusal) {
    for action in actions {
        let mut parameters = vec![("RegionId", region)];
        parameters.extend((*action == "ModifyDiskDefaultKMSKeyId").then_some(("KMSKeyId", key_id)));
        world.refuses(&root(), Product::Ecs, action, &parameters, expected);
    }
}

fn enable(world: &World, region: &str) {
    world.ecs("EnableDiskEncryptionByDefault", &[("RegionId", region)]);
}

#[track_caller]
fn modify_refuses(world: &World, key_id: &str, expected: (u16, &str, &str)) {
    let parameters = [("RegionId", REGION), ("KMSKeyId", key_id)];
    world.refuses(&root(), Product::Ecs, "ModifyDiskDefaultKMSKeyId", &parameters, expected);
}

fn kms(world: &World, service: KmsService) {
    bootstrap::set_kms_service(&world.db, &world.account, service).unwrap();
}

#[test]
fn a_region_without_encryption_changes_nothing_and_shows_that_it_is_off() {
    let world = World::new();
    for region in ["cn-nanjing", "ap-northeast-2"] {
        all_refuse(&world, &CHANGES, region, "key", NOT_SUPPORTED);
        let shown = world.ecs("DescribeDiskEncryptionByDefaultStatus", &[("RegionId", region)]);
        assert_eq!(shown["Encrypted"], false);
    }
}

#[test]
fn a_region_without_customer_keys_takes_its_service_key_alone() {
    let world = World::new();
    world.disk_encryption_role();
    for region in ["cn-fuzhou", "ap-southeast-7"] {
        let key_id = world.key_in(region);
        enable(&world, region);
        all_refuse(&world, &["ModifyDiskDefaultKMSKeyId"], region, &key_id, NOT_SUPPORTED);
        let service_key = world.service_key_in(region);
        world.ecs("ModifyDiskDefaultKMSKeyId", &[("RegionId", region), ("KMSKeyId", &service_key)]);
    }
}

#[test]
fn an_unknown_region_is_refused_by_all_six() {
    let world = World::new();
    let not_exists = (403, "InvalidParameter.RegionIdNotExists", "The specified region does not exists.");
    all_refuse(&world, &CHANGES, "cn-atlantis", "key", not_exists);
    let shows = ["DescribeDiskDefaultKMSKeyId", "DescribeDiskEncryptionByDefaultStatus"];
    all_refuse(&world, &shows, "cn-atlantis", "key", not_exists);
}

#[test]
fn an_account_that_the_feature_is_not_offered_to_changes_nothing() {
    let refusal = (403, "UserNotInTheWhiteList", "The user is not in disk white list.");
    let mut settings = Settings::new(Region::parse(REGION).unwrap());
    settings.default_encryption.white_list = Some(HashSet::new());
    let world = World::with(settings);
    all_refuse(&world, &CHANGES, REGION, "key", refusal);
    // Every world has the same accounts, so that one can be named before it is there.
    let mut settings = Settings::new(Region::parse(REGION).unwrap());
    settings.default_encryption.white_list = Some(HashSet::from([world.account]));
    let world = World::with(settings);
    enable(&world, REGION);
    let parameters = [("RegionId", REGION)];
    world.refuses(&other(), Product::Ecs, "EnableDiskEncryptionByDefault", &parameters, refusal);
}

#[test]
fn what_is_off_is_neither_disabled_modified_nor_reset_and_what_is_on_is_not_enabled() {
    let world = World::new();
    let message = "You have not configured default encryption setting in this region.";
    let off = (403, "InvalidDefaultEncryption.NotFound", message);
    all_refuse(&world, &CHANGES[1..], REGION, "key", off);
    enable(&world, REGION);
    let message = "The specified region is already default encryption settings.";
    all_refuse(
        &world,
        &CHANGES[..1],
        REGION,
        "key",
        (403, "InvalidOperation.DefaultEncryptionAlreadyEnabled", message),
    );
    all_refuse(&world, &CHANGES[1..], "cn-beijing", "key", off);
    world.ecs("DisableDiskEncryptionByDefault", &[("RegionId", REGION)]);
    all_refuse(&world, &CHANGES[1..], REGION, "key", off);
}

#[test]
fn a_kms_that_was_never_opened_and_one_that_was_closed_are_told_apart_and_disabling_needs_none() {
    let world = World::new();
    enable(&world, REGION);
    for (service, expected) in [
        (
            KmsService::Unopened,
            (400, "InvalidParameter.Encrypted.KmsNotEnabled", "KMS must be enabled for encrypted disks."),
        ),
        (KmsService::Suspended, (403, "InvalidOperation.KMSServiceNotOpen", "KMS service is currently not open.")),
    ] {
        kms(&world, service);
        all_refuse(&world, &CHANGES[2..], REGION, "key", expected);
        all_refuse(&world, &CHANGES[..1], "cn-beijing", "key", expected);
    }
    world.ecs("DisableDiskEncryptionByDefault", &[("RegionId", REGION)]);
}

#[test]
fn only_an_enabled_key_of_the_account_and_region_becomes_the_default() {
    let world = World::new();
    world.disk_encryption_role();
    world.let_ecs_use_keys(&other());
    enable(&world, REGION);
    let theirs = world.succeed(&other(), Product::Kms, "CreateKey", &[])["KeyMetadata"]["KeyId"].clone();
    for key_id in ["no-such-key", theirs.as_str().unwrap(), &world.key_in("cn-beijing")] {
        let message = format!("The specified KMSKeyId not found, {key_id}.");
        modify_refuses(&world, key_id, (403, "InvalidOperation.KMSKeyIdNotFound", &message));
    }
    let key_id = world.customer_key();
    let not_enabled = (400, "InvalidParameter.KMSKeyId.CMKNotEnabled", "The CMK needs to be enabled.");
    world.root(Product::Kms, "DisableKey", &[("KeyId", &key_id)]);
    modify_refuses(&world, &key_id, not_enabled);
    world.root(Product::Kms, "ScheduleKeyDeletion", &[("KeyId", &key_id), ("PendingWindowInDays", "7")]);
    modify_refuses(&world, &key_id, not_enabled);
    world.root(Product::Kms, "CancelKeyDeletion", &[("KeyId", &key_id)]);
    world.ecs("ModifyDiskDefaultKMSKeyId", &[("RegionId", REGION), ("KMSKeyId", &key_id)]);
}

#[test]
fn a_key_needs_the_role_and_the_right_to_tag() {
    const WITHOUT_TAGS: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":["kms:DescribeKey","kms:GenerateDataKey","kms:Decrypt"],"Resource":"*"}]}"#;
    let world = World::new();
    enable(&world, REGION);
    let key_id = world.customer_key();
    let unauthorized =
        (403, "InvalidParameter.KMSKeyId.KMSUnauthorized", "ECS service have no right to access your KMS.");
    modify_refuses(&world, &key_id, unauthorized);
    world.disk_encryption_role();
    let system = [("PolicyType", "System"), ("PolicyName", "AliyunECSDiskEncryptRolePolicy"), ROLE];
    world.root(Product::Ram, "DetachPolicyFromRole", &system);
    modify_refuses(&world, &key_id, unauthorized);
    world.root(Product::Ram, "CreatePolicy", &[("PolicyName", "narrow"), ("PolicyDocument", WITHOUT_TAGS)]);
    world.root(Product::Ram, "AttachPolicyToRole", &[("PolicyType", "Custom"), ("PolicyName", "narrow"), ROLE]);
    let message = "The CMK(Customer Master Key) lacks authorization to add tags to the ECS service.";
    modify_refuses(&world, &key_id, (403, "InvalidParameter.KMSKeyId.CMKUnauthorized", message));
    world.root(Product::Ram, "AttachPolicyToRole", &system);
    world.ecs("ModifyDiskDefaultKMSKeyId", &[("RegionId", REGION), ("KMSKeyId", &key_id)]);
}

#[test]
fn a_user_with_every_permission_may_do_all_but_choose_the_key() {
    let world = World::new();
    let user = world.user("user", Some(support::ALLOW_ALL));
    let region = ("RegionId", REGION);
    world.succeed(&user, Product::Ecs, "EnableDiskEncryptionByDefault", &[region]);
    let refusal = (403, "Forbidden.SubUser", "The specified action is not available for you.");
    let parameters = [region, ("KMSKeyId", &*world.service_key_in(REGION))];
    world.refuses(&user, Product::Ecs, "ModifyDiskDefaultKMSKeyId", &parameters, refusal);
    world.succeed(&user, Product::Ecs, "ResetDiskDefaultKMSKeyId", &[region]);
}
