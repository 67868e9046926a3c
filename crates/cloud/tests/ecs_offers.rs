//! What is offered: types of instances, what can be had in a zone, what an instance can become, and how much an account may have.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use serde_json::{Value, json};
use support::compute::OTHER;
use support::compute::refusal;
use support::{REGION, World, ZONE, other, text};

/// The types that DescribeInstanceTypes shows.
fn types(world: &World, filters: &[(&str, &str)]) -> Vec<Value> {
    world.ecs("DescribeInstanceTypes", filters)["InstanceTypes"]["InstanceType"].as_array().unwrap().clone()
}

fn ids(types: &[Value]) -> Vec<String> {
    types.iter().map(|one| text(one, "InstanceTypeId")).collect()
}

fn invalid(name: &str) -> (u16, String, String) {
    refusal(400, "InvalidParameter", &format!("The specified parameter \"{name}\" is not valid."))
}

#[test]
fn a_type_of_instances_shows_its_figures() {
    let world = World::new();
    let one = types(&world, &[("InstanceTypes.1", "ecs.g7.xlarge")]).pop().unwrap();
    for (name, value) in [
        ("InstanceTypeFamily", json!("ecs.g7")),
        ("InstanceFamilyLevel", json!("EnterpriseLevel")),
        ("InstanceCategory", json!("General-purpose")),
        ("CpuArchitecture", json!("X86")),
        ("CpuCoreCount", json!(4)),
        ("CpuOptions", json!({"Core": 2, "ThreadsPerCore": 2, "HyperThreadingAdjustable": false})),
        ("MemorySize", json!(16.0)),
        ("DiskQuantity", json!(17)),
        ("CpuTurboFrequency", json!(3.5)),
        ("NvmeSupport", json!("unsupported")),
        ("BaselineCredit", Value::Null),
        ("TotalEniQueueQuantity", json!(16)),
    ] {
        assert_eq!(one[name], value, "{name}");
    }
    let burstable = types(&world, &[("InstanceTypes.1", "ecs.t6-c1m4.large")]).pop().unwrap();
    assert_eq!((&burstable["BaselineCredit"], &burstable["InitialCredit"]), (&json!(60), &json!(60)));
    let single = types(&world, &[("InstanceTypes.1", "ecs.g8y.small")]).pop().unwrap();
    assert_eq!((&single["CpuOptions"]["Core"], &single["CpuTurboFrequency"]), (&json!(1), &Value::Null));
}

