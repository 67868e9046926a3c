//! How much an account may have: the quotas that an operator sets, what DescribeAccountAttributes tells of them, and the fixed limits of
//! requests and instances that no other test goes to.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use std::collections::BTreeMap;

use coffer_base::Region;
use coffer_cloud::settings::Quotas;
use coffer_cloud::{Product, Settings};
use serde_json::Value;
use support::compute::{OTHER, refusal};
use support::{REGION, World, ZONE, other, text};

const MACHINE: [(&str, &str); 3] =
    [("RegionId", REGION), ("ImageId", "ubuntu_24_04_x64_20G_alibase_20250113.vhd"), ("InstanceType", "ecs.g7.large")];
type Refusal = (u16, String, String);

fn world(quotas: Quotas) -> World {
    World::with(Settings { quotas, ..Settings::new(Region::parse(REGION).unwrap()) })
}

fn too_many_disks() -> Refusal {
    refusal(403, "QuotaExceed.PostPaidDisk", "Living postPaid disks quota exceeded.")
}

fn too_many_gib() -> Refusal {
    refusal(403, "QuotaExceeded.PostpaidDataDiskCapacity", "The quota of postpaid data disk capacity exceeds.")
}

fn too_many_vcpus() -> Refusal {
    let text = "The number of vCPUs assigned to the ECS instances has exceeded the quota in the zone.";
    refusal(403, "QuotaExceed.ElasticQuota", text)
}

/// The call is refused and nothing is left behind.
fn is_refused(world: &World, action: &str, parameters: &[(&str, &str)], expected: &Refusal) {
    let before = world.state();
    assert_eq!(world.refused(action, parameters), *expected, "{action} {parameters:?}");
    assert!(before == world.state(), "{action} {parameters:?} leaves something behind");
}

fn new_disk<'a>(region: &'a str, zone: &'a str, size: &'a str) -> [(&'a str, &'a str); 4] {
    [("RegionId", region), ("ZoneId", zone), ("DiskCategory", "cloud_essd"), ("Size", size)]
}

/// The values of each attribute, as DescribeAccountAttributes shows them.
fn attributes(world: &World, parameters: &[(&str, &str)]) -> BTreeMap<String, Vec<String>> {
    let answer = world.ecs("DescribeAccountAttributes", &[&[("RegionId", REGION)], parameters].concat());
    let items = answer["AccountAttributeItems"]["AccountAttributeItem"].as_array().unwrap();
    let values = |item: &Value| {
        let values = item["AttributeValues"]["ValueItem"].as_array().unwrap();
        values.iter().map(|value| text(value, "Value")).collect()
    };
    items.iter().map(|item| (text(item, "AttributeName"), values(item))).collect()
}

#[test]
fn an_account_has_no_more_disks_in_a_region_than_its_quota() {
    let world = world(Quotas { disks: Some(2), ..Quotas::default() });
    let first = text(&world.ecs("CreateDisk", &new_disk(REGION, ZONE, "20")), "DiskId");
    is_refused(&world, "RunInstances", &[&MACHINE[..], &[("DataDisk.1.Size", "20")]].concat(), &too_many_disks());
    is_refused(&world, "RunInstances", &[&MACHINE[..], &[("Amount", "2")]].concat(), &too_many_disks());
    is_refused(&world, "CreateInstance", &[&MACHINE[..], &[("DataDisk.1.Size", "20")]].concat(), &too_many_disks());
    world.ecs("RunInstances", &MACHINE);
    is_refused(&world, "CreateDisk", &new_disk(REGION, ZONE, "20"), &too_many_disks());
    world.ecs("CreateDisk", &new_disk(OTHER, "cn-beijing-a", "20"));
    world.succeed(&other(), Product::Ecs, "CreateDisk", &new_disk(REGION, ZONE, "20"));
    world.ecs("DeleteDisk", &[("DiskId", &first)]);
    world.ecs("CreateDisk", &new_disk(REGION, ZONE, "20"));
}

#[test]
fn an_account_has_no_more_gib_of_data_disks_than_its_quota_however_they_grow() {
    let world = world(Quotas { data_disk_gib: Some(100), ..Quotas::default() });
    let disk_id = text(&world.ecs("CreateDisk", &new_disk(REGION, ZONE, "60")), "DiskId");
    is_refused(&world, "CreateDisk", &new_disk(REGION, ZONE, "41"), &too_many_gib());
    is_refused(&world, "ResizeDisk", &[("DiskId", &disk_id), ("NewSize", "101")], &too_many_gib());
    is_refused(&world, "RunInstances", &[&MACHINE[..], &[("DataDisk.1.Size", "41")]].concat(), &too_many_gib());
    // System disks do not count.
    world.ecs("RunInstances", &[&MACHINE[..], &[("SystemDisk.Size", "500"), ("DataDisk.1.Size", "20")]].concat());
    world.ecs("ResizeDisk", &[("DiskId", &disk_id), ("NewSize", "80")]);
    let shown = attributes(&world, &[]);
    assert_eq!(shown["max-postpaid-yundisk-capacity"], ["100"]);
    assert_eq!(shown["used-postpaid-yundisk-capacity"], ["100"]);
}

