//! Instances listed: by filters, by pages, and their states alone.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::Product;
use serde_json::{Value, json};
use support::instances::*;
use support::{Key, World, ZONE, other, root, text};

fn ids(instances: &[Value]) -> Vec<String> {
    instances.iter().map(|instance| text(instance, "InstanceId")).collect()
}

#[test]
fn each_filter_lets_through_what_fits_and_nothing_else() {
    let world = World::new();
    let special = running(
        &world,
        &[
            ("ImageId", OTHER_IMAGE),
            ("InstanceType", "ecs.c7.large"),
            ("InstanceName", "shop-web-1"),
            ("ZoneId", ZONE),
            ("VSwitchId", "vsw-bp1"),
            ("PrivateIpAddress", "10.0.0.7"),
            ("SecurityGroupIds.1", "sg-1"),
            ("SecurityGroupIds.2", "sg-2"),
            ("KeyPairName", "pair"),
            ("InternetChargeType", "PayByBandwidth"),
            ("HttpEndpoint", "disabled"),
            ("HttpTokens", "required"),
            ("HttpPutResponseHopLimit", "7"),
            ("Tag.1.Key", "team"),
            ("Tag.1.Value", "a"),
        ],
    );
    let plain = stopped(&world, &[("ZoneId", "cn-hangzhou-h"), ("InstanceName", "other")]);
    let by_id = format!(r#"["{special}","{NOWHERE}"]"#);
    for filter in [
        &[("InstanceIds", &*by_id)][..],
        &[("ImageId", OTHER_IMAGE)],
        &[("InstanceType", "ecs.c7.large")],
        &[("InstanceTypeFamily", "ecs.c7")],
        &[("InstanceName", "shop-web-1")],
        &[("InstanceName", "shop*")],
        &[("InstanceName", "*web*")],
        &[("ZoneId", ZONE)],
        &[("VSwitchId", "vsw-bp1")],
        &[("PrivateIpAddresses", r#"["10.0.0.7","10.0.0.8"]"#)],
        &[("SecurityGroupId", "sg-2")],
        &[("KeyPairName", "pair")],
        &[("InternetChargeType", "PayByBandwidth")],
        &[("HttpEndpoint", "disabled")],
        &[("HttpTokens", "required")],
        &[("HttpPutResponseHopLimit", "7")],
        &[("Status", "Running")],
        &[("Tag.1.Key", "team")],
        &[("Tag.1.Key", "team"), ("Tag.1.Value", "a")],
        &[("Status", "Running"), ("Tag.1.Key", "team"), ("InstanceChargeType", "PostPaid")],
    ] {
        assert_eq!(ids(&listed(&world, filter)), [&*special], "{filter:?}");
    }
    for filter in [
        &[("InstanceName", "web")][..],
        &[("InstanceName", "shop%")],
        &[("SecurityGroupId", "sg-")],
        &[("Status", "Pending")],
        &[("Tag.1.Key", "team"), ("Tag.1.Value", "b")],
        &[("Tag.1.Key", "team"), ("Tag.2.Key", "none")],
        &[("InstanceType", "ecs.c7.large"), ("InstanceTypeFamily", "ecs.g7")],
        &[("InstanceIds", "[]")],
        &[("ZoneId", "cn-hangzhou-zz")],
        &[("InstanceChargeType", "PrePaid")],
        &[("InstanceNetworkType", "classic")],
        &[("EipAddresses", r#"["1.2.3.4"]"#)],
        &[("PublicIpAddresses", r#"["1.2.3.4"]"#)],
        &[("Ipv6Address.1", "::1")],
        &[("VpcId", "vpc-1")],
        &[("ResourceGroupId", "rg-1")],
        &[("LockReason", "security")],
        &[("DeviceAvailable", "false")],
        &[("IoOptimized", "false")],
    ] {
        assert_eq!(ids(&listed(&world, filter)), [""; 0], "{filter:?}");
    }
    for filter in [&[][..], &[("InstanceNetworkType", "vpc"), ("DeviceAvailable", "true"), ("IoOptimized", "true")]] {
        let mut all = ids(&listed(&world, filter));
        all.sort();
        let mut expected = [&*plain, &*special];
        expected.sort_unstable();
        assert_eq!(all, expected);
    }
    assert_eq!(world.ecs("DescribeInstances", &[("RegionId", "cn-beijing")])["TotalCount"], 0);
}

#[test]
fn instances_are_found_by_when_they_were_made() {
    let world = World::new();
    let early = stopped(&world, &[]);
    world.advance(60 * 60 * 1000);
    let late = stopped(&world, &[]);
    let (from, until) = (("Filter.1.Key", "CreationStartTime"), ("Filter.2.Key", "CreationEndTime"));
    let between = text(&instance(&world, &late), "CreationTime");
    assert_eq!(ids(&listed(&world, &[from, ("Filter.1.Value", &between)])), [&*late]);
    assert_eq!(ids(&listed(&world, &[until, ("Filter.2.Value", "2026-05-28T21:00Z")])), [&*early]);
    assert_eq!(ids(&listed(&world, &[])), [&*late, &*early], "the newest comes first");
    let never = [("Filter.4.Key", "ExpiredEndTime"), ("Filter.4.Value", "2100-01-01T00:00Z")];
    assert_eq!(listed(&world, &never).len(), 0);
}

#[test]
fn a_filter_that_is_out_of_order_is_refused() {
    let world = World::new();
    let many = serde_json::to_string(&vec![NOWHERE; 101]).unwrap();
    for (filter, status, code) in [
        (("RegionId", "nowhere"), 404, "InvalidRegionId.NotFound"),
        (("InstanceIds", "i-1"), 400, "InvalidParameter"),
        (("InstanceIds", &*many), 400, "InvalidParameter"),
        (("PrivateIpAddresses", r#"["here"]"#), 400, "InvalidParameter"),
        (("Status", "Gone"), 404, "InvalidStatus.NotFound"),
        (("InstanceChargeType", "Free"), 404, "InvalidInstanceChargeType.NotFound"),
        (("InternetChargeType", "Free"), 404, "InvalidInternetChargeType.ValueNotSupported"),
        (("InstanceNetworkType", "token-ring"), 404, "InvalidNetworkType.NotFound"),
        (("LockReason", "mood"), 404, "InvalidLockReason.NotFound"),
        (("Filter.1.Key", "CreationEndTime"), 404, "InvalidFilterKey.NotFound"),
        (("Tag.1.Value", "a"), 400, "InvalidTag.Mismatch"),
        (("AdditionalAttributes.1", "ALL"), 400, "InvalidParameter"),
        (("PageNumber", "0"), 400, "InvalidParameter"),
        (("PageSize", "101"), 400, "InvalidParameter"),
        (("NextToken", "page two"), 400, "InvalidParameter"),
        (("DryRun", "true"), 400, "DryRunOperation"),
    ] {
        let parameters = if filter.0 == "RegionId" { vec![filter] } else { vec![HERE, filter] };
        let (ours, our_code, message) = world.refused("DescribeInstances", &parameters);
        assert_eq!((ours, &*our_code), (status, code), "{filter:?}: {message}");
    }
}

#[test]
fn pages_by_number_and_by_token_show_every_instance_once() {
    let world = World::new();
    run(&world, &[("Amount", "23"), ("Tag.1.Key", "team")]);
    let whole = ids(&listed(&world, &[("PageSize", "100")]));
    assert_eq!(whole.len(), 23);
    let mut seen = Vec::new();
    for (number, length) in [("1", 10), ("2", 10), ("3", 3), ("4", 0)] {
        let page = world.ecs("DescribeInstances", &[HERE, ("PageNumber", number)]);
        assert_eq!((&page["TotalCount"], &page["PageSize"], &page["NextToken"]), (&23.into(), &10.into(), &"".into()));
        let found = ids(page["Instances"]["Instance"].as_array().unwrap());
        assert_eq!(found.len(), length);
        seen.extend(found);
    }
    assert_eq!(seen, whole);
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        // Some clients send a page number beside the token.
        let page =
            world.ecs("DescribeInstances", &[HERE, ("MaxResults", "10"), ("NextToken", &token), ("PageNumber", "1")]);
        seen.extend(ids(page["Instances"]["Instance"].as_array().unwrap()));
        token = text(&page, "NextToken");
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, whole);
}

#[test]
fn a_token_serves_its_caller_its_listing_and_its_filters_alone() {
    let world = World::new();
    run(&world, &[("Amount", "11"), ("Tag.1.Key", "team")]);
    let more = [HERE, ("MaxResults", "10")];
    let token = text(&world.ecs("DescribeInstances", &more), "NextToken");
    let next = [&more[..], &[("NextToken", &*token)]].concat();
    let again = |key: &Key, action: &str, parameters: &[(&str, &str)]| {
        let (status, body) = world.call(key, Product::Ecs, action, parameters);
        (status, body["Code"].clone())
    };
    let refused = (400, json!("InvalidParameter"));
    assert_eq!(again(&root(), "DescribeInstances", &next).0, 200);
    assert_eq!(again(&other(), "DescribeInstances", &next), refused, "another account");
    assert_eq!(again(&root(), "DescribeDisks", &next), refused, "another listing");
    for filter in [("Tag.1.Key", "team"), ("Status", "Running"), ("ZoneId", ZONE)] {
        assert_eq!(again(&root(), "DescribeInstances", &[&next[..], &[filter]].concat()), refused, "{filter:?}");
    }
    let elsewhere = [("RegionId", "cn-beijing"), next[1], next[2]];
    assert_eq!(again(&root(), "DescribeInstances", &elsewhere), refused, "another region");
    let changed = format!("{}x", &token[..token.len() - 1]);
    assert_eq!(again(&root(), "DescribeInstances", &[HERE, next[1], ("NextToken", &changed)]), refused);
}

#[test]
fn states_are_listed_by_instance_zone_and_page() {
    let world = World::new();
    let up = running(&world, &[("ZoneId", ZONE)]);
    let down = stopped(&world, &[("ZoneId", "cn-hangzhou-h")]);
    let states = |more: &[(&str, &str)]| world.ecs("DescribeInstanceStatus", &[&[HERE], more].concat());
    let of = |answer: &Value| {
        let found = answer["InstanceStatuses"]["InstanceStatus"].as_array().unwrap().clone();
        let mut pairs: Vec<_> = found.iter().map(|one| (text(one, "InstanceId"), text(one, "Status"))).collect();
        pairs.sort();
        pairs
    };
    let (up, down) = ((up, "Running".to_owned()), (down, "Stopped".to_owned()));
    let mut both = vec![up.clone(), down.clone()];
    both.sort();
    let all = states(&[]);
    assert_eq!(of(&all), both);
    assert_eq!((&all["TotalCount"], &all["PageNumber"], &all["PageSize"]), (&2.into(), &1.into(), &10.into()));
    assert_eq!(of(&states(&[("ZoneId", ZONE)])), std::slice::from_ref(&up));
    assert_eq!(of(&states(&[("InstanceId.1", &down.0), ("InstanceId.2", NOWHERE)])), [down]);
    let second = states(&[("PageNumber", "2"), ("PageSize", "1")]);
    assert_eq!((of(&second).len(), &second["TotalCount"]), (1, &2.into()));
    for nothing in [("ZoneId", "cn-hangzhou-zz"), ("ClusterId", "c-1"), ("InstanceId.1", NOWHERE)] {
        let none = states(&[nothing]);
        assert_eq!((of(&none).len(), &none["TotalCount"]), (0, &0.into()), "{nothing:?}");
    }
    let theirs = world.succeed(&other(), Product::Ecs, "DescribeInstanceStatus", &[HERE, ("InstanceId.1", &up.0)]);
    assert_eq!(of(&theirs).len(), 0, "another account's");
    for (parameters, status, code) in [
        (&[HERE, ("PageSize", "51")][..], 400, "InvalidParameter"),
        (&[HERE, ("PageNumber", "0")], 400, "InvalidParameter"),
        (&[("RegionId", "nowhere")], 404, "InvalidRegionId.NotFound"),
    ] {
        is_refused(&world, "DescribeInstanceStatus", parameters, status, code);
    }
}