#[test]
fn every_filter_of_types_lets_through_what_it_says() {
    let world = World::new();
    let all = types(&world, &[]).len();
    assert_eq!(all, 17);
    for (filters, expected) in [
        (vec![("CpuArchitecture", "ARM")], 2),
        (vec![("CpuArchitectures.1", "ARM"), ("CpuArchitectures.2", "X86")], all),
        (vec![("CpuArchitecture", "ARM"), ("CpuArchitectures.1", "X86")], 0),
        (vec![("InstanceTypeFamily", "ecs.r7")], 2),
        (vec![("InstanceTypeFamilies.1", "ecs.r7"), ("InstanceTypeFamilies.2", "ecs.g7")], 5),
        (vec![("InstanceTypes.1", "ecs.r7.large"), ("InstanceTypes.2", "ecs.none")], 1),
        (vec![("InstanceCategory", "Shared")], 2),
        (vec![("InstanceCategories.1", "Shared"), ("InstanceCategories.2", "Memory-optimized")], 4),
        (vec![("InstanceFamilyLevel", "CreditEntryLevel")], 2),
        (vec![("InstanceFamilyLevel", "EntryLevel")], 0),
        (vec![("NvmeSupport", "required")], 6),
        (vec![("NvmeSupport", "unsupported")], 11),
        (vec![("PhysicalProcessorModel", "YiTian")], 2),
        (vec![("PhysicalProcessorModels.1", "YiTian"), ("PhysicalProcessorModels.2", "Sapphire")], 6),
        (vec![("GPUSpec", "NVIDIA")], 0),
        (vec![("GpuSpecs.1", "NVIDIA")], 0),
        (vec![("LocalStorageCategory", "local_ssd_pro")], 0),
        (vec![("LocalStorageCategories.1", "local_ssd_pro")], 0),
        (vec![("MinimumCpuCoreCount", "8")], 1),
        (vec![("MaximumCpuCoreCount", "1")], 1),
        (vec![("MinimumMemorySize", "16")], 5),
        (vec![("MinimumMemorySize", "16.5")], 2),
        (vec![("MaximumMemorySize", "4")], 5),
        (vec![("MinimumCpuSpeedFrequency", "2.75")], 2),
        (vec![("MaximumCpuSpeedFrequency", "2.5")], 4),
        (vec![("MinimumCpuTurboFrequency", "3.5")], 7),
        (vec![("MaximumCpuTurboFrequency", "3.4")], 10),
        (vec![("MinimumBaselineCredit", "1")], 2),
        (vec![("MinimumBaselineCredit", "41")], 1),
        (vec![("MinimumInitialCredit", "60")], 2),
        (vec![("MinimumDiskQuantity", "17")], all),
        (vec![("MinimumDiskQuantity", "18")], 0),
        (vec![("MinimumEniQuantity", "4")], 6),
        (vec![("MinimumEniPrivateIpAddressQuantity", "15")], 6),
        (vec![("MinimumEniIpv6AddressQuantity", "2")], 15),
        (vec![("MinimumPrimaryEniQueueNumber", "8")], 1),
        (vec![("MinimumSecondaryEniQueueNumber", "4")], 6),
        (vec![("MinimumInstanceBandwidthRx", "5120000")], 1),
        (vec![("MinimumInstanceBandwidthTx", "4096000")], 3),
        (vec![("MinimumInstancePpsRx", "1200000")], 3),
        (vec![("MinimumInstancePpsTx", "1600000")], 1),
        (vec![("MinimumEriQuantity", "1")], 0),
        (vec![("MinimumQueuePairNumber", "1")], 0),
        (vec![("MinimumGPUAmount", "1")], 0),
        (vec![("MinimumGPUAmount", "0"), ("MaximumGPUAmount", "0")], all),
        (vec![("MinimumLocalStorageAmount", "1")], 0),
        (vec![("MinimumLocalStorageCapacity", "1")], 0),
    ] {
        assert_eq!(types(&world, &filters).len(), expected, "{filters:?}");
    }
}

#[test]
fn types_come_in_pages_whose_tokens_are_good_for_their_filters_only() {
    let world = World::new();
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let page = world.ecs("DescribeInstanceTypes", &[("MaxResults", "5"), ("NextToken", &token)]);
        let found = page["InstanceTypes"]["InstanceType"].as_array().unwrap().clone();
        assert!(found.len() <= 5);
        seen.extend(ids(&found));
        token = text(&page, "NextToken");
        if token.is_empty() {
            break;
        }
        let elsewhere = [("NextToken", token.as_str()), ("CpuArchitecture", "X86")];
        assert_eq!(world.refused("DescribeInstanceTypes", &elsewhere), invalid("NextToken"));
    }
    assert_eq!(seen, ids(&types(&world, &[])));
    for (name, value) in [("MaxResults", "0"), ("MaxResults", "1601"), ("NextToken", "x"), ("MaxResults", "-1")] {
        assert_eq!(world.refused("DescribeInstanceTypes", &[(name, value)]), invalid(name));
    }
    let eleven: Vec<_> = (1..=11).map(|n| (format!("InstanceTypes.{n}"), format!("ecs.{n}"))).collect();
    let eleven: Vec<_> = eleven.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(world.refused("DescribeInstanceTypes", &eleven), invalid("InstanceTypes"));
}

type Pairs<'a> = Vec<(&'a str, &'a str)>;