#[test]
fn an_account_has_no_more_vcpus_than_its_quotas() {
    let world = world(Quotas { vcpus: Some(4), spot_vcpus: Some(2), ..Quotas::default() });
    let spot = [&MACHINE[..], &[("SpotStrategy", "SpotAsPriceGo")]].concat();
    is_refused(&world, "RunInstances", &[&MACHINE[..], &[("Amount", "3")]].concat(), &too_many_vcpus());
    world.ecs("RunInstances", &MACHINE);
    world.ecs("RunInstances", &spot);
    is_refused(&world, "RunInstances", &spot, &too_many_vcpus());
    let large = [MACHINE[0], MACHINE[1], ("InstanceType", "ecs.g7.xlarge")];
    is_refused(&world, "CreateInstance", &large, &too_many_vcpus());
    world.ecs("CreateInstance", &MACHINE);
    is_refused(&world, "CreateInstance", &MACHINE, &too_many_vcpus());
    let shown = attributes(&world, &[]);
    for (name, value) in [
        ("max-postpaid-instance-vcpu-count", "4"),
        ("used-postpaid-instance-vcpu-count", "4"),
        ("max-spot-instance-vcpu-count", "2"),
        ("used-spot-instance-vcpu-count", "2"),
    ] {
        assert_eq!(shown[name], [value], "{name}");
    }
}

#[test]
fn attributes_of_an_account_are_shown_by_name_and_what_is_not_bounded_has_no_value() {
    let world = World::new();
    let all = attributes(&world, &[]);
    assert_eq!(all.len(), 15);
    for (name, values) in [
        ("instance-network-type", vec!["vpc"]),
        ("max-postpaid-instance-vcpu-count", vec![]),
        ("max-postpaid-yundisk-capacity", vec![]),
        ("used-postpaid-yundisk-capacity", vec!["0"]),
        ("max-security-groups", vec![]),
        ("max-dedicated-hosts", vec!["0"]),
        ("real-name-authentication", vec!["unnecessary"]),
    ] {
        assert_eq!(all[name], values, "{name}");
    }
    let types = world.ecs("DescribeInstanceTypes", &[]);
    let types = types["InstanceTypes"]["InstanceType"].as_array().unwrap();
    assert_eq!(
        all["supported-postpaid-instance-types"],
        types.iter().map(|one| text(one, "InstanceTypeId")).collect::<Vec<_>>()
    );
    let asked = [("AttributeName.1", "max-dedicated-hosts"), ("ZoneId", ZONE)];
    assert_eq!(attributes(&world, &asked).into_keys().collect::<Vec<_>>(), ["max-dedicated-hosts"]);
    let answer = world.ecs("DescribeAccountAttributes", &[&[("RegionId", REGION)], &asked[..]].concat());
    let item = &answer["AccountAttributeItems"]["AccountAttributeItem"][0];
    assert_eq!(item["AttributeValues"]["ValueItem"][0]["ZoneId"], ZONE);
}

#[test]
fn attributes_that_cannot_be_asked_about_are_named() {
    let world = World::new();
    let missing = refusal(403, "Invalid.Parameter", "The required parameter regionId must be not null.");
    assert_eq!(world.refused("DescribeAccountAttributes", &[]), missing);
    let nine: Vec<_> = (1..=9).map(|n| (format!("AttributeName.{n}"), "max-dedicated-hosts")).collect();
    let nine: Vec<_> = nine.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    for (asked, name) in [
        (vec![("AttributeName.1", "max-luck")], "AttributeName"),
        (nine, "AttributeName"),
        (vec![("ZoneId", "cn-beijing-a")], "ZoneId"),
    ] {
        let expected = refusal(400, "InvalidParameter", &format!("The specified parameter \"{name}\" is not valid."));
        assert_eq!(
            world.refused("DescribeAccountAttributes", &[&[("RegionId", REGION)], &asked[..]].concat()),
            expected
        );
    }
}

#[test]
fn an_instance_takes_sixteen_data_disks_and_a_listing_a_hundred_ids() {
    let world = World::new();
    let disks =
        |count: usize| -> Vec<(String, &str)> { (1..=count).map(|n| (format!("DataDisk.{n}.Size"), "20")).collect() };
    let with = |disks: &[(String, &'static str)]| -> Vec<(String, String)> {
        let all = MACHINE.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        all.chain(disks.iter().map(|(name, value)| (name.clone(), (*value).to_owned()))).collect()
    };
    let expected = refusal(403, "InstanceDiskNumLimitExceed", "The number of specified disk in an instance exceeds.");
    for action in ["RunInstances", "CreateInstance"] {
        for (count, refused) in [(16, false), (17, true), (18, true)] {
            let asked = with(&disks(count));
            let asked: Vec<_> = asked.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            if refused {
                is_refused(&world, action, &asked, &expected);
            } else {
                world.ecs(action, &asked);
            }
        }
    }
    let ids = |count: usize| format!("[{}]", vec!["\"d-bp1\""; count].join(","));
    world.ecs("DescribeDisks", &[("RegionId", REGION), ("DiskIds", &ids(100))]);
    let too_many = refusal(403, "InvalidDiskIds.Malformed", "The amount of specified disk Ids exceeds the limit.");
    assert_eq!(world.refused("DescribeDisks", &[("RegionId", REGION), ("DiskIds", &ids(101))]), too_many);
}
