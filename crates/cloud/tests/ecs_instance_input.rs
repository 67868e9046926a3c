//! What RunInstances and CreateInstance refuse by its form: each with the vendor's code, and nothing is made.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use support::World;
use support::instances::*;

/// A parameter (or several) that is out of order, and what that earns.
type Case<'a> = (&'a [(&'a str, &'a str)], u16, &'a str);

#[track_caller]
fn both_refuse(world: &World, cases: &[Case<'_>]) {
    for (more, status, code) in cases {
        for action in ["RunInstances", "CreateInstance"] {
            is_refused(world, action, &asking(more), *status, code);
        }
    }
    assert_eq!(listed(world, &[]).len(), 0);
}

#[test]
fn what_does_not_exist_is_not_found() {
    both_refuse(
        &World::new(),
        &[
            (&[("RegionId", "nowhere")], 404, "InvalidRegionId.NotFound"),
            (&[("ZoneId", "cn-hangzhou-zz")], 404, "InvalidZoneId.NotFound"),
            (&[("ZoneId", "cn-beijing-a")], 404, "InvalidZoneId.NotFound"),
            (&[("InstanceType", "ecs.none.large")], 400, "InvalidInstanceType.ValueNotSupported"),
            (&[("ImageId", "m-bp1aaaaaaaaaaaaaaaaa")], 404, "InvalidImageId.NotFound"),
            (&[("ImageId", "")], 400, "MissingParameter"),
            (&[("ImageId", ""), ("ImageFamily", "acs:none")], 404, "InvalidImageId.NotFound"),
            (&[("ImageFamily", "acs:ubuntu_24_04_x64")], 400, "InvalidParameter"),
            (&[("VSwitchId", "vsw-UPPER")], 404, "InvalidVSwitchId.NotFound"),
            (&[("SecurityGroupId", "group")], 404, "InvalidSecurityGroupId"),
            (&[("ResourceGroupId", "rg-1")], 404, "InvalidResourceGroup.NotFound"),
            (&[("DeploymentSetId", "ds-1")], 404, "DeploymentSet.NotFound"),
            (&[("HpcClusterId", "hpc-1")], 400, "InvalidHpcClusterId.NotFound"),
            (&[("DedicatedHostId", "dh-1")], 400, "InvalidDedicatedHostId.NotFound"),
            (&[("Arn.1.RoleType", "service")], 403, "UserNotInTheWhiteList"),
        ],
    );
}

#[test]
fn names_and_texts_have_their_form() {
    let (long, longer) = ("a".repeat(129), "a".repeat(257));
    both_refuse(
        &World::new(),
        &[
            (&[("InstanceName", "a")], 400, "InvalidInstanceName.Malformed"),
            (&[("InstanceName", "1ab")], 400, "InvalidInstanceName.Malformed"),
            (&[("InstanceName", "http://x")], 400, "InvalidInstanceName.Malformed"),
            (&[("InstanceName", "a b")], 400, "InvalidInstanceName.Malformed"),
            (&[("InstanceName", &long)], 400, "InvalidInstanceName.Malformed"),
            (&[("Description", "x")], 400, "InvalidDescription.Malformed"),
            (&[("Description", "https://x")], 400, "InvalidDescription.Malformed"),
            (&[("Description", &longer)], 400, "InvalidDescription.Malformed"),
            (&[("HostName", "-a")], 400, "InvalidHostName.Malformed"),
            (&[("HostName", "a..b")], 400, "InvalidHostName.Malformed"),
            (&[("ImageId", WINDOWS_IMAGE), ("HostName", "123")], 400, "InvalidHostName.Malformed"),
            (&[("SystemDisk.DiskName", "1")], 400, "InvalidDiskName.Malformed"),
            (&[("SystemDisk.Description", "x")], 400, "InvalidDiskDescription.Malformed"),
            (&[("DataDisk.1.Size", "20"), ("DataDisk.1.DiskName", "1")], 400, "InvalidDiskName.Malformed"),
            (&[("DataDisk.1.Size", "20"), ("DataDisk.1.Description", "x")], 400, "InvalidDiskDescription.Malformed"),
            (&[("Tag.1.Key", "acs:mine")], 400, "InvalidTagKey.Malformed"),
            (&[("Tag.1.Key", "a"), ("Tag.2.Key", "a")], 400, "Duplicate.TagKey"),
            (&[("Tag.1.Key", "a"), ("Tag.2.Key", "A")], 400, "Duplicate.TagKey"),
        ],
    );
}

#[test]
fn passwords_have_three_kinds_of_characters_and_user_data_is_base64_of_at_most_32_kib() {
    use base64::Engine as _;
    let most = base64::engine::general_purpose::STANDARD.encode(vec![0u8; 32 * 1024]);
    let more = base64::engine::general_purpose::STANDARD.encode(vec![0u8; 32 * 1024 + 1]);
    let world = World::new();
    both_refuse(
        &world,
        &[
            (&[("Password", "password")], 400, "InvalidPassword.Malformed"),
            (&[("Password", "Password")], 400, "InvalidPassword.Malformed"),
            (&[("Password", "aA1aA1!")], 400, "InvalidPassword.Malformed"),
            (&[("Password", "Passw0rdé")], 400, "InvalidPassword.Malformed"),
            (&[("ImageId", WINDOWS_IMAGE), ("Password", "/Passw0rd")], 400, "InvalidPassword.Malformed"),
            (&[("Password", "Passw0rd"), ("PasswordInherit", "true")], 400, "InvalidPasswordParam.Mismatch"),
            (&[("UserData", "not base64")], 400, "InvalidParameter"),
            (&[("UserData", &more)], 400, "InvalidUserData.SizeExceeded"),
        ],
    );
    run(&world, &[("Password", "/Passw0rd"), ("UserData", &most)]);
    let state = format!("{:?}", world.state());
    assert!(state.contains(&most) && !state.contains("Passw0rd"), "a password is not kept");
}

#[test]
fn payment_and_network_are_what_is_offered() {
    let at = |address| [("VSwitchId", "vsw-bp1"), ("PrivateIpAddress", address)];
    let world = World::new();
    both_refuse(
        &world,
        &[
            (&[("InstanceChargeType", "PrePaid")], 403, "InvalidPayMethod"),
            (&[("InstanceChargeType", "Free")], 404, "InvalidInstanceChargeType.NotFound"),
            (&[("InternetChargeType", "Free")], 400, "InvalidInternetChargeType.ValueNotSupported"),
            (&[("InternetMaxBandwidthOut", "101")], 400, "InvalidInternetMaxBandwidthOut.Malformed"),
            (&[("InternetMaxBandwidthOut", "-1")], 400, "InvalidInternetMaxBandwidthOut.Malformed"),
            (&[("InternetMaxBandwidthIn", "11")], 400, "InvalidInternetMaxBandwidthIn.Malformed"),
            (&[("IoOptimized", "none")], 400, "InvalidIoOptimize.ValueNotSupported"),
            (&[("SpotStrategy", "Luck")], 400, "InvalidSpotStrategy"),
            (&[("SpotStrategy", "SpotWithPriceLimit")], 400, "InvalidSpotPriceLimit"),
            (&[("SpotStrategy", "SpotWithPriceLimit"), ("SpotPriceLimit", "0")], 400, "InvalidSpotPriceLimit"),
            (&[("SpotStrategy", "SpotAsPriceGo"), ("SpotDuration", "7")], 400, "InvalidSpotDuration"),
            (&[("CreditSpecification", "Unlimited")], 400, "InvalidParameter"),
            (&[("HttpPutResponseHopLimit", "65")], 400, "InvalidParameter"),
            (&[("PrivateIpAddress", "10.0.0.1")], 400, "MissingParameter"),
            (&at("10.0.0"), 400, "InvalidPrivateIpAddress.Malformed"),
            (&at("8.8.8.8"), 400, "InvalidPrivateIpAddress"),
        ],
    );
    run(&world, &at("10.0.0.1"));
    is_refused(&world, "CreateInstance", &asking(&at("10.0.0.1")), 400, "InvalidPrivateIpAddress.Duplicated");
    let two = [&at("10.255.255.255")[..], &[("Amount", "2")]].concat();
    is_refused(&world, "RunInstances", &asking(&two), 400, "InvalidPrivateIpAddress");
}

#[test]
fn disks_have_sizes_categories_and_devices_that_there_are() {
    const SYSTEM: &str = "SystemDisk.Category";
    const DATA: &str = "DataDisk.1.Category";
    const SIZE: &str = "DataDisk.1.Size";
    let world = World::new();
    both_refuse(
        &world,
        &[
            (&[(SYSTEM, "floppy")], 400, "InvalidSystemDiskCategory.ValueNotSupported"),
            (&[(SYSTEM, "elastic_ephemeral_disk_standard")], 400, "InvalidSystemDiskCategory.ValueNotSupported"),
            (&[("SystemDisk.Size", "19")], 404, "InvalidSystemDiskSize.LessThanMinSize"),
            (&[("SystemDisk.Size", "2049")], 404, "InvalidSystemDiskSize.MoreThanMaxSize"),
            (&[(SYSTEM, "cloud_auto"), ("SystemDisk.Size", "19")], 404, "InvalidSystemDiskSize.LessThanImageSize"),
            (&[ESSD, ("SystemDisk.PerformanceLevel", "PL9")], 400, "InvalidPerformanceLevel.Malformed"),
            (&[("SystemDisk.PerformanceLevel", "PL1")], 400, "InvalidPerformanceLevel.Malformed"),
            (&[(SYSTEM, "cloud_essd_entry")], 403, "InvalidDiskCategory.NotSupported"),
            (&[(SIZE, "20"), (DATA, "floppy")], 400, "InvalidDataDiskCategory.ValueNotSupported"),
            (&[(DATA, "cloud_essd")], 400, "InvalidDataDiskSize.ValueNotSupported"),
            (&[(SIZE, "19")], 400, "InvalidDataDiskSize.ValueNotSupported"),
            (&[(SIZE, "32769")], 400, "InvalidDataDiskSize.ValueNotSupported"),
            (&[(SIZE, "many")], 400, "InvalidParameter"),
            (&[(SIZE, "20"), ("DataDisk.1.Device", "/dev/sda")], 400, "InvalidDataDevice.Malformed"),
            (&[(SIZE, "20"), ("DataDisk.1.Device", "/dev/xvda")], 400, "InvalidDataDevice.Malformed"),
            (&[(SIZE, "20"), ("DataDisk.1.Encrypted", "perhaps")], 400, "InvalidParameter"),
        ],
    );
    let twice = [
        (SIZE, "20"),
        ("DataDisk.1.Device", "/dev/xvdc"),
        ("DataDisk.2.Size", "20"),
        ("DataDisk.2.Device", "/dev/xvdc"),
    ];
    both_refuse(&world, &[(&twice, 403, "InvalidDevice.InUse")]);
    let names: Vec<String> = (1..=17).map(|n| format!("DataDisk.{n}.Size")).collect();
    let many: Vec<_> = names.iter().map(|name| (&**name, "20")).collect();
    both_refuse(&world, &[(&many, 403, "InstanceDiskNumLimitExceed")]);
    assert_eq!(disks_of(&world, &running(&world, &many[..16])).len(), 17);
}

#[test]
fn run_instances_has_limits_of_its_own() {
    let world = World::new();
    let (long, host) = ("a".repeat(126), "a".repeat(62));
    for (more, status, code) in [
        (&[("InstanceType", "")][..], 400, "MissingParameter"),
        (&[("Amount", "0")], 400, "InvalidParameter"),
        (&[("Amount", "-1")], 400, "InvalidParameter"),
        (&[("Amount", "101")], 400, "InvalidParameter"),
        (&[("Amount", "2"), ("MinAmount", "3")], 400, "InvalidMinAmount.Malformed"),
        (&[("Amount", "2"), ("MinAmount", "0")], 400, "InvalidMinAmount.Malformed"),
        (&[("UniqueSuffix", "true"), ("InstanceName", &long)], 403, "InvalidParams.InstanceNameExceed"),
        (&[("UniqueSuffix", "true"), ("HostName", &host)], 403, "InvalidParams.HostnameExceed"),
        (&[("Amount", "2"), ("HostNames.1", "only")], 400, "InvalidParameter"),
        (&[("HostName", "web"), ("HostNames.1", "web")], 400, "InvalidParameter"),
        (&[("SecurityGroupId", "sg-1"), ("SecurityGroupIds.1", "sg-2")], 400, "InvalidParameter"),
        (&[("SecurityGroupIds.1", "sg-1"), ("SecurityGroupIds.2", "sg-1")], 400, "InvalidParameter"),
        (&[("SecurityGroupIds.1", "group")], 404, "InvalidSecurityGroupId"),
        (&[("AutoReleaseTime", "soon")], 400, "InvalidAutoReleaseTime.Malformed"),
        (&[("AutoReleaseTime", "2026-05-28T20:40:00Z")], 400, "InvalidAutoReleaseTime.Malformed"),
        (&[("AutoReleaseTime", "2036-05-28T20:40:00Z")], 400, "InvalidAutoReleaseTime.Malformed"),
        (&[ESSD, ("SystemDisk.ProvisionedIops", "1")], 400, "ProvisionedIopsForDiskCategoryUnsupported"),
        (&[ESSD, ("SystemDisk.BurstingEnabled", "true")], 400, "BurstingEnabledForDiskCategoryUnsupported"),
        (
            &[("SystemDisk.Category", "cloud_auto"), ("SystemDisk.ProvisionedIops", "50001")],
            400,
            "InvalidProvisionedIops.LimitExceed",
        ),
        (
            &[("DataDisk.1.Size", "3"), ("DataDisk.1.Category", "cloud_auto"), ("DataDisk.1.BurstingEnabled", "true")],
            400,
            "InvalidBurstingEnabled.DiskSizeTooSmall",
        ),
        (&[("SystemDisk.Encrypted", "perhaps")], 400, "InvalidParameter"),
    ] {
        is_refused(&world, "RunInstances", &asking(more), status, code);
    }
    assert_eq!(run(&world, &[("Amount", "100"), ("MinAmount", "1")]).len(), 100);
}