/// What can be had of something: by zone, the names of what there is a choice of.
fn available(world: &World, action: &str, parameters: &[(&str, &str)]) -> Vec<(String, Vec<String>)> {
    let answer = world.ecs(action, &[&[("RegionId", REGION)], parameters].concat());
    let zones = answer["AvailableZones"]["AvailableZone"].as_array().unwrap();
    let named = |zone: &Value| {
        assert_eq!((&zone["Status"], &zone["StatusCategory"]), (&json!("Available"), &json!("WithStock")));
        assert_eq!(zone["RegionId"], REGION);
        let resources = zone["AvailableResources"]["AvailableResource"].as_array().unwrap();
        assert_eq!(resources.len(), 1);
        let supported = resources[0]["SupportedResources"]["SupportedResource"].as_array().unwrap();
        (text(zone, "ZoneId"), supported.iter().map(|one| text(one, "Value")).collect())
    };
    zones.iter().map(named).collect()
}

/// The same of one zone.
fn in_zone(world: &World, parameters: &[(&str, &str)]) -> Vec<String> {
    let all = [&[("ZoneId", ZONE)], parameters].concat();
    let mut zones = available(world, "DescribeAvailableResource", &all);
    assert!(zones.len() <= 1);
    zones.pop().map_or_else(Vec::new, |(zone, names)| {
        assert_eq!(zone, ZONE);
        names
    })
}

#[test]
fn what_can_be_had_is_what_can_be_made() {
    let world = World::new();
    let all_types = ids(&types(&world, &[]));
    let of = |name| ("DestinationResource", name);
    let zones = available(&world, "DescribeAvailableResource", &[of("Zone")]);
    let shown = world.ecs("DescribeZones", &[("RegionId", REGION)]);
    let shown: Vec<_> = shown["Zones"]["Zone"].as_array().unwrap().iter().map(|zone| text(zone, "ZoneId")).collect();
    assert_eq!(zones, shown.iter().map(|zone| (zone.clone(), vec![zone.clone()])).collect::<Vec<_>>());
    assert_eq!(in_zone(&world, &[of("InstanceType")]), all_types);
    let system = in_zone(&world, &[of("SystemDisk"), ("InstanceType", "ecs.g7.large")]);
    assert_eq!(system, ["cloud", "cloud_efficiency", "cloud_ssd", "cloud_essd", "cloud_auto"]);
    for category in &system {
        let asked = [
            ("RegionId", REGION),
            ("ImageId", "ubuntu_24_04_x64_20G_alibase_20250113.vhd"),
            ("InstanceType", "ecs.g7.large"),
            ("SystemDisk.Category", category),
        ];
        world.ecs("RunInstances", &asked);
    }
    let sizes = world.ecs("DescribeAvailableResource", &[("RegionId", REGION), of("DataDisk"), ("ZoneId", ZONE)]);
    let sizes = &sizes["AvailableZones"]["AvailableZone"][0]["AvailableResources"]["AvailableResource"][0];
    let sizes = sizes["SupportedResources"]["SupportedResource"].as_array().unwrap();
    assert_eq!(sizes.len(), 9);
    for category in sizes {
        let (name, unit) = (text(category, "Value"), text(category, "Unit"));
        let size = category["Min"].as_i64().unwrap().to_string();
        let place = if name == "cloud_regional_disk_auto" { vec![] } else { vec![("ZoneId", ZONE)] };
        let asked: Pairs<'_> = [("RegionId", REGION), ("DiskCategory", &name), ("Size", &size)].into();
        world.ecs("CreateDisk", &[asked, place].concat());
        assert_eq!(unit, "GiB");
    }
}

