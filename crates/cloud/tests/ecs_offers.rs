//! What is offered: types of instances, what can be had in a zone, what an instance can become, and how much an account may have.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use serde_json::{Value, json};
use support::compute::refusal;
use support::{World, text};

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