#[test]
fn what_can_be_had_is_narrowed_by_everything_that_is_said() {
    let world = World::new();
    let of = |name| ("DestinationResource", name);
    for (asked, expected) in [
        (
            vec![of("InstanceType"), ("Cores", "2"), ("Memory", "8.0"), ("SystemDiskCategory", "cloud_essd_entry")],
            vec!["ecs.u1-c1m4.large"],
        ),
        (vec![of("InstanceType"), ("Memory", "32")], vec!["ecs.g7.2xlarge", "ecs.r7.xlarge"]),
        (vec![of("InstanceType"), ("InstanceType", "ecs.g7.large")], vec!["ecs.g7.large"]),
        (vec![of("InstanceType"), ("InstanceType", "ecs.none")], vec![]),
        (vec![of("InstanceType"), ("SystemDiskCategory", "ephemeral_ssd")], vec![]),
        (vec![of("InstanceType"), ("DataDiskCategory", "ephemeral_ssd")], vec![]),
        (vec![of("InstanceType"), ("SystemDiskCategory", "cloud_regional_disk_auto")], vec![]),
        (vec![of("SystemDisk"), ("SystemDiskCategory", "cloud_ssd")], vec!["cloud_ssd"]),
        (vec![of("SystemDisk"), ("InstanceType", "ecs.g7.large"), ("SystemDiskCategory", "cloud_essd_entry")], vec![]),
        (vec![of("DataDisk"), ("DataDiskCategory", "cloud_auto")], vec!["cloud_auto"]),
        (vec![of("DataDisk"), ("ResourceType", "disk"), ("DataDiskCategory", "cloud")], vec!["cloud"]),
        (vec![of("Zone"), ("ResourceType", "disk")], vec![ZONE]),
        (vec![of("Zone"), ("ResourceType", "disk"), ("DataDiskCategory", "none")], vec![]),
        (vec![of("InstanceType"), ("ResourceType", "disk")], vec![]),
        (vec![of("IoOptimized")], vec!["optimized"]),
        (vec![of("IoOptimized"), ("IoOptimized", "none")], vec![]),
        (vec![of("Network"), ("NetworkCategory", "vpc"), ("IoOptimized", "optimized")], vec!["vpc"]),
        (vec![of("Network"), ("NetworkCategory", "classic")], vec![]),
        (vec![of("Zone"), ("InstanceChargeType", "PrePaid")], vec![]),
        (vec![of("Zone"), ("SpotStrategy", "SpotAsPriceGo"), ("SpotDuration", "1")], vec![ZONE]),
        (vec![of("Zone"), ("ResourceType", "reservedinstance"), ("Scope", "Region")], vec![]),
        (vec![of("ddh")], vec![]),
    ] {
        assert_eq!(in_zone(&world, &asked), expected, "{asked:?}");
    }
    let elsewhere = available(&world, "DescribeAvailableResource", &[of("Zone"), ("ZoneId", "cn-beijing-a")]);
    assert_eq!(elsewhere, []);
}

#[test]
fn what_nobody_can_ask_about_what_can_be_had_is_named() {
    let world = World::new();
    let not_valid = |name: &str| format!("The specified {name} is not valid.");
    let zone = ("DestinationResource", "Zone");
    let types = ("DestinationResource", "InstanceType");
    for (asked, expected) in [
        (
            vec![],
            refusal(
                400,
                "Invalid.Param",
                "The input parameter DestinationResource that is mandatory for processing this request is not supplied.",
            ),
        ),
        (
            vec![("DestinationResource", "Rack")],
            refusal(404, "Invalid.DestinationResource", &not_valid("DestinationResource")),
        ),
        (
            vec![zone, ("InstanceChargeType", "Free")],
            refusal(400, "Invalid.InstanceChargeType", &not_valid("InstanceChargeType")),
        ),
        (vec![zone, ("IoOptimized", "some")], refusal(404, "Invalid.IoOptimized", &not_valid("IoOptimized"))),
        (
            vec![zone, ("NetworkCategory", "ring")],
            refusal(404, "Invalid.NetworkCategory", &not_valid("NetworkCategory")),
        ),
        (vec![zone, ("SpotStrategy", "Luck")], refusal(404, "Invalid.SpotStrategy", &not_valid("SpotStrategy"))),
        (
            vec![zone, ("ResourceType", "rack")],
            refusal(404, "Invalid.ResourceType", "The ResourceType provided does not exist in our records."),
        ),
        (
            vec![zone, ("Scope", "World")],
            refusal(403, "InvalidParameter.Scope", "The specified parameter Scope is invalid."),
        ),
        (
            vec![zone, ("DedicatedHostId", "dh-1")],
            refusal(403, "InvalidDedicatedHostId.NotFound", "The specified DedicatedHostId does not exist."),
        ),
        (
            vec![zone, ("Cores", "2")],
            refusal(403, "InvalidParam.Cores", "The specified parameter 'Cores' should be empty."),
        ),
        (
            vec![zone, ("Memory", "2")],
            refusal(403, "InvalidParam.Memory", "The specified parameter 'Memory' should be empty."),
        ),
        (
            vec![types, ("Memory", "2"), ("InstanceType", "ecs.g7.large")],
            refusal(
                403,
                "InvalidParam.TypeAndCpuMem.Conflict",
                "The specified 'InstanceType' and 'Cores','Memory' are not blank at the same time.",
            ),
        ),
        (vec![types, ("RegionId", "mars")], refusal(404, "Invalid.RegionId", "The specified RegionId does not exist.")),
    ] {
        let region =
            if asked.iter().any(|(name, _)| *name == "RegionId") { vec![] } else { vec![("RegionId", REGION)] };
        assert_eq!(
            world.refused("DescribeAvailableResource", &[region, asked.clone()].concat()),
            expected,
            "{asked:?}"
        );
    }
}

#[test]
fn an_instance_can_become_what_runs_its_system_and_takes_its_disks() {
    let world = World::new();
    let instance_id = world.instance("Running");
    let about = |more: Pairs<'_>| -> Vec<(String, Vec<String>)> {
        let all = [vec![("ResourceId", instance_id.as_str())], more].concat();
        available(&world, "DescribeResourcesModification", &all)
    };
    let (to_type, to_disk) = (("DestinationResource", "InstanceType"), ("DestinationResource", "SystemDisk"));
    let in_place =
        |names: &[&str]| vec![(ZONE.to_owned(), names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())];
    let all = about(vec![to_type]).pop().unwrap();
    assert_eq!((all.0.as_str(), all.1.len()), (ZONE, 14), "17 types without itself and the two of ARM");
    assert!(all.1.iter().all(|name| name != "ecs.g7.large" && !name.starts_with("ecs.g8y")));
    assert_eq!(about(vec![to_type, ("Cores", "2"), ("Memory", "16")]), in_place(&["ecs.r7.large"]));
    assert_eq!(
        about(vec![to_type, ("InstanceType", "ecs.r7.large"), ("OperationType", "Upgrade")]),
        in_place(&["ecs.r7.large"])
    );
    for nothing in ["ecs.g8y.large", "ecs.g7.large", "ecs.none"] {
        assert_eq!(about(vec![to_type, ("InstanceType", nothing)]), [], "{nothing}");
    }
    let system = ["cloud", "cloud_efficiency", "cloud_ssd", "cloud_essd", "cloud_auto"];
    assert_eq!(about(vec![to_disk, ("InstanceType", "ecs.r7.large")]), in_place(&system));
    let beyond = [&system[..], &["cloud_essd_entry"]].concat();
    assert_eq!(about(vec![to_disk, ("InstanceType", "ecs.u1-c1m2.large")]), in_place(&beyond));
    let there = ("ZoneId", "cn-hangzhou-g");
    assert_eq!(about(vec![to_type, there]), []);
    assert_eq!(about(vec![to_type, there, ("MigrateAcrossZone", "true")])[0].0, "cn-hangzhou-g");
    assert_eq!(about(vec![to_type, ("ZoneId", "cn-beijing-a"), ("MigrateAcrossZone", "true")]), []);
}

#[test]
fn what_would_take_another_disk_is_shown_on_that_condition() {
    let world = World::new();
    let mut row = world.instance_row("Running");
    "ecs.u1-c1m2.large".clone_into(&mut row.instance_type);
    let instance_id = row.instance_id.clone();
    world.store(move |tx| coffer_store::Record::insert(&row, tx));
    let disk_id = world.disk(&[("DiskCategory", "cloud_essd_entry")]);
    world.attach(&disk_id, &instance_id, "/dev/xvda");
    let asked = [
        ("RegionId", REGION),
        ("ResourceId", instance_id.as_str()),
        ("DestinationResource", "InstanceType"),
        ("Conditions.1", "DiskCategory"),
    ];
    let answer = world.ecs("DescribeResourcesModification", &asked);
    let resource = &answer["AvailableZones"]["AvailableZone"][0]["AvailableResources"]["AvailableResource"][0];
    let supported = resource["SupportedResources"]["SupportedResource"].as_array().unwrap();
    assert_eq!(supported.iter().map(|one| text(one, "Value")).collect::<Vec<_>>(), ["ecs.u1-c1m4.large"]);
    let conditional = resource["ConditionSupportedResources"]["ConditionSupportedResource"].as_array().unwrap();
    assert_eq!(conditional.len(), 13);
    assert!(conditional.iter().all(|one| one["Conditions"] == json!({"Condition": [{"Key": "DiskCategory"}]})));
    let plain = world.ecs("DescribeResourcesModification", &asked[..3]);
    let resource = &plain["AvailableZones"]["AvailableZone"][0]["AvailableResources"]["AvailableResource"][0];
    assert_eq!(resource["ConditionSupportedResources"], Value::Null);
}

#[test]
fn what_nobody_can_ask_about_an_instance_is_named() {
    let world = World::new();
    let instance_id = world.instance("Running");
    let to_type = ("DestinationResource", "InstanceType");
    let to_disk = ("DestinationResource", "SystemDisk");
    let no_type =
        refusal(404, "OperationDenied", "The specified operation is denied as this instanceType is not support.");
    for (asked, expected) in [
        (
            vec![("DestinationResource", "Zone")],
            refusal(404, "Invalid.DestinationResource", "The specified DestinationResource is not valid."),
        ),
        (
            vec![to_type, ("OperationType", "Downgrade")],
            refusal(400, "Invalid.OperationType", "The specified operationType is not valid."),
        ),
        (
            vec![to_type, ("Conditions.1", "Weather")],
            refusal(400, "InvalidCondition.Malformed", "The specified Condition is not valid."),
        ),
        (
            vec![to_disk, ("Cores", "2")],
            refusal(403, "InvalidParam.Cores", "The specified parameter 'Cores' should be empty."),
        ),
        (
            vec![to_disk],
            refusal(
                400,
                "MissingParameter",
                "The input parameter InstanceType that is mandatory for processing this request is not supplied.",
            ),
        ),
        (vec![to_disk, ("InstanceType", "ecs.none")], no_type.clone()),
        (vec![to_disk, ("InstanceType", "ecs.g8y.large")], no_type.clone()),
    ] {
        let place = vec![("RegionId", REGION), ("ResourceId", instance_id.as_str())];
        assert_eq!(
            world.refused("DescribeResourcesModification", &[place, asked.clone()].concat()),
            expected,
            "{asked:?}"
        );
    }
    let unknown = refusal(404, "InvalidResourceId.NotFound", "The specified ResourceId is not found in our records.");
    for (region, id) in [(REGION, "i-bp1aaaaaaaaaaaaaaaaa"), (OTHER, instance_id.as_str())] {
        let asked = [("RegionId", region), ("ResourceId", id), to_type];
        assert_eq!(world.refused("DescribeResourcesModification", &asked), unknown);
    }
    let asked = [("RegionId", REGION), ("ResourceId", instance_id.as_str()), to_type];
    let (status, body) = world.call(&other(), Product::Ecs, "DescribeResourcesModification", &asked);
    assert_eq!((status, text(&body, "Code")), (404, unknown.1));
}
